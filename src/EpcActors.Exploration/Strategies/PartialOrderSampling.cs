namespace EpcActors.Exploration;

/// <summary>
/// Partial order sampling (Yuan, Yang, Gu: CAV 2018): every pending request has a random priority, the highest goes,
/// and those that compete with it for the same resource draw again. Where a random walk prefers some partial orders of
/// the requests to others, this samples them more evenly.
/// </summary>
public sealed class PartialOrderSampling : IStrategy
{
    private ulong[] _priority = [];
    private SplitMix _random;

    public override string ToString() => "pos";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(execution);
        _random = new SplitMix(seed);
        if (_priority.Length < execution.TaskCount)
        {
            _priority = new ulong[execution.TaskCount];
        }

        // Zero: to be drawn.
        _priority.AsSpan().Clear();
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        if (_priority.Length < execution.TaskCount)
        {
            Array.Resize(ref _priority, execution.TaskCount);
        }

        ReadOnlySpan<int> enabled = execution.Enabled;
        int best = enabled[0];
        foreach (int task in enabled)
        {
            if (_priority[task] == 0)
            {
                _priority[task] = _random.Next() | 1;
            }

            if (_priority[task] > _priority[best])
            {
                best = task;
            }
        }

        int target = execution.ConflictKey(best);
        foreach (int task in enabled)
        {
            if (task == best || (target != 0 && execution.ConflictKey(task) == target))
            {
                _priority[task] = 0;
            }
        }

        return best;
    }

    public bool Choose(Execution execution, int task, int point) => (_random.Next() & 3) == 0;
}
