using EpcActors.Lab.Results;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Runs;

/// <summary>
/// Tells a live run that reached its end from one that its duration cut off. Work without an end (<c>accesses = forever</c>, <c>hold = forever</c>) is measured by the duration, so it
/// leaves nothing over. Work with an end that did not come to it leaves the run without a verdict: how long it takes is a matter of the host.
/// </summary>
public static class WorkLeft
{
    /// <summary>Enclaves and guests that were to come to an end and were still at work.</summary>
    public static int Of(Scenario scenario, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(report);
        HashSet<string> endless = new(StringComparer.Ordinal);
        foreach (EnclaveSpec enclave in scenario.Enclaves)
        {
            if (enclave.Steps.Any(step => step is StepSpec.Pattern { Accesses: < 0 }))
            {
                endless.Add(enclave.Name);
            }
        }

        HashSet<string> held = [.. scenario.VirtualMachines.Where(guest => guest.HoldNs < 0).Select(guest => guest.Name)];
        return report.Enclaves.Count(one => one.Outcome == EnclaveOutcome.Running && !endless.Contains(one.Name))
            + report.VirtualEpcs.Count(one => one.Outcome == EnclaveOutcome.Running && !held.Contains(one.Name));
    }

    /// <summary>A report with its verdict: one that was cut off with work left, and broke no rule, is inconclusive.</summary>
    /// <param name="scenario">What was run.</param>
    /// <param name="report">What came of it, live.</param>
    /// <param name="isCutOff">It ended with its duration.</param>
    public static RunReport Judge(Scenario scenario, RunReport report, bool isCutOff)
    {
        int left = isCutOff ? Of(scenario, report) : 0;
        return left == 0
            ? report
            : report with { WorkLeft = left, Verdict = report.Verdict == Verdict.Pass ? Verdict.Inconclusive : report.Verdict };
    }
}
