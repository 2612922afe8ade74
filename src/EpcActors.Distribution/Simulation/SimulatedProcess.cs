using EpcActors.Actors.Cluster;
using EpcActors.Engine;
using EpcActors.Lab.Oracles;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Distribution.Simulation;

/// <summary>One life of one member: its actors, its oracle, its clock and its keeper of views.</summary>
internal sealed class SimulatedProcess
{
    private const int DaemonsOfItsOwn = 2;

    /// <param name="cluster">Where it lives.</param>
    /// <param name="scenario">Its part of the scenario.</param>
    /// <param name="port">Who it is.</param>
    /// <param name="view">The view that it begins with.</param>
    /// <param name="firstId">Ids of its actors begin here.</param>
    /// <param name="deputies">Of each kind.</param>
    /// <param name="number">Ascending over all lives of all members.</param>
    public SimulatedProcess(SimulatedCluster cluster, Scenario scenario, ClusterPort port, ClusterView view, int firstId, int deputies, int number)
    {
        Port = port;
        Number = number;
        JoinedWith = view.Epoch;
        Board = new ViewBoard(view);
        SimulatedOutbox outbox = new(cluster);
        Topology = new Topology(scenario, new TopologyMember { Port = port, Outbox = outbox, Board = Board, FirstId = firstId, Deputies = deputies });
        outbox.Process = this;
        Oracle = new Oracle(Topology, long.MaxValue / 4);
        int id = Math.Max(Topology.Resources.Max(resource => resource.Id.Index), Topology.Tasks.Max(task => task.Task.Id.Index)) + 1;
        Post = new ViewPost(new ActorId(id++), view.Epoch);
        Keeper = new ViewKeeper(new ActorId(id++), Post.Id, Exchange.Id, view.Epoch);
        Ticker = new Ticker(new ActorId(id++), Exchange.Id);
        EndId = id;
        LastEmptyStock = new int[port.AccountCount];

        // It begins without stock: what an earlier life of it had is no stock without a break.
        Array.Fill(LastEmptyStock, cluster.Engine.Steps);
    }

    public ClusterPort Port { get; }

    public int Number { get; }

    public int Member => Port.Self;

    public int Incarnation => Port.Incarnation;

    /// <summary>For people.</summary>
    public string Name => $"member {Member} life {Incarnation}";

    /// <summary>The view that it began with.</summary>
    public int JoinedWith { get; }

    public ViewBoard Board { get; }

    public Topology Topology { get; }

    public Oracle Oracle { get; }

    public Exchange Exchange => Topology.Exchange!;

    public ViewPost Post { get; }

    public ViewKeeper Keeper { get; }

    public Ticker Ticker { get; }

    /// <summary>The first id behind its own.</summary>
    public int EndId { get; }

    /// <summary>It makes no step any more: crashed, or it heard that it is given up.</summary>
    public bool IsHalted { get; set; }

    /// <summary>The coordinator gave it up, whether it runs or not.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>It stands still.</summary>
    public bool IsPaused { get; set; }

    /// <summary>It counts: in the newest view, and running.</summary>
    public bool IsLiving => !IsHalted && !IsGivenUp;

    /// <summary>By account: the last step after which it had nothing in stock.</summary>
    public int[] LastEmptyStock { get; }

    /// <summary>Ordinals of its tasks in the engine, those of <see cref="Topology"/> first, behind them its own two.</summary>
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
}
