using System.Diagnostics;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Live;

/// <summary>
/// A live run as <c>System.Diagnostics.Activity</c> has it: the source <c>EpcActors</c> with a span for the run, for
/// each cut and each action of the script, and one now and then for a slow page fault; broken rules are events of the
/// run. Without a listener nothing is allocated.
/// </summary>
public sealed class LiveSpans
{
    /// <summary>Name of the source.</summary>
    public const string Name = "EpcActors";

    /// <summary>A storm of slow faults shows as ten of them a second.</summary>
    private const long BetweenSlowFaultsNs = 100_000_000;

    private static readonly ActivitySource Source = new(Name);

    private readonly Activity? _run;
    private DateTime _begun;
    private readonly long _slowFaultNs;
    private long _nextSlowFaultNs;

    private LiveSpans(Scenario scenario, Activity? run)
    {
        _run = run;
        _begun = run?.StartTimeUtc ?? default;
        _slowFaultNs =
            run is null || scenario.Telemetry.SlowFaultNs == 0 ? long.MaxValue : scenario.Telemetry.SlowFaultNs;
    }

    /// <summary>Begins the span of a run.</summary>
    internal static LiveSpans Begin(Scenario scenario)
    {
        Activity? run = Source.StartActivity("epc run");
        run?.SetTag("epc.scenario", scenario.File)
            .SetTag("epc.kernel", scenario.Kernel)
            .SetTag("epc.seed", scenario.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return new LiveSpans(scenario, run);
    }

    /// <summary>The run's clock starts now.</summary>
    internal void StartClock() => _begun = DateTime.UtcNow;

    /// <summary>True for a fault that is slow enough for a span of its own; decided without a call.</summary>
    internal bool IsSlow(long ns) => ns >= _slowFaultNs;

    /// <summary>A slow fault; on any thread. At most one every tenth of a second becomes a span.</summary>
    internal void SlowFault(string task, long startNs, long endNs, long page)
    {
        long next = Volatile.Read(ref _nextSlowFaultNs);
        if (
            endNs < next
            || Interlocked.CompareExchange(ref _nextSlowFaultNs, endNs + BetweenSlowFaultsNs, next) != next)
        {
            return;
        }

        using Activity? span = Start("page fault", startNs, endNs);
        span?.SetTag("epc.task", task).SetTag("epc.page", page);
    }

    /// <summary>An action of the script; on any thread.</summary>
    internal void Action(string what, long startNs, long endNs)
    {
        using Activity? span = Start("script", startNs, endNs);
        span?.SetTag("epc.action", what);
    }

    /// <summary>A cut that was audited.</summary>
    internal void Cut(long startNs, long endNs, int number, int violations)
    {
        using Activity? span = Start("cut", startNs, endNs);
        span?.SetTag("epc.cut", number).SetTag("epc.violations", violations);
    }

    /// <summary>True when a listener wants spans of this run: only then is it worth making their text.</summary>
    internal bool IsWanted => _run is not null;

    /// <summary>Ends the span of the run with what came of it.</summary>
    internal void End(RunReport report)
    {
        if (_run is null)
        {
            return;
        }

        _run.SetTag("epc.engine", report.Engine)
            .SetTag("epc.verdict", Word(report.Verdict))
            .SetTag("epc.steps", report.Steps)
            .SetTag("epc.faults", report.FaultLatency.Count);
        foreach (ViolationReport violation in report.Violations)
        {
            _run.AddEvent(
                new ActivityEvent(
                    "violation",
                    At(violation.AtNs),
                    new ActivityTagsCollection { ["epc.rule"] = violation.Rule, ["epc.detail"] = violation.Detail }));
        }

        if (report.Verdict == Verdict.Violation)
        {
            _run.SetStatus(
                ActivityStatusCode.Error,
                $"broken: {string.Join(", ", report.Violations.Select(one => one.Rule))}");
        }

        _run.Dispose();
    }

    /// <summary>The run failed: there is no report.</summary>
    internal void Fail(Exception error)
    {
        _run?.SetStatus(ActivityStatusCode.Error, error.Message);
        _run?.Dispose();
    }

    internal static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "pass",
        Verdict.Violation => "violation",
        Verdict.Inconclusive => "inconclusive",
    };

    /// <summary>A span that is over already.</summary>
    private Activity? Start(string name, long startNs, long endNs)
    {
        if (_run is null)
        {
            return null;
        }

        Activity? span = Source.StartActivity(name, ActivityKind.Internal, _run.Context, null, null, At(startNs));
        return span?.SetEndTime(At(endNs));
    }

    private DateTime At(long ns) => _begun.AddTicks(ns / 100);
}
