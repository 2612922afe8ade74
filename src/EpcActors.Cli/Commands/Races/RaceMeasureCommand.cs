using System.CommandLine;
using System.Text.Json;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race measure</c>: both verdicts and all figures of the catalogue, anew.</summary>
internal sealed class RaceMeasureCommand
{
    private const string FiguresFile = "figures.json";

    private readonly CommandShell _shell;

    private readonly Argument<string[]> _races = CommonOptions.Completing<Argument<string[]>>(
        new("RACE")
        {
            Description = "races of the catalogue; all of them when none is named",
            Arity = ArgumentArity.ZeroOrMore,
        },
        static () => Catalogue.Ids);

    private readonly Option<string?> _out = CommonOptions.Out(
        "writes figures.json and the shortest schedules there (config/races of a checkout)");
    private readonly Option<string?> _junit = CommonOptions.JUnit(": a case for each race");
    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "no progress");

    private RaceMeasureCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceMeasureCommand measure = new(shell);
        DocumentedCommand command = new(
            "measure",
            "Measures races: both verdicts, the shortest schedule, schedules to the first failure by strategy.",
            Page())
        {
            measure._races, measure._out, measure._junit, measure._quiet,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)measure.Execute(parsed, token)));
        return command;
    }

    private static string IdOf(string word) =>
        Catalogue.Ids.FirstOrDefault(id => string.Equals(id, word, StringComparison.OrdinalIgnoreCase))
            ?? throw CommandException.Usage($"{word}: there is no race of that name; 'epc race list' lists the races");

    /// <summary>
    /// The figures in the folder, where it has some: those that are built in do not know what was measured since.
    /// </summary>
    private static RaceFigures Earlier(OutputDirectory? directory)
    {
        string? path = directory?.PathOf(FiguresFile);
        if (path is null || !File.Exists(path))
        {
            return Catalogue.Figures;
        }

        try
        {
            return RaceFigures.FromJson(TextFiles.Read(path) ?? "");
        }
        catch (Exception wrong) when (wrong is JsonException or IOException)
        {
            throw CommandException.Usage(
                $"--out: {path} does not have the figures of races: {wrong.Message}; remove it, or name another "
                    + "folder");
        }
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        string[] words = parsed.GetValue(_races) ?? [];
        List<string> ids = [.. (words.Length == 0 ? Catalogue.Ids : words).Select(IdOf)];
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        (TextWriter text, _) = DocumentTarget.Beside(_shell, junit);
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        SearchDisplay display = new(_shell, parsed.GetValue(_quiet));
        Dictionary<string, RaceFigure> figures = Earlier(directory).Races.ToDictionary(
            race => race.Id,
            StringComparer.Ordinal);
        List<JUnitCase> cases = [];
        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        _shell.RunBegins();
        foreach (string id in ids)
        {
            long began = _shell.Clock.GetTimestamp();
            using StagedFiles files = new();
            try
            {
                (RaceFigure figure, Schedule? shortest) = Measure(id, display, cancellation);
                figures[id] = figure;
                cases.Add(new JUnitCase(id, JUnitOutcome.Passed) { Time = _shell.Clock.GetElapsedTime(began) });
                string found = figure.Rule.Length > 0
                    ? $"{figure.Rule}, {figure.Steps} steps, {RaceDocument.Best(figure)}; "
                    : "";
                text.WriteLine($"{id}: {found}{RaceDocument.CleanOf(figure)}");
                if (directory is not null && shortest is not null)
                {
                    directory.AddText(files, Catalogue.ScheduleFile(id), writer => writer.Write(shortest.ToString()));
                }
            }
            catch (RaceVerdictException wrong)
            {
                cases.Add(new JUnitCase(id, JUnitOutcome.Failed)
                {
                    Type = "verdict",
                    Message = wrong.Message,
                    Text = $"{EpcCommand.Name} race measure {id}",
                    Time = _shell.Clock.GetElapsedTime(began),
                });
                text.WriteLine($"{id}: {wrong.Message}");
            }

            // After each race: a measurement that is stopped keeps what it has.
            directory?.AddText(files, FiguresFile, writer => writer.Write((Catalogue.Figures with
            {
                Races = [.. Catalogue.Ids.Where(figures.ContainsKey).Select(one => figures[one])],
            }).ToJson()));
            files.Commit();
        }

        JUnitSuite suite = new()
        {
            Name = "races of the catalogue",
            ClassName = JUnitReport.ClassName(EpcCommand.Name, "race", "measure"),
            At = beganAt,
            Properties = [new("version", EpcCommand.Version)],
            Cases = cases,
        };
        if (junit.Write(_shell.Out, JUnitReport.ToXml([suite])) is { } said)
        {
            text.WriteLine(said);
        }

        return cases.TrueForAll(one => one.Outcome == JUnitOutcome.Passed) ? ExitCode.Pass : ExitCode.Violation;
    }

    private (RaceFigure Figure, Schedule? Shortest) Measure(
        string id, SearchDisplay display, CancellationToken cancellation)
    {
        string file = Catalogue.FileOf(id)!;
        RaceDefinition plain = RaceFile.Load(file, null, [], _shell.Configuration);
        return display.Follow(id, progress =>
            RaceMeasurement.Measure(
                variant => RaceFile.Load(file, variant, [], _shell.Configuration),
                plain,
                Catalogue.Figures,
                progress,
                cancellation));
    }

    private static HelpPage Page() =>
        new()
        {
            Examples =
            [
                new("epc race measure R1 R9", "Two races"),
                new(
                    "epc race measure --out config/races",
                    "All, into a checkout; then build and write docs/races.md again"),
            ],
            ExitCodes =
            [
                (ExitCode.Pass, "every race is found with its bug in, and clean without"),
                (ExitCode.Violation, "one is not; its line says which and why"),
                (ExitCode.Usage, "a mistake in the command line"),
            ],
            SeeAlso = ["epc race list", "docs/races.md"],
        };
}
