using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Exploration;
using EpcActors.Imports;
using EpcActors.Races;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands.Races;

/// <summary><c>epc check</c>: a scenario in many orders of its critical sections, with every rule on.</summary>
internal sealed class CheckCommand
{
    private const int ListedSteps = 60;

    /// <summary>Steps of a schedule when the scenario's own length is not known.</summary>
    private const int StandardSteps = 200_000;

    /// <summary>A schedule may take so many times the steps that the scenario has in turn.</summary>
    private const int StepsPerLength = 3;

    /// <summary>
    /// What is not small by then stays as it is: the schedule is replayed from its decisions, so any length of it is
    /// right.
    /// </summary>
    private static readonly TimeSpan MostShrinking = TimeSpan.FromSeconds(15);

    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly Option<IReadOnlyList<string>> _strategy = RaceOptions.Strategy();
    private readonly Option<Budget?> _budget = RaceOptions.BudgetOption("30s");
    private readonly Option<int> _workers = RaceOptions.Workers();
    private readonly Option<string?> _variant = RaceOptions.Variant("the first of a race file");

    private readonly Option<int?> _steps = new("--steps")
    {
        HelpName = "N",
        Description = "steps of a schedule; a longer one is audited where it is and cut (default: three times the "
            + "steps that the scenario has with every task in turn)",
        CustomParser = static result =>
        {
            if (
                int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int steps)
                && steps is >= 100 and <= 1_000_000_000)
            {
                return steps;
            }

            result.AddError($"--steps {result.Tokens[0].Value}: a number from 100 to 1000000000");
            return null;
        },
    };

    private readonly Option<string?> _resume = SearchState.Option();
    private readonly Option<string?> _engine = Hidden(CommonOptions.Engine());
    private readonly Option<bool> _live = Hidden(CommonOptions.Flag("--live", ""));

    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet",
        "prints the verdict only, in one line, and the command that repeats it");

    private readonly Option<string?> _junit = CommonOptions.JUnit(": a case for each rule");
    private TextWriter _text;
    private IAnsiConsole _console;

    private readonly InputOptions _input = new();
    private ScenarioText? _source;

    private CheckCommand(CommandShell shell)
    {
        _shell = shell;
        (_text, _console) = DocumentTarget.Beside(shell);
    }

    public static Command Create(CommandShell shell)
    {
        CheckCommand check = new(shell);
        DocumentedCommand command = new(
            "check",
            "Runs a scenario in many orders of its critical sections, on all cores, with every rule on.",
            Page())
        {
            check._file, check._set, check._seed, check._strategy, check._budget, check._workers, check._variant,
            check._steps, check._resume, check._junit, check._quiet, check._engine, check._live,
        };
        foreach (Option option in check._input.All)
        {
            command.Options.Add(option);
        }

        command.SetAction((parsed, token) => Task.FromResult((int)check.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        string file = parsed.GetRequiredValue(_file);
        RequireSimulation(parsed, file);
        _source = ScenarioFile.Open(file, _input.Read(parsed), _shell.Configuration);
        IReadOnlyList<KeyValuePair<string, string>> settings = parsed.GetRequiredValue(_set);
        IReadOnlyList<string> strategies = parsed.GetRequiredValue(_strategy);
        StrategyCheck.Require(strategies);
        if (strategies.Contains("exhaustive"))
        {
            throw CommandException.Usage(
                "--strategy exhaustive: a whole scenario has too many orders for that; 'epc race find' searches a race "
                    + "file exhaustively");
        }

        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        (_text, _console) = DocumentTarget.Beside(_shell, junit);
        Scenario scenario = Load(
            _source, parsed.GetValue(_variant), settings, parsed.GetValue(_seed), tellsNotes: true);
        ulong seed = parsed.GetValue(_seed) ?? scenario.Seed;
        Budget budget = parsed.GetValue(_budget) ?? new Budget(null, TimeSpan.FromSeconds(30), "30s");
        SearchState? state = SearchState.Load(parsed.GetValue(_resume), Path.GetFileName(file), seed, strategies);
        bool isQuiet = parsed.GetValue(_quiet);
        if (!isQuiet)
        {
            _text.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file}: kernel {scenario.Kernel}, seed {seed}, engine simulation (explored), budget {budget.Text}"
                ));
        }

        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        int steps = StepsOf(scenario, parsed, isQuiet);
        HuntPlan plan = new()
        {
            NewWorld = () => NewWorld(scenario, steps),
            Strategies = strategies.Count > 0 ? strategies : StrategyNames.Portfolio,
            Seed = seed,
            MaxSchedules = budget.Schedules is { } more ? (state?.Done?.Schedules ?? 0) + more : long.MaxValue,
            MaxTime = budget.Time,
            Workers = parsed.GetValue(_workers),
            SelfCheckEvery = scenario.Race is null ? 16 : 64,
            CountStatesEvery = scenario.Race is null ? 0 : 16,
            ChunkSchedules = scenario.Race is null ? 1 : 32,
            Resume = state?.Done,
        };
        _shell.RunBegins();
        HuntResult result = new SearchDisplay(_shell, isQuiet).Follow("check", progress =>
            Hunt.Run(
                plan,
                progress is null
                    ? null
                    : one =>
                        progress(
                            string.Create(
                                CultureInfo.InvariantCulture,
                                $"{Counted.Of(one.Schedules, "schedule", "N0")}, {Counted.Of(one.Steps, "step", "N0")}")
                        ),
                cancellation));
        state?.Save(result.Progress);
        (ExitCode code, SearchSuite suite) = Tell(scenario, plan, result, parsed, steps, isQuiet);
        suite = suite with { At = beganAt, Time = _shell.Clock.GetElapsedTime(began) };
        suite.Write(junit, _shell, _text, isQuiet);
        return code;
    }

    /// <summary>As the user says, or as the scenario needs.</summary>
    private int StepsOf(Scenario scenario, ParseResult parsed, bool isQuiet)
    {
        if (parsed.GetValue(_steps) is { } steps)
        {
            return steps;
        }

        if (scenario.Race is not null)
        {
            return StandardSteps;
        }

        int? length = new SearchDisplay(_shell, isQuiet).Follow("measuring the scenario's length", _ =>
            ScenarioLength.Measure(scenario));
        if (!isQuiet)
        {
            _text.WriteLine(
                length is { } known
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"in turn the scenario has {Counted.Of(known, "step", "N0")}")
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"in turn the scenario does not end within {ScenarioLength.Most:N0} steps; schedules are cut "
                            + $"after {StandardSteps:N0}"));
        }

        return length is { } found ? Math.Max(StandardSteps, StepsPerLength * found) : StandardSteps;
    }

    /// <summary>A user of epc run may look for its engines here.</summary>
    private void RequireSimulation(ParseResult parsed, string file)
    {
        string? engine = parsed.GetValue(_engine);
        bool isLive = parsed.GetValue(_live);
        if (isLive || (engine is not null && engine != "simulation"))
        {
            string option = isLive ? "--live" : $"--engine {engine}";
            throw CommandException.Usage(
                $"{option}: epc check decides which critical section comes next, which only the simulation can; "
                    + $"'{EpcCommand.Name} run {file} {option}' runs it live");
        }
    }

    private static T Hidden<T>(T option)
        where T : Option
    {
        option.Hidden = true;
        return option;
    }

    private (ExitCode Code, SearchSuite Suite) Tell(
        Scenario scenario, HuntPlan plan, HuntResult result, ParseResult parsed, int steps, bool isQuiet)
    {
        if (!isQuiet)
        {
            HuntText.Write(_text, result);
        }

        string[] missed = [.. result.Marks.Where(mark => !mark.WasHit).Select(mark => mark.Text)];
        SearchSuite suite = new()
        {
            ClassName = ["check", Path.GetFileNameWithoutExtension(scenario.File), scenario.Kernel],
            Name = scenario.Title.Length > 0 ? $"{scenario.File}: {scenario.Title}" : scenario.File,
            Scenario = scenario,
            Kernel = scenario.Kernel,
            Seed = plan.Seed,
            Verdict = "",
            Command = "",
            MissedMarks = missed,
        };
        if (result.Found is { } found)
        {
            return (ExitCode.Violation, TellFound(suite, plan, found, parsed, steps, isQuiet));
        }

        foreach (string mark in missed)
        {
            _text.WriteLine($"never seen: {mark}");
        }

        (string verdict, bool isNothing) = VerdictOf(plan, result, steps);
        _text.WriteLine(verdict);
        return (
            isNothing ? ExitCode.Inconclusive : ExitCode.Pass,
            suite with
            {
                Verdict = verdict,
                Command = Repeating(
                    plan,
                    parsed,
                    steps,
                    parsed.GetResult(_budget)?.Tokens is [var given] ? given.Value : null),
                Undecided = isNothing ? verdict : null,
            });
    }

    private SearchSuite TellFound(
        SearchSuite suite, HuntPlan plan, FoundSchedule found, ParseResult parsed, int steps, bool isQuiet)
    {
        SmallerTopology smaller = new SearchDisplay(_shell, isQuiet).Follow(
            "shrinking", _ => Shrink(suite.Scenario, plan, found, parsed, steps));
        ShrunkSchedule shrunk = smaller.Shrunk;
        RaceTrace trace = Trace(smaller.Scenario, NewWorld(smaller.Scenario, steps), found, shrunk, out string cut);
        if (!isQuiet)
        {
            _text.Write(cut);
            RaceListing.Write(_console, trace);
            _text.WriteLine();
        }

        foreach (KeyValuePair<string, string> setting in isQuiet ? [] : smaller.Settings)
        {
            _text.WriteLine($"smaller by --set '{setting.Key}={setting.Value}'");
        }

        string verdict = string.Create(
            CultureInfo.InvariantCulture,
            $"VIOLATION {shrunk.Finding.Rule}: schedule {found.Number} ({found.Strategy}); shrunk from "
                + $"{Counted.Of(Decision.StepsOf(found.Decisions), "step")} to {shrunk.Steps}, "
                + $"{Counted.Of(shrunk.Switches, "switch")}");
        string command = Repeating(plan, parsed, steps, (found.Number + 1).ToString(CultureInfo.InvariantCulture));
        _text.WriteLine(verdict);
        _text.WriteLine(shrunk.Finding.Detail);
        return suite with
        {
            Verdict = verdict,
            Broken = shrunk.Finding,
            Listing = cut + RaceListing.Text(trace),
            Command = command,
        };
    }

    /// <summary>The command that comes to the same verdict: all that the search depends on.</summary>
    private string Repeating(HuntPlan plan, ParseResult parsed, int steps, string? budget)
    {
        List<string> words =
        [
            EpcCommand.Name, "check", parsed.GetRequiredValue(_file),
            "--seed", plan.Seed.ToString(CultureInfo.InvariantCulture),
        ];
        if (budget is not null)
        {
            words.AddRange(["--budget", budget]);
        }

        words.AddRange(["--steps", steps.ToString(CultureInfo.InvariantCulture)]);
        foreach (KeyValuePair<string, string> setting in parsed.GetRequiredValue(_set))
        {
            words.AddRange(["--set", $"{setting.Key}={setting.Value}"]);
        }

        if (parsed.GetRequiredValue(_strategy) is { Count: > 0 } strategies)
        {
            words.AddRange(["--strategy", string.Join(',', strategies)]);
        }

        if (parsed.GetValue(_variant) is { } variant)
        {
            words.AddRange(["--variant", variant]);
        }

        words.AddRange(InputWords.Of(_input.Read(parsed)));
        return ShellQuoting.Join(words, _shell.Dialect);
    }

    /// <summary>
    /// A pass says that schedules came to their end. When most of them were cut, what they would have done is not
    /// known.
    /// </summary>
    private static (string Text, bool IsInconclusive) VerdictOf(HuntPlan plan, HuntResult result, int steps)
    {
        long all = result.Progress.Schedules;
        long ended = all - result.Unfinished;
        bool isInconclusive = all == 0 || result.IsCancelled || 2 * ended < all;
        string share =
            all == 0
                ? "no schedule was run"
                : $"no rule broken in {Count(all, "schedule", "schedules")} of "
                    + $"{Count(plan.Strategies.Count, "strategy", "strategies")}; "
                    + (ended == all ? "all came to their end" : Cut(ended, all - ended, steps));
        string remedy =
            isInconclusive && all > 0 && !result.IsCancelled ? "; name more --steps, or a scenario with less work" : "";
        return ($"{(isInconclusive ? "INCONCLUSIVE" : "PASS")}: {share}{remedy}", isInconclusive);

        static string Cut(long ended, long cut, int steps) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"{ended:N0} came to their end, {cut:N0} were cut after {Counted.Of(steps, "step", "N0")}");

        static string Count(long count, string one, string many) =>
            string.Create(CultureInfo.InvariantCulture, $"{count:N0} {(count == 1 ? one : many)}");
    }

    private static LabWorld NewWorld(Scenario scenario, int steps) =>
        scenario.Race is null ? new ScenarioWorld(scenario, steps) : new RaceWorld(scenario);

    /// <summary>The schedule first, then the topology: a whole scenario breaks with much less than it has.</summary>
    private SmallerTopology Shrink(Scenario scenario, HuntPlan plan, FoundSchedule found, ParseResult parsed, int steps)
    {
        using CancellationTokenSource enough = new(MostShrinking);
        ShrunkSchedule shrunk = Shrinker.Shrink(plan.NewWorld(), found, ShrinkRuns(found), enough.Token);
        IReadOnlyList<KeyValuePair<string, string>> settings = parsed.GetRequiredValue(_set);
        return new TopologyShrinker(
            smaller =>
                Load(_source!, parsed.GetValue(_variant), [.. settings, .. smaller], parsed.GetValue(_seed)),
            one => NewWorld(one, steps),
            plan.Seed)
        {
            Schedules = scenario.Race is null ? 6 : 200,
            ShrinkRuns = scenario.Race is null ? 60 : 600,
        }.Shrink(scenario, shrunk, enough.Token);
    }

    /// <summary>A long schedule is shrunk for seconds, not for minutes.</summary>
    private static int ShrinkRuns(FoundSchedule found) =>
        (int)Math.Clamp(20_000_000L / Math.Max(1, found.Decisions.Length), 20, 4000);

    /// <summary>The end of the schedule: a whole scenario builds its enclaves first, which fills pages.</summary>
    /// <param name="scenario">The scenario, made smaller.</param>
    /// <param name="world">Runs it.</param>
    /// <param name="found">As it was found.</param>
    /// <param name="shrunk">As it is shown.</param>
    /// <param name="cut">A line that says how much is not shown; empty when all is.</param>
    private static RaceTrace Trace(
        Scenario scenario, LabWorld world, FoundSchedule found, ShrunkSchedule shrunk, out string cut)
    {
        RaceTrace header = new()
        {
            Id = Path.GetFileNameWithoutExtension(scenario.File),
            Title = scenario.Title,
            Variant = found.Strategy,
            Kernel = scenario.Kernel,
            Tasks = [],
            Resources = [],
            Quantities = ["counter", "free-pages"],
            Steps = [],
        };
        world.Target = shrunk.Finding.Rule;
        (RaceTrace trace, _) = TraceRecorder.Record(
            world, new Replay(shrunk.Decisions, isStrict: true), header, shrunk.CycleStart);
        int first = Math.Max(0, trace.Steps.Count - ListedSteps);
        cut = first == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $"the last {ListedSteps} of {Counted.Of(trace.Steps.Count, "step")}:\n");
        return trace with { Steps = [.. trace.Steps.Skip(first)] };
    }

    private Scenario Load(
        ScenarioText source,
        string? variant,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        ulong? seed,
        bool tellsNotes = false)
    {
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(
            source.SourceName, settings, seed, source.In(_shell.Configuration));
        if (loaded.Scenario.Race is not null)
        {
            RaceDefinition race = RaceOptions.Load(source.SourceName, variant, settings, _shell);
            if (tellsNotes)
            {
                RaceOptions.WriteNotes(race.Notes, _shell);
            }

            return race.Scenario;
        }

        if (tellsNotes)
        {
            RaceOptions.WriteNotes([.. source.Notes, .. loaded.Notes], _shell);
        }

        return variant is null
            ? loaded.Scenario
            : throw CommandException.Usage(
                $"--variant {variant}: {source.SourceName} is not a race file and has no variants");
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "Time is left out: who goes next is up to a strategy, and what costs would never let happen may "
                    + "happen. So a pass says more than that of 'epc run', and slowness says nothing.",
                "A schedule that does not end within --steps is audited where it is, then goes on in turn for a while: "
                    + "when nothing useful happens any more, that is a hang.",
            ],
            Examples =
            [
                new("epc check config/quickstart.conf", "Half a minute on all cores"),
                new("epc check my.conf --budget 10m --resume my.check", "Ten minutes more each time"),
                new(
                    "epc check my.conf --budget 2000 --junit check.xml",
                    "In CI: each rule as a case for the build server"),
            ],
            ExitCodes =
            [
                (
                    ExitCode.Pass,
                    "no rule was broken within the budget, and at least half of the schedules came to their end"),
                (ExitCode.Violation, "a rule was broken"),
                (ExitCode.Inconclusive, "cancelled, or more than half of the schedules were cut before their end"),
                (ExitCode.Usage, "a mistake in the command line or in a configuration file"),
                (ExitCode.EmulatorError, "an error in epc itself, such as two runs of one schedule that differ"),
            ],
            SeeAlso = ["epc race --help: small topologies, searched to the end", .. StandardExitCodes.KeyReference],
        };
}
