using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Lab.Races;
using EpcActors.Lab.Results;
using EpcActors.Reporting;

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
    private readonly Option<bool> _noShrink = CommonOptions.Flag("--no-shrink", "leaves the schedule as long as it was found");
    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "prints the verdict only, in one line, and the command that repeats it");

    private RaceFindCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        RaceFindCommand find = new(shell);
        DocumentedCommand command = new("find", "Searches the schedules of a race for one that breaks a rule, and shortens it.", Page())
        {
            find._race, find._variant, find._strategy, find._seed, find._budget, find._workers, find._set, find._out, find._resume, find._noShrink, find._quiet,
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
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        ulong seed = parsed.GetValue(_seed) ?? 1;
        SearchState? state = SearchState.Load(parsed.GetValue(_resume), $"{race.Id} {race.Variant}", seed, strategies);
        RaceSearchOptions options = new()
        {
            Resume = state?.Done,
            Strategies = strategies,
            Seed = seed,
            MaxSchedules = budget is null ? null : budget.Schedules is { } more ? (state?.Done?.Schedules ?? 0) + more : long.MaxValue,
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
            _shell.Out.WriteLine($"{race.Id} {race.Variant}: {race.Title}");
            _shell.Out.WriteLine($"kernel {race.Kernel}, seed {seed.ToString(CultureInfo.InvariantCulture)}");
            _shell.Out.WriteLine();
        }

        _shell.RunBegins();
        RaceFinding finding = new SearchDisplay(_shell, isQuiet).Follow(
            $"{race.Id} {race.Variant}", progress => RaceSearch.Find(race, options, progress, cancellation));
        if (finding.Hunt is { } hunt)
        {
            state?.Save(hunt.Progress);
        }

        return Tell(finding, Repeating(parsed, race), directory, isQuiet);
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

    private ExitCode Tell(RaceFinding finding, IReadOnlyList<string> again, OutputDirectory? directory, bool isQuiet)
    {
        RaceDefinition race = finding.Race;
        if (finding.Schedule is { } schedule)
        {
            string replay = directory is null
                ? ShellQuoting.Join(again, _shell.Dialect)
                : ShellQuoting.Join([EpcCommand.Name, "race", "replay", directory.PathOf(RaceFiles.Schedule)], _shell.Dialect);
            (RaceTrace trace, _, _) = RaceSearch.Trace(race, schedule, isStrict: true, replay);
            if (!isQuiet)
            {
                RaceListing.Write(_shell.Console, trace);
                _shell.Out.WriteLine();
            }

            foreach (string setting in isQuiet ? [] : schedule.Settings)
            {
                _shell.Out.WriteLine($"smaller by --set '{setting}'");
            }

            _shell.Out.WriteLine($"{race.Id} {race.Variant}: FOUND {finding.Shrunk!.Finding.Rule}: {schedule.Found}");
            if (directory is not null)
            {
                _shell.Out.WriteLine(RaceFiles.Write(directory, trace, schedule));
            }

            _shell.Out.WriteLine(replay);
            return ExitCode.Violation;
        }

        SearchVerdict verdict = finding.Verdict;
        if (!isQuiet)
        {
            BlindSpots.Write(_shell.Out, race);
        }

        _shell.Out.WriteLine(verdict.Kind == VerdictKind.Clean
            ? $"{race.Id} {race.Variant}: CLEAN: {verdict.Bound}"
            : $"{race.Id} {race.Variant}: INCONCLUSIVE: nothing found in {verdict.Bound}; the budget ended first");
        foreach (string mark in verdict.MissedMarks)
        {
            _shell.Out.WriteLine($"never seen: {mark}; the search may have missed what the race is about");
        }

        if (!isQuiet && finding.Hunt is { } hunt)
        {
            HuntText.Write(_shell.Out, hunt);
        }

        return verdict.Kind == VerdictKind.Clean && verdict.MissedMarks.Count == 0 ? ExitCode.Pass : ExitCode.Inconclusive;
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "A schedule is the order in which tasks enter the critical sections of the kernel. Schedule n of a seed is the same on every machine, whatever the number of cores.",
            "Clean means: no schedule within the bound that is printed breaks any rule.",
        ],
        Examples =
        [
            new("epc race find R1", "The shortest interleaving that loses a page count"),
            new("epc race find R1 --variant fixed", "Does the fix hold in every schedule?"),
            new("epc race find R3 --out r3", "Schedule, listing, diagrams and traces as files"),
            new("epc race find R1 --strategy pct3 --seed 7 --budget 10s", "One strategy, another seed, ten seconds"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "no schedule within the bound breaks a rule"),
            (ExitCode.Violation, "a schedule breaks a rule"),
            (ExitCode.Inconclusive, "the budget ended first, or the search was cancelled"),
            (ExitCode.Usage, "a mistake in the command line or in a race file"),
        ],
        SeeAlso = ["docs/races.md: every race, and how to write one", "epc race replay --help: carry a schedule over to another kernel"],
    };
}
