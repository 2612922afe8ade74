using System.Globalization;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>How much a search looked at, in words.</summary>
internal static class HuntText
{
    public static void Write(TextWriter output, HuntResult hunt)
    {
        HuntProgress done = hunt.Progress;
        string states = done.States > 0
            ? string.Create(CultureInfo.InvariantCulture, $", {done.States:N0} different states among those counted")
            : "";
        output.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"explored {Counted.Of(done.Schedules, "schedule", "N0")}, "
                    + $"{Counted.Of(done.Steps, "step", "N0")}{states}; "
                    + $"{Counted.Of(hunt.SelfChecks, "schedule", "N0")} run twice, all equal"));
        if (hunt.Growth.Count > 1)
        {
            output.WriteLine(
                "states after schedules: "
                    + string.Join(
                        ", ",
                        hunt.Growth.Select(point =>
                            string.Create(CultureInfo.InvariantCulture, $"{point.States:N0} after {point.Schedules:N0}")
                        )));
        }

        if (hunt.Unfinished > 0)
        {
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"not seen: {Counted.Of(hunt.Unfinished, "schedule", "N0")} neither ended nor came back to a state "
                        + $"of theirs within their steps"));
        }
    }
}

/// <summary>Limits of a search, in words.</summary>
internal static class BlindSpots
{
    public static void Write(TextWriter output, RaceDefinition race)
    {
        RaceSpec spec = race.Scenario.Race!;
        List<string> outside =
        [
            "what happens within one critical section",
            "the memory model of a CPU",
            "events that would come after everything has ended",
        ];
        if (!spec.HasKsgxd)
        {
            outside.Add("ksgxd");
        }

        if (!spec.HasWorkers && race.Scenario.Switches.EpcCgroup == EpcCgroupMode.On)
        {
            outside.Add("the cgroups' workers");
        }

        if (spec.Choices.Any(choice => choice.Value > 0))
        {
            IEnumerable<string> choices = spec.Choices
                .Where(choice => choice.Value > 0)
                .Select(choice => $"{choice.Value} {ChoicePoints.Name(choice.Key)}");
            outside.Add($"more failures than {string.Join(", ", choices)}");
        }

        if (spec.IgnoredRules.Count > 0)
        {
            outside.Add($"the rules {string.Join(", ", spec.IgnoredRules)}");
        }

        output.WriteLine($"Outside of this verdict: {string.Join(", ", outside)}.");
    }
}

/// <summary>Names of strategies that a user gave.</summary>
internal static class StrategyCheck
{
    /// <exception cref="CommandException">when there is no strategy of a name.</exception>
    public static void Require(IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            if (name != "exhaustive" && StrategyNames.Create(name) is null)
            {
                throw CommandException.Usage(
                    $"--strategy {name}: there is no such strategy; there are {string.Join(", ", StrategyNames.All)} "
                        + "(with a number for N), and exhaustive");
            }
        }
    }
}
