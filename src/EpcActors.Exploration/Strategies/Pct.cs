namespace EpcActors.Exploration;

/// <summary>
/// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: ASPLOS 2010): random priorities, the
/// highest goes, and at d - 1 random steps the one that goes is put below all others. Finds a bug of depth d with
/// probability at least 1/(n k^(d-1)). The length k is <see cref="Execution.ExpectedSteps"/>.
/// </summary>
public sealed class Pct : IStrategy
{
    private readonly int _depth;
    private readonly ulong[] _changeAt;
    private ulong[] _priority = [];
    private SplitMix _random;
    private int _tasks;
    private int _nextChange;
    private ulong _lowest;

    /// <param name="depth">Depth d of the bug: d - 1 changes of priority.</param>
    public Pct(int depth)
    {
        _depth = depth;
        _changeAt = new ulong[Math.Max(depth - 1, 0)];
    }

    public override string ToString() => $"pct{_depth}";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(execution);
        _random = new SplitMix(seed);
        _tasks = 0;
        DealTo(execution.TaskCount);
        for (int i = 0; i < _changeAt.Length; i++)
        {
            _changeAt[i] = (ulong)_random.Below(execution.ExpectedSteps);
        }

        Array.Sort(_changeAt);
        _nextChange = 0;
        _lowest = 1UL << 62;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        if (_tasks < execution.TaskCount)
        {
            DealTo(execution.TaskCount);
        }

        int best = Best(execution);
        while (_nextChange < _changeAt.Length && (ulong)execution.Steps >= _changeAt[_nextChange])
        {
            _nextChange++;
            _priority[best] = --_lowest;
            best = Best(execution);
        }

        return best;
    }

    public bool Choose(Execution execution, int task, int point) => (_random.Next() & 3) == 0;

    /// <summary>Priorities for tasks that have none: all at the start, later those that the run has brought.</summary>
    private void DealTo(int count)
    {
        if (_priority.Length < count)
        {
            Array.Resize(ref _priority, count);
        }

        for (; _tasks < count; _tasks++)
        {
            // The lowest values are for those who were put below all others.
            _priority[_tasks] = _random.Next() | (1UL << 63);
        }
    }

    private int Best(Execution execution)
    {
        ReadOnlySpan<int> enabled = execution.Enabled;
        int best = enabled[0];
        for (int i = 1; i < enabled.Length; i++)
        {
            if (_priority[enabled[i]] > _priority[best])
            {
                best = enabled[i];
            }
        }

        return best;
    }
}
