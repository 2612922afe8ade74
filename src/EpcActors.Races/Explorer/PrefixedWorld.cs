using EpcActors.Exploration;

namespace EpcActors.Races.Explorer;

/// <summary>A world whose starting state is the one behind a record, for a search of what can follow it.</summary>
internal sealed class PrefixedWorld : Explorable
{
    private readonly LabWorld _world;
    private readonly Replay _prefix;

    /// <param name="world">The world.</param>
    /// <param name="decisions">The record; it breaks no rule.</param>
    public PrefixedWorld(LabWorld world, ushort[] decisions)
    {
        _world = world;
        _prefix = new Replay(decisions, isStrict: true);
    }

    public override Execution Execution => _world.Engine;

    public override long Progress => _world.Progress;

    public override bool IsBroken => _world.IsBroken;

    /// <summary>Runs that broke a rule.</summary>
    public long Violations { get; private set; }

    /// <summary>Runs whose tasks wait for one another for ever.</summary>
    public long Deadlocks { get; private set; }

    public override void Reset()
    {
        _world.Reset();
        _prefix.Begin(_world.Engine, 0);
        _world.Engine.Run(_prefix, int.MaxValue);
    }

    public override int Moments => _world.Moments;

    public override long Resets => _world.Resets;

    public override bool TryKeep() => _world.TryKeep();

    public override void ReturnTo(int moment) => _world.ReturnTo(moment);

    public override ulong Fingerprint() => _world.Fingerprint();

    public override void Judge(ExploredEnd end)
    {
        _world.Judge(end);
        Violations += _world.IsBroken ? 1 : 0;
        Deadlocks += end == ExploredEnd.Deadlock ? 1 : 0;
    }

    public override bool CommutesWithLast(int task) => _world.CommutesWithLast(task);
}
