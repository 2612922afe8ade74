using global::Akka.Actor;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// Another node of a small system over several: an actor system of its own under the same laboratory. A message between
/// nodes is a step when it arrives; messages of one pair keep their order.
/// </summary>
public sealed class RaceNode
{
    private readonly ActorWorld _world;

    internal RaceNode(ActorWorld world, string name)
    {
        _world = world;
        Name = name;
        System = world.NodeOf(name);
    }

    /// <summary>Name in listings and schedules: <c>b:counter</c> is an actor of node b.</summary>
    public string Name { get; }

    public ActorSystem System { get; }

    /// <summary>It has left in this schedule.</summary>
    public bool HasLeft => _world.HasLeft(Name);

    /// <summary>Creates an actor on this node and starts it.</summary>
    public IActorRef ActorOf(Props props, string? name = null)
    {
        IActorRef actor = System.ActorOf(props, name);
        _world.StartCreated();
        return actor;
    }

    /// <summary>Creates an actor on this node and starts it.</summary>
    public IActorRef ActorOf<TActor>(string? name = null)
        where TActor : ActorBase, new() => ActorOf(Props.Create<TActor>(), name);

    /// <summary>
    /// It leaves now, as a process that is killed: watchers on other nodes get Terminated with AddressTerminated.
    /// </summary>
    public void Leave()
    {
        _world.Leave(Name);
        _world.StartCreated();
    }
}
