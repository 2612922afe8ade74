using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// Tells a run that reached its end from one that its duration cut off. Work without an end (<c>accesses = forever</c>,
/// <c>hold = forever</c>) is measured by the duration, so it
/// leaves nothing over. Work with an end that did not come to it leaves the run without a verdict: what the rest of it
/// would have shown is open.
/// </summary>
public static class WorkLeft
{
    /// <summary>Enclaves and guests that were to come to an end and were still at work.</summary>
    public static int Of(Scenario scenario, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(report);
        HashSet<string> endless = Endless(scenario);
        HashSet<string> held =
        [
            .. scenario.VirtualMachines.Where(guest => guest.HoldNs < 0).Select(guest => guest.Name),
        ];
        return report.Enclaves.Count(one => one.Outcome == EnclaveOutcome.Running && !endless.Contains(one.Name))
            + report.VirtualEpcs.Count(one => one.Outcome == EnclaveOutcome.Running && !held.Contains(one.Name));
    }

    /// <summary>Names of the enclaves whose program has no end.</summary>
    private static HashSet<string> Endless(Scenario scenario) =>
        [.. scenario.Enclaves.Where(one => one.Steps.Any(HasNoEnd)).Select(one => one.Name)];

    private static bool HasNoEnd(StepSpec step) => step switch
    {
        StepSpec.Pattern pattern => pattern.Accesses < 0,
        StepSpec.Fork fork => fork.Steps.Any(HasNoEnd),
        _ => false,
    };

    /// <summary>
    /// A report with its verdict: one that was cut off with work left, and broke no rule, is inconclusive.
    /// </summary>
    /// <param name="scenario">Scenario of the run.</param>
    /// <param name="report">Report of the run.</param>
    /// <param name="isCutOff">It ended with its duration.</param>
    public static RunReport Judge(Scenario scenario, RunReport report, bool isCutOff)
    {
        int left = isCutOff ? Of(scenario, report) : 0;
        if (left == 0)
        {
            return report;
        }

        HashSet<string> endless = Endless(scenario);
        return report with
        {
            WorkLeft = left,
            CutOffNs = scenario.Run.DurationNs,
            Verdict = report.Verdict == Verdict.Pass ? Verdict.Inconclusive : report.Verdict,
            Enclaves =
            [
                .. report.Enclaves.Select(one =>
                    one.Outcome == EnclaveOutcome.Running && !endless.Contains(one.Name) ? one with { IsCutOff = true }
                        : one),
            ],
        };
    }
}
