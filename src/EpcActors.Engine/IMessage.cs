namespace EpcActors.Engine;

/// <summary>
/// One critical section (or one atomic operation) of a resource, as data: the input and, in the fields marked
/// <c>Out</c>, the result. The same struct travels to the resource and back.
/// </summary>
/// <remarks>
/// Messages are unmanaged structs of ids, numbers and enums without padding, so that any engine can hash them, record
/// them and write them to a wire byte for byte. A test holds every message to that.
/// </remarks>
public interface IMessage
{
    /// <summary>
    /// Stable number of the message: actor in the high byte, operation in the low byte. Never re-used.
    /// </summary>
    static abstract ushort Code { get; }

    /// <summary>
    /// Kind of the message, in the kernel's words. A message of a test or of a user's own actor has
    /// <see cref="MessageKind.Other"/>.
    /// </summary>
    static abstract MessageKind Kind { get; }
}

/// <summary>Says that a resource understands a message.</summary>
public interface IHandle<TMessage>
    where TMessage : unmanaged, IMessage
{
    /// <summary>
    /// Executes the critical section to its end. No other request runs in this resource meanwhile. It fills in the
    /// message's out fields and returns, or calls <see cref="Turn.Park"/>: then it has changed nothing, and the engine
    /// handles the message again once another request makes it ready.
    /// </summary>
    void Handle(ref TMessage message, Turn turn);
}
