using EpcActors.Hocon;
using EpcActors.Imports.Drafts;
using EpcActors.Imports.Reading;
using EpcActors.Kernel;
using EpcActors.Results.Text;

namespace EpcActors.Imports.Vms;

/// <summary>A section of a guest's EPC: an instance of /dev/sgx_vepc of its VMM.</summary>
/// <param name="Name">Its name in the input.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="IsPreallocated">The VMM touches all of it before the guest runs.</param>
/// <param name="HostNode">Node of the host that its memory is bound to; -1 for none.</param>
/// <param name="GuestNode">Node of the guest that it is on; -1 when it is not said.</param>
/// <param name="Origin">Where it stands.</param>
internal sealed record EpcSection(
    string Name, long Bytes, bool IsPreallocated, int HostNode, int GuestNode, HoconOrigin Origin);

/// <summary>A guest with its sections.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sections">At least one.</param>
/// <param name="Origin">Where it begins.</param>
internal sealed record GuestPlan(string Name, IReadOnlyList<EpcSection> Sections, HoconOrigin Origin);

/// <summary>Makes a scenario of guests: a VMM process each, in a cgroup of its own, with all sections.</summary>
internal static class GuestPlans
{
    /// <summary>Linux in the guest keeps no more (SGX_MAX_EPC_SECTIONS).</summary>
    private const int MostSections = 8;

    public static ScenarioDraft Draft(
        string title, IReadOnlyList<GuestPlan> guests, ImportOptions options, ImportLog log)
    {
        ScenarioDraft draft = new() { Title = title };
        long epcPages = SetMachine(draft, guests, options, log);
        draft.Duration = new Sourced("10 s", "assumed: guests run on until then");
        draft.Head.Add(
            "Guests hold their EPC: virtual EPC is charged and never reclaimed. A guest touches its sections in order, "
                + "a page each microsecond, or all at once where prealloc says so.");
        UniqueNames names = new();
        foreach (GuestPlan guest in guests)
        {
            Add(draft, guest, names, log);
        }

        long sum = guests.SelectMany(one => one.Sections).Sum(one => one.Bytes) / KernelConstants.PageSize;
        if (epcPages > 0 && sum > epcPages && guests.Count > 0)
        {
            log.Note(
                guests[0].Origin,
                "",
                $"the sections of all guests are {Sizes.OfPages(sum)}, more than the machine's "
                    + $"{Sizes.OfPages(epcPages)}: the guest that touches the page too many gets SIGBUS");
        }

        return draft;
    }

    /// <summary>Without --machine a host that has the nodes that the guests are bound to.</summary>
    private static long SetMachine(
        ScenarioDraft draft, IReadOnlyList<GuestPlan> guests, ImportOptions options, ImportLog log)
    {
        EpcSection? highest = guests.SelectMany(one => one.Sections).MaxBy(one => one.HostNode);
        long pages = MachineChoice.Named(draft, options, log, out int nodes);
        if (highest is not null && nodes > 0 && highest.HostNode >= nodes)
        {
            log.Error(
                highest.Origin,
                "",
                $"the section is bound to host node {highest.HostNode}, and the machine has nodes 0 to {nodes - 1}",
                "name another with --machine; 'epc config machines' lists them");
        }

        return pages;
    }

    private static void Add(ScenarioDraft draft, GuestPlan guest, UniqueNames names, ImportLog log)
    {
        string own = names.Next(guest.Name);
        if (guest.Sections.Count > MostSections)
        {
            log.Note(
                guest.Origin,
                "",
                $"the guest has {guest.Sections.Count} sections; Linux in it keeps {MostSections} "
                    + "(SGX_MAX_EPC_SECTIONS)");
        }

        draft.Cgroups.Add(new CgroupDraft("/" + own) { Max = new Sourced("max", "assumed: the input sets no limit") });
        string? vmm = null;
        foreach (EpcSection section in guest.Sections)
        {
            string name = vmm is null ? own : names.Next($"{own}.{section.Name}");
            List<(string, Sourced)> settings = vmm is null
                ? [("cgroup", new Sourced(HoconText.CgroupPath("/" + own), ""))]
                : [("vmm", new Sourced(HoconText.Quoted(vmm), "another section of the same guest"))];
            string place = Place.Short(section.Origin);
            string size = HoconText.Pages(section.Bytes / KernelConstants.PageSize);
            settings.Add(("epc", new Sourced(size, $"{section.Name} ({place})")));
            settings.Add(("work", section.IsPreallocated
                ? new Sourced("0 ns", $"prealloc ({place}): touched in one go before the guest runs")
                : new Sourced("1 us", "assumed: guest code between two first touches")));
            if (section.HostNode >= 0)
            {
                settings.Add(("node", new Sourced(
                    HoconText.Number(section.HostNode),
                    "host node: the kernel takes EPC of the node of the CPU that touches, here one of that node")));
            }

            draft.Guests.Add(new GuestDraft(name, settings)
            {
                Comments = vmm is null
                    ? [$"{guest.Name} ({Place.Short(guest.Origin)}), {Counted.Of(guest.Sections.Count, "section")}"]
                    : section.GuestNode < 0 ? [] : [$"node {section.GuestNode} of the guest"],
            });
            vmm ??= own;
        }
    }
}
