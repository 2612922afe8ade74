using System.CommandLine;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Coordination;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using Spectre.Console;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc cluster</c>: one scenario over several processes.</summary>
internal sealed partial class ClusterCommand
{
    private static readonly TimeSpan ChildGrace = TimeSpan.FromSeconds(10);

    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly Option<int?> _processes = ClusterOptions.Processes();
    private readonly Option<IReadOnlyList<int>> _sockets = ClusterOptions.Sockets(
        "sockets (NUMA nodes) of the processes that are started here; those of the others are waited for ('epc node')");
    private readonly Option<string?> _host = new("--host")
    {
        HelpName = "NAME",
        Description = "name or address of this host, under which other machines reach it (default: 127.0.0.1)",
    };
    private readonly Option<int?> _port = ClusterOptions.Port(
        "port that processes of other machines come to (default: any that is free)");
    private readonly Option<string?> _tokenFile = ClusterOptions.TokenFile(
        "file with the secret that all processes of the run have, for processes of other machines");
    private readonly Option<long?> _joinTimeout = ClusterOptions.JoinTimeout();
    private readonly Option<string?> _engine = ClusterOptions.Engine();
    private readonly Option<int?> _workers = ClusterOptions.Workers();
    private readonly Option<bool> _restart = CommonOptions.Flag(
        "--restart",
        "a process that dies is started again, as epc.cluster.restart = on");
    private readonly Option<IReadOnlyList<ClusterFault>> _faults = ClusterOptions.Faults();
    private readonly Option<bool> _plan = CommonOptions.Flag(
        "--plan",
        "shows which process has what, and what a fault sends over the wire; runs nothing");
    private readonly Option<string?> _out = CommonOptions.Out(
        $"writes {string.Join(", ", OutputDirectory.RunFiles.Select(file => file.Name))} there");
    private readonly Option<string?> _json = CommonOptions.Json(
        "writes the report as JSON; with - standard output holds the document and nothing else");
    private readonly Option<string?> _junit = CommonOptions.JUnit(
        ": a case for each rule and expectation; implies --expect");
    private readonly Option<bool> _expect = CommonOptions.Flag(
        "--expect",
        "exits with 1 also when an expectation of the scenario is not met");
    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet",
        "prints the verdict only, in one line, and on a failure the command that repeats it");

    private readonly InputOptions _input = new();
    private readonly SimulationCommand _simulation;

    private ClusterCommand(CommandShell shell)
    {
        _shell = shell;
        _simulation = new SimulationCommand(shell);

        // A simulation has machines of its own.
        _file.Arity = ArgumentArity.ZeroOrOne;
        _file.DefaultValueFactory = static _ => "";
    }

    public static Command Create(CommandShell shell)
    {
        ClusterCommand cluster = new(shell);
        DocumentedCommand command = new(
            "cluster",
            "Runs a scenario over several processes, which may be killed, paused and cut off.",
            Page())
        {
            cluster._file, cluster._set, cluster._seed,
        };
        foreach (
            Option option in (IEnumerable<Option>)
                [
                    cluster._processes, cluster._sockets, cluster._host, cluster._port, cluster._tokenFile,
                    cluster._joinTimeout, cluster._engine, cluster._workers, cluster._restart, cluster._faults,
                    cluster._plan, cluster._out, cluster._json, cluster._junit, cluster._expect,
                    .. cluster._simulation.Options,
                    cluster._quiet, .. cluster._input.All,
                ])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, token) => (int)await cluster.ExecuteAsync(parsed, token));
        return command;
    }

    private async Task<ExitCode> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string file = parsed.GetRequiredValue(_file);
        if (_simulation.IsAsked(parsed))
        {
            return _simulation.Execute(
                parsed,
                file,
                _input.Read(parsed),
                parsed.GetRequiredValue(_set),
                parsed.GetValue(_quiet),
                cancellationToken);
        }

        if (file.Length == 0)
        {
            throw CommandException.Usage(
                "FILE is missing; name a scenario file, for example epc cluster "
                    + "config/scenarios/cluster-four-sockets.conf");
        }

        ClusterScenario loaded = ClusterScenario.Load(
            _shell,
            file,
            _input.Read(parsed),
            parsed.GetRequiredValue(_set),
            parsed.GetValue(_seed));
        Scenario scenario = WithOptions(loaded.Scenario, parsed);
        foreach (ConfigurationNote note in loaded.Notes)
        {
            _shell.Error.WriteLine($"note: {note}");
        }

        IReadOnlyList<IReadOnlyList<int>> own = OwnSockets(scenario, parsed);
        if (parsed.GetValue(_plan))
        {
            return Plan(scenario, own, parsed);
        }

        bool isComplete = own.Sum(sockets => sockets.Count) == scenario.Machine.Nodes.Count;
        if (isComplete && ClusterCheck.Problems(scenario, own.Count) is { Count: > 0 } problems)
        {
            string list = string.Join('\n', problems.Select(problem => "  - " + problem));
            throw CommandException.Usage($"this cannot run over {Counted.Of(own.Count, "process")}:\n{list}");
        }

        FileHandles.Check("epc cluster with this scenario", scenario.Machine.Nodes.Count);
        string? token = ClusterToken.Given(_shell, parsed.GetValue(_tokenFile));
        EngineEntry engine = ClusterOptions.LiveEngine(_shell.Engines, parsed.GetValue(_engine));
        string effective =
            $"seed {scenario.Seed}, kernel {scenario.Kernel}, engine {engine.Name}, {Counted.Of(own.Count, "process")} "
                + "here";
        return await RunAndTellAsync(
            new Launch(scenario, loaded.Fingerprint, own, isComplete, token, engine, parsed),
            effective,
            cancellationToken);
    }

    private async Task<ExitCode> RunAndTellAsync(Launch launch, string effective, CancellationToken cancellationToken)
    {
        ParseResult parsed = launch.Parsed;
        bool isQuiet = parsed.GetValue(_quiet);
        DocumentTarget json = DocumentTarget.Prepare("--json", parsed.GetValue(_json));
        DocumentTarget junit = DocumentTarget.Prepare("--junit", parsed.GetValue(_junit));
        OutputDirectory? directory = OutputDirectory.Prepare(parsed.GetValue(_out));
        (TextWriter text, IAnsiConsole console) = DocumentTarget.Beside(_shell, json, junit);
        if (!isQuiet)
        {
            text.WriteLine(effective);
            text.WriteLine();
        }

        DateTimeOffset beganAt = _shell.Clock.GetUtcNow();
        long began = _shell.Clock.GetTimestamp();
        RunReport report = await RunAsync(launch, isQuiet, cancellationToken);

        // A file that lists an expectation as failed must not come with exit code 0.
        ExitCode code = Verdicts.CodeOf(report, parsed.GetValue(_expect) || parsed.GetValue(_junit) is not null);
        string summary = Summary(report, effective);
        try
        {
            JUnitSuite suite = RunSuite.Of(
                report, summary, EpcCommand.Version, beganAt, _shell.Clock.GetElapsedTime(began));
            string?[] lines =
            [
                json.Write(_shell.Out, JsonReport.ToJson(report)),
                junit.Write(_shell.Out, JUnitReport.ToXml([suite])),
                directory?.WriteRun(report),
            ];
            foreach (string line in isQuiet ? [] : lines.OfType<string>())
            {
                text.WriteLine(line);
                text.WriteLine();
            }
        }
        finally
        {
            // Even when a disk is full: the run took its time, and its verdict is the last thing to lose.
            if (isQuiet)
            {
                text.WriteLine(summary);
            }
            else
            {
                ConsoleReport.Write(console, report);
            }

            if (code == ExitCode.Violation && (isQuiet || report.Verdict != Verdict.Violation))
            {
                text.WriteLine(report.ReplayCommand);
            }
        }

        return code;
    }

    private static string Summary(RunReport report, string effective)
    {
        string rules = string.Join(", ", report.Violations.Select(one => one.Rule).Distinct());
        return $"{report.Verdict.ToString().ToLowerInvariant()}: {report.Scenario}: {effective}"
            + (rules.Length == 0 ? "" : $"; broken: {rules}");
    }

    private async Task<RunReport> RunAsync(Launch launch, bool isQuiet, CancellationToken cancellationToken)
    {
        ParseResult parsed = launch.Parsed;
        ClusterDisplay display = new(_shell, isQuiet);
        int workers = parsed.GetValue(_workers)
            ?? (
                launch.Scenario.Live.Workers > 0
                    ? launch.Scenario.Live.Workers
                    : Math.Max(1, Environment.ProcessorCount / launch.Own.Count));
        string token = launch.Token ?? ClusterToken.New();
        await using AkkaCoordinatorTransport transport = new(
            ClusterOptions.Akka(launch.Scenario, token, parsed.GetValue(_host), parsed.GetValue(_port), display.Say));
        using Invitation? invitation = launch.IsComplete ? null : new Invitation(_shell, launch, token);
        using ProcessKeeper keeper = new(
            ticket => Child(launch, transport.Address, ticket, token, workers),
            (id, line) => display.Say($"[process {id}] {line}"));
        _shell.EndAtOnce = () =>
        {
            keeper.Dispose();
            invitation?.Dispose();
        };
        _shell.RunBegins();
        long started = _shell.Clock.GetTimestamp();
        try
        {
            ClusterOutcome outcome = await display.FollowAsync(watch =>
                new Coordinator(
                    new CoordinatorOptions
                    {
                        Scenario = launch.Scenario,
                        Version = ClusterScenario.Version,
                        Configuration = launch.Fingerprint,
                        Own = launch.Own,
                    },
                    transport,
                    keeper,
                    _shell.Clock,
                    watch
                ).RunAsync(cancellationToken));
            string again = ReplayCommand(launch);
            return outcome.Failure.Length == 0
                ? MergedReport.Of(
                    launch.Scenario,
                    outcome,
                    again,
                    _shell.Clock.GetElapsedTime(started).TotalMilliseconds)
                : throw new CommandException(
                    ExitCode.EmulatorError,
                    $"the emulator itself failed: {outcome.Failure}\nThis is an error in epc, not a finding about the "
                        + $"kernel. Please report it with the command that repeats it:\n{again}");
        }
        finally
        {
            await keeper.EndAsync(ChildGrace);
        }
    }

    private Scenario WithOptions(Scenario scenario, ParseResult parsed) => scenario with
    {
        Cluster = scenario.Cluster with
        {
            JoinTimeoutNs = parsed.GetValue(_joinTimeout) ?? scenario.Cluster.JoinTimeoutNs,
            Restarts = scenario.Cluster.Restarts || parsed.GetValue(_restart),
            Faults = [.. scenario.Cluster.Faults.Concat(parsed.GetRequiredValue(_faults)).OrderBy(fault => fault.AtNs)],
        },
    };

    private static string Invariant(IFormattable number) =>
        number.ToString(null, System.Globalization.CultureInfo.InvariantCulture);

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "Every process has some of the sockets (NUMA nodes) with their free lists, and the enclaves on them, "
                    + "with their threads. What the whole machine shares, misc.current of each cgroup and the "
                    + "free-page counter, has an owner in one of them, and every charge and every look goes there. "
                    + "--plan shows who has what. docs/decisions/0017 says how this stays exact.",
                "Processes may die at any moment. The others take what a dead one had out of the books, find new "
                    + "owners, and go on; its enclaves are gone, and with --restart it comes back empty. --fault and "
                    + "epc.cluster.faults do it on purpose: kill:2@3s kills process 2 with SIGKILL three seconds after "
                    + "the start, kill:2@3s:reclaim waits until it is in the middle of a batch of reclaim, "
                    + "restart:2@3s starts it again, pause:1@2s+500ms stops it for a while (longer than "
                    + "epc.cluster.failure-timeout, and it is dead when it wakes up), partition:0,1@2s+3s loses what "
                    + "these "
                    + "processes and the others send one another.",
                "While it runs, all processes are audited together at consistent cuts, without stopping: what the "
                    + "owner of a shared counter says a process has is what that process says it was granted, to the "
                    + "byte, calls on their way included. A rule that does not hold is a violation, exit code 1.",
                "The report is that of the whole machine, with a section for each process and each death. Ctrl-C ends "
                    + "the run with what it has; a second one kills it, and all processes with it.",
                "Other machines: --sockets says which sockets have their process here; the others are waited for at "
                    + "--port (see 'epc node').",
            ],
            Examples =
            [
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --plan",
                    "Who has what, and what goes over the wire"),
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --processes 4",
                    "Four processes on this machine"),
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --processes 4 --fault kill:2@2s --restart "
                        + "--out results",
                    "Kill one of them, start it again, and see how long recovery took"),
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --set epc.cluster.charge-batch=1 --set "
                        + "epc.cluster.counter-batch=1",
                    "Charge and count page by page, as the kernel does"),
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --processes 2 --sockets 0,1 --port 4053",
                    "Two sockets here, and wait for the others"),
            ],
            ExitCodes = StandardExitCodes.OfRuns(
                "a rule was broken, in one process or between them; with --expect also: an expectation was not met"),
            SeeAlso = ["epc node --help: a process on another machine", .. StandardExitCodes.KeyReference],
        };
}
