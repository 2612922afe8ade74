using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>Progress of a run, for the user who waits for it.</summary>
/// <param name="VirtualTimeNs">Virtual time reached, nanoseconds.</param>
/// <param name="LimitNs">Longest virtual time, nanoseconds.</param>
/// <param name="Steps">Critical sections executed.</param>
/// <param name="Faults">Page faults served.</param>
/// <param name="Stage">Stage of the run: the scenario, or an enclave alone, the reference of slowdowns.</param>
public readonly record struct RunProgress(long VirtualTimeNs, long LimitNs, long Steps, long Faults, string Stage);

/// <summary>Runs a scenario on the timed simulation engine and says what happened.</summary>
public sealed class ScenarioRunner
{
    private readonly Scenario _scenario;
    private readonly Action<RunProgress>? _progress;

    /// <param name="scenario">Scenario to run.</param>
    /// <param name="progress">Called about once per sample; may be null.</param>
    public ScenarioRunner(Scenario scenario, Action<RunProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _progress = progress;
    }

    /// <summary>
    /// Runs to the end of the work, the time limit, a hopeless state, or the cancellation: the report tells which.
    /// </summary>
    /// <param name="replayCommand">The command that repeats this run.</param>
    /// <param name="cancellationToken">Ends the run with what there is; the verdict is then inconclusive.</param>
    /// <exception cref="InvariantViolation">when the emulator itself is wrong.</exception>
    public RunReport Run(string replayCommand, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        TimedRun run = new(_scenario, "scenario", _progress);
        RunEnd end = run.Execute(cancellationToken);
        Slowdowns slowdowns = Slowdowns.None(_scenario);
        if (
            _scenario.Run.MeasuresSlowdown
            && end is RunEnd.Finished or RunEnd.TimeLimit
            && !cancellationToken.IsCancellationRequested
            && _scenario.Run.MeasuresSlowdown
            && _scenario.Enclaves.Count > 0)
        {
            slowdowns = MeasureAlone(run, cancellationToken);
        }

        return new ReportBuilder(_scenario, run, end, slowdowns)
            .Build(replayCommand, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    /// <summary>Runs each enclave alone; those that came to nothing are not measured.</summary>
    private Slowdowns MeasureAlone(TimedRun run, CancellationToken cancellationToken)
    {
        IReadOnlyList<StepSum>?[] alone = new IReadOnlyList<StepSum>?[_scenario.Enclaves.Count];
        for (int i = 0; i < alone.Length; i++)
        {
            IReadOnlyList<StepSum> steps = StepSum.Of(run.Topology.Enclaves[i], run.EndNs);
            if (!steps.Any(one => one.HasBegun))
            {
                continue;
            }

            string stage = $"{_scenario.Enclaves[i].Name} alone ({i + 1} of {alone.Length})";
            TimedRun one = new(Slowdowns.Alone(_scenario, i, steps), stage, _progress);
            RunEnd end = one.Execute(cancellationToken);
            if (end == RunEnd.Cancelled)
            {
                return Slowdowns.None(_scenario);
            }

            alone[i] = end is RunEnd.Finished or RunEnd.TimeLimit ? StepSum.Of(one.Topology.Enclaves[0], one.EndNs)
                : null;
        }

        return Slowdowns.Of(alone);
    }
}
