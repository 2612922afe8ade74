using EpcActors.Actors.Cluster;
using EpcActors.Engine;
using static EpcActors.Distribution.Simulation.SimulationProtocol;

namespace EpcActors.Distribution.Simulation;

/// <summary>Views that the coordinator told one process of. The connection to the coordinator loses nothing, but it may take its time.</summary>
internal sealed class ViewPost(ActorId id, int first) : Resource(id, "view-post"), IHandle<PostView>, IHandle<AwaitPost>
{
    private readonly List<int> _posted = [first];
    private WaitQueue _keeper;

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

/// <summary>Installs views in one process: each, or some of them.</summary>
internal sealed class ViewKeeper(ActorId id, ActorId post, ActorId exchange, int first) : TaskActor(id, "view-keeper", -1, 0)
{
    /// <summary>Views that it left out.</summary>
    public int Skipped { get; private set; }

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        int seen = first;
        while (true)
        {
            AwaitPost view = await Ask(post, new AwaitPost { Seen = seen });
            seen = view.Next;
            if (view.Newest > view.Next && Choose((int)NetworkChoice.SkipView))
            {
                Skipped++;
                seen = view.Newest;
            }

            await Ask(exchange, new ClusterProtocol.InstallView { Epoch = seen });
        }
    }
}

/// <summary>The clock of one process, for what is to be sent again.</summary>
internal sealed class Ticker(ActorId id, ActorId exchange) : TaskActor(id, "ticker", -1, 0)
{
    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        while (true)
        {
            await Ask(exchange, new ClusterProtocol.Tick());
        }
    }
}

/// <summary>The coordinator, and fate: works the plan of faults off, and makes the views that follow from them.</summary>
internal sealed class Conductor(ActorId id, SimulatedCluster cluster) : TaskActor(id, "coordinator", -1, 0)
{
    private readonly List<(ActorId Post, int Epoch)> _news = [];

    protected override async Routine Run()
    {
        // It never ends: the run does, when the cluster says that all is done.
        while (true)
        {
            await Sleep(0);
            if (!cluster.HasNextEvent || !Choose((int)NetworkChoice.FaultNow))
            {
                continue;
            }

            cluster.DoNextEvent(this, _news);
            foreach ((ActorId post, int epoch) in _news)
            {
                await Ask(post, new PostView { Epoch = epoch });
            }

            _news.Clear();
        }
    }
}
