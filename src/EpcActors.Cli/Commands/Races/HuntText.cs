using System.Globalization;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Lab.Races;

namespace EpcActors.Cli.Commands.Races;

/// <summary>How much a search looked at, in words.</summary>
internal static class HuntText
{
    public static void Write(TextWriter output, HuntResult hunt)
    {
        HuntProgress done = hunt.Progress;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"explored {done.Schedules:N0} schedules, {done.Steps:N0} steps{(done.States > 0 ? $", {done.States:N0} different states among those counted" : "")}; "
            + $"{hunt.SelfChecks:N0} schedules run twice, all equal"));
        if (hunt.Growth.Count > 1)
        {
            output.WriteLine("states after schedules: " + string.Join(
                ", ", hunt.Growth.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.States:N0} after {point.Schedules:N0}"))));
        }

        if (hunt.Unfinished > 0)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"not seen: {hunt.Unfinished:N0} schedules neither ended nor came back to a state of theirs within their steps"));
        }
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
                    $"--strategy {name}: there is no such strategy; there are {string.Join(", ", StrategyNames.All)} (with a number for N), and exhaustive");
            }
        }
    }
}
