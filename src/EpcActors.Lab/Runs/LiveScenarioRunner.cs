using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Lab.Results;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Runs;

/// <summary>Runs a scenario on a live engine and says what happened.</summary>
public sealed class LiveScenarioRunner
{
    private readonly Scenario _scenario;
    private readonly Func<Scenario, LiveEngine> _newEngine;
    private readonly Action<LiveStatus>? _watch;

    /// <param name="scenario">What to run.</param>
    /// <param name="newEngine">Makes the engine of one run.</param>
    /// <param name="watch">Called four times a second from <see cref="Run"/>; null for nobody.</param>
    public LiveScenarioRunner(Scenario scenario, Func<Scenario, LiveEngine> newEngine, Action<LiveStatus>? watch = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(newEngine);
        _scenario = scenario;
        _newEngine = newEngine;
        _watch = watch;
    }

    /// <summary>Runs to the end of the work, the time limit (in real time), a hopeless state, or the cancellation: the report tells which.</summary>
    /// <param name="replayCommand">The command that runs the same again.</param>
    /// <param name="cancellationToken">Ends the run with what there is; the verdict is then inconclusive.</param>
    /// <exception cref="InvariantViolation">when an actor or the engine failed; the message names it.</exception>
    public RunReport Run(string replayCommand, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        using LiveRun run = new(_scenario, _newEngine, _watch);
        RunEnd end = run.Execute(cancellationToken);
        return new ReportBuilder(_scenario, run, end, Slowdowns.None(_scenario))
            .Build(replayCommand, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
}
