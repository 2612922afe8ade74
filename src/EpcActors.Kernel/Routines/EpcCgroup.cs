using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Kernel.Routines;

/// <summary>
/// arch/x86/kernel/cpu/sgx/epc_cgroup.c, in the shapes that the series gave it: charges and the worker.
/// </summary>
internal static partial class EpcCgroup
{
    private const int MaxFailedRounds = 5;

    /// <summary>
    /// sgx_get_current_cg and sgx_cgroup_try_charge. The reference to the cgroup is taken with the first attempt, held
    /// over all of them, and stays with the page.
    /// </summary>
    /// <returns>
    /// Ok with the cgroup that was charged; EBUSY: at the limit, the worker was queued; ENOMEM: at the limit and
    /// nothing to reclaim; ERESTARTSYS.
    /// </returns>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge")]
    public static async Routine<ChargeResult> ChargeCurrent(KernelTask current, bool reclaim)
    {
        Machine machine = current.Machine;
        current.GivesWay = !reclaim && current.Switches.WaitersFirst == Fix.Present;
        while (true)
        {
            ProcessProtocol.ReadCss css = await current.Ask(current.Process, new ProcessProtocol.ReadCss());
            MiscCharge charge = await machine.Shared.TryCharge(current, css.Cgroup, takeReference: true);

            // The process moved to another cgroup, and the old one was removed before we had a reference: look again
            // (task_get_css).
            if (charge == MiscCharge.Gone)
            {
                continue;
            }

            Errno errno = charge == MiscCharge.Charged ? Errno.Ok : await Retry(current, css.Cgroup, reclaim);
            if (errno is not (Errno.Ok or Errno.EBUSY))
            {
                current.Report(RunEvent.AllocationFailed, current.NowNs, ((long)errno << 1) | 1);
            }

            current.RefusedBy = 0;
            current.GivesWay = false;
            if (current.WaitsAt >= 0)
            {
                await StopWaiting(current);
            }

            if (errno != Errno.Ok)
            {
                await Misc.PutCss(current, css.Cgroup);
            }
            else if (
                current.Switches.WorkerQueued == WorkerQueued.NearLimit
                && await ShouldReclaim(current, css.Cgroup))
            {
                await machine.Shared.QueueWork(current, css.Cgroup);
            }

            return new ChargeResult(css.Cgroup, errno);
        }
    }

    /// <summary>
    /// Own usage against the smallest limit up to the root (sgx_cgroup_should_reclaim, or the worker's target of
    /// earlier versions).
    /// </summary>
    /// <remarks>Pressure that siblings put on an ancestor is invisible here (C14).</remarks>
    [Linux("epc_cgroup.c", "sgx_cgroup_should_reclaim")]
    public static async Routine<bool> ShouldReclaim(KernelTask current, int cgroup)
    {
        ISharedMachine shared = current.Machine.Shared;
        if (!await shared.CanReclaim(current, cgroup))
        {
            return false;
        }

        (long usage, long max) = await shared.UsageAndLimit(current, cgroup);
        return usage > Target(current.Switches, max);
    }

    /// <summary>The worker's loop (sgx_epc_cgroup_reclaim_work_func, sgx_cgroup_reclaim_work_func). It looks at the
    /// cgroup's own usage: a worker that runs for pressure which siblings put on an ancestor finds no work
    /// (C14).</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_work_func")]
    public static async Routine Work(KernelTask current, int cgroup)
    {
        KernelSwitches switches = current.Switches;
        ISharedMachine shared = current.Machine.Shared;
        int failedRounds = 0;
        int resume = -1;
        while (true)
        {
            (long usage, long max) = await shared.UsageAndLimit(current, cgroup);
            long over = usage - Target(switches, max);
            if (over <= 0)
            {
                return;
            }

            if (!await shared.CanReclaim(current, cgroup))
            {
                if (switches.AtLimit == AtLimit.Kill && await shared.OomKill(current, cgroup))
                {
                    // Its pages come back with the last put of a reference; v5 looks again at once, and finds a further
                    // victim.
                    await current.Spend(Activity.Schedule);
                    continue;
                }

                return;
            }

            int wanted = switches.ReclaimWalk == ReclaimWalk.SharedBatch
                ? (int)Math.Min(over, KernelConstants.NrToScanMax)
                : KernelConstants.NrToScan;
            (int reclaimed, resume) = await shared.ReclaimBelow(
                current, cgroup, wanted, IgnoresAge(switches, failedRounds), resume);
            failedRounds = AfterBatch(current, reclaimed, failedRounds);
            if (reclaimed == 0 && switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds)
            {
                // sgx_epc_cgroup_reclaim_failed: an empty subtree ends the work without a victim; any other failure
                // counts, and the count is never reset.
                if (!await shared.CanReclaim(current, cgroup))
                {
                    return;
                }

                failedRounds++;
            }

            await current.Spend(Activity.Schedule);
        }
    }

    /// <summary>queue_work on the workqueue of the series.</summary>
    [Linux("epc_cgroup.c", "queue_work", IsPart = true)]
    public static async Routine<bool> QueueWork(KernelTask current, int cgroup)
    {
        WaitChannelProtocol.Wake wake = await current.Ask(
            current.Machine.CgroupWork[cgroup],
            new WaitChannelProtocol.Wake { TellsPending = current.Switches.LimitEvents == LimitEvents.Reclaims });
        return !wake.WasPending;
    }

    /// <summary>
    /// Usage of a cgroup and the smallest limit up to the root, pages: level by level, each when it is reached.
    /// </summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_should_reclaim", IsPart = true)]
    public static async Routine<(long Usage, long Max)> UsageAndLimit(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        long usage = 0;
        long max = Limit.Max.Bytes;
        for (int level = cgroup; level >= 0; level = machine.CgroupParents[level])
        {
            CgroupProtocol.ReadUsage read = await current.Ask(machine.Cgroups[level], new CgroupProtocol.ReadUsage());
            max = Math.Min(max, read.MaxBytes);
            if (level == cgroup)
            {
                usage = read.Usage;
            }
        }

        return (usage / KernelConstants.PageSize, max / KernelConstants.PageSize);
    }

    /// <summary>The attempts of a charge after the first was refused.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine<Errno> Retry(KernelTask current, int cgroup, bool reclaim)
    {
        KernelSwitches switches = current.Switches;
        ISharedMachine shared = current.Machine.Shared;
        int failedRounds = 0;
        int emptyRounds = 0;
        int resume = -1;
        bool countsIsolated = switches.IsolatedReclaimable == Fix.Present;
        bool isCounted = switches.LimitEvents == LimitEvents.Attempts;
        do
        {
            int root = switches.ReclaimRoot == ReclaimRoot.Refusing ? current.RefusedBy : cgroup;

            // C15: pages that another task has isolated do not count, so this may say "never" where "in a moment" is
            // right.
            if (!await shared.CanReclaim(current, root, countsIsolated))
            {
                return await GiveUp(current, cgroup, countsIsolated, isCounted);
            }

            // C26: this check comes before that of whether the caller may wait; sgx_vma_fault() turns it into SIGBUS.
            bool looksAtSignals = reclaim || switches.SignalSparesFaults == Fix.Absent;
            if (looksAtSignals && await Main.SignalPending(current))
            {
                return Errno.ERESTARTSYS;
            }

            if (!reclaim)
            {
                await LeaveToWorker(current, root, isCounted);
                return Errno.EBUSY;
            }

            if (!isCounted)
            {
                isCounted = true;
                await Misc.CountEvent(current, current.RefusedBy);
            }

            if (switches.WaitersFirst == Fix.Present && current.WaitsAt != current.RefusedBy)
            {
                await WaitAtRefusing(current);
            }

            int wanted = switches.ReclaimWalk == ReclaimWalk.Cursor ? 1 : KernelConstants.NrToScan;
            (int reclaimed, resume) = await shared.ReclaimBelow(
                current, root, wanted, IgnoresAge(switches, failedRounds), resume);
            failedRounds = AfterBatch(current, reclaimed, failedRounds);
            if (reclaimed == 0 && switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds)
            {
                // sgx_epc_cgroup_reclaim_failed of v2 to v5. Nearly always the check at the top of the loop sees an
                // empty subtree first.
                if (await shared.CanReclaim(current, cgroup))
                {
                    failedRounds++;
                }
                else if (++emptyRounds > MaxFailedRounds)
                {
                    return Errno.ENOMEM;
                }
            }

            // schedule() after an empty round up to v6, nothing in v7 to v9, cond_resched() since: one price for all,
            // or a livelock would cost no time.
            await current.Spend(Activity.Schedule);
        }
        while (await shared.TryCharge(current, cgroup, takeReference: false) == MiscCharge.Refused);

        return Errno.Ok;
    }

    /// <summary>
    /// With waiters-first: from here to the end of the charge those that may not wait give way at the level that
    /// refused last. Without it a fault takes what the waiter has freed, lap after lap.
    /// </summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine WaitAtRefusing(KernelTask current)
    {
        await StopWaiting(current);
        current.WaitsAt = current.RefusedBy;
        await current.Ask(
            current.Machine.Cgroups[current.WaitsAt], new CgroupProtocol.CountWaiter { Change = 1 });
    }

    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine StopWaiting(KernelTask current)
    {
        if (current.WaitsAt >= 0)
        {
            int level = current.WaitsAt;
            current.WaitsAt = -1;
            await current.Ask(current.Machine.Cgroups[level], new CgroupProtocol.CountWaiter { Change = -1 });
        }
    }

    /// <summary>No page can be reclaimed. With those counted that others have isolated, one more attempt.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine<Errno> GiveUp(KernelTask current, int cgroup, bool triesAgain, bool isCounted)
    {
        if (triesAgain
            && await current.Machine.Shared.TryCharge(current, cgroup, takeReference: false) == MiscCharge.Charged)
        {
            // Between the refusal and the look a reclaimer was done.
            return Errno.Ok;
        }

        await CountFailure(current, isCounted);
        return Errno.ENOMEM;
    }

    /// <summary>The caller may not wait: reclaim is left to others, and the caller comes again.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine LeaveToWorker(KernelTask current, int root, bool isCounted)
    {
        ISharedMachine shared = current.Machine.Shared;
        if (root == 0 && current.Switches.ReclaimRoot == ReclaimRoot.Refusing)
        {
            // The capacity of the machine is a limit of the root, and ksgxd looks after that.
            await shared.WakeKsgxd(current);
        }
        else if (await shared.QueueWork(current, root) && !isCounted)
        {
            await Misc.CountEvent(current, current.RefusedBy);
        }

        await shared.ReturnRefused(current);
    }

    /// <summary>With limit-events = reclaims: the charge fails for good, and no reclaim was an event for it.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_try_charge", IsPart = true)]
    private static async Routine CountFailure(KernelTask current, bool isCounted)
    {
        if (!isCounted)
        {
            await Misc.CountEvent(current, current.RefusedBy);
        }
    }

    /// <summary>Whether a loop that had so many rounds without success spares young pages no more.</summary>
    public static bool IgnoresAge(KernelSwitches switches, int failedRounds) =>
        switches.AgeEscalation != AgeEscalation.Never && failedRounds > MaxFailedRounds;

    /// <summary>
    /// With age-escalation = after-five-empty-batches: rounds in a row in which pages were looked at and none was
    /// freed. Counts no further than what decides.
    /// </summary>
    public static int AfterBatch(KernelTask current, int scanned, int failedRounds) =>
        current.Switches.AgeEscalation != AgeEscalation.AfterFiveEmptyBatches ? failedRounds
        : current.Batch.Freed > 0 ? 0
        : scanned > 0 ? Math.Min(failedRounds + 1, MaxFailedRounds + 1)
        : failedRounds;

    /// <summary>Usage in pages that the worker leaves alone.</summary>
    private static long Target(KernelSwitches switches, long maxPages)
    {
        if (switches.WorkerTarget == WorkerTarget.MaxMinusLow)
        {
            // should_reclaim says yes from the limit on, so the target is one page below it.
            return (
                    maxPages > KernelConstants.CgroupLowLimit ? maxPages - KernelConstants.CgroupMinFreePages : maxPages
                ) - 1;
        }

        // v2 to v9: a limit of 0 stays 0; the eight pages go when what is left after the first is above 32. The cap of
        // v2 to v5 at the machine's pages changes nothing, as no usage is above them.
        long target = Math.Max(maxPages - 1, 0);
        return target > KernelConstants.NrToScanMax ? target - (KernelConstants.NrToScan / 2) : target;
    }
}

/// <summary>Result of a charge.</summary>
/// <param name="Cgroup">The cgroup of the process.</param>
/// <param name="Errno">Ok: a page may be allocated; the cgroup holds a reference for it.</param>
internal readonly record struct ChargeResult(int Cgroup, Errno Errno);
