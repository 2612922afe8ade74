namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: ASPLOS 2010): random priorities, the
/// highest goes, and at d - 1 random steps the one that goes is put below all others. Finds a bug of depth d with
/// probability at least 1/(n k^(d-1)). The length k is <see cref="ExploredEngine.ExpectedSteps"/>.
/// </summary>
public sealed class Pct : Strategy
{
    private readonly int _depth;
    private readonly ulong[] _changeAt;
    private ulong[] _priority = [];
    private SplitMix _random;
    private int _nextChange;
    private ulong _lowest;

    /// <param name="depth">Depth d of the bug: d - 1 changes of priority.</param>
    public Pct(int depth)
    {
        _depth = depth;
        _changeAt = new ulong[Math.Max(depth - 1, 0)];
    }

    public override string Name => $"pct{_depth}";

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _random = new SplitMix(seed);
        if (_priority.Length < engine.TaskCount)
        {
            _priority = new ulong[engine.TaskCount];
        }

        for (int i = 0; i < engine.TaskCount; i++)
        {
            // The lowest values are for those who were put below all others.
            _priority[i] = _random.Next() | (1UL << 63);
        }

        for (int i = 0; i < _changeAt.Length; i++)
        {
            _changeAt[i] = (ulong)_random.Below(engine.ExpectedSteps);
        }

        Array.Sort(_changeAt);
        _nextChange = 0;
        _lowest = 1UL << 62;
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        int best = Best(engine);
        while (_nextChange < _changeAt.Length && (ulong)engine.Steps >= _changeAt[_nextChange])
        {
            _nextChange++;
            _priority[best] = --_lowest;
            best = Best(engine);
        }

        return best;
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => (_random.Next() & 3) == 0;

    private int Best(ExploredEngine engine)
    {
        ReadOnlySpan<int> enabled = engine.Enabled;
        int best = enabled[0];
        for (int i = 1; i < enabled.Length; i++)
        {
            if (_priority[enabled[i]] > _priority[best])
            {
                best = enabled[i];
            }
        }

        return best;
    }
}
