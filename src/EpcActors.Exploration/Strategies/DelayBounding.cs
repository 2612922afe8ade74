namespace EpcActors.Exploration;

/// <summary>
/// Delay bounding (Emmi, Qadeer, Rakamarić: POPL 2011): a task runs until it waits or ends, then the next in order; at
/// a few random steps the one whose turn it is has to stand back. Good at bugs that need few switches in long runs.
/// </summary>
public sealed class DelayBounding(int delays) : IStrategy
{
    private readonly int[] _delayAt = new int[delays];
    private SplitMix _random;
    private int _nextDelay;
    private int _current;

    public override string ToString() => $"delay{delays}";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(execution);
        _random = new SplitMix(seed);
        for (int i = 0; i < _delayAt.Length; i++)
        {
            _delayAt[i] = _random.Below(execution.ExpectedSteps);
        }

        Array.Sort(_delayAt);
        _nextDelay = 0;
        _current = 0;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        _current = At(execution, _current);
        while (_nextDelay < _delayAt.Length && execution.Steps >= _delayAt[_nextDelay])
        {
            _nextDelay++;
            _current = At(execution, (_current + 1) % execution.TaskCount);
        }

        return _current;
    }

    public bool Choose(Execution execution, int task, int point) => (_random.Next() & 3) == 0;

    private static int At(Execution execution, int task)
    {
        while (!execution.IsEnabled(task))
        {
            task = (task + 1) % execution.TaskCount;
        }

        return task;
    }
}
