namespace EpcActors.Results;

/// <summary>The rules of the oracle, by the names that reports use.</summary>
public static class Rules
{
    /// <summary>
    /// A thread faults for ever, or reclaim runs for ever without freeing anything, while something could be reclaimed.
    /// </summary>
    public const string Liveness = "liveness";

    /// <summary>Tasks wait for one another and nothing can happen any more.</summary>
    public const string Deadlock = "deadlock";

    /// <summary>Every EPC page is in exactly one place; a page in the hands of a task counts as a place.</summary>
    public const string PageConservation = "page-conservation";

    /// <summary>The free-page counter equals the lists, but for changes under way.</summary>
    public const string FreePageCounter = "free-page-counter";

    /// <summary>Usage of a cgroup equals the pages charged beneath it.</summary>
    public const string CgroupUsage = "cgroup-usage";

    /// <summary>No accepted charge leaves a cgroup above its limit.</summary>
    public const string CgroupLimit = "cgroup-limit";

    /// <summary>A page is on an LRU exactly when its tracked flag is set and no reclaimer has it.</summary>
    public const string LruMembership = "lru-membership";

    /// <summary>secs_child_cnt equals the resident children.</summary>
    public const string SecsChildCount = "secs-child-count";

    /// <summary>VA slots in use equal the pages swapped out.</summary>
    public const string VaSlots = "va-slots";

    /// <summary>What is loaded is what was written out.</summary>
    public const string Contents = "contents";

    /// <summary>RAM of the backing store equals what the memory cgroups were charged.</summary>
    public const string BackingCharge = "backing-charge";

    /// <summary>No translation leads to a page that is not the enclave's page at that address.</summary>
    public const string ForeignPte = "foreign-pte";

    /// <summary>No task uses an enclave or a cgroup that was freed.</summary>
    public const string UseAfterFree = "use-after-free";

    /// <summary>RAM of the backing store stays only behind pages that are swapped out (R4).</summary>
    public const string BackingLeak = "backing-leak";

    /// <summary>A page goes back to a free list only when the processor has let go of it.</summary>
    public const string EpcmValid = "epcm-valid";

    /// <summary>
    /// A poisoned page is never allocated again, nor written out (R17, R18; R19's window remains in every kernel).
    /// </summary>
    public const string PoisonReuse = "poison-reuse";

    /// <summary>A valid program does not die of a fault that the kernel should have served.</summary>
    public const string WrongfulSignal = "wrongful-signal";

    /// <summary>
    /// A free page lies on a list of the node that it belongs to, and no node has more of them than it has pages.
    /// </summary>
    public const string NodeList = "node-list";

    /// <summary>A page comes back with the type and state that it had in the EPCM when it was blocked.</summary>
    public const string EpcmReload = "epcm-reload";

    /// <summary>No address space maps a page when it is written out.</summary>
    public const string TranslationAtEwb = "translation-at-ewb";

    /// <summary>
    /// EWB succeeds only after an ETRACK since the page's EBLOCK, when every thread that was inside before that has
    /// left or was driven out by an IPI.
    /// </summary>
    public const string EwbTracking = "ewb-tracking";

    /// <summary>A touch sets the accessed bit of its translation, and a look at its age clears it.</summary>
    public const string AccessedBit = "accessed-bit";

    /// <summary>
    /// References to an enclave equal what holds it: the open file, the processes on mm_list. Judged at rest.
    /// </summary>
    public const string EnclaveReferences = "enclave-references";

    /// <summary>
    /// References to a cgroup equal what holds it: the directory, the pages charged to it, its children. Judged at
    /// rest.
    /// </summary>
    public const string CssReferences = "css-references";

    /// <summary>
    /// A refused charge counts in misc.events of the level that refused and of those above it, once, and in
    /// misc.events.local of the first only.
    /// </summary>
    public const string CgroupEvents = "cgroup-events";

    /// <summary>misc.peak is the highest usage that an accepted charge led to.</summary>
    public const string CgroupPeak = "cgroup-peak";

    /// <summary>RAM behind an evicted page is paid for by the memory cgroup that the kernel's rule names.</summary>
    public const string MemcgPayer = "memcg-payer";

    /// <summary>The reclaimer takes pages off an LRU in the order in which they came onto it.</summary>
    public const string VictimOrder = "victim-order";

    /// <summary>
    /// A walk over the nodes begins at the CPU's own, or the next that has EPC, and goes on to the next that has.
    /// </summary>
    public const string NodeOrder = "node-order";

    /// <summary>
    /// Who sees fewer free pages than the low mark wakes ksgxd; it sleeps at the high mark only, and reclaims below it
    /// only.
    /// </summary>
    public const string KsgxdMarks = "ksgxd-marks";

    /// <summary>A cgroup's worker reclaims down to its target, and no further.</summary>
    public const string WorkerTarget = "worker-target";

    /// <summary>
    /// An SGX2 call looks for free pages before each page, and reclaims a batch by itself when there are too few.
    /// </summary>
    public const string DirectReclaim = "direct-reclaim";

    /// <summary>With the last resident child of an initialised enclave its SECS is written out.</summary>
    public const string SecsEviction = "secs-eviction";

    /// <summary>Gravest first: what stops a system comes before what only counts wrongly.</summary>
    public static IReadOnlyList<string> BySeverity { get; } =
    [
        Liveness,
        Deadlock,
        UseAfterFree,
        PageConservation,
        Contents,
        ForeignPte,
        EpcmValid,
        PoisonReuse,
        WrongfulSignal,
        CgroupLimit,
        CgroupUsage,
        FreePageCounter,
        LruMembership,
        SecsChildCount,
        VaSlots,
        BackingCharge,
        BackingLeak,
        EwbTracking,
        TranslationAtEwb,
        EpcmReload,
        NodeList,
        EnclaveReferences,
        CssReferences,
        SecsEviction,
        AccessedBit,
        KsgxdMarks,
        WorkerTarget,
        DirectReclaim,
        MemcgPayer,
        CgroupEvents,
        CgroupPeak,
        VictimOrder,
        NodeOrder,
    ];
}
