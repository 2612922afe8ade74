using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>Follows a record and looks at the state behind it.</summary>
internal sealed class StateProbe(LabWorld world) : IStrategy
{
    private readonly Replay _replay = new(default, isStrict: true);

    /// <summary>Fingerprint of the state behind the record; that of an earlier record when the run was over.</summary>
    public ulong State { get; private set; }

    /// <summary>Tasks that could go on there, by their ordinals.</summary>
    public int[] Enabled { get; private set; } = [];

    public void Load(ushort[] decisions) => _replay.Load(decisions);

    public void Begin(Execution execution, ulong seed) => _replay.Begin(execution, seed);

    public int Next(Execution execution)
    {
        int task = _replay.Next(execution);
        if (task < 0)
        {
            State = world.Fingerprint();
            Enabled = execution.Enabled.ToArray();
            Array.Sort(Enabled);
        }

        return task;
    }

    public bool Choose(Execution execution, int task, int point) => _replay.Choose(execution, task, point);
}
