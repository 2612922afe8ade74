using EpcActors.Engine;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Routines;

/// <summary>Events that a task reports to the metrics.</summary>
public enum RunEvent
{
    /// <summary>A page fault was served; the span is its latency as the thread saw it, retries included.</summary>
    Fault,

    /// <summary>A fault returned without a page (NOPAGE): the instruction faults again.</summary>
    FaultRetry,

    /// <summary>A page was written out; detail: index of the cgroup that was charged for it.</summary>
    Evicted,

    /// <summary>A page was loaded back.</summary>
    Reloaded,

    /// <summary>A page was added on demand (EAUG).</summary>
    Augmented,

    /// <summary>One batch of reclaim; detail: pages freed.</summary>
    ReclaimBatch,

    /// <summary>A page was taken from a node; detail: 1 when it is not the caller's node.</summary>
    Allocated,

    /// <summary>An ioctl; detail: the <see cref="Ioctl"/> in the low byte, the <see cref="Errno"/> above it.</summary>
    Ioctl,

    /// <summary>A phase of a program; detail: its number.</summary>
    Phase,

    /// <summary>Reclaim skipped a page that was young.</summary>
    Young,

    /// <summary>Reclaim skipped a page because its backing could not be had.</summary>
    BackingFailed,

    /// <summary>An IPI wave; detail: CPUs hit.</summary>
    IpiWave,

    /// <summary>The EPC out-of-memory killer (series v1 to v5) took an enclave; detail: its index.</summary>
    EnclaveOomKill,

    /// <summary>The memory controller's killer took a process; detail: its number.</summary>
    MemoryOomKill,

    /// <summary>EREMOVE failed: the page is lost (sgx_encl_free_epc_page's WARN); detail: the page.</summary>
    PageLeaked,

    /// <summary>ELDU failed: MAC, version or PCMD did not match; detail: page of the enclave.</summary>
    LoadFailed,

    /// <summary>The whole of an enclave's release; detail: pages freed.</summary>
    Release,

    /// <summary>
    /// R13: the walk over the nodes completed a lap without a page and goes on; detail: number of laps.
    /// </summary>
    NodeWalkLap,

    /// <summary>
    /// C7: the walk asks for a dying cgroup once more, with the cursor's lock held; detail: number of attempts.
    /// </summary>
    CursorLap,

    /// <summary>
    /// An allocation of an EPC page failed for good; detail: 1 when the charge was refused, 0 when no page was free;
    /// the
    /// <see cref="Errno"/> above it.
    /// </summary>
    AllocationFailed,

    /// <summary>The administrator ran an action of the script; detail: its place in the script.</summary>
    Script,
}

/// <summary>The system calls on /dev/sgx_enclave.</summary>
public enum Ioctl
{
    Create,
    AddPages,
    Init,
    RestrictPermissions,
    ModifyTypes,
    RemovePages,
}

/// <summary>Kind of the task that runs kernel code: the kernel's <c>current</c>.</summary>
public enum TaskKind
{
    /// <summary>A thread of a user process.</summary>
    User,

    /// <summary>The reclaimer thread.</summary>
    Ksgxd,

    /// <summary>A worker of the workqueue that reclaims for a cgroup.</summary>
    CgroupWorker,

    /// <summary>An administrator, or hardware that reports a failure.</summary>
    Other,
}

/// <summary>A task that runs kernel routines: <c>current</c>.</summary>
public abstract class KernelTask : TaskActor
{
    protected KernelTask(ActorId id, string name, int cpu, int node, Machine machine, TaskKind kind, ActorId process)
        : base(id, name, cpu, node)
    {
        ArgumentNullException.ThrowIfNull(machine);
        Machine = machine;
        Kind = kind;
        Process = process;
    }

    public Machine Machine { get; }

    public KernelSwitches Switches => Machine.Switches;

    public TaskKind Kind { get; }

    /// <summary>The process it is a thread of; none for kernel threads.</summary>
    public ActorId Process { get; }

    /// <summary>
    /// The cgroup whose limit refused its last charge, where the kernel is told by misc_cg_try_charge (switches
    /// reclaim-root, limit-events and waiters-first); else 0.
    /// </summary>
    public int RefusedBy { get; set; }

    /// <summary>Its charge may not wait, and gives way to those that do (switch waiters-first).</summary>
    public bool GivesWay { get; set; }

    /// <summary>The cgroup at whose limit it counts as waiting (switch waiters-first); -1 for none.</summary>
    public int WaitsAt { get; set; } = -1;

    /// <summary>EPC pages that it keeps on purpose between two operations.</summary>
    public virtual int KeptPages => 0;

    /// <summary>Bytes, over all levels, that it keeps charged on purpose without a page.</summary>
    public virtual long KeptChargeBytes => 0;

    /// <summary>Pages it has isolated. One reclaim at a time: reclaim never nests.</summary>
    internal ReclaimBatch Batch { get; } = new();

    internal void Report(RunEvent what, long startNs, long detail = 0) => Report((int)what, startNs, detail);

    internal TimeAwaiter Spend(Activity activity, int count = 1) => SpendCost((int)activity, count);
}

/// <summary>Pages that one reclaim round has isolated, with the references that keep their enclaves.</summary>
internal sealed class ReclaimBatch
{
    public readonly EpcPageIndex[] Page = new EpcPageIndex[KernelConstants.NrToScanMax];
    public readonly int[] Owner = new int[KernelConstants.NrToScanMax];
    public readonly BackingPin[] Pin = new BackingPin[KernelConstants.NrToScanMax];

    public int Count { get; set; }

    /// <summary>Pages that the last isolation took off its LRU, those of dying enclaves included.</summary>
    public int Scanned { get; set; }

    /// <summary>
    /// Pages that the last round freed, for loops that disregard age when none was (switch age-escalation =
    /// after-five-empty-batches); else 0.
    /// </summary>
    public int Freed { get; set; }

    /// <summary>Clears all fields: empty batches all look the same.</summary>
    public void Clear()
    {
        Array.Clear(Page, 0, Count);
        Array.Clear(Owner, 0, Count);
        Array.Clear(Pin, 0, Count);
        Count = 0;
    }
}

/// <summary>A pinned backing (<c>struct sgx_backing</c>).</summary>
internal readonly record struct BackingPin(
    Errno Errno,
    int ContentsGeneration,
    int PcmdGeneration,
    uint ContentsVersion,
    uint PcmdVersion);

/// <summary>A page or the reason why there is none (the kernel's ERR_PTR).</summary>
internal readonly record struct AllocResult(EpcPageIndex Page, Errno Errno)
{
    public static AllocResult Failed(Errno errno) => new(EpcPageIndex.None, errno);
}
