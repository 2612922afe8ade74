using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel.Routines;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Members, network and coordinator on one explored engine. Each step handles one request of one actor anywhere; a
/// strategy picks whose, and what is lost, doubled, overtaken and
/// killed. So a run is a function of its setup and the strategy's seed, and its record replays it.
/// </summary>
/// <remarks>
/// <para>A send is a side effect of the turn of the gateway: the frame is on its link when the turn is over, as a
/// datagram is in the socket's buffer when send() comes back.
/// Everything behind that is an actor's step. A killed process makes no step any more, and what its gateway is still
/// asked by a delivery that was on its way goes nowhere.</para>
/// <para>The coordinator is <see cref="Coordinator"/>, the members' side of its protocol <see
/// cref="Members.MemberControl"/>: the code of production. It handles one control message, or looks
/// at its clock, in one step. A step is a millisecond of that clock.</para>
/// <para>One thread at a time.</para>
/// </remarks>
public sealed partial class SimulatedCluster : IRunObserver
{
    internal const long NsOfStep = 1_000_000;

    private readonly SimulationSetup _setup;
    private readonly Link[] _links;
    private readonly List<SimulatedProcess> _processes = [];
    private readonly SimulatedProcess?[] _current;
    private readonly List<SimulatedProcess?> _processOfId = [];
    private readonly List<SimulatedProcess?> _processOfOrdinal = [];
    private readonly List<WorldTask?> _worldTaskOfOrdinal = [];
    private readonly ClusterBalance _balance;
    private ClusterFinding? _finding;
    private ulong _hash = 14695981039346656037;
    private int _nextId;
    private int _paceGroups;

    public SimulatedCluster(SimulationSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        _setup = setup;
        int members = setup.Placement.Members;
        Engine = new ExploredEngine { HasClocks = true, ExpectedSteps = 6000 };
        Engine.Observe(this);
        _links = new Link[members * members];
        _current = new SimulatedProcess?[members];
        _excusedUntil = new long[members];
        Array.Fill(_excusedUntil, -1);
        WorldClock clock = new(NewId(), this);
        ClockOrdinal = AddTask(clock);
        for (int from = 0; from < members; from++)
        {
            for (int to = 0; to < members; to++)
            {
                Link link = new(NewId(), from, to);
                _links[(from * members) + to] = link;
                Engine.Add(link);
                if (from != to)
                {
                    AddTask(new FrameDelivery(NewId(), link, this, NewPaceGroup()));
                }
            }
        }

        _balance = new ClusterBalance(this);
        _viewRules = new ViewRules(this);
        _coordinator = NewCoordinator();
        FaultPlan plan = setup.Plan;
        Engine.SetBudget((int)NetworkChoice.Lose, plan.Losses);
        Engine.SetBudget((int)NetworkChoice.Double, plan.Doubles);
        Engine.SetBudget((int)NetworkChoice.Overtake, plan.Overtakes);
        Engine.SetBudget((int)NetworkChoice.SkipView, plan.SkippedViews);
        Form();
    }

    public SimulationSetup Setup => _setup;

    public ExploredEngine Engine { get; }

    /// <summary>Violation; null for none.</summary>
    public ClusterFinding? Finding => _finding;

    /// <summary>Counts of events.</summary>
    public SimulationCounts Counts { get; } = new();

    /// <summary>Hash of all that was asked and answered: two runs of one seed agree in it.</summary>
    public ulong Hash => _hash;

    internal IReadOnlyList<SimulatedProcess> Processes => _processes;

    /// <summary>Groups of tasks that are fast or slow together, from 0.</summary>
    internal int PaceGroups => _paceGroups;

    internal int ClockOrdinal { get; }

    /// <summary>Runs to the end of the work, or to a finding.</summary>
    /// <param name="strategy">Strategy that decides; begun here.</param>
    /// <param name="seed">Of the strategy.</param>
    public ClusterFinding? Run(IStrategy strategy, ulong seed)
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

        foreach (SimulatedProcess process in _processes)
        {
            Counts.FencedFrames += process.Gateway.FencedFrames;
            Counts.SentAgain += process.Gateway.SentAgain;
            Counts.SkippedViews += process.Keeper.Skipped;
        }

        Counts.Runs++;
        Counts.Steps += Engine.Steps;
        return _finding;
    }

    internal Link LinkOf(int from, int to) => _links[(from * _setup.Placement.Members) + to];

    internal SimulatedProcess? ProcessOf(ActorId id) =>
        (uint)id.Index < (uint)_processOfId.Count ? _processOfId[id.Index] : null;

    internal SimulatedProcess? LivingMember(int member) =>
        _current[member] is { IsLiving: true } process ? process : null;

    /// <summary>
    /// The gateway that a frame gets to: the life that it is for while that one runs, else its successor.
    /// </summary>
    internal ActorId ReceiverOf(in Frame frame)
    {
        SimulatedProcess? newest = null;
        foreach (SimulatedProcess process in _processes)
        {
            if (process.Member == frame.To && !process.IsHalted)
            {
                if (process.Incarnation == frame.ToIncarnation)
                {
                    return process.Gateway.Id;
                }

                newest = process;
            }
        }

        return newest?.Gateway.Id ?? ActorId.None;
    }

    /// <summary>
    /// A frame is about to be handled: its receiver begins the cut that the sender was in, and has heard of it.
    /// </summary>
    internal void OnFrame(ActorId receiver, in Frame frame)
    {
        if (ProcessOf(receiver) is { } process)
        {
            process.BeginCut(frame.Cut);
        }
    }

    internal void Break(string rule, string detail, params int[] members)
    {
        _finding ??= new ClusterFinding(rule, detail, Engine.Steps, members);
        Engine.RequestStop();
    }

    /// <summary>Could a step of this task do anything?</summary>
    internal bool IsUseful(int ordinal) =>
        _worldTaskOfOrdinal[ordinal] is { } task ? task.IsUseful : !_processOfOrdinal[ordinal]!.IsPaused;

    /// <summary>Group whose pace a task has: a process, a link or a line; -1 for none.</summary>
    internal int PaceGroup(int ordinal) =>
        _worldTaskOfOrdinal[ordinal] is { } task ? task.PaceGroup : _processOfOrdinal[ordinal]!.PaceGroup;

    internal bool IsTicker(int ordinal) => _worldTaskOfOrdinal[ordinal] is SimulatedTicker;

    void IRunObserver.OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        _hash =
            (
                _hash
                ^ (
                    ((ulong)(uint)envelope.Caller.Id.Index << 40)
                    ^ ((ulong)(uint)envelope.Target.Index << 16)
                    ^ envelope.Code)
            ) * 1099511628211;
        _hash = (_hash ^ envelope.Fold()) * 1099511628211;
        if (ProcessOf(resource.Id) is not { IsHalted: false } process)
        {
            return;
        }

        process.Oracle.OnStep(envelope, resource, nowNs);
        _balance.OnStep(envelope, resource, process);
        if (resource is Gateway { IsFenced: true })
        {
            // A process that hears that it was given up ends itself.
            Counts.FencedProcesses++;
            Tell($"{process.Name} hears of another process that it is dead, and stops");
            EndItself(process);
        }
    }

    void IRunObserver.OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        if (ProcessOf(task.Id) is { } process)
        {
            process.Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        }
    }

    void IRunObserver.AfterStep()
    {
        if (_isEnding)
        {
            return;
        }

        int steps = Engine.Steps;
        if (steps % _setup.BalanceEvery == 0)
        {
            _balance.Check();
        }

        if (steps % _setup.AuditEvery == 0)
        {
            Audit(atRest: false);
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
                Break(
                    process.Oracle.Violations[0].Rule,
                    $"{process.Name}: {process.Oracle.Violations[0].Detail}",
                    process.Member);
            }
        }
    }

    private ActorId NewId() => new(_nextId++);

    private int NewPaceGroup() => _paceGroups++;

    private int AddTask(WorldTask task)
    {
        int ordinal = Register(task, null);
        Engine.Start(task);
        return ordinal;
    }

    private int Register(TaskActor task, SimulatedProcess? process)
    {
        Engine.Add(task);
        _worldTaskOfOrdinal.Add(task as WorldTask);
        _processOfOrdinal.Add(process);
        return ExploredEngine.OrdinalOf(task);
    }

    /// <summary>The life at the end of a line comes up. Its tasks wait for the start.</summary>
    private SimulatedProcess Begin(ControlLine line, ControlMessage.Welcome welcome)
    {
        SimulatedProcess process = new(this, line, welcome, _nextId, _processes.Count, NewPaceGroup());
        while (_processOfId.Count < process.EndId)
        {
            _processOfId.Add(_processOfId.Count < _nextId ? null : process);
        }

        _nextId = process.EndId;
        _processes.Add(process);
        _current[process.Member] = process;
        foreach (Resource resource in process.Resources())
        {
            Engine.Add(resource);
        }

        foreach (TaskActor task in process.Tasks())
        {
            process.Ordinals.Add(Register(task, process));
        }

        return process;
    }

    /// <summary>The coordinator said so.</summary>
    internal void StartTasks(SimulatedProcess process)
    {
        foreach ((TaskActor task, long startNs) in process.Topology.Tasks)
        {
            if (startNs >= 0)
            {
                Engine.Start(task);
            }
        }

        Engine.Start(process.Keeper);
        Engine.Start(process.Ticker);
        process.NextReport = Now + 1;
        PlanEvents();
        SetDue();
    }

    internal void Halt(SimulatedProcess process)
    {
        process.IsHalted = true;
        process.NextReport = long.MaxValue;
        foreach (int ordinal in process.Ordinals)
        {
            Engine.Halt(Engine.Task(ordinal));
        }
    }
}
