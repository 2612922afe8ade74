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
        new(
            InputFormat.Gramine,
            "Gramine manifests, rendered or templates.",
            [
                "The enclave's range is sgx.enclave_size; what image, stacks, SSA frames and TCS leave of it is the "
                    + "heap, added at once, or by EAUG with sgx.edmm_enable.",
            ],
            [
                new("epc import gramine config/samples/redis.manifest", "One enclave"),
                new(
                    "epc import gramine config/samples/redis.manifest --instances 3 --machine azure-dc4sv3",
                    "Three of them, side by side"),
            ]),
        new(
            InputFormat.Occlum,
            "Occlum.json, with comments or without.",
            ["Heap is the user space and the heap of Occlum's kernel; each thread has a stack of the kernel's."],
            [
                new("epc import occlum config/samples/Occlum.json", "One enclave"),
                new(
                    "epc import occlum config/samples/Occlum.json --workload mysql-occlum",
                    "With a workload measured in Occlum"),
            ]),
        new(
            InputFormat.SgxSdk,
            "Enclave.config.xml of Intel's SGX SDK.",
            ["What is not set has the default of sgx_sign. HeapInitSize below HeapMaxSize means EDMM."],
            [
                new("epc import sgxsdk config/samples/Enclave.config.xml", "One enclave"),
                new(
                    "epc import sgxsdk config/samples/Enclave.config.xml --instances 8 -o enclaves.conf",
                    "Eight of them, into a file"),
            ]),
        new(
            InputFormat.Qemu,
            "Command lines of QEMU, out of a script or of ps.",
            [
                "Each -object memory-backend-epc is a section, an instance of virtual EPC of one VMM; -M "
                    + "sgx-epc.N.memdev says which the guest sees.",
            ],
            [
                new("epc import qemu config/samples/qemu.txt", "Two guests, one with two sections"),
                new("epc import qemu config/samples/qemu.txt --machine icx-64gib-x2", "On another host"),
            ]),
        new(
            InputFormat.Libvirt,
            "Domains of libvirt, XML.",
            ["Each <memory model='sgx-epc'> is a section of the guest."],
            [
                new("epc import libvirt config/samples/libvirt.xml", "A guest with a section on each node"),
                new("epc import libvirt config/samples/libvirt.xml -o guests.conf", "Into a file"),
            ]),
        new(
            InputFormat.Cgroup,
            "A copied /sys/fs/cgroup: the tree with its limits, and what was in use.",
            ["Copy it with: find /sys/fs/cgroup -name 'misc.*' -exec cp --parents -t copy {} +"],
            [
                new("epc import cgroup config/samples/cgroup", "Limits and use of a node"),
                new("epc run config/samples/cgroup", "The same, run at once"),
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
        Argument<string[]> paths = new(kind.Format == InputFormat.Cgroup ? "DIR" : "FILE")
        {
            Description = kind.Format == InputFormat.Cgroup
                ? "the folder"
                : "one or more; together they become one scenario",
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
        foreach (Option option in input.Of(kind.Format))
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
