using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc race find</c>: searches one race for a schedule that breaks a rule.</summary>
internal sealed class RaceFindCommand
{
    private readonly CommandShell _shell;
    private readonly Argument<string> _race = RaceOptions.Race();
    private readonly Option<string?> _variant = RaceOptions.Variant("buggy");
    private readonly Option<IReadOnlyList<string>> _strategy = RaceOptions.Strategy();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly Option<Budget?> _budget = RaceOptions.BudgetOption("what the race file says");
    private readonly Option<int> _workers = RaceOptions.Workers();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<string?> _out = CommonOptions.Out("writes the schedule and everything that shows it there");
    private readonly Option<string?> _resume = SearchState.Option();
    private readonly Option<bool> _noShrink = CommonOptions.Flag(
        "--no-shrink",
        "leaves the schedule as long as it was found");
    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet",
        "prints the verdict only, in one line, and the command that repeats it");

    private readonly Option<string?> _junit = CommonOptions.JUnit(
        ": a case for each rule, property and mark of the race");

    private TextWriter _text;
    private IAnsiConsole _console;

    private RaceFindCommand(CommandShell shell)
    {
        _shell = shell;
        (_text, _console) = DocumentTarget.Beside(shell);
    }

    public static Command Create(CommandShell shell)
    {
        RaceFindCommand find = new(shell);
        DocumentedCommand command = new(
            "find",
            "Searches the schedules of a race for one that breaks a rule, and shortens it.",
            Page())
        {
            find._race, find._variant, find._strategy, find._seed, find._budget, find._workers, find._set, find._out,
            find._junit, find._resume, find._noShrink, find._quiet,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)find.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        bool isQuiet = parsed.GetValue(_quiet);
        (string file, string text) = RaceOptions.Find(parsed.GetRequiredValue(_race), _shell);
        IReadOnlyList<KeyValuePair<string, string>> settings = parsed.GetRequiredValue(_set);
        RaceDefinition race = RaceOptions.Load(file, parsed.GetValue(_variant), settings, _shell);
        IReadOnlyList<string> strategies = parsed.GetRequiredValue(_strategy);
        StrategyCheck.Require(strategies);
        Budget? budget = parsed.GetValue(_budget);
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        (_text, _console) = DocumentTarget.Beside(_shell, junit);
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        ulong seed = parsed.GetValue(_seed) ?? 1;
        SearchState? state = SearchState.Load(parsed.GetValue(_resume), $"{race.Id} {race.Variant}", seed, strategies);
        RaceSearchOptions options = new()
        {
            Resume = state?.Done,
            KeptStates = state?.States(text, settings),
            Strategies = strategies,
            Seed = seed,
            MaxSchedules =
                budget is null ? null
                : budget.Schedules is { } more ? (state?.Done?.Schedules ?? 0) + more
                : long.MaxValue,
            MaxTime = budget?.Time,
            Workers = parsed.GetValue(_workers),
            ShrinkRuns = parsed.GetValue(_noShrink) ? 0 : 4000,
            Reload = smaller => RaceFile.Load(file, race.Variant, [.. settings, .. smaller], _shell.Configuration),
            Settings = [.. settings.Select(one => $"{one.Key}={one.Value}")],
            Text = text,
        };
        RaceOptions.WriteNotes(race.Notes, _shell);
        if (!isQuiet)
        {
            _text.WriteLine($"{race.Id} {race.Variant}: {race.Title}");
            _text.WriteLine($"kernel {race.Kernel}, seed {seed.ToString(CultureInfo.InvariantCulture)}");
            _text.WriteLine();
        }

        _shell.RunBegins();
        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        RaceFinding finding = new SearchDisplay(_shell, isQuiet).Follow(
            $"{race.Id} {race.Variant}", progress => RaceSearch.Find(race, options, progress, cancellation));
        if (finding.Hunt is { } hunt)
        {
            state?.Save(hunt.Progress);
        }

        (ExitCode code, SearchSuite suite) = Tell(finding, Repeating(parsed, race), directory, isQuiet);
        suite = suite with
        {
            Seed = seed,
            Target = RaceSearch.TargetOf(race, options),
            At = beganAt,
            Time = _shell.Clock.GetElapsedTime(began),
        };
        suite.Write(junit, _shell, _text, isQuiet);
        return code;
    }

    /// <summary>The command that finds the same again: all that the search depends on.</summary>
    private List<string> Repeating(ParseResult parsed, RaceDefinition race)
    {
        List<string> words = [EpcCommand.Name, "race", "find", parsed.GetRequiredValue(_race)];
        if (race.Variant.Length > 0)
        {
            words.AddRange(["--variant", race.Variant]);
        }

        if (parsed.GetRequiredValue(_strategy) is { Count: > 0 } strategies)
        {
            words.AddRange(["--strategy", string.Join(',', strategies)]);
        }

        if (parsed.GetValue(_seed) is { } seed)
        {
            words.AddRange(["--seed", seed.ToString(CultureInfo.InvariantCulture)]);
        }

        if (parsed.GetResult(_budget) is { Implicit: false } budget)
        {
            words.AddRange(["--budget", .. budget.Tokens.Select(token => token.Value)]);
        }

        foreach (KeyValuePair<string, string> setting in parsed.GetRequiredValue(_set))
        {
            words.AddRange(["--set", $"{setting.Key}={setting.Value}"]);
        }

        if (parsed.GetValue(_noShrink))
        {
            words.Add("--no-shrink");
        }

        return words;
    }

    private (ExitCode Code, SearchSuite Suite) Tell(
        RaceFinding finding, IReadOnlyList<string> again, OutputDirectory? directory, bool isQuiet)
    {
        RaceDefinition race = finding.Race;
        SearchSuite suite = new()
        {
            ClassName = ["race", race.Id, race.Variant],
            Name = SearchSuite.NameOf(race),
            Scenario = race.Scenario,
            Kernel = race.Kernel,
            Seed = 0,
            Verdict = "",
            Command = ShellQuoting.Join(again, _shell.Dialect),
            MissedMarks = finding.Verdict.MissedMarks,
            MarksCount = true,
        };
        return finding.Schedule is { } schedule
            ? (ExitCode.Violation, TellFound(finding, schedule, suite, directory, isQuiet))
            : TellNothingFound(finding, suite, isQuiet);
    }

    private SearchSuite TellFound(
        RaceFinding finding, Schedule schedule, SearchSuite suite, OutputDirectory? directory, bool isQuiet)
    {
        RaceDefinition race = finding.Race;
        string replay = directory is null
            ? suite.Command
            : ShellQuoting.Join(
                [EpcCommand.Name, "race", "replay", directory.PathOf(RaceFiles.Schedule)],
                _shell.Dialect);
        (RaceTrace trace, _, _) = RaceSearch.Trace(race, schedule, isStrict: true, replay);
        if (!isQuiet)
        {
            RaceListing.Write(_console, trace);
            _text.WriteLine();
        }

        foreach (string setting in isQuiet ? [] : schedule.Settings)
        {
            _text.WriteLine($"smaller by --set '{setting}'");
        }

        Finding broken = finding.Shrunk!.Finding;
        string found = $"{race.Id} {race.Variant}: FOUND {broken.Rule}: {schedule.Found}";
        _text.WriteLine(found);
        if (directory is not null)
        {
            _text.WriteLine(RaceFiles.Write(directory, trace, schedule));
        }

        return suite with
        {
            Verdict = found,
            Broken = broken,
            Listing = RaceListing.Text(trace),
            Command = replay,
        };
    }

    private (ExitCode Code, SearchSuite Suite) TellNothingFound(RaceFinding finding, SearchSuite suite, bool isQuiet)
    {
        RaceDefinition race = finding.Race;
        SearchVerdict verdict = finding.Verdict;
        if (!isQuiet)
        {
            BlindSpots.Write(_text, race);
        }

        bool isClean = verdict.Kind == VerdictKind.Clean;
        string text = isClean
            ? $"{race.Id} {race.Variant}: CLEAN: {verdict.Bound}"
            : $"{race.Id} {race.Variant}: INCONCLUSIVE: nothing found in {verdict.Bound}; the budget ended first";
        _text.WriteLine(text);
        foreach (string mark in verdict.MissedMarks)
        {
            _text.WriteLine($"never seen: {mark}; the search may have missed what the race is about");
        }

        if (!isQuiet && finding.Hunt is { } hunt)
        {
            HuntText.Write(_text, hunt);
        }

        return (
            isClean && verdict.MissedMarks.Count == 0 ? ExitCode.Pass : ExitCode.Inconclusive,
            suite with { Verdict = text, Undecided = isClean ? null : text });
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "A schedule is the order in which tasks enter the critical sections of the kernel. Schedule n of a "
                    + "seed is the same on every machine, whatever the number of cores.",
                "Clean means: no schedule within the bound that is printed breaks any rule.",
            ],
            Examples =
            [
                new("epc race find R1", "The shortest interleaving that loses a page count"),
                new("epc race find R1 --variant fixed", "Does the fix hold in every schedule?"),
                new("epc race find R3 --out r3", "Schedule, listing, diagrams and traces as files"),
                new("epc race find R1 --variant fixed --junit r1.xml", "In CI: rules, properties and marks as cases"),
                new(
                    "epc race find R1 --strategy pct3 --seed 7 --budget 10s",
                    "One strategy, another seed, ten seconds"),
            ],
            ExitCodes =
            [
                (ExitCode.Pass, "no schedule within the bound breaks a rule"),
                (ExitCode.Violation, "a schedule breaks a rule"),
                (ExitCode.Inconclusive, "the budget ended first, or the search was cancelled"),
                (ExitCode.Usage, "a mistake in the command line or in a race file"),
            ],
            SeeAlso =
            [
                "docs/races.md: every race, and how to write one",
                "epc race replay --help: carry a schedule over to another kernel",
            ],
        };
}
