using System.CommandLine;
using System.Globalization;
using System.Text;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Runs.Calibration;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc calibrate</c>: a cost profile fitted to two measurements of one's own machine.</summary>
internal sealed class CalibrateCommand
{
    private static readonly (string Word, FaultKind Kind)[] Kinds =
        [("swap", FaultKind.Swap), ("first-touch", FaultKind.FirstTouch), ("eaug", FaultKind.Eaug)];

    private readonly CommandShell _shell;

    private readonly Option<string?> _access = new("--access")
    {
        HelpName = "TIME",
        Description = "time of a read of a page that is in the EPC: 90ns, or 260cycles with --clock",
    };

    private readonly Option<string?> _fault = new("--fault")
    {
        HelpName = "TIME",
        Description = "time of a page that faults, of the kind that --kind says: 12us",
    };

    private readonly Option<string> _kind = CommonOptions.Completing(
        new Option<string>("--kind")
        {
            HelpName = string.Join('|', Kinds.Select(one => one.Word)),
            Description = "the fault that was measured (default: swap)",
            DefaultValueFactory = static _ => Kinds[0].Word,
        },
        static () => Kinds.Select(one => one.Word));

    private readonly Option<string?> _profile = CommonOptions.Completing(
        new Option<string?>("--profile")
        {
            HelpName = "NAME|FILE.conf",
            Description = "the cost profile to begin with (default: the nearest of 'epc config costs')",
        },
        static () => BuiltInFiles.Names("costs"));

    private readonly Option<string?> _clock = new("--clock")
    {
        HelpName = "GHz",
        Description = "clock of the machine, 2.4GHz (default: that of the profile)",
    };

    private readonly Option<string?> _out = new("--out", "-o")
    {
        HelpName = "FILE.conf",
        Description = "writes the profile there (default: standard output)",
    };

    private CalibrateCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        CalibrateCommand calibrate = new(shell);
        DocumentedCommand command = new(
            "calibrate", "Fits a cost profile to two measurements of your machine, and says by how much.", Page())
        {
            calibrate._access, calibrate._fault, calibrate._kind, calibrate._profile, calibrate._clock, calibrate._out,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)calibrate.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellation)
    {
        int? clock = parsed.GetValue(_clock) is { } text ? MeasuredTime.Clock(text) : null;
        string? file = parsed.GetValue(_out);
        CalibrationRequest request = new()
        {
            Profile = Profile(parsed.GetValue(_profile), file),
            AccessNs = Ns("--access", parsed.GetValue(_access), clock),
            FaultNs = Ns("--fault", parsed.GetValue(_fault), clock),
            Kind = Kind(parsed.GetRequiredValue(_kind)),
            ClockMhz = clock,
        };
        if (file is not null)
        {
            RequireProfileName(file);
        }

        CalibrationResult result;
        try
        {
            result = Calibrator.Fit(request, Command(parsed), cancellation);
        }
        catch (CalibrationException wrong)
        {
            throw CommandException.Usage(wrong.Message);
        }

        TextWriter report = file is null ? _shell.Error : _shell.Out;
        Say(report, result);
        if (file is null)
        {
            _shell.Out.Write(result.Text);
            report.WriteLine("--out FILE.conf writes it to a file");
            return ExitCode.Pass;
        }

        StagedFiles.Write(file, stream => stream.Write(Encoding.UTF8.GetBytes(result.Text)));
        report.WriteLine($"wrote {file}; with it:");
        report.WriteLine("  " + NextLine(file));
        return ExitCode.Pass;
    }

    private static void Say(TextWriter report, CalibrationResult result)
    {
        report.WriteLine(
            $"profile  {result.Profile}{(result.IsChosen ? ", the nearest of 'epc config costs'" : "")}");
        foreach (CalibratedMeasurement one in result.Measurements)
        {
            report.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{one.Name,-8} {MeasuredTime.Text(one.MeasuredNs)} measured; in the model "
                    + $"{MeasuredTime.Text(one.ProfileNs)} with the profile, {MeasuredTime.Text(one.AdjustedNs)} now "
                    + $"({one.Error * 100:+0.0;-0.0;0.0} %)"));
            report.WriteLine($"         {one.What}");
            string factor = one.Factor.ToString("0.###", CultureInfo.InvariantCulture);
            report.WriteLine(one.Costs.Count == 1
                ? $"         times {factor}: {one.Costs[0].Key} {one.Costs[0].Before} to {one.Costs[0].After} cycles"
                : $"         times {factor}: {string.Join(", ", one.Costs.Select(cost => cost.Key))}");
        }

        foreach (string note in result.Notes)
        {
            report.WriteLine($"note: {note}");
        }
    }

    /// <summary>The path is absolute, since a scenario looks for its costs beside itself.</summary>
    private string NextLine(string file)
    {
        string path = Path.GetFullPath(file);
        bool isPlain = path.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-');
        string value = isPlain ? path : System.Text.Json.JsonSerializer.Serialize(path);
        return ShellQuoting.Join(
            [EpcCommand.Name, "size", "config/scenarios/kubernetes-pods.conf", "--set", $"epc.costs={value}"],
            _shell.Dialect);
    }

    private static string Profile(string? profile, string? outFile)
    {
        if (profile is null)
        {
            return "";
        }

        if (!profile.EndsWith(".conf", StringComparison.Ordinal))
        {
            IReadOnlyList<string> known = BuiltInFiles.Names("costs");
            return known.Contains(profile)
                ? profile
                : throw CommandException.Usage(
                    $"--profile {profile}: there is no such profile{Suggestions.DidYouMeanOrStop(profile, known)} "
                        + $"There are {string.Join(", ", known)}, and files that end in .conf");
        }

        string path = Path.GetFullPath(profile);
        if (!File.Exists(path))
        {
            throw CommandException.Usage($"--profile {profile}: there is no such file");
        }

        return outFile is not null && Path.GetFullPath(outFile) == path
            ? throw CommandException.Usage(
                $"--out {outFile}: it is the profile that this one begins with, and includes; write to another file")
            : path;
    }

    private static void RequireProfileName(string file)
    {
        if (!file.EndsWith(".conf", StringComparison.Ordinal))
        {
            throw CommandException.Usage(
                $"--out {file}: a scenario takes costs from files that end in .conf; write --out {file}.conf");
        }

        OutputPath.RequireWritableFile("--out", file);
    }

    private static FaultKind Kind(string word)
    {
        foreach ((string known, FaultKind kind) in Kinds)
        {
            if (known == word)
            {
                return kind;
            }
        }

        string[] words = [.. Kinds.Select(one => one.Word)];
        throw CommandException.Usage(
            $"--kind {word}: there is no such fault{Suggestions.DidYouMeanOrStop(word, words)} "
                + $"There are {string.Join(", ", words)}");
    }

    private static double? Ns(string option, string? text, int? clock) =>
        text is null ? null : MeasuredTime.Parse(option, text, clock);

    private string Command(ParseResult parsed)
    {
        List<string> words = [EpcCommand.Name, "calibrate"];
        foreach (Option<string?> option in (Option<string?>[])[_access, _fault, _profile, _clock, _out])
        {
            if (parsed.GetValue(option) is { } value)
            {
                words.AddRange([option.Name, value]);
            }

            if (option == _fault && parsed.GetRequiredValue(_kind) != Kinds[0].Word)
            {
                words.AddRange([_kind.Name, parsed.GetRequiredValue(_kind)]);
            }
        }

        return ShellQuoting.Join(words, _shell.Dialect);
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "Measure with one thread, the clock fixed and the other thread of the core idle, and take the median of "
                + "some runs.",
            "--access: a heap that fits into the EPC and was touched before; read 8 bytes at random places, each place "
                + "out of the value read before. The time of a read.",
            "--fault, swap: a heap of twice the EPC; read one byte of every page in order, over and over. Each page "
                + "comes in and another goes out. The time of a page. Where the EPC is large, a guest has a small one: "
                + "QEMU with memory-backend-epc,size=64M.",
            "--fault, first-touch: a heap that was added when the enclave was built and was not touched; read every "
                + "page once. --fault, eaug: a heap that grows (EDMM), written once. The time of a page.",
            "The costs that a measurement consists of are multiplied until the same microbenchmark takes as long in "
                + "the model (config/calibrate); how they divide stays the assumption of the profile. All other costs "
                + "stay. Then both microbenchmarks run with the written file.",
        ],
        Examples =
        [
            new("epc calibrate --access 90ns --fault 12us --out my-machine.conf", "A machine, a profile"),
            new(
                "epc calibrate --fault 5.2us --kind first-touch --profile xeon-icx",
                "One measurement, of an enclave that fits; the profile on standard output"),
            new(
                "epc calibrate --access 260cycles --fault 34000cycles --clock 2.4GHz --out my-machine.conf",
                "Measured in cycles"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "done; the last figure says how near"),
            (ExitCode.Usage, "a mistake in the command line, or a measurement that cannot be right"),
            (ExitCode.EmulatorError, "an error in epc itself"),
            (ExitCode.OutputError, "the file could not be written"),
        ],
        SeeAlso = ["docs/sizing.md: how wrong a sizing may be", "epc costs check: published measurements"],
    };
}
