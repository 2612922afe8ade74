using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Routines;

namespace EpcActors.Kernel;

/// <summary>
/// What kernel routines do with what all sockets of the machine share: the counters of cgroups, the free-page counter,
/// the free lists of other nodes, the lists of pages, ksgxd and the workers. <see cref="OneMachine"/> is the kernel's
/// own text, for a machine in one process. A process that has only some of the sockets has another implementation.
/// </summary>
/// <remarks>
/// Every operation is a routine of the task that calls it, and runs to its end in it. Amounts are in pages where the
/// name or the kernel has pages, else in bytes.
/// </remarks>
public interface ISharedMachine
{
    /// <summary>
    /// misc_cg_try_charge: adds at each level from the cgroup to the root, and undoes all additions when one level
    /// refuses.
    /// </summary>
    /// <param name="current">Task that charges.</param>
    /// <param name="cgroup">Cgroup to charge.</param>
    /// <param name="takeReference">Take a reference first. The caller then holds one, refused or not.</param>
    /// <param name="bytes">Amount: a page, except where a stage is set.</param>
    Routine<MiscCharge> TryCharge(
        KernelTask current,
        int cgroup,
        bool takeReference,
        long bytes = KernelConstants.PageSize);

    /// <summary>
    /// misc_cg_uncharge of one page, and the put of its reference: subtracts at each level up to the root.
    /// </summary>
    Routine Uncharge(KernelTask current, int cgroup);

    /// <summary>
    /// The store of misc_cg_max_write: no reclaim, no rounding. From its end on every charge meets the new limit.
    /// </summary>
    /// <param name="current">Task that writes.</param>
    /// <param name="cgroup">Cgroup of the limit.</param>
    /// <param name="max">The limit.</param>
    Routine WriteMax(KernelTask current, int cgroup, Limit max);

    /// <summary>
    /// What sgx_cgroup_should_reclaim compares: usage of a cgroup, and the smallest limit up to the root, pages.
    /// </summary>
    Routine<(long Usage, long Max)> UsageAndLimit(KernelTask current, int cgroup);

    /// <summary>sgx_nr_free_pages += <paramref name="delta"/>, in the kernel's way of keeping it.</summary>
    Routine CountFreePages(KernelTask current, int delta);

    /// <summary>sgx_should_reclaim: fewer free pages than a watermark, and something to reclaim.</summary>
    Routine<bool> ShouldReclaim(KernelTask current, int watermark);

    /// <summary>
    /// Within __sgx_alloc_epc_page: the free list of a node is empty. Pages of that node may be free elsewhere.
    /// </summary>
    /// <returns>True: one was put onto the list; another task may take it first.</returns>
    Routine<bool> RefillNode(KernelTask current, int node);

    /// <summary>
    /// At the end of sgx_free_epc_page: a page of a node is on the free list here, and may belong elsewhere.
    /// </summary>
    Routine PageFreed(KernelTask current, int node);

    /// <summary>
    /// sgx_can_reclaim, and the opposite of sgx_cgroup_lru_empty: has any list below a cgroup a page?
    /// </summary>
    /// <param name="current">Task that asks.</param>
    /// <param name="root">The cgroup; 0 for the whole machine.</param>
    /// <param name="countsIsolated">
    /// Pages that reclaimers of this process have isolated count as listed (switch isolated-reclaimable).
    /// </param>
    Routine<bool> CanReclaim(KernelTask current, int root, bool countsIsolated = false);

    /// <summary>
    /// sgx_reclaim_pages_global of the root, sgx_cgroup_reclaim_pages of a cgroup: one round over the lists below it.
    /// </summary>
    /// <param name="current">Task that reclaims.</param>
    /// <param name="root">The cgroup; 0 for the whole machine.</param>
    /// <param name="wanted">Pages that the caller wants.</param>
    /// <param name="ignoreAge">Young pages are not spared (v2 to v5).</param>
    /// <param name="resume">Where the last round of the caller ended, -1 for the top (v14, v15).</param>
    /// <returns>Pages freed (v2 to v6), or isolated, freed or not; where the next round goes on.</returns>
    Routine<(int Scanned, int Resume)> ReclaimBelow(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume);

    /// <summary>sgx_epc_cgroup_oom of v2 to v5: makes one enclave below a cgroup unusable.</summary>
    /// <returns>True: there is a victim, or one is on its way out already.</returns>
    Routine<bool> OomKill(KernelTask current, int root);

    /// <summary>queue_work: the reclaim worker of a cgroup.</summary>
    /// <returns>False: it was queued already. Of another process's worker this is not known: true.</returns>
    Routine<bool> QueueWork(KernelTask current, int cgroup);

    /// <summary>wake_up(&amp;ksgxd_waitq).</summary>
    Routine WakeKsgxd(KernelTask current);

    /// <summary>
    /// In the condition of ksgxd's wait_event: is it for another ksgxd than this one to look at the watermarks?
    /// </summary>
    Routine<bool> IsKsgxdElsewhere(KernelTask current);

    /// <summary>
    /// A fault was refused at a limit and returns to user space, where the same instruction faults again at once (C13).
    /// </summary>
    Routine ReturnRefused(KernelTask current);
}
