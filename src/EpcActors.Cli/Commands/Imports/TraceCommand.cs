using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Imports.Traces;

namespace EpcActors.Cli.Commands.Imports;

/// <summary><c>epc trace import</c>: a trace out of a recording of a real machine.</summary>
internal sealed class TraceCommand
{
    private readonly RecordingOptions _recording = new(isPlainByDefault: false);

    private readonly Option<string?> _output = new("--output", "-o")
    {
        HelpName = "FILE",
        Description = "writes the trace there; without it the trace is printed, and the summary on standard error",
    };

    public static Command Create(CommandShell shell)
    {
        TraceCommand import = new();
        DocumentedCommand inner = new(
            "import",
            "Makes a trace that scenarios read of a recording, and says what is in it.",
            Page());
        import._recording.AddFileTo(inner);
        inner.Add(import._output);
        import._recording.AddChoicesTo(inner);
        inner.SetAction(parsed => (int)import.Execute(parsed, shell));
        return new DocumentedCommand(
            "trace", "Brings in recorded page accesses, and fits workloads to them.", Page())
        {
            inner, TraceFitCommand.Create(shell),
        };
    }

    private ExitCode Execute(ParseResult parsed, CommandShell shell)
    {
        string? output = parsed.GetValue(_output);
        if (output is not null)
        {
            OutputPath.RequireWritableFile("--output", output);
        }

        ImportedTrace trace = _recording.Read(parsed);
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
            "epc trace fit --help",
            "docs/imports.md: how to record, and what a recording of faults can say",
        ],
    };
}
