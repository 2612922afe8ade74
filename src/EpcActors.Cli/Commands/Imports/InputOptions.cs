using System.CommandLine;
using System.Globalization;
using EpcActors.Cli.Running;
using EpcActors.Imports;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Cli.Commands.Imports;

/// <summary>
/// What an input that is not a scenario does not say. The commands that take such an input have these options, too.
/// </summary>
internal sealed class InputOptions
{
    private const int MostInstances = 1000;

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
        static () => InputWords.Claims);

    private readonly Option<int?> _instances = new("--instances")
    {
        HelpName = "N",
        Description = "enclaves of each imported enclave configuration (default: 1)",
        CustomParser = static result =>
        {
            if (
                int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int count)
                && count is >= 1 and <= MostInstances)
            {
                return count;
            }

            result.AddError($"--instances {result.Tokens[0].Value}: a number from 1 to {MostInstances}");
            return null;
        },
    };

    /// <summary>Those that mean something for a kind of input.</summary>
    public IEnumerable<Option> Of(InputFormat format) => format switch
    {
        InputFormat.Kubernetes => [_machine, _workload, _node, _claims],
        InputFormat.Gramine or InputFormat.Occlum or InputFormat.SgxSdk => [_machine, _workload, _instances],
        InputFormat.Cgroup => [_machine, _workload],
        InputFormat.Qemu or InputFormat.Libvirt => [_machine],
        InputFormat.Scenario => [],
    };

    /// <summary>All of them, for commands that take any kind.</summary>
    public IEnumerable<Option> All => [_machine, _workload, _node, _claims, _instances];

    /// <summary>The options as given.</summary>
    /// <exception cref="CommandException">A word is not known.</exception>
    public ImportOptions Read(ParseResult parsed)
    {
        string claims = parsed.GetValue(_claims) ?? InputWords.Claims[0];
        int use = InputWords.Claims.IndexOf(claims);
        if (use < 0)
        {
            throw CommandException.Usage($"--claims {claims}: write {string.Join(" or ", InputWords.Claims)}");
        }

        return new ImportOptions
        {
            Machine = parsed.GetValue(_machine),
            Workload = parsed.GetValue(_workload),
            Node = parsed.GetValue(_node),
            Claims = (ClaimUse)use,
            Instances = parsed.GetValue(_instances) ?? 1,
        };
    }
}
