using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>A race in words.</summary>
internal static class RaceText
{
    public static void Describe(TextWriter output, RaceDefinition race)
    {
        output.WriteLine($"{race.Id}  {race.Title}");
        foreach (string paragraph in race.Description.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine();
            foreach (string line in Wrap(paragraph, 100))
            {
                output.WriteLine(line);
            }
        }

        output.WriteLine();
        Line(output, "source", race.Source);
        Line(output, "symptom", race.Symptom);
        Line(output, "fix", race.Fix);
        Line(output, "status", Status(race));
        Line(output, "breaks", race.Rule);
        Line(output, "variants", string.Join(", ", race.Variants));
    }

    /// <summary>
    /// What became of it: fixed, open, by design; confirmed or refuted for what was not reported before.
    /// </summary>
    public static string Status(RaceDefinition race)
    {
        string status = race.Status switch
        {
            RaceStatus.Open => "open",
            RaceStatus.Fixed => "fixed",
            RaceStatus.ByDesign => "by design",
        };
        return race.Verdict switch
        {
            RaceVerdict.None => status,
            RaceVerdict.Confirmed => $"confirmed, {status}",
            RaceVerdict.Refuted => "refuted",
        };
    }

    public static IEnumerable<string> Wrap(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        if (line.Length > 0)
        {
            yield return line;
        }
    }

    private static void Line(TextWriter output, string name, string value)
    {
        bool isFirst = true;
        foreach (string line in Wrap(value, 88))
        {
            output.WriteLine($"{(isFirst ? name : ""),-10}{line}");
            isFirst = false;
        }
    }
}
