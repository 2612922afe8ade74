using EpcActors.Actors.Cluster;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Distribution.Simulation;

/// <summary>What a run of a simulated cluster is made of; everything in it follows from a seed (<see cref="SimulationCase.Of"/>).</summary>
public sealed record SimulationSetup
{
    /// <summary>The whole scenario.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>Who has what.</summary>
    public required Placement Placement { get; init; }

    public int ChargeBatch { get; init; } = 1;

    public int CounterBatch { get; init; } = 1;

    public int Window { get; init; } = 256;

    public int ResendTicks { get; init; } = 6;

    /// <summary>Deputies of each kind in a process: one is enough, says <see cref="Deputy"/>.</summary>
    public int Deputies { get; init; } = 1;

    public FaultPlan Plan { get; init; } = new();

    /// <summary>A rule of the protocol that is left out.</summary>
    public ClusterDefect Defect { get; init; }

    /// <summary>Steps between two comparisons of all books.</summary>
    public int BalanceEvery { get; init; } = 97;

    /// <summary>Steps between two audits of each process.</summary>
    public int AuditEvery { get; init; } = 1009;
}

/// <summary>A rule that a run broke.</summary>
/// <param name="Rule">Its name (see <see cref="ClusterRules"/>).</param>
/// <param name="Detail">What was expected and what was found.</param>
/// <param name="Step">The step after which it was seen.</param>
/// <param name="Members">Whom it concerns; empty for all.</param>
public sealed record ClusterFinding(string Rule, string Detail, int Step, IReadOnlyList<int> Members);

/// <summary>
/// Members, network and coordinator on one explored engine. Each step handles one request of one actor anywhere; a strategy picks whose, and what is lost, doubled, overtaken and
/// killed. So a run is a function of its setup and the strategy's seed, and its record replays it.
/// </summary>
/// <remarks>
/// A send is a side effect of the turn of the exchange: the frame is on its link when the turn is over, as a datagram is in the socket's buffer when send() comes back.
/// Everything behind that is an actor's step. A killed process makes no step any more, and what its exchange is still asked by a carrier that was on its way goes nowhere.
/// One thread at a time.
/// </remarks>
public sealed partial class SimulatedCluster : IRunObserver
{
    private const int LastFrames = 256;

    private readonly SimulationSetup _setup;
    private readonly Link[] _links;
    private readonly Carrier?[] _carrierOfOrdinal;
    private readonly List<SimulatedProcess> _processes = [];
    private readonly SimulatedProcess?[] _current;
    private readonly List<SimulatedProcess?> _processOfId = [];
    private readonly List<SimulatedProcess?> _processOfOrdinal = [];
    private readonly Conductor _conductor;
    private readonly int _conductorOrdinal;
    private readonly ClusterBalance _balance;
    private readonly NotedFrame[] _lastFrames = new NotedFrame[LastFrames];
    private readonly List<string> _history = [];
    private long _notedFrames;
    private ClusterView _view;
    private ClusterFinding? _finding;
    private ulong _hash = 14695981039346656037;
    private int _nextId;

    public SimulatedCluster(SimulationSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        _setup = setup;
        int members = setup.Placement.Members;
        _view = ClusterView.First(members, setup.Placement.HomeOfAccount);
        Engine = new ExploredEngine { HasClocks = true, ExpectedSteps = 6000 };
        Engine.Observe(this);
        _links = new Link[members * members];
        _carrierOfOrdinal = new Carrier?[members * members];
        _current = new SimulatedProcess?[members];
        for (int from = 0; from < members; from++)
        {
            for (int to = 0; to < members; to++)
            {
                Link link = new(NewId(), from, to);
                _links[(from * members) + to] = link;
                Engine.Add(link);
                if (from != to)
                {
                    AddCarrier(new Carrier(NewId(), link, this));
                }
            }
        }

        _conductor = new Conductor(NewId(), this);
        Engine.Add(_conductor);
        _conductorOrdinal = ExploredEngine.OrdinalOf(_conductor);
        _processOfOrdinal.Add(null);
        Engine.Start(_conductor);
        _balance = new ClusterBalance(this);
        for (int member = 0; member < members; member++)
        {
            Begin(member, 1);
        }

        FaultPlan plan = setup.Plan;
        Engine.SetBudget((int)NetworkChoice.FaultNow, int.MaxValue);
        Engine.SetBudget((int)NetworkChoice.Lose, plan.Losses);
        Engine.SetBudget((int)NetworkChoice.Double, plan.Doubles);
        Engine.SetBudget((int)NetworkChoice.Overtake, plan.Overtakes);
        Engine.SetBudget((int)NetworkChoice.SkipView, plan.SkippedViews);
        PlanEvents();
    }

    public SimulationSetup Setup => _setup;

    public ExploredEngine Engine { get; }

    /// <summary>What was broken; null for nothing.</summary>
    public ClusterFinding? Finding => _finding;

    /// <summary>What happened, in numbers.</summary>
    public SimulationCounts Counts { get; } = new();

    /// <summary>What happened to processes, with the step of each.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>Hash of all that was asked and answered: two runs of one seed agree in it.</summary>
    public ulong Hash => _hash;

    internal ClusterView View => _view;

    internal IReadOnlyList<SimulatedProcess> Processes => _processes;

    internal int LinkCount => _links.Length;

    /// <summary>Runs to the end of the work, or to a finding.</summary>
    /// <param name="strategy">Who decides; begun here.</param>
    /// <param name="seed">Of the strategy.</param>
    public ClusterFinding? Run(Strategy strategy, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        strategy.Begin(Engine, seed);
        ExploredEnd end = Engine.Run(strategy, _setup.Plan.MaxSteps);
        if (end == ExploredEnd.Failed)
        {
            Break(ClusterRules.Crash, Engine.Failure?.Message ?? "an actor failed");
        }
        else if (end is ExploredEnd.StepLimit or ExploredEnd.Deadlock && _finding is null)
        {
            Break(ClusterRules.Liveness, DescribeWaiting());
        }
        else if (_finding is null && end == ExploredEnd.Stopped)
        {
            _balance.CheckEnd();
        }

        foreach (SimulatedProcess process in _processes)
        {
            Counts.FencedFrames += process.Exchange.FencedFrames;
            Counts.SentAgain += process.Exchange.SentAgain;
            Counts.SkippedViews += process.Keeper.Skipped;
        }

        Counts.Runs++;
        Counts.Steps += Engine.Steps;
        return _finding;
    }

    /// <summary>The last frames between the processes that a finding concerns, oldest first.</summary>
    /// <param name="count">At most so many.</param>
    public IReadOnlyList<string> FramesBefore(int count)
    {
        IReadOnlyList<int> members = _finding?.Members ?? [];
        List<string> lines = [];
        for (long i = _notedFrames - 1; i >= Math.Max(0, _notedFrames - LastFrames) && lines.Count < count; i--)
        {
            NotedFrame noted = _lastFrames[i % LastFrames];
            bool isOfThem = members.Count switch
            {
                0 => true,
                1 => members.Contains(noted.Frame.From) || members.Contains(noted.Frame.To),
                _ => members.Contains(noted.Frame.From) && members.Contains(noted.Frame.To),
            };
            if (isOfThem)
            {
                lines.Add(noted.ToString());
            }
        }

        lines.Reverse();
        return lines;
    }

    internal Link LinkOf(int from, int to) => _links[(from * _setup.Placement.Members) + to];

    internal SimulatedProcess? ProcessOf(ActorId id) => (uint)id.Index < (uint)_processOfId.Count ? _processOfId[id.Index] : null;

    internal SimulatedProcess? LivingMember(int member) => _current[member] is { IsLiving: true } process ? process : null;

    /// <summary>The exchange that a frame gets to: the life that it is for while that one runs, else whatever is in its place.</summary>
    internal ActorId ReceiverOf(in Frame frame)
    {
        SimulatedProcess? newest = null;
        foreach (SimulatedProcess process in _processes)
        {
            if (process.Member == frame.To && !process.IsHalted)
            {
                if (process.Incarnation == frame.ToIncarnation)
                {
                    return process.Exchange.Id;
                }

                newest = process;
            }
        }

        return newest?.Exchange.Id ?? ActorId.None;
    }

    internal void Note(FrameFate fate, in Frame frame)
    {
        Counts.Frames[(int)fate]++;
        _lastFrames[_notedFrames++ % LastFrames] = new NotedFrame(Engine.Steps, fate, frame);
    }

    internal void Break(string rule, string detail, params int[] members)
    {
        _finding ??= new ClusterFinding(rule, detail, Engine.Steps, members);
        Engine.RequestStop();
    }

    /// <summary>Could a step of this task do anything?</summary>
    internal bool IsUseful(int ordinal)
    {
        if (ordinal < _carrierOfOrdinal.Length && _carrierOfOrdinal[ordinal] is { } carrier)
        {
            return carrier.IsCarrying || (carrier.Link.Count > 0 && !carrier.Link.IsCut);
        }

        if (ordinal == _conductorOrdinal)
        {
            return _conductor.Outstanding is not null || (HasNextEvent && IsNextEventDue);
        }

        return !_processOfOrdinal[ordinal]!.IsPaused;
    }

    /// <summary>Whose pace a task has: a process by its number, or behind those a link.</summary>
    internal int PaceGroup(int ordinal) =>
        ordinal < _carrierOfOrdinal.Length && _carrierOfOrdinal[ordinal] is { } carrier ? (carrier.Link.From * _setup.Placement.Members) + carrier.Link.To
        : _processOfOrdinal[ordinal] is { } process ? _links.Length + process.Number
        : -1;

    internal bool IsTicker(int ordinal) => Engine.Task(ordinal) is Ticker;

    internal int ConductorOrdinal => _conductorOrdinal;

    void IRunObserver.OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        _hash = (_hash ^ (((ulong)(uint)envelope.Caller.Id.Index << 40) ^ ((ulong)(uint)envelope.Target.Index << 16) ^ envelope.Code)) * 1099511628211;
        _hash = (_hash ^ envelope.Fold()) * 1099511628211;
        if (ProcessOf(resource.Id) is not { IsHalted: false } process)
        {
            return;
        }

        process.Oracle.OnStep(envelope, resource, nowNs);
        _balance.OnStep(envelope, resource, process);
        if (resource is Exchange { IsFenced: true })
        {
            // Whoever hears that it is given up stops: the process ends itself.
            Counts.FencedProcesses++;
            Tell($"{process.Name} hears that it is given up, and stops");
            Halt(process);
        }
    }

    void IRunObserver.OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        if (ProcessOf(task.Id) is { } process)
        {
            process.Oracle.OnReport(task, (EpcActors.Actors.Routines.RunEvent)what, startNs, endNs, detail);
        }
    }

    void IRunObserver.AfterStep()
    {
        int steps = Engine.Steps;
        if (steps % _setup.BalanceEvery == 0)
        {
            _balance.Check();
        }

        if (steps % _setup.AuditEvery == 0)
        {
            Audit(atRest: false);
        }

        if ((steps & 31) == 0 && IsOver())
        {
            Engine.RequestStop();
        }
    }

    /// <summary>Every oracle looks at every list of its process.</summary>
    internal void Audit(bool atRest)
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsHalted)
            {
                continue;
            }

            process.Oracle.Audit(Engine.Steps, atRest && process.IsLiving);
            if (process.Oracle.ViolationCount > 0)
            {
                Break(process.Oracle.Violations[0].Rule, $"{process.Name}: {process.Oracle.Violations[0].Detail}", process.Member);
            }
        }
    }

    private ActorId NewId() => new(_nextId++);

    private void AddCarrier(Carrier carrier)
    {
        Engine.Add(carrier);
        _carrierOfOrdinal[ExploredEngine.OrdinalOf(carrier)] = carrier;
        _processOfOrdinal.Add(null);
        Engine.Start(carrier);
    }

    /// <summary>A process comes up, with the view that is the newest.</summary>
    private void Begin(int member, int incarnation)
    {
        Placement placement = _setup.Placement;
        ClusterPort port = new(member, incarnation, placement.MemberOfNode, _setup.Scenario.Cgroups.Count)
        {
            ChargeBatch = _setup.ChargeBatch,
            CounterBatch = _setup.CounterBatch,
            Window = _setup.Window,
            ResendTicks = _setup.ResendTicks,
            Defect = _setup.Defect,
        };
        Scenario part = MemberScenario.Of(
            _setup.Scenario, member, placement.MemberOfNode, placement.MemberOfEnclave, placement.MemberOfGuest, placement.HomeOfAccount);
        SimulatedProcess process = new(this, part, port, _view, _nextId, _setup.Deputies, _processes.Count);
        while (_processOfId.Count < process.EndId)
        {
            _processOfId.Add(_processOfId.Count < _nextId ? null : process);
        }

        _nextId = process.EndId;
        _processes.Add(process);
        _current[member] = process;
        foreach (Resource resource in process.Resources())
        {
            Engine.Add(resource);
        }

        foreach (TaskActor task in process.Tasks())
        {
            Engine.Add(task);
            process.Ordinals.Add(ExploredEngine.OrdinalOf(task));
            _processOfOrdinal.Add(process);
        }

        foreach ((TaskActor task, long startNs) in process.Topology.Tasks)
        {
            if (startNs >= 0)
            {
                Engine.Start(task);
            }
        }

        Engine.Start(process.Keeper);
        Engine.Start(process.Ticker);
    }

    private void Halt(SimulatedProcess process)
    {
        process.IsHalted = true;
        foreach (int ordinal in process.Ordinals)
        {
            Engine.Halt(Engine.Task(ordinal));
        }
    }

    /// <summary>Nothing is left to go wrong, the work is done, and nothing is under way anywhere.</summary>
    private bool IsOver()
    {
        if (HasNextEvent || !IsWorkDone())
        {
            return false;
        }

        foreach (Link link in _links)
        {
            if (link.Count > 0)
            {
                return false;
            }
        }

        foreach (Carrier? carrier in _carrierOfOrdinal)
        {
            if (carrier is { IsCarrying: true })
            {
                return false;
            }
        }

        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsHalted)
            {
                continue;
            }

            if (process.Exchange.OutstandingCalls > 0 || process.Exchange.View.Epoch < process.Post.Newest)
            {
                return false;
            }

            foreach (int ordinal in process.WorkOrdinals)
            {
                if (Engine.IsEnabled(ordinal))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private bool IsWorkDone()
    {
        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsLiving && !process.IsWorkDone)
            {
                return false;
            }
        }

        return true;
    }

    private string DescribeWaiting()
    {
        List<string> lines = [];
        foreach (SimulatedProcess process in _processes)
        {
            if (process.IsHalted)
            {
                continue;
            }

            ExchangeSnapshot exchange = process.Exchange.Snapshot();
            foreach ((TaskActor task, long _) in process.Topology.Tasks)
            {
                bool mustEnd = task is { HasStarted: true, HasStopped: false, IsDaemon: false };
                OpenCall? call = exchange.Calls.FirstOrDefault(one => one.Caller == task.Id.Index - process.Port.FirstId);
                if (!mustEnd && call is null)
                {
                    continue;
                }

                string asks = task.Outstanding is { } request
                    ? $"{request.Describe().GetType().Name} of {process.Topology.Resources.Find(resource => resource.Id == request.Target)?.Name}"
                    : "time";
                string where = call is null ? "" : $", call {call.Sequence} to member {call.Target}{(call.Account < 0 ? "" : $" about account {call.Account}")}";
                lines.Add($"{process.Name} {task.Name} for {asks}{where}");
            }

            string homes = string.Join(",", Enumerable.Range(0, process.Port.AccountCount)
                .Where(account => process.Exchange.AccountOf(account) is { IsHome: true, IsRebuilding: true }));
            lines.Add($"{process.Name} is in view {exchange.Epoch}{(homes.Length == 0 ? "" : $" and rebuilds {homes}")}");
        }

        return $"nothing ends after {Engine.Steps} steps: {string.Join("; ", lines)}";
    }

    private void Tell(string what) => _history.Add($"step {Engine.Steps}: {what}");

    private readonly record struct NotedFrame(int Step, FrameFate Fate, Frame Frame)
    {
        public override string ToString() =>
            $"step {Step}: {Frame.Kind} {Frame.Code:X4} {Frame.From}.{Frame.FromIncarnation} -> {Frame.To}.{Frame.ToIncarnation} task {Frame.Caller} call {Frame.Sequence} view {Frame.Epoch}: {Fate}";
    }
}

/// <summary>What happened in runs, added up.</summary>
public sealed class SimulationCounts
{
    public long Runs { get; set; }

    public long Steps { get; set; }

    public long Crashes { get; set; }

    public long Suspicions { get; set; }

    public long Pauses { get; set; }

    public long Partitions { get; set; }

    public long Restarts { get; set; }

    /// <summary>Accounts that lost their home.</summary>
    public long HomesLost { get; set; }

    /// <summary>Processes that heard that they were given up, and stopped.</summary>
    public long FencedProcesses { get; set; }

    /// <summary>Frames that were refused as they came from the dead, or were for the dead.</summary>
    public long FencedFrames { get; set; }

    public long SentAgain { get; set; }

    public long SkippedViews { get; set; }

    public long BorrowedPages { get; set; }

    /// <summary>Pages of dead sockets that were left in enclaves elsewhere, or taken back from the dead.</summary>
    public long ClosedLoans { get; set; }

    public long DrainedStocks { get; set; }

    /// <summary>Rounds of reclaim done for another process.</summary>
    public long RemoteReclaims { get; set; }

    /// <summary>Charges that were refused in the end.</summary>
    public long RefusedCharges { get; set; }

    /// <summary>Processes of enclaves that were ended as a page of them was on a dead socket.</summary>
    public long LostSockets { get; set; }

    /// <summary>By <see cref="FrameFate"/>.</summary>
    public long[] Frames { get; } = new long[Enum.GetValues<FrameFate>().Length];

    public void Add(SimulationCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Runs += other.Runs;
        Steps += other.Steps;
        Crashes += other.Crashes;
        Suspicions += other.Suspicions;
        Pauses += other.Pauses;
        Partitions += other.Partitions;
        Restarts += other.Restarts;
        HomesLost += other.HomesLost;
        FencedProcesses += other.FencedProcesses;
        FencedFrames += other.FencedFrames;
        SentAgain += other.SentAgain;
        SkippedViews += other.SkippedViews;
        BorrowedPages += other.BorrowedPages;
        ClosedLoans += other.ClosedLoans;
        DrainedStocks += other.DrainedStocks;
        RemoteReclaims += other.RemoteReclaims;
        RefusedCharges += other.RefusedCharges;
        LostSockets += other.LostSockets;
        for (int i = 0; i < Frames.Length; i++)
        {
            Frames[i] += other.Frames[i];
        }
    }
}
