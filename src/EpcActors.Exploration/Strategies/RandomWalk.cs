namespace EpcActors.Exploration;

/// <summary>Every task that can go on is as likely as every other, at every step.</summary>
public sealed class RandomWalk : IStrategy
{
    private SplitMix _random;

    public override string ToString() => "random";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed) => _random = new SplitMix(seed);

    public int Next(Execution execution)
    {
        ReadOnlySpan<int> enabled = execution.Enabled;
        return enabled.Length == 1 ? enabled[0] : enabled[_random.Below(enabled.Length)];
    }

    public bool Choose(Execution execution, int task, int point) => (_random.Next() & 3) == 0;
}
