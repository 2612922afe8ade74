namespace EpcActors.Exploration;

/// <summary>
/// Follows the record of a hang and sees whether its last part is one: a fair lap without progress that comes back to
/// the state in which it began. A search of all states finds such laps also where going on in turn leaves them again.
/// </summary>
public sealed class LapWatch : IStrategy
{
    private readonly Explorable _world;
    private readonly IReplay _inner;
    private bool _hasBegun;
    private ulong _state;
    private long _progress;

    // Tasks that made a step in the lap, or could not somewhere in it.
    private ulong _satisfied;

    public LapWatch(Explorable world, IReplay inner)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(inner);
        _world = world;
        _inner = inner;
    }

    public override string ToString() => _inner.ToString()!;

    /// <summary>
    /// The record was followed to its end, and can be followed from the beginning of its lap for ever.
    /// </summary>
    public bool IsHang { get; private set; }

    public void Begin(Execution execution, ulong seed)
    {
        _inner.Begin(execution, seed);
        _hasBegun = false;
        IsHang = false;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        bool begins = !_hasBegun && execution.Log.Length == _inner.RecordedCycleStart;
        if (begins)
        {
            _hasBegun = true;
            _state = _world.Fingerprint();
            _progress = _world.Progress;
            _satisfied = 0;
        }

        int task = _inner.Next(execution);
        if (_hasBegun && execution.TaskCount <= 64)
        {
            ulong able = 0;
            foreach (int one in execution.Enabled)
            {
                able |= execution.NeedNotHappen(one) ? 0 : 1UL << one;
            }

            _satisfied |= ~able | (task >= 0 ? 1UL << task : 0);
            IsHang =
                task < 0
                && !begins
                && _inner.IsAtEndOfRecord
                && _satisfied == ~0UL
                && _world.Progress == _progress
                && _world.Fingerprint() == _state;
        }

        return task;
    }

    public bool Choose(Execution execution, int task, int point) => _inner.Choose(execution, task, point);
}
