namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Every task that can go on is as likely as every other, at every step.</summary>
public sealed class RandomWalk : Strategy
{
    private SplitMix _random;

    public override string Name => "random";

    public override void Begin(ExploredEngine engine, ulong seed) => _random = new SplitMix(seed);

    public override int Next(ExploredEngine engine)
    {
        ReadOnlySpan<int> enabled = engine.Enabled;
        return enabled.Length == 1 ? enabled[0] : enabled[_random.Below(enabled.Length)];
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => (_random.Next() & 3) == 0;
}
