using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Imports.Traces;
using EpcActors.Lab.Configuration;

namespace EpcActors.Cli.Commands.Imports;

/// <summary><c>epc trace import</c>: a trace out of a recording of a real machine.</summary>
internal sealed class TraceCommand
{
    private static readonly (string Word, TraceFormat Format)[] Formats =
    [
        ("ftrace", TraceFormat.Ftrace),
        ("perf", TraceFormat.Perf),
        ("bpftrace", TraceFormat.Bpftrace),
        ("sgx-perf", TraceFormat.SgxPerf),
        ("arc", TraceFormat.Arc),
        ("plain", TraceFormat.Plain),
    ];

    private static readonly string[] Numberings = ["as-is", "first-use"];

    private readonly Argument<string> _file = new("FILE") { Description = "the recording, a text file" };

    private readonly Option<string> _from = CommonOptions.Completing(
        new Option<string>("--from")
        {
            HelpName = "FORMAT",
            Description = $"what it is: {string.Join(", ", Formats.Select(one => one.Word))}",
            Required = true,
        },
        static () => Formats.Select(one => one.Word));

    private readonly Option<string?> _output = new("--output", "-o")
    {
        HelpName = "FILE",
        Description = "writes the trace there; without it the trace is printed, and the summary on standard error",
    };

    private readonly Option<string[]> _range = new("--range")
    {
        HelpName = "NAME=0xSTART-0xEND",
        Description = "an enclave and its addresses; as often as needed. Accesses elsewhere are left out",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _maps = new("--maps")
    {
        HelpName = "FILE",
        Description = "a copy of /proc/PID/maps: the range is that of /dev/sgx_enclave in it",
    };

    private readonly Option<string> _name = new("--name")
    {
        HelpName = "NAME",
        Description = "name of the enclave when there is one (default: enclave)",
        DefaultValueFactory = static _ => "enclave",
    };

    private readonly Option<double> _scale = new("--scale")
    {
        HelpName = "FACTOR",
        Description = "multiplies all times, for example 0.1 (default: 1)",
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (
                double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double factor)
                && factor is > 0 and <= 1_000_000)
            {
                return factor;
            }

            result.AddError($"--scale {text}: a factor above 0, for example 0.1");
            return 1;
        },
        DefaultValueFactory = static _ => 1,
    };

    private readonly Option<string> _pages = CommonOptions.Completing(
        new Option<string>("--pages")
        {
            HelpName = "NUMBERING",
            Description = "as-is, by address (default), or first-use, in the order of first use and without holes",
            DefaultValueFactory = static _ => Numberings[0],
        },
        static () => Numberings);

    public static Command Create(CommandShell shell)
    {
        TraceCommand import = new();
        DocumentedCommand inner = new(
            "import",
            "Makes a trace that scenarios read of a recording, and says what is in it.",
            Page())
        {
            import._file, import._from, import._output, import._range, import._maps, import._name, import._scale,
            import._pages,
        };
        inner.SetAction(parsed => (int)import.Execute(parsed, shell));
        return new DocumentedCommand(
            "trace", "Brings in recorded page accesses.", Page())
        {
            inner,
        };
    }

    private ExitCode Execute(ParseResult parsed, CommandShell shell)
    {
        string file = parsed.GetRequiredValue(_file);
        string? output = parsed.GetValue(_output);
        if (output is not null)
        {
            OutputPath.RequireWritableFile("--output", output);
        }

        TraceFormat format = FormatOf(parsed.GetRequiredValue(_from));
        TraceImportOptions options = new()
        {
            Ranges = Ranges(parsed),
            Name = parsed.GetRequiredValue(_name),
            Scale = parsed.GetRequiredValue(_scale),
            Numbering = NumberingOf(parsed.GetRequiredValue(_pages)),
        };
        ImportedTrace trace;
        using (TextReader reader = Open(file))
        {
            trace = TraceImport.Read(reader, file, format, options);
        }

        if (output is null)
        {
            trace.Write(shell.Out);
            Say(trace, shell.Error, shell.Error);
            return ExitCode.Pass;
        }

        OutputPath.Write(output, () => StagedFiles.Write(output, stream =>
        {
            using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
            trace.Write(writer);
        }));
        Say(trace, shell.Out, shell.Error);
        shell.Out.WriteLine($"wrote {output}; a step that replays it: {{ trace = \"{Path.GetFileName(output)}\" }}");
        return ExitCode.Pass;
    }

    private static void Say(ImportedTrace trace, TextWriter summary, TextWriter notes)
    {
        trace.WriteSummary(summary);
        foreach (string note in trace.Notes)
        {
            notes.WriteLine($"note: {note}");
        }
    }

    private static TextReader Open(string file)
    {
        ScenarioFile.RequireReadableName(file);
        try
        {
            return TextFiles.Open(file)
                ?? (BuiltInFiles.ReadShipped(file) is { } shipped ? new StringReader(shipped) : null)
                ?? throw CommandException.Usage($"{file}: there is no such file");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Usage($"{file}: cannot read it: {error.Message}");
        }
    }

    private List<EnclaveRange> Ranges(ParseResult parsed)
    {
        List<EnclaveRange> ranges = [];
        foreach (string text in parsed.GetValue(_range) ?? [])
        {
            ranges.Add(EnclaveRanges.Parse(text)
                ?? throw CommandException.Usage($"--range {text}: write NAME=0xSTART-0xEND, as in web=0x7f00-0x7fff"));
        }

        if (parsed.GetValue(_maps) is { } maps)
        {
            using TextReader reader = Open(maps);
            ranges.Add(EnclaveRanges.OfMaps(reader, parsed.GetRequiredValue(_name))
                ?? throw CommandException.Usage(
                    $"--maps {maps}: no line of it maps /dev/sgx_enclave; copy /proc/PID/maps while the enclave runs"));
        }

        return ranges;
    }

    private static TraceFormat FormatOf(string word)
    {
        int at = Array.FindIndex(Formats, one => one.Word == word);
        return at >= 0
            ? Formats[at].Format
            : throw CommandException.Usage(
                $"--from {word}: there is no such format; there are "
                    + string.Join(", ", Formats.Select(one => one.Word)));
    }

    private static PageNumbering NumberingOf(string word) => Array.IndexOf(Numberings, word) is var at and >= 0
        ? (PageNumbering)at
        : throw CommandException.Usage($"--pages {word}: write {string.Join(" or ", Numberings)}");

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "Base addresses are subtracted, error codes become r, w and x, threads are numbered, and each enclave has "
                + "a name. docs/imports.md has the lines that record on a real machine.",
            "What perf, ftrace, bpftrace and sgx-perf record are faults: accesses that hit do not show.",
        ],
        Examples =
        [
            new(
                "epc trace import --from bpftrace config/samples/bpftrace.txt -o web.trace",
                "The faults of a process, as a trace"),
            new(
                "epc trace import --from ftrace config/samples/ftrace.txt --range web=0x7f2000000000-0x7f2004000000",
                "Those of one enclave, by its addresses"),
            new(
                "epc trace import --from arc config/samples/arc.lis --pages first-use --scale 10",
                "A trace of a cache, ten times slower"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "the trace was printed or written"),
            (ExitCode.Usage, "a mistake in the command line or in the file, with its place"),
            (ExitCode.OutputError, "the file could not be written"),
        ],
        SeeAlso =
        [
            "epc trace import --help",
            "docs/imports.md: how to record, and what a recording of faults can say",
        ],
    };
}
