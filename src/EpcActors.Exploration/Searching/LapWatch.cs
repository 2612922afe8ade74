namespace EpcActors.Exploration;

/// <summary>
/// Follows the record of a hang and sees whether its last part is one: a fair lap without progress that comes back to
/// the state in which it began. A search of all states finds such laps also where going on in turn leaves them again.
/// </summary>
public sealed class LapWatch : IStrategy
{
    private readonly Explorable _world;
    private readonly IReplay _inner;
    private bool _isJudged;
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

    /// <summary>Index of the decision, in the log of this run, with which the lap begins; -1 before it.</summary>
    public int Start { get; private set; } = -1;

    public void Begin(Execution execution, ulong seed)
    {
        _inner.Begin(execution, seed);
        Start = -1;
        IsHang = false;
        _isJudged = false;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        int task = _inner.Next(execution);
        if (_isJudged)
        {
            return task;
        }

        if (_inner.IsInLap)
        {
            if (Start < 0)
            {
                Start = execution.Log.Length;
                _state = _world.Fingerprint();
                _progress = _world.Progress;
                _satisfied = 0;
            }

            _satisfied |= NotWaiting(execution) | 1UL << task;
        }
        else if (Start >= 0)
        {
            // The record is over. The world is as the last step of it left it, whoever makes the next one.
            _isJudged = true;
            IsHang =
                _inner.IsAtEndOfRecord
                && execution.TaskCount <= 64
                && _satisfied == ~0UL
                && _world.Progress == _progress
                && _world.Fingerprint() == _state;
            return IsHang ? -1 : task;
        }

        return task;
    }

    public bool Choose(Execution execution, int task, int point) => _inner.Choose(execution, task, point);

    /// <summary>Tasks that cannot make a step now, or need not: it is no injustice to them that others do.</summary>
    private static ulong NotWaiting(Execution execution)
    {
        ulong able = 0;
        foreach (int one in execution.Enabled)
        {
            able |= execution.NeedNotHappen(one) ? 0 : 1UL << one;
        }

        return ~able;
    }
}
