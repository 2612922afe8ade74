using System.Globalization;
using System.Text;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.TestKit;

/// <summary>Text of a failure.</summary>
internal static class FailureText
{
    /// <summary>
    /// A race that should not be there: what is broken, which two accesses conflict, the listing, and how to see it
    /// again.
    /// </summary>
    /// <param name="race">The race.</param>
    /// <param name="file">File of its schedule; null for none.</param>
    public static string Of(FoundRace race, string? file)
    {
        StringBuilder text = new();
        text.Append(
            CultureInfo.InvariantCulture,
            $"{race.Trace.Title}: a schedule of {Count(race.Trace.Steps.Count, "step")} breaks a rule\n");
        text.Append(CultureInfo.InvariantCulture, $"rule:     {race.Rule}\n");
        text.Append(CultureInfo.InvariantCulture, $"detail:   {race.Detail}\n");
        text.Append(CultureInfo.InvariantCulture, $"conflict: {Conflict(race.Trace)}\n\n");
        text.Append(RaceListing.Text(race.Trace).TrimEnd()).Append("\n\n");
        if (file is null)
        {
            text.Append("The schedule was not written to a file; it is:\n\n").Append(race.Schedule);
            return text.ToString();
        }

        text.Append("To see it again:\n").Append(Again(race, file));
        text.Append(
            CultureInfo.InvariantCulture,
            $"The schedule is in {file}. To pin it, keep a copy of that file with the tests.\n");
        return text.ToString();
    }

    /// <summary>The two accesses that conflict, in words.</summary>
    public static string Conflict(RaceTrace trace)
    {
        if (trace.Conflict.First < 0)
        {
            return "no two tasks touch the same resource one after the other; look at the listing";
        }

        RaceStep first = trace.Steps[trace.Conflict.First - 1];
        RaceStep second = trace.Steps[trace.Conflict.Second - 1];
        return $"step {Step(trace, first)} and step {Step(trace, second)}, both on "
            + $"{trace.Resources[second.Resource].Name}";
    }

    /// <summary>A number with its noun.</summary>
    public static string Count(long number, string noun) =>
        Counted.Of(number, noun, "N0");

    private static string Step(RaceTrace trace, RaceStep step) =>
        string.Create(CultureInfo.InvariantCulture, $"{step.Number} ({trace.Tasks[step.Task].Name}: {step.Message})");

    private static string Again(FoundRace race, string file)
    {
        string literal = Relative(file).Replace('\\', '/');
        return race.Schedule.Scenario.Length > 0
            ? $"    RaceTest.Replay(\"{literal}\");\n    epc race replay \"{file}\"\n"
            : $"    race.Pinned(\"{literal}\").MustBreak();   // race: the same RaceTest, since part of it is code\n";
    }

    private static string Relative(string file)
    {
        string relative = Path.GetRelativePath(AppContext.BaseDirectory, file);
        return relative.StartsWith("..", StringComparison.Ordinal) ? file : relative;
    }
}
