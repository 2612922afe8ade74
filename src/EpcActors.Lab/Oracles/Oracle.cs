using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Enclaves;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Routines;
using EpcActors.Actors.VirtualEpcs;
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
/// Some rules are checked at every step (<see cref="OnStep"/>), the others by <see cref="Audit"/>, which walks every list. A rule is reported once,
/// with its first finding; a run goes on after a wrong count, and ends when nothing moves any more.
/// </remarks>
public sealed class Oracle
{
    private readonly Topology _topology;
    private readonly long _livenessWindowNs;
    private readonly Dictionary<int, TaskActor> _inFlight = [];
    private readonly Dictionary<int, long> _loaded = [];
    private readonly SortedDictionary<string, ViolationReport> _violations = new(StringComparer.Ordinal);
    private readonly VersionLedger _versions = new();
    private readonly long[] _usage;
    private readonly long[] _max;
    private readonly long _capacityBytes;
    private readonly bool[] _isWatched = new bool[ushort.MaxValue + 1];
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
        for (int i = 0; i < _max.Length; i++)
        {
            _max[i] = topology.Cgroups[i].MaxBytes;
        }

        // Most steps concern no rule; this table says so at once.
        _isWatched[Code<CgroupProtocol.Charge>()] = true;
        _isWatched[Code<CgroupProtocol.Uncharge>()] = true;
        _isWatched[Code<CgroupProtocol.WriteMax>()] = true;
        _isWatched[Code<EnclaveProtocol.Eaug>()] = true;
        _isWatched[Code<EnclaveProtocol.Ecreate>()] = true;
        _isWatched[Code<EnclaveProtocol.Eldu>()] = true;
        _isWatched[Code<EnclaveProtocol.Ewb>()] = true;
        _isWatched[Code<EnclaveProtocol.FinishWrite>()] = true;
        _isWatched[Code<EnclaveProtocol.FinishWriteSecs>()] = true;
        _isWatched[Code<EnclaveProtocol.LinkVaPage>()] = true;
        _isWatched[Code<EnclaveProtocol.LockAndAddPage>()] = true;
        _isWatched[Code<EnclaveProtocol.LockAndErase>()] = true;
        _isWatched[Code<EnclaveProtocol.TakeEntry>()] = true;
        _isWatched[Code<EnclaveProtocol.TakeSecs>()] = true;
        _isWatched[Code<EnclaveProtocol.TakeVaPage>()] = true;
        _isWatched[Code<EnclaveProtocol.UnlinkVaPage>()] = true;
        _isWatched[Code<FreePageCounterProtocol.AddPages>()] = true;
        _isWatched[Code<FreePageCounterProtocol.LoadPages>()] = true;
        _isWatched[Code<FreePageCounterProtocol.StorePages>()] = true;
        _isWatched[Code<NumaNodeProtocol.FreePage>()] = true;
        _isWatched[Code<NumaNodeProtocol.SanitisePages>()] = true;
        _isWatched[Code<NumaNodeProtocol.TakePage>()] = true;
        _isWatched[Code<VirtualEpcProtocol.AddZombie>()] = true;
        _isWatched[Code<VirtualEpcProtocol.StoreAndUnlock>()] = true;
        _isWatched[Code<VirtualEpcProtocol.TakeGuestPage>()] = true;
        _isWatched[Code<VirtualEpcProtocol.TakeZombie>()] = true;

        static ushort Code<TMessage>()
            where TMessage : IMessage => TMessage.Code;
    }

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
            if (_topology.Machine.Switches.FreePageCounter != FreePageCounterMode.PerNode)
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
        if (!_isWatched[envelope.Code])
        {
            return;
        }

        TaskActor task = envelope.Caller;
        switch (envelope)
        {
            case Envelope<NumaNodeProtocol.TakePage> take:
                if (!take.Message.Page.IsNone)
                {
                    CountPending(-1);
                    Hold(take.Message.Page, task, nowNs, "taken from a free list");
                    if (_topology.Machine.Pages[take.Message.Page].IsPoisoned)
                    {
                        Violate(Rules.PoisonReuse, nowNs, $"{task.Name} allocates {take.Message.Page}, which is poisoned");
                    }
                }

                break;
            case Envelope<NumaNodeProtocol.FreePage> free:
                CountPending(1);
                Release(free.Message.Page, task, nowNs, "freed");
                if (_topology.Machine.Pages[free.Message.Page].Epcm != Epcm.None)
                {
                    Violate(
                        Rules.EpcmValid,
                        nowNs,
                        $"{task.Name} frees {free.Message.Page} while the processor still has it as {_topology.Machine.Pages[free.Message.Page].Epcm}");
                }

                break;
            case Envelope<NumaNodeProtocol.SanitisePages> sanitise:
                CountPending(sanitise.Message.Freed);
                break;
            case Envelope<FreePageCounterProtocol.AddPages> add:
                _pendingFreePages -= add.Message.Pages;
                break;
            case Envelope<FreePageCounterProtocol.LoadPages> load:
                _loaded[task.Id.Index] = load.Message.Pages;
                break;
            case Envelope<FreePageCounterProtocol.StorePages> store:
                _pendingFreePages -= store.Message.Pages - _loaded.GetValueOrDefault(task.Id.Index, store.Message.Pages);
                CheckCounter(nowNs, $"{task.Name} stores {store.Message.Pages} over what others stored since it loaded");
                break;
            case Envelope<CgroupProtocol.Charge> charge:
                OnCharge(in charge.Message, (Cgroup)resource!, nowNs);
                break;
            case Envelope<CgroupProtocol.Uncharge> uncharge:
                OnUncharge(in uncharge.Message, (Cgroup)resource!, task, nowNs);
                break;
            case Envelope<CgroupProtocol.WriteMax> write:
                _max[((Cgroup)resource!).Index] = (long)Math.Min(write.Message.Max, long.MaxValue);
                break;
            case Envelope<EnclaveProtocol.LinkVaPage> link:
                Release(link.Message.VaPage, task, nowNs, "linked as a VA page");
                break;
            case Envelope<EnclaveProtocol.UnlinkVaPage> unlink:
                Hold(unlink.Message.VaPage, task, nowNs, "unlinked");
                break;
            case Envelope<EnclaveProtocol.Ecreate> create:
                Release(create.Message.EpcPage, task, nowNs, "made a SECS");
                break;
            case Envelope<EnclaveProtocol.LockAndAddPage> add:
                if (!add.Message.VaPage.IsNone)
                {
                    Release(add.Message.VaPage, task, nowNs, "linked as a VA page");
                }

                if (!add.Message.Exists && !add.Message.HasFailed)
                {
                    Release(add.Message.EpcPage, task, nowNs, "added to an enclave");
                }

                break;
            case Envelope<EnclaveProtocol.Eldu> eldu:
                OnEldu(in eldu.Message, (Enclave)resource!, task, nowNs);
                break;
            case Envelope<EnclaveProtocol.Eaug> eaug:
                if (!eaug.Message.HasFailed)
                {
                    Release(eaug.Message.EpcPage, task, nowNs, "augmented");
                }
                else
                {
                    Violate(Rules.WrongfulSignal, nowNs, $"{task.Name} runs EAUG for {resource?.Name} without a SECS (a null pointer in the kernel)");
                }

                break;
            case Envelope<EnclaveProtocol.Ewb> ewb:
                if (ewb.Message.Result == LeafResult.Done && _topology.Machine.Pages[ewb.Message.EpcPage].IsPoisoned)
                {
                    Violate(
                        Rules.PoisonReuse,
                        nowNs,
                        $"{task.Name} runs EWB on {ewb.Message.EpcPage}, which is poisoned: a machine check in microcode shuts the core down");
                }

                if (ewb.Message.Result == LeafResult.Done)
                {
                    _versions.Set(((Enclave)resource!).OwnerBase, ewb.Message.Page, ((Enclave)resource).Entries.PageCount, ewb.Message.Version);
                }

                break;
            case Envelope<EnclaveProtocol.FinishWrite> finish:
                Hold(finish.Message.EpcPage, task, nowNs, "written out");
                break;
            case Envelope<EnclaveProtocol.FinishWriteSecs> finish:
                Hold(finish.Message.EpcPage, task, nowNs, "written out");
                break;
            case Envelope<EnclaveProtocol.LockAndErase> erase:
                Hold(erase.Message.EpcPage, task, nowNs, "removed");
                break;
            case Envelope<EnclaveProtocol.TakeEntry> entry:
                HoldIfAny(entry.Message.EpcPage, task, nowNs);
                break;
            case Envelope<EnclaveProtocol.TakeSecs> secs:
                HoldIfAny(secs.Message.EpcPage, task, nowNs);
                break;
            case Envelope<EnclaveProtocol.TakeVaPage> va:
                HoldIfAny(va.Message.EpcPage, task, nowNs);
                break;
            case Envelope<VirtualEpcProtocol.StoreAndUnlock> store:
                if (!store.Message.EpcPage.IsNone)
                {
                    Release(store.Message.EpcPage, task, nowNs, "given to a guest");
                }

                break;
            case Envelope<VirtualEpcProtocol.TakeGuestPage> guest:
                HoldIfAny(guest.Message.EpcPage, task, nowNs);
                break;
            case Envelope<VirtualEpcProtocol.AddZombie> zombie:
                Release(zombie.Message.EpcPage, task, nowNs, "put on the list of zombies");
                break;
            case Envelope<VirtualEpcProtocol.TakeZombie> zombie:
                HoldIfAny(zombie.Message.EpcPage, task, nowNs);
                break;
            default:
                break;
        }
    }

    /// <summary>Progress, and the lack of it.</summary>
    public void OnReport(TaskActor task, RunEvent what, long startNs, long endNs, long detail)
    {
        ArgumentNullException.ThrowIfNull(task);
        switch (what)
        {
            case RunEvent.Fault or RunEvent.Evicted or RunEvent.Reloaded or RunEvent.Augmented or RunEvent.Allocated or RunEvent.Release:
                _lastProgressNs = endNs;
                _emptyBatches = 0;
                _youngSinceProgress = 0;
                _stalledSinceNs = -1;
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
                OnFaultRetry(task, startNs, endNs, detail);
                break;
            case RunEvent.NodeWalkLap:
                if (endNs - startNs > _livenessWindowNs)
                {
                    GiveUp(task, endNs, $"{task.Name} goes round and round the nodes since {startNs} ns, {detail} times by now, and no node has a free page");
                }

                break;
            case RunEvent.LoadFailed:
                break;
            default:
                break;
        }
    }

    /// <summary>Walks every list and compares.</summary>
    /// <param name="nowNs">Virtual time.</param>
    /// <param name="atRest">No task is under way: counts must agree exactly. Else they may differ by what tasks carry.</param>
    /// <param name="tasksUnderWay">Tasks that may carry something.</param>
    public void Audit(long nowNs, bool atRest, int tasksUnderWay)
    {
        CheckCounter(nowNs, "found by an audit");
        new Audit(_topology, _inFlight.Keys, (rule, detail) => Violate(rule, nowNs, detail)).Run(atRest, tasksUnderWay);
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
        List<string> who = [];
        foreach (TaskActor task in waiting)
        {
            Hung.Add(task);
            who.Add($"{task.Name} for {task.Outstanding?.Describe().GetType().Name ?? "nothing"} of actor {task.Outstanding?.Target}");
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
        if (_stalledSinceNs < 0 && stalledNs > _livenessWindowNs / 2)
        {
            _stalledSinceNs = endNs;
            _ksgxdBusyWhenStalledNs = Engine.Simulation.TimedEngine.BusyNs(_topology.Ksgxd);
        }

        if (stalledNs <= _livenessWindowNs)
        {
            return;
        }

        // A scan that goes once over an LRU full of young pages frees nothing for a long time and is no hang; one that goes round and round is.
        bool isScanning = endNs - _lastScanNs < _livenessWindowNs && !HasScannedEverything();
        if (!isScanning && AnythingReclaimable(out string where))
        {
            GiveUp(
                task,
                endNs,
                $"{task.Name} faults on page {page} since {startNs} ns without a page (EBUSY, NOPAGE, again), nothing has moved since "
                + $"{_lastProgressNs} ns, and {where}; {DescribeCounter()}, ksgxd {(_topology.KsgxdWaitQueue.HasSleeper ? "sleeps" : "is awake")}");
        }
    }

    private bool HasScannedEverything()
    {
        long listed = 0;
        foreach (Cgroup cgroup in _topology.Cgroups)
        {
            listed += cgroup.LruPages;
        }

        return _youngSinceProgress == 0 || _youngSinceProgress > 4 * listed;
    }

    private void OnCharge(in CgroupProtocol.Charge charge, Cgroup cgroup, long nowNs)
    {
        if (charge.Result == LevelCharge.Gone)
        {
            return;
        }

        long usage = _usage[cgroup.Index] += charge.Bytes;
        if (charge.Result == LevelCharge.Fits && (usage > _max[cgroup.Index] || usage > _capacityBytes))
        {
            Violate(
                Rules.CgroupLimit,
                nowNs,
                $"{cgroup.Name} accepts a charge that makes {usage} bytes, with misc.max {_max[cgroup.Index]} and capacity {_capacityBytes}");
        }
    }

    private void OnUncharge(in CgroupProtocol.Uncharge uncharge, Cgroup cgroup, TaskActor task, long nowNs)
    {
        _usage[cgroup.Index] -= uncharge.Bytes;
        if (_usage[cgroup.Index] < 0)
        {
            Violate(Rules.CgroupUsage, nowNs, $"{task.Name} takes usage of {cgroup.Name} below zero");
        }
    }

    private void OnEldu(in EnclaveProtocol.Eldu eldu, Enclave enclave, TaskActor task, long nowNs)
    {
        uint expected = _versions.Get(enclave.OwnerBase, eldu.Page, enclave.Entries.PageCount);
        if (eldu.HasFailed || eldu.PcmdVersion != expected || eldu.ContentsVersion != expected)
        {
            Violate(
                Rules.Contents,
                nowNs,
                $"{task.Name} loads page {eldu.Page} of {enclave.Name}: version {expected} was written out, the backing holds {eldu.ContentsVersion}, "
                + $"its PCMD {(eldu.PcmdVersion == 0 ? "nothing" : eldu.PcmdVersion.ToString())}, the VA slot {eldu.SlotVersion}");
        }

        if (!eldu.HasFailed)
        {
            Release(eldu.EpcPage, task, nowNs, "loaded");
        }
    }

    private void CountPending(long pages)
    {
        if (_topology.Machine.Switches.FreePageCounter != FreePageCounterMode.PerNode)
        {
            _pendingFreePages += pages;
        }
    }

    private void Hold(EpcPageIndex page, TaskActor task, long nowNs, string how)
    {
        if (!_inFlight.TryAdd(page.Value, task))
        {
            Violate(Rules.PageConservation, nowNs, $"{page}, {how} by {task.Name}, is in the hands of {_inFlight[page.Value].Name}");
        }
    }

    private void HoldIfAny(EpcPageIndex page, TaskActor task, long nowNs)
    {
        if (!page.IsNone)
        {
            Hold(page, task, nowNs, "taken out of an enclave");
        }
    }

    private void Release(EpcPageIndex page, TaskActor task, long nowNs, string how)
    {
        if (!_inFlight.Remove(page.Value, out TaskActor? holder) || holder != task)
        {
            Violate(
                Rules.PageConservation, nowNs, $"{page} is {how} by {task.Name}, {(holder is null ? "which does not hold it" : $"while {holder.Name} holds it")}");
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

    private string DescribeCounter() =>
        $"sgx_nr_free_pages says {CounterValue} (wakes ksgxd below {KernelConstants.NrLowPages}) with {ListedFreePages} pages on the free lists";

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

    /// <summary>The version that each page was last written out with, by the oracle's own book.</summary>
    private sealed class VersionLedger
    {
        private const int ChunkShift = 12;
        private readonly Dictionary<int, uint[]> _chunks = [];
        private readonly Dictionary<int, uint> _secs = [];

        public void Set(int ownerBase, int page, int pageCount, uint version)
        {
            if (page == pageCount)
            {
                _secs[ownerBase] = version;
                return;
            }

            int owner = ownerBase + page;
            if (!_chunks.TryGetValue(owner >> ChunkShift, out uint[]? chunk))
            {
                chunk = new uint[1 << ChunkShift];
                _chunks[owner >> ChunkShift] = chunk;
            }

            chunk[owner & ((1 << ChunkShift) - 1)] = version;
        }

        public uint Get(int ownerBase, int page, int pageCount)
        {
            if (page == pageCount)
            {
                return _secs.GetValueOrDefault(ownerBase);
            }

            int owner = ownerBase + page;
            return _chunks.TryGetValue(owner >> ChunkShift, out uint[]? chunk) ? chunk[owner & ((1 << ChunkShift) - 1)] : 0;
        }
    }
}
