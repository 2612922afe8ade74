using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using static EpcActors.Cluster.Simulation.SimulationProtocol;

namespace EpcActors.Cluster.Simulation;

/// <summary>A task that is no part of a machine: it carries, ticks, or makes time pass.</summary>
internal abstract class WorldTask(ActorId id, string name, int paceGroup) : TaskActor(id, name, -1, 0)
{
    public override ActorKind ActorKind => ActorKind.ClusterTask;

    /// <summary>Tasks of one group are fast or slow together; -1 for one that is never slow.</summary>
    public int PaceGroup { get; } = paceGroup;

    /// <summary>Its next step could do something.</summary>
    public abstract bool IsUseful { get; }

    public override bool IsDaemon => true;
}

/// <summary>
/// The time of the coordinator and of the plan of faults. A step of any task is a tick. When a step of this one comes
/// before anything is due, time jumps to the next thing that is:
/// the strategy picks it early only when nothing else can happen. It never ends: the run does, when the coordinator has
/// ended it.
/// </summary>
internal sealed class WorldClock(ActorId id, SimulatedCluster cluster) : WorldTask(id, "time", -1)
{
    public override bool IsUseful => cluster.IsSomethingDue;

    public override bool IsDaemon => false;

    protected override async Routine Run()
    {
        while (true)
        {
            await Sleep(0);
            cluster.PassTime();
        }
    }
}

/// <summary>The clock of one process, for what is to be sent again.</summary>
internal sealed class SimulatedTicker(ActorId id, SimulatedProcess process) : WorldTask(id, "ticker", process.PaceGroup)
{
    public override bool IsUseful => !process.IsStill && process.Gateway.OutstandingCalls > 0;

    protected override async Routine Run()
    {
        while (true)
        {
            await Ask(process.Gateway.Id, new ClusterProtocol.Tick());
        }
    }
}

/// <summary>Views that the coordinator told one process of, and that its gateway has not installed yet.</summary>
internal sealed class ViewPost(ActorId id, int first) : Resource(id, "view-post"), IHandle<PostView>, IHandle<AwaitPost>
{
    private readonly List<int> _posted = [first];
    private WaitQueue _keeper;

    public override ActorKind ActorKind => ActorKind.Gateway;

    public int Newest => _posted[^1];

    public void Handle(ref PostView message, Turn turn)
    {
        _posted.Add(message.Epoch);
        if (!_keeper.IsEmpty)
        {
            turn.Ready(ref _keeper);
        }
    }

    public void Handle(ref AwaitPost message, Turn turn)
    {
        message.Newest = _posted[^1];
        if (message.Newest <= message.Seen)
        {
            turn.Park(ref _keeper);
            return;
        }

        int seen = message.Seen;
        message.Next = _posted.Find(epoch => epoch > seen);
    }
}

/// <summary>Installs views in one process: each, or some of them, as decision 17 allows.</summary>
internal sealed class ViewKeeper(ActorId id, SimulatedProcess process, int first)
    : WorldTask(id, "view-keeper", process.PaceGroup)
{
    /// <summary>Views that it left out.</summary>
    public int Skipped { get; private set; }

    public override bool IsUseful => !process.IsStill;

    protected override async Routine Run()
    {
        int seen = first;
        while (true)
        {
            AwaitPost view = await Ask(process.Post.Id, new AwaitPost { Seen = seen });
            seen = view.Next;
            if (view.Newest > view.Next && Choose((int)NetworkChoice.SkipView))
            {
                Skipped++;
                seen = view.Newest;
            }

            await Ask(process.Gateway.Id, new ClusterProtocol.InstallView { Epoch = seen });
        }
    }
}
