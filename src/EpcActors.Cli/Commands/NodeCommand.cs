using System.CommandLine;
using System.Runtime.InteropServices;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Cli.Commands.Imports;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Members;
using EpcActors.Cluster.Transport;
using EpcActors.Engine.Live;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Commands;

/// <summary>
/// <c>epc node</c>: one process of a run over several, started by hand on another machine, or by <c>epc cluster</c>.
/// </summary>
internal sealed class NodeCommand
{
    /// <summary>A process whose coordinator is gone has this long to end well.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<ulong?> _seed = CommonOptions.Seed();
    private readonly Option<string?> _join = ClusterOptions.Join();
    private readonly Option<string?> _tokenFile = ClusterOptions.TokenFile(
        "file with the secret of the run, as 'epc cluster' has it");
    private readonly Option<long?> _joinTimeout = ClusterOptions.JoinTimeout();
    private readonly Option<IReadOnlyList<int>> _sockets = ClusterOptions.Sockets(
        "sockets (NUMA nodes) of the machine that this process is to have (default: those that no process has asked "
            + "for)");
    private readonly Option<string?> _host = new("--host")
    {
        HelpName = "NAME",
        Description = "name or address of this host, under which the others reach it (default: 127.0.0.1)",
    };
    private readonly Option<int?> _port = ClusterOptions.Port("port of this process (default: any that is free)");
    private readonly Option<string?> _engine = ClusterOptions.Engine();
    private readonly Option<int?> _workers = ClusterOptions.Workers();
    private readonly Option<bool> _quiet = CommonOptions.Flag("--quiet", "says nothing but errors");

    private readonly InputOptions _input = new();

    private NodeCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        NodeCommand node = new(shell);
        DocumentedCommand command = new(
            "node",
            "Joins a run over several machines: one process with some of the sockets.",
            Page())
        {
            node._file,
            node._set,
            node._seed,
        };
        foreach (
            Option option in (IEnumerable<Option>)
                [
                    node._join,
                    node._tokenFile,
                    node._joinTimeout,
                    node._sockets,
                    node._host,
                    node._port,
                    node._engine,
                    node._workers,
                    node._quiet,
                    .. node._input.All,
                ])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, token) => (int)await node.ExecuteAsync(parsed, token));
        return command;
    }

    private async Task<ExitCode> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string join = parsed.GetValue(_join)
            ?? throw CommandException.Usage(
                "--join HOST:PORT is missing: the address that 'epc cluster FILE --port P' shows on the machine where "
                    + "it waits");
        string ticket = Environment.GetEnvironmentVariable(ClusterOptions.TicketVariable) ?? "";
        bool isChild = ticket.Length > 0;
        string token = ClusterToken.Given(_shell, parsed.GetValue(_tokenFile))
            ?? throw CommandException.Usage(
                $"--token-file FILE is missing: the file that 'epc cluster' names or was given, or its content in the "
                    + $"variable {ClusterToken.Variable}");
        EngineEntry engine = ClusterOptions.LiveEngine(_shell.Engines, parsed.GetValue(_engine));
        bool isQuiet = parsed.GetValue(_quiet) || isChild;
        ClusterScenario loaded = ClusterScenario.Load(
            _shell,
            parsed.GetRequiredValue(_file),
            _input.Read(parsed),
            parsed.GetRequiredValue(_set),
            parsed.GetValue(_seed));
        Scenario scenario = loaded.Scenario with
        {
            Live = loaded.Scenario.Live with { Workers = parsed.GetValue(_workers) ?? loaded.Scenario.Live.Workers },
            Cluster = loaded.Scenario.Cluster with
            {
                JoinTimeoutNs = parsed.GetValue(_joinTimeout) ?? loaded.Scenario.Cluster.JoinTimeoutNs,
            },
        };
        FileHandles.Check("epc node with this scenario", scenario.Machine.Nodes.Count);
        using CancellationTokenSource alone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using PosixSignalRegistration? interrupt = isChild
            ? PosixSignalRegistration.Create(PosixSignal.SIGINT, Ignore)
            : null;
        if (isChild)
        {
            EndWithParent(alone);
        }
        else
        {
            _shell.RunBegins();
        }

        Action<string> note = isQuiet ? static _ => { } : line => _shell.Error.WriteLine(line);
        await using AkkaMemberTransport wire = new(
            ClusterOptions.Akka(scenario, token, parsed.GetValue(_host), parsed.GetValue(_port), note) with
            {
                Seed = join,
            });
        MemberHost host = new(scenario, wire, engine.NewEngine!);
        return await RunAsync(host, wire, new ControlMessage.Hello(
            ClusterScenario.Version,
            loaded.Fingerprint,
            parsed.GetRequiredValue(_sockets),
            Environment.ProcessId,
            Environment.MachineName,
            "",
            ticket), isQuiet, alone.Token);
    }

    private async Task<ExitCode> RunAsync(
        MemberHost host,
        IMemberTransport wire,
        ControlMessage.Hello hello,
        bool isQuiet,
        CancellationToken cancellationToken)
    {
        MemberEnd end;
        try
        {
            if (!isQuiet)
            {
                _shell.Error.WriteLine("waiting for the coordinator, and for the processes of all sockets");
            }

            end = await host.RunAsync(hello, cancellationToken);
        }
        catch (EngineConfigurationException wrong)
        {
            throw CommandException.Usage(wrong.Message);
        }

        using CancellationTokenSource late = new(Grace);
        try
        {
            await wire.LeaveAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            // The processes left behind notice.
        }

        if (end != MemberEnd.Stopped || !isQuiet)
        {
            _shell.Error.WriteLine(
                end == MemberEnd.Stopped ? "the run is over; the coordinator has the report" : host.Reason);
        }

        return end switch
        {
            MemberEnd.Stopped => ExitCode.Pass,
            MemberEnd.Fenced or MemberEnd.CoordinatorLost => ExitCode.Inconclusive,
            MemberEnd.Failed => ExitCode.EmulatorError,
        };
    }

    /// <summary>Ctrl-C goes to every process of the terminal. Those of a coordinator hear from it what to do.</summary>
    private static void Ignore(PosixSignalContext context) => context.Cancel = true;

    /// <summary>
    /// Standard input is a pipe of the coordinator that no process writes to. It ends when the coordinator does,
    /// however that comes to pass, at any moment of this process.
    /// </summary>
    private static void EndWithParent(CancellationTokenSource alone)
    {
        Stream input = Console.OpenStandardInput();
        Thread watcher = new(() =>
        {
            try
            {
                byte[] buffer = new byte[16];
                while (input.Read(buffer) > 0)
                {
                }

                alone.Cancel();
            }
            catch (Exception error) when (error is IOException or ObjectDisposedException)
            {
                // The pipe broke, which is the same as its end; or all is over already.
            }

            using ManualResetEventSlim never = new();
            never.Wait(Grace);
            Environment.Exit((int)ExitCode.Inconclusive);
        })
        {
            IsBackground = true,
            Name = "epc-parent",
        };
        watcher.Start();
    }

    private static HelpPage Page() =>
        new()
        {
            Notes =
            [
                "A run over several machines begins with 'epc cluster FILE --sockets … --port P' on one of them: it "
                    + "starts the processes of its own sockets, and waits for those of the others. Each of "
                    + "these is an 'epc node' with the same FILE and the same --set; the coordinator compares a "
                    + "fingerprint of the effective configuration and the version of the program, and says what "
                    + "differs.",
                "The report comes out where 'epc cluster' runs. A node that dies, is killed or cut off is taken out by "
                    + "the others; started again with the same sockets it comes back as a new life of that process.",
                "On one machine 'epc cluster FILE' starts every process itself.",
            ],
            Examples =
            [
                new(
                    "epc cluster config/scenarios/cluster-four-sockets.conf --sockets 0,1 --host first --port 4053 "
                        + "--token-file run.token",
                    "On the first machine: two sockets, and a door for the rest"),
                new(
                    "epc node config/scenarios/cluster-four-sockets.conf --join first:4053 --token-file run.token "
                        + "--host second --sockets 2,3",
                    "On the second one"),
            ],
            ExitCodes =
            [
                (ExitCode.Pass, "the run is over, and the coordinator has this process's report; the verdict is there"),
                (
                    ExitCode.Inconclusive,
                    "no coordinator answered, it was lost, there was no run, or the others took this process for dead"),
                (ExitCode.NotSupported, "this machine allows too few file handles"),
                (
                    ExitCode.Usage,
                    "a mistake in the command line or in a configuration file, which the coordinator may have found: "
                        + "another file, token or version, sockets that are taken"),
                (ExitCode.EmulatorError, "an error in epc itself"),
            ],
            SeeAlso = ["epc cluster --help: the other side of it", .. StandardExitCodes.KeyReference],
        };
}
