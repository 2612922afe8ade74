namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Follows the record of a hang and sees whether its last part is one: a fair lap without progress that comes back to
/// the state in which it began. A search of all states finds such laps also where going on in turn leaves them again.
/// </summary>
public sealed class LapWatch : Strategy
{
    private readonly ExploredWorld _world;
    private readonly Strategy _inner;
    private bool _hasBegun;
    private ulong _state;
    private long _progress;

    // Tasks that made a step in the lap, or could not somewhere in it.
    private ulong _satisfied;

    public LapWatch(ExploredWorld world, Strategy inner)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(inner);
        _world = world;
        _inner = inner;
    }

    public override string Name => _inner.Name;

    /// <summary>
    /// The record was followed to its end, and can be followed from the beginning of its lap for ever.
    /// </summary>
    public bool IsHang { get; private set; }

    public override void Begin(ExploredEngine engine, ulong seed)
    {
        _inner.Begin(engine, seed);
        _hasBegun = false;
        IsHang = false;
    }

    public override int Next(ExploredEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        bool begins = !_hasBegun && engine.Log.Length == _inner.RecordedCycleStart;
        if (begins)
        {
            _hasBegun = true;
            _state = _world.Fingerprint();
            _progress = _world.Progress;
            _satisfied = 0;
        }

        int task = _inner.Next(engine);
        if (_hasBegun && engine.TaskCount <= 64)
        {
            ulong able = 0;
            foreach (int one in engine.Enabled)
            {
                able |= engine.NeedNotHappen(one) ? 0 : 1UL << one;
            }

            _satisfied |= ~able | (task >= 0 ? 1UL << task : 0);
            IsHang =
                task < 0
                && !begins
                && _inner.IsAtEndOfRecord
                && _satisfied == ~0UL
                && _world.Progress == _progress
                && _world.Fingerprint() == _state;
        }

        return task;
    }

    public override bool Choose(ExploredEngine engine, int task, int point) => _inner.Choose(engine, task, point);
}
