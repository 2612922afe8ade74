using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>Settings of <see cref="AkkaEngine"/>.</summary>
public sealed record AkkaOptions
{
    /// <summary>
    /// The <c>akka</c> block of the user's file as HOCON text, <c>akka { … }</c>; empty for none. Only for a system of
    /// the engine's own.
    /// </summary>
    public string AkkaBlock { get; init; } = "";

    /// <summary>Name of the engine's own <see cref="ActorSystem"/>.</summary>
    public string SystemName { get; init; } = "epc";

    /// <summary>
    /// Folder below <c>/user</c> that all actors of the engine are in, as <c>epc</c> or <c>runs/first</c>; empty for
    /// none.
    /// </summary>
    public string Prefix { get; init; } = "";

    /// <summary>
    /// Dispatcher of the resources, unless a deployment in the configuration names another for an actor. Without one of
    /// this name: <see cref="DefaultDispatcher"/>.
    /// </summary>
    public string ResourceDispatcher { get; init; } = "akka.actor.epc-resources";

    /// <summary>As <see cref="ResourceDispatcher"/>, of the tasks.</summary>
    public string TaskDispatcher { get; init; } = "akka.actor.epc-tasks";

    /// <summary>
    /// Publishes a <see cref="MessageDelivered"/> for every message on the event stream, whether an actor listens or
    /// not. Without it the tap is open while
    /// <see cref="MessageTap"/> has subscribers.
    /// </summary>
    public bool Tap { get; init; }

    /// <summary>
    /// Says the critical section of a message in words, for the tap and for logs: the resource, the message, its fields
    /// as asked, and as answered or null. Called on the thread that has the resource to itself, and only while messages
    /// are shown. <c>KernelWords.Of</c> of EpcActors.Reports says it as the kernel would.
    /// </summary>
    public Func<
        string,
        string,
        IReadOnlyList<KeyValuePair<string, string>>,
        IReadOnlyList<KeyValuePair<string, string>>?,
        string>? Words
    { get; init; }

    /// <summary>Dispatcher of whatever has none of its own.</summary>
    public const string DefaultDispatcher = "akka.actor.epc-dispatcher";
}
