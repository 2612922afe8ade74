using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Kernel.Routines;

/// <summary>arch/x86/kernel/cpu/sgx/main.c: the allocator.</summary>
internal static partial class Main
{
    /// <summary>
    /// sgx_alloc_epc_page. Context: neither mmap_lock nor the enclave's mutex may be held when <paramref
    /// name="reclaim"/> is allowed.
    /// </summary>
    /// <returns>
    /// The page, now the caller's, charged to its cgroup; EBUSY: try again later, a reclaimer was woken; ENOMEM:
    /// nothing can be reclaimed; ERESTARTSYS: a signal waits.
    /// </returns>
    [Linux("main.c", "sgx_alloc_epc_page")]
    public static async Routine<AllocResult> AllocEpcPage(KernelTask current, bool reclaim)
    {
        Machine machine = current.Machine;
        int cgroup = -1;
        if (machine.Switches.EpcCgroup == EpcCgroupMode.On)
        {
            ChargeResult charge = await EpcCgroup.ChargeCurrent(current, reclaim);
            if (charge.Errno != Errno.Ok)
            {
                return AllocResult.Failed(charge.Errno);
            }

            cgroup = charge.Cgroup;
        }

        Errno errno = Errno.Ok;
        EpcPageIndex page;
        bool countsIsolated = machine.Switches.IsolatedReclaimable == Fix.Present;
        bool isLastLook = false;
        int emptyBatches = 0;
        while (true)
        {
            page = await TakeFromNodes(current);
            if (!page.IsNone)
            {
                break;
            }

            // D5: without the count of isolated pages this says "never" where "in a moment" is right.
            if (isLastLook || !await machine.Shared.CanReclaim(current, 0, countsIsolated))
            {
                if (countsIsolated && !isLastLook)
                {
                    // Between the two looks a reclaimer may have freed what it had.
                    isLastLook = true;
                    continue;
                }

                current.Report(RunEvent.AllocationFailed, current.NowNs, (long)Errno.ENOMEM << 1);
                if (cgroup < 0)
                {
                    // Upstream returns here without the check for ksgxd; the series leaves the loop.
                    return AllocResult.Failed(Errno.ENOMEM);
                }

                errno = Errno.ENOMEM;
                break;
            }

            if (!reclaim)
            {
                errno = Errno.EBUSY;
                break;
            }

            if (await SignalPending(current))
            {
                errno = Errno.ERESTARTSYS;
                break;
            }

            bool ignoresAge = EpcCgroup.IgnoresAge(machine.Switches, emptyBatches);
            (int scanned, _) = await Reclaim.ReclaimGlobal(current, ignoresAge);
            emptyBatches = EpcCgroup.AfterBatch(current, scanned, emptyBatches);
            await current.Spend(Activity.Schedule);
        }

        if (errno != Errno.Ok)
        {
            if (cgroup >= 0)
            {
                await machine.Shared.Uncharge(current, cgroup);
            }
        }
        else if (cgroup >= 0)
        {
            // We own the page: no other task looks at its descriptor.
            machine.Pages[page].Cgroup = (ushort)cgroup;
        }

        if (await machine.Shared.ShouldReclaim(current, KernelConstants.NrLowPages))
        {
            await machine.Shared.WakeKsgxd(current);
        }

        return new AllocResult(page, errno);
    }

    /// <summary>
    /// __sgx_alloc_epc_page: nodes in ascending cyclic order, from the CPU's own if it has EPC, else from the next that
    /// has.
    /// </summary>
    [Linux("main.c", "__sgx_alloc_epc_page")]
    private static async Routine<EpcPageIndex> TakeFromNodes(KernelTask current)
    {
        Machine machine = current.Machine;
        int start = machine.OwnsEpc[current.Node] ? current.Node : NextNode(machine, current.Node);
        if (start < 0)
        {
            return EpcPageIndex.None;
        }

        int end = machine.Switches.NodeWalkTerminates == Fix.Present ? start : current.Node;
        int node = start;
        ForReport<long> startNs = current.NowNs;
        ForReport<long> laps = 0;
        while (true)
        {
            NumaNodeProtocol.TakePage take = await current.Ask(
                machine.Nodes[node], new NumaNodeProtocol.TakePage { KeepLocked = CountsUnderNodeLock(machine) });
            if (take.Page.IsNone && await machine.Shared.RefillNode(current, node))
            {
                // Another task may take the page first: then we treat the node as empty.
                take = await current.Ask(
                    machine.Nodes[node],
                    new NumaNodeProtocol.TakePage { KeepLocked = CountsUnderNodeLock(machine) });
            }

            if (!take.Page.IsNone)
            {
                await machine.Shared.CountFreePages(current, -1);
                if (CountsUnderNodeLock(machine))
                {
                    await current.Ask(machine.Nodes[node], new NumaNodeProtocol.UnlockNode());
                }

                current.Report(RunEvent.Allocated, current.NowNs, ((long)node << 1) | (node == current.Node ? 0L : 1L));
                return take.Page;
            }

            node = NextNode(machine, node);
            if (node == end)
            {
                return EpcPageIndex.None;
            }

            if (node == start)
            {
                // R13: the walk goes round until another task frees a page. Time passes even where a lock costs
                // nothing, so a run can end here.
                current.Report(RunEvent.NodeWalkLap, startNs, ++laps.Value);
                await current.SpendNs((int)Activity.SpinLock, 1);
            }
        }
    }

    /// <summary>next_node_in(): the next node with EPC, ascending and wrapping; -1 when there is none at all.</summary>
    private static int NextNode(Machine machine, int node)
    {
        for (int i = 1; i <= machine.NodeCount; i++)
        {
            int next = (node + i) % machine.NodeCount;
            if (machine.OwnsEpc[next])
            {
                return next;
            }
        }

        return -1;
    }

    /// <summary>sgx_nr_free_pages += delta, in the kernel's way of keeping it.</summary>
    [Linux("main.c", "sgx_nr_free_pages", IsPart = true)]
    public static async Routine CountFreePages(KernelTask current, int delta)
    {
        ActorId counter = current.Machine.FreePageCounter;
        switch (current.Switches.FreePageCounter)
        {
            case FreePageCounterMode.Atomic:
                await current.Ask(counter, new FreePageCounterProtocol.AddPages { Pages = delta });
                break;
            case FreePageCounterMode.Racy:
                FreePageCounterProtocol.LoadPages load = await current.Ask(
                    counter,
                    new FreePageCounterProtocol.LoadPages());
                await current.Ask(counter, new FreePageCounterProtocol.StorePages { Pages = load.Pages + delta });
                break;
            case FreePageCounterMode.PerNode:
                // Changed in the node's own critical section.
                break;
        }
    }

    /// <summary>sgx_should_reclaim: fewer free pages than a watermark, and something to reclaim.</summary>
    [Linux("main.c", "sgx_should_reclaim")]
    public static async Routine<bool> ShouldReclaim(KernelTask current, int watermark)
    {
        Machine machine = current.Machine;
        long free = 0;
        if (machine.Switches.FreePageCounter == FreePageCounterMode.PerNode)
        {
            for (int node = 0; node < machine.NodeCount && free < watermark; node++)
            {
                if (machine.OwnsEpc[node])
                {
                    NumaNodeProtocol.ReadFreePages read = await current.Ask(
                        machine.Nodes[node], new NumaNodeProtocol.ReadFreePages());
                    free += read.FreePages;
                }
            }
        }
        else
        {
            FreePageCounterProtocol.ReadPages read = await current.Ask(
                machine.FreePageCounter, new FreePageCounterProtocol.ReadPages());
            free = read.Pages;
        }

        return free < watermark && await machine.Shared.CanReclaim(current, 0);
    }

    /// <summary>wake_up(&amp;ksgxd_waitq).</summary>
    [Linux("main.c", "wake_up", IsPart = true)]
    public static async Routine WakeKsgxd(KernelTask current) =>
        await current.Ask(current.Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());

    /// <summary>sgx_free_epc_page: uncharge first, then the node's list, then the counter.</summary>
    [Linux("main.c", "sgx_free_epc_page")]
    public static async Routine FreeEpcPage(KernelTask current, EpcPageIndex page, bool byReclaimer = false)
    {
        Machine machine = current.Machine;
        ushort cgroup = machine.Pages[page].Cgroup;
        if (cgroup != EpcPage.NoCgroup)
        {
            await machine.Shared.Uncharge(current, cgroup);
        }

        bool uncountsPoison = machine.Switches.PoisonUncounts == Fix.Present;
        bool ignorePoison = byReclaimer && machine.Switches.ReclaimerRespectsPoison == Fix.Absent;
        ActorId node = machine.Nodes[machine.NodeOf(page)];
        NumaNodeProtocol.FreePage free = await current.Ask(
            node,
            new NumaNodeProtocol.FreePage
            {
                Page = page,
                IgnorePoison = ignorePoison,
                UncountsPoison = uncountsPoison,
                KeepLocked = CountsUnderNodeLock(machine),
            });
        if (!uncountsPoison || !free.IsPoisoned)
        {
            await machine.Shared.CountFreePages(current, 1);
        }

        if (CountsUnderNodeLock(machine))
        {
            await current.Ask(node, new NumaNodeProtocol.UnlockNode());
        }

        await machine.Shared.PageFreed(current, machine.NodeOf(page));
    }

    /// <summary>
    /// One round of __sgx_sanitize_pages: EREMOVE, then sgx_free_epc_page as for any other page, but nothing is charged
    /// yet.
    /// </summary>
    /// <returns>False: the node has no dirty page left.</returns>
    [Linux("main.c", "sgx_free_epc_page")]
    public static async Routine<bool> SanitisePage(KernelTask current, int node)
    {
        Machine machine = current.Machine;
        NumaNodeProtocol.SanitisePage sanitise = await current.Ask(
            machine.Nodes[node], new NumaNodeProtocol.SanitisePage { KeepLocked = CountsUnderNodeLock(machine) });
        if (sanitise.Page.IsNone)
        {
            return false;
        }

        await machine.Shared.CountFreePages(current, 1);
        if (CountsUnderNodeLock(machine))
        {
            await current.Ask(machine.Nodes[node], new NumaNodeProtocol.UnlockNode());
        }

        return true;
    }

    /// <summary>
    /// Before ac5d272a0ad0 the counter was changed inside the node's critical section: one plain integer under as many
    /// locks as there are nodes.
    /// </summary>
    private static bool CountsUnderNodeLock(Machine machine) =>
        machine.Switches.FreePageCounter == FreePageCounterMode.Racy;

    /// <summary>
    /// sgx_encl_free_epc_page: EREMOVE, then free. A page that EREMOVE refuses is lost: the kernel warns once, and
    /// never frees or uncharges it.
    /// </summary>
    /// <returns>False: leaked.</returns>
    [Linux("encl.c", "sgx_encl_free_epc_page")]
    public static async Routine<bool> EnclFreeEpcPage(KernelTask current, EpcPageIndex page, bool mustLeak = false)
    {
        Machine machine = current.Machine;
        if ((machine.Pages[page].Flags & EpcPageFlags.Unreclaimable) != 0)
        {
            await current.Ask(
                machine.Cgroups[machine.LruOf(page)], new CgroupProtocol.DropUnreclaimable { Page = page });
        }

        await current.SpendCost((int)Activity.Eremove, 1, machine.NodeOf(page) != current.Node);
        // On a page that is free in the EPCM, EREMOVE succeeds and does nothing.
        bool isValid = (machine.Pages[page].Epcm & Epcm.Valid) != 0;
        if (mustLeak || (isValid && current.Choose((int)ChoicePoint.EremoveFails)))
        {
            current.Report(RunEvent.PageLeaked, current.NowNs, page.Value);
            return false;
        }

        machine.Pages[page].Epcm = Epcm.None;
        await FreeEpcPage(current, page);
        return true;
    }

    /// <summary>sgx_mark_page_reclaimable.</summary>
    [Linux("main.c", "sgx_mark_page_reclaimable")]
    public static async Routine MarkReclaimable(KernelTask current, EpcPageIndex page) =>
        await current.Ask(
            current.Machine.Cgroups[current.Machine.LruOf(page)], new CgroupProtocol.AddToLru { Page = page });

    /// <summary>sgx_unmark_page_reclaimable.</summary>
    /// <returns>False: EBUSY, a reclaimer has the page.</returns>
    [Linux("main.c", "sgx_unmark_page_reclaimable")]
    public static async Routine<bool> TryUnmark(KernelTask current, EpcPageIndex page)
    {
        CgroupProtocol.Unmark unmark = await current.Ask(
            current.Machine.Cgroups[current.Machine.LruOf(page)], new CgroupProtocol.Unmark { Page = page });
        return !unmark.IsBusy;
    }

    [Linux("main.c", "signal_pending", IsPart = true)]
    public static async Routine<bool> SignalPending(KernelTask current)
    {
        if (current.Process.IsNone)
        {
            return false;
        }

        ProcessProtocol.ReadSignal signal = await current.Ask(current.Process, new ProcessProtocol.ReadSignal());
        return signal.IsPending;
    }

    /// <summary>fatal_signal_pending(): SIGKILL waits.</summary>
    [Linux("signal.h", "fatal_signal_pending", IsPart = true)]
    public static async Routine<bool> FatalSignalPending(KernelTask current)
    {
        if (current.Process.IsNone)
        {
            return false;
        }

        ProcessProtocol.ReadSignal signal = await current.Ask(current.Process, new ProcessProtocol.ReadSignal());
        return signal.IsFatal;
    }

    /// <summary>
    /// The return to user space: the handler of a signal that does not kill runs here, so the signal is no longer
    /// pending.
    /// </summary>
    /// <returns>True: SIGKILL is pending, and the thread has to die.</returns>
    [Linux("exit.c", "exit_to_user_mode_loop", IsPart = true)]
    public static async Routine<bool> TakeSignal(KernelTask current)
    {
        if (current.Process.IsNone)
        {
            return false;
        }

        ProcessProtocol.ReadSignal signal = await current.Ask(
            current.Process,
            new ProcessProtocol.ReadSignal { IsReturn = true });
        return signal.IsFatal;
    }

    /// <summary>
    /// The machine suspends and wakes, or moves: the contents of the EPC are gone. The driver has no hook for it, and
    /// does not learn it.
    /// </summary>
    [Linux("suspend.c", "suspend_enter", IsPart = true)]
    public static async Routine LoseEpc(KernelTask current) =>
        await current.Ask(current.Machine.Nodes[0], new NumaNodeProtocol.LoseEpc());

    /// <summary>arch_memory_failure: poison a page, on the free list or in use.</summary>
    [Linux("main.c", "arch_memory_failure")]
    public static async Routine MemoryFailure(KernelTask current, EpcPageIndex page)
    {
        Machine machine = current.Machine;
        ActorId node = machine.Nodes[machine.NodeOf(page)];
        bool uncounts = machine.Switches.PoisonUncounts == Fix.Present;
        NumaNodeProtocol.PoisonPage poison = await current.Ask(
            node,
            new NumaNodeProtocol.PoisonPage
            {
                Page = page,
                KeepLocked = machine.Switches.PoisonUnmarks == Fix.Present,
                UncountsPoison = uncounts,
            });
        if (poison.WasFree && uncounts)
        {
            await machine.Shared.CountFreePages(current, -1);
        }

        if (poison.KeepLocked)
        {
            // Take the LRU's lock inside the node's: the free of the page waits, and finds it unmarked.
            await TryUnmark(current, page);
            await current.Ask(node, new NumaNodeProtocol.UnlockNode());
        }
    }
}
