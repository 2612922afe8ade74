using System.Globalization;
using EpcActors.Results;
using EpcActors.Results.Text;
using Oracle = EpcActors.Results.Rules;

namespace EpcActors.Reports;

/// <summary>
/// A run as a JUnit suite: whether it came to its end, every rule of the oracle, every expectation. The suite has a
/// failure exactly when the command exits with 1, and errors without a failure exactly when it exits with 2.
/// </summary>
public static class RunSuite
{
    /// <summary>The answers of one run.</summary>
    /// <param name="report">The run, judged with its expectations.</param>
    /// <param name="summary">The verdict in one line.</param>
    /// <param name="version">Version of the command.</param>
    /// <param name="at">When it began.</param>
    /// <param name="time">Real time that it took, with the runs that slowdowns are measured against.</param>
    public static JUnitSuite Of(RunReport report, string summary, string version, DateTimeOffset at, TimeSpan time)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new JUnitSuite
        {
            Name = report.Title.Length > 0 ? $"{report.Scenario}: {report.Title}" : report.Scenario,
            ClassName = JUnitReport.ClassName(
                "epc", "run", Path.GetFileNameWithoutExtension(report.Scenario), report.Kernel),
            Properties = Properties(report, version),
            At = at,
            Cases = [End(report) with { Time = time }, .. Rules(report), .. Expectations(report)],
            Output = summary,
            Notes = string.Join('\n', report.Notes),
        };
    }

    /// <summary>The suite of one run of a comparison.</summary>
    /// <param name="suite">As for the run alone.</param>
    /// <param name="label">What sets the run apart.</param>
    /// <param name="knownBad">The run, when it has to break a rule; null else.</param>
    public static JUnitSuite OfVariation(JUnitSuite suite, string label, RunReport? knownBad)
    {
        ArgumentNullException.ThrowIfNull(suite);
        JUnitSuite named = suite with
        {
            Name = $"{suite.Name}: {label}",
            ClassName = $"{suite.ClassName}.{JUnitReport.ClassName(label)}",
        };
        return knownBad is null ? named : named with
        {
            Cases =
            [
                new JUnitCase(
                    "the control breaks a rule",
                    knownBad.Verdict == Verdict.Violation ? JUnitOutcome.Passed : JUnitOutcome.Undecided)
                {
                    Type = "inconclusive",
                    Message = "known to be bad, but no violation was found: the comparison proves nothing",
                    Text = knownBad.ReplayCommand,
                    Time = suite.Cases[0].Time,
                },
            ],
        };
    }

    /// <summary>A run of a comparison that was cancelled before it came to it.</summary>
    /// <param name="scenario">The file.</param>
    /// <param name="label">What sets the run apart.</param>
    public static JUnitSuite NotStarted(string scenario, string label) => new()
    {
        Name = $"{scenario}: {label}",
        ClassName = JUnitReport.ClassName("epc", "run", Path.GetFileNameWithoutExtension(scenario), label),
        Cases =
        [
            new JUnitCase("the run comes to its end", JUnitOutcome.Undecided)
            {
                Type = "inconclusive",
                Message = "inconclusive: cancelled before it was started",
            },
        ],
    };

    private static List<KeyValuePair<string, string>> Properties(RunReport report, string version)
    {
        List<KeyValuePair<string, string>> all =
        [
            new("scenario", report.Scenario),
            new("seed", report.Seed.ToString(CultureInfo.InvariantCulture)),
            new("kernel", report.Kernel),
            .. report.Switches.Where(one => one.IsOverridden)
                .Select(one => new KeyValuePair<string, string>($"switch {one.Name}", one.Value)),
            new("engine", report.Engine),
            new("version", version),
        ];
        if (report.TraceHash.Length > 0)
        {
            all.Add(new("trace hash", report.TraceHash));
        }

        all.Add(new("command", report.ReplayCommand));
        return all;
    }

    private static JUnitCase End(RunReport report) => new(
        "the run comes to its end", IsCut(report) ? JUnitOutcome.Undecided : JUnitOutcome.Passed)
    {
        Type = "inconclusive",
        Message = NotTheEnd(report),
        Text = report.ReplayCommand,
    };

    private static bool IsCut(RunReport report) => report.Verdict == Verdict.Inconclusive || report.WorkLeft > 0;

    private static string NotTheEnd(RunReport report) => report.WorkLeft > 0
        ? $"inconclusive: cut off by epc.run.duration after {Durations.Text(report.CutOffNs)} with work left"
        : "inconclusive: cancelled before its end";

    private static IEnumerable<JUnitCase> Rules(RunReport report)
    {
        foreach (string rule in Oracle.BySeverity.Union(report.Violations.Select(one => one.Rule)))
        {
            ViolationReport[] broken = [.. report.Violations.Where(one => one.Rule == rule)];
            if (broken.Length > 0)
            {
                yield return new JUnitCase($"rule {rule}", JUnitOutcome.Failed)
                {
                    Type = rule,
                    Message = broken[0].Detail,
                    Text = string.Join('\n', broken.Select(one => $"at {Durations.Text(one.AtNs)}: {one.Detail}"))
                        + $"\n\n{report.ReplayCommand}",
                };
            }
            else
            {
                yield return IsCut(report)
                    ? new JUnitCase($"rule {rule}", JUnitOutcome.Skipped)
                    {
                        Message = $"not broken as far as the run came; {NotTheEnd(report)}",
                    }
                    : new JUnitCase($"rule {rule}", JUnitOutcome.Passed);
            }
        }
    }

    private static IEnumerable<JUnitCase> Expectations(RunReport report)
    {
        // A run that was cut off or cancelled does not fail for a violation that the rest of the work could still have
        // repaired.
        bool isCancelled = report.Verdict == Verdict.Inconclusive && report.WorkLeft == 0;
        foreach (ExpectationReport one in report.Expectations)
        {
            string name = $"expect {one.Text}";
            if (one.IsMet)
            {
                yield return new JUnitCase(name, JUnitOutcome.Passed);
            }
            else if (one.IsUnmet && !isCancelled)
            {
                yield return new JUnitCase(name, JUnitOutcome.Failed)
                {
                    Type = "expectation",
                    Message = $"expected {one.Text}; found {one.Found}",
                    Text = report.ReplayCommand,
                };
            }
            else
            {
                // A live run leaves some to the simulation, which is not a fault of it. A simulation leaves none.
                bool isFault = report.Verdict == Verdict.Pass && report.Live is null;
                yield return new JUnitCase(name, isFault ? JUnitOutcome.Undecided : JUnitOutcome.Skipped)
                {
                    Type = "not judged",
                    Message = one.NotJudged.Length > 0 ? $"not judged: {one.NotJudged}" : NotTheEnd(report),
                };
            }
        }
    }
}
