using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Oracles;

/// <content>
/// What a routine owes by what its task saw itself: wake-ups, marks, targets, reclaim of its own. A task is judged by
/// the answers that it was given, never by what is true meanwhile, so these
/// rules hold on every engine. Over several processes the answers come from elsewhere, and none of them is judged.
/// </content>
public sealed partial class Oracle
{
    private void SawAgePage(Envelope envelope, Resource resource, long nowNs) =>
        OnAgePage(
            in Of<AddressSpaceProtocol.AgePage>(envelope),
            (AddressSpace)resource,
            CarriedBy(envelope, resource),
            nowNs);

    private void SawReadPages(Envelope envelope, Resource resource, long nowNs) =>
        OnReadPages(
            Of<FreePageCounterProtocol.ReadPages>(envelope).Pages,
            envelope.Caller,
            CarriedBy(envelope, resource));

    private void SawReadFreePages(Envelope envelope, Resource resource, long nowNs) =>
        CarriedBy(envelope, resource).Owed.Look = LookStage.Enough;

    private void SawWake(Envelope envelope, Resource resource, long nowNs)
    {
        if (resource == _topology.KsgxdWaitQueue)
        {
            CarriedBy(envelope, resource).Owed.Wake = WakeStage.Nothing;
        }
    }

    private void SawSleepUntilWoken(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        if (resource == _topology.KsgxdWaitQueue && _hasOneCounter)
        {
            CheckKsgxdMaySleep(carried, nowNs);
        }
    }

    private void SawReadCss(Envelope envelope, Resource resource, long nowNs) =>
        OnReadCss(in Of<ProcessProtocol.ReadCss>(envelope), envelope, CarriedBy(envelope, resource));

    private void SawCountMaxEvent(Envelope envelope, Resource resource, long nowNs) =>
        OnCountMaxEvent(
            in Of<CgroupProtocol.CountMaxEvent>(envelope),
            (Cgroup)resource,
            CarriedBy(envelope, resource),
            nowNs);

    private void SawCountWaiter(Envelope envelope, Resource resource, long nowNs) =>
        OnCountWaiter(
            in Of<CgroupProtocol.CountWaiter>(envelope),
            (Cgroup)resource,
            CarriedBy(envelope, resource),
            nowNs);

    private void SawUnmark(Envelope envelope, Resource resource, long nowNs) =>
        OnUnmark(in Of<CgroupProtocol.Unmark>(envelope), (Cgroup)resource, CarriedBy(envelope, resource), nowNs);

    private void SawBeginIoctl(Envelope envelope, Resource resource, long nowNs) =>
        CarriedBy(envelope, resource).Owed.Look = LookStage.None;

    private void SawPageOfSgx2(Envelope envelope, Resource resource, long nowNs) =>
        CheckLooked(CarriedBy(envelope, resource), nowNs);

    private void OnReadPages(long pages, TaskActor caller, Carried carried)
    {
        ref Owed owed = ref carried.Owed;
        owed.FreePages = pages;
        owed.IsCharging = false;
        if (owed.Wake == WakeStage.LookAtCounter)
        {
            owed.Wake = pages < KernelConstants.NrLowPages ? WakeStage.LookAtLru : WakeStage.Nothing;
            return;
        }

        int mark = caller == _topology.Ksgxd ? KernelConstants.NrHighPages : KernelConstants.NrLowPages;
        owed.Look = pages < mark ? LookStage.Low : LookStage.Enough;
    }

    private void OnReadLru(bool isEmpty, Cgroup cgroup, Carried carried, long nowNs)
    {
        ref Owed owed = ref carried.Owed;
        if (owed.IsCharging)
        {
            return;
        }

        if (owed.Wake is WakeStage.LookAtLru or WakeStage.Looking)
        {
            owed.Wake = isEmpty ? WakeStage.Looking : WakeStage.Wake;
            return;
        }

        owed.Look = owed.Look switch
        {
            LookStage.Low or LookStage.LowAndEmpty => isEmpty ? LookStage.LowAndEmpty : LookStage.LowAndReclaimable,

            // A round with a cursor looks again before it begins, and ends when others were quicker.
            LookStage.LowAndReclaimable => LookStage.Reclaimed,
            LookStage.None or LookStage.Enough or LookStage.Reclaimed => owed.Look,
        };
        if (owed.Verdict != 0)
        {
            if (owed.Verdict < 0)
            {
                ReportBelowTarget(in owed, cgroup, carried, nowNs);
            }

            owed.Verdict = 0;
        }
    }

    private void ReportBelowTarget(in Owed owed, Cgroup cgroup, Carried carried, long nowNs) =>
        Violate(
            Rules.WorkerTarget,
            nowNs,
            $"{carried.Task.Name} goes on to reclaim (it looks at the LRU of {cgroup.Name}) with "
                + $"{Counted.Of(owed.UsagePages, "page")} "
                + $"charged, and the smallest limit of {Counted.Of(owed.LimitPages, "page")} leaves it "
                + $"{WorkerTargetOf(owed.LimitPages)}");

    private void OnBeginIsolate(TaskActor caller, Carried carried, long nowNs)
    {
        ref Owed owed = ref carried.Owed;
        if (caller == _topology.Ksgxd && _hasOneCounter && owed.Look == LookStage.Enough)
        {
            Violate(
                Rules.KsgxdMarks,
                nowNs,
                $"{caller.Name} reclaims although it saw {owed.FreePages} free pages, and "
                + $"{KernelConstants.NrHighPages} are enough");
        }

        owed.Look = owed.Look == LookStage.LowAndReclaimable ? LookStage.Reclaimed : owed.Look;
    }

    private void OnPrepareToWait(TaskActor caller, Carried carried, long nowNs)
    {
        ref Owed owed = ref carried.Owed;
        owed.Look = caller == _topology.Ksgxd ? LookStage.None : owed.Look;
        if (owed.Verdict > 0)
        {
            Violate(
                Rules.WorkerTarget,
                nowNs,
                $"{caller.Name} ends its work with {Counted.Of(owed.UsagePages, "page")} charged and a smallest limit "
                    + "of "
                    + $"{Counted.Of(owed.LimitPages, "page")}, and did not look whether any could be reclaimed: its "
                    + "target is "
                    + $"{WorkerTargetOf(owed.LimitPages)}");
        }

        owed.Verdict = 0;
        owed.UsageLevel = 0;
    }

    /// <summary>ksgxd's wait_event(): the condition that ends the wait must have been false.</summary>
    private void CheckKsgxdMaySleep(Carried carried, long nowNs)
    {
        string? what = carried.Owed.Look switch
        {
            LookStage.None => "without a look at the free pages",
            LookStage.Low => $"although it saw {carried.Owed.FreePages} free pages, fewer than "
                + $"{KernelConstants.NrHighPages}, and did not look whether any could be reclaimed",
            LookStage.LowAndReclaimable => $"although it saw {carried.Owed.FreePages} free pages, fewer than "
                + $"{KernelConstants.NrHighPages}, and an LRU with pages",
            LookStage.Enough or LookStage.LowAndEmpty or LookStage.Reclaimed => null,
        };
        if (what is not null)
        {
            Violate(Rules.KsgxdMarks, nowNs, $"{carried.Task.Name} goes to sleep {what}");
        }
    }

    /// <summary>The page that it took goes somewhere: by now the end of sgx_alloc_epc_page lies behind it.</summary>
    private void CheckWoken(Carried carried, long nowNs)
    {
        if (carried.Owed.Wake != WakeStage.Nothing)
        {
            TellUnlessWoken(carried, nowNs);
        }
    }

    private void TellUnlessWoken(Carried carried, long nowNs)
    {
        ref Owed owed = ref carried.Owed;
        string? what = owed.Wake switch
        {
            WakeStage.LookAtCounter => "without a look at the free pages that are left",
            WakeStage.LookAtLru =>
                $"and saw {owed.FreePages} free pages, fewer than {KernelConstants.NrLowPages}, but did not look "
                + "whether any could be reclaimed, and did not wake ksgxd",
            WakeStage.Wake => $"and saw {owed.FreePages} free pages, fewer than {KernelConstants.NrLowPages}, and an "
                + "LRU with pages, but did not wake ksgxd",
            WakeStage.Nothing or WakeStage.Looking => null,
        };
        owed.Wake = WakeStage.Nothing;
        if (what is not null)
        {
            Violate(Rules.KsgxdMarks, nowNs, $"{carried.Task.Name} took a page {what}");
        }
    }

    /// <summary>A page of an SGX2 call: sgx_reclaim_direct comes before the enclave's mutex.</summary>
    private void CheckLooked(Carried carried, long nowNs)
    {
        ref Owed owed = ref carried.Owed;
        string? what = owed.Look switch
        {
            LookStage.None => "without a look at the free pages before it",
            LookStage.Low => $"although it saw {owed.FreePages} free pages, fewer than {KernelConstants.NrLowPages}, "
                + "and did not look whether any could be reclaimed",
            LookStage.LowAndReclaimable =>
                $"although it saw fewer than {KernelConstants.NrLowPages} free pages and an LRU with pages, and did "
                + "not reclaim a batch by itself",
            LookStage.Enough or LookStage.LowAndEmpty or LookStage.Reclaimed => null,
        };
        owed.Look = LookStage.None;
        Machine machine = _topology.Machine;
        if (what is not null && machine.Switches.DirectReclaim != DirectReclaim.None && _isWholeMachine)
        {
            Violate(Rules.DirectReclaim, nowNs, $"{carried.Task.Name} works on a page of an SGX2 call {what}");
        }
    }

    /// <summary>
    /// A worker reads its own usage, and the limits from there up to the root: then it is clear what it has to do.
    /// </summary>
    private void OnReadUsage(in CgroupProtocol.ReadUsage read, Cgroup cgroup, TaskActor caller, Carried carried)
    {
        if (caller is not KernelTask { Kind: TaskKind.CgroupWorker } || !_isWholeMachine)
        {
            return;
        }

        int[] parents = _topology.Machine.CgroupParents;
        ref Owed owed = ref carried.Owed;
        long max = read.MaxBytes / KernelConstants.PageSize;
        if (owed.UsageLevel > 0 && parents[owed.UsageLevel - 1] == cgroup.Index)
        {
            owed.LimitPages = Math.Min(owed.LimitPages, max);
        }
        else
        {
            owed.UsagePages = read.Usage / KernelConstants.PageSize;
            owed.LimitPages = max;
        }

        owed.UsageLevel = cgroup.Index + 1;
        if (parents[cgroup.Index] < 0)
        {
            owed.UsageLevel = 0;
            owed.Verdict = owed.UsagePages > WorkerTargetOf(owed.LimitPages) ? 1 : -1;
        }
    }

    /// <summary>
    /// Usage that the series' worker leaves alone: from v10 on it keeps 32 pages free below a limit of more than 128
    /// and goes below any other; before, it goes a page below the limit, and
    /// eight more when more than 32 are left.
    /// </summary>
    private long WorkerTargetOf(long limit)
    {
        if (_topology.Machine.Switches.WorkerTarget == WorkerTarget.MaxMinusLow)
        {
            return limit > 128 ? limit - 33 : limit - 1;
        }

        return limit <= 0 ? 0 : limit - 1 <= 32 ? limit - 1 : limit - 9;
    }

    private void OnUnmark(in CgroupProtocol.Unmark unmark, Cgroup cgroup, Carried carried, long nowNs)
    {
        // Who asks for a page that is another cgroup's by now (a memory failure) is told nothing, and has changed
        // nothing.
        if (!unmark.IsBusy && IsTrackedBy(unmark.Page, cgroup))
        {
            ReportStillTracked(unmark.Page, cgroup, carried, nowNs);
        }
    }

    private void ReportStillTracked(EpcPageIndex page, Cgroup cgroup, Carried carried, long nowNs) => Violate(
        Rules.LruMembership,
        nowNs,
        $"{carried.Task.Name} takes {page} off the LRU of {cgroup.Name}, and its tracked flag stays");

    private void CheckForgotten(EpcPageIndex page, Cgroup cgroup, Carried carried, long nowNs)
    {
        if (!page.IsNone && IsTrackedBy(page, cgroup))
        {
            ReportForgotten(page, carried, nowNs);
        }
    }

    private void ReportForgotten(EpcPageIndex page, Carried carried, long nowNs) => Violate(
        Rules.LruMembership,
        nowNs,
        $"{carried.Task.Name} drops {page}, whose enclave goes away, from its batch, and its tracked flag stays");

    /// <summary>Only a cgroup tracks the pages that are charged to it, under its LRU's lock.</summary>
    private bool IsTrackedBy(EpcPageIndex page, Cgroup cgroup)
    {
        ref EpcPage descriptor = ref _pages[page];
        EpcmEntry entry = _isShared ? EpcmEntry.ReadLast(ref descriptor) : EpcmEntry.Read(ref descriptor);
        return entry.IsTracked && Machine.LruOf(entry.Cgroup) == cgroup.Index;
    }
}
