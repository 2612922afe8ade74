namespace EpcActors.Runs.Oracles;

/// <summary>
/// What a task that took a page owes the machine: a look at the counter, then at the LRUs, then a wake-up of ksgxd (the
/// end of sgx_alloc_epc_page).
/// </summary>
internal enum WakeStage : byte
{
    Nothing,

    /// <summary>It took a page and has not looked at the counter.</summary>
    LookAtCounter,

    /// <summary>
    /// It saw fewer free pages than the low mark, and has not looked whether anything could be reclaimed.
    /// </summary>
    LookAtLru,

    /// <summary>It looked and saw empty LRUs only: it may go, or look at the next.</summary>
    Looking,

    /// <summary>It saw a page that could be reclaimed.</summary>
    Wake,
}

/// <summary>How far a look at free pages came, for who reclaims by it: ksgxd and sgx_reclaim_direct.</summary>
internal enum LookStage : byte
{
    /// <summary>Has not looked.</summary>
    None,

    /// <summary>Looked at the counter: enough, or too few.</summary>
    Enough,
    Low,

    /// <summary>Too few, and every LRU that it looked at was empty.</summary>
    LowAndEmpty,

    /// <summary>Too few, and an LRU has pages.</summary>
    LowAndReclaimable,

    /// <summary>And has begun to reclaim, or found nothing any more.</summary>
    Reclaimed,
}

/// <summary>
/// What one task owes by what it saw itself. A function of where it is in its routine, so that two states that are
/// equal but for this are the same.
/// </summary>
internal struct Owed
{
    public WakeStage Wake;

    /// <summary>ksgxd: since it prepared to sleep. Others: since the last page of an SGX2 call.</summary>
    public LookStage Look;

    /// <summary>
    /// Between a charge and its page, where the worker is to be queued near the limit: what the task looks at there is
    /// for that, and no look at the machine.
    /// </summary>
    public bool IsCharging;

    /// <summary>Pages that the counter said at that look.</summary>
    public long FreePages;

    /// <summary>Workers: level that usage and limit were last read at plus one; 0 when no walk is under way.</summary>
    public int UsageLevel;

    /// <summary>Workers: usage of the own cgroup, and the smallest limit so far; pages.</summary>
    public long UsagePages;
    public long LimitPages;

    /// <summary>
    /// Workers: by those it must reclaim (1), or rest (-1); 0 when it has not read them, or has begun.
    /// </summary>
    public int Verdict;

    /// <summary>Walks over nodes: the node that had no page last, plus one; 0 when the next walk begins.</summary>
    public int EmptyNode;

    /// <summary>
    /// Refused charges: level that has to count the event next plus one, and the level that refused plus one; 0 for
    /// none.
    /// </summary>
    public int EventLevel;
    public int RefusedLevel;

    /// <summary>The enclave whose SECS has to be written out next, plus one; 0 for none.</summary>
    public int SecsOf;

    /// <summary>Memory cgroup of its own process, as it last saw it, plus one; 0 when it has not looked.</summary>
    public int OwnMemory;

    /// <summary>
    /// Memory cgroup of the first live process on the enclave's mm_list, as it last saw it, plus one; 0 when it has not
    /// looked.
    /// </summary>
    public int OwnersMemory;

    /// <summary>The walk over mm_list is one that ages a page, which says nothing of who pays.</summary>
    public bool IsAgeing;

    /// <summary>Process of the mm that the walk is at.</summary>
    public int WalkedProcess;
}
