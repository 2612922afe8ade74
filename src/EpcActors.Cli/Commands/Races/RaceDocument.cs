using System.Globalization;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>The catalogue as Markdown.</summary>
internal static class RaceDocument
{
    /// <summary>Longer schedules are read elsewhere.</summary>
    private const int MostSteps = 13;

    /// <summary>The strategy that needs the fewest schedules, and how many.</summary>
    public static string Best(RaceFigure figure)
    {
        KeyValuePair<string, long>[] found =
        [
            .. figure
                .MedianSchedules.Where(one => one.Value >= 0)
                .OrderBy(one => one.Value)
                .ThenBy(one => one.Key, StringComparer.Ordinal),
        ];
        return figure.Rule.Length == 0 ? "-"
            : found.Length == 0 ? "exhaustive"
            : string.Create(CultureInfo.InvariantCulture, $"{found[0].Value} ({found[0].Key})");
    }

    /// <summary>The grounds of the verdict without the race.</summary>
    public static string CleanOf(RaceFigure figure)
    {
        if (figure.Clean.Count == 0)
        {
            return "-";
        }

        // Without a variant that closes the race there are controls only: the same kernel in another scene.
        return figure.Clean.TryGetValue(Catalogue.Fixed, out string? ofFixed)
            ? $"clean: {ofFixed}"
            : $"no fix here; {figure.Clean.First().Key} is clean: {figure.Clean.First().Value}";
    }

    /// <summary>A table of all races.</summary>
    private static void WriteTable(TextWriter output, IReadOnlyList<RaceDefinition> races)
    {
        output.WriteLine("| race | | status | breaks | steps | schedules to find it | without it |");
        output.WriteLine("|---|---|---|---|---|---|---|");
        foreach (RaceDefinition race in races)
        {
            RaceFigure? figure = Catalogue.Figures.Of(race.Id);
            string steps =
                figure is null || figure.Rule.Length == 0 ? "-" : figure.Steps.ToString(CultureInfo.InvariantCulture);
            output.WriteLine(
                $"| [{race.Id}](#{Anchor(race)}) | {Cell(race.Title)} | {RaceText.Status(race)} | "
                + $"{Cell(race.Rule.Replace("property: ", "", StringComparison.Ordinal))} | {steps} | "
                + $"{(figure is null ? "-" : Best(figure))} | {(figure is null ? "-" : Cell(CleanOf(figure)))} |");
        }
    }

    /// <summary>docs/races.md.</summary>
    public static void Write(TextWriter output, IReadOnlyList<RaceDefinition> races)
    {
        output.WriteLine("# The races");
        output.WriteLine();
        foreach (
            string line in RaceText.Wrap(
                "Written by `epc race list --document`; change config/races and write it again. Every verdict can be "
                    + "repeated by the command beside it. A step is one critical section of the kernel; "
                    + "the steps are those of the shortest schedule known, for a hang up to the cycle that repeats for "
                    + "ever. Schedules: until the first that breaks the rule, median over "
                    + string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Catalogue.Figures.Seeds} seeds, `-` where more than half of them found none in "
                            + $"{Catalogue.Figures.Limit} (`epc race measure`). ")
                    + "What is called confirmed or found is so in the model, which was written from the sources: "
                    + "nothing here was reproduced on hardware. What is called clean is clean within the bound that "
                    + "stands there and under sequential consistency: memory-model effects between CPUs are not "
                    + "modelled. "
                    + "[writing-race-tests.md](writing-race-tests.md) says how to write a race of one's own.",
                120))
        {
            output.WriteLine(line);
        }

        output.WriteLine();
        WriteTable(output, races);

        foreach (RaceDefinition race in races)
        {
            WriteRace(output, race);
        }

        output.WriteLine();
        output.WriteLine("## Not modelled");
        output.WriteLine();
        foreach ((string id, string reason) in Catalogue.NotModelled)
        {
            output.WriteLine($"- **{id}**: {reason}");
        }
    }

    private static void WriteRace(TextWriter output, RaceDefinition race)
    {
        output.WriteLine();
        output.WriteLine($"## {race.Id}: {race.Title}");
        output.WriteLine();
        foreach (string paragraph in race.Description.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string line in RaceText.Wrap(paragraph, 120))
            {
                output.WriteLine(line);
            }

            output.WriteLine();
        }

        Line(output, "Source", race.Source);
        Line(output, "Symptom", race.Symptom);
        Line(output, "Fix", race.Fix);
        Line(output, "Status", RaceText.Status(race));
        Line(output, "Topology", TopologyOf(race.Scenario));
        RaceFigure? figure = Catalogue.Figures.Of(race.Id);
        string[] judged =
        [
            .. race.Variants.Where(one => one == Catalogue.Buggy || figure?.Clean.ContainsKey(one) == true),
        ];
        Line(output, "Kernels", string.Join("; ", judged.Select(one => $"{one} {KernelOf(race, one)}")));
        if (Catalogue.ScheduleOf(race.Id) is { } shortest)
        {
            RaceDefinition shown = RaceReplayCommand.LoadRace(
                shortest,
                null,
                [],
                race.Id,
                ConfigEnvironment.Default);
            Line(
                output,
                "Tasks",
                string.Join(
                    "; ",
                    RaceSearch.Trace(shown, shortest, isStrict: true, "").Trace.Programs.Select(one => $"`{one}`")));
        }

        WriteFigure(output, race, figure);
        WriteSchedule(output, race);
    }

    private static void WriteFigure(TextWriter output, RaceDefinition race, RaceFigure? figure)
    {
        if (figure is not null && figure.Rule.Length > 0)
        {
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"- With it: **found**, `{figure.Rule}`, {Counted.Of(figure.Steps, "step")}, "
                        + $"{Counted.Of(figure.Switches, "switch")}. `epc race find {race.Id}`"));
            output.WriteLine(
                "- Schedules to find it: "
                    + string.Join(
                        ", ",
                        figure.MedianSchedules.Select(one =>
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{one.Key} {(one.Value < 0 ? "-" : one.Value)}"))));
        }

        foreach ((string variant, string bound) in figure?.Clean ?? new Dictionary<string, string>())
        {
            string what = variant == "claim" ? "As it is"
                : IsWithout(race, variant) ? $"Without it ({variant})"
                : $"Control ({variant})";
            output.WriteLine($"- {what}: **clean**, {bound}. `epc race find {race.Id} --variant {variant}`");
        }
    }

    private static void WriteSchedule(TextWriter output, RaceDefinition race)
    {
        if (Catalogue.ScheduleOf(race.Id) is { Steps.Count: > MostSteps })
        {
            output.WriteLine(
                $"- The schedule: `epc race show {race.Id} --kernel-style`, or step by step in a browser: `epc race "
                    + $"show {race.Id} --out {race.Id.ToLowerInvariant()}`");
        }
        else if (Catalogue.ScheduleOf(race.Id) is { } schedule)
        {
            RaceDefinition buggy = RaceReplayCommand.LoadRace(
                schedule,
                null,
                [],
                race.Id,
                ConfigEnvironment.Default);
            (RaceTrace trace, _, _) = RaceSearch.Trace(buggy, schedule, isStrict: true, $"epc race find {race.Id}");
            output.WriteLine();
            output.WriteLine("```text");
            output.WriteLine(
                string.Join('\n', RaceListing.KernelStyle(trace).TrimEnd().Split('\n').Select(line => line.TrimEnd())));
            output.WriteLine("```");
        }
    }

    /// <summary>Whether a variant closes the race, and does not only set another scene for the same kernel.</summary>
    private static bool IsWithout(RaceDefinition race, string variant) => variant == Catalogue.Fixed
        || (race.Variants.Contains(Catalogue.Buggy) && KernelOf(race, variant) != KernelOf(race, Catalogue.Buggy));

    private static string KernelOf(RaceDefinition race, string variant) =>
        RaceFile.Load(Catalogue.FileOf(race.Id)!, variant, [], ConfigEnvironment.Default).Kernel;

    private static void Line(TextWriter output, string name, string text)
    {
        if (text.Length > 0)
        {
            output.WriteLine($"- {name}: {text}");
        }
    }

    /// <summary>Nodes, limits, enclaves and guests in one line.</summary>
    private static string TopologyOf(Scenario scenario)
    {
        IEnumerable<string> pages = scenario.Machine.Nodes
            .Select(node => node.SectionPages.Sum().ToString(CultureInfo.InvariantCulture));
        List<string> parts = [$"EPC pages by node {string.Join(" + ", pages)}"];
        parts.AddRange(
            scenario
                .Cgroups.Where(cgroup => cgroup.Parent >= 0)
                .Select(cgroup =>
                    cgroup.Max.IsMax
                        ? $"cgroup {cgroup.Path}"
                        : string.Create(
                            CultureInfo.InvariantCulture,
                            $"cgroup {cgroup.Path} of at most {cgroup.Max.Pages} pages")));
        parts.AddRange(
            scenario.Enclaves.Select(enclave =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"enclave {enclave.Name} of {enclave.CodePages + enclave.HeapPages} pages in "
                        + $"{scenario.Cgroups[enclave.Cgroup].Path}")));
        parts.AddRange(
            scenario.VirtualMachines.Select(guest =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"guest {guest.Name} with {guest.Pages} pages of vEPC in {scenario.Cgroups[guest.Cgroup].Path}")));
        return string.Join("; ", parts);
    }

    private static string Anchor(RaceDefinition race)
    {
        char[] kept =
        [
            .. $"{race.Id}: {race.Title}"
                .ToLowerInvariant()
                .Where(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_'),
        ];
        return new string(kept).Replace(' ', '-');
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
