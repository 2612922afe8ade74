using System.Globalization;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Kernel.Waiting;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Races.Explorer;

/// <summary>
/// States of resources in the kernel's words: what <c>crash</c> or <c>drgn</c> would print of the structures.
/// </summary>
internal sealed class ResourceStates(Topology topology)
{
    private const int MostPages = 32;

    private readonly List<KeyValuePair<string, string>> _facts = [];

    /// <summary>The state of one resource, without its locks.</summary>
    public ActorState Of(Resource resource)
    {
        _facts.Clear();
        string kind = resource switch
        {
            FreePageCounter counter => Describe(counter),
            NumaNode node => Describe(node),
            Cgroup cgroup => Describe(cgroup),
            MemoryCgroup memory => Describe(memory),
            Enclave enclave => Describe(enclave),
            AddressSpace mm => Describe(mm),
            BackingStore backing => Describe(backing),
            Process process => Describe(process),
            VirtualEpc guest => Describe(guest),
            ZombieSecsList zombies => Describe(zombies),
            WaitChannel channel => Describe(channel),
            _ => "",
        };
        return new ActorState(resource.Name, kind, [.. _facts]);
    }

    private string Describe(FreePageCounter counter)
    {
        Add("sgx_nr_free_pages", counter.Pages);
        return "atomic_long_t or long";
    }

    private string Describe(NumaNode node)
    {
        List<string> free = [];
        node.ForEachFreeRun((first, end) => free.Add(end - first == 1 ? $"{first}" : $"{first}-{end - 1}"));
        Add("free_page_list", List(node.FreePages, free));
        if (topology.Machine.Switches.FreePageCounter == FreePageCounterMode.PerNode)
        {
            Add("nr_free_pages", node.OwnCounter);
        }

        if (node.PoisonedPages > 0)
        {
            List<string> poisoned = [];
            node.ForEachPoisoned(page => poisoned.Add($"{page}"));
            Add("sgx_poison_page_list", List(node.PoisonedPages, poisoned));
        }

        if (node.DirtyPages > 0)
        {
            Add("sgx_dirty_page_list", Pages(node.DirtyPages));
        }

        return "struct sgx_numa_node";
    }

    private string Describe(Cgroup cgroup)
    {
        Add("misc.current", Charged(cgroup.UsageBytes));
        Add("misc.max", cgroup.Max.IsMax ? "max" : Charged(cgroup.Max.Bytes));
        Add("misc.events", $"max {Number(cgroup.Events)}, local {Number(cgroup.EventsLocal)}");
        List<string> lru = [];
        cgroup.ForEachLruPage(page => lru.Add($"{page}"));
        Add("lru", List(cgroup.LruPages, lru));
        if (cgroup.UnreclaimablePages > 0)
        {
            Add("unreclaimable", Pages(cgroup.UnreclaimablePages));
        }

        Add("css references", cgroup.References);
        if (cgroup.IsDying)
        {
            Add("css", cgroup.IsFreed ? "freed" : "offline");
        }

        return "struct misc_cg";
    }

    private string Describe(MemoryCgroup memory)
    {
        Add("memory.current", Pages(memory.UsagePages));
        Add("memory.max", memory.Max.IsMax ? "max" : Pages(memory.Max.Pages));
        if (memory.OomKills > 0)
        {
            Add("oom_kill", memory.OomKills);
        }

        return "struct mem_cgroup";
    }

    private string Describe(Enclave enclave)
    {
        if (enclave.IsFreed)
        {
            Add("refcount", "0, freed");
            return "struct sgx_encl";
        }

        List<string> flags = [];
        AddIf(flags, enclave.IsCreated, "CREATED");
        AddIf(flags, enclave.IsInitialised, "INITIALIZED");
        AddIf(flags, enclave.IsOutOfMemory, "NO_MEMORY");
        Add("flags", flags.Count == 0 ? "0" : string.Join(" | ", flags));
        Add("refcount", enclave.References);
        Add("mm_list", Number(enclave.MmCount) + (enclave.MmCount == 1 ? " process" : " processes"));
        Add("secs", !enclave.SecsPage.IsNone ? $"EPC page {enclave.SecsPage.Value}"
            : enclave.SecsSlot >= 0 ? $"swapped out, VA slot {Number(enclave.SecsSlot)}" : "none");
        Add("secs_child_cnt", enclave.SecsChildCount);
        if (enclave.VaPages.Count > 0)
        {
            Add("va_pages", $"{Pages(enclave.VaPages.Count)}, {Number(enclave.VaPages.UsedSlots)} slots in use");
        }

        int shown = 0;
        for (int page = enclave.Entries.FindFrom(0); page >= 0; page = enclave.Entries.FindFrom(page + 1))
        {
            if (++shown > MostPages)
            {
                Add("page_array", "more pages follow");
                break;
            }

            Add($"page {Number(page)}", Describe(enclave.Entries[page]));
        }

        return "struct sgx_encl";
    }

    private string Describe(EnclavePage page)
    {
        string text = page.State switch
        {
            EnclavePageState.Absent => "absent",
            EnclavePageState.Swapped => $"swapped out, VA slot {Number(page.VaSlot)}",
            EnclavePageState.Resident => OfEpc(page.EpcPage),
            EnclavePageState.BeingReclaimed => $"{OfEpc(page.EpcPage)}, BEING_RECLAIMED",
            EnclavePageState.BeingRemoved => $"{OfEpc(page.EpcPage)}, BEING_REMOVED",
        };
        return page.IsTrim ? text + ", PT_TRIM" : text;
    }

    /// <summary>The EPC page of an entry with its flags in the processor's EPCM.</summary>
    private string OfEpc(EpcPageIndex page)
    {
        Epcm epcm = topology.Machine.Pages[page].Epcm;
        List<string> flags = [$"EPC page {Number(page.Value)}"];
        AddIf(flags, topology.Machine.Pages[page].IsTracked, "RECLAIMER_TRACKED");
        AddIf(flags, (epcm & Epcm.Valid) == 0, "EPCM not valid");
        AddIf(flags, (epcm & Epcm.Blocked) != 0, "blocked");
        AddIf(flags, (epcm & Epcm.Pending) != 0, "pending");
        AddIf(flags, (epcm & Epcm.Modified) != 0, "modified");
        AddIf(flags, (epcm & Epcm.Restricted) != 0, "PR");
        return string.Join(", ", flags);
    }

    private string Describe(AddressSpace mm)
    {
        if (mm.IsGone)
        {
            Add("mm", "gone");
            return "struct mm_struct";
        }

        List<KeyValuePair<string, string>> entries = [];
        mm.Ptes.ForEach((page, pte) =>
        {
            if (entries.Count < MostPages && pte.IsPresent)
            {
                string accessed = pte.IsAccessed ? ", accessed" : "";
                entries.Add(new($"PTE of page {Number(page)}", $"EPC page {Number(pte.EpcPage.Value)}{accessed}"));
            }
        });
        Add("PTEs present", mm.Ptes.PresentCount);
        _facts.AddRange(entries);
        return "struct mm_struct";
    }

    private string Describe(BackingStore backing)
    {
        Add("pages in RAM", backing.File.AllocatedPages);
        List<string> contents = [];
        List<string> pcmd = [];
        for (int index = 0; index < backing.File.IndexCount && contents.Count < MostPages; index++)
        {
            AddIf(contents, backing.File.HasContents(index), Number(index));
            AddIf(
                pcmd, index % BackingFile.PcmdPerPage == 0 && backing.File.HasPcmdPage(index),
                Number(index / BackingFile.PcmdPerPage));
        }

        Add("contents", contents.Count == 0 ? "none" : string.Join(", ", contents));
        Add("PCMD pages", pcmd.Count == 0 ? "none" : string.Join(", ", pcmd));
        return "shmem file";
    }

    private string Describe(Process process)
    {
        Add("cgroup", PathOf(process.Cgroup));
        Add("signal", process.Killed == KillReason.None ? "none" : $"SIGKILL ({process.Killed})");
        if (process.HasExited)
        {
            Add("threads", "0, exited");
        }

        return "struct task_struct";
    }

    private string Describe(VirtualEpc guest)
    {
        Add("pages", $"{Number(guest.PageCount)} of {Number(guest.Size)}");
        List<string> pages = [];
        guest.ForEachPage(page => pages.Add(Number(page)));
        Add("EPC pages", List(guest.PageCount, pages));
        return "struct sgx_vepc";
    }

    private string Describe(ZombieSecsList zombies)
    {
        List<string> pages = [];
        zombies.ForEachPage(page => pages.Add(Number(page)));
        Add("zombie_secs_pages", List(zombies.Count, pages));
        return "struct list_head";
    }

    private string Describe(WaitChannel channel)
    {
        Add("sleepers", channel.HasSleeper ? "1" : "0");
        return "wait queue";
    }

    private string PathOf(int cgroup) =>
        cgroup >= 0 && cgroup < topology.Cgroups.Count ? topology.Cgroups[cgroup].Path : Number(cgroup);

    private void Add(string name, long value) => Add(name, Number(value));

    private void Add(string name, string value) => _facts.Add(new(name, value));

    private static void AddIf(List<string> list, bool isSo, string text)
    {
        if (isSo)
        {
            list.Add(text);
        }
    }

    private static string List(int count, List<string> members) =>
        count == 0 ? "empty"
        : members.Count > MostPages ? $"{Pages(count)}: {string.Join(", ", members.Take(MostPages))} …"
        : $"{Pages(count)}: {string.Join(", ", members)}";

    private static string Charged(long bytes)
    {
        long pages = bytes / KernelConstants.PageSize;
        return pages * KernelConstants.PageSize == bytes ? Pages(pages) : $"{Number(bytes)} bytes";
    }

    private static string Pages(long count) => Number(count) + (count == 1 ? " page" : " pages");

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
