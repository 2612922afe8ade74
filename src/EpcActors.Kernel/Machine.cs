using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel;

/// <summary>
/// Facts that every actor of a run may read without a request: the kernel's switches, the fixed shape of the machine,
/// and where each actor lives. Only the page descriptors change during a run; each belongs to the task that holds the
/// page.
/// </summary>
[Constant]
public sealed class Machine
{
    private readonly int[] _sectionFirst;
    private readonly int[] _sectionNode;

    /// <param name="switches">The kernel.</param>
    /// <param name="sections">EPC sections in the order of their pages: node and page count.</param>
    /// <param name="nodeCount">Nodes, with or without EPC.</param>
    public Machine(KernelSwitches switches, IReadOnlyList<(int Node, int PageCount)> sections, int nodeCount)
    {
        ArgumentNullException.ThrowIfNull(switches);
        ArgumentNullException.ThrowIfNull(sections);
        Switches = switches;
        NodeCount = nodeCount;
        _sectionFirst = new int[sections.Count];
        _sectionNode = new int[sections.Count];
        OwnsEpc = new bool[nodeCount];
        long first = 0;
        for (int i = 0; i < sections.Count; i++)
        {
            _sectionFirst[i] = (int)first;
            _sectionNode[i] = sections[i].Node;
            OwnsEpc[sections[i].Node] |= sections[i].PageCount > 0;
            first += sections[i].PageCount;
        }

        Pages = new EpcPageTable(first);
        CapacityPages = (int)first;
        Nodes = new ActorId[nodeCount];
    }

    public KernelSwitches Switches { get; }

    /// <summary>
    /// Numbers that only have to differ from the recent ones (versions of pages, generations of backing pages, tracking
    /// epochs) come round after eight or more, in explored races: where tasks take turns without end the states then
    /// repeat, and there is an end of them. What would be taken for fresh is exactly a round old and has stayed in use
    /// for all of it.
    /// </summary>
    public bool NumbersComeRound { get; init; }

    public EpcPageTable Pages { get; }

    public EnclavePageSpace Space { get; } = new();

    public int CapacityPages { get; }

    public int NodeCount { get; }

    /// <summary>sgx_numa_mask: nodes with at least one section.</summary>
    public bool[] OwnsEpc { get; }

    public ActorId[] Nodes { get; }

    /// <summary>How routines reach what all sockets share.</summary>
    public ISharedMachine Shared { get; set; } = OneMachine.Instance;

    public ActorId FreePageCounter { get; set; }

    public ActorId CgroupTree { get; set; }

    /// <summary>Cgroups by index; 0 is the root.</summary>
    public ActorId[] Cgroups { get; set; } = [];

    /// <summary>Parent of each cgroup, -1 for the root.</summary>
    public int[] CgroupParents { get; set; } = [];

    /// <summary>reclaim_work of each cgroup; none when the kernel has no workers.</summary>
    public ActorId[] CgroupWork { get; set; } = [];

    public ActorId[] MemoryCgroups { get; set; } = [];

    public int[] MemoryCgroupParents { get; set; } = [];

    public ActorId KsgxdWaitQueue { get; set; }

    /// <summary>Victims of the memory controller: picks a process when memory.max cannot be held.</summary>
    public ActorId OomKiller { get; set; }

    public ActorId ZombieSecs { get; set; }

    /// <summary>Enclaves by index.</summary>
    public List<EnclavePlace> Enclaves { get; } = [];

    /// <summary>Every process, parents before the children that they fork.</summary>
    public List<ActorId> Processes { get; } = [];

    /// <summary>The process that an address space belongs to.</summary>
    public ProcessesByMm ProcessOfMm { get; } = new();

    public int NodeOf(EpcPageIndex page)
    {
        int[] first = _sectionFirst;
        int section = first.Length - 1;
        while (first[section] > page.Value)
        {
            section--;
        }

        return _sectionNode[section];
    }

    /// <summary>The cgroup whose LRU a page belongs to.</summary>
    public int LruOf(EpcPageIndex page) => LruOf(Pages[page].Cgroup);

    /// <summary>The cgroup whose LRU takes the pages that are charged to a cgroup, or to none.</summary>
    public static int LruOf(ushort cgroup) => cgroup == EpcPage.NoCgroup ? 0 : cgroup;
}

/// <summary>Ids of the actors of one enclave.</summary>
/// <param name="Enclave">Its actor.</param>
/// <param name="Backing">Its shmem file.</param>
/// <param name="OwnerBase">Number of its page 0 in the enclave-page space.</param>
/// <param name="PageCount">Pages of its linear range: a power of two.</param>
[Constant]
public sealed record EnclavePlace(ActorId Enclave, ActorId Backing, int OwnerBase, int PageCount)
{
    /// <summary>Pages from the first one on that the process maps: what lies behind them belongs to no VMA.</summary>
    public int MappedPages { get; init; } = PageCount;
}
