using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Live;

/// <summary>Runs a scenario on a live engine and says what happened.</summary>
public sealed class LiveScenarioRunner
{
    private readonly Scenario _scenario;
    private readonly Func<Scenario, LiveEngine> _newEngine;
    private readonly Action<LiveStatus>? _watch;
    private readonly ILiveTelemetry? _telemetry;

    /// <param name="scenario">Scenario to run.</param>
    /// <param name="newEngine">Makes the engine of one run.</param>
    /// <param name="watch">Called four times a second from <see cref="Run"/>; may be null.</param>
    /// <param name="telemetry">Shows or sends the metrics of the run; may be null. Listeners of System.Diagnostics see
    /// them in any case.</param>
    public LiveScenarioRunner(
        Scenario scenario,
        Func<Scenario, LiveEngine> newEngine,
        Action<LiveStatus>? watch = null,
        ILiveTelemetry? telemetry = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(newEngine);
        _scenario = scenario;
        _newEngine = newEngine;
        _watch = watch;
        _telemetry = telemetry;
    }

    /// <summary>
    /// Runs to the end of the work, the time limit (in real time), a hopeless state, or the cancellation: the report
    /// tells which.
    /// </summary>
    /// <param name="replayCommand">The command that runs the same again.</param>
    /// <param name="cancellationToken">Ends the run with what there is; the verdict is then inconclusive.</param>
    /// <exception cref="InvariantViolation">when an actor or the engine failed; the message names it.</exception>
    public RunReport Run(string replayCommand, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        LiveSpans spans = LiveSpans.Begin(_scenario);
        try
        {
            using LiveRun run = new(_scenario, _newEngine, _watch, spans);
            return Run(run, spans, replayCommand, started, cancellationToken);
        }
        catch (InvariantViolation failure)
        {
            spans.Fail(failure);
            throw;
        }
    }

    private RunReport Run(
        LiveRun run,
        LiveSpans spans,
        string replayCommand,
        long started,
        CancellationToken cancellationToken)
    {
        LiveMetrics metrics = new(run, _scenario);
        using LiveMeter meter = new(metrics);
        run.Metrics.LatencyInstrument = meter.FaultLatency;
        try
        {
            _telemetry?.Begin(metrics);
            RunEnd end = run.Execute(cancellationToken);
            RunReport report = new ReportBuilder(_scenario, run, end, Slowdowns.None(_scenario))
                .Build(replayCommand, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            metrics.Judge(report.Verdict);
            spans.End(report);
            _telemetry?.End(report);
            return report;
        }
        finally
        {
            metrics.Close();
        }
    }
}
