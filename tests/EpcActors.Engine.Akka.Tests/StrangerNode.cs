using Akka.Actor;
using EpcActors.Cluster.AkkaTransport;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>A process that joins the Akka.Cluster of a run, speaks its protocol, and is not part of the run.</summary>
internal sealed class StrangerNode : IAsyncDisposable
{
    private readonly ActorSystem _system;
    private readonly IActorRef _self;
    private readonly string _coordinator;

    private StrangerNode(ActorSystem system, string coordinator)
    {
        _system = system;
        _coordinator = coordinator;
        _self = system.ActorOf(Props.Create(() => new Ear(Heard)), MemberActor.Name);
    }

    /// <summary>Messages that it receives.</summary>
    public Inbox<object> Heard { get; } = new();

    /// <summary>The uid of its actor system.</summary>
    public int Life => AkkaCluster.Get(_system).SelfUniqueAddress.Uid;

    /// <summary>It was taken out, or has left.</summary>
    public Task Gone => _system.WhenTerminated;

    public static async Task<StrangerNode> JoinAsync(AkkaClusterOptions options, string role)
    {
        ActorSystem system = ClusterSystem.Create(options, [role]);
        AkkaCluster cluster = AkkaCluster.Get(system);
        string[] place = options.Seed.Split(':');
        Address seed = new(
            cluster.SelfAddress.Protocol,
            cluster.SelfAddress.System,
            place[0],
            int.Parse(place[1], System.Globalization.CultureInfo.InvariantCulture));
        using CancellationTokenSource limit = new(ClusterHarness.Limit);
        await cluster.JoinAsync(seed, limit.Token);
        return new StrangerNode(system, seed.ToString());
    }

    /// <summary>Tells an actor of the coordinator something.</summary>
    public void Tell(string actor, object message) => TellAt(_coordinator, actor, message);

    /// <summary>Tells an actor of a process something.</summary>
    public void TellAt(string address, string actor, object message) =>
        ClusterSystem.Resolve(_system, address, actor).Tell(message, _self);

    public async ValueTask DisposeAsync()
    {
        ((ExtendedActorSystem)_system).Abort();
        await _system.WhenTerminated;
    }

    private sealed class Ear : UntypedActor
    {
        private readonly Inbox<object> _heard;

        public Ear(Inbox<object> heard) => _heard = heard;

        protected override void OnReceive(object message) => _heard.Add(message);
    }
}
