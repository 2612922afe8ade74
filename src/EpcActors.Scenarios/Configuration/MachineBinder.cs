using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Epc;

namespace EpcActors.Scenarios.Configuration;

/// <summary>Reads <c>epc.machine</c>.</summary>
internal static class MachineBinder
{
    /// <summary>Pages that the tables can address: just under 2 TiB.</summary>
    private const long MaxEpcPages = EpcPageTable.MaxPages;

    private const int MaxNodes = 1024;
    private const int MaxCpus = 65_536;

    /// <param name="reader">The effective machine.</param>
    /// <param name="file">The file of the named machine; empty without one.</param>
    public static MachineSpec Read(ObjectReader reader, ObjectReader file)
    {
        string profile = reader.TryGet("profile", out Setting? name) ? name.StringOrNull ?? "" : "";
        string title = reader.TryGet("title", out Setting? titleText) ? titleText.Text("a server") : "";
        if (reader.TryGet("description", out Setting? description))
        {
            description.Text("what it stands for");
        }

        bool sanitises = reader.Get("sanitise-at-boot", "off").OnOff();
        List<NodeSpec> nodes = [];
        bool isChanged = false;
        if (reader.TryGet("nodes", out Setting? list))
        {
            nodes = ReadNodes(list);
            isChanged = !file.TryGet("nodes", out Setting? own) || !own.Value!.Equals(list.Value);
        }
        else if (file.Keys.Count > 0 || profile.Length == 0)
        {
            reader.Get("nodes", "[ { cpus = 8, epc = 64 MiB } ]");
        }

        reader.Finish("the machine");

        // The title of the named machine says nothing about other nodes.
        bool isTitled =
            title.Length > 0 && !(file.TryGet("title", out Setting? itsTitle) && itsTitle.StringOrNull == title);
        string nameOf =
            !isChanged ? profile
            : isTitled ? title
            : "custom";
        return new MachineSpec
        {
            Name = nameOf,
            Nodes = nodes,
            SanitisesAtBoot = sanitises,
        };
    }

    private static List<NodeSpec> ReadNodes(Setting list)
    {
        LoadContext context = list.Context;
        List<NodeSpec> nodes = [];
        int sections = 0;
        long pages = 0;
        int cpus = 0;
        int errorsBefore = context.ErrorCount;
        foreach (Setting item in list.Items("nodes"))
        {
            if (item.Value is not HoconObject value)
            {
                item.Wrong("a node", "write for example { cpus = 8, epc = 64 MiB }");
                continue;
            }

            ObjectReader node = new(context, value, item.Origin, item.Path, "epc.machine.nodes[]");
            NodeSpec spec = new(node.Get("cpus", "8").Int(0, MaxCpus), ReadSections(node));
            node.Finish("a node");
            nodes.Add(spec);
            cpus += spec.Cpus;
            sections += spec.SectionPages.Count;
            pages += spec.SectionPages.Sum(section => (long)section);
        }

        if (nodes.Count > MaxNodes)
        {
            list.Error($"the machine has {nodes.Count} nodes", $"at most {MaxNodes} are possible");
        }

        if (sections > KernelConstants.MaxEpcSections)
        {
            list.Error(
                $"the machine has {sections} EPC sections; the kernel keeps {KernelConstants.MaxEpcSections} "
                    + "(SGX_MAX_EPC_SECTIONS)",
                "join sections of one node");
        }

        if (pages > MaxEpcPages)
        {
            list.Error(
                $"the machine has {Setting.Number(pages)} EPC pages; at most {Setting.Number(MaxEpcPages)} are "
                    + "possible",
                "make sections smaller");
        }

        // A list whose items are wrong has these errors only as a consequence.
        if (context.ErrorCount == errorsBefore && list.List is not null)
        {
            if (sections == 0)
            {
                list.Error("no node has EPC", "give at least one node epc = SIZE");
            }

            if (cpus == 0)
            {
                list.Error("no node has a CPU", "give at least one node cpus = 1 or more");
            }
        }

        return nodes;
    }

    /// <summary>One size, a list of sizes, or nothing.</summary>
    private static List<int> ReadSections(ObjectReader node)
    {
        if (!node.TryGet("epc", out Setting? epc))
        {
            return [];
        }

        if (epc.List is not null)
        {
            return [.. epc.Items("sizes").Select(section => Section(section))];
        }

        int pages = Section(epc, allowZero: true);
        return pages == 0 ? [] : [pages];
    }

    private static int Section(Setting setting, bool allowZero = false) =>
        setting.Pages(MaxEpcPages, allowZero, allowShare: false);
}
