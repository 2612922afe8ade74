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
        ScenarioWork work = new(_scenario, _progress);
        while (!work.IsOver)
        {
            work.Advance(cancellationToken);
        }

        return work.Report(replayCommand);
    }
}
