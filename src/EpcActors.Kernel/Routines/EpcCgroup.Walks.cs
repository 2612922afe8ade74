using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Kernel.Routines;

/// <content>Walks over a subtree of cgroups, one version after the other.</content>
internal static partial class EpcCgroup
{
    /// <summary>
    /// sgx_cgroup_lru_empty, the other way round: whether any LRU of the subtree has a page. One list after the other,
    /// each under its own lock, and blind to isolated pages.
    /// </summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_lru_empty")]
    public static async Routine<bool> CanReclaim(KernelTask current, int root, bool countsIsolated = false)
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
                if (current.Switches.WalkSkipsDying == Fix.Absent)
                {
                    return false;
                }

                continue;
            }

            CgroupProtocol.ReadLru lru = await current.Ask(
                current.Machine.Cgroups[cgroup],
                new CgroupProtocol.ReadLru { TakeLock = true, CountIsolated = countsIsolated });
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

    /// <summary>
    /// sgx_epc_cgroup_reclaim_pages, sgx_cgroup_reclaim_pages: one round over a cgroup and those below it, as the
    /// version does it.
    /// </summary>
    /// <param name="current">Task that reclaims.</param>
    /// <param name="root">The cgroup.</param>
    /// <param name="wanted">Pages that the caller wants.</param>
    /// <param name="ignoreAge">Young pages are not spared (v2 to v5).</param>
    /// <param name="resume">Where the last round of the caller ended, -1 for the top (v14, v15).</param>
    /// <returns>
    /// Pages freed (v2 to v6), or isolated, freed or not (v7 and later); where the next round goes on.
    /// </returns>
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_pages")]
    public static async Routine<(int Scanned, int Resume)> ReclaimSubtree(
        KernelTask current,
        int root,
        int wanted,
        bool ignoreAge,
        int resume = -1) =>
        current.Switches.ReclaimWalk switch
        {
            ReclaimWalk.SharedBatch => (
                await ReclaimShared(
                    current,
                    root,
                    Math.Clamp(wanted, KernelConstants.NrToScan, KernelConstants.NrToScanMax),
                    ignoreAge),
                -1),
            ReclaimWalk.ScanBudget => (await ReclaimPreOrder(current, root, isBudget: true, ignoreAge), -1),
            ReclaimWalk.PerLru => (await ReclaimPreOrder(current, root, isBudget: false, ignoreAge), -1),
            ReclaimWalk.ResumeNode => await ReclaimFrom(current, root, resume, ignoreAge),
            ReclaimWalk.Cursor => (await ReclaimWithCursor(current, root, wanted, ignoreAge), -1),
        };

    /// <summary>v2 to v6: gathers pages over the subtree into one batch, then reclaims the batch.</summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_pages", IsPart = true)]
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

        return await Reclaim.ReclaimPages(current, Reclaim.IsIsolated, 0, ignoreAge);
    }

    /// <summary>
    /// v7 to v13: pre-order from the top, reclaim per cgroup, until 16 pages were scanned: 16 in all (v7 to v9), or 16
    /// of each LRU until it is enough (v10 to v13). Busy young pages at the top use up the whole budget (C6).
    /// </summary>
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_pages", IsPart = true)]
    private static async Routine<int> ReclaimPreOrder(
        KernelTask current, int root, bool isBudget, bool ignoreAge)
    {
        int scanned = 0;
        int cgroup = -1;
        while (scanned < KernelConstants.NrToScan)
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

            int left = isBudget ? KernelConstants.NrToScan - scanned : KernelConstants.NrToScan;
            int isolated = await Reclaim.ReclaimPages(current, cgroup, left, ignoreAge);

            // v7 to v9 also take pages off their budget whose enclave is on its way out.
            scanned += isBudget ? current.Batch.Scanned : isolated;
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
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_pages", IsPart = true)]
    public static async Routine<(int Scanned, int Resume)> ReclaimFrom(
        KernelTask current, int root, int start, bool ignoreAge = false)
    {
        int scanned = 0;
        int cgroup = start < 0 ? root : start;
        while (scanned < KernelConstants.NrToScan && cgroup >= 0)
        {
            if (cgroup == root || await TryGet(current, cgroup))
            {
                scanned += await Reclaim.ReclaimPages(current, cgroup, KernelConstants.NrToScan, ignoreAge);
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
    [Linux("epc_cgroup.c", "sgx_cgroup_reclaim_pages", IsPart = true)]
    private static async Routine<int> ReclaimWithCursor(
        KernelTask current, int root, int wanted, bool ignoreAge)
    {
        int scanned = 0;
        while (scanned < wanted && await CanReclaim(current, root))
        {
            int cgroup = await NextByCursor(current, root);
            scanned += await Reclaim.ReclaimPages(current, cgroup, KernelConstants.NrToScan, ignoreAge);
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
    [Linux("epc_cgroup.c", "sgx_cgroup_next_cg")]
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

    [Linux("epc_cgroup.c", "css_next_descendant_pre", IsPart = true)]
    private static async Routine<int> Next(KernelTask current, int root, int after)
    {
        CgroupTreeProtocol.NextDescendant next = await current.Ask(
            current.Machine.CgroupTree, new CgroupTreeProtocol.NextDescendant { Root = root, After = after });
        return next.Next;
    }

    [Linux("epc_cgroup.c", "css_tryget", IsPart = true)]
    private static async Routine<bool> TryGet(KernelTask current, int cgroup)
    {
        CgroupProtocol.TryGetCss get = await current.Ask(
            current.Machine.Cgroups[cgroup],
            new CgroupProtocol.TryGetCss());
        return get.Got;
    }
}
