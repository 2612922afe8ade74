namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Partial order sampling (Yuan, Yang, Gu: CAV 2018): every pending request has a random priority, the highest goes,
/// and those that compete with it for the same resource draw again. Where a random walk prefers some partial orders of
/// the requests to others, this samples them more evenly.
/// </summary>
public sealed class PartialOrderSampling : Strategy
{
    private ulong[] _priority = [];
    private SplitMix _random;

    public override string Name => "pos";

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _random = new SplitMix(seed);
        if (_priority.Length < engine.TaskCount)
        {
            _priority = new ulong[engine.TaskCount];
        }

        // Zero: to be drawn.
        _priority.AsSpan().Clear();
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ReadOnlySpan<int> enabled = engine.Enabled;
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

        ActorId target = engine.PendingTarget(best);
        foreach (int task in enabled)
        {
            if (task == best || (!target.IsNone && engine.PendingTarget(task) == target))
            {
                _priority[task] = 0;
            }
        }

        return best;
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => (_random.Next() & 3) == 0;
}
