using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Races.Recordings;

namespace EpcActors.Cli.Commands;

/// <summary>
/// <c>epc compare-driver</c>: runs what the real driver was recorded doing, and names the first thing that differs.
/// </summary>
internal sealed class CompareDriverCommand
{
    private const string Recordings = "tests/EpcActors.Tests/Golden/data";

    private readonly CommandShell _shell;

    private readonly Argument<string[]> _files = new("FILE|DIR")
    {
        Description = "recordings of the driver: text files, folders of timed runs, or folders full of either",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<IReadOnlyList<KeyValuePair<string, string>>> _set = CommonOptions.Set();
    private readonly Option<bool> _quiet =
        CommonOptions.Flag("--quiet", "prints recordings that differ only, and the last line");

    private CompareDriverCommand(CommandShell shell) => _shell = shell;

    public static Command Create(CommandShell shell)
    {
        CompareDriverCommand compare = new(shell);
        DocumentedCommand command = new(
            "compare-driver", "Compares the emulator with recorded runs of the real SGX driver, leaf by leaf.", Page())
        {
            compare._files, compare._set, compare._quiet,
        };
        command.SetAction((parsed, token) => Task.FromResult((int)compare.Execute(parsed, token)));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CancellationToken cancellationToken)
    {
        IReadOnlyList<KeyValuePair<string, string>> settings = parsed.GetRequiredValue(_set);
        bool isQuiet = parsed.GetValue(_quiet);
        List<string> recordings = [.. parsed.GetRequiredValue(_files).SelectMany(Find)];
        int equal = 0;
        foreach (string recording in recordings)
        {
            cancellationToken.ThrowIfCancellationRequested();
            DriverComparison comparison = Compare(recording, settings, cancellationToken);
            equal += comparison.IsEqual ? 1 : 0;
            if (!isQuiet || !comparison.IsEqual)
            {
                Write(comparison);
            }
        }

        _shell.Out.WriteLine($"{equal} of {recordings.Count} equal");
        return equal == recordings.Count ? ExitCode.Pass : ExitCode.Violation;
    }

    /// <summary>The recordings that a word of the command line stands for, in the order of their names.</summary>
    private static IEnumerable<string> Find(string path)
    {
        if (TimedRecording.IsIn(path))
        {
            return [path];
        }

        if (!Directory.Exists(path))
        {
            return File.Exists(path)
                ? [path]
                : throw CommandException.Usage(
                    $"{path}: there is no such file or folder; the project's recordings are in {Recordings}");
        }

        string[] found =
        [
            .. Directory.EnumerateFiles(path, "*.txt").Order(StringComparer.Ordinal),
            .. Directory.EnumerateDirectories(path).Where(TimedRecording.IsIn).Order(StringComparer.Ordinal),
        ];
        return found.Length > 0
            ? found
            : throw CommandException.Usage($"{path}: there is no recording of the driver in this folder");
    }

    private static DriverComparison Compare(
        string recording, IReadOnlyList<KeyValuePair<string, string>> settings, CancellationToken cancellationToken)
    {
        try
        {
            return Directory.Exists(recording)
                ? TimedRecording.Run(recording, settings, cancellationToken)
                : LeafComparison.Run(DriverRecording.Parse(TextFiles.Read(recording) ?? "", recording), settings);
        }
        catch (RecordingFormatException wrong)
        {
            throw CommandException.Usage(wrong.Message);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"{recording}: cannot read it: {wrong.Message}");
        }
    }

    private void Write(DriverComparison comparison)
    {
        _shell.Out.WriteLine($"{comparison.Name}: {(comparison.IsEqual ? "equal" : "DIFFERS")} ({comparison.Extent})");
        _shell.Out.WriteLine($"  driver:   {comparison.Driver}");
        _shell.Out.WriteLine($"  emulator: {comparison.Kernel}");
        foreach (string difference in comparison.Differences)
        {
            _shell.Out.WriteLine($"  {difference}");
        }

        if (comparison.Context.Count == 0)
        {
            return;
        }

        int width = Math.Max("driver".Length, comparison.Context.Max(line => line.Driver.Length));
        _shell.Out.WriteLine($"      {"",6}  {"driver".PadRight(width)}  emulator");
        foreach (ComparedLine line in comparison.Context)
        {
            string mark = line.Differs ? ">" : " ";
            string both = $"{line.Driver.PadRight(width)}  {line.Emulator}".TrimEnd();
            _shell.Out.WriteLine($"    {mark} {line.Number,6}  {both}");
        }
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "A recording holds a script, the same script as a scenario of this project, and what the driver of Linux "
            + "did with it, compiled for user space over an emulated EPCM: every ENCLS leaf with enclave page and EPC "
            + "page, and its counters at the end. A folder with scenario.conf and operations.csv is a timed run: it is "
            + "compared after every operation.",
            "The first leaf or operation that differs is named, with what both did around it; then every figure of the "
            + "end that differs.",
        ],
        Examples =
        [
            new($"epc compare-driver {Recordings}/lim_17_4.txt", "One recording"),
            new($"epc compare-driver {Recordings} {Recordings}/older {Recordings}/timed", "All of the project's"),
            new($"epc compare-driver {Recordings}/lim_8_4.txt --set epc.switches.epc-cgroup=off",
                "What one switch changes, and where first"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "every recording is equal"),
            (ExitCode.Violation, "a recording differs"),
            (ExitCode.Usage, "a mistake in the command line or in a recording"),
        ],
        SeeAlso = ["docs/kernel-model.md: what was compared with what", $"{Recordings}: the recordings"],
    };
}
