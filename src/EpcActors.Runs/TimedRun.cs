using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace EpcActors.Runs;

/// <summary>A run on the timed simulation engine.</summary>
internal class TimedRun : ScenarioRun
{
    /// <summary>A step in the units of <see cref="Oracle.AuditWork"/>: the least that one takes.</summary>
    private const long StepWork = 40;

    /// <summary>Audits may be one part in so many of a run.</summary>
    private const long AuditShare = 25;

    private readonly string _stage;
    private readonly Action<RunProgress>? _progress;
    private long _sampleNs;
    private int _samples;
    private int _auditedSamples;
    private long _auditedSteps;
    private bool _hasBegun;

    public TimedRun(Scenario scenario, string stage, Action<RunProgress>? progress)
        : this(scenario, new Topology(scenario), stage, progress)
    {
    }

    private TimedRun(Scenario scenario, Topology topology, string stage, Action<RunProgress>? progress)
        : base(
            scenario,
            topology,
            new Oracle(topology, scenario.Run.LivenessWindowNs),
            new RunMetrics(topology, scenario.Run.TraceEvents))
    {
        _stage = stage;
        _progress = progress;
        Engine = new TimedEngine(
            Costs(scenario.Costs), scenario.Run.QuantumNs, scenario.Seed, scenario.Run.JitterPercent);
        _sampleNs = Math.Max(1, scenario.Run.SampleNs);
        foreach (Resource resource in Topology.Resources)
        {
            Engine.Add(resource);
        }

        foreach ((TaskActor task, long _) in Topology.Tasks)
        {
            Engine.Add(task);
        }

        Engine.Observe(this);
    }

    public TimedEngine Engine { get; }

    public override string EngineName => "simulation";

    public override bool IsLive => false;

    /// <summary>Audits made, the one at the end included, and what they took of real time: all, and the last.</summary>
    internal int Audits { get; private set; }

    internal double AuditSeconds { get; private set; }

    internal double LastAuditSeconds { get; private set; }

    public override long EndNs => Engine.ClockNs;

    public override long Steps => Engine.Steps;

    public override IReadOnlyList<MessageCount> Messages => Engine.Messages;

    public override string TraceHash => Engine.HashValue.ToString("x16");

    /// <summary>Tasks beside those of the topology, for tests that plant a defect.</summary>
    public void Add(TaskActor task, long startNs)
    {
        Engine.Add(task);
        Engine.Start(task, startNs);
    }

    public override RunEnd Execute(CancellationToken cancellationToken)
    {
        RunEnd? end;
        do
        {
            end = Advance(cancellationToken);
        }
        while (end is null);
        return end.Value;
    }

    /// <summary>Goes on for a few thousand events; the first piece starts the tasks.</summary>
    /// <returns>How the run ended, and its last audit is made; null while there is more to do.</returns>
    internal RunEnd? Advance(CancellationToken cancellationToken)
    {
        if (!_hasBegun)
        {
            _hasBegun = true;
            Begin();
        }

        RunEnd? end = Engine.Advance(Scenario.Run.DurationNs, cancellationToken);
        if (end is { } over)
        {
            Complete(over);
        }

        return end;
    }

    private void Begin()
    {
        foreach ((TaskActor task, long startNs) in TasksToStart())
        {
            Engine.Start(task, startNs);
        }

        MarkScript();
        Metrics.TakeSample(0);
        Engine.AddTimer(_sampleNs, OnSample);
    }

    private void Complete(RunEnd end)
    {
        if (end == RunEnd.Deadlock)
        {
            Oracle.OnDeadlock(Engine.ClockNs, Engine.Waiting());
        }

        Metrics.TakeSample(Engine.ClockNs);
        Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
        _progress?.Invoke(Progress());
    }

    internal override IReadOnlyList<ActivityReport> Profile()
    {
        long total = 0;
        for (int i = 0; i < Activities.Count; i++)
        {
            total += Engine.TimeNs(i);
        }

        List<ActivityReport> reports = [];
        for (int i = 0; i < Activities.Count; i++)
        {
            long ns = Engine.TimeNs(i);
            if (ns > 0)
            {
                reports.Add(new ActivityReport(Activities.Name((Activity)i), (double)ns / total, ns, Engine.Count(i)));
            }
        }

        reports.Sort(
            (a, b) =>
                b.TimeNs != a.TimeNs ? b.TimeNs.CompareTo(a.TimeNs) : string.CompareOrdinal(a.Activity, b.Activity));
        return reports;
    }

    internal override double? KsgxdBusyShare() =>
        Oracle.KsgxdShareOfStall(EndNs)
        ?? (EndNs == 0 ? 0 : Math.Min(1, (double)TimedEngine.BusyNs(Topology.Ksgxd) / EndNs));

    /// <summary>Asked at each sample: true ends the run, which has shown what it is for.</summary>
    private protected virtual bool IsEnough(long nowNs) => false;

    private protected override void RequestStop() => Engine.RequestStop(RunEnd.Stopped);

    private void OnSample(long atNs)
    {
        if (Metrics.TakeSample(atNs))
        {
            _sampleNs *= 2;
        }

        _samples++;
        int every = Scenario.Run.AuditEverySamples;
        if (every > 0 && _samples - _auditedSamples >= every && HasEarnedAudit())
        {
            _auditedSamples = _samples;
            _auditedSteps = Engine.Steps;
            Audit(atNs, atRest: false);
        }

        if (Oracle.IsHopeless || IsEnough(atNs))
        {
            RequestStop();
        }

        _progress?.Invoke(Progress());
        Engine.AddTimer(atNs + _sampleNs, OnSample);
    }

    private void Audit(long atNs, bool atRest)
    {
        long started = Stopwatch.GetTimestamp();
        Oracle.Audit(atNs, atRest);
        LastAuditSeconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        AuditSeconds += LastAuditSeconds;
        Audits++;
    }

    /// <summary>
    /// An audit walks every list, and a large EPC has long ones: the run has to have done so much since the last one
    /// that the walk is a small part of it. Counted in steps and
    /// pages, not in time, so that a run is audited at the same moments on every machine.
    /// </summary>
    private bool HasEarnedAudit() => (Engine.Steps - _auditedSteps) * StepWork >= Oracle.AuditWork * AuditShare;

    internal RunProgress Progress() =>
        new(Engine.ClockNs, Scenario.Run.DurationNs, Engine.Steps, Metrics.Faults, _stage);

    /// <summary>The prices of a profile in nanoseconds.</summary>
    internal static CostTable Costs(CostProfile profile)
    {
        long[] local = new long[Activities.Count];
        long[] remote = new long[Activities.Count];
        for (int i = 0; i < local.Length; i++)
        {
            local[i] = (profile.Cycles[i] * 1000L) / profile.ClockMhz;
            remote[i] = Activities.TouchesEpc((Activity)i) ? local[i] * profile.RemotePercent / 100 : local[i];
        }

        return new CostTable(local, remote, profile.MutexSpinCycles * 1000L / profile.ClockMhz, (int)Activity.Schedule);
    }
}
