using System.CommandLine;
using EpcActors.Cli.Help;
using EpcActors.Cli.Terminal;
using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Expectations;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Cli.Commands;

/// <summary><c>epc config kernels</c> and its like: what a configuration may name, a line each.</summary>
internal static class ConfigListCommand
{
    public static IEnumerable<Command> CreateAll(CommandShell shell) =>
        [
            Create(
                shell,
                "kernels",
                "Lists the kernels: named sets of switches.",
                "epc.kernel",
                () => Set("kernels"),
                new HelpExample(
                    "epc run config/scenarios/noisy-neighbour.conf --set epc.kernel=linux-6.16",
                    "Runs on another kernel")),
            Create(
                shell,
                "machines",
                "Lists the machines: sockets, CPUs and EPC.",
                "epc.machine",
                () => Set("machines"),
                new HelpExample(
                    "epc run config/scenarios/noisy-neighbour.conf --set epc.machine=two-sockets-64mib",
                    "Runs on another machine")),
            Create(
                shell,
                "costs",
                "Lists the cost profiles: what each operation costs in cycles.",
                "epc.costs",
                () => Set("costs"),
                new HelpExample(
                    "epc run config/scenarios/noisy-neighbour.conf --set epc.costs=client-sgx1",
                    "Runs with the figures of another CPU")),
            Create(
                shell,
                "presets",
                "Lists the workload presets: published workloads as patterns of page accesses.",
                "run.preset in the steps of an enclave",
                () => WorkloadPresets.All.Select(one => (one.Name, FirstSentence(one.Description))),
                new HelpExample(
                    "epc config show config/scenarios/noisy-neighbour.conf --all",
                    "Which preset runs where in a scenario")),
            CreateQuantities(shell),
        ];

    /// <summary><c>epc config quantities</c>: the language of expectations.</summary>
    private static DocumentedCommand CreateQuantities(CommandShell shell)
    {
        DocumentedCommand command =
            new("quantities", "Lists what expectations can compare, with their grammar and units.", new HelpPage
            {
                Notes = ["The keys that take expectations: epc.expect, and epc.expect-on for one kernel."],
                Examples =
            [
                new HelpExample("epc config quantities", "All of them, subject by subject"),
                new HelpExample("epc run config/scenarios/noisy-neighbour.conf --expect",
                    "Exit code 1 when one is not met"),
            ],
                ExitCodes = StandardExitCodes.OfQueries,
                SeeAlso = StandardExitCodes.KeyReference,
            });
        command.SetAction(_ =>
        {
            foreach (string line in ExpectationHelp.Lines())
            {
                shell.Out.WriteLine(line);
            }

            return (int)ExitCode.Pass;
        });
        return command;
    }

    private static DocumentedCommand Create(
        CommandShell shell,
        string name,
        string description,
        string key,
        Func<IEnumerable<(string Name, string Text)>> list,
        HelpExample use)
    {
        DocumentedCommand command = new(name, description, new HelpPage
        {
            Notes = [$"The key that takes one of these names: {key}."],
            Examples = [new HelpExample($"epc config {name}", "All of them, a line each"), use],
            ExitCodes = StandardExitCodes.OfQueries,
            SeeAlso = StandardExitCodes.KeyReference,
        });
        command.SetAction(_ =>
        {
            List<(string Name, string Text)> rows = [.. list()];
            int width = rows.Count == 0 ? 0 : rows.Max(row => row.Name.Length) + 2;
            foreach ((string one, string text) in rows)
            {
                shell.Out.WriteLine(one.PadRight(width) + text);
            }

            return (int)ExitCode.Pass;
        });
        return command;
    }

    /// <summary>Names of a set of built-in files with their titles.</summary>
    private static IEnumerable<(string Name, string Text)> Set(string set)
    {
        HoconOptions options = new() { Includer = new BuiltInSet() };
        HoconObject reference = HoconConfig.ParseFile(BuiltInFiles.Reference, options).Resolve().Root;
        string key = set.TrimEnd('s');
        string standard = reference.TryGetPath(["epc", set == "costs" ? "costs" : key], out HoconValue? value)
            ? NameOf(value)
            : "";
        foreach (string name in BuiltInFiles.Names(set))
        {
            HoconObject file = HoconConfig.ParseFile(BuiltInFiles.FileName(set, name), options).Resolve().Root;
            string title = file.TryGet("title", out HoconValue? text) && text is HoconString words ? words.Value : "";
            yield return (name, name == standard ? $"{title} (default)" : title);
        }
    }

    private static string FirstSentence(string text)
    {
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    private static string NameOf(HoconValue value) => value switch
    {
        HoconString name => name.Value,
        HoconObject o when o.TryGet("profile", out HoconValue? profile) => NameOf(profile),
        _ => "",
    };

    /// <summary>Files of a set include their neighbours.</summary>
    private sealed class BuiltInSet : IHoconIncluder
    {
        public string Locate(string includingSource, string name) =>
            name.StartsWith(BuiltInFiles.Prefix, StringComparison.Ordinal)
                ? name
                : string.Concat(includingSource.AsSpan(0, includingSource.LastIndexOf('/') + 1), name);

        public string? Read(string source) => BuiltInFiles.Read(source);
    }
}
