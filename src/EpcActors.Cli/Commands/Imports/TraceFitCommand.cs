using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Imports;
using EpcActors.Imports.Traces;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Cli.Commands.Imports;

/// <summary><c>epc trace fit</c>: a workload that misses as a trace does.</summary>
internal sealed class TraceFitCommand
{
    private readonly RecordingOptions _recording = new(isPlainByDefault: true);

    private readonly Option<string?> _output = new("--out", "-o")
    {
        HelpName = "FILE",
        Description =
            "writes the scenario there; without it the scenario is printed, and the summary on standard error",
    };

    private readonly Option<string?> _machine = CommonOptions.Completing(
        new Option<string?>("--machine")
        {
            HelpName = "NAME",
            Description = "the machine of the scenario; 'epc config machines' lists them",
        },
        static () => BuiltInFiles.Names("machines"));

    public static Command Create(CommandShell shell)
    {
        TraceFitCommand fit = new();
        DocumentedCommand command = new(
            "fit",
            "Fits a workload to a trace: its skew, working set and scan, and how far it is off.",
            Page());
        fit._recording.AddFileTo(command);
        command.Add(fit._output);
        command.Add(fit._machine);
        fit._recording.AddChoicesTo(command);
        command.SetAction(parsed => (int)fit.Execute(parsed, shell));
        return command;
    }

    private ExitCode Execute(ParseResult parsed, CommandShell shell)
    {
        string? output = parsed.GetValue(_output);
        if (output is not null)
        {
            OutputPath.RequireWritableFile("--out", output);
        }

        string file = _recording.File(parsed);
        ImportedTrace trace = _recording.Read(parsed);
        FittedTrace fitted = FittedTrace.Of(trace, Path.GetFileName(file));
        string scenario = fitted.Scenario(new ImportOptions { Machine = parsed.GetValue(_machine) });
        bool isPrinted = output is null;
        TextWriter summary = isPrinted ? shell.Error : shell.Out;
        fitted.WriteSummary(summary);
        foreach (string note in trace.Notes)
        {
            shell.Error.WriteLine($"note: {note}");
        }

        if (!fitted.AllFit)
        {
            Advise(parsed, file, summary);
        }

        if (fitted.AnyFits && output is not null)
        {
            OutputPath.Write(output, () => StagedFiles.Write(output, stream =>
            {
                using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
                writer.Write(scenario);
            }));
            shell.Out.WriteLine($"wrote {output}; next: epc size {output}");
        }
        else if (fitted.AnyFits)
        {
            shell.Out.Write(scenario);
        }

        return fitted.AllFit ? ExitCode.Pass : ExitCode.Inconclusive;
    }

    /// <summary>What to do where no workload fits.</summary>
    private void Advise(ParseResult parsed, string file, TextWriter writer)
    {
        bool isPlain = _recording.IsPlain(parsed);
        if (!isPlain)
        {
            writer.WriteLine("make a trace of it: epc trace import with the same options and -o web.trace");
        }

        string trace = isPlain ? Path.GetFileName(file) : "web.trace";
        writer.WriteLine($"use the trace itself, as a step of an enclave: {{ trace = \"{trace}\" }}");
    }

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "The miss ratio of an LRU over all sizes is compared, of the trace and of as many accesses of the "
                + "workload. A workload fits when it is 2 % off on average at most, and 5 % at a size within 2 % of "
                + "any.",
            "Where no preset fits, the command says so and writes nothing for that enclave: use the trace itself.",
        ],
        Examples =
        [
            new(
                "epc trace fit config/samples/store.trace -o store.conf",
                "The workload of a trace, as a scenario that epc run and epc size take"),
            new(
                "epc trace fit config/samples/store.trace --machine client-93mib",
                "Printed, for another machine"),
        ],
        ExitCodes =
        [
            (ExitCode.Pass, "each enclave of the trace has a workload that fits"),
            (ExitCode.Inconclusive, "for one of them no preset fits, or the trace is too short to say"),
            (ExitCode.Usage, "a mistake in the command line or in the file, with its place"),
            (ExitCode.OutputError, "the file could not be written"),
        ],
        SeeAlso =
        [
            "epc trace import --help",
            "docs/imports.md: what is fitted, and what a fit can say",
        ],
    };
}
