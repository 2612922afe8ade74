using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>A replay as a JUnit suite: whether the schedule fits and ends, and the rule that it is about.</summary>
/// <param name="race">The race and variant that it ran on.</param>
/// <param name="schedule">The schedule.</param>
/// <param name="broken">What it broke; null for nothing.</param>
/// <param name="code">The exit code.</param>
/// <param name="verdict">The verdict in words.</param>
internal sealed class ReplaySuite(
    RaceDefinition race, Schedule schedule, Finding? broken, ExitCode code, string verdict)
{
    public required string Listing { get; init; }

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Real time that it took.</summary>
    public TimeSpan Time { get; init; }

    public JUnitSuite ToJUnit() => new()
    {
        Name = SearchSuite.NameOf(race),
        ClassName = JUnitReport.ClassName(EpcCommand.Name, "replay", race.Id, race.Variant),
        At = At,
        Properties =
        [
            new("kernel", race.Kernel),
            new("version", EpcCommand.Version),
            new("found", schedule.Found),
            new("command", Command),
        ],
        Cases =
        [
            new JUnitCase(
                "the schedule fits and ends",
                code == ExitCode.Inconclusive ? JUnitOutcome.Undecided : JUnitOutcome.Passed)
            {
                Type = "inconclusive",
                Message = verdict,
                Text = Command,
                Time = Time,
            },
            .. Rules(),
        ],
        Output = verdict,
    };

    /// <summary>The rule that the file names, and the one that was broken when that is another.</summary>
    private IEnumerable<JUnitCase> Rules()
    {
        string[] rules = [.. ((string[])[schedule.Rule, broken?.Rule ?? ""]).Where(rule => rule.Length > 0).Distinct()];
        foreach (string rule in rules)
        {
            JUnitOutcome outcome = rule == broken?.Rule ? JUnitOutcome.Failed
                : code == ExitCode.Pass ? JUnitOutcome.Passed
                : JUnitOutcome.Skipped;
            yield return new JUnitCase(
                rule.StartsWith("property: ", StringComparison.Ordinal) ? rule : $"rule {rule}",
                outcome)
            {
                Type = rule,
                Message = outcome == JUnitOutcome.Failed ? broken!.Detail : $"not judged to the end: {verdict}",
                Text = $"{verdict}\n\n{Listing.TrimEnd()}\n\n{Command}",
            };
        }
    }
}
