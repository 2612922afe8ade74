namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// PCT for the first part of a schedule, then a random walk: a task that spins for what another one must do does not
/// starve that one for ever, so that what still does not end is a hang and no matter of priorities.
/// </summary>
public sealed class FairPct(int depth) : Strategy
{
    private readonly Pct _first = new(depth);
    private readonly RandomWalk _then = new();
    private int _fairFrom;

    public override string Name => $"fair-pct{depth}";

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _first.Begin(engine, seed);
        _then.Begin(engine, SplitMix.Mix(seed + 1));
        _fairFrom = engine.ExpectedSteps;
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return engine.Steps < _fairFrom ? _first.Next(engine) : _then.Next(engine);
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => _then.Choose(engine, task, point);
}
