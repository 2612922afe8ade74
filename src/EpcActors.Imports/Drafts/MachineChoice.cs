using EpcActors.Hocon;
using EpcActors.Imports.Reading;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Text;

namespace EpcActors.Imports.Drafts;

/// <summary>The machine of an import: the caller's, the input's, or a default that says so.</summary>
internal static class MachineChoice
{
    /// <summary>Machine of an input that names none.</summary>
    private const string Default = "icx-8gib-x2";

    /// <summary>Largest EPC of parts with the first SGX: 188 MiB of 256 MiB reserved.</summary>
    private const long MostPagesOfSgx1 = 65536;

    /// <summary>Sets machine and costs of the draft to a named machine.</summary>
    /// <returns>EPC of the machine, pages; 0 when there is no such machine.</returns>
    public static long Named(ScenarioDraft draft, ImportOptions options, ImportLog log) =>
        Named(draft, options, log, out _);

    /// <summary>As the other, with the number of its NUMA nodes.</summary>
    public static long Named(ScenarioDraft draft, ImportOptions options, ImportLog log, out int nodes)
    {
        nodes = 0;
        string name = options.Machine ?? Default;
        HoconOrigin at = new("--machine", 0, 0);
        IReadOnlyList<string> known = BuiltInFiles.Names("machines");
        if (!known.Contains(name))
        {
            log.Error(at, "", $"there is no machine '{name}'", Suggestions.Remedy(name, known));
            return 0;
        }

        MachineSpec machine = Load(name);
        draft.Machine = new Sourced(
            HoconText.Quoted(name),
            options.Machine is null ? "assumed: the input says nothing of the machine; --machine NAME" : "--machine");
        SetCosts(draft, machine.EpcPages);
        nodes = machine.Nodes.Count;
        return machine.EpcPages;
    }

    /// <summary>Sets machine and costs to one node of the given size.</summary>
    public static void OneNode(ScenarioDraft draft, long pages, Sourced cpus, string why)
    {
        draft.Machine = new Sourced($"{{ nodes = [ {{ cpus = {cpus.Text}, epc = {HoconText.Pages(pages)} }} ] }}", why);
        SetCosts(draft, pages);
    }

    private static void SetCosts(ScenarioDraft draft, long pages) => draft.Costs = pages <= MostPagesOfSgx1
        ? new Sourced("\"client-sgx1\"", "assumed: only parts with the first SGX have so little EPC")
        : new Sourced("\"xeon-icx\"", "assumed: a server of the third Xeon generation or later");

    private static MachineSpec Load(string name)
    {
        const string Source = "machine.conf";
        ConfigEnvironment environment = new()
        {
            Files = new HoconMemoryIncluder([new(Source, $"epc.machine = {HoconText.Quoted(name)}")]),
            Variables = static _ => null,
        };
        return ScenarioLoader.Load(Source, [], null, environment).Machine;
    }
}
