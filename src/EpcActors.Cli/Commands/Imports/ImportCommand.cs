using System.CommandLine;
using System.Text;
using EpcActors.Cli.Help;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Imports;

namespace EpcActors.Cli.Commands.Imports;

/// <summary><c>epc import</c>: a scenario out of files that people have.</summary>
internal static class ImportCommand
{
    /// <summary>A kind of input as the command line has it.</summary>
    /// <param name="Format">What it is.</param>
    /// <param name="Description">One line.</param>
    /// <param name="Notes">What the help says beyond the options.</param>
    /// <param name="Examples">To copy.</param>
    private sealed record Kind(
        InputFormat Format,
        string Description,
        IReadOnlyList<string> Notes,
        IReadOnlyList<HelpExample> Examples);

    private static readonly Kind[] Kinds =
    [
        new(
            InputFormat.Kubernetes,
            "Kubernetes objects, YAML or JSON: pods, what makes pods, lists of them, and a Node.",
            [
                "Each container with EPC becomes a cgroup with an enclave. Its limit is the annotation that the NRI "
                    + "plug-in reads (epc-limit.nri.io/container.NAME, then /pod, then alone), else its claim of "
                    + "sgx.intel.com/epc.",
                "What a manifest does not say comes from annotations of the pod or from a default that says so: "
                    + "workload.epcactors.dev, heap.epcactors.dev and threads.epcactors.dev, each also with "
                    + "/container.NAME or /pod behind it.",
            ],
            [
                new("epc import k8s config/samples/pods.yaml", "The scenario of ten pods and a node"),
                new(
                    "epc import k8s config/samples/deployment.yaml --machine xeon-e-188mib --workload redis-gramine",
                    "Another machine, another workload"),
            ]),
    ];

    public static Command Create(CommandShell shell)
    {
        DocumentedCommand command = new(
            "import",
            "Makes a scenario of files that you have, with a comment behind each value that says where it comes from.",
            Page());
        foreach (Kind kind in Kinds)
        {
            command.Add(Create(shell, kind));
        }

        return command;
    }

    private static DocumentedCommand Create(CommandShell shell, Kind kind)
    {
        Argument<string[]> paths = new("FILE")
        {
            Description = "one or more; together they become one scenario",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> output = new("--output", "-o")
        {
            HelpName = "FILE",
            Description = "writes the scenario there instead of printing it",
        };
        InputOptions input = new();
        DocumentedCommand command = new(FormatNames.WordOf(kind.Format), kind.Description, PageOf(kind))
        {
            paths, output,
        };
        foreach (Option option in kind.Format == InputFormat.Kubernetes ? input.All : input.Common)
        {
            command.Options.Add(option);
        }

        command.SetAction(parsed => (int)Execute(
            shell,
            kind.Format,
            parsed.GetRequiredValue(paths),
            parsed.GetValue(output),
            input.Read(parsed)));
        return command;
    }

    private static ExitCode Execute(
        CommandShell shell, InputFormat format, string[] paths, string? output, ImportOptions options)
    {
        if (output is not null)
        {
            OutputPath.RequireWritableFile("--output", output);
        }

        ScenarioText scenario = ScenarioSource.Read(paths, format, options, shell.Configuration);
        foreach (string note in scenario.Notes.Select(one => one.ToString()))
        {
            shell.Error.WriteLine($"note: {note}");
        }

        if (output is null)
        {
            shell.Out.Write(scenario.Text);
            return ExitCode.Pass;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(scenario.Text);
        OutputPath.Write(output, () => StagedFiles.Write(output, stream => stream.Write(bytes)));
        string word = ShellQuoting.Quote(output, shell.Dialect);
        shell.Out.WriteLine($"wrote {output}; next: epc run {word}");
        return ExitCode.Pass;
    }

    private static HelpPage PageOf(Kind kind) => new()
    {
        Notes = kind.Notes,
        Examples = kind.Examples,
        ExitCodes = Codes,
        SeeAlso = ["docs/imports.md: what is read of each input, and what is assumed"],
    };

    private static HelpPage Page() => new()
    {
        Notes =
        [
            "The scenario is printed, or written to a file with -o. 'epc run' takes these files, too, and imports them "
                + "on the way.",
        ],
        Examples =
        [
            new("epc import k8s config/samples/pods.yaml", "Pods and a node as a scenario"),
            new("epc run config/samples/pods.yaml", "The same, run at once"),
        ],
        ExitCodes = Codes,
        SeeAlso = ["epc import <command> --help", "docs/imports.md: what is read of each input, and what is assumed"],
    };

    private static IReadOnlyList<(ExitCode Code, string Meaning)> Codes { get; } =
    [
        (ExitCode.Pass, "the scenario was printed or written"),
        (ExitCode.Usage, "a mistake in the command line or in a file, with its place and what to write instead"),
        (ExitCode.OutputError, "the file could not be written"),
    ];
}
