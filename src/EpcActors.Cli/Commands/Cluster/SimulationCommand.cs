using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Commands.Races;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Simulation;
using EpcActors.Exploration;
using EpcActors.Imports;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands.Cluster;

/// <summary>
/// <c>epc cluster --simulate</c>: the protocol between processes under simulated faults, seed by seed, in this process.
/// </summary>
internal sealed class SimulationCommand
{
    private const long DefaultSeeds = 1000;
    private const long MostPages = 4096;
    private const int FramesShown = 16;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromSeconds(5);

    /// <summary>Options of runs over processes that a simulation has too.</summary>
    private static readonly string[] Shared = ["--set", "--quiet", "--help"];

    private readonly CommandShell _shell;
    private readonly Option<bool> _simulate = CommonOptions.Flag(
        "--simulate",
        "starts no process, but simulates processes and the network between them with crashes, partitions and lost "
            + "frames, a run for each seed");
    private readonly Option<long?> _seeds = new("--seeds")
    {
        HelpName = "N",
        Description = $"with --simulate: how many seeds (default: {DefaultSeeds})",
    };
    private readonly Option<ulong?> _from = new("--from")
    {
        HelpName = "S",
        Description = "with --simulate: the first seed (default: 1)",
    };
    private readonly Option<string?> _defect = new("--defect")
    {
        HelpName = "NAME",
        Description =
            "with --simulate: leaves a rule out, to see that it is missed; the first nine are of the protocol, the "
            + "others of the coordinator:\n"
            + DefectText.Lines(),
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<IReadOnlyList<string>> _strategy = CommonOptions.List(
        "--strategy",
        "NAMES",
        $"with --simulate: who goes next, a strategy for each seed in turn: {string.Join(", ", StrategyNames.All)} "
            + "(default: walks that are made for clusters)",
        static () => [.. StrategyNames.Portfolio]);

    private readonly DelayCommand _delay;

    private IReadOnlyList<string> _importWords = [];

    public SimulationCommand(CommandShell shell)
    {
        _shell = shell;
        _delay = new DelayCommand(shell);
    }

    /// <summary>Its options, for the command that it is part of.</summary>
    public IEnumerable<Option> Options => [_simulate, _seeds, _from, _defect, _strategy, .. _delay.Options];

    /// <summary>Was it asked for?</summary>
    /// <exception cref="CommandException">when its options are given without it.</exception>
    public bool IsAsked(ParseResult parsed)
    {
        if (parsed.GetValue(_simulate))
        {
            Option? foreign = parsed.CommandResult.Command.Options.FirstOrDefault(option =>
                !Options.Contains(option)
                && !Shared.Contains(option.Name)
                && parsed.GetResult(option) is { Implicit: false });
            return foreign is null
                ? true
                : throw CommandException.Usage(
                    $"{foreign.Name} is for processes, and --simulate starts none; leave one of them out");
        }

        Option? stray = Options.FirstOrDefault(option =>
            option != _simulate && parsed.GetResult(option) is { Implicit: false });
        return stray is null
            ? false
            : throw CommandException.Usage($"{stray.Name} goes with --simulate; add that, or leave {stray.Name} out");
    }

    /// <summary>Runs the seeds.</summary>
    /// <param name="parsed">The words of the call.</param>
    /// <param name="file">A scenario; empty for the small machines that are built in.</param>
    /// <param name="import">What it does not say when it is not a scenario.</param>
    /// <param name="settings">What is set over it.</param>
    /// <param name="isQuiet">Only the verdict, and on a failure the command that repeats it.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    /// <exception cref="CommandException">for a mistake of the user.</exception>
    public ExitCode Execute(
        ParseResult parsed,
        string file,
        ImportOptions import,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        bool isQuiet,
        CancellationToken cancellation)
    {
        if (_delay.IsAsked(parsed))
        {
            return ExecuteDelays(parsed, file, import, settings, cancellation);
        }

        ClusterDefect defect = parsed.GetResult(_defect) is { Implicit: false }
            ? DefectOf(parsed.GetValue(_defect))
            : ClusterDefect.None;
        long seeds = parsed.GetValue(_seeds) ?? DefaultSeeds;
        if (seeds < 1)
        {
            throw CommandException.Usage($"--seeds {seeds}: at least one seed; write --seeds {DefaultSeeds}");
        }

        IReadOnlyList<string> strategies = parsed.GetRequiredValue(_strategy);
        if (strategies.Contains("exhaustive"))
        {
            throw CommandException.Usage(
                "--strategy exhaustive: a cluster has too many orders for that; 'epc race find' searches a race file "
                    + "exhaustively");
        }

        StrategyCheck.Require(strategies);
        ClusterSearchPlan plan = new()
        {
            Strategies = strategies,
            Seeds = seeds,
            From = parsed.GetValue(_from) ?? 1,
            Scenarios = file.Length == 0 ? null : [Load(file, import, settings)],
            Defect = defect,
        };
        if (file.Length == 0 && settings.Count > 0)
        {
            throw CommandException.Usage(
                "--set is for a scenario file; name one, or leave --set out: the machines that are built in are as "
                    + "they are");
        }

        _shell.RunBegins();
        ClusterSearchResult result = Follow(plan, isQuiet, cancellation);
        if (!isQuiet)
        {
            WriteCoverage(result);
        }

        _importWords = [.. InputWords.Of(import)];
        return Tell(result, plan, file, settings, isQuiet);
    }

    private ExitCode ExecuteDelays(
        ParseResult parsed,
        string file,
        ImportOptions import,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        CancellationToken cancellation)
    {
        Option[] ofSeeds = [_seeds, _from, _defect];
        if (Array.Find(ofSeeds, option => parsed.GetResult(option) is { Implicit: false }) is { } stray)
        {
            throw CommandException.Usage(
                $"{stray.Name} is for faults, and --link-delay simulates none; leave one of them out");
        }

        if (file.Length == 0)
        {
            throw CommandException.Usage(
                "--link-delay needs a FILE, for example config/scenarios/cluster-one-limit.conf");
        }

        return _delay.Execute(parsed, Read(file, import, settings), cancellation);
    }

    private Scenario Read(
        string file,
        ImportOptions import,
        IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        ScenarioText source = ScenarioFile.Open(file, import, _shell.Configuration);
        return ScenarioLoader.Load(source.SourceName, settings, null, source.In(_shell.Configuration));
    }

    private static ClusterDefect DefectOf(string? name) =>
        DefectText.Find(name ?? "")
        ?? throw CommandException.Usage(
            $"--defect{(name is null ? "" : " ")}{name} is not a valid defect; the valid ones are\n{DefectText.Lines()}"
        );

    private Scenario Load(
        string file,
        ImportOptions import,
        IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        Scenario scenario = Read(file, import, settings);
        return scenario switch
        {
            { Race: not null } => throw CommandException.Usage(
                $"{file}: this is a race; --simulate runs scenarios with programs"),
            { Machine.Nodes.Count: < 2 } => throw CommandException.Usage(
                $"{file}: the machine has one socket (NUMA node); a cluster needs two at least"),
            { Machine.EpcPages: > MostPages } => throw CommandException.Usage(
                $"{file}: {Counted.Of(scenario.Machine.EpcPages, "page")} of EPC are too much to simulate message by "
                    + $"message; at most {MostPages}, with enclaves to match"),
            _ => scenario,
        };
    }

    private ClusterSearchResult Follow(ClusterSearchPlan plan, bool isQuiet, CancellationToken cancellation)
    {
        if (isQuiet)
        {
            return ClusterSearch.Run(plan, null, cancellation);
        }

        if (!_shell.ShowsLiveProgress)
        {
            long lastAt = _shell.Clock.GetTimestamp();
            return ClusterSearch.Run(
                plan,
                progress =>
                {
                    if (_shell.Clock.GetElapsedTime(lastAt) >= BetweenLines)
                    {
                        lastAt = _shell.Clock.GetTimestamp();
                        _shell.Error.WriteLine(Text(progress));
                    }
                },
                cancellation);
        }

        return _shell.ErrorConsole.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn { Width = 24 },
                new PercentageColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask("starting", maxValue: plan.Seeds);
                return ClusterSearch.Run(
                    plan,
                    progress =>
                    {
                        task.Value(progress.Done);
                        task.Description(Markup.Escape(Text(progress)));
                    },
                    cancellation);
            });
    }

    private static string Text(ClusterSearchProgress progress) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{progress.Done:N0} of {progress.Seeds:N0} seeds, "
                + $"{progress.Done / Math.Max(progress.Elapsed.TotalSeconds, 0.001):N0} a second, {progress.Steps:N0} "
                + $"steps");

    private void WriteCoverage(ClusterSearchResult result)
    {
        SimulationCounts counts = result.Counts;
        (string What, long Count)[] rows =
        [
            ("runs", counts.Runs),
            ("steps", counts.Steps),
            ("processes crashed", counts.Crashes),
            ("processes that stood still for a while", counts.Pauses),
            ("members cut off from others for a while", counts.Partitions),
            ("lines to the coordinator that broke", counts.BrokenLines),
            ("  that were held up for a while", counts.LateLines),
            ("messages between members and coordinator", counts.ControlMessages),
            ("processes that the coordinator declared dead", counts.Deaths),
            ("  of these: they ran", counts.Suspicions),
            ("  of these: heard of it, and stopped", counts.FencedProcesses),
            ("members that came back", counts.Restarts),
            ("processes that were turned away", counts.Refusals),
            ("views that the coordinator made", counts.Views),
            ("audits of the coordinator over all processes", counts.Audits),
            ("runs at whose end no process was alive", counts.Extinctions),
            ("shared counters that lost their owner and were rebuilt", counts.OwnersLost),
            ("views that a process skipped", counts.SkippedViews),
            ("frames sent", counts.Frames[(int)FrameFate.Sent]),
            ("  lost", counts.Frames[(int)FrameFate.Lost]),
            ("  doubled", counts.Frames[(int)FrameFate.Doubled]),
            ("  overtaken", counts.Frames[(int)FrameFate.Overtaken]),
            ("  sent again", counts.SentAgain),
            ("  refused: from the dead or for the dead", counts.FencedFrames),
            ("pages borrowed", counts.BorrowedPages),
            ("  taken back from the dead", counts.ClosedLoans),
            ("enclaves ended with a page on a dead socket", counts.LostSockets),
            ("rounds of reclaim done for another process", counts.RemoteReclaims),
            ("stocks given back under pressure", counts.DrainedStocks),
            ("charges refused in the end", counts.RefusedCharges),
        ];
        int width = rows.Max(row => row.What.Length);
        foreach ((string what, long count) in rows)
        {
            _shell.Out.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"  {what.PadRight(width)}  {count,15:N0}"));
        }

        _shell.Out.WriteLine();
    }

    private ExitCode Tell(
        ClusterSearchResult result,
        ClusterSearchPlan plan,
        string file,
        IReadOnlyList<KeyValuePair<string, string>> settings,
        bool isQuiet)
    {
        string seconds = result.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        if (result.Found is not { } found)
        {
            bool isCut = result.IsCancelled && result.Seeds < plan.Seeds;
            _shell.Out.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(isCut ? "INCONCLUSIVE" : "CLEAN")}: {Counted.Of(result.Seeds, "seed", "N0")} from {plan.From} "
                        + $"in {seconds} s broke no rule{(isCut ? "; the search was stopped" : "")}"));
            return isCut ? ExitCode.Inconclusive : ExitCode.Pass;
        }

        if (!isQuiet)
        {
            Write(found);
        }

        ClusterFinding finding = found.First.Finding!;
        _shell.Out.WriteLine($"FOUND {finding.Rule} with seed {found.First.Case.Seed}: {finding.Detail}");
        _shell.Out.WriteLine(Again(found.First.Case, plan, file, settings));
        return ExitCode.Violation;
    }

    private void Write(FoundSeed found)
    {
        SimulationOutcome outcome = found.Smallest;
        SimulationSetup setup = outcome.Case.Setup;
        _shell.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"seed {found.First.Case.Seed}: kernel {setup.Scenario.Kernel}, "
                    + $"{Counted.Of(setup.Placement.Members, "member")}, "
                    + $"{Counted.Of(setup.Scenario.Machine.Nodes.Count, "socket")}, charge-batch {setup.ChargeBatch}, "
                    + $"counter-batch {setup.CounterBatch}, window {setup.Window}"));
        _shell.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"after {found.ShrinkRuns} runs with less: {setup.Plan.Faults.Count} of "
                    + $"{Counted.Of(found.First.Case.Setup.Plan.Faults.Count, "fault")}, at most "
                    + $"{Counted.Of(setup.Plan.Losses, "frame")} lost, {setup.Plan.Doubles} doubled, "
                    + $"{setup.Plan.Overtakes} overtaken"));
        foreach (PlannedFault fault in setup.Plan.Faults)
        {
            _shell.Out.WriteLine($"  {fault}");
        }

        _shell.Out.WriteLine("what happened; a step is a millisecond of the coordinator's clock:");
        foreach (string line in outcome.Cluster.History)
        {
            _shell.Out.WriteLine($"  {line}");
        }

        _shell.Out.WriteLine("the last frames between those concerned:");
        foreach (string line in outcome.Cluster.FramesBefore(FramesShown))
        {
            _shell.Out.WriteLine($"  {line}");
        }

        _shell.Out.WriteLine($"step {outcome.Finding!.Step}: {outcome.Finding.Rule}: {outcome.Finding.Detail}");
        _shell.Out.WriteLine();
    }

    /// <summary>The command that finds the same seed again.</summary>
    private string Again(
        SimulationCase found,
        ClusterSearchPlan plan,
        string file,
        IReadOnlyList<KeyValuePair<string, string>> settings)
    {
        List<string> words = [EpcCommand.Name, "cluster"];
        if (file.Length > 0)
        {
            words.Add(file);
        }

        words.AddRange(["--simulate", "--seeds", "1", "--from", found.Seed.ToString(CultureInfo.InvariantCulture)]);
        if (plan.Defect != ClusterDefect.None)
        {
            words.AddRange(["--defect", DefectText.NameOf(plan.Defect)]);
        }

        if (found.Strategy is { } strategy)
        {
            words.AddRange(["--strategy", strategy]);
        }

        foreach ((string key, string value) in settings)
        {
            words.AddRange(["--set", $"{key}={value}"]);
        }

        words.AddRange(_importWords);
        return ShellQuoting.Join(words, _shell.Dialect);
    }
}
