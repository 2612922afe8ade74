using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Running;
using EpcActors.Hocon;
using EpcActors.Imports.Traces;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Imports;

/// <summary>A recording and how to read it: what the commands under <c>epc trace</c> have in common.</summary>
internal sealed class RecordingOptions
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

    private readonly Option<string> _from;

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


    /// <param name="isPlainByDefault">True: a trace already, unless the format is said.</param>
    public RecordingOptions(bool isPlainByDefault)
    {
        string words = string.Join(", ", Formats.Select(one => one.Word));
        Option<string> from = new("--from")
        {
            HelpName = "FORMAT",
            Description = $"what it is: {words}" + (isPlainByDefault ? " (default: plain, a trace already)" : ""),
            Required = !isPlainByDefault,
        };
        if (isPlainByDefault)
        {
            from.DefaultValueFactory = static _ => "plain";
        }

        _from = CommonOptions.Completing(from, static () => Formats.Select(one => one.Word));
    }

    /// <summary>Adds the file and its format; the options of the command come behind these.</summary>
    public void AddFileTo(Command command)
    {
        command.Add(_file);
        command.Add(_from);
    }

    /// <summary>Adds the choices.</summary>
    public void AddChoicesTo(Command command)
    {
        foreach (Option option in (Option[])[_range, _maps, _name, _scale, _pages])
        {
            command.Add(option);
        }
    }

    /// <summary>The name of the file.</summary>
    public string File(ParseResult parsed) => parsed.GetRequiredValue(_file);

    /// <summary>Whether the file is a trace that scenarios read as it is.</summary>
    public bool IsPlain(ParseResult parsed) =>
        FormatOf(parsed.GetRequiredValue(_from)) == TraceFormat.Plain;

    /// <summary>Reads the recording.</summary>
    /// <exception cref="CommandException">A mistake in the command line, or no such file.</exception>
    /// <exception cref="ConfigurationException">It is no such recording.</exception>
    public ImportedTrace Read(ParseResult parsed)
    {
        string file = File(parsed);
        TraceFormat format = FormatOf(parsed.GetRequiredValue(_from));
        TraceImportOptions options = new()
        {
            Ranges = Ranges(parsed),
            Name = parsed.GetRequiredValue(_name),
            Scale = parsed.GetRequiredValue(_scale),
            Numbering = NumberingOf(parsed.GetRequiredValue(_pages)),
        };
        using TextReader reader = Open(file);
        return TraceImport.Read(reader, file, format, options);
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
}
