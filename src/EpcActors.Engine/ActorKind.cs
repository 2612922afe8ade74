namespace EpcActors.Engine;

/// <summary>
/// Kinds of actors: the resources first, then the tasks. Reports count messages by the kinds of both ends; the engine
/// on Akka.NET has an actor class for each.
/// </summary>
public enum ActorKind : byte
{
    /// <summary>A resource of a test or of a user.</summary>
    Resource,

    /// <summary>Free list and poison list of a NUMA node: what node->lock protects.</summary>
    NumaNode,

    /// <summary>The atomic sgx_nr_free_pages.</summary>
    FreePageCounter,

    /// <summary>Counters of a misc cgroup and the LRU of its pages.</summary>
    Cgroup,

    /// <summary>The hierarchy of cgroups and the cursors in it.</summary>
    CgroupTree,

    /// <summary>An enclave: what encl->lock protects.</summary>
    Enclave,

    /// <summary>Page tables of a process: what mmap_lock protects.</summary>
    AddressSpace,

    /// <summary>The shmem file that holds the evicted pages of an enclave.</summary>
    BackingStore,

    /// <summary>RAM charged to a memory cgroup.</summary>
    MemoryCgroup,

    /// <summary>The out-of-memory killer of the memory controller.</summary>
    OomKiller,

    /// <summary>Cgroup, signals and threads of a process.</summary>
    Process,

    /// <summary>EPC of a virtual machine: what vepc->lock protects.</summary>
    VirtualEpc,

    /// <summary>SECS pages that wait for their children in other virtual machines.</summary>
    ZombieSecsList,

    /// <summary>A wait queue or a work item.</summary>
    WaitChannel,

    /// <summary>Shared counters and borrowed pages of one process of a cluster.</summary>
    Gateway,

    /// <summary>A task of a test or of a user.</summary>
    Task,

    /// <summary>A CPU thread that builds and uses an enclave.</summary>
    Thread,

    /// <summary>A CPU of a virtual machine.</summary>
    VirtualCpu,

    /// <summary>The reclaimer thread.</summary>
    Ksgxd,

    /// <summary>The asynchronous reclaim work of one cgroup.</summary>
    ReclaimWorker,

    /// <summary>Writes limits, moves processes, removes cgroups.</summary>
    Administrator,

    /// <summary>Serves another process of a cluster, or keeps this one in it.</summary>
    ClusterTask,

    /// <summary>An actor outside of the engine that asks a resource, as a TestProbe.</summary>
    External,
}

/// <summary>Names of the kinds in reports, metrics and logs.</summary>
public static class ActorKinds
{
    /// <summary>Number of kinds.</summary>
    public const int Count = (int)ActorKind.External + 1;

    /// <summary>Every kind, in the order of the enum.</summary>
    public static IReadOnlyList<ActorKind> All { get; } = Enum.GetValues<ActorKind>();

    /// <summary>True for the kinds of tasks.</summary>
    public static bool IsTask(ActorKind kind) => kind >= ActorKind.Task;

    /// <summary>The kind in lower case, with hyphens.</summary>
    public static string Name(ActorKind kind) => kind switch
    {
        ActorKind.Resource => "resource",
        ActorKind.NumaNode => "numa-node",
        ActorKind.FreePageCounter => "free-page-counter",
        ActorKind.Cgroup => "cgroup",
        ActorKind.CgroupTree => "cgroup-tree",
        ActorKind.Enclave => "enclave",
        ActorKind.AddressSpace => "address-space",
        ActorKind.BackingStore => "backing-store",
        ActorKind.MemoryCgroup => "memory-cgroup",
        ActorKind.OomKiller => "oom-killer",
        ActorKind.Process => "process",
        ActorKind.VirtualEpc => "virtual-epc",
        ActorKind.ZombieSecsList => "zombie-secs-list",
        ActorKind.WaitChannel => "wait-channel",
        ActorKind.Gateway => "gateway",
        ActorKind.Task => "task",
        ActorKind.Thread => "thread",
        ActorKind.VirtualCpu => "virtual-cpu",
        ActorKind.Ksgxd => "ksgxd",
        ActorKind.ReclaimWorker => "reclaim-worker",
        ActorKind.Administrator => "administrator",
        ActorKind.ClusterTask => "cluster-task",
        ActorKind.External => "external",
    };
}
