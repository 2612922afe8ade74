using System.CommandLine;
using System.Globalization;
using System.Text;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Mount.Live;

namespace EpcActors.Cli.Commands.Mounting;

/// <summary><c>epc enclave</c>: a process with an enclave on a mounted machine.</summary>
internal sealed class EnclaveCommand
{
    private const int CodePages = 10;
    private const int PagesPerCall = 256;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(50);

    private readonly CommandShell _shell;
    private readonly Option<string> _heap = new("--heap")
    {
        HelpName = "SIZE",
        Description = "size of its heap, as 64 MiB (default: 1 MiB)",
        DefaultValueFactory = static _ => "1 MiB",
    };

    private readonly Option<string> _touch = new("--touch")
    {
        HelpName = "LAPS",
        Description = "how often it goes through its heap once it is loaded; forever until it is killed (default: 0)",
        DefaultValueFactory = static _ => "0",
    };

    private readonly Option<bool> _hold = CommonOptions.Flag("--hold", "keeps the enclave until it is killed");
    private readonly Option<string?> _device = new("--device")
    {
        HelpName = "FILE",
        Description = $"the emulated device (default: that of {StandIns.DeviceVariable})",
    };

    private EnclaveCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        EnclaveCommand enclave = new(shell);
        DocumentedCommand command = new(
            "enclave", "Loads an enclave on a machine that is mounted, and touches its heap.", Page())
        {
            enclave._heap, enclave._touch, enclave._hold, enclave._device,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)enclave.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        string heap = parsed.GetRequiredValue(_heap);
        if (!HoconUnits.TryParseSize(heap, out long bytes, out _) || bytes < 0 || bytes > 1L << 40)
        {
            throw CommandException.Usage($"--heap {heap}: '{heap}' is not a valid size; write it as 64 MiB");
        }

        string touch = parsed.GetRequiredValue(_touch);
        int laps = -1;
        if (touch != "forever" && !int.TryParse(touch, NumberStyles.None, CultureInfo.InvariantCulture, out laps))
        {
            throw CommandException.Usage($"--touch {touch}: a whole number of laps, or forever");
        }

        string device = parsed.GetValue(_device)
            ?? Environment.GetEnvironmentVariable(StandIns.DeviceVariable)
            ?? throw CommandException.Usage(
                $"enclave: no machine is mounted here: run it under 'epc mount FILE -- bash', or name the device that "
                + "'epc mount' prints with --device");
        int pages = (int)((bytes + 4095) / 4096);

        // Left open: the exit of this process closes it, and waits there until the machine has everything back.
        FileStream file = new(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        try
        {
            Load(file, pages);
            _shell.Out.WriteLine($"loaded {CodePages + pages} pages, process {Environment.ProcessId}");
            for (int lap = 0; lap != laps && !cancellationToken.IsCancellationRequested; lap++)
            {
                Lap(file, pages, cancellationToken);
            }
        }
        catch (IOException refused)
        {
            _shell.Error.WriteLine($"enclave: {refused.Message}");
            return ExitCode.Violation;
        }

        while (parsed.GetValue(_hold) && !cancellationToken.WaitHandle.WaitOne(BetweenLooks))
        {
        }

        GC.KeepAlive(file);

        return ExitCode.Pass;
    }

    private static void Load(FileStream file, int pages)
    {
        Call(file, "create");
        Call(file, $"add 0 {CodePages} measured");
        Call(file, $"add {CodePages} {pages}");
        Call(file, "init");
    }

    private static void Lap(FileStream file, int pages, CancellationToken cancellationToken)
    {
        for (int page = 0; page < pages && !cancellationToken.IsCancellationRequested; page += PagesPerCall)
        {
            Call(file, $"write {CodePages + page} {Math.Min(PagesPerCall, pages - page)}");
        }
    }

    private static void Call(FileStream file, string words)
    {
        try
        {
            file.Write(Encoding.UTF8.GetBytes(words + "\n"));
        }
        catch (IOException refused)
        {
            throw new IOException($"{words}: {refused.Message}", refused);
        }
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "It is a process of this host, in the cgroup of the mount that its shell was moved to, and its enclave is "
                + "one of the emulated machine: SIGTERM, Ctrl-C or SIGKILL ends both.",
        ],
        Examples =
        [
            new("epc enclave --heap 64MiB --touch forever", "An enclave that goes through 64 MiB until Ctrl-C"),
            new("epc enclave --heap 8MiB --hold &", "One that only holds its pages"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "it came to its end"),
            (ExitCode.Violation, "the machine refused: no EPC within the limit, or it was killed"),
            (ExitCode.Usage, "a mistake in the command line, or no machine is mounted"),
        ],
        SeeAlso = ["docs/mount.md: a session to type along"],
    };
}
