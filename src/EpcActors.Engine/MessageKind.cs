namespace EpcActors.Engine;

/// <summary>
/// Kinds of messages, in the words of the kernel. Every message has one (<see cref="IMessage.Kind"/>); reports count
/// messages by it, and the tap and the logs of the engine on Akka.NET show it.
/// </summary>
public enum MessageKind : byte
{
    /// <summary>
    /// Charges one level: misc_cg_try_charge() for EPC, page_counter_try_charge() for the RAM behind it.
    /// </summary>
    Charge,

    /// <summary>
    /// Takes a charge of one level back: misc_cg_uncharge(), page_counter_uncharge(), stock that a process of a cluster
    /// gives back.
    /// </summary>
    Uncharge,

    /// <summary>
    /// Reads or writes limits, usage and events: misc.max, misc.current, misc.events, memory.max, cgroup.procs.
    /// </summary>
    Limit,

    /// <summary>
    /// Puts a page on an LRU or takes it off: sgx_mark_page_reclaimable(), sgx_unmark_page_reclaimable().
    /// </summary>
    Lru,

    /// <summary>
    /// Looks for pages to write out: sgx_isolate_epc_pages(), the walk over a subtree of cgroups, the BEING_RECLAIMED
    /// mark.
    /// </summary>
    Reclaim,

    /// <summary>Tests and clears an accessed bit: sgx_encl_test_and_clear_young().</summary>
    Age,

    /// <summary>
    /// Writes a page out: EBLOCK, ETRACK, the IPIs, a VA slot, EWB (sgx_reclaimer_block(), sgx_encl_ewb()).
    /// </summary>
    Evict,

    /// <summary>Loads a page back: ELDU (sgx_encl_eldu()).</summary>
    Load,

    /// <summary>Takes a page off the free list of a node: __sgx_alloc_epc_page_from_node().</summary>
    Allocate,

    /// <summary>
    /// Gives a page back, and removes it from its holder first: sgx_free_epc_page(), sgx_encl_release(), EREMOVE.
    /// </summary>
    Free,

    /// <summary>Reads or changes a count of free pages: sgx_nr_free_pages, or that of one node.</summary>
    Counter,

    /// <summary>
    /// Memory accesses and instructions of user code: a page walk, EENTER, AEX, a guest that uses its EPC.
    /// </summary>
    Access,

    /// <summary>
    /// Serves a page fault: its entry and exit, the look-up of the page; also a memory failure (sgx_vma_fault(),
    /// __sgx_vepc_fault(), arch_memory_failure()).
    /// </summary>
    Fault,

    /// <summary>
    /// Installs, copies or zaps translations: mmap(), vmf_insert_pfn(), zap_vma_ptes(), dup_mmap(), exit_mmap().
    /// </summary>
    Map,

    /// <summary>
    /// Builds or changes an enclave: the ioctls, ECREATE, EADD, EINIT, EAUG, EMODPR, EMODT, VA pages.
    /// </summary>
    Build,

    /// <summary>
    /// Pins, writes, truncates or swaps out the backing store: sgx_encl_get_backing(), sgx_encl_put_backing(), shmem.
    /// </summary>
    Backing,

    /// <summary>Takes or releases a lock and does nothing else: encl->lock, node->lock, cgroup_mutex.</summary>
    Lock,

    /// <summary>
    /// Keeps objects alive or releases them: references, mm_list, SRCU, signals, exits, the out-of-memory killer.
    /// </summary>
    Lifetime,

    /// <summary>
    /// Sleeps on a wait queue or wakes a sleeper: prepare_to_wait(), schedule(), wake_up(), queue_work(), a barrier.
    /// </summary>
    Wait,

    /// <summary>Work of a cluster that a single kernel does not have: views, frames, loans between processes.</summary>
    Cluster,

    /// <summary>A message of a test or of a user's own actors.</summary>
    Other,
}

/// <summary>Names of the kinds in reports, metrics and logs.</summary>
public static class MessageKinds
{
    /// <summary>Number of kinds.</summary>
    public const int Count = (int)MessageKind.Other + 1;

    /// <summary>Every kind, in the order of the enum.</summary>
    public static IReadOnlyList<MessageKind> All { get; } = Enum.GetValues<MessageKind>();

    /// <summary>The kind as one lower-case word.</summary>
    public static string Name(MessageKind kind) => kind switch
    {
        MessageKind.Charge => "charge",
        MessageKind.Uncharge => "uncharge",
        MessageKind.Limit => "limit",
        MessageKind.Lru => "lru",
        MessageKind.Reclaim => "reclaim",
        MessageKind.Age => "age",
        MessageKind.Evict => "evict",
        MessageKind.Load => "load",
        MessageKind.Allocate => "allocate",
        MessageKind.Free => "free",
        MessageKind.Counter => "counter",
        MessageKind.Access => "access",
        MessageKind.Fault => "fault",
        MessageKind.Map => "map",
        MessageKind.Build => "build",
        MessageKind.Backing => "backing",
        MessageKind.Lock => "lock",
        MessageKind.Lifetime => "lifetime",
        MessageKind.Wait => "wait",
        MessageKind.Cluster => "cluster",
        MessageKind.Other => "other",
    };
}
