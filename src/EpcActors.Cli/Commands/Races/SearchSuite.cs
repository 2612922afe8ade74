using System.Globalization;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>
/// A search as a JUnit suite: whether it was enough, every rule that it watched, and whether it saw what the race file
/// says must be seen. The suite has a failure exactly when the command exits with 1, and errors without a failure
/// exactly when it exits with 2.
/// </summary>
internal sealed record SearchSuite
{
    private const string Search = "the search comes to a verdict";

    /// <summary>Names for <see cref="JUnitReport.ClassName"/>, behind that of the command.</summary>
    public required IReadOnlyList<string> ClassName { get; init; }

    /// <summary>The file or race, with its title.</summary>
    public required string Name { get; init; }

    public required Scenario Scenario { get; init; }

    /// <summary>The kernel with what differs from its file.</summary>
    public required string Kernel { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Only this rule was watched; null for all.</summary>
    public string? Target { get; init; }

    /// <summary>The verdict in one line.</summary>
    public required string Verdict { get; init; }

    /// <summary>The rule that a schedule broke; null for none.</summary>
    public Finding? Broken { get; init; }

    /// <summary>The schedule as a listing.</summary>
    public string Listing { get; init; } = "";

    /// <summary>The command that repeats it.</summary>
    public required string Command { get; init; }

    /// <summary>Why nothing is proved though no rule was broken; null when it is.</summary>
    public string? Undecided { get; init; }

    /// <summary>Marks (<c>sometimes</c>) that no schedule reached.</summary>
    public IReadOnlyList<string> MissedMarks { get; init; } = [];

    /// <summary>A mark that was not reached leaves the verdict open.</summary>
    public bool MarksCount { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Real time that it took.</summary>
    public TimeSpan Time { get; init; }

    /// <summary>A race and variant with its title.</summary>
    public static string NameOf(RaceDefinition race)
    {
        string name = race.Variant.Length > 0 ? $"{race.Id} {race.Variant}" : race.Id;
        return race.Title.Length > 0 ? $"{name}: {race.Title}" : name;
    }

    public JUnitSuite ToJUnit() => new()
    {
        Name = Name,
        ClassName = JUnitReport.ClassName([EpcCommand.Name, .. ClassName]),
        At = At,
        Properties =
        [
            new("scenario", Scenario.File),
            new("seed", Seed.ToString(CultureInfo.InvariantCulture)),
            new("kernel", Kernel),
            new("engine", "simulation (explored)"),
            new("version", EpcCommand.Version),
            new("command", Command),
        ],
        Cases =
        [
            new JUnitCase(Search, Undecided is null ? JUnitOutcome.Passed : JUnitOutcome.Undecided)
            {
                Type = "inconclusive",
                Message = Undecided ?? "",
                Text = Command,
                Time = Time,
            },
            .. Rules(),
            .. Marks(),
        ],
        Output = Verdict,
    };

    /// <summary>Writes the document, and as the last line the command that repeats what was found.</summary>
    public void Write(DocumentTarget target, CommandShell shell, TextWriter text, bool isQuiet)
    {
        try
        {
            if (target.Write(shell.Out, JUnitReport.ToXml([ToJUnit()])) is { } said && !isQuiet)
            {
                text.WriteLine(said);
            }
        }
        finally
        {
            // Even when a disk is full.
            if (Broken is not null)
            {
                text.WriteLine(Command);
            }
        }
    }

    private IEnumerable<JUnitCase> Rules()
    {
        RaceSpec? race = Scenario.Race;
        IEnumerable<string> rules = LabRules.All
            .Concat(race?.Properties.Where(one => one.Kind != PropertyKind.Sometimes).Select(one => one.Rule) ?? [])
            .Union(Broken is null ? [] : [Broken.Rule]);
        foreach (string rule in rules)
        {
            string name = rule.StartsWith("property: ", StringComparison.Ordinal) ? rule : $"rule {rule}";
            if (rule == Broken?.Rule)
            {
                yield return new JUnitCase(name, JUnitOutcome.Failed)
                {
                    Type = rule,
                    Message = Broken.Detail,
                    Text = $"{Verdict}\n\n{Listing.TrimEnd()}\n\n{Command}",
                };
                continue;
            }

            string reason = race?.IgnoredRules.Contains(rule) == true ? "the race file leaves this rule out"
                : Target is not null && rule != Target ? $"not watched: this search looks for {Target} only"
                : Broken is not null ? "the search ended with the first schedule that breaks a rule"
                : Undecided is not null ? "not broken in the schedules that were run, which prove nothing"
                : "";
            yield return new JUnitCase(name, reason.Length > 0 ? JUnitOutcome.Skipped : JUnitOutcome.Passed)
            {
                Message = reason,
            };
        }
    }

    private IEnumerable<JUnitCase> Marks()
    {
        foreach (RaceProperty mark in Scenario.Race?.Properties.Where(one => one.Kind == PropertyKind.Sometimes) ?? [])
        {
            bool isMissed = MissedMarks.Contains(mark.Text);
            JUnitOutcome outcome = !isMissed && Broken is null ? JUnitOutcome.Passed
                : isMissed && Broken is null && MarksCount ? JUnitOutcome.Undecided
                : JUnitOutcome.Skipped;
            yield return new JUnitCase(mark.Text, outcome)
            {
                Type = "never seen",
                Message = Broken is not null
                    ? "the search ended with the first schedule that breaks a rule"
                    : "never seen; the search may have missed what the race is about",
            };
        }
    }
}
