using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Engine;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Simulation;

/// <summary>One life of one member: its actors, its oracle, its clock and its keeper of views.</summary>
internal sealed class SimulatedProcess : IMemberMachine
{
    private const int DaemonsOfItsOwn = 2;

    /// <summary>A member that answers none of so many repeats counts as silent.</summary>
    private const int SilentResends = 32;

    private readonly SimulatedCluster _cluster;
    private readonly MachinePart _part;

    /// <param name="cluster">Cluster of the process.</param>
    /// <param name="line">Its connection to the coordinator.</param>
    /// <param name="welcome">Its identity, from the coordinator.</param>
    /// <param name="firstId">Ids of its actors begin here.</param>
    /// <param name="number">Ascending over all lives of all members.</param>
    /// <param name="paceGroup">Of its tasks.</param>
    public SimulatedProcess(
        SimulatedCluster cluster,
        ControlLine line,
        ControlMessage.Welcome welcome,
        int firstId,
        int number,
        int paceGroup)
    {
        _cluster = cluster;
        Line = line;
        Number = number;
        PaceGroup = paceGroup;
        SimulationSetup setup = cluster.Setup;
        Port = new ClusterPort(welcome.Member, welcome.Incarnation, welcome.MemberOfNode, setup.Scenario.Cgroups.Count)
        {
            ChargeBatch = setup.ChargeBatch,
            CounterBatch = setup.CounterBatch,
            Window = setup.Window,
            ResendTicks = setup.ResendTicks,
            Defect = setup.Defect,
        };
        ClusterView view = welcome.View.ToView();
        JoinedWith = view.Epoch;
        History = new ViewHistory(view);
        SimulatedOutbox outbox = new(cluster);
        _part = new MachinePart(Port)
        {
            Outbox = outbox,
            History = History,
            FirstId = firstId,
            RequestWorkers = setup.RequestWorkers,
        };
        Topology = new Topology(MemberControl.PartOf(setup.Scenario, welcome), _part);
        outbox.Process = this;
        Oracle = new Oracle(Topology, long.MaxValue / 4);
        Suspicion suspicion = new(Member, timeoutNs: SilentResends * setup.ResendTicks, tickNs: 1);
        Control = new MemberControl(Gateway, suspicion, this);
        int id =
            Math.Max(
                Topology.Resources.Max(resource => resource.Id.Index),
                Topology.Tasks.Max(task => task.Task.Id.Index)
            ) + 1;
        Post = new ViewPost(new ActorId(id++), view.Epoch);
        Keeper = new ViewKeeper(new ActorId(id++), this, view.Epoch);
        Ticker = new SimulatedTicker(new ActorId(id++), this);
        EndId = id;
        LastEmptyStock = new int[Port.CounterCount];

        // It begins without stock: what an earlier life of it had is no stock without a break.
        Array.Fill(LastEmptyStock, cluster.Engine.Steps);
    }

    public ClusterPort Port { get; }

    public int Number { get; }

    public int Member => Port.Self;

    public int Incarnation => Port.Incarnation;

    /// <summary>For people.</summary>
    public string Name => $"member {Member} life {Incarnation}";

    /// <summary>Its tasks are fast or slow together.</summary>
    public int PaceGroup { get; }

    public ControlLine Line { get; }

    /// <summary>Its side of the control protocol: the code of production.</summary>
    public MemberControl Control { get; }

    /// <summary>Frames that it sent.</summary>
    public long FramesOut { get; set; }

    /// <summary>The cut that it is in.</summary>
    public int Cut { get; private set; }

    /// <summary>The coordinator told it to begin.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>The coordinator told it to stop, and it did.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>Time of its next status, in ticks.</summary>
    public long NextReport { get; set; } = long.MaxValue;

    /// <summary>The view that it began with.</summary>
    public int JoinedWith { get; }

    public ViewHistory History { get; }

    public Topology Topology { get; }

    public Oracle Oracle { get; }

    public Gateway Gateway => _part.Gateway;

    public ViewPost Post { get; }

    public ViewKeeper Keeper { get; }

    public SimulatedTicker Ticker { get; }

    /// <summary>The first id behind its own.</summary>
    public int EndId { get; }

    /// <summary>It makes no step any more: crashed, it heard that it is given up, or it stopped.</summary>
    public bool IsHalted { get; set; }

    /// <summary>The coordinator gave it up, whether it runs or not.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>It stands still.</summary>
    public bool IsPaused { get; set; }

    /// <summary>It makes no step for now.</summary>
    public bool IsStill => IsPaused || !HasStarted;

    /// <summary>It counts: in the newest view, and running.</summary>
    public bool IsLiving => !IsHalted && !IsGivenUp;

    /// <summary>By counter: the last step after which it had nothing in stock.</summary>
    public int[] LastEmptyStock { get; }

    /// <summary>
    /// Ordinals of its tasks in the engine, those of <see cref="Topology"/> first, behind them its own two.
    /// </summary>
    public List<int> Ordinals { get; } = [];

    /// <summary>Ordinals without keeper and clock.</summary>
    public IEnumerable<int> WorkOrdinals => Ordinals.Take(Ordinals.Count - DaemonsOfItsOwn);

    public IEnumerable<TaskActor> Tasks()
    {
        foreach ((TaskActor task, long _) in Topology.Tasks)
        {
            yield return task;
        }

        yield return Keeper;
        yield return Ticker;
    }

    public IEnumerable<Resource> Resources() => [.. Topology.Resources, Post];

    /// <summary>Threads that have to come to an end have.</summary>
    public bool IsWorkDone
    {
        get
        {
            foreach ((TaskActor task, long startNs) in Topology.Tasks)
            {
                if (!task.IsDaemon && !task.HasStopped && (task.HasStarted || startNs >= 0))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Activity of its tasks, as an engine counts them.</summary>
    public MemberActivity Activity()
    {
        int running = 0;
        int going = 0;
        int sleeping = 0;
        for (int i = 0; i < Topology.Tasks.Count; i++)
        {
            (TaskActor task, long startNs) = Topology.Tasks[i];
            bool isUnderWay = !task.HasStopped && (task.HasStarted || startNs >= 0);
            running += isUnderWay && !task.IsDaemon ? 1 : 0;
            if (isUnderWay && _cluster.Engine.IsEnabled(Ordinals[i]))
            {
                bool isAsleep = _cluster.Engine.IsAsleep(Ordinals[i]);
                sleeping += isAsleep ? 1 : 0;
                going += isAsleep ? 0 : 1;
            }
        }

        return new MemberActivity(
            running,
            going,
            sleeping,
            HasUnread: Post.Newest > Gateway.View.Epoch,
            Oracle.IsHopeless,
            FramesOut,
            Gateway.Received);
    }

    /// <summary>Takes its part of a cut, unless it has. Between two steps, so nothing in it moves meanwhile.</summary>
    public void BeginCut(int number)
    {
        if (number > Cut && !IsHalted)
        {
            Cut = number;
            Line.TellCoordinator(PartOf(number));
        }
    }

    void IMemberMachine.Begin()
    {
        HasStarted = true;
        _cluster.StartTasks(this);
    }

    void IMemberMachine.Post(ControlMessage.Membership view) => History.Post(view.ToView());

    void IMemberMachine.CutOff(IReadOnlyList<int> members) =>
        throw new InvariantViolation("the faults of a simulation are in its own plan");

    void IMemberMachine.Arm() => throw new InvariantViolation("the faults of a simulation are in its own plan");

    void IMemberMachine.Stop(RunEnd end)
    {
        HasStopped = true;
        _cluster.Halt(this);
        Line.TellCoordinator(
            new ControlMessage.Result(
                SimulatedCluster.NoReport,
                PartOf(int.MaxValue),
                WireCounts.None,
                Gateway.FencedFrames,
                Gateway.SentAgain));
    }

    private ControlMessage.CutPart PartOf(int number) =>
        new(number, Gateway.Snapshot(), [.. Topology.Nodes.Select(MemberHost.PartOf)], TookMs: 0, IsComplete: true);
}
