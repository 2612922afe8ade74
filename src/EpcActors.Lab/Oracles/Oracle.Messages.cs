using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Cluster;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Memory;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.VirtualEpcs;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Expectations;

namespace EpcActors.Lab.Oracles;

/// <content>What each message means for the rules: nodes, the free-page counter, cgroups, memory, guests.</content>
public sealed partial class Oracle
{
    private void SawTakePage(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly NumaNodeProtocol.TakePage take = ref Of<NumaNodeProtocol.TakePage>(envelope);
        CheckNodeOrder(in take, (NumaNode)resource, envelope.Caller, carried, nowNs);
        OnTakePage(in take, (NumaNode)resource, carried, nowNs);
    }

    private void SawFreePage(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        OnFreePage(in Of<NumaNodeProtocol.FreePage>(envelope), carried, nowNs);
        CheckNodeList(Of<NumaNodeProtocol.FreePage>(envelope).Page, (NumaNode)resource, carried, nowNs);
    }

    private void SawSanitisePage(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        CountPending(carried, Of<NumaNodeProtocol.SanitisePage>(envelope).Page.IsNone ? 0 : 1);

    private void SawLoseEpc(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnEpcLost();

    private void SawAddPages(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnCounterChanged(carried, Of<FreePageCounterProtocol.AddPages>(envelope).Pages, nowNs);

    private void SawLoadPages(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        carried.LoadedPages = Of<FreePageCounterProtocol.LoadPages>(envelope).Pages;
        carried.LoadedNs = nowNs;
        carried.LoadNumber = ++Counter.Accesses;
    }

    private void SawStorePages(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnStorePages(Of<FreePageCounterProtocol.StorePages>(envelope).Pages, carried, nowNs);

    private void SawCharge(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnCharge(in Of<CgroupProtocol.Charge>(envelope), (Cgroup)resource, carried, nowNs);

    private void SawUncharge(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnUncharge(in Of<CgroupProtocol.Uncharge>(envelope), (Cgroup)resource, carried, nowNs);

    private void SawChargeAccount(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnChargeAccount(in Of<ClusterProtocol.ChargeAccount>(envelope), carried, nowNs);

    private void SawUnchargeAccount(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly ClusterProtocol.UnchargeAccount back = ref Of<ClusterProtocol.UnchargeAccount>(envelope);
        carried.Books.GrantBytes(back.Account) -= back.Bytes;
    }

    private void SawChargeLevels(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly ClusterProtocol.ChargeLevels levels = ref Of<ClusterProtocol.ChargeLevels>(envelope);
        if (levels.IsCharged)
        {
            GrantLevels(carried, levels.Cgroup, levels.Bytes);
            carried.IsGranted = true;
        }
    }

    private void SawUnchargeLevels(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly ClusterProtocol.UnchargeLevels backLevels = ref Of<ClusterProtocol.UnchargeLevels>(envelope);
        GrantLevels(carried, backLevels.Cgroup, backLevels.IsUncharged ? -backLevels.Bytes : 0);
    }

    private void SawTakeStock(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly ClusterProtocol.TakeStock stock = ref Of<ClusterProtocol.TakeStock>(envelope);
        if (stock.Account < _topology.Cgroups.Count)
        {
            carried.Books.GrantBytes((int)stock.Account) += stock.Bytes;
        }
    }

    private void SawWriteMax(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ulong max = Of<CgroupProtocol.WriteMax>(envelope).Max;
        _cgroups[((Cgroup)resource).Index].Max = (long)Math.Min(max, long.MaxValue);
    }

    private void SawAddToLru(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        // A reclaimer that holds isolated pages lists only what it skips; everybody else lists what is new.
        Isolate(carried, carried.Isolated > 0 ? -1 : 0);
        carried.Owed.IsAgeing = false;
        EpcPageIndex listed = Of<CgroupProtocol.AddToLru>(envelope).Page;
        _order.List(((Cgroup)resource).Index, listed.Value);
        if (_topology.Machine.Pages[listed].IsFree)
        {
            Violate(
                Rules.LruMembership,
                nowNs,
                $"{carried.Task.Name} puts {listed} on the LRU of {resource.Name} while it is free");
        }
    }

    private void SawReadUsage(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnReadUsage(in Of<CgroupProtocol.ReadUsage>(envelope), (Cgroup)resource, envelope.Caller, carried);
    }

    private void SawReadLru(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnReadLru(Of<CgroupProtocol.ReadLru>(envelope).IsEmpty, (Cgroup)resource, carried, nowNs);
    }

    private void SawRemoveCgroup(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        _isCgroupFreed[Of<CgroupTreeProtocol.RemoveCgroup>(envelope).Cgroup] = true;

    private void SawLockCursor(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OnLockCursor(in Of<CgroupTreeProtocol.LockCursor>(envelope), carried, nowNs);

    private void SawBeginIsolate(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        CheckCgroupLives((Cgroup)resource, carried, nowNs);
        OnBeginIsolate(envelope.Caller, carried, nowNs);
        EpcPageIndex isolated = Of<CgroupProtocol.BeginIsolate>(envelope).Page;
        OnTakenFromLru(isolated, (Cgroup)resource, carried, nowNs);
        Isolate(carried, isolated.IsNone ? 0 : 1);
    }

    private void SawNextIsolate(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly CgroupProtocol.NextIsolate next = ref Of<CgroupProtocol.NextIsolate>(envelope);
        CheckForgotten(next.Forget, (Cgroup)resource, carried, nowNs);
        OnTakenFromLru(next.Page, (Cgroup)resource, carried, nowNs);
        Isolate(carried, (next.Page.IsNone ? 0 : 1) - (next.Forget.IsNone ? 0 : 1));
    }

    private void SawEndIsolate(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        EpcPageIndex forgotten = Of<CgroupProtocol.EndIsolate>(envelope).Forget;
        CheckForgotten(forgotten, (Cgroup)resource, carried, nowNs);
        Isolate(carried, forgotten.IsNone ? 0 : -1);
    }

    private void SawChargeMemory(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly MemoryCgroupProtocol.ChargeMemory memory =
            ref Of<MemoryCgroupProtocol.ChargeMemory>(envelope);
        if (!memory.IsOver)
        {
            OpenMemory(carried, ((MemoryCgroup)resource).Index, memory.Pages);
        }
    }

    private void SawUnchargeMemory(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OpenMemory(carried, ((MemoryCgroup)resource).Index, -Of<MemoryCgroupProtocol.UnchargeMemory>(envelope).Pages);

    private void SawPinBacking(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly BackingStoreProtocol.PinBacking pin = ref Of<BackingStoreProtocol.PinBacking>(envelope);
        carried.Owed.SecsOf = 0;
        CheckPayer(in pin, resource, envelope.Caller, carried, nowNs);
        if (pin.MissingPages == 0)
        {
            OpenMemoryUpward(carried, pin.Payer, pin.SurplusPages - pin.ChargedPages);
        }
    }

    private void SawFinishLoad(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly BackingStoreProtocol.FinishLoad load = ref Of<BackingStoreProtocol.FinishLoad>(envelope);
        OpenMemoryUpward(carried, load.ContentsPayer, 1);
        OpenMemoryUpward(carried, load.PcmdPayer, 1);
    }

    private void SawTruncateBacking(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        ref readonly BackingStoreProtocol.TruncateBacking truncate =
            ref Of<BackingStoreProtocol.TruncateBacking>(envelope);
        OpenMemoryUpward(carried, truncate.Payer, truncate.Pages);
    }

    private void SawSwapOutBacking(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        OpenMemoryUpward(carried, Of<BackingStoreProtocol.SwapOutBacking>(envelope).Payer, 1);

    private void SawWriteBacking(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
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

    private void SawPrepareToWait(Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        OnPrepareToWait(envelope.Caller, carried, nowNs);
        CheckIdle(carried, nowNs, "goes to sleep");
    }

    private void SawThreadExit(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        CheckIdle(carried, nowNs, "ends");

    private void SawAddZombie(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        Release(Of<VirtualEpcProtocol.AddZombie>(envelope).EpcPage, carried, nowNs, "put on the list of zombies");

    private void SawStoreAndUnlock(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        ReleaseIfAny(Of<VirtualEpcProtocol.StoreAndUnlock>(envelope).EpcPage, carried, nowNs, "given to a guest");

    private void SawTakeGuestPage(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        HoldIfAny(Of<VirtualEpcProtocol.TakeGuestPage>(envelope).EpcPage, carried, nowNs, "taken out of a guest");

    private void SawTakeZombie(Envelope envelope, Resource resource, Carried carried, long nowNs) =>
        HoldIfAny(Of<VirtualEpcProtocol.TakeZombie>(envelope).EpcPage, carried, nowNs, "taken off the list of zombies");

    private void CheckCgroupLives(Cgroup cgroup, Carried carried, long nowNs)
    {
        if (_isCgroupFreed[cgroup.Index])
        {
            Violate(Rules.UseAfterFree, nowNs, $"{carried.Task.Name} works on {cgroup.Name} after its last reference went and it was freed");
        }
    }

    private void OnTakePage(in NumaNodeProtocol.TakePage take, NumaNode node, Carried carried, long nowNs)
    {
        CheckWoken(carried, nowNs);
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
            Violate(Rules.PoisonReuse, nowNs, $"{carried.Task.Name} allocates {take.Page}, which is poisoned");
        }

        // The charge that was made before belongs to this page from now on; its descriptor says so a moment later.
        carried.FreshPage = take.Page.Value;
        carried.FreshCgroup = carried.ChargedCgroup;
        OpenChargeUpward(carried, carried.ChargedCgroup, -KernelConstants.PageSize);
        carried.ChargedCgroup = -1;
    }

    /// <summary>May be asked on any thread; a page that is hit by a memory failure at this very moment counts as poisoned before.</summary>
    private bool IsPoisoned(EpcPageIndex page) => _topology.Nodes[_topology.Machine.NodeOf(page)].IsPoisoned(page);

    private void OnFreePage(in NumaNodeProtocol.FreePage free, Carried carried, long nowNs)
    {
        CountPending(carried, 1);
        carried.Owed.Wake = WakeStage.Nothing;
        Release(free.Page, carried, nowNs, "freed");
        OpenChargeUpward(carried, carried.UnchargedCgroup, KernelConstants.PageSize);
        carried.UnchargedCgroup = -1;
        Epcm epcm = _topology.Machine.Pages[free.Page].Epcm;
        if (epcm != Epcm.None)
        {
            Violate(Rules.EpcmValid, nowNs, $"{carried.Task.Name} frees {free.Page} while the processor still has it as {epcm}");
        }
    }

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
            // The free lists belong to others just now. What this store throws away is known without them: what came between its load and itself. A counter
            // that came back to the value of the load lost nothing.
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
            Violate(
                Rules.FreePageCounter,
                nowNs,
                $"{carried.Task.Name} changes sgx_nr_free_pages by {pages:+0;-0} without a page on or off a free list; it says {CounterValue} with "
                + $"{ListedFreePages} on the lists");
        }
    }

    private void OnCharge(in CgroupProtocol.Charge charge, Cgroup cgroup, Carried carried, long nowNs)
    {
        if (charge.Result == LevelCharge.Gone)
        {
            return;
        }

        CheckCounted(carried, nowNs);
        Grant(carried, cgroup.Index, -charge.Bytes);
        long usage = _cgroups[cgroup.Index].Usage += charge.Bytes;
        OpenCharge(carried, cgroup.Index, charge.Bytes);
        if (charge.TakeReference || carried.IsGranted)
        {
            // In a cluster the reference may be taken long before: what comes first after a grant is the cgroup of the process.
            carried.ChargedCgroup = cgroup.Index;
            carried.IsGranted = false;
        }

        CheckPeak(in charge, cgroup, carried, nowNs);
        if (charge.Result != LevelCharge.Fits)
        {
            OnRefused(cgroup, usage, carried, nowNs);
        }
        else if (usage > _cgroups[cgroup.Index].Max || usage > _capacityBytes)
        {
            Violate(
                Rules.CgroupLimit,
                nowNs,
                $"{cgroup.Name} accepts a charge of {carried.Task.Name} that makes {usage} bytes, with misc.max "
                + $"{_cgroups[cgroup.Index].Max} and capacity {_capacityBytes}");
        }
    }

    /// <summary>In a cluster: the limit is decided at the account's home, and a grant comes before the charge here.</summary>
    private void OnChargeAccount(in ClusterProtocol.ChargeAccount charge, Carried carried, long nowNs)
    {
        if (charge.Result == AccountCharge.Fits || _topology.Machine.Cluster!.ChargeBatch == 1)
        {
            carried.Books.GrantBytes(charge.Account) += charge.Bytes;
        }

        carried.IsGranted = charge.Result == AccountCharge.Fits;
        if (charge.Result != AccountCharge.Fits)
        {
            Refused(carried, nowNs, "is refused a charge");
        }
    }

    private void GrantLevels(Carried carried, int cgroup, long bytes)
    {
        for (int level = cgroup; level >= 0; level = _topology.Machine.CgroupParents[level])
        {
            carried.Books.GrantBytes(level) += bytes;
        }
    }

    private void Grant(Carried carried, int cgroup, long bytes)
    {
        if (!_isWholeMachine)
        {
            carried.Books.GrantBytes(cgroup) += bytes;
        }
    }

    /// <summary>Between its release and its free a cgroup may stand under a cursor; where nobody takes it off there, it is found later too (C9).</summary>
    private void OnLockCursor(in CgroupTreeProtocol.LockCursor cursor, Carried carried, long nowNs)
    {
        if (_isCgroupFreed[cursor.Next] && _topology.Machine.Switches.CursorLeavesFreed == Fix.Absent)
        {
            Violate(Rules.UseAfterFree, nowNs, $"{carried.Task.Name} finds {_topology.Cgroups[cursor.Next].Name}, which was freed, under a cursor");
        }
    }

    private void OnUncharge(in CgroupProtocol.Uncharge uncharge, Cgroup cgroup, Carried carried, long nowNs)
    {
        CheckCounted(carried, nowNs);
        Grant(carried, cgroup.Index, uncharge.Bytes);
        _cgroups[cgroup.Index].Usage -= uncharge.Bytes;
        OpenCharge(carried, cgroup.Index, -uncharge.Bytes);
        if (uncharge.PutReference)
        {
            carried.UnchargedCgroup = cgroup.Index;
        }

        if (_cgroups[cgroup.Index].Usage < 0)
        {
            Violate(Rules.CgroupUsage, nowNs, $"{carried.Task.Name} takes usage of {cgroup.Name} below zero");
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
    private readonly record struct CounterStore(TaskActor? Task, long Pages, long Ns, long Number);

    /// <summary>What was seen of the racy counter. Only the handling of its own requests touches it.</summary>
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
