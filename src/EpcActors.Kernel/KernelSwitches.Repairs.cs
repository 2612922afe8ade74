namespace EpcActors.Kernel;

/// <content>
/// Repairs that were worked out with the race laboratory for what no kernel has fixed. All are off in every kernel of
/// config/kernels. The catalogue says for each which race it closes and within which bound.
/// </content>
public sealed partial record KernelSwitches
{
    /// <summary>
    /// D1: sgx_encl_grow adds a VA page when all slots of those that are there are spoken for, not at each multiple of
    /// 512.
    /// </summary>
    public Fix GrowCountsVaPages { get; init; } = Fix.Absent;

    /// <summary>
    /// D1, the other way: REMOVE_PAGES gives a VA page back when the count falls to a multiple of 512 and one is empty.
    /// </summary>
    public Fix RemoveFreesVaPage { get; init; } = Fix.Absent;

    /// <summary>D2: a page that goes to the poison list is not counted as free.</summary>
    public Fix PoisonUncounts { get; init; } = Fix.Absent;

    /// <summary>D3.</summary>
    public EwbFailure EwbFailure { get; init; }

    /// <summary>D4 and D12.</summary>
    public SecsReclaim SecsReclaim { get; init; }

    /// <summary>D5 and C15: pages in the hands of a reclaimer count as reclaimable.</summary>
    public Fix IsolatedReclaimable { get; init; } = Fix.Absent;

    /// <summary>D6 and D15.</summary>
    public DebugAccess DebugAccess { get; init; }

    /// <summary>
    /// D7: a fault whose entry went between its two looks returns VM_FAULT_NOPAGE and comes again.
    /// </summary>
    public Fix FaultLooksAgain { get; init; } = Fix.Absent;

    /// <summary>D8: a fault on a vEPC page that is there inserts the translation.</summary>
    public Fix VepcMapsExisting { get; init; } = Fix.Absent;

    /// <summary>D10: MODIFY_TYPES records the type before ETRACK, as the processor has it then.</summary>
    public Fix TypeBeforeEtrack { get; init; } = Fix.Absent;

    /// <summary>C14.</summary>
    public ReclaimRoot ReclaimRoot { get; init; }

    /// <summary>C16.</summary>
    public LimitEvents LimitEvents { get; init; }

    /// <summary>C22: sgx_vepc_release tries its own SECS pages again under the lock of the zombies.</summary>
    public Fix VepcRetriesUnderLock { get; init; } = Fix.Absent;

    /// <summary>R19.</summary>
    public PoisonCheck PoisonCheck { get; init; }

    /// <summary>
    /// C18: where a task waits at a limit, a charge that may not wait is refused as if there were no room, so that the
    /// page which the waiter frees is the waiter's.
    /// </summary>
    public Fix WaitersFirst { get; init; } = Fix.Absent;

    /// <summary>
    /// C13 and C16, a second way: a fault that finds no page gives mmap_lock back, reclaims a batch itself, and comes
    /// again (VM_FAULT_RETRY).
    /// </summary>
    public Fix FaultReclaims { get; init; } = Fix.Absent;
}
