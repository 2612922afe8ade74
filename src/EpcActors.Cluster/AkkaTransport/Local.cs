using Akka.Actor;
using Akka.Event;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Messages of the transports to their own actors. None of them leaves the process: <see cref="WireSerializer"/>
/// refuses it.
/// </summary>
internal abstract record Local : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    /// <summary>Time passes.</summary>
    public sealed record Tick : Local
    {
        public static readonly Tick Instance = new();
    }

    /// <summary>
    /// A control message for the other end; <paramref name="To"/> is null on the way to the coordinator.
    /// </summary>
    public sealed record Tell(AkkaMemberLink? To, ControlMessage Message) : Local;

    /// <summary>The listener may be called.</summary>
    public sealed record Open : Local;

    /// <summary>No event is raised any more: this process leaves because it was told to.</summary>
    public sealed record Leaving : Local;

    /// <summary>The cluster is over for this process; without a reason, because it was taken out.</summary>
    public sealed record Over(string? Reason) : Local;

    /// <summary>Completes when every message has arrived or its recipient is gone.</summary>
    public sealed record Flush(TaskCompletionSource Done) : Local;

    /// <summary>A member is not heard any more.</summary>
    public sealed record Drop(AkkaMemberLink Link) : Local;
}
