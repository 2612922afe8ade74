using System.CommandLine;
using EpcActors.Domain.Workloads;
using EpcActors.Imports;
using EpcActors.Lab.Configuration;

namespace EpcActors.Cli.Commands.Imports;

/// <summary>
/// What an input that is no scenario does not say. The commands that take such an input have these options, too.
/// </summary>
internal sealed class InputOptions
{
    private static readonly string[] ClaimWords = ["limits", "bookkeeping"];

    private readonly Option<string?> _machine = CommonOptions.Completing(
        new Option<string?>("--machine")
        {
            HelpName = "NAME",
            Description = "the machine of an imported input; 'epc config machines' lists them",
        },
        static () => BuiltInFiles.Names("machines"));

    private readonly Option<string?> _workload = CommonOptions.Completing(
        new Option<string?>("--workload")
        {
            HelpName = "PRESET",
            Description = "the workload of each imported enclave; 'epc config presets' lists them",
        },
        static () => WorkloadPresets.All.Select(one => one.Name));

    private readonly Option<string?> _node = new("--node")
    {
        HelpName = "NAME",
        Description = "the Node object to take when a manifest has several (default: the first)",
    };

    private readonly Option<string?> _claims = CommonOptions.Completing(
        new Option<string?>("--claims")
        {
            HelpName = "USE",
            Description = "sgx.intel.com/epc without an annotation: limits, as Intel's webhook hands it down (default),"
                + " or bookkeeping, which nothing enforces",
        },
        static () => ClaimWords);

    /// <summary>Those that every import understands.</summary>
    public IEnumerable<Option> Common => [_machine, _workload];

    /// <summary>Those of Kubernetes.</summary>
    public IEnumerable<Option> OfKubernetes => [_node, _claims];

    public IEnumerable<Option> All => [.. Common, .. OfKubernetes];

    /// <summary>What was said.</summary>
    /// <exception cref="CommandException">A word is not known.</exception>
    public ImportOptions Read(ParseResult parsed)
    {
        string claims = parsed.GetValue(_claims) ?? ClaimWords[0];
        int use = Array.IndexOf(ClaimWords, claims);
        if (use < 0)
        {
            throw CommandException.Usage($"--claims {claims}: write {string.Join(" or ", ClaimWords)}");
        }

        return new ImportOptions
        {
            Machine = parsed.GetValue(_machine),
            Workload = parsed.GetValue(_workload),
            Node = parsed.GetValue(_node),
            Claims = (ClaimUse)use,
        };
    }

    /// <summary>The options that say it, for a command line that repeats a run.</summary>
    public static IEnumerable<string> Words(ImportOptions options)
    {
        foreach ((string name, string? value) in ((string, string?)[])
            [
                ("--machine", options.Machine),
                ("--workload", options.Workload),
                ("--node", options.Node),
                ("--claims", options.Claims == default ? null : ClaimWords[(int)options.Claims]),
            ])
        {
            if (value is not null)
            {
                yield return name;
                yield return value;
            }
        }
    }
}
