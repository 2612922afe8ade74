namespace EpcActors.Kernel;

/// <summary>How <c>sgx_nr_free_pages</c> is kept.</summary>
public enum FreePageCounterMode
{
    /// <summary>One plain integer, loaded and stored under different node locks (before ac5d272a0ad0).</summary>
    Racy,

    /// <summary>One atomic (ac5d272a0ad0).</summary>
    Atomic,

    /// <summary>One counter per node under the node's lock.</summary>
    PerNode,
}

/// <summary>Whether EPC is charged to the misc controller, and where pages are listed.</summary>
public enum EpcCgroupMode
{
    /// <summary>No charging, one global LRU: every upstream kernel read so far.</summary>
    Off,

    /// <summary>Charged, and listed in LRUs per cgroup.</summary>
    On,
}

/// <summary>Fate of a charge when a cgroup is at its limit and nothing in it can be reclaimed.</summary>
public enum AtLimit
{
    /// <summary>The allocation fails with ENOMEM (series v6 and later).</summary>
    Enomem,

    /// <summary>The cgroup's worker kills the enclave with the oldest unreclaimable page (series v1 to v5).</summary>
    Kill,
}

/// <summary>Work that a write of misc.max sets off.</summary>
public enum LimitLowered
{
    /// <summary>Nothing: the next charge notices (v6 and later).</summary>
    Nothing,

    /// <summary>The cgroup's worker is queued (v3 to v5).</summary>
    Worker,
}

/// <summary>How a reclaim of a cgroup's subtree goes over the cgroups in it.</summary>
public enum ReclaimWalk
{
    /// <summary>Pre-order; one batch gathers pages of several cgroups until it has enough (v2 to v6).</summary>
    SharedBatch,

    /// <summary>Pre-order, a batch per cgroup, until 16 pages were scanned over the walk (v7 to v9).</summary>
    ScanBudget,

    /// <summary>
    /// Pre-order from the top each time, 16 pages per LRU, until at least 16 were scanned (v10 to v13).
    /// </summary>
    PerLru,

    /// <summary>
    /// As <see cref="PerLru"/>, but a caller that comes again goes on behind where its last round ended (v14 and v15).
    /// </summary>
    ResumeNode,

    /// <summary>Round robin with a cursor per root that outlives the call (v16 and later).</summary>
    Cursor,
}

/// <summary>Usage that a cgroup's worker reclaims down to.</summary>
public enum WorkerTarget
{
    /// <summary>
    /// The smallest limit up to the root less one page, and less eight more when it is above 32 pages (v2 to v9).
    /// </summary>
    MaxMinusEight,

    /// <summary>Below the smallest limit, less 32 pages when it is above 128 pages (v10 and later).</summary>
    MaxMinusLow,
}

/// <summary>When a cgroup's worker is queued.</summary>
public enum WorkerQueued
{
    /// <summary>When a charge fails that must not reclaim by itself (every posted version).</summary>
    ChargeFails,

    /// <summary>
    /// Also after a charge that came near the limit: the intent of v11 to v17, whose code for it cannot be reached.
    /// </summary>
    NearLimit,
}

/// <summary>Whose pages <c>sgx_reclaim_direct</c> looks after.</summary>
public enum DirectReclaim
{
    /// <summary>No direct reclaim (before Dec 2021, R30).</summary>
    None,

    /// <summary>The machine's: free pages below the low watermark.</summary>
    Global,

    /// <summary>The caller's cgroup first, then the machine's (v10 and later).</summary>
    OwnCgroupToo,
}

/// <summary>When reclaim stops to spare young pages.</summary>
public enum AgeEscalation
{
    /// <summary>Never (upstream; v6 and later).</summary>
    Never,

    /// <summary>After more than five rounds that reclaimed nothing (2018 design, v1 to v5).</summary>
    AfterFiveFailedRounds,

    /// <summary>
    /// After more than five batches in a row that freed nothing, in every loop that reclaims. Proposed, in no kernel.
    /// </summary>
    AfterFiveEmptyBatches,
}

/// <summary>The memory cgroup that pays for the backing store when another task than the owner reclaims.</summary>
public enum BackingCharge
{
    /// <summary>The root, so no limit applies (before 0c9782e204d3, R23).</summary>
    Root,

    /// <summary>
    /// ksgxd charges the enclave's process, every other task itself, cgroup workers included (upstream; v1 to v5; C17).
    /// </summary>
    KsgxdRule,

    /// <summary>ksgxd and cgroup workers charge the enclave's process (v6 and later).</summary>
    Indirect,
}

/// <summary>Up to where a refused charge counts an event.</summary>
public enum EventLevels
{
    /// <summary>From the refusing cgroup up to and with the root; no events.local (up to 6.11).</summary>
    IncludingRoot,

    /// <summary>Up to, without the root; events.local at the refusing one (6.12).</summary>
    BelowRoot,
}

/// <summary>A fix of upstream or of the series that a kernel has or has not.</summary>
public enum Fix
{
    Absent,
    Present,
}

/// <summary>
/// A kernel: every historical fix and every design choice of the EPC cgroup series is one switch. The defaults are
/// <c>epc-cgroup-v8</c>; config/kernels names the sets, config/reference.conf documents each key.
/// </summary>
[Constant]
public sealed partial record KernelSwitches
{
    public FreePageCounterMode FreePageCounter { get; init; } = FreePageCounterMode.Atomic;

    public EpcCgroupMode EpcCgroup { get; init; } = EpcCgroupMode.On;

    public AtLimit AtLimit { get; init; } = AtLimit.Enomem;

    public LimitLowered LimitLowered { get; init; } = LimitLowered.Nothing;

    public ReclaimWalk ReclaimWalk { get; init; } = ReclaimWalk.ScanBudget;

    public WorkerTarget WorkerTarget { get; init; } = WorkerTarget.MaxMinusEight;

    public WorkerQueued WorkerQueued { get; init; } = WorkerQueued.ChargeFails;

    public DirectReclaim DirectReclaim { get; init; } = DirectReclaim.Global;

    public AgeEscalation AgeEscalation { get; init; } = AgeEscalation.Never;

    public BackingCharge BackingCharge { get; init; } = BackingCharge.Indirect;

    public EventLevels EventLevels { get; init; } = EventLevels.BelowRoot;

    /// <summary>SGX2: EAUG on fault and the three SGX2 ioctls (6.0).</summary>
    public Fix Sgx2 { get; init; } = Fix.Present;

    /// <summary>
    /// R13: the node walk ends on the first node visited, not on the CPU's own, which may own no EPC (9c9368440104).
    /// </summary>
    public Fix NodeWalkTerminates { get; init; } = Fix.Present;

    /// <summary>R2: backing is pinned and BEING_RECLAIMED set in one hold of the mutex (0e4e729a830c).</summary>
    public Fix BackingPinnedUnderMutex { get; init; } = Fix.Present;

    /// <summary>R3: a PCMD page is not truncated while the reclaimer is about to write to it (af117837ceb9).</summary>
    public Fix PcmdTruncateChecked { get; init; } = Fix.Present;

    /// <summary>R4: a PCMD page is marked dirty when a record on it is zeroed (2154e1c11b70).</summary>
    public Fix PcmdClearDirties { get; init; } = Fix.Present;

    /// <summary>
    /// R5: the pages that EWB wrote are marked dirty at once, under the enclave's mutex, and not when they are unpinned
    /// (6bd429643cc2).
    /// </summary>
    public Fix DirtySetWithWrite { get; init; } = Fix.Present;

    /// <summary>R24: backing is truncated after a load (08999b2489b4).</summary>
    public Fix BackingFreedAfterLoad { get; init; } = Fix.Present;

    /// <summary>R7: EAUG loads an evicted SECS first (c6c2adcba50c).</summary>
    public Fix EaugLoadsSecs { get; init; } = Fix.Present;

    /// <summary>R8: a VA page that is not to be had just now means try again, not SIGBUS (81fa6fd13b5c).</summary>
    public Fix EaugVaBusyRetries { get; init; } = Fix.Present;

    /// <summary>R9: two threads that EAUG the same page (proposed, not merged).</summary>
    public Fix EaugRaceTolerated { get; init; } = Fix.Absent;

    /// <summary>
    /// R10: BEING_REMOVED keeps faults away from a page that is being removed (proposed, not merged).
    /// </summary>
    public Fix RemovalMarked { get; init; } = Fix.Absent;

    /// <summary>R11: every mm_list entry holds a reference to its enclave (2ade0d60939b).</summary>
    public Fix MmListOwnsReference { get; init; } = Fix.Present;

    /// <summary>
    /// arch_memory_failure: a machine check poisons an EPC page (5.17). Without it the two fixes below have no effect.
    /// </summary>
    public Fix MemoryFailure { get; init; } = Fix.Present;

    /// <summary>R17: the reclaimer frees poisoned pages to the poison list (e5733d8c89c3).</summary>
    public Fix ReclaimerRespectsPoison { get; init; } = Fix.Present;

    /// <summary>R18: a memory failure takes the page off the LRU (ed16618c380c).</summary>
    public Fix PoisonUnmarks { get; init; } = Fix.Present;

    /// <summary>R26: the zap walk is repeated when the mm list changed under it.</summary>
    public Fix ZapRepeats { get; init; } = Fix.Present;

    /// <summary>R27: one ioctl per enclave at a time.</summary>
    public Fix IoctlExclusive { get; init; } = Fix.Present;

    /// <summary>
    /// R29: the ioctls that change pages keep the mutex from ETRACK to the end of the IPI. Designed out in review.
    /// </summary>
    public Fix EtrackHoldsMutex { get; init; } = Fix.Present;

    /// <summary>
    /// D14: ADD_PAGES takes its count of a child back when EEXTEND fails (proposed here, in no kernel).
    /// </summary>
    public Fix EextendErrorUncounts { get; init; } = Fix.Absent;

    /// <summary>
    /// C26: a charge that may not reclaim does not look at signals, as upstream's allocator (proposed here, in no
    /// version).
    /// </summary>
    public Fix SignalSparesFaults { get; init; } = Fix.Absent;

    /// <summary>C3: an enclave that is dying already counts as the out-of-memory killer's victim (v1 to v5).</summary>
    public Fix OomCountsDying { get; init; } = Fix.Present;

    /// <summary>
    /// C7: the cursor's walk goes on from a cgroup that is going away, instead of asking for it again (v17).
    /// </summary>
    public Fix CursorSkipsDying { get; init; } = Fix.Present;

    /// <summary>C9: the task that frees a cgroup takes the cursors of its ancestors off it (v16).</summary>
    public Fix CursorLeavesFreed { get; init; } = Fix.Present;

    /// <summary>C19: the free of a cgroup waits for its reclaim work, and takes it off the workqueue.</summary>
    public Fix CancelWorkOnFree { get; init; } = Fix.Present;

    /// <summary>C5: a cgroup that is going away does not hide those after it from the walk (v11).</summary>
    public Fix WalkSkipsDying { get; init; } = Fix.Present;

    /// <summary>C1: usage in 64 bits.</summary>
    public Fix WideUsage { get; init; } = Fix.Present;

    /// <summary>
    /// Proposed, in no kernel: pages behind the one that faulted that are augmented in the same hold of the enclave's
    /// mutex, those of them that are not there; 0: none.
    /// </summary>
    public int EaugBatch { get; init; }

    /// <summary>
    /// Proposed, in no kernel: pages of the aligned window around a page that faulted in which resident pages without
    /// a translation are mapped, too; 0: none.
    /// </summary>
    public int FaultAround { get; init; }

    /// <summary>
    /// Proposed, in no kernel: the loader maps the heap with MAP_POPULATE behind EINIT, which augments what was not
    /// added.
    /// </summary>
    public Fix MapPopulate { get; init; } = Fix.Absent;
}

/// <summary>Numbers of the kernel's EPC management.</summary>
public static class KernelConstants
{
    public const int PageSize = 4096;

    /// <summary>SGX_NR_TO_SCAN.</summary>
    public const int NrToScan = 16;

    /// <summary>SGX_NR_TO_SCAN_MAX of the series v1 to v6.</summary>
    public const int NrToScanMax = 32;

    /// <summary>SGX_NR_LOW_PAGES.</summary>
    public const int NrLowPages = 32;

    /// <summary>SGX_NR_HIGH_PAGES.</summary>
    public const int NrHighPages = 64;

    /// <summary>SGX_CG_MIN_FREE_PAGE of v10 and later.</summary>
    public const int CgroupMinFreePages = 32;

    /// <summary>SGX_CG_LOW_LIMIT of v10 and later.</summary>
    public const int CgroupLowLimit = 128;

    /// <summary>XA_CHECK_SCHED: entries of a page array between two scheduling points.</summary>
    public const int XaCheckSched = 4096;

    /// <summary>EEXTENDs that measure one page.</summary>
    public const int EextendsPerPage = 16;

    /// <summary>SGX_MAX_EPC_SECTIONS.</summary>
    public const int MaxEpcSections = 8;
}

/// <summary>Error numbers that the modelled code returns.</summary>
public enum Errno
{
    Ok = 0,
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    E2BIG = 7,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    EBUSY = 16,
    EEXIST = 17,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ERANGE = 34,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    EOPNOTSUPP = 95,
    ERESTARTSYS = 512,
}
