using System.Diagnostics;
using EpcActors.Actors;
using EpcActors.Actors.Routines;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Lab.Oracles;
using EpcActors.Lab.Results;
using EpcActors.Lab.Scenarios;
using Activity = EpcActors.Actors.Activity;

namespace EpcActors.Lab.Runs;

/// <summary>How far a run is, for whoever waits for it.</summary>
/// <param name="VirtualTimeNs">Virtual time reached, nanoseconds.</param>
/// <param name="LimitNs">Longest virtual time, nanoseconds.</param>
/// <param name="Steps">Critical sections executed.</param>
/// <param name="Faults">Page faults served.</param>
/// <param name="Stage">What runs: the scenario, or the run that slowdowns are measured against.</param>
public readonly record struct RunProgress(long VirtualTimeNs, long LimitNs, long Steps, long Faults, string Stage);

/// <summary>Runs a scenario on the timed simulation engine and says what happened.</summary>
public sealed class ScenarioRunner
{
    private readonly Scenario _scenario;
    private readonly Action<RunProgress>? _progress;

    /// <param name="scenario">What to run.</param>
    /// <param name="progress">Called about once per sample; null for nobody.</param>
    public ScenarioRunner(Scenario scenario, Action<RunProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _progress = progress;
    }

    /// <summary>Runs to the end of the work, the time limit, a hopeless state, or the cancellation: the report tells which.</summary>
    /// <param name="replayCommand">The command that repeats this run.</param>
    /// <param name="cancellationToken">Ends the run with what there is; the verdict is then inconclusive.</param>
    /// <exception cref="InvariantViolation">when the emulator itself is wrong.</exception>
    public RunReport Run(string replayCommand, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TimedRun run = new(_scenario, "scenario", _progress);
        RunEnd end = run.Execute(cancellationToken);
        Slowdowns slowdowns = Slowdowns.None(_scenario);
        if (_scenario.Run.MeasuresSlowdown && end is RunEnd.Finished or RunEnd.TimeLimit && !cancellationToken.IsCancellationRequested
            && _scenario.Run.MeasuresSlowdown && _scenario.Enclaves.Count > 0)
        {
            TimedRun baseline = new(Slowdowns.Baseline(_scenario), "run with enough EPC", _progress);
            RunEnd baselineEnd = baseline.Execute(cancellationToken);
            if (baselineEnd is RunEnd.Finished or RunEnd.TimeLimit)
            {
                slowdowns = Slowdowns.Compare(run.Topology, baseline.Topology, run.EndNs, baseline.EndNs);
            }
        }

        return new ReportBuilder(_scenario, run, end, slowdowns)
            .Build(replayCommand, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
}

/// <summary>One run of one topology.</summary>
internal sealed class TimedRun : IRunObserver
{
    private readonly Scenario _scenario;
    private readonly string _stage;
    private readonly Action<RunProgress>? _progress;
    private long _sampleNs;
    private int _samples;

    public TimedRun(Scenario scenario, string stage, Action<RunProgress>? progress)
    {
        _scenario = scenario;
        _stage = stage;
        _progress = progress;
        Topology = new Topology(scenario);
        Engine = new TimedEngine(
            Costs(scenario.Costs), scenario.Run.QuantumNs, scenario.Seed, scenario.Run.JitterPercent);
        Metrics = new RunMetrics(Topology, scenario.Run.TraceEvents);
        Oracle = new Oracle(Topology, scenario.Run.LivenessWindowNs);
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

    public Topology Topology { get; }

    public TimedEngine Engine { get; }

    public RunMetrics Metrics { get; }

    public Oracle Oracle { get; }

    public long EndNs => Engine.ClockNs;

    /// <summary>Tasks beside those of the topology, for tests that plant a defect.</summary>
    public void Add(TaskActor task, long startNs)
    {
        Engine.Add(task);
        Engine.Start(task, startNs);
    }

    public RunEnd Execute(CancellationToken cancellationToken)
    {
        foreach ((TaskActor task, long startNs) in Topology.Tasks)
        {
            if (startNs >= 0)
            {
                Engine.Start(task, startNs);
            }
        }

        MarkScript();
        Metrics.TakeSample(0);
        Engine.AddTimer(_sampleNs, OnSample);
        RunEnd end = Engine.Run(_scenario.Run.DurationNs, cancellationToken);
        if (end == RunEnd.Deadlock)
        {
            Oracle.OnDeadlock(Engine.ClockNs, Engine.Waiting());
        }

        Metrics.TakeSample(Engine.ClockNs);
        Oracle.Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
        _progress?.Invoke(Progress());
        return end;
    }

    public void OnStep(Envelope envelope, Resource resource, long nowNs) => Oracle.OnStep(envelope, resource, nowNs);

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Metrics.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        if (Oracle.IsHopeless)
        {
            Engine.RequestStop(RunEnd.Stopped);
        }
    }

    private void OnSample(long atNs)
    {
        if (Metrics.TakeSample(atNs))
        {
            _sampleNs *= 2;
        }

        _samples++;
        if (_scenario.Run.AuditEverySamples > 0 && _samples % _scenario.Run.AuditEverySamples == 0)
        {
            Oracle.Audit(atNs, atRest: false);
        }

        if (Oracle.IsHopeless)
        {
            Engine.RequestStop(RunEnd.Stopped);
        }

        _progress?.Invoke(Progress());
        Engine.AddTimer(atNs + _sampleNs, OnSample);
    }

    private RunProgress Progress() => new(Engine.ClockNs, _scenario.Run.DurationNs, Engine.Steps, Metrics.Faults, _stage);

    private void MarkScript()
    {
        foreach (ScriptAction action in _scenario.Script)
        {
            Metrics.Mark(action.AtNs, Describe(action));
        }
    }

    internal string Describe(ScriptAction action) => action switch
    {
        ScriptAction.SetMax set => $"{_scenario.Cgroups[set.Cgroup].Path}: misc.max {(set.Bytes == long.MaxValue ? "max" : set.Bytes)}",
        ScriptAction.SetMemoryMax set => $"{_scenario.Cgroups[set.Cgroup].Path}: memory.max {(set.Bytes == long.MaxValue ? "max" : set.Bytes)}",
        ScriptAction.KillEnclave kill => $"kill -9 {_scenario.Enclaves[kill.Enclave].Name}",
        ScriptAction.KillVirtualMachine kill => $"kill -9 {_scenario.VirtualMachines[kill.VirtualMachine].Name}",
        ScriptAction.Migrate migrate => $"{_scenario.Enclaves[migrate.Enclave].Name} moves to {_scenario.Cgroups[migrate.Cgroup].Path}",
        ScriptAction.RemoveCgroup remove => $"rmdir {_scenario.Cgroups[remove.Cgroup].Path}",
        ScriptAction.Poison poison => $"memory failure: {poison.Count} pages of node {poison.Node}",
        { } other => other.ToString(),
    };

    private static CostTable Costs(CostProfile profile)
    {
        long[] local = new long[Activities.Count];
        long[] remote = new long[Activities.Count];
        for (int i = 0; i < local.Length; i++)
        {
            local[i] = (profile.Cycles[i] * 1000L) / profile.ClockMhz;
            remote[i] = Activities.TouchesEpc((Activity)i) ? local[i] * profile.RemotePercent / 100 : local[i];
        }

        return new CostTable(local, remote, profile.HandOverCapCycles * 1000L / profile.ClockMhz);
    }
}
