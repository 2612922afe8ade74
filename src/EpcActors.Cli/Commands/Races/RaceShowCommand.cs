using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Races;

/// <summary>
/// <c>epc race show</c>: the shortest schedule known of a race of the catalogue, in one of several forms.
/// </summary>
internal sealed class RaceShowCommand
{
    private readonly CommandShell _shell;
    private readonly Argument<string> _race = CommonOptions.Completing<Argument<string>>(
        new("RACE") { Description = "a race of the catalogue ('epc race list')" },
        static () => Catalogue.Ids);
    private readonly Option<bool> _kernelStyle = CommonOptions.Flag(
        "--kernel-style",
        "as a commit message would draw it");
    private readonly Option<bool> _asMail = CommonOptions.Flag(
        "--as-mail",
        "as a mail to a maintainer: problem, interleaving, proposed change, evidence");
    private readonly Option<bool> _mermaid = CommonOptions.Flag("--mermaid", "as a Mermaid sequence diagram");
    private readonly Option<bool> _schedule = CommonOptions.Flag("--schedule", "as a schedule, for 'epc race replay'");
    private readonly Option<bool> _json = CommonOptions.Flag("--json", "as JSON");
    private readonly Option<string?> _out = CommonOptions.Out(
        "writes the HTML page, the diagrams and the traces there");

    private RaceShowCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceShowCommand show = new(shell);
        DocumentedCommand command = new(
            "show",
            "Shows a race: what it is, and the shortest schedule known that breaks its rule.",
            Page())
        {
            show._race, show._kernelStyle, show._asMail, show._mermaid, show._schedule, show._json, show._out,
        };
        command.SetAction((parsed, _) => Task.FromResult((int)show.Execute(parsed)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed)
    {
        string word = parsed.GetRequiredValue(_race);
        (string file, string text) = RaceOptions.Find(word, _shell);
        RaceDefinition race = RaceFile.Load(file, null, [], _shell.Configuration);
        RaceOptions.RequireAtMostOne(parsed, _kernelStyle, _asMail, _mermaid, _schedule, _json);
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));

        // A file of the user may have an id of the catalogue; the schedule there is not of his race.
        bool isKnown = Catalogue.FileOf(race.Id) is { } known && Catalogue.TextOf(known) == text;
        if (!isKnown || Catalogue.ScheduleOf(race.Id) is not { } schedule)
        {
            RaceText.Describe(_shell.Out, race);
            _shell.Out.WriteLine();
            _shell.Out.WriteLine(
                "No schedule breaks it that is known. "
                    + (
                        race.Variants.Count > 0
                            ? $"epc race find {word} --variant {race.Variants[0]}"
                            : $"epc race find {word}"));
            return ExitCode.Pass;
        }

        race = RaceReplayCommand.LoadRace(schedule, null, [], word, _shell.Configuration);
        (RaceTrace trace, _, NamedReplay replay) = RaceSearch.Trace(
            race,
            schedule,
            isStrict: true,
            ShellQuoting.Join([EpcCommand.Name, "race", "find", race.Id, "--variant", race.Variant], _shell.Dialect));
        if (replay.Divergence is { } divergence)
        {
            throw new CommandException(
                ExitCode.EmulatorError,
                $"the schedule of {race.Id} does not replay: {divergence}");
        }

        Print(parsed, file, race, trace, schedule with { Scenario = text });
        if (directory is not null)
        {
            _shell.Out.WriteLine(RaceFiles.Write(directory, trace, schedule with { Scenario = text }));
        }

        return ExitCode.Pass;
    }

    private void Print(ParseResult parsed, string file, RaceDefinition race, RaceTrace trace, Schedule schedule)
    {
        if (parsed.GetValue(_kernelStyle))
        {
            _shell.Out.Write(RaceListing.KernelStyle(trace));
        }
        else if (parsed.GetValue(_asMail))
        {
            RaceDefinition plain = RaceFile.Load(file, null, [], _shell.Configuration);
            RaceMail.Write(
                _shell.Out, plain, trace, variant => RaceFile.Load(file, variant, [], _shell.Configuration));
        }
        else if (parsed.GetValue(_mermaid))
        {
            _shell.Out.Write(MermaidDiagram.Text(trace));
        }
        else if (parsed.GetValue(_schedule))
        {
            _shell.Out.Write(schedule.ToString());
        }
        else if (parsed.GetValue(_json))
        {
            _shell.Out.WriteLine(RaceJson.ToJson(trace));
        }
        else
        {
            RaceText.Describe(_shell.Out, race);
            _shell.Out.WriteLine();
            RaceListing.Write(_shell.Console, trace);
        }
    }

    private static HelpPage Page() => new()
    {
        Examples =
        [
            new("epc race show R1", "What it is, and the interleaving"),
            new("epc race show R1 --kernel-style", "To paste into a commit message"),
            new("epc race show D1 --as-mail", "Problem, interleaving, proposed change and evidence, to send"),
            new("epc race show R3 --out r3", "race.html to step through in a browser, trace.json for ui.perfetto.dev"),
            new("epc race show R9 --schedule > r9.schedule", "To replay on another kernel"),
        ],
        ExitCodes = StandardExitCodes.OfQueries,
        SeeAlso = ["epc race list", "docs/races.md"],
    };
}
