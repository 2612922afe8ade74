namespace EpcActors.Exploration;

/// <summary>
/// Goes on in turn (<see cref="RoundRobin"/>) and notices when a state comes back: then this fair schedule repeats for
/// ever, which is a hang proved and not one suspected. States are compared at the end of each round with one kept from
/// earlier, the kept one being renewed at powers of two (Brent), so nothing has to be remembered.
/// </summary>
/// <remarks>Events that need not happen do not: no fairness makes them, so no task may wait for one.</remarks>
public sealed class LassoWatch : IStrategy
{
    private readonly Explorable _world;
    private readonly RoundRobin _inner = new(skipsOptional: true);
    private ulong _kept;
    private int _keptLog;
    private long _keptProgress;
    private int _keptRound;
    private int _nextKeep;
    private int _lastRound;

    public LassoWatch(Explorable world)
    {
        ArgumentNullException.ThrowIfNull(world);
        _world = world;
    }

    public override string ToString() => "round-robin";

    /// <summary>Index of the decision at which the repeating part begins; -1 when no state came back.</summary>
    public int CycleStart { get; private set; } = -1;

    public void Begin(Execution execution, ulong seed)
    {
        _inner.Begin(execution, seed);
        CycleStart = -1;
        _keptRound = -1;
        _nextKeep = 1;
        _lastRound = 0;
    }

    public int Next(Execution execution)
    {
        ArgumentNullException.ThrowIfNull(execution);
        int task = _inner.Next(execution);
        if (_inner.Rounds == _lastRound)
        {
            return task;
        }

        // The first step of a round: the turn is at the same place each time, so an equal state means an equal future.
        _lastRound = _inner.Rounds;
        ulong state = SplitMix.Mix(_world.Fingerprint() + (ulong)task);
        if (_keptRound >= 0 && state == _kept && _world.Progress == _keptProgress)
        {
            CycleStart = _keptLog;
            return -1;
        }

        if (_lastRound >= _nextKeep)
        {
            _kept = state;
            _keptRound = _lastRound;
            _keptLog = execution.Log.Length;
            _keptProgress = _world.Progress;
            _nextKeep = _lastRound * 2;
        }

        return task;
    }

    public bool Choose(Execution execution, int task, int point) => false;
}
