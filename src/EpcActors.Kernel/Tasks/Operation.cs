using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Kernel.Tasks;

/// <summary>
/// One operation of a task of a race. <paramref name="Text"/>: as in the configuration. Enclaves, guests, cgroups and
/// tasks are indices.
/// </summary>
public abstract record Operation(string Text)
{
    /// <summary>Kind of place that the operation needs.</summary>
    public virtual OperationHomeKind Needs => OperationHomeKind.Enclave;

    /// <summary>mmap() and ECREATE.</summary>
    public sealed record Create(string Text) : Operation(Text);

    /// <summary>ADD_PAGES, one call.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="First">First page.</param>
    /// <param name="Count">Pages.</param>
    /// <param name="IsMeasured">With EEXTEND.</param>
    /// <param name="Retries">Reads the count and goes on after it until all pages are there or an error ends
    /// it.</param>
    public sealed record Add(string Text, int First, int Count, bool IsMeasured, bool Retries = false)
        : Operation(Text);

    /// <summary>EINIT.</summary>
    public sealed record Init(string Text) : Operation(Text);

    /// <summary>Create, add the pages from 0 on, initialise; ends at the first call that fails.</summary>
    public sealed record Build(string Text, int Pages) : Operation(Text);

    /// <summary>User code in the enclave accesses pages, one after the other.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Kind">Kind of the accesses.</param>
    /// <param name="First">First page.</param>
    /// <param name="Count">Pages.</param>
    /// <param name="Until">Repeats until this task has ended; -1: once.</param>
    /// <param name="IsForever">Repeats for ever, with a pause after each lap: a load on the others that no schedule
    /// waits for.</param>
    public sealed record Touch(
        string Text,
        AccessKind Kind,
        int First,
        int Count,
        int Until = -1,
        bool IsForever = false
    ) : Operation(Text);

    /// <summary>MODIFY_TYPES to TRIM.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="First">First page.</param>
    /// <param name="Count">Pages.</param>
    /// <param name="Retries">Goes on from where it stopped while the call returns EAGAIN or EBUSY, as run-times
    /// do.</param>
    public sealed record ChangeType(string Text, int First, int Count, bool Retries) : Operation(Text);

    /// <summary>RESTRICT_PERMISSIONS.</summary>
    public sealed record Restrict(string Text, int First, int Count, bool Retries) : Operation(Text);

    /// <summary>REMOVE_PAGES.</summary>
    public sealed record Remove(string Text, int First, int Count, bool Retries) : Operation(Text);

    /// <summary>close() of the device, by a process that has unmapped it.</summary>
    public sealed record Close(string Text) : Operation(Text);

    /// <summary>exit_mmap() alone, with its mmu notifier.</summary>
    public sealed record ExitMm(string Text) : Operation(Text);

    /// <summary>mmap() or munmap() of something else than the enclave: mmap_lock for writing.</summary>
    public sealed record MapOther(string Text) : Operation(Text);

    /// <summary>fork(): another task starts in the child.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Child">Number of that task.</param>
    public sealed record Fork(string Text, int Child) : Operation(Text);

    /// <summary>The thread ends; the last one of its process gives everything back.</summary>
    public sealed record Exit(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.Process;
    }

    /// <summary>The guest touches a page of its EPC, through one of its mappings, until it has it.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Page">The page.</param>
    /// <param name="Mapping">0 for the VMM's mapping, 1 and up for further ones.</param>
    /// <param name="CanRetry">False: a fault without FAULT_FLAG_ALLOW_RETRY.</param>
    public sealed record TouchGuest(string Text, int Page, int Mapping, bool CanRetry = true) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.Guest;
    }

    /// <summary>The guest makes a page a SECS, or the child of one.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Page">The page.</param>
    /// <param name="Secs">Page of its SECS; the page itself for a SECS.</param>
    /// <param name="SecsGuest">Number of the guest whose instance the SECS is in; -1 for this one.</param>
    public sealed record UseGuestPage(string Text, int Page, int Secs, int SecsGuest) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.Guest;
    }

    /// <summary>SGX_IOC_VEPC_REMOVE_ALL; the count is that of SECS pages with children.</summary>
    public sealed record RemoveAllGuestPages(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.Guest;
    }

    /// <summary>sgx_vepc_release.</summary>
    public sealed record ReleaseGuest(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.Guest;
    }

    /// <summary>sgx_alloc_epc_page; the task keeps the page.</summary>
    public sealed record Allocate(string Text, bool Reclaims) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.AnyProcess;
    }

    /// <summary>sgx_free_epc_page of the page that the task allocated last.</summary>
    public sealed record Free(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>sgx_vma_access: a debugger reads a page.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Enclave">Whose.</param>
    /// <param name="Page">The page.</param>
    /// <param name="Retries">Again while it says EAGAIN or EBUSY.</param>
    public sealed record DebugRead(string Text, int Enclave, int Page, bool Retries) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.AnyProcess;
    }

    /// <summary>
    /// One round of reclaim: over the machine, as a CPU in the allocator does, or over a cgroup and those below it.
    /// Count: result of the round.
    /// </summary>
    /// <param name="Text">As written.</param>
    /// <param name="Cgroup">-1 for the machine.</param>
    public sealed record Reclaim(string Text, int Cgroup) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>
    /// Series v1 to v5: one search for a victim in a cgroup and those below it, as by a worker that finds nothing to
    /// reclaim. ESRCH: there is none.
    /// </summary>
    public sealed record OomKill(string Text, int Cgroup) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>
    /// Setup: charges a cgroup, and those above it, at once for pages that are elsewhere; they stay charged. EBUSY when
    /// a level refuses.
    /// </summary>
    public sealed record Charge(string Text, int Cgroup, long Bytes) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>sgx_reclaim_direct.</summary>
    public sealed record ReclaimDirect(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.AnyProcess;
    }

    /// <summary>
    /// Setup: evicts these pages, young or not, and no others; the LRU keeps its order. EBUSY when one of them cannot
    /// be evicted.
    /// </summary>
    public sealed record Evict(string Text, int Enclave, int First, int Count) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Setup: clears the accessed bits of these pages in every process.</summary>
    public sealed record Age(string Text, int Enclave, int First, int Count) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Sleeps for a tick.</summary>
    public sealed record Pause(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Writes misc.max.</summary>
    public sealed record SetMax(string Text, int Cgroup, Limit Max) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Writes memory.max.</summary>
    public sealed record SetMemoryMax(string Text, int Cgroup, Limit Max) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>kill -9.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Enclave">Whose process; -1 for a guest's.</param>
    /// <param name="Guest">Number of the guest, -1 for an enclave's process.</param>
    public sealed record Kill(string Text, int Enclave, int Guest) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>
    /// A signal that does not kill, to a process of an enclave or a guest: system calls see it pending, then its
    /// handler runs, and the interrupted call starts anew.
    /// </summary>
    /// <param name="Text">As written.</param>
    /// <param name="Enclave">Whose process; -1 for a guest's.</param>
    /// <param name="Guest">Number of the guest, -1 for an enclave's process.</param>
    public sealed record Signal(string Text, int Enclave, int Guest) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Memory failures hit pages of a node, counted within the node, one after the other.</summary>
    public sealed record PoisonPage(string Text, int Node, int Page, int Count = 1) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>
    /// A memory failure hits the EPC page that holds a page of an enclave at that moment. EFAULT: none does.
    /// </summary>
    /// <param name="Text">As written.</param>
    /// <param name="Enclave">Whose.</param>
    /// <param name="Page">The page; -1 for the SECS.</param>
    public sealed record PoisonOf(string Text, int Enclave, int Page) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>The whole EPC is lost: suspend to RAM, or the move of a virtual machine.</summary>
    public sealed record LoseEpc(string Text) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>mkdir.</summary>
    public sealed record CreateCgroup(string Text, int Cgroup) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>rmdir.</summary>
    public sealed record RemoveCgroup(string Text, int Cgroup) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>Moves the process of an enclave, or of a guest, to another cgroup.</summary>
    public sealed record Migrate(string Text, int Enclave, int Guest, int Cgroup) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>shmem writes a page of an enclave's backing file to swap.</summary>
    /// <param name="Text">As written.</param>
    /// <param name="Enclave">Whose.</param>
    /// <param name="Page">A page of the enclave.</param>
    /// <param name="IsPcmd">The PCMD page of its group, not its contents.</param>
    /// <param name="EvenPinned">Also take a page that is pinned, which no kernel does. A control.</param>
    public sealed record SwapOut(string Text, int Enclave, int Page, bool IsPcmd, bool EvenPinned = false)
        : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }

    /// <summary>
    /// Code of one's own: it asks resources, and does other operations (<see cref="OperationTask.Perform"/>), in any
    /// order.
    /// </summary>
    /// <param name="Text">A name for it.</param>
    /// <param name="Run">The code. Its result is the operation's result.</param>
    public sealed record Code(string Text, Func<OperationTask, Routine<Errno>> Run) : Operation(Text)
    {
        public override OperationHomeKind Needs => OperationHomeKind.None;
    }
}

/// <summary>In what process an operation can run.</summary>
public enum OperationHomeKind
{
    /// <summary>In any, or in none.</summary>
    None,

    /// <summary>In any process, which is charged for it; a task outside gets a process of its own.</summary>
    AnyProcess,

    /// <summary>In one that the scenario has.</summary>
    Process,

    /// <summary>In an enclave's.</summary>
    Enclave,

    /// <summary>In a virtual machine's.</summary>
    Guest,
}

/// <summary>Result of an operation.</summary>
/// <param name="Operation">Its number in the task's list.</param>
/// <param name="Errno">Error of the call; EFAULT for an access that ended in SIGBUS or SIGSEGV, ERESTARTSYS for one
/// that a kill ended.</param>
/// <param name="Count">Pages done, or what the call returned.</param>
public readonly record struct OperationResult(int Operation, Errno Errno, int Count);
