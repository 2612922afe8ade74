using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Processes;
using EpcActors.Actors.Waiting;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>
/// arch/x86/kernel/cpu/sgx/epc_cgroup.c, in the shapes that the series gave it. Without the series: the global
/// reclaimer.
/// </summary>
internal static class EpcCgroup
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
    public static async Routine<ChargeResult> ChargeCurrent(KernelTask current, bool reclaim)
    {
        while (true)
        {
            ProcessProtocol.ReadCss css = await current.Ask(current.Process, new ProcessProtocol.ReadCss());
            MiscCharge charge = await Misc.TryCharge(current, css.Cgroup, takeReference: true);

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

            if (errno != Errno.Ok)
            {
                await Misc.PutCss(current, css.Cgroup);
            }
            else if (
                current.Switches.WorkerQueued == WorkerQueued.NearLimit
                && await ShouldReclaim(current, css.Cgroup))
            {
                await QueueWork(current, css.Cgroup);
            }

            return new ChargeResult(css.Cgroup, errno);
        }
    }

    /// <summary>
    /// Any LRU of the subtree non-empty (sgx_cgroup_lru_empty): one list after the other, each under its own lock, and
    /// blind to isolated pages. Without an EPC cgroup: the one list, without its lock (sgx_can_reclaim).
    /// </summary>
    public static Routine<bool> CanReclaim(KernelTask current, int root) =>
        current.Machine.Cluster is { } cluster
            ? Remote.CanReclaim(current, cluster, root)
            : CanReclaimHere(current, root);

    /// <summary>The same for the lists of this process.</summary>
    public static async Routine<bool> CanReclaimHere(KernelTask current, int root)
    {
        Machine machine = current.Machine;
        if (machine.Switches.EpcCgroup == EpcCgroupMode.Off)
        {
            CgroupProtocol.ReadLru global = await current.Ask(machine.Cgroups[0], new CgroupProtocol.ReadLru());
            return !global.IsEmpty;
        }

        int cgroup = -1;
        while (true)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                return false;
            }

            if (cgroup != root && !await TryGet(current, cgroup))
            {
                if (machine.Switches.WalkSkipsDying == Fix.Absent)
                {
                    return false;
                }

                continue;
            }

            CgroupProtocol.ReadLru lru = await current.Ask(
                machine.Cgroups[cgroup], new CgroupProtocol.ReadLru { TakeLock = true });
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }

            if (!lru.IsEmpty)
            {
                return true;
            }
        }
    }

    /// <summary>One round over the whole machine: what ksgxd and an allocator without a free page do.</summary>
    public static async Routine<int> ReclaimGlobal(KernelTask current) =>
        await ReclaimBelow(current, 0, KernelConstants.NrToScan, false);

    /// <summary>One round below a root: here, or in a cluster at the process whose turn it is.</summary>
    public static Routine<int> ReclaimBelow(KernelTask current, int root, int wanted, bool ignoreAge) =>
        current.Machine.Cluster is { } cluster
            ? Remote.Reclaim(current, cluster, root, wanted, ignoreAge)
            : ReclaimHere(current, root, wanted, ignoreAge);

    /// <summary>One round over the lists of this process.</summary>
    public static Routine<int> ReclaimHere(KernelTask current, int root, int wanted, bool ignoreAge) =>
        current.Switches.EpcCgroup == EpcCgroupMode.Off
            ? ReclaimOne(current, 0, KernelConstants.NrToScan, countsScanned: false)
            : ReclaimSubtree(current, root, wanted, ignoreAge);

    /// <summary>
    /// sgx_epc_cgroup_reclaim_pages: one round over a cgroup and those below it, as the version does it.
    /// </summary>
    /// <returns>Pages freed (v2 to v6), or isolated, freed or not (v7 and later).</returns>
    public static async Routine<int> ReclaimSubtree(KernelTask current, int root, int wanted, bool ignoreAge) =>
        current.Switches.ReclaimWalk switch
        {
            ReclaimWalk.SharedBatch => await ReclaimShared(
                current,
                root,
                Math.Clamp(wanted, KernelConstants.NrToScan, KernelConstants.NrToScanMax),
                ignoreAge),
            ReclaimWalk.ScanBudget => await ReclaimPreOrder(current, root, KernelConstants.NrToScan, isBudget: true),
            ReclaimWalk.PerLru => await ReclaimPreOrder(current, root, KernelConstants.NrToScan, isBudget: false),
            ReclaimWalk.ResumeNode => (await ReclaimFrom(current, root, -1)).Scanned,
            ReclaimWalk.Cursor => await ReclaimWithCursor(current, root, wanted),
        };

    /// <summary>
    /// Own usage against the smallest limit up to the root (sgx_cgroup_should_reclaim, or the worker's target of
    /// earlier versions).
    /// </summary>
    /// <remarks>Pressure that siblings put on an ancestor is invisible here (C14).</remarks>
    public static async Routine<bool> ShouldReclaim(KernelTask current, int cgroup)
    {
        if (!await CanReclaim(current, cgroup))
        {
            return false;
        }

        (long usage, long max) = await UsageAndLimit(current, cgroup);
        return usage > Target(current.Switches, max);
    }

    /// <summary>The worker's loop (sgx_epc_cgroup_reclaim_work_func, sgx_cgroup_reclaim_work_func). It looks at the
    /// cgroup's own usage: a worker that runs for pressure which siblings put on an ancestor finds no work
    /// (C14).</summary>
    public static async Routine Work(KernelTask current, int cgroup)
    {
        KernelSwitches switches = current.Switches;
        int failedRounds = 0;
        int resume = -1;
        while (true)
        {
            (long usage, long max) = await UsageAndLimit(current, cgroup);
            long over = usage - Target(switches, max);
            if (over <= 0)
            {
                return;
            }

            if (!await CanReclaim(current, cgroup))
            {
                if (
                    switches.AtLimit == AtLimit.Kill
                    && (
                        await OomKill(current, cgroup)
                        || (
                            current.Machine.Cluster is { } cluster
                            && await Remote.OomKillElsewhere(current, cluster, cgroup))))
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
            (int reclaimed, resume) = await Round(current, cgroup, wanted, IgnoresAge(switches, failedRounds), resume);
            if (reclaimed == 0 && switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds)
            {
                // sgx_epc_cgroup_reclaim_failed: an empty subtree ends the work without a victim; any other failure
                // counts, and the count is never reset.
                if (!await CanReclaim(current, cgroup))
                {
                    return;
                }

                failedRounds++;
            }

            await current.Spend(Activity.Schedule);
        }
    }

    public static async Routine QueueWork(KernelTask current, int cgroup)
    {
        if (current.Machine.Cluster is { } cluster)
        {
            await Remote.QueueWork(current, cluster, cgroup);
        }
        else
        {
            await current.Ask(current.Machine.CgroupWork[cgroup], new WaitChannelProtocol.Wake());
        }
    }

    /// <summary>The attempts of a charge after the first was refused.</summary>
    private static async Routine<Errno> Retry(KernelTask current, int cgroup, bool reclaim)
    {
        KernelSwitches switches = current.Switches;
        int failedRounds = 0;
        int emptyRounds = 0;
        int resume = -1;
        do
        {
            // C15: pages that another task has isolated do not count, so this may say "never" where "in a moment" is
            // right.
            if (!await CanReclaim(current, cgroup))
            {
                return Errno.ENOMEM;
            }

            // C26: this check comes before that of whether the caller may wait; sgx_vma_fault() turns it into SIGBUS.
            bool looksAtSignals = reclaim || switches.SignalSparesFaults == Fix.Absent;
            if (looksAtSignals && await Main.SignalPending(current))
            {
                return Errno.ERESTARTSYS;
            }

            if (!reclaim)
            {
                await QueueWork(current, cgroup);
                if (current.Machine.Cluster is not null)
                {
                    // The fault will come again at once (C13). At the home of the account that costs no message, and
                    // would leave no CPU to the tasks that make room.
                    await current.Sleep(Remote.BeforeNextFaultNs);
                }

                return Errno.EBUSY;
            }

            int wanted = switches.ReclaimWalk == ReclaimWalk.Cursor ? 1 : KernelConstants.NrToScan;
            (int reclaimed, resume) = await Round(current, cgroup, wanted, IgnoresAge(switches, failedRounds), resume);
            if (reclaimed == 0 && switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds)
            {
                // sgx_epc_cgroup_reclaim_failed of v2 to v5. Nearly always the check at the top of the loop sees an
                // empty subtree first.
                if (await CanReclaim(current, cgroup))
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
        while (await Misc.TryCharge(current, cgroup, takeReference: false) == MiscCharge.Refused);

        return Errno.Ok;
    }

    /// <summary>
    /// One of several rounds of one caller: in v14 and v15 each goes on behind the end of the one before.
    /// </summary>
    private static async Routine<(int Scanned, int Resume)> Round(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume) =>
        current.Switches.ReclaimWalk == ReclaimWalk.ResumeNode && current.Machine.Cluster is null
            ? await ReclaimFrom(current, root, resume)
            : (await ReclaimBelow(current, root, wanted, ignoreAge), -1);

    private static bool IgnoresAge(KernelSwitches switches, int failedRounds) =>
        switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds && failedRounds > MaxFailedRounds;

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

    private static async Routine<(long Usage, long Max)> UsageAndLimit(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        long usage = 0;
        long max = long.MaxValue;
        if (machine.Cluster is { } cluster)
        {
            (usage, max) = await Remote.UsageAndLimit(current, cluster, cgroup);
            return (usage / KernelConstants.PageSize, max / KernelConstants.PageSize);
        }

        for (int level = cgroup; level >= 0; level = machine.CgroupParents[level])
        {
            CgroupProtocol.ReadUsage read = await current.Ask(machine.Cgroups[level], new CgroupProtocol.ReadUsage());
            max = Math.Min(max, read.Max);
            if (level == cgroup)
            {
                usage = read.Usage;
            }
        }

        return (usage / KernelConstants.PageSize, max / KernelConstants.PageSize);
    }

    private static async Routine<int> Next(KernelTask current, int root, int after)
    {
        CgroupTreeProtocol.NextDescendant next = await current.Ask(
            current.Machine.CgroupTree, new CgroupTreeProtocol.NextDescendant { Root = root, After = after });
        return next.Next;
    }

    private static async Routine<bool> TryGet(KernelTask current, int cgroup)
    {
        CgroupProtocol.TryGetCss get = await current.Ask(
            current.Machine.Cgroups[cgroup],
            new CgroupProtocol.TryGetCss());
        return get.Got;
    }

    /// <summary>sgx_reclaim_pages on one LRU.</summary>
    /// <returns>Pages isolated, freed or not; with <paramref name="countsScanned"/> also those whose enclave is on its
    /// way out, which v7 to v9 take off their budget too.</returns>
    private static async Routine<int> ReclaimOne(KernelTask current, int cgroup, int limit, bool countsScanned)
    {
        int isolated = await Reclaim.Isolate(current, cgroup, limit);
        int scanned = countsScanned ? current.Batch.Scanned : isolated;
        if (isolated > 0)
        {
            await Reclaim.Write(current, ignoreAge: false);
        }

        return scanned;
    }

    /// <summary>v2 to v6: gathers pages over the subtree into one batch, then reclaims the batch.</summary>
    private static async Routine<int> ReclaimShared(KernelTask current, int root, int wanted, bool ignoreAge)
    {
        int scanned = 0;
        int cgroup = -1;
        while (scanned < wanted)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                break;
            }

            if (cgroup != root && !await TryGet(current, cgroup))
            {
                if (current.Switches.WalkSkipsDying == Fix.Absent)
                {
                    break;
                }

                continue;
            }

            await Reclaim.Isolate(current, cgroup, wanted - scanned);
            scanned += current.Batch.Scanned;
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return current.Batch.Count == 0 ? 0 : await Reclaim.Write(current, ignoreAge);
    }

    /// <summary>
    /// v7 to v13: pre-order from the top, reclaim per cgroup, until 16 pages were scanned: 16 in all (v7 to v9), or 16
    /// of each LRU until it is enough (v10 to v13). Busy young pages at the top use up the whole budget (C6).
    /// </summary>
    private static async Routine<int> ReclaimPreOrder(KernelTask current, int root, int wanted, bool isBudget)
    {
        int scanned = 0;
        int cgroup = -1;
        while (scanned < wanted)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                break;
            }

            if (cgroup != root && !await TryGet(current, cgroup))
            {
                if (current.Switches.WalkSkipsDying == Fix.Absent)
                {
                    break;
                }

                continue;
            }

            scanned += await ReclaimOne(
                current, cgroup, isBudget ? wanted - scanned : KernelConstants.NrToScan, countsScanned: isBudget);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return scanned;
    }

    /// <summary>
    /// v14 and v15: pre-order from <paramref name="start"/> (-1: from the top), 16 pages of each LRU until 16 were
    /// scanned. The caller keeps the place to go on, without a reference: when that cgroup died meanwhile the round
    /// ends there, and the next begins at the top (C8).
    /// </summary>
    /// <returns>Pages isolated, and the cgroup to go on with: -1 for the top.</returns>
    public static async Routine<(int Scanned, int Resume)> ReclaimFrom(KernelTask current, int root, int start)
    {
        int scanned = 0;
        int cgroup = start < 0 ? root : start;
        while (scanned < KernelConstants.NrToScan && cgroup >= 0)
        {
            if (cgroup == root || await TryGet(current, cgroup))
            {
                scanned += await ReclaimOne(current, cgroup, KernelConstants.NrToScan, countsScanned: false);
                int following = await Next(current, root, cgroup);
                if (cgroup != root)
                {
                    await Misc.PutCss(current, cgroup);
                }

                cgroup = following;
            }
            else if (cgroup == start || current.Switches.WalkSkipsDying == Fix.Absent)
            {
                return (scanned, -1);
            }
            else
            {
                cgroup = await Next(current, root, cgroup);
            }
        }

        return (scanned, cgroup);
    }

    /// <summary>v16 and later: round robin over the subtree with the root's cursor, 16 pages a visit.</summary>
    private static async Routine<int> ReclaimWithCursor(KernelTask current, int root, int wanted)
    {
        int scanned = 0;
        while (scanned < wanted && await CanReclaimHere(current, root))
        {
            int cgroup = await NextByCursor(current, root);
            scanned += await ReclaimOne(current, cgroup, KernelConstants.NrToScan, countsScanned: false);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return scanned;
    }

    /// <summary>
    /// sgx_cgroup_next_get (v17): the cgroup under the cursor, or the next one that still lives, with a reference
    /// unless it is the root; the cursor moves on behind it. All of it under the cursor's lock, so that two reclaimers
    /// get different cgroups.
    /// </summary>
    /// <remarks>
    /// The walk goes on from the cgroup whose reference could not be had. A draft of v16 asked for the same one again:
    /// the task that frees it waits for the cursor's lock, so the walk never ends (C7). v14 and v15, which kept the
    /// place without a cursor, gave up (C8). The kernel also looks for a live cgroup to put the cursor on, and drops it
    /// at once. Here the next call checks that it lives, with the same result, and the task that frees it moves the
    /// cursor off it (C9).
    /// </remarks>
    private static async Routine<int> NextByCursor(KernelTask current, int root)
    {
        ActorId tree = current.Machine.CgroupTree;
        CgroupTreeProtocol.LockCursor cursor = await current.Ask(
            tree,
            new CgroupTreeProtocol.LockCursor { Root = root });
        int cgroup = cursor.Next;
        ForReport<long> startNs = current.NowNs;
        ForReport<long> laps = 0;
        while (cgroup != root && !await TryGet(current, cgroup))
        {
            if (current.Switches.CursorSkipsDying == Fix.Absent)
            {
                // Time passes even where a message costs nothing, so that a run can end here.
                current.Report(RunEvent.CursorLap, startNs, ++laps.Value);
                await current.SpendNs((int)Activity.SpinLock, 1);
                continue;
            }

            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                cgroup = root;
            }
        }

        int following = await Next(current, root, cgroup);
        await current.Ask(
            tree,
            new CgroupTreeProtocol.SetCursor { Root = root, Next = following < 0 ? root : following });
        return cgroup;
    }

    /// <summary>
    /// sgx_epc_cgroup_oom of v2 to v5: the first cgroup in pre-order that has a victim. It skips dying cgroups, also
    /// where other walks stop.
    /// </summary>
    /// <returns>True: there is a victim, or one is on its way out already.</returns>
    public static async Routine<bool> OomKill(KernelTask current, int root)
    {
        int cgroup = -1;
        while (true)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                return false;
            }

            if (cgroup != root && !await TryGet(current, cgroup))
            {
                continue;
            }

            bool hasVictim = await OomKillOne(current, cgroup);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }

            if (hasVictim)
            {
                return true;
            }
        }
    }

    /// <summary>
    /// sgx_epc_oom: the enclave with the oldest unreclaimable page of one cgroup is made unusable. Each look takes its
    /// page off the list for good, pages of dying enclaves included.
    /// </summary>
    /// <remarks>The kernel pops and takes the enclave's reference in one hold of the LRU's lock. Between our two
    /// messages the enclave could go away, which has the same effect as if it had gone before; the page is off the list
    /// in either case.</remarks>
    private static async Routine<bool> OomKillOne(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        while (true)
        {
            CgroupProtocol.PopVictimPage pop = await current.Ask(
                machine.Cgroups[cgroup],
                new CgroupProtocol.PopVictimPage());
            if (pop.Enclave < 0)
            {
                return false;
            }

            ActorId enclave = machine.Enclaves[pop.Enclave].Enclave;
            EnclaveProtocol.TryGetRef reference = await current.Ask(enclave, new EnclaveProtocol.TryGetRef());
            if (!reference.Got)
            {
                continue;
            }

            // C3: when one that is dying already does not count, the next page on the list decides over a second
            // enclave.
            (bool isVictim, bool wasMarked) = await KillEnclave(current, pop.Enclave, enclave);
            if (!wasMarked || current.Switches.OomCountsDying == Fix.Present)
            {
                return isVictim;
            }
        }
    }

    /// <summary>
    /// The victim's part: an enclave that was not created is no victim, and one that is marked already is skipped.
    /// </summary>
    private static async Routine<(bool IsVictim, bool WasMarked)> KillEnclave(
        KernelTask current,
        int index,
        ActorId enclave)
    {
        EnclaveProtocol.MarkOutOfMemory mark = await current.Ask(enclave, new EnclaveProtocol.MarkOutOfMemory());
        if (!mark.IsNotCreated && !mark.WasMarked)
        {
            current.Report(RunEvent.EnclaveOomKill, current.NowNs, index);
            await Encl.ZapPtes(current, index, 0, current.Machine.Enclaves[index].PageCount);
            await Encl.DrainMmList(current, index);
        }

        await Encl.PutRef(current, index);
        return (!mark.IsNotCreated, mark.WasMarked);
    }
}

/// <summary>Result of a charge.</summary>
/// <param name="Cgroup">The cgroup of the process.</param>
/// <param name="Errno">Ok: a page may be allocated; the cgroup holds a reference for it.</param>
internal readonly record struct ChargeResult(int Cgroup, Errno Errno);
