namespace EpcActors.Lab.Oracles;

/// <summary>The rules of the oracle, by the names that reports use.</summary>
public static class Rules
{
    /// <summary>A thread faults for ever, or reclaim runs for ever without freeing anything, while something could be reclaimed.</summary>
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

    /// <summary>Nobody uses an enclave or a cgroup that was freed.</summary>
    public const string UseAfterFree = "use-after-free";

    /// <summary>RAM of the backing store stays only behind pages that are swapped out (R4).</summary>
    public const string BackingLeak = "backing-leak";

    /// <summary>A page goes back to a free list only when the processor has let go of it.</summary>
    public const string EpcmValid = "epcm-valid";

    /// <summary>A poisoned page is never allocated again, nor written out (R17, R18; R19's window remains in every kernel).</summary>
    public const string PoisonReuse = "poison-reuse";

    /// <summary>A valid program does not die of a fault that the kernel should have served.</summary>
    public const string WrongfulSignal = "wrongful-signal";

    /// <summary>Gravest first: what stops a system comes before what only counts wrongly.</summary>
    public static IReadOnlyList<string> BySeverity { get; } =
    [
        Liveness, Deadlock, UseAfterFree, PageConservation, Contents, ForeignPte, EpcmValid, PoisonReuse, WrongfulSignal, CgroupLimit, CgroupUsage,
        FreePageCounter, LruMembership, SecsChildCount, VaSlots, BackingCharge, BackingLeak,
    ];
}
