namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Stays with the task that made the last step, seven times out of eight: long runs of one task with few switches, as
/// on real CPUs, where a plain random walk would chop every critical path to pieces.
/// </summary>
public sealed class StickyWalk : Strategy
{
    private SplitMix _random;

    public override string Name => "sticky";

    public override void Begin(ExploredEngine engine, ulong seed) => _random = new SplitMix(seed);

    public override int Next(ExploredEngine engine)
    {
        ReadOnlySpan<int> enabled = engine.Enabled;
        if (enabled.Length == 1)
        {
            return enabled[0];
        }

        int last = engine.LastTask;
        ulong draw = _random.Next();
        return last >= 0 && (draw & 7) != 0 && engine.IsEnabled(last) ? last : enabled[_random.Below(enabled.Length)];
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => (_random.Next() & 3) == 0;
}
