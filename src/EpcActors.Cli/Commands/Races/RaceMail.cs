using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>
/// A race as a mail to a maintainer: the problem, the interleaving, the change in words and pseudo-code, and what
/// stands for it.
/// </summary>
internal static class RaceMail
{
    private const int Width = 72;

    /// <summary>Writes the mail.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="race">The race without a variant.</param>
    /// <param name="trace">Its shortest schedule.</param>
    /// <param name="loadVariant">The race with a variant.</param>
    public static void Write(
        TextWriter output, RaceDefinition race, RaceTrace trace, Func<string, RaceDefinition> loadVariant)
    {
        output.WriteLine($"Subject: [RFC] x86/sgx: {race.Title}");
        Section(output, "Problem", race.Description.Split("\n\n"));
        Section(output, "Seen by users", [race.Symptom]);
        Section(output, "Basis", [race.Source]);
        output.WriteLine();
        output.WriteLine("Interleaving");
        output.WriteLine();
        foreach (string line in RaceListing.KernelStyle(trace).TrimEnd().Split('\n'))
        {
            output.WriteLine(line.TrimEnd());
        }

        if (race.Change.Length > 0)
        {
            Section(output, "Proposed change", [race.Change]);
            output.WriteLine();
            foreach (string line in Dedented(race.Patch))
            {
                output.WriteLine($"    {line}".TrimEnd());
            }
        }
        else
        {
            Section(output, "Proposed change", ["None is worked out here. " + race.Fix]);
        }

        WriteEvidence(output, race, loadVariant);
    }

    private static void WriteEvidence(
        TextWriter output, RaceDefinition race, Func<string, RaceDefinition> loadVariant)
    {
        output.WriteLine();
        output.WriteLine("Evidence");
        RaceFigure? figure = Catalogue.Figures.Of(race.Id);
        output.WriteLine();
        Item(
            output,
            $"Without the change: {figure?.Rule ?? race.Rule} is broken"
                + (figure is null ? "" : $" in {figure.Steps} critical sections")
                + $". epc race find {race.Id}");
        foreach (string variant in race.Variants.Where(one => one != Catalogue.Buggy))
        {
            string kernel = KernelOf(loadVariant(variant));
            string bound = figure?.Clean.GetValueOrDefault(variant) ?? "not measured";
            Item(
                output,
                Catalogue.IsBuggy(variant)
                    ? $"{variant}, {kernel}: still broken. epc race find {race.Id} --variant {variant}"
                    : $"{variant}, {kernel}: no schedule breaks a rule: {bound}. "
                        + $"epc race find {race.Id} --variant {variant}");
        }

        Section(
            output,
            "Limits of this",
            [
                "Found and decided in a model of the driver that was written from its source; nothing was reproduced "
                    + "on hardware. A step is one critical section, memory is sequentially consistent, and a "
                    + "bound that names preemptions or random schedules is no proof.",
            ]);
    }

    private static string KernelOf(RaceDefinition race) => race.Kernel;

    private static void Section(TextWriter output, string title, IReadOnlyList<string> paragraphs)
    {
        output.WriteLine();
        output.WriteLine(title);
        foreach (string paragraph in paragraphs.Where(one => one.Trim().Length > 0))
        {
            output.WriteLine();
            foreach (string line in RaceText.Wrap(paragraph.ReplaceLineEndings(" "), Width))
            {
                output.WriteLine(line);
            }
        }
    }

    private static void Item(TextWriter output, string text)
    {
        bool isFirst = true;
        foreach (string line in RaceText.Wrap(text, Width - 2))
        {
            output.WriteLine((isFirst ? "- " : "  ") + line);
            isFirst = false;
        }
    }

    /// <summary>The lines without what all of them are indented by.</summary>
    private static IEnumerable<string> Dedented(string text)
    {
        string[] lines = [.. text.Split('\n').Select(line => line.TrimEnd()).SkipWhile(line => line.Length == 0)];
        int indent = lines.Where(line => line.Length > 0).Select(line => line.Length - line.TrimStart().Length)
            .DefaultIfEmpty(0).Min();
        return lines.Select(line => line.Length > indent ? line[indent..] : "");
    }
}
