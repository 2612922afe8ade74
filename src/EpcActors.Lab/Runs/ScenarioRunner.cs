using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Lab.Results;
using EpcActors.Lab.Scenarios;

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
