using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Exploration;
using EpcActors.Hocon;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race replay</c>: runs one recorded schedule, on its own kernel or on another.</summary>
internal sealed class RaceReplayCommand
{
    private readonly CommandShell _shell;

    private readonly Argument<string> _file = CommonOptions.Completing<Argument<string>>(
        new("FILE")
        {
            Description = "a schedule, as 'epc race find --out' writes it, or the id of a race for the catalogue's own",
        },
        static () => Catalogue.Ids);

    private readonly Option<string?> _variant = RaceOptions.Variant("the one of the schedule");
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();

    private readonly Option<bool> _lenient = CommonOptions.Flag(
        "--lenient",
        "leaves out steps that do not fit, and lets the tasks run on after the last one; implied by another variant or "
            + "--set");

    private readonly Option<string?> _out = CommonOptions.Out("writes everything that shows it there");
    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "prints the verdict only, in one line");

    private readonly Option<string?> _junit = CommonOptions.JUnit(": a case for the schedule and one for its rule");

    private RaceReplayCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceReplayCommand replay = new(shell);
        DocumentedCommand command = new(
            "replay",
            "Replays a recorded schedule step by step, on its own kernel or on another one.",
            Page())
        {
            replay._file, replay._variant, replay._set, replay._lenient, replay._out, replay._junit, replay._quiet,
        };
        command.SetAction((parsed, _) => Task.FromResult((int)replay.Execute(parsed)));
        return command;
    }

    /// <summary>The race that a schedule is of: in its own text, or by its id in the catalogue.</summary>
    /// <exception cref="CommandException">when it is of neither.</exception>
    internal static RaceDefinition LoadRace(
        Schedule schedule,
        string? variant,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        string name,
        ConfigEnvironment environment)
    {
        string wanted = variant ?? schedule.Variant;
        IReadOnlyList<KeyValuePair<string, string>> all =
        [
            .. schedule.Settings.Select(one => new KeyValuePair<string, string>(
                one[..one.IndexOf('=', StringComparison.Ordinal)],
                one[(one.IndexOf('=', StringComparison.Ordinal) + 1)..])),
            .. settings,
        ];
        RaceDefinition plain;
        if (schedule.Scenario.Length > 0)
        {
            plain = RaceFile.LoadText(schedule.Scenario, null, all);
            return wanted.Length == 0 ? plain : RaceFile.LoadText(schedule.Scenario, Known(plain, wanted), all);
        }

        string file = Catalogue.FileOf(schedule.Race)
            ?? throw CommandException.Usage(
                $"{name}: the schedule holds no race file, and the catalogue has no race '{schedule.Race}'; replay it "
                    + "where its topology is made, in its test");
        plain = RaceFile.Load(file, null, all, environment);
        return wanted.Length == 0 ? plain : RaceFile.Load(file, Known(plain, wanted), all, environment);
    }

    private static string Known(RaceDefinition race, string variant) =>
        race.Variants.Contains(variant)
            ? variant
            : throw CommandException.Usage(
                $"--variant {variant}: {race.Id} has the variants {string.Join(", ", race.Variants)}");

    private ExitCode Execute(ParseResult parsed)
    {
        string name = parsed.GetRequiredValue(_file);
        string? variant = parsed.GetValue(_variant);
        IReadOnlyList<KeyValuePair<string, string>> settings = parsed.GetRequiredValue(_set);
        bool isQuiet = parsed.GetValue(_quiet);
        Schedule schedule = Read(name);
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        (TextWriter text, IAnsiConsole console) = DocumentTarget.Beside(_shell, junit);
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        RaceDefinition race = LoadRace(schedule, variant, settings, name, _shell.Configuration);
        RaceOptions.WriteNotes(race.Notes, _shell);
        bool isStrict =
            !parsed.GetValue(_lenient) && settings.Count == 0 && (variant is null || variant == schedule.Variant);
        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        string command = ShellQuoting.Join([EpcCommand.Name, .. Words(parsed)], _shell.Dialect);
        (RaceTrace trace, ScheduleOutcome outcome, NamedReplay replay) = RaceSearch.Trace(
            race,
            schedule,
            isStrict,
            command);
        if (!isQuiet)
        {
            RaceListing.Write(console, trace);
            text.WriteLine();
        }

        if (directory is not null)
        {
            text.WriteLine(RaceFiles.Write(directory, trace, null));
        }

        (ExitCode code, string verdict) = VerdictOf(race, schedule, outcome, replay);
        ReplaySuite suite = new(race, schedule, outcome.Finding, code, verdict)
        {
            Listing = RaceListing.Text(trace),
            Command = command,
            At = beganAt,
            Time = _shell.Clock.GetElapsedTime(began),
        };
        try
        {
            if (junit.Write(_shell.Out, JUnitReport.ToXml([suite.ToJUnit()])) is { } said && !isQuiet)
            {
                text.WriteLine(said);
            }
        }
        finally
        {
            text.WriteLine(verdict);
        }

        return code;
    }

    private static (ExitCode Code, string Text) VerdictOf(
        RaceDefinition race, Schedule schedule, ScheduleOutcome outcome, NamedReplay replay)
    {
        string name = $"{race.Id} {race.Variant}";
        if (replay.Divergence is { } divergence)
        {
            return (
                ExitCode.Inconclusive,
                $"{name}: DIVERGED at {divergence}\n"
                    + "the schedule is not of this kernel and topology; --lenient leaves out what does not fit");
        }

        string skipped = (replay.Skipped == 0
            ? ""
            : $"; {replay.Skipped} of {Counted.Of(schedule.Steps.Count, "step")} did not fit and were left out")
            + Beyond(schedule, outcome, replay);
        return outcome.Finding is { } finding ? (ExitCode.Violation, $"{name}: BROKEN {finding.Rule}{skipped}")
            : outcome.End == ExploredEnd.StepLimit
                ? (
                    ExitCode.Inconclusive,
                    $"{name}: INCONCLUSIVE: {Counted.Of(outcome.Steps, "step")}, and neither an end nor a state that "
                        + $"comes back{skipped}")
            : (ExitCode.Pass, $"{name}: HOLDS in this schedule{skipped}");
    }

    /// <summary>A file that is shorter or longer than what it led to.</summary>
    private static string Beyond(Schedule schedule, ScheduleOutcome outcome, NamedReplay replay)
    {
        int recorded = schedule.Steps.Count(step => step.Choice is null);
        return schedule.CycleStart >= 0 ? outcome.CycleStart >= 0 ? "" : "; the lap of the file does not come back here"
            : outcome.Steps > recorded
                ? $"; the file has {Counted.Of(recorded, "step")}, the tasks went on by themselves for "
                    + $"{outcome.Steps - recorded} more"
            : outcome.Finding is not null && replay.Followed < schedule.Steps.Count
                ? $"; the last {Counted.Of(schedule.Steps.Count - replay.Followed, "line")} of the file come behind "
                    + "that"
            : "";
    }

    private static IEnumerable<string> Words(ParseResult parsed) => parsed.Tokens.Select(token => token.Value);

    private static Schedule Read(string name)
    {
        if (!File.Exists(name))
        {
            if (Catalogue.FileOf(name) is not null)
            {
                return Catalogue.ScheduleOf(name)
                    ?? throw CommandException.Usage(
                        $"{name}: the catalogue has no schedule of it: no schedule breaks its rule; '{EpcCommand.Name} "
                            + $"race find {name}' looks again");
            }

            ScenarioFile.RequireReadableName(name);
            throw CommandException.Usage(Directory.Exists(name)
                ? $"{name}: this is a folder; name a schedule in it"
                : $"{name}: there is no such file; 'epc race find RACE --out DIR' writes one");
        }

        try
        {
            return Schedule.Parse(TextFiles.Read(name) ?? "", name);
        }
        catch (ScheduleFormatException wrong)
        {
            throw CommandException.Usage(wrong.Message);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"{name}: cannot read it: {wrong.Message}");
        }
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "Strictly: every step must be what the file says, or the first that is not is named. Leniently: a "
                    + "schedule found on one kernel is carried over to another; what does not fit there is "
                    + "left out, and after the last step the tasks run on.",
            ],
            Examples =
            [
                new("epc race replay r3/race.schedule", "Shows it once more"),
                new("epc race replay r3/race.schedule --variant fixed", "The same order of things on the fixed kernel"),
                new(
                    "epc race replay r3/race.schedule --set epc.switches.pcmd-truncate-checked=on",
                    "One switch changed"),
            ],
            ExitCodes =
            [
                (ExitCode.Pass, "the rule holds in this schedule"),
                (ExitCode.Violation, "a rule is broken"),
                (ExitCode.Inconclusive, "the schedule does not fit, or its run does not end"),
                (ExitCode.Usage, "a mistake in the command line or in the schedule"),
            ],
            SeeAlso = ["docs/races.md"],
        };
}
