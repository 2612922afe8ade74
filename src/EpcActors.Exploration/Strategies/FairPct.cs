namespace EpcActors.Exploration;

/// <summary>
/// PCT for the first part of a schedule, then a random walk: a task that spins for what another one must do does not
/// starve that one for ever, so that what still does not end is a hang and no matter of priorities.
/// </summary>
public sealed class FairPct(int depth) : IStrategy
{
    private readonly Pct _first = new(depth);
    private readonly RandomWalk _then = new();
    private int _fairFrom;

    public override string ToString() => $"fair-pct{depth}";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(execution);
        _first.Begin(execution, seed);
        _then.Begin(execution, SplitMix.Mix(seed + 1));
        _fairFrom = execution.ExpectedSteps;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        return execution.Steps < _fairFrom ? _first.Next(execution) : _then.Next(execution);
    }

    public bool Choose(Execution execution, int task, int point) => _then.Choose(execution, task, point);
}
