using System.CommandLine;
using System.CommandLine.Parsing;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Telemetry;
using EpcActors.Cli.Terminal;
using EpcActors.Engine;
using EpcActors.Mount.Fuse;
using EpcActors.Mount.Live;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Cli.Commands.Mounting;

/// <summary><c>epc mount</c>: a machine's cgroup tree as a file system.</summary>
internal sealed class MountCommand
{
    private readonly CommandShell _shell;
    private readonly Argument<string> _file = CommonOptions.File();
    private readonly Argument<string[]> _rest = new("DIR | -- COMMAND")
    {
        Description = "an existing directory to mount over; or, behind --, a command to run with the tree at "
            + "/sys/fs/cgroup, where no other process sees it",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<string> _at = new("--at")
    {
        HelpName = "DIR",
        Description = $"with a command: where the tree is mounted (default: {MountSession.SystemDirectory})",
        DefaultValueFactory = static _ => MountSession.SystemDirectory,
    };

    private readonly Option<bool> _quiet = CommonOptions.Flag(
        "--quiet", "prints nothing but what the command prints, and rules that were broken");

    private readonly Option<int?> _metricsPort = CommonOptions.MetricsPort();

    private MountCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        MountCommand mount = new(shell);
        DocumentedCommand command = new(
            "mount",
            "Mounts the cgroup tree of a live machine: mkdir, echo and cat operate it as the kernel's.",
            Page())
        {
            mount._file, mount._rest, mount._set, mount._at, mount._metricsPort, mount._quiet,
        };
        command.SetAction((parsed, token) => Task.FromResult(mount.Execute(parsed, token)));
        return command;
    }

    private int Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (FuseServer.WhyNot() is { } reason)
        {
            throw new CommandException(ExitCode.NotSupported, $"mount: {reason}");
        }

        bool isCommand = parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        string[] rest = parsed.GetRequiredValue(_rest);
        if (!isCommand && rest.Length > 1)
        {
            throw CommandException.Usage(
                $"mount: '{string.Join(' ', rest)}' is not a valid directory; write -- before a command");
        }

        string directory = isCommand ? parsed.GetRequiredValue(_at) : rest[0];
        if (!Directory.Exists(directory))
        {
            throw CommandException.Usage($"{directory}: there is no such directory; make it first (mkdir)");
        }

        Scenario scenario = Load(parsed);
        using RunTelemetry telemetry = RunTelemetry.Prepare(
            _shell, _shell.Engines.Require("threads"), scenario, parsed.GetValue(_metricsPort));
        return Serve(
            scenario, directory, isCommand ? rest : null, parsed.GetValue(_quiet), telemetry, cancellationToken);
    }

    private Scenario Load(ParseResult parsed)
    {
        PreparedRun run = PreparedRun.Load(_shell, new RunRequest
        {
            File = parsed.GetRequiredValue(_file),
            Overrides = parsed.GetRequiredValue(_set),
            Seed = null,
            Engine = _shell.Engines.Require("threads"),
            IsDefaultEngine = false,
            Workers = null,
            SkipsSlowdown = true,
            ChecksExpectations = false,
        });
        if (!parsed.GetValue(_quiet))
        {
            _shell.Error.WriteLine(run.Effective);
        }

        return run.Scenario;
    }

    private int Serve(
        Scenario scenario,
        string directory,
        string[]? command,
        bool isQuiet,
        RunTelemetry telemetry,
        CancellationToken cancellationToken)
    {
        _shell.RunBegins();
        int code = 0;
        bool showsTable = !isQuiet && command is null && _shell.ShowsLiveProgress;
        LiveMachine Run(Action<LiveStatus>? watch)
        {
            LiveMachine machine = new(scenario, new HostProcesses().Kill, watch);
            machine.Start();
            telemetry.Begin(machine.Metrics);
            try
            {
                code = command is null
                    ? Over(machine, directory, isQuiet, cancellationToken)
                    : MountSession.Run(machine, directory, command, cancellationToken);
            }
            finally
            {
                Stop(machine);
                telemetry.End();
            }

            return machine;
        }

        try
        {
            using LiveMachine machine = showsTable ? new LiveRunDisplay(_shell, isQuiet).Follow("", Run) : Run(null);
            return Judge(machine, code, isQuiet);
        }
        catch (MountException refused)
        {
            throw new CommandException(ExitCode.NotSupported, $"mount: {refused.Message}");
        }
    }

    private int Over(LiveMachine machine, string directory, bool isQuiet, CancellationToken cancellationToken)
    {
        MountSession.Over(
            machine,
            directory,
            device =>
            {
                if (!isQuiet)
                {
                    _shell.Error.WriteLine($"mounted on {directory}; {StandIns.DeviceVariable}={device}");
                    _shell.Error.WriteLine("Ctrl-C unmounts it");
                }
            },
            cancellationToken);
        return 0;
    }

    private static void Stop(LiveMachine machine)
    {
        try
        {
            machine.Stop();
        }
        catch (InvariantViolation failure)
        {
            throw new CommandException(ExitCode.EmulatorError, $"mount: {failure.Message}");
        }
    }

    private int Judge(LiveMachine machine, int code, bool isQuiet)
    {
        foreach (ViolationReport violation in machine.Violations)
        {
            _shell.Error.WriteLine($"broken rule {violation.Rule}: {violation.Detail}");
        }

        if (!isQuiet)
        {
            string rest = machine.WasAtRest ? "at rest" : "with work under way";
            _shell.Error.WriteLine(
                $"{Units.Count(machine.Steps)} messages, {Units.Count(machine.Audits)} audits and a last one {rest}, "
                + $"{Units.Count(machine.Violations.Count)} rules broken, "
                + $"{Units.Count(machine.DyingCgroups)} removed cgroups not freed");
        }

        return code != 0 ? code : (int)(machine.Violations.Count > 0 ? ExitCode.Violation : ExitCode.Pass);
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "The machine of the file runs on the wall clock while the tree is mounted: each system call on the mount "
                + "is a routine of the emulated kernel, on the same actors as in every other run, and the oracle "
                + "audits them. Enclaves come from programs: test_sgx, a stand-in for the kernel's test program, or "
                + "'epc enclave'.",
            "With a command the tree is mounted in a mount namespace of its own; the command finds cgcreate, cgexec, "
                + "cgdelete, swapoff and swapon for it in PATH, and all processes of the namespace end with the "
                + "command. epc.live.pace says how fast virtual time passes. --metrics-port shows the cgroups that are "
                + "there now to Prometheus.",
            "Needs /dev/fuse and the right to mount. docs/mount.md is a session to type along.",
        ],
        Examples =
        [
            new("epc mount config/empty-machine.conf -- bash", "A shell on an empty machine"),
            new("epc mount config/quickstart.conf /mnt/epc", "The tree of a scenario, with its enclaves"),
            new(
                "epc mount config/empty-machine.conf --set epc.kernel=epc-cgroup-v17 -- ./run_epc_cg_selftests.sh",
                "The kernel's own self-tests of the EPC cgroup"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "unmounted, and every rule held; with a command: its exit code"),
            (ExitCode.Violation, "a rule was broken, and the command ended with 0"),
            (ExitCode.NotSupported, "no /dev/fuse, or no right to mount"),
            (ExitCode.Usage, "a mistake in the command line or in a configuration file"),
            (ExitCode.EmulatorError, "an error in epc itself"),
        ],
        SeeAlso = StandardExitCodes.KeyReference,
    };
}
