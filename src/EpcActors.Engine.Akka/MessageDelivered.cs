using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// Published on the <see cref="ActorSystem.EventStream"/> for every message that was delivered, while the tap is open
/// (<see cref="MessageTap"/>). A message that its resource parks is published twice: parked, and answered once it was
/// handled again.
/// </summary>
/// <param name="Asker">Path of the task that asks, or of the actor outside of the engine.</param>
/// <param name="Resource">Path of the resource, or of its stand-in.</param>
/// <param name="Kind">Kind of the message.</param>
/// <param name="Asked">The message as asked, a struct of the type <see cref="MessageType"/>.</param>
/// <param name="Answer">The message as answered; null when the resource parked it.</param>
/// <param name="Words">The critical section in the kernel's words (<see cref="AkkaOptions.Words"/>); empty without a
/// source of words.</param>
public sealed record MessageDelivered(
    ActorPath Asker, ActorPath Resource, MessageKind Kind, object Asked, object? Answer, string Words)
    : INoSerializationVerificationNeeded
{
    /// <summary>Type of the message, as <c>CgroupProtocol.Charge</c>.</summary>
    public Type MessageType => Asked.GetType();

    /// <summary>True when the resource keeps the request until it can serve it.</summary>
    public bool IsParked => Answer is null;

    /// <summary>The message, its answer and the kernel's words on one line.</summary>
    public string Line
    {
        get
        {
            string answer = Answer is null ? "parked" : MessageFields.Line(Answer, Asked);
            return MessageFields.Line(Asked)
                + (answer.Length > 0 ? $" -> {answer}" : "")
                + (Words.Length > 0 ? $" ({Words})" : "");
        }
    }

    public override string ToString() =>
        $"{MessageKinds.Name(Kind)}: {Asker.ToStringWithoutAddress()} -> {Resource.ToStringWithoutAddress()}: {Line}";
}
