using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Oracles;

/// <content>What each message means for the rules: nodes, the free-page counter, cgroups, memory, guests.</content>
public sealed partial class Oracle
{
    private void SawTakePage(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly NumaNodeProtocol.TakePage take = ref Of<NumaNodeProtocol.TakePage>(envelope);
        CheckNodeOrder(in take, (NumaNode)resource, envelope.Caller, carried, nowNs);
        OnTakePage(in take, (NumaNode)resource, carried, nowNs);
    }

    private void SawFreePage(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        OnFreePage(in Of<NumaNodeProtocol.FreePage>(envelope), carried, nowNs);
        CheckNodeList(Of<NumaNodeProtocol.FreePage>(envelope).Page, (NumaNode)resource, carried, nowNs);
    }

    private void SawPoisonPage(Envelope envelope, Resource resource, long nowNs)
    {
        bool leavesList = Of<NumaNodeProtocol.PoisonPage>(envelope).WasFree;
        CountPending(CarriedBy(envelope, resource), leavesList && !_countsPoisoned ? -1 : 0);
    }

    private void SawSanitisePage(Envelope envelope, Resource resource, long nowNs) =>
        CountPending(CarriedBy(envelope, resource), Of<NumaNodeProtocol.SanitisePage>(envelope).Page.IsNone ? 0 : 1);

    private void SawLoseEpc(Envelope envelope, Resource resource, long nowNs) =>
        OnEpcLost();

    private void SawAddPages(Envelope envelope, Resource resource, long nowNs) =>
        OnCounterChanged(CarriedBy(envelope, resource), Of<FreePageCounterProtocol.AddPages>(envelope).Pages, nowNs);

    private void SawLoadPages(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        carried.LoadedPages = Of<FreePageCounterProtocol.LoadPages>(envelope).Pages;
        carried.LoadedNs = nowNs;
        carried.LoadNumber = ++Counter.Accesses;
    }

    private void SawStorePages(Envelope envelope, Resource resource, long nowNs) =>
        OnStorePages(Of<FreePageCounterProtocol.StorePages>(envelope).Pages, CarriedBy(envelope, resource), nowNs);

    private void SawCharge(Envelope envelope, Resource resource, long nowNs) =>
        OnCharge(in Of<CgroupProtocol.Charge>(envelope), (Cgroup)resource, CarriedBy(envelope, resource), nowNs);

    private void SawUncharge(Envelope envelope, Resource resource, long nowNs) =>
        OnUncharge(in Of<CgroupProtocol.Uncharge>(envelope), (Cgroup)resource, CarriedBy(envelope, resource), nowNs);

    private void SawWriteMax(Envelope envelope, Resource resource, long nowNs) =>
        _cgroups[((Cgroup)resource).Index].Max = Of<CgroupProtocol.WriteMax>(envelope).Max.Bytes;

    private void SawAddToLru(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        // A reclaimer that holds isolated pages lists only what it skips; every other task lists what is new.
        Isolate(carried, carried.Isolated > 0 ? -1 : 0);
        carried.Owed.IsAgeing = false;
        EpcPageIndex listed = Of<CgroupProtocol.AddToLru>(envelope).Page;
        _order.List(((Cgroup)resource).Index, listed.Value);
        if (_pages[listed].IsFree)
        {
            ReportListedFree(listed, resource, carried, nowNs);
        }
    }

    private void ReportListedFree(EpcPageIndex page, Resource lru, Carried carried, long nowNs) => Violate(
        Rules.LruMembership,
        nowNs,
        $"{carried.Task.Name} puts {page} on the LRU of {lru.Name} while it is free");

    private void SawReadUsage(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnReadUsage(in Of<CgroupProtocol.ReadUsage>(envelope), (Cgroup)resource, envelope.Caller, carried);
    }

    private void SawReadLru(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnReadLru(Of<CgroupProtocol.ReadLru>(envelope).IsEmpty, (Cgroup)resource, carried, nowNs);
    }

    private void SawRemoveCgroup(Envelope envelope, Resource resource, long nowNs) =>
        _isCgroupFreed[Of<CgroupTreeProtocol.RemoveCgroup>(envelope).Cgroup] = true;

    /// <summary>A place is used again: what the oracle knows of the cgroup before it is over.</summary>
    private void SawAddCgroup(Envelope envelope, Resource resource, long nowNs)
    {
        ref readonly CgroupTreeProtocol.AddCgroup add = ref Of<CgroupTreeProtocol.AddCgroup>(envelope);
        _levels[add.Cgroup] = _levels[add.Parent] + 1;
        _memoryLevels[add.Cgroup] = _memoryLevels[add.Parent] + 1;
    }

    private void SawCreateCss(Envelope envelope, Resource resource, long nowNs)
    {
        int cgroup = ((Cgroup)resource).Index;
        _isCgroupFreed[cgroup] = false;
        CgroupBook before = _cgroups[cgroup];
        _cgroups[cgroup] = new CgroupBook { Max = long.MaxValue };
        if (before.Usage != 0)
        {
            Violate(
                Rules.CgroupUsage,
                nowNs,
                $"{resource.Name} is made anew with {before.Usage} bytes charged to its place");
        }
    }

    private void SawLockCursor(Envelope envelope, Resource resource, long nowNs) =>
        OnLockCursor(in Of<CgroupTreeProtocol.LockCursor>(envelope), CarriedBy(envelope, resource), nowNs);

    private void SawBeginIsolate(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnBeginIsolate(envelope.Caller, carried, nowNs);
        EpcPageIndex isolated = Of<CgroupProtocol.BeginIsolate>(envelope).Page;
        OnTakenFromLru(isolated, (Cgroup)resource, carried, nowNs);
        Isolate(carried, isolated.IsNone ? 0 : 1);
    }

    private void SawNextIsolate(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly CgroupProtocol.NextIsolate next = ref Of<CgroupProtocol.NextIsolate>(envelope);
        CheckForgotten(next.Forget, (Cgroup)resource, carried, nowNs);
        OnTakenFromLru(next.Page, (Cgroup)resource, carried, nowNs);
        Isolate(carried, (next.Page.IsNone ? 0 : 1) - (next.Forget.IsNone ? 0 : 1));
    }

    private void SawEndIsolate(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        EpcPageIndex forgotten = Of<CgroupProtocol.EndIsolate>(envelope).Forget;
        CheckForgotten(forgotten, (Cgroup)resource, carried, nowNs);
        Isolate(carried, forgotten.IsNone ? 0 : -1);
    }

    private void SawDropIsolated(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        CheckForgotten(Of<CgroupProtocol.DropIsolated>(envelope).Page, (Cgroup)resource, carried, nowNs);
        Isolate(carried, -1);
    }

    private void SawChargeMemory(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly MemoryCgroupProtocol.ChargeMemory memory =
            ref Of<MemoryCgroupProtocol.ChargeMemory>(envelope);
        if (!memory.IsOver)
        {
            OpenMemory(carried, ((MemoryCgroup)resource).Index, memory.Pages);
        }
    }

    private void SawUnchargeMemory(Envelope envelope, Resource resource, long nowNs) =>
        OpenMemory(
            CarriedBy(envelope, resource),
            ((MemoryCgroup)resource).Index,
            -Of<MemoryCgroupProtocol.UnchargeMemory>(envelope).Pages);

    private void SawPinBacking(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly BackingStoreProtocol.PinBacking pin = ref Of<BackingStoreProtocol.PinBacking>(envelope);
        carried.Owed.SecsOf = 0;
        CheckPayer(in pin, resource, envelope.Caller, carried, nowNs);
        if (pin.MissingPages == 0)
        {
            OpenMemoryUpward(carried, pin.Payer, pin.SurplusPages - pin.ChargedPages);
        }
    }

    private void SawFinishLoad(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly BackingStoreProtocol.FinishLoad load = ref Of<BackingStoreProtocol.FinishLoad>(envelope);
        OpenMemoryUpward(carried, load.ContentsPayer, 1);
        OpenMemoryUpward(carried, load.PcmdPayer, 1);
    }

    private void SawTruncateBacking(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly BackingStoreProtocol.TruncateBacking truncate =
            ref Of<BackingStoreProtocol.TruncateBacking>(envelope);
        OpenMemoryUpward(carried, truncate.Payer, truncate.Pages);
    }

    private void SawSwapOutBacking(Envelope envelope, Resource resource, long nowNs) =>
        OpenMemoryUpward(CarriedBy(envelope, resource), Of<BackingStoreProtocol.SwapOutBacking>(envelope).Payer, 1);

    private void SawWriteBacking(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        ref readonly BackingStoreProtocol.WriteBacking write = ref Of<BackingStoreProtocol.WriteBacking>(envelope);
        if (write.IsLost)
        {
            // R6: the kernel looks at the truncated page once more, and warns; it sees only what came quickly enough.
            Violate(
                Rules.Contents,
                nowNs,
                $"{carried.Task.Name} writes version {write.Version} of page {write.Index} to {resource.Name}, into a "
                + "page that was truncated since it was pinned");
        }
    }

    private void SawPrepareToWait(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        OnPrepareToWait(envelope.Caller, carried, nowNs);
        CheckIdle(carried, nowNs, "goes to sleep");
    }

    private void SawThreadExit(Envelope envelope, Resource resource, long nowNs) =>
        CheckIdle(CarriedBy(envelope, resource), nowNs, "ends");

    private void SawAddZombie(Envelope envelope, Resource resource, long nowNs) =>
        Release(
            Of<VirtualEpcProtocol.AddZombie>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "put on the list of zombies");

    private void SawStoreAndUnlock(Envelope envelope, Resource resource, long nowNs) =>
        ReleaseIfAny(
            Of<VirtualEpcProtocol.StoreAndUnlock>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "given to a guest");

    private void SawTakeGuestPage(Envelope envelope, Resource resource, long nowNs) =>
        HoldIfAny(
            Of<VirtualEpcProtocol.TakeGuestPage>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "taken out of a guest");

    private void SawTakeZombie(Envelope envelope, Resource resource, long nowNs) =>
        HoldIfAny(
            Of<VirtualEpcProtocol.TakeZombie>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "taken off the list of zombies");

    private void CheckCgroupLives(Cgroup cgroup, Carried carried, long nowNs)
    {
        if (_isCgroupFreed[cgroup.Index])
        {
            ReportFreedCgroup(cgroup, carried, nowNs);
        }
    }

    private void ReportFreedCgroup(Cgroup cgroup, Carried carried, long nowNs) => Violate(
        Rules.UseAfterFree,
        nowNs,
        $"{carried.Task.Name} works on {cgroup.Name} after its last reference went and it was freed");

    private void OnTakePage(in NumaNodeProtocol.TakePage take, NumaNode node, Carried carried, long nowNs)
    {
        CheckWoken(carried, nowNs);
        carried.Owed.IsCharging = false;
        if (take.Page.IsNone)
        {
            Refused(carried, nowNs, "finds no free page");
            return;
        }

        carried.Owed.Wake = _hasOneCounter ? WakeStage.LookAtCounter : WakeStage.Nothing;
        carried.RefusedSinceNs = -1;
        CountPending(carried, -1);
        ushort cgroup = carried.ChargedCgroup < 0 ? EpcPage.NoCgroup : (ushort)carried.ChargedCgroup;
        Hold(take.Page, cgroup, carried, nowNs, "taken from a free list");
        if (node.IsPoisoned(take.Page))
        {
            ReportPoisoned(take.Page, carried, nowNs);
        }

        // The charge that was made before belongs to this page from now on; its descriptor says so a moment later.
        carried.FreshPage = take.Page.Value;
        carried.FreshCgroup = carried.ChargedCgroup;
        BookPage(carried, carried.ChargedCgroup, -KernelConstants.PageSize);
        carried.ChargedCgroup = -1;
    }

    private void ReportPoisoned(EpcPageIndex page, Carried carried, long nowNs) =>
        Violate(Rules.PoisonReuse, nowNs, $"{carried.Task.Name} allocates {page}, which is poisoned");

    /// <summary>
    /// May be asked on any thread; a page that is hit by a memory failure at this very moment counts as poisoned
    /// before.
    /// </summary>
    private bool IsPoisoned(EpcPageIndex page) => _topology.Nodes[_topology.Machine.NodeOf(page)].IsPoisoned(page);

    private void OnFreePage(in NumaNodeProtocol.FreePage free, Carried carried, long nowNs)
    {
        CountPending(carried, free.IsPoisoned && !_countsPoisoned ? 0 : 1);
        carried.Owed.Wake = WakeStage.Nothing;
        Release(free.Page, carried, nowNs, "freed");
        BookPage(carried, carried.UnchargedCgroup, KernelConstants.PageSize);
        carried.UnchargedCgroup = -1;
        Epcm epcm = _pages[free.Page].Epcm;
        if (epcm != Epcm.None)
        {
            ReportValid(free.Page, epcm, carried, nowNs);
        }
    }

    private void ReportValid(EpcPageIndex page, Epcm epcm, Carried carried, long nowNs) => Violate(
        Rules.EpcmValid,
        nowNs,
        $"{carried.Task.Name} frees {page} while the processor still has it as {epcm}");

    private ref CounterWatch Counter => ref _sharedCounter is { } shared ? ref shared.Watch : ref _counter;

    private void OnStorePages(long pages, Carried carried, long nowNs)
    {
        long delta = carried.LoadNumber < 0 ? 0 : pages - carried.LoadedPages;
        ref CounterWatch counter = ref Counter;
        CounterStore before = counter.LastStore;
        counter.LastStore = new CounterStore(carried.Task, pages, nowNs, ++counter.Accesses);
        OnCounterChanged(carried, delta, nowNs);
        bool isOverwritten = before.Number > carried.LoadNumber;
        long drift;
        if (_isShared)
        {
            // The free lists belong to others just now. What this store throws away is known without them: what came
            // between its load and itself. A counter that came back to the value of the load lost nothing.
            drift = counter.Lost += isOverwritten && carried.LoadNumber >= 0 ? carried.LoadedPages - before.Pages : 0;
            if (drift == counter.ReportedLost)
            {
                return;
            }

            counter.ReportedLost = drift;
        }
        else
        {
            drift = CounterDrift;
            if (drift == _reportedDrift)
            {
                return;
            }
        }

        CheckCounter(
            drift,
            nowNs,
            isOverwritten
                ? $"{carried.Task.Name} loaded {carried.LoadedPages} at {Durations.Text(carried.LoadedNs)}, "
                    + $"{before.Task!.Name} stored {before.Pages} at {Durations.Text(before.Ns)}, "
                  + $"then {carried.Task.Name} stored {pages} over it; each held the lock of its own node at most"
                : $"{carried.Task.Name} stored {pages} after it had loaded {carried.LoadedPages} at "
                    + $"{Durations.Text(carried.LoadedNs)}");
    }

    private void OnCounterChanged(Carried carried, long pages, long nowNs)
    {
        long before = Math.Abs(carried.UncountedPages);
        CountPending(carried, -pages);
        if (Math.Abs(carried.UncountedPages) > before)
        {
            ReportCounted(pages, carried, nowNs);
        }
    }

    private void ReportCounted(long pages, Carried carried, long nowNs) => Violate(
        Rules.FreePageCounter,
        nowNs,
        $"{carried.Task.Name} changes sgx_nr_free_pages by {pages:+0;-0} without a page on or off a free list; it says "
        + $"{CounterValue} with {ListedFreePages} on the lists");

    /// <summary>
    /// Between its release and its free a cgroup may stand under a cursor; where no task takes it off there, it is
    /// found later too (C9).
    /// </summary>
    private void OnLockCursor(in CgroupTreeProtocol.LockCursor cursor, Carried carried, long nowNs)
    {
        if (_isCgroupFreed[cursor.Next] && _topology.Machine.Switches.CursorLeavesFreed == Fix.Absent)
        {
            Violate(
                Rules.UseAfterFree,
                nowNs,
                $"{carried.Task.Name} finds {_topology.Cgroups[cursor.Next].Name}, which was freed, under a cursor");
        }
    }

    private void CheckCounter(long drift, long nowNs, string how)
    {
        if (drift != 0 && drift != _reportedDrift)
        {
            _reportedDrift = drift;
            Violate(Rules.FreePageCounter, nowNs, $"sgx_nr_free_pages is {drift:+0;-0} off the free lists: {how}");
        }
    }

    /// <summary>A store to the free-page counter, for the report of the one that comes after it.</summary>
    private record struct CounterStore(TaskActor? Task, long Pages, long Ns, long Number);

    /// <summary>The book of the racy counter. Only the handling of its own requests touches it.</summary>
    private struct CounterWatch
    {
        public CounterStore LastStore;
        public long Accesses;

        /// <summary>Live runs: what stores threw away so far, pages; and how much of that was reported.</summary>
        public long Lost;
        public long ReportedLost;
    }

    /// <summary>The same in a live run, away from the fields of the oracle that every thread reads.</summary>
    private sealed class SharedCounterWatch
    {
        public CounterWatch Watch;
    }
}
