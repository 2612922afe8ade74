namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Delay bounding (Emmi, Qadeer, Rakamarić: POPL 2011): a task runs until it waits or ends, then the next in order; at
/// a few random steps the one whose turn it is has to stand back. Good at bugs that need few switches in long runs.
/// </summary>
public sealed class DelayBounding(int delays) : Strategy
{
    private readonly int[] _delayAt = new int[delays];
    private SplitMix _random;
    private int _nextDelay;
    private int _current;

    public override string Name => $"delay{delays}";

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _random = new SplitMix(seed);
        for (int i = 0; i < _delayAt.Length; i++)
        {
            _delayAt[i] = _random.Below(engine.ExpectedSteps);
        }

        Array.Sort(_delayAt);
        _nextDelay = 0;
        _current = 0;
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _current = At(engine, _current);
        while (_nextDelay < _delayAt.Length && engine.Steps >= _delayAt[_nextDelay])
        {
            _nextDelay++;
            _current = At(engine, (_current + 1) % engine.TaskCount);
        }

        return _current;
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => (_random.Next() & 3) == 0;

    private static int At(ExploredEngine engine, int task)
    {
        while (!engine.IsEnabled(task))
        {
            task = (task + 1) % engine.TaskCount;
        }

        return task;
    }
}
