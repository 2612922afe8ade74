namespace EpcActors.Kernel;

/// <summary>How long sgx_encl_reserve_page() asks for a page that is busy (D6, D15).</summary>
public enum DebugAccess
{
    /// <summary>Until it is there, with mmap_lock held (every kernel).</summary>
    Loops,

    /// <summary>Until it is there or SIGKILL is pending. Proposed, in no kernel.</summary>
    StopsAtFatalSignal,

    /// <summary>
    /// Once: the debugger is told EBUSY and asks again with mmap_lock released. Proposed, in no kernel.
    /// </summary>
    TriesOnce,
}
