using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <summary>
/// Watches a run and knows when a rule is broken. It believes messages, not actors: what it keeps, it keeps from the
/// requests and answers that it saw go by, and compares it with what the actors say of themselves.
/// </summary>
/// <remarks>
/// <para>Some rules are checked at every step (<see cref="OnStep"/>), the others by <see cref="Audit"/>, which walks
/// every list. A rule is reported once, with its first finding; a run goes on after a wrong count, and ends when
/// nothing moves any more.</para>
/// <para>What is between two places is accounted exactly, task by task (<see cref="Carried"/>), never by a tolerance:
/// an audit in the middle of a run compares as strictly as one at its end, and a task that goes back to user space or
/// to sleep must carry nothing.</para>
/// </remarks>
public sealed partial class Oracle
{
    [Constant]
    private readonly Topology _topology;
    private readonly long _livenessWindowNs;
    private readonly bool _isShared;
    [Constant]
    private readonly RunClock? _clock;
    [Constant]
    private readonly Lock _gate = new();
    private readonly HandTable _hands = new();
    [Constant]
    private readonly SharedHolders? _sharedHolders;
    private readonly Dictionary<string, ViolationReport> _violations = new(StringComparer.Ordinal);
    private readonly EnclaveBook[] _enclaveBooks;
    private readonly OrderBook _order;
    private readonly CgroupBook[] _cgroups;
    [Constant]
    private readonly List<AddressSpace>[] _mmsOf;
    [Constant]
    private readonly SharedCounterWatch? _sharedCounter;
    private CounterWatch _counter;
    private readonly long _capacityBytes;
    private readonly bool _ownsCounters;
    private readonly bool _hasOneCounter;
    private readonly bool _isWholeMachine;
    [Constant]
    private readonly int[] _nodeWithEpcFrom;
    [Constant]
    private readonly int[] _parents;
    [Constant]
    private readonly int[] _levels;
    [Constant]
    private readonly int[] _memoryParents;
    [Constant]
    private readonly int[] _memoryLevels;
    [Constant]
    private readonly EpcPageTable _pages;
    private readonly Books _books;
    [Constant]
    private readonly Books[]? _booksOf;
    private readonly int[] _vaSlots;
    private readonly bool[] _isEnclaveFreed;
    private readonly bool[] _hasOpened;
    private readonly bool[] _hasLostEpc;
    private readonly int[] _lossesSeen;
    private readonly bool[] _isCgroupFreed;
    private Carried?[] _carried = [];
    [Constant]
    private Audit? _audit;
    [Constant]
    private CutAudit? _cut;
    [Constant]
    private Books? _sum;
    [Constant]
    private Action<string, string>? _violateAtAudit;
    [NotState]
    private long _auditNs;
    private long _lastProgressNs;
    private long _emptyBatches;
    private long _youngSinceProgress;
    private long _lastScanNs;
    private long _stalledSinceNs = -1;
    private long _ksgxdBusyWhenStalledNs;
    private long _reportedDrift;
    private volatile bool _isHopeless;

    /// <summary>What the kernel's switches say of poisoned pages, of a SECS, and of events.</summary>
    private readonly bool _countsPoisoned;
    private readonly bool _listsSecs;
    private readonly bool _knowsLostPages;
    private readonly bool _looksWhenCharged;
    private readonly bool _countsAttempts;

    /// <param name="topology">The actors of the run.</param>
    /// <param name="livenessWindowNs">How long nothing may move while something could: nanoseconds of the run's clock,
    /// virtual or real.</param>
    /// <param name="isShared">
    /// A live run: <see cref="OnStep"/> is called on many threads at once, each within the exclusivity of the resource
    /// that it handled, and <see cref="OnReport"/> on the thread that runs the task.
    /// </param>
    /// <param name="clock">Says how much of a span of time counts against the window; null: all of it.</param>
    public Oracle(Topology topology, long livenessWindowNs, bool isShared = false, RunClock? clock = null)
    {
        ArgumentNullException.ThrowIfNull(topology);
        _topology = topology;
        _livenessWindowNs = livenessWindowNs;
        _isShared = isShared;
        WatchAll();
        _clock = clock;
        _capacityBytes = (long)topology.Machine.CapacityPages * KernelConstants.PageSize;

        // Of a part the machine's counter is elsewhere; an audit over all processes compares it.
        _ownsCounters =
            topology.Machine.Switches.FreePageCounter == FreePageCounterMode.PerNode
            || !topology.IsWholeMachine;
        _isWholeMachine = topology.IsWholeMachine;
        _countsPoisoned = topology.Machine.Switches.PoisonUncounts == Fix.Absent;
        _listsSecs = topology.Machine.Switches.SecsReclaim == SecsReclaim.OnLru;
        _looksWhenCharged = topology.Machine.Switches.WorkerQueued == WorkerQueued.NearLimit;
        _knowsLostPages = topology.Machine.Switches.EwbFailure != EwbFailure.FreesPage;
        _countsAttempts = topology.Machine.Switches.LimitEvents == LimitEvents.Attempts;
        _hasOneCounter = !_ownsCounters;
        _nodeWithEpcFrom = NodesWithEpc(topology.Machine.OwnsEpc);
        _parents = topology.Machine.CgroupParents;
        _levels = Levels(_parents);
        _memoryParents = topology.Machine.MemoryCgroupParents;
        _memoryLevels = Levels(_memoryParents);
        _pages = topology.Machine.Pages;
        _books = new Books(topology.Cgroups.Count, topology.MemoryCgroups.Count, isForAll: true);
        _vaSlots = new int[topology.Enclaves.Count];
        _isEnclaveFreed = new bool[topology.Enclaves.Count];
        _hasOpened = new bool[topology.Enclaves.Count];
        _hasLostEpc = new bool[topology.Enclaves.Count];
        _lossesSeen = new int[topology.Enclaves.Count];
        _isCgroupFreed = new bool[topology.Cgroups.Count];
        _enclaveBooks = [.. topology.Enclaves.Select(one => new EnclaveBook(one.Enclave.Entries.PageCount))];
        _order = new OrderBook(topology.Machine.CapacityPages, topology.Cgroups.Count);
        _mmsOf = [.. topology.Enclaves.Select(_ => new List<AddressSpace>())];
        foreach ((AddressSpace mm, int enclave) in topology.AddressSpaces)
        {
            _mmsOf[enclave].Add(mm);
        }

        _cgroups = new CgroupBook[topology.Cgroups.Count];
        for (int i = 0; i < _cgroups.Length; i++)
        {
            _cgroups[i].Max = topology.Cgroups[i].Max.Bytes;
        }

        if (isShared)
        {
            _sharedHolders = new SharedHolders(topology.Machine.CapacityPages);
            _sharedCounter = new SharedCounterWatch();
            _booksOf = MakeBooks(topology);
            foreach ((TaskActor task, long _) in topology.Tasks)
            {
                CarriedBy(task);
            }
        }
    }

    /// <summary>
    /// What each task carries, by its index; for fingerprints of a state, since what the oracle will say depends on it.
    /// </summary>
    internal ReadOnlySpan<Carried?> CarriedByTasks => _carried;

    /// <summary>
    /// Opens the accounts of tasks before their first message. What a run makes itself is made again after each return
    /// to an image, and an image that has it brings it back.
    /// </summary>
    internal void Expect(IReadOnlyCollection<TaskActor> tasks)
    {
        int most = tasks.Select(task => task.Id.Index + 1).DefaultIfEmpty().Max();
        if (_carried.Length < most)
        {
            Array.Resize(ref _carried, most);
        }

        foreach (TaskActor task in tasks)
        {
            CarriedBy(task);
        }
    }

    /// <summary>True when a run has no sense any more: nothing moves, for ever.</summary>
    public bool IsHopeless => _isHopeless;

    /// <summary>Tasks that hung when liveness was broken.</summary>
    public HashSet<TaskActor> Hung { get; } = [];

    /// <summary>
    /// What the counter says more than the lists, pages; changes under way are taken into account. Of a live run only
    /// when nothing runs.
    /// </summary>
    public long CounterDrift => CounterValue + PendingFreePages - ListedFreePages;

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

    /// <summary>
    /// What the counter should say: poisoned pages that were freed or free count, as upstream counts them (D2), unless
    /// the kernel takes them off.
    /// </summary>
    private long ListedFreePages
    {
        get
        {
            long sum = 0;
            foreach (NumaNode node in _topology.Nodes)
            {
                sum += node.FreePages + (_countsPoisoned ? node.PoisonedPages - node.PoisonedBeforeBootPages : 0);
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
            lock (_gate)
            {
                foreach (string rule in Rules.BySeverity)
                {
                    if (_violations.TryGetValue(rule, out ViolationReport? violation))
                    {
                        list.Add(violation);
                    }
                }
            }

            return list;
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
            case RunEvent.Evicted:
                Progress(endNs);
                CheckSecsWritten(CarriedBy(task), endNs);
                break;
            case RunEvent.Reloaded or RunEvent.Augmented or RunEvent.Allocated or RunEvent.Release:
                Progress(endNs);
                break;
            case RunEvent.Phase or RunEvent.Ioctl:
                CheckIdle(CarriedBy(task), endNs, "returns to user space");
                break;
            case RunEvent.Young:
                OnYoung(task, endNs);
                break;
            case RunEvent.ReclaimBatch:
                if (detail == 0)
                {
                    OnEmptyBatch(task, endNs);
                }

                break;
            case RunEvent.FaultRetry:
                CheckIdle(CarriedBy(task), endNs, "returns to user space");
                OnFaultRetry(task, startNs, endNs, detail);
                break;
            case RunEvent.NodeWalkLap:
                if (IsEndless(task, startNs, endNs))
                {
                    GiveUp(task, endNs, $"{task.Name} goes round and round the nodes since "
                        + $"{Durations.Text(startNs)}, {detail} times by now, and no node has a free page");
                }

                break;
            case RunEvent.CursorLap:
                if (IsEndless(task, startNs, endNs))
                {
                    GiveUp(
                        task,
                        endNs,
                        $"{task.Name} asks for a cgroup that is going away since {Durations.Text(startNs)}, {detail} "
                            + "times by now, and holds the lock that the task that frees it wants");
                }

                break;
            case RunEvent.PageLeaked:
                Violate(
                    Rules.PageConservation,
                    endNs,
                    $"EREMOVE refuses epc:{detail} to {task.Name}: it is leaked, and charged for ever");
                break;
            default:
                break;
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

        _isHopeless = true;
        Violate(Rules.Deadlock, nowNs, "wait for ever: " + string.Join(", ", who));
    }

    /// <summary>Records a finding of another component under a rule.</summary>
    public void Violate(string rule, long nowNs, string detail)
    {
        lock (_gate)
        {
            _violations.TryAdd(rule, new ViolationReport(rule, nowNs, detail));
        }
    }

    private void Violate(string rule, long nowNs, ViolationText detail) => Violate(rule, nowNs, detail.ToString());

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
}
