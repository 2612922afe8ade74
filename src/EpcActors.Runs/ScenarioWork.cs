using System.Diagnostics;
using EpcActors.Engine;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// A scenario on the timed simulation engine, in pieces: the scenario itself, then each enclave alone for its slowdown.
/// For callers that have one thread and something else to do in between, as the worker of a page.
/// </summary>
/// <remarks>One thread at a time may use it. The pieces are the same on every machine, so is the report.</remarks>
public sealed class ScenarioWork
{
    private readonly Scenario _scenario;
    private readonly Action<RunProgress>? _progress;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly TimedRun _run;
    private RunEnd? _end;
    private Slowdowns _slowdowns;
    private IReadOnlyList<StepSum>?[] _alone = [];
    private TimedRun? _one;
    private int _next;

    /// <param name="scenario">Scenario to run.</param>
    /// <param name="progress">Called about once per sample; may be null.</param>
    public ScenarioWork(Scenario scenario, Action<RunProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _progress = progress;
        _run = new TimedRun(scenario, "scenario", progress);
        _slowdowns = Slowdowns.None(scenario);
    }

    /// <summary>There is nothing more to do: the report can be had.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Position of the run that is under way.</summary>
    public RunProgress Progress => (_one ?? _run).Progress();

    /// <summary>Goes on for a few thousand events.</summary>
    /// <param name="cancellationToken">Ends the work with what there is.</param>
    /// <exception cref="InvariantViolation">when the emulator itself is wrong.</exception>
    public void Advance(CancellationToken cancellationToken)
    {
        if (IsOver)
        {
            return;
        }

        if (_end is null)
        {
            _end = _run.Advance(cancellationToken);
            if (_end is { } end)
            {
                bool measures = _scenario.Run.MeasuresSlowdown
                    && end is RunEnd.Finished or RunEnd.TimeLimit
                    && !cancellationToken.IsCancellationRequested;
                _alone = new IReadOnlyList<StepSum>?[measures ? _scenario.Enclaves.Count : 0];
                IsOver = _alone.Length == 0;
            }

            return;
        }

        AdvanceAlone(cancellationToken);
    }

    /// <summary>The report of what was run.</summary>
    /// <param name="replayCommand">The command that repeats this run.</param>
    public RunReport Report(string replayCommand) =>
        new ReportBuilder(
            _scenario,
            _run,
            _end ?? throw new InvalidOperationException("the run has not come to its end"),
            _slowdowns)
            .Build(replayCommand, Stopwatch.GetElapsedTime(_started).TotalMilliseconds);

    /// <summary>Runs each enclave alone; those that came to nothing are not measured.</summary>
    private void AdvanceAlone(CancellationToken cancellationToken)
    {
        _one ??= NextAlone();
        if (_one is not null)
        {
            RunEnd? end = _one.Advance(cancellationToken);
            if (end is null)
            {
                return;
            }

            if (end == RunEnd.Cancelled)
            {
                // What is known of some enclaves would be taken for the others' as well.
                IsOver = true;
                return;
            }

            _alone[_next] = end is RunEnd.Finished or RunEnd.TimeLimit
                ? StepSum.Of(_one.Topology.Enclaves[0], _one.EndNs)
                : null;
            _one = null;
        }

        if (++_next == _alone.Length)
        {
            _slowdowns = Slowdowns.Of(_alone);
            IsOver = true;
        }
    }

    private TimedRun? NextAlone()
    {
        IReadOnlyList<StepSum> steps = StepSum.Of(_run.Topology.Enclaves[_next], _run.EndNs);
        string stage = $"{_scenario.Enclaves[_next].Name} alone ({_next + 1} of {_alone.Length})";
        return steps.Any(one => one.HasBegun)
            ? new TimedRun(Slowdowns.Alone(_scenario, _next, steps), stage, _progress)
            : null;
    }
}
