using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.Memory;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Routines;
using EpcActors.Actors.Tasks;
using EpcActors.Actors.VirtualEpcs;
using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;

namespace EpcActors.Lab.Oracles;

/// <summary>
/// Watches a run and knows when a rule is broken. It believes messages, not actors: what it keeps, it keeps from the requests and answers that it saw
/// go by, and compares it with what the actors say of themselves.
/// </summary>
/// <remarks>
/// <para>Some rules are checked at every step (<see cref="OnStep"/>), the others by <see cref="Audit"/>, which walks every list. A rule is reported once,
/// with its first finding; a run goes on after a wrong count, and ends when nothing moves any more.</para>
/// <para>What is between two places is accounted exactly, task by task (<see cref="Carried"/>), never by a tolerance: an audit in the middle of a run compares
/// as strictly as one at its end, and a task that goes back to user space or to sleep must carry nothing.</para>
/// </remarks>
public sealed class Oracle
{
    [Constant]
    private readonly Topology _topology;
    private readonly long _livenessWindowNs;
    private readonly Dictionary<int, Holding> _inFlight = [];
    private readonly Dictionary<string, ViolationReport> _violations = new(StringComparer.Ordinal);
    private readonly VersionLedger _versions = new();
    private readonly long[] _usage;
    private readonly long[] _max;
    private readonly long _capacityBytes;
    private readonly bool _ownsCounters;
    private readonly InFlight _open;
    private readonly bool[] _isEnclaveFreed;
    private readonly bool[] _isCgroupFreed;
    private Carried?[] _carried = [];
    [Constant]
    private Audit? _audit;
    private CounterStore _lastStore;
    private long _counterAccesses;
    private long _pendingFreePages;
    private long _lastProgressNs;
    private long _emptyBatches;
    private long _youngSinceProgress;
    private long _lastScanNs;
    private long _stalledSinceNs = -1;
    private long _ksgxdBusyWhenStalledNs;
    private long _reportedDrift;

    public Oracle(Topology topology, long livenessWindowNs)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _topology = topology;
        _livenessWindowNs = livenessWindowNs;
        _usage = new long[topology.Cgroups.Count];
        _max = new long[topology.Cgroups.Count];
        _capacityBytes = (long)topology.Machine.CapacityPages * KernelConstants.PageSize;
        _ownsCounters = topology.Machine.Switches.FreePageCounter == FreePageCounterMode.PerNode;
        _open = new InFlight(topology);
        _isEnclaveFreed = new bool[topology.Enclaves.Count];
        _isCgroupFreed = new bool[topology.Cgroups.Count];
        for (int i = 0; i < _max.Length; i++)
        {
            _max[i] = topology.Cgroups[i].MaxBytes;
        }
    }

    /// <summary>What each task carries, by its index; for fingerprints of a state, since what the oracle will say depends on it.</summary>
    internal IReadOnlyList<Carried?> CarriedByTasks => _carried;

    /// <summary>True when a run has no sense any more: nothing moves, for ever.</summary>
    public bool IsHopeless { get; private set; }

    /// <summary>Tasks that hung when liveness was broken.</summary>
    public HashSet<TaskActor> Hung { get; } = [];

    /// <summary>What the counter says more than the lists, pages; changes under way are taken into account.</summary>
    public long CounterDrift => CounterValue + _pendingFreePages - ListedFreePages;

    private long CounterValue
    {
        get
        {
            if (!_ownsCounters)
            {
                return _topology.FreePageCounter.Pages;
            }

            long sum = 0;
            foreach (NumaNode node in _topology.Nodes)
            {
                sum += node.OwnCounter;
            }

            return sum;
        }
    }

    /// <summary>What the counter should say: poisoned pages that were freed or free count, as upstream counts them (D2).</summary>
    private long ListedFreePages
    {
        get
        {
            long sum = 0;
            foreach (NumaNode node in _topology.Nodes)
            {
                sum += node.FreePages + node.PoisonedPages - node.PoisonedBeforeBootPages;
            }

            return sum;
        }
    }

    /// <summary>Rules broken so far.</summary>
    public int ViolationCount => _violations.Count;

    /// <summary>Violations found so far, gravest first.</summary>
    public IReadOnlyList<ViolationReport> Violations
    {
        get
        {
            List<ViolationReport> list = [];
            foreach (string rule in Rules.BySeverity)
            {
                if (_violations.TryGetValue(rule, out ViolationReport? violation))
                {
                    list.Add(violation);
                }
            }

            return list;
        }
    }

    /// <summary>Looks at one answered request.</summary>
    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        ArgumentNullException.ThrowIfNull(envelope);

        // Most steps concern no rule; the table says so at once.
        WatchedMessage what = WatchedMessages.Of(envelope.Code);
        if (what != WatchedMessage.None)
        {
            OnWatched(what, envelope, resource, CarriedBy(envelope.Caller), nowNs);
        }
    }

    /// <summary>Progress, and the lack of it.</summary>
    public void OnReport(TaskActor task, RunEvent what, long startNs, long endNs, long detail)
    {
        ArgumentNullException.ThrowIfNull(task);
        switch (what)
        {
            case RunEvent.Fault:
                Progress(endNs);
                Carried carried = CarriedBy(task);
                carried.RefusedSinceNs = -1;
                CheckIdle(carried, endNs, "returns to user space");
                break;
            case RunEvent.Evicted or RunEvent.Reloaded or RunEvent.Augmented or RunEvent.Allocated or RunEvent.Release:
                Progress(endNs);
                break;
            case RunEvent.Phase or RunEvent.Ioctl:
                CheckIdle(CarriedBy(task), endNs, "returns to user space");
                break;
            case RunEvent.Young:
                _youngSinceProgress++;
                _lastScanNs = endNs;
                break;
            case RunEvent.ReclaimBatch:
                if (detail == 0 && ++_emptyBatches >= 1000 && endNs - _lastProgressNs > _livenessWindowNs && HasScannedEverything())
                {
                    GiveUp(task, endNs, $"{_emptyBatches} rounds of reclaim in a row freed nothing; the last page moved at {_lastProgressNs} ns");
                }

                break;
            case RunEvent.FaultRetry:
                CheckIdle(CarriedBy(task), endNs, "returns to user space");
                OnFaultRetry(task, startNs, endNs, detail);
                break;
            case RunEvent.NodeWalkLap:
                if (endNs - startNs > _livenessWindowNs)
                {
                    GiveUp(task, endNs, $"{task.Name} goes round and round the nodes since {startNs} ns, {detail} times by now, and no node has a free page");
                }

                break;
            case RunEvent.CursorLap:
                if (endNs - startNs > _livenessWindowNs)
                {
                    GiveUp(
                        task,
                        endNs,
                        $"{task.Name} asks for a cgroup that is going away since {startNs} ns, {detail} times by now, and holds the lock that whoever frees it wants");
                }

                break;
            case RunEvent.PageLeaked:
                Violate(Rules.PageConservation, endNs, $"EREMOVE refuses epc:{detail} to {task.Name}: it is leaked, and charged for ever");
                break;
            default:
                break;
        }
    }

    /// <summary>Walks every list and compares, exactly: what tasks carry is known.</summary>
    /// <param name="nowNs">Virtual time.</param>
    /// <param name="atRest">No task is under way: nobody may carry anything.</param>
    public void Audit(long nowNs, bool atRest)
    {
        CheckCounter(nowNs, "found by an audit");
        foreach (Carried? carried in _carried)
        {
            if (carried is not null && (atRest || carried.Task.HasStopped))
            {
                CheckIdle(carried, nowNs, carried.Task.HasStopped ? "has ended" : "is at rest");
            }
        }

        if (atRest)
        {
            CheckBackingLeft(nowNs);
        }

        _audit ??= new Audit(_topology);
        _audit.Run(_inFlight, _carried, _open, atRest, (rule, detail) => Violate(rule, nowNs, detail));
        for (int i = 0; i < _usage.Length; i++)
        {
            if (_usage[i] != _topology.Cgroups[i].UsageBytes)
            {
                Violate(
                    Rules.CgroupUsage,
                    nowNs,
                    $"{_topology.Cgroups[i].Name}: misc.current says {_topology.Cgroups[i].UsageBytes}, the charges that went by make {_usage[i]}");
            }
        }
    }

    /// <summary>Nothing can happen any more, and these wait.</summary>
    public void OnDeadlock(long nowNs, IEnumerable<TaskActor> waiting)
    {
        ArgumentNullException.ThrowIfNull(waiting);
        Dictionary<ActorId, string> held = HeldLocks.ByOwner(_topology.Resources);
        List<string> who = [];
        foreach (TaskActor task in waiting)
        {
            Hung.Add(task);
            string locks = held.TryGetValue(task.Id, out string? names) ? $" (holds {names})" : "";
            who.Add(
                task.Outstanding is { } request
                    ? $"{task.Name}{locks} for {request.Describe().GetType().Name} of {NameOf(request.Target)}"
                    : $"{task.Name}{locks} for nothing");
        }

        IsHopeless = true;
        Violate(Rules.Deadlock, nowNs, "wait for ever: " + string.Join(", ", who));
    }

    /// <summary>Records a finding of somebody else under a rule.</summary>
    public void Violate(string rule, long nowNs, string detail) =>
        _violations.TryAdd(rule, new ViolationReport(rule, nowNs, detail));

    /// <summary>Share of CPU time that ksgxd used since the run stalled, or null when it did not: 0 for one that sleeps through it.</summary>
    public double? KsgxdShareOfStall(long nowNs) =>
        IsHopeless && _stalledSinceNs >= 0 && nowNs > _stalledSinceNs
            ? (double)(Engine.Simulation.TimedEngine.BusyNs(_topology.Ksgxd) - _ksgxdBusyWhenStalledNs) / (nowNs - _stalledSinceNs)
            : null;

    private void OnFaultRetry(TaskActor task, long startNs, long endNs, long page)
    {
        long stalledNs = endNs - Math.Max(startNs, _lastProgressNs);
        NoteStall(stalledNs, endNs);
        if (stalledNs > _livenessWindowNs && !IsScanning(endNs) && AnythingReclaimable(out string where))
        {
            GiveUp(
                task,
                endNs,
                $"{task.Name} faults on page {page} since {startNs} ns without a page (EBUSY, NOPAGE, again), nothing has moved since "
                + $"{_lastProgressNs} ns, and {where}; {DescribeCounter()}");
        }
    }

    private void NoteStall(long stalledNs, long nowNs)
    {
        if (_stalledSinceNs < 0 && stalledNs > _livenessWindowNs / 2)
        {
            _stalledSinceNs = nowNs;
            _ksgxdBusyWhenStalledNs = Engine.Simulation.TimedEngine.BusyNs(_topology.Ksgxd);
        }
    }

    /// <summary>A scan that goes once over an LRU full of young pages frees nothing for a long time and is no hang; one that goes round and round is.</summary>
    private bool IsScanning(long nowNs) => nowNs - _lastScanNs < _livenessWindowNs && !HasScannedEverything();

    private bool HasScannedEverything()
    {
        long listed = 0;
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            listed += cgroup.LruPages;
        }

        return _youngSinceProgress == 0 || _youngSinceProgress > 4 * listed;
    }

    private void OnWatched(WatchedMessage what, Envelope envelope, Resource resource, Carried carried, long nowNs)
    {
        switch (what)
        {
            case WatchedMessage.TakePage:
                OnTakePage(in Of<NumaNodeProtocol.TakePage>(envelope), carried, nowNs);
                break;
            case WatchedMessage.FreePage:
                OnFreePage(in Of<NumaNodeProtocol.FreePage>(envelope), carried, nowNs);
                break;
            case WatchedMessage.SanitisePages:
                CountPending(carried, Of<NumaNodeProtocol.SanitisePages>(envelope).Freed);
                break;
            case WatchedMessage.AddPages:
                OnCounterChanged(carried, Of<FreePageCounterProtocol.AddPages>(envelope).Pages, nowNs);
                break;
            case WatchedMessage.LoadPages:
                carried.LoadedPages = Of<FreePageCounterProtocol.LoadPages>(envelope).Pages;
                carried.LoadedNs = nowNs;
                carried.LoadNumber = ++_counterAccesses;
                break;
            case WatchedMessage.StorePages:
                OnStorePages(Of<FreePageCounterProtocol.StorePages>(envelope).Pages, carried, nowNs);
                break;
            case WatchedMessage.Charge:
                OnCharge(in Of<CgroupProtocol.Charge>(envelope), (Cgroup)resource, carried, nowNs);
                break;
            case WatchedMessage.Uncharge:
                OnUncharge(in Of<CgroupProtocol.Uncharge>(envelope), (Cgroup)resource, carried, nowNs);
                break;
            case WatchedMessage.WriteMax:
                _max[((Cgroup)resource).Index] = (long)Math.Min(Of<CgroupProtocol.WriteMax>(envelope).Max, long.MaxValue);
                break;
            case WatchedMessage.AddToLru:
                // A reclaimer that holds isolated pages lists only what it skips; everybody else lists what is new.
                Isolate(carried, carried.Isolated > 0 ? -1 : 0);
                EpcPageIndex listed = Of<CgroupProtocol.AddToLru>(envelope).Page;
                if (_topology.Machine.Pages[listed].IsFree)
                {
                    Violate(Rules.LruMembership, nowNs, $"{carried.Task.Name} puts {listed} on the LRU of {resource.Name} while it is free");
                }

                break;
            case WatchedMessage.ReadUsage or WatchedMessage.ReadLru:
                CheckCgroupLives((Cgroup)resource, carried, nowNs);
                break;
            case WatchedMessage.RemoveCgroup:
                _isCgroupFreed[Of<CgroupTreeProtocol.RemoveCgroup>(envelope).Cgroup] = true;
                break;
            case WatchedMessage.LockCursor:
                OnLockCursor(in Of<CgroupTreeProtocol.LockCursor>(envelope), carried, nowNs);
                break;
            case WatchedMessage.BeginIsolate:
                CheckCgroupLives((Cgroup)resource, carried, nowNs);
                Isolate(carried, Of<CgroupProtocol.BeginIsolate>(envelope).Page.IsNone ? 0 : 1);
                break;
            case WatchedMessage.NextIsolate:
                ref readonly CgroupProtocol.NextIsolate next = ref Of<CgroupProtocol.NextIsolate>(envelope);
                Isolate(carried, (next.Page.IsNone ? 0 : 1) - (next.Forget.IsNone ? 0 : 1));
                break;
            case WatchedMessage.EndIsolate:
                Isolate(carried, Of<CgroupProtocol.EndIsolate>(envelope).Forget.IsNone ? 0 : -1);
                break;
            case WatchedMessage.ChargeMemory:
                ref readonly MemoryCgroupProtocol.ChargeMemory memory = ref Of<MemoryCgroupProtocol.ChargeMemory>(envelope);
                if (!memory.IsOver)
                {
                    OpenMemory(carried, ((MemoryCgroup)resource).Index, memory.Pages);
                }

                break;
            case WatchedMessage.UnchargeMemory:
                OpenMemory(carried, ((MemoryCgroup)resource).Index, -Of<MemoryCgroupProtocol.UnchargeMemory>(envelope).Pages);
                break;
            case WatchedMessage.PinBacking:
                ref readonly BackingStoreProtocol.PinBacking pin = ref Of<BackingStoreProtocol.PinBacking>(envelope);
                if (pin.MissingPages == 0)
                {
                    OpenMemoryUpward(carried, pin.Payer, pin.SurplusPages - pin.ChargedPages);
                }

                break;
            case WatchedMessage.FinishLoad:
                ref readonly BackingStoreProtocol.FinishLoad load = ref Of<BackingStoreProtocol.FinishLoad>(envelope);
                OpenMemoryUpward(carried, load.ContentsPayer, 1);
                OpenMemoryUpward(carried, load.PcmdPayer, 1);
                break;
            case WatchedMessage.TruncateBacking:
                ref readonly BackingStoreProtocol.TruncateBacking truncate = ref Of<BackingStoreProtocol.TruncateBacking>(envelope);
                OpenMemoryUpward(carried, truncate.Payer, truncate.Pages);
                break;
            case WatchedMessage.SwapOutBacking:
                OpenMemoryUpward(carried, Of<BackingStoreProtocol.SwapOutBacking>(envelope).Payer, 1);
                break;
            case WatchedMessage.WriteBacking:
                ref readonly BackingStoreProtocol.WriteBacking write = ref Of<BackingStoreProtocol.WriteBacking>(envelope);
                if (write.IsLost)
                {
                    // R6: the kernel looks at the truncated page once more, and warns; it sees only what came quickly enough.
                    Violate(
                        Rules.Contents,
                        nowNs,
                        $"{carried.Task.Name} writes version {write.Version} of page {write.Index} to {resource.Name}, into a page that was truncated since it "
                        + "was pinned");
                }

                break;
            case WatchedMessage.PrepareToWait:
                CheckIdle(carried, nowNs, "goes to sleep");
                break;
            case WatchedMessage.ThreadExit:
                CheckIdle(carried, nowNs, "ends");
                break;
            case WatchedMessage.AddZombie:
                Release(Of<VirtualEpcProtocol.AddZombie>(envelope).EpcPage, carried, nowNs, "put on the list of zombies");
                break;
            case WatchedMessage.StoreAndUnlock:
                ReleaseIfAny(Of<VirtualEpcProtocol.StoreAndUnlock>(envelope).EpcPage, carried, nowNs, "given to a guest");
                break;
            case WatchedMessage.TakeGuestPage:
                HoldIfAny(Of<VirtualEpcProtocol.TakeGuestPage>(envelope).EpcPage, carried, nowNs, "taken out of a guest");
                break;
            case WatchedMessage.TakeZombie:
                HoldIfAny(Of<VirtualEpcProtocol.TakeZombie>(envelope).EpcPage, carried, nowNs, "taken off the list of zombies");
                break;
            case WatchedMessage.None:
                break;
            default:
                OnEnclave(what, envelope, (Enclave)resource, carried, nowNs);
                break;
        }
    }

    private void OnEnclave(WatchedMessage what, Envelope envelope, Enclave enclave, Carried carried, long nowNs)
    {
        switch (what)
        {
            case WatchedMessage.LinkVaPage:
                Release(Of<EnclaveProtocol.LinkVaPage>(envelope).VaPage, carried, nowNs, "linked as a VA page");
                break;
            case WatchedMessage.UnlinkVaPage:
                Hold(Of<EnclaveProtocol.UnlinkVaPage>(envelope).VaPage, carried, nowNs, "unlinked");
                break;
            case WatchedMessage.Ecreate:
                ref readonly EnclaveProtocol.Ecreate ecreate = ref Of<EnclaveProtocol.Ecreate>(envelope);
                if (!ecreate.HasFailed)
                {
                    Release(ecreate.EpcPage, carried, nowNs, "made a SECS");
                }

                break;
            case WatchedMessage.LockAndAddPage:
                ref readonly EnclaveProtocol.LockAndAddPage add = ref Of<EnclaveProtocol.LockAndAddPage>(envelope);
                ReleaseIfAny(add.VaPage, carried, nowNs, "linked as a VA page");
                if (!add.Exists && !add.HasFailed)
                {
                    Release(add.EpcPage, carried, nowNs, "added to an enclave");
                }

                break;
            case WatchedMessage.Eldu:
                OnEldu(in Of<EnclaveProtocol.Eldu>(envelope), enclave, carried, nowNs);
                break;
            case WatchedMessage.Eaug:
                ref readonly EnclaveProtocol.Eaug eaug = ref Of<EnclaveProtocol.Eaug>(envelope);
                if (eaug.HasFailed)
                {
                    Violate(
                        Rules.WrongfulSignal,
                        nowNs,
                        eaug.HasNoSecs
                            ? $"{carried.Task.Name} runs EAUG for {enclave.Name} without a SECS (a null pointer in the kernel)"
                            : $"{carried.Task.Name} runs EAUG for {enclave.Name} into {eaug.EpcPage}, which the processor has as valid");
                    break;
                }

                Release(eaug.EpcPage, carried, nowNs, "augmented");
                break;
            case WatchedMessage.Ewb:
                ref readonly EnclaveProtocol.Ewb ewb = ref Of<EnclaveProtocol.Ewb>(envelope);
                TakeSlot(carried, enclave, ewb.HasFreedSlot ? -1 : 0);
                if (ewb.Result == LeafResult.Done)
                {
                    OnWrittenOut(in ewb, enclave, carried, nowNs);
                }

                break;
            case WatchedMessage.LockForWrite:
                int slot = Of<EnclaveProtocol.LockForWrite>(envelope).Slot;
                if (slot < 0)
                {
                    Violate(Rules.VaSlots, nowNs, $"{carried.Task.Name} finds no free slot in the VA pages of {enclave.Name}");
                    break;
                }

                TakeSlot(carried, enclave, 1);
                break;
            case WatchedMessage.FinishWrite:
                ref readonly EnclaveProtocol.FinishWrite finish = ref Of<EnclaveProtocol.FinishWrite>(envelope);
                HoldIfAny(finish.EpcPage, carried, nowNs, "written out");
                TakeSlot(carried, enclave, finish.Slot < 0 ? 0 : -1);
                Isolate(carried, carried.Isolated > 0 ? -1 : 0);
                break;
            case WatchedMessage.FinishWriteSecs:
                ref readonly EnclaveProtocol.FinishWriteSecs secs = ref Of<EnclaveProtocol.FinishWriteSecs>(envelope);
                HoldIfAny(secs.EpcPage, carried, nowNs, "written out");
                TakeSlot(carried, enclave, secs.Slot < 0 ? 0 : -1);
                break;
            case WatchedMessage.LockAndErase:
                HoldIfAny(Of<EnclaveProtocol.LockAndErase>(envelope).EpcPage, carried, nowNs, "removed");
                break;
            case WatchedMessage.TakeEntry:
                HoldIfAny(Of<EnclaveProtocol.TakeEntry>(envelope).EpcPage, carried, nowNs, "taken out of an enclave", mayBeListed: true);
                break;
            case WatchedMessage.TakeSecs:
                HoldIfAny(Of<EnclaveProtocol.TakeSecs>(envelope).EpcPage, carried, nowNs, "taken out of an enclave");
                break;
            case WatchedMessage.TakeVaPage:
                HoldIfAny(Of<EnclaveProtocol.TakeVaPage>(envelope).EpcPage, carried, nowNs, "taken out of an enclave");
                break;
            case WatchedMessage.ReadMm or WatchedMessage.AddMm or WatchedMessage.SynchronizeSrcu:
                CheckEnclaveLives(enclave, carried, nowNs);
                break;
            case WatchedMessage.RemoveMm:
                // An entry that is not there any more stands for a notifier that was unregistered: the kernel would not have called it.
                if (Of<EnclaveProtocol.RemoveMm>(envelope).WasFound)
                {
                    CheckEnclaveLives(enclave, carried, nowNs);
                }

                break;
            case WatchedMessage.TakeFirstMm:
                CheckEnclaveLives(enclave, carried, nowNs);
                break;
            case WatchedMessage.FreeEnclave:
                CheckEnclaveLives(enclave, carried, nowNs);
                _isEnclaveFreed[enclave.Index] = true;
                break;
            default:
                throw new InvariantViolation($"the oracle watches {what} and does not know it");
        }
    }

    private void CheckEnclaveLives(Enclave enclave, Carried carried, long nowNs)
    {
        if (_isEnclaveFreed[enclave.Index])
        {
            Violate(Rules.UseAfterFree, nowNs, $"{carried.Task.Name} uses the mm list or the SRCU of {enclave.Name} after its release");
        }
    }

    private void CheckCgroupLives(Cgroup cgroup, Carried carried, long nowNs)
    {
        if (_isCgroupFreed[cgroup.Index])
        {
            Violate(Rules.UseAfterFree, nowNs, $"{carried.Task.Name} works on {cgroup.Name} after its last reference went and it was freed");
        }
    }

    /// <summary>When nobody is at work, the backing store has pages for what is swapped out, and no others. Kernels that keep all of it are exempt (R24).</summary>
    private void CheckBackingLeft(long nowNs)
    {
        if (_topology.Machine.Switches.BackingFreedAfterLoad == Fix.Absent)
        {
            return;
        }

        foreach (EnclaveActors actors in _topology.Enclaves)
        {
            if (actors.Backing.File.AllocatedPages > 0 && FirstLeft(actors) is { } what)
            {
                Violate(Rules.BackingLeak, nowNs, $"{actors.Backing.Name} still has {what}, and no page that it is for is swapped out");
            }
        }
    }

    private static string? FirstLeft(EnclaveActors actors)
    {
        BackingFile file = actors.Backing.File;
        for (int first = 0; first < file.IndexCount; first += BackingFile.PcmdPerPage)
        {
            bool isUsed = false;
            for (int index = first; index < first + BackingFile.PcmdPerPage; index++)
            {
                bool isOut = IsSwappedOut(actors.Enclave, index);
                isUsed |= isOut;
                if (!isOut && file.HasContents(index))
                {
                    return $"contents page {index}";
                }
            }

            if (!isUsed && file.HasPcmdPage(first))
            {
                return $"the PCMD page of {first} and the 31 behind it";
            }
        }

        return null;
    }

    private static bool IsSwappedOut(Enclave enclave, int index) =>
        index < enclave.Entries.PageCount
            ? enclave.Entries[index].State is EnclavePageState.Swapped or EnclavePageState.BeingReclaimed
            : index == enclave.Entries.PageCount && (enclave.SecsSlot >= 0 || (enclave.SecsPage.IsNone && enclave.IsCreated));

    private void OnTakePage(in NumaNodeProtocol.TakePage take, Carried carried, long nowNs)
    {
        if (take.Page.IsNone)
        {
            Refused(carried, nowNs, "finds no free page");
            return;
        }

        carried.RefusedSinceNs = -1;
        CountPending(carried, -1);
        Hold(take.Page, carried, nowNs, "taken from a free list");
        if (_topology.Machine.Pages[take.Page].IsPoisoned)
        {
            Violate(Rules.PoisonReuse, nowNs, $"{carried.Task.Name} allocates {take.Page}, which is poisoned");
        }

        // The charge that was made before belongs to this page from now on; its descriptor says so a moment later.
        carried.FreshPage = take.Page.Value;
        carried.FreshCgroup = carried.ChargedCgroup;
        OpenChargeUpward(carried, carried.ChargedCgroup, -KernelConstants.PageSize);
        carried.ChargedCgroup = -1;
    }

    private void OnFreePage(in NumaNodeProtocol.FreePage free, Carried carried, long nowNs)
    {
        CountPending(carried, 1);
        Release(free.Page, carried, nowNs, "freed");
        OpenChargeUpward(carried, carried.UnchargedCgroup, KernelConstants.PageSize);
        carried.UnchargedCgroup = -1;
        Epcm epcm = _topology.Machine.Pages[free.Page].Epcm;
        if (epcm != Epcm.None)
        {
            Violate(Rules.EpcmValid, nowNs, $"{carried.Task.Name} frees {free.Page} while the processor still has it as {epcm}");
        }
    }

    private void OnStorePages(long pages, Carried carried, long nowNs)
    {
        long delta = carried.LoadNumber < 0 ? 0 : pages - carried.LoadedPages;
        CounterStore before = _lastStore;
        _lastStore = new CounterStore(carried.Task, pages, nowNs, ++_counterAccesses);
        OnCounterChanged(carried, delta, nowNs);
        if (CounterDrift == _reportedDrift)
        {
            return;
        }

        CheckCounter(
            nowNs,
            before.Number > carried.LoadNumber
                ? $"{carried.Task.Name} loaded {carried.LoadedPages} at {carried.LoadedNs} ns, {before.Task!.Name} stored {before.Pages} at {before.Ns} ns, "
                  + $"then {carried.Task.Name} stored {pages} over it; each held the lock of its own node at most"
                : $"{carried.Task.Name} stored {pages} after it had loaded {carried.LoadedPages} at {carried.LoadedNs} ns");
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

        long usage = _usage[cgroup.Index] += charge.Bytes;
        OpenCharge(carried, cgroup.Index, charge.Bytes);
        if (charge.TakeReference)
        {
            carried.ChargedCgroup = cgroup.Index;
        }

        if (charge.Result != LevelCharge.Fits)
        {
            Refused(carried, nowNs, "is refused a charge");
        }
        else if (usage > _max[cgroup.Index] || usage > _capacityBytes)
        {
            Violate(
                Rules.CgroupLimit,
                nowNs,
                $"{cgroup.Name} accepts a charge of {carried.Task.Name} that makes {usage} bytes, with misc.max {_max[cgroup.Index]} and capacity "
                + $"{_capacityBytes}");
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
        _usage[cgroup.Index] -= uncharge.Bytes;
        OpenCharge(carried, cgroup.Index, -uncharge.Bytes);
        if (uncharge.PutReference)
        {
            carried.UnchargedCgroup = cgroup.Index;
        }

        if (_usage[cgroup.Index] < 0)
        {
            Violate(Rules.CgroupUsage, nowNs, $"{carried.Task.Name} takes usage of {cgroup.Name} below zero");
        }
    }

    private void OnEldu(in EnclaveProtocol.Eldu eldu, Enclave enclave, Carried carried, long nowNs)
    {
        uint expected = _versions.Get(enclave.OwnerBase, eldu.Page, enclave.Entries.PageCount);
        if (eldu.HasFailed || eldu.PcmdVersion != expected || eldu.ContentsVersion != expected)
        {
            Violate(
                Rules.Contents,
                nowNs,
                $"{carried.Task.Name} loads page {eldu.Page} of {enclave.Name}: version {expected} was written out, the backing holds "
                + $"{eldu.ContentsVersion}, its PCMD {(eldu.PcmdVersion == 0 ? "nothing" : eldu.PcmdVersion.ToString())}, the VA slot {eldu.SlotVersion}");
        }

        if (!eldu.HasFailed)
        {
            Release(eldu.EpcPage, carried, nowNs, "loaded");
        }
    }

    private void OnWrittenOut(in EnclaveProtocol.Ewb ewb, Enclave enclave, Carried carried, long nowNs)
    {
        _versions.Set(enclave.OwnerBase, ewb.Page, enclave.Entries.PageCount, ewb.Version);
        if (ewb.Page == enclave.Entries.PageCount)
        {
            // The slot of a SECS is taken with its EWB, that of a child before.
            TakeSlot(carried, enclave, 1);
        }

        if (_topology.Machine.Pages[ewb.EpcPage].IsPoisoned)
        {
            Violate(
                Rules.PoisonReuse,
                nowNs,
                $"{carried.Task.Name} runs EWB on {ewb.EpcPage}, which is poisoned: a machine check in microcode shuts the core down");
        }
    }

    private Carried CarriedBy(TaskActor task)
    {
        Carried?[] carried = _carried;
        int index = task.Id.Index;
        return (uint)index < (uint)carried.Length && carried[index] is { } known ? known : NewCarried(task);
    }

    private Carried NewCarried(TaskActor task)
    {
        int index = task.Id.Index;
        if (index >= _carried.Length)
        {
            Array.Resize(ref _carried, Math.Max(index + 1, _carried.Length * 2));
        }

        // What was set up on a task's behalf is in that task's hands.
        Carried carried = task is OperationTask { Owner: { } owner } ? CarriedBy(owner) : new Carried(task);
        return _carried[index] = carried;
    }

    private void CountPending(Carried carried, long pages)
    {
        if (!_ownsCounters)
        {
            carried.UncountedPages += pages;
            _pendingFreePages += pages;
        }
    }

    private void OpenCharge(Carried carried, int cgroup, long bytes)
    {
        _open.ChargeBytes[cgroup] += bytes;
        carried.ChargeBytes += bytes;
    }

    private void OpenChargeUpward(Carried carried, int cgroup, long bytes)
    {
        for (int level = cgroup; level >= 0; level = _topology.Machine.CgroupParents[level])
        {
            OpenCharge(carried, level, bytes);
        }
    }

    private void OpenMemory(Carried carried, int level, long pages)
    {
        _open.MemoryPages[level] += pages;
        carried.MemoryPages += pages;
    }

    private void OpenMemoryUpward(Carried carried, int payer, long pages)
    {
        if (pages == 0)
        {
            return;
        }

        for (int level = payer; level >= 0; level = _topology.Machine.MemoryCgroupParents[level])
        {
            OpenMemory(carried, level, pages);
        }
    }

    private void TakeSlot(Carried carried, Enclave enclave, int slots)
    {
        _open.VaSlots[enclave.Index] += slots;
        carried.VaSlots += slots;
    }

    private void Isolate(Carried carried, int pages)
    {
        _open.IsolatedPages += pages;
        carried.Isolated += pages;
    }

    private void Hold(EpcPageIndex page, Carried carried, long nowNs, string how, bool mayBeListed = false)
    {
        if (_inFlight.TryAdd(page.Value, new Holding(carried, mayBeListed)))
        {
            carried.Pages++;
        }
        else
        {
            Violate(
                Rules.PageConservation,
                nowNs,
                $"{page}, {how} by {carried.Task.Name}, is in the hands of {_inFlight[page.Value].Holder.Task.Name}");
        }
    }

    private void HoldIfAny(EpcPageIndex page, Carried carried, long nowNs, string how, bool mayBeListed = false)
    {
        if (!page.IsNone)
        {
            Hold(page, carried, nowNs, how, mayBeListed);
        }
    }

    private void Release(EpcPageIndex page, Carried carried, long nowNs, string how)
    {
        bool wasHeld = _inFlight.Remove(page.Value, out Holding holding);
        if (wasHeld)
        {
            holding.Holder.Pages--;
        }

        if (!wasHeld || holding.Holder != carried)
        {
            Violate(
                Rules.PageConservation,
                nowNs,
                $"{page} is {how} by {carried.Task.Name}, {(wasHeld ? $"while {holding.Holder.Task.Name} holds it" : "which does not hold it")}");
        }
    }

    private void ReleaseIfAny(EpcPageIndex page, Carried carried, long nowNs, string how)
    {
        if (!page.IsNone)
        {
            Release(page, carried, nowNs, how);
        }
    }

    /// <summary>A task that leaves the kernel, sleeps or has ended must have nothing in its hands: what it still has is lost.</summary>
    private void CheckIdle(Carried carried, long nowNs, string when)
    {
        if (carried.IsEmpty || carried.IsReported)
        {
            return;
        }

        carried.IsReported = true;
        foreach ((string rule, string what) in carried.Describe())
        {
            Violate(rule, nowNs, $"{carried.Task.Name} {when} and still has {what}");
        }
    }

    private void Progress(long nowNs)
    {
        _lastProgressNs = nowNs;
        _emptyBatches = 0;
        _youngSinceProgress = 0;
        _stalledSinceNs = -1;
    }

    /// <summary>A task asked for a page and got none. Asking for ever, while nothing moves and something could be reclaimed, is a hang.</summary>
    private void Refused(Carried carried, long nowNs, string how)
    {
        if (carried.RefusedSinceNs < 0)
        {
            carried.RefusedSinceNs = nowNs;
            return;
        }

        long stalledNs = nowNs - Math.Max(carried.RefusedSinceNs, _lastProgressNs);
        NoteStall(stalledNs, nowNs);
        if (stalledNs > _livenessWindowNs && !IsHopeless && !IsScanning(nowNs) && AnythingReclaimable(out string where))
        {
            GiveUp(
                carried.Task,
                nowNs,
                $"{carried.Task.Name} {how} again and again since {carried.RefusedSinceNs} ns, nothing has moved since {_lastProgressNs} ns, and {where}; "
                + DescribeCounter());
        }
    }

    private void CheckCounter(long nowNs, string how)
    {
        long drift = CounterDrift;
        if (drift != 0 && drift != _reportedDrift)
        {
            _reportedDrift = drift;
            Violate(Rules.FreePageCounter, nowNs, $"sgx_nr_free_pages is {drift:+0;-0} off the free lists: {how}");
        }
    }

    private string NameOf(ActorId id)
    {
        foreach (Resource resource in _topology.Resources)
        {
            if (resource.Id == id)
            {
                return resource.Name;
            }
        }

        return id.ToString();
    }

    private static ref readonly TMessage Of<TMessage>(Envelope envelope)
        where TMessage : unmanaged, IMessage => ref ((Envelope<TMessage>)envelope).Message;

    private string DescribeCounter() =>
        $"sgx_nr_free_pages says {CounterValue} (wakes ksgxd below {KernelConstants.NrLowPages}) with {ListedFreePages} pages on the free lists, "
        + $"ksgxd {(_topology.KsgxdWaitQueue.HasSleeper ? "sleeps" : "is awake")}";

    private bool AnythingReclaimable(out string where)
    {
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            if (cgroup.LruPages > 0)
            {
                where = $"{cgroup.LruPages} pages of {cgroup.Path} could be reclaimed";
                return true;
            }
        }

        where = "nothing could be reclaimed";
        return false;
    }

    private void GiveUp(TaskActor task, long nowNs, string detail)
    {
        Hung.Add(task);
        IsHopeless = true;
        Violate(Rules.Liveness, nowNs, detail);
    }

    /// <summary>A store to the free-page counter, for the report of the one that comes after it.</summary>
    private readonly record struct CounterStore(TaskActor? Task, long Pages, long Ns, long Number);
}
