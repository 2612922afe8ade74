using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Engine.Simulation;

namespace EpcActors.Tests.Conformance;

/// <summary>Operations of an engine of any kind that the conformance suite needs.</summary>
public abstract class EngineUnderTest : IDisposable
{
    public abstract void Add(Resource resource);

    public abstract void Add(TaskActor task);

    public abstract void Start(TaskActor task, long afterNs = 0);

    public abstract void Observe(IRunObserver observer);

    public abstract void AddTimer(long atNs, Action<long> callback);

    /// <summary>A snapshot of all resources; from a timer only.</summary>
    public abstract void Cut(Action<Resource> visit);

    public abstract void RequestStop(RunEnd end);

    public abstract RunEnd Run(long limitNs, CancellationToken cancellationToken = default);

    public abstract IEnumerable<TaskActor> Waiting();

    public abstract long Steps { get; }

    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>The simulation engine in virtual time.</summary>
public sealed class SimulationUnderTest : EngineUnderTest
{
    private static readonly CostTable NoCosts = new([0, 0, 0, 10], [0, 0, 0, 10], 0);
    private readonly TimedEngine _engine = new(NoCosts, 0, 1, 0);
    private readonly List<Resource> _resources = [];

    public override long Steps => _engine.Steps;

    public override void Add(Resource resource)
    {
        _resources.Add(resource);
        _engine.Add(resource);
    }

    public override void Add(TaskActor task) => _engine.Add(task);

    public override void Start(TaskActor task, long afterNs = 0) => _engine.Start(task, afterNs);

    public override void Observe(IRunObserver observer) => _engine.Observe(observer);

    public override void AddTimer(long atNs, Action<long> callback) => _engine.AddTimer(atNs, callback);

    public override void Cut(Action<Resource> visit) => _resources.ForEach(visit);

    public override void RequestStop(RunEnd end) => _engine.RequestStop(end);

    public override RunEnd Run(long limitNs, CancellationToken cancellationToken = default) =>
        _engine.Run(limitNs, cancellationToken);

    public override IEnumerable<TaskActor> Waiting() => _engine.Waiting();
}

/// <summary>An engine in real time.</summary>
public sealed class LiveUnderTest(LiveEngine engine) : EngineUnderTest
{
    public override long Steps => engine.Steps;

    public override void Add(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        engine.Add(resource, $"resources/{resource.Name}");
    }

    public override void Add(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        engine.Add(task, $"tasks/{task.Name}");
    }

    public override void Start(TaskActor task, long afterNs = 0) => engine.Start(task, afterNs);

    public override void Observe(IRunObserver observer) => engine.Observe(observer);

    public override void AddTimer(long atNs, Action<long> callback) => engine.AddTimer(atNs, callback);

    public override void Cut(Action<Resource> visit) => Assert.True(engine.Cut(visit));

    public override void RequestStop(RunEnd end) => engine.RequestStop(end);

    public override RunEnd Run(long limitNs, CancellationToken cancellationToken = default) =>
        engine.Run(limitNs, cancellationToken);

    public override IEnumerable<TaskActor> Waiting() => engine.Waiting();

    public override void Dispose()
    {
        engine.Dispose();
        base.Dispose();
    }
}
