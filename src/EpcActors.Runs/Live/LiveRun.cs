using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Live;

/// <summary>
/// A run on a live engine: real threads, real time. The thread that runs it serves samples, audits and the watcher. The
/// oracle and the metrics see every step on the thread that handled it.
/// </summary>
public sealed class LiveRun : ScenarioRun, IDisposable
{
    /// <summary>A process that gets a quarter of a core, or more, is not starved.</summary>
    private const long CountedPerCpu = 4;

    /// <summary>
    /// The first audit, so that a run of a moment has one too; the gaps double from there to what the scenario asks
    /// for.
    /// </summary>
    private const long FirstAuditNs = 10_000_000;

    /// <summary>
    /// At most this share of a run goes into audits, however large its topology: one part of so many.
    /// </summary>
    private const long AuditShare = 20;

    private const long BetweenStatusNs = 250_000_000;

    /// <summary>The watchdog of the run clock.</summary>
    private const long BetweenTicksNs = 100_000_000;

    private readonly LiveEngine _engine;
    private readonly Action<LiveStatus>? _watch;
    private readonly LiveSpans? _spans;
    private readonly RunClock _clock;
    private long _cpuAtTickNs;
    private bool _hadWork;
    private long _stepsAtTick;
    private long _sampleNs;
    private long _auditGapNs;
    private int _audits;
    private long _auditsTookNs;
    private long _longestAuditNs;
    private long _lastAuditTookNs;
    private long _lastAuditNs = -1;

    /// <param name="scenario">Scenario to run.</param>
    /// <param name="newEngine">Makes the engine; the run disposes of it.</param>
    /// <param name="watch">Called four times a second, on the thread that calls <see cref="Execute"/>; may be
    /// null.</param>
    public LiveRun(Scenario scenario, Func<Scenario, LiveEngine> newEngine, Action<LiveStatus>? watch = null)
        : this(scenario, newEngine, watch, null)
    {
    }

    internal LiveRun(
        Scenario scenario,
        Func<Scenario, LiveEngine> newEngine,
        Action<LiveStatus>? watch,
        LiveSpans? spans)
        : this(scenario, new Topology(scenario), newEngine, watch, spans) { }

    /// <summary>
    /// One process of a cluster: it serves the others until it is told to stop, and audits when all do.
    /// </summary>
    internal LiveRun(
        Scenario scenario,
        Topology topology,
        Func<Scenario, LiveEngine> newEngine,
        Action<LiveStatus>? watch,
        LiveSpans? spans)
        : this(scenario, topology, newEngine, watch, spans, new RunClock(BetweenTicksNs)) { }

    private LiveRun(
        Scenario scenario,
        Topology topology,
        Func<Scenario, LiveEngine> newEngine,
        Action<LiveStatus>? watch,
        LiveSpans? spans,
        RunClock clock)
        : base(
            scenario,
            topology,
            new Oracle(topology, scenario.Live.LivenessWindowNs, isShared: true, clock),
            new RunMetrics(topology, scenario.Run.TraceEvents, isShared: true))
    {
        ArgumentNullException.ThrowIfNull(newEngine);
        _clock = clock;
        _watch = watch;
        _spans = spans;
        _engine = newEngine(scenario);
        _sampleNs = scenario.Live.SampleNs;
        _auditGapNs = Math.Min(FirstAuditNs, scenario.Live.AuditEveryNs);
        ActorPaths paths = new(topology);
        foreach (Resource resource in topology.Resources)
        {
            _engine.Add(resource, paths.Of(resource));
        }

        foreach ((TaskActor task, long _) in topology.Tasks)
        {
            _engine.Add(task, paths.Of(task));
        }

        _engine.Pace = PaceOf(scenario);
        _engine.Observe(this);
    }

    /// <summary>The cost profile in real time, slower or faster by the scenario's pace; null without one.</summary>
    private static Pace? PaceOf(Scenario scenario)
    {
        if (scenario.Live.Pace <= 0)
        {
            return null;
        }

        CostProfile costs = scenario.Costs;
        double nsPerCycle = 1000.0 / costs.ClockMhz / scenario.Live.Pace;
        return new Pace(
            [.. costs.Cycles.Select(cycles => (long)(cycles * nsPerCycle))],
            [.. costs.Cycles.Select(cycles => (long)(cycles * nsPerCycle * costs.RemotePercent / 100))]);
    }

    public override string EngineName => _engine.Name;

    /// <summary>
    /// The engine, for a caller that adds actors of its own before the run and talks to them during it.
    /// </summary>
    internal LiveEngine Engine => _engine;

    /// <summary>The scenario that it runs.</summary>
    internal Scenario Part => Scenario;

    /// <summary>
    /// Called when a reclaimer has pages isolated from an LRU, on the thread that did it; may be null.
    /// </summary>
    internal Action? OnIsolated { get; set; }

    private bool IsMember => !Topology.IsWholeMachine;

    public override bool IsLive => true;

    public override long EndNs => _engine.ClockNs;

    public override long Steps => _engine.Steps;

    public override IReadOnlyList<MessageCount> Messages => _engine.Messages;

    public override string TraceHash => "";

    /// <summary>Audits of a cut while the run went on.</summary>
    public int Audits => _audits;

    /// <summary>Time that they took, all and the longest, nanoseconds.</summary>
    internal long AuditsTookNs => Volatile.Read(ref _auditsTookNs);

    internal long LongestAuditNs => Volatile.Read(ref _longestAuditNs);

    /// <summary>Tasks under way.</summary>
    internal int GoingTasks => _engine.GoingTasks;

    public override void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        base.OnStep(envelope, resource, nowNs);
        if (OnIsolated is { } isolated && envelope.Code == CgroupProtocol.EndIsolate.Code)
        {
            isolated();
        }
    }

    public override void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        ArgumentNullException.ThrowIfNull(task);
        base.OnReport(task, what, startNs, endNs, detail);
        if (_spans is null)
        {
            return;
        }

        if (what == (int)RunEvent.Fault && _spans.IsSlow(endNs - startNs))
        {
            _spans.SlowFault(task.Name, startNs, endNs, detail);
        }
        else if (what == (int)RunEvent.Script && _spans.IsWanted)
        {
            _spans.Action(Describe(Scenario.Script[(int)detail]), startNs, endNs);
        }
    }

    /// <exception cref="InvariantViolation">when an actor failed; the message names it.</exception>
    public override RunEnd Execute(CancellationToken cancellationToken)
    {
        foreach ((TaskActor task, long startNs) in TasksToStart())
        {
            _engine.Start(task, startNs);
        }

        MarkScript();
        Metrics.TakeSample(0);
        _engine.AddTimer(BetweenTicksNs, OnTick);
        _engine.AddTimer(_sampleNs, OnSample);
        if (_auditGapNs > 0 && !IsMember)
        {
            _engine.AddTimer(_auditGapNs, OnAudit);
        }

        if (_watch is not null)
        {
            _engine.AddTimer(BetweenStatusNs, OnStatus);
        }

        _spans?.StartClock();
        bool staysOpen = IsMember || Topology.Places.Count > 0;
        _engine.StaysOpen |= staysOpen;
        RunEnd end = _engine.Run(staysOpen ? long.MaxValue : Scenario.Run.DurationNs, cancellationToken);
        if (end == RunEnd.Deadlock)
        {
            Oracle.OnDeadlock(EndNs, _engine.Waiting());
        }

        Metrics.TakeSample(EndNs);
        Oracle.Audit(EndNs, atRest: end == RunEnd.Finished);
        return end;
    }

    public void Dispose()
    {
        _engine.Dispose();
        Metrics.Dispose();
    }

    internal override LiveReport Live()
    {
        long endNs = EndNs;
        return new LiveReport
        {
            Workers = Scenario.Live.WorkersOrCores,
            Tasks = Topology.Tasks.Count(one => one.Task.HasStarted),
            Resources = Topology.Resources.Count,
            MessagesPerSecond = endNs == 0 ? 0 : Steps * 1e9 / endNs,
            Cuts = _audits,
            CutMs = _auditsTookNs / 1e6,
            LongestCutMs = _longestAuditNs / 1e6,
            Actions = Scenario.Script.Count,
            ActionsLeft = Scenario.Script.Count(action => action.AtNs > endNs),
        };
    }

    internal override IReadOnlyList<string> EngineNotes => _engine.Notes;

    private protected override void RequestStop() => _engine.RequestStop(RunEnd.Stopped);

    /// <summary>
    /// Time counts against the window of liveness when the process ran, handled at least one request, and waits for no
    /// other process: a call that is without an answer for longer than it takes to ask twice is held up elsewhere,
    /// where the same rule watches the one that holds it up. A process that had work all the while and got little of
    /// the processor is starved: four times the time that it got is what counts.
    /// </summary>
    private void OnTick(long atNs)
    {
        long steps = _engine.Steps;
        bool isHeldUp = Topology.Part is { IsHeldUp: true };
        bool hasWork = _engine.GoingTasks > 0;
        long cpuNs = (long)Environment.CpuUsage.TotalTime.TotalNanoseconds;
        long mostNs = hasWork && _hadWork ? CountedPerCpu * (cpuNs - _cpuAtTickNs) : long.MaxValue;
        _clock.Tick(_engine.ClockNs, counts: steps != _stepsAtTick && !isHeldUp, mostNs);
        _stepsAtTick = steps;
        _hadWork = hasWork;
        _cpuAtTickNs = cpuNs;
        _engine.AddTimer(_engine.ClockNs + BetweenTicksNs, OnTick);
    }

    private void OnSample(long atNs)
    {
        if (Metrics.TakeSample(atNs))
        {
            _sampleNs *= 2;
        }

        if (Oracle.IsHopeless)
        {
            RequestStop();
        }

        _engine.AddTimer(EndNs + _sampleNs, OnSample);
    }

    /// <summary>This process's part of an audit of all of them. On the thread of <see cref="Execute"/> only.</summary>
    /// <param name="number">Number of the cut.</param>
    /// <param name="alsoVisit">Called for each resource with the audit's own visit, on the thread that has exclusive
    /// access to the resource.</param>
    /// <returns>False: the run ends.</returns>
    internal bool TakePart(int number, Action<Resource> alsoVisit)
    {
        long begunNs = EndNs;
        CutAudit audit = Oracle.BeginCut();
        return _engine.Cut(
                resource =>
                {
                    audit.Visit(resource);
                    alsoVisit(resource);
                },
                number)
            && Finish(audit, begunNs);
    }

    private void OnAudit(long atNs)
    {
        long begunNs = EndNs;
        CutAudit audit = Oracle.BeginCut();
        if (!_engine.Cut(audit.Visit) || !Finish(audit, begunNs))
        {
            return;
        }

        _auditGapNs = Math.Min(_auditGapNs * 2, Scenario.Live.AuditEveryNs);
        _engine.AddTimer(_lastAuditNs + Math.Max(_auditGapNs, AuditShare * _lastAuditTookNs), OnAudit);
    }

    private bool Finish(CutAudit audit, long begunNs)
    {
        audit.Finish(begunNs);
        _audits++;
        _lastAuditNs = EndNs;
        _lastAuditTookNs = _lastAuditNs - begunNs;
        _auditsTookNs += _lastAuditTookNs;
        _longestAuditNs = Math.Max(_longestAuditNs, _lastAuditTookNs);
        _spans?.Cut(begunNs, _lastAuditNs, _audits, Oracle.ViolationCount);
        return true;
    }

    private void OnStatus(long atNs)
    {
        long[] faults = Metrics.FaultsBelow();
        List<LiveCgroup> cgroups = [];
        foreach (Cgroup cgroup in Topology.Cgroups.Where(one => !one.IsFreed))
        {
            cgroups.Add(new LiveCgroup(
                cgroup.Path, cgroup.UsageBytes, Topology.MaxOf(cgroup), cgroup.Events, faults[cgroup.Index]));
        }

        List<LiveNode> nodes = [];
        foreach (NumaNode node in Topology.Nodes)
        {
            nodes.Add(new LiveNode(node.NodeId, node.FreePages, node.CapacityPages));
        }

        int tasks = Topology.Tasks.Count(one => one.Task is { HasStarted: true, HasStopped: false });
        _watch!(new LiveStatus
        {
            NowNs = atNs,
            LimitNs = Scenario.Run.DurationNs,
            Steps = Steps,
            Faults = Metrics.Faults,
            Evictions = Metrics.Evictions,
            Messages = MessageTotals.Live(Messages),
            Tasks = tasks,

            // The engine counts those that have not begun yet, too.
            GoingTasks = Math.Min(_engine.GoingTasks, tasks),
            Cgroups = cgroups,
            Nodes = nodes,
            FreePageCounter = Metrics.Counter(),
            Audits = _audits,
            LastAuditNs = _lastAuditNs,
            LastAuditTookNs = _lastAuditTookNs,
            Violations = Oracle.ViolationCount,
        });
        _engine.AddTimer(EndNs + BetweenStatusNs, OnStatus);
    }
}
