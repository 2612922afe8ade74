namespace EpcActors.Exploration;

/// <summary>
/// Stays with the task that made the last step, seven times out of eight: long runs of one task with few switches, as
/// on real CPUs, where a plain random walk would chop every critical path to pieces.
/// </summary>
public sealed class StickyWalk : IStrategy
{
    private SplitMix _random;

    public override string ToString() => "sticky";

    public bool AsksExecutionOnly => true;

    public void Begin(Execution execution, ulong seed) => _random = new SplitMix(seed);

    public int Next(Execution execution)
    {
        ReadOnlySpan<int> enabled = execution.Enabled;
        if (enabled.Length == 1)
        {
            return enabled[0];
        }

        int last = execution.LastTask;
        ulong draw = _random.Next();
        return last >= 0 && (draw & 7) != 0 && execution.IsEnabled(last)
            ? last
            : enabled[_random.Below(enabled.Length)];
    }

    public bool Choose(Execution execution, int task, int point) => (_random.Next() & 3) == 0;
}
