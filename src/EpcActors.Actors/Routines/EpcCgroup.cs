using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Waiting;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>arch/x86/kernel/cpu/sgx/epc_cgroup.c, in the shapes that the series gave it. Without the series: the global reclaimer.</summary>
internal static class EpcCgroup
{
    private const int MaxFailedRounds = 5;

    /// <summary>sgx_epc_cgroup_try_charge.</summary>
    /// <returns>Ok; EBUSY: at the limit, the worker was queued; ENOMEM: at the limit and nothing to reclaim; ERESTARTSYS.</returns>
    public static async Routine<Errno> TryCharge(KernelTask current, int cgroup, bool reclaim)
    {
        KernelSwitches switches = current.Switches;
        int failedRounds = 0;
        int emptyRounds = 0;
        while (!await Misc.TryCharge(current, cgroup))
        {
            if (!await CanReclaim(current, cgroup))
            {
                return Errno.ENOMEM;
            }

            if (await Main.SignalPending(current))
            {
                return Errno.ERESTARTSYS;
            }

            if (!reclaim)
            {
                await QueueWork(current, cgroup);
                return Errno.EBUSY;
            }

            bool ignoreAge = switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds && failedRounds > MaxFailedRounds;
            int wanted = switches.ReclaimWalk == ReclaimWalk.Cursor ? 1 : KernelConstants.NrToScan;
            int reclaimed = await ReclaimSubtree(current, cgroup, wanted, ignoreAge);
            if (reclaimed == 0)
            {
                failedRounds++;
                if (switches.AtLimit == AtLimit.Kill && !await CanReclaim(current, cgroup) && ++emptyRounds > MaxFailedRounds)
                {
                    return Errno.ENOMEM;
                }
            }

            await current.Spend(Activity.Schedule);
        }

        if (switches.WorkerQueued == WorkerQueued.NearLimit && await ShouldReclaim(current, cgroup))
        {
            await QueueWork(current, cgroup);
        }

        return Errno.Ok;
    }

    /// <summary>Any LRU of the subtree non-empty (sgx_epc_cgroup_lru_empty): without the locks, and blind to isolated pages.</summary>
    public static async Routine<bool> CanReclaim(KernelTask current, int root)
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

            CgroupProtocol.ReadLru lru = await current.Ask(machine.Cgroups[cgroup], new CgroupProtocol.ReadLru());
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
        current.Switches.EpcCgroup == EpcCgroupMode.Off
            ? await ReclaimOne(current, 0, KernelConstants.NrToScan, false, false)
            : await ReclaimSubtree(current, 0, KernelConstants.NrToScan, false);

    /// <summary>sgx_epc_cgroup_reclaim_pages: one round over a cgroup and those below it, in the way of the version.</summary>
    /// <returns>Pages freed (v2 to v6), or isolated, freed or not (v7 and later).</returns>
    public static async Routine<int> ReclaimSubtree(KernelTask current, int root, int wanted, bool ignoreAge) =>
        current.Switches.ReclaimWalk switch
        {
            ReclaimWalk.SharedBatch => await ReclaimShared(current, root, Math.Clamp(wanted, KernelConstants.NrToScan, KernelConstants.NrToScanMax), ignoreAge),
            ReclaimWalk.ScanBudget => await ReclaimPreOrder(current, root, KernelConstants.NrToScan, isBudget: true),
            ReclaimWalk.PerLru => await ReclaimPreOrder(current, root, KernelConstants.NrToScan, isBudget: false),
            ReclaimWalk.Cursor => await ReclaimWithCursor(current, root, wanted),
        };

    /// <summary>Own usage against the smallest limit up to the root (sgx_cgroup_should_reclaim, or the worker's target of earlier versions).</summary>
    /// <remarks>Pressure that siblings put on an ancestor is invisible here (C14).</remarks>
    public static async Routine<bool> ShouldReclaim(KernelTask current, int cgroup)
    {
        if (!await CanReclaim(current, cgroup))
        {
            return false;
        }

        (long usage, long max) = await UsageAndLimit(current, cgroup);
        return usage > Target(current.Switches, max, current.Machine.CapacityPages);
    }

    /// <summary>The worker's loop (sgx_epc_cgroup_reclaim_work_func).</summary>
    public static async Routine Work(KernelTask current, int cgroup)
    {
        KernelSwitches switches = current.Switches;
        int failedRounds = 0;
        while (true)
        {
            (long usage, long max) = await UsageAndLimit(current, cgroup);
            long target = Target(switches, max, current.Machine.CapacityPages);
            if (usage <= target)
            {
                return;
            }

            if (!await CanReclaim(current, cgroup))
            {
                if (switches.AtLimit == AtLimit.Kill && await OomKill(current, cgroup))
                {
                    await current.Spend(Activity.Schedule);
                    continue;
                }

                return;
            }

            bool ignoreAge = switches.AgeEscalation == AgeEscalation.AfterFiveFailedRounds && failedRounds > MaxFailedRounds;
            int reclaimed = await ReclaimSubtree(
                current, cgroup, (int)Math.Min(usage - target, KernelConstants.NrToScanMax), ignoreAge);
            failedRounds = reclaimed == 0 ? failedRounds + 1 : 0;
            await current.Spend(Activity.Schedule);
        }
    }

    public static async Routine QueueWork(KernelTask current, int cgroup) =>
        await current.Ask(current.Machine.CgroupWork[cgroup], new WaitChannelProtocol.Wake());

    /// <summary>Usage in pages that the worker leaves alone.</summary>
    private static long Target(KernelSwitches switches, long maxPages, long capacityPages)
    {
        if (switches.WorkerTarget == WorkerTarget.MaxMinusLow)
        {
            // should_reclaim says yes from the limit on, so the target is one page below it.
            return (maxPages > KernelConstants.CgroupLowLimit ? maxPages - KernelConstants.CgroupMinFreePages : maxPages) - 1;
        }

        long target = maxPages - 1;
        if (target > 31)
        {
            target -= 8;
        }

        return Math.Min(target, capacityPages);
    }

    private static async Routine<(long Usage, long Max)> UsageAndLimit(KernelTask current, int cgroup)
    {
        Machine machine = current.Machine;
        long usage = 0;
        long max = long.MaxValue;
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
        CgroupProtocol.TryGetCss get = await current.Ask(current.Machine.Cgroups[cgroup], new CgroupProtocol.TryGetCss());
        return get.Got;
    }

    private static async Routine<int> ReclaimOne(KernelTask current, int cgroup, int limit, bool ignoreAge, bool countsFreed)
    {
        int isolated = await Reclaim.Isolate(current, cgroup, limit);
        if (isolated == 0)
        {
            return 0;
        }

        int freed = await Reclaim.Write(current, ignoreAge);
        return countsFreed ? freed : isolated;
    }

    /// <summary>v2 to v6: gathers pages over the subtree into one batch, then works it off.</summary>
    private static async Routine<int> ReclaimShared(KernelTask current, int root, int wanted, bool ignoreAge)
    {
        int isolated = 0;
        int cgroup = -1;
        while (isolated < wanted)
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

            isolated += await Reclaim.Isolate(current, cgroup, wanted - isolated);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return isolated == 0 ? 0 : await Reclaim.Write(current, ignoreAge);
    }

    /// <summary>
    /// v7 to v13: pre-order from the top, reclaim per cgroup, until 16 pages were scanned: 16 in all (v7 to v9), or 16 of each LRU until it is
    /// enough (v10 to v13). Busy young pages at the top use up the whole budget (C6).
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

            scanned += await ReclaimOne(current, cgroup, isBudget ? wanted - scanned : KernelConstants.NrToScan, false, false);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return scanned;
    }

    /// <summary>v16 and later: round robin over the subtree with the root's cursor, 16 pages a visit.</summary>
    private static async Routine<int> ReclaimWithCursor(KernelTask current, int root, int wanted)
    {
        int scanned = 0;
        while (scanned < wanted && await CanReclaim(current, root))
        {
            int cgroup = await NextByCursor(current, root);
            scanned += await ReclaimOne(current, cgroup, KernelConstants.NrToScan, false, false);
            if (cgroup != root)
            {
                await Misc.PutCss(current, cgroup);
            }
        }

        return scanned;
    }

    /// <summary>sgx_cgroup_next_get (v17): the cgroup under the cursor, or the next one that still lives; the cursor moves on behind it.</summary>
    private static async Routine<int> NextByCursor(KernelTask current, int root)
    {
        ActorId tree = current.Machine.CgroupTree;
        CgroupTreeProtocol.LockCursor cursor = await current.Ask(tree, new CgroupTreeProtocol.LockCursor { Root = root });
        int cgroup = cursor.Next;
        while (cgroup != root && !await TryGet(current, cgroup))
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                cgroup = root;
            }
        }

        int following = await Next(current, root, cgroup);
        await current.Ask(tree, new CgroupTreeProtocol.SetCursor { Root = root, Next = following < 0 ? root : following });
        return cgroup;
    }

    /// <summary>sgx_epc_oom of v2 to v5: the enclave with the oldest unreclaimable page of the subtree is made unusable.</summary>
    /// <returns>True: there is a victim, or one is on its way out already.</returns>
    private static async Routine<bool> OomKill(KernelTask current, int root)
    {
        Machine machine = current.Machine;
        int cgroup = -1;
        while (true)
        {
            cgroup = await Next(current, root, cgroup);
            if (cgroup < 0)
            {
                return false;
            }

            while (true)
            {
                CgroupProtocol.PopVictimPage pop = await current.Ask(
                    machine.Cgroups[cgroup], new CgroupProtocol.PopVictimPage());
                if (pop.Enclave < 0)
                {
                    break;
                }

                ActorId enclave = machine.Enclaves[pop.Enclave].Enclave;
                EnclaveProtocol.TryGetRef reference = await current.Ask(enclave, new EnclaveProtocol.TryGetRef());
                if (!reference.Got)
                {
                    continue;
                }

                return await KillEnclave(current, pop.Enclave, enclave);
            }
        }
    }

    private static async Routine<bool> KillEnclave(KernelTask current, int index, ActorId enclave)
    {
        EnclaveProtocol.MarkOutOfMemory mark = await current.Ask(enclave, new EnclaveProtocol.MarkOutOfMemory());
        if (!mark.IsNotCreated && !mark.WasMarked)
        {
            current.Report(RunEvent.EnclaveOomKill, current.NowNs, index);
            await Encl.ZapPtes(current, index, 0, current.Machine.Enclaves[index].PageCount);
            await Encl.DrainMmList(current, index);
        }

        await Encl.PutRef(current, index);
        return !mark.IsNotCreated;
    }
}
