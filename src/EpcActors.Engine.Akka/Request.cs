using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>
/// A message to a resource, as an actor outside of the engine sends it, or as a stand-in for a resource gets it. See
/// <see cref="Request{TMessage}"/>.
/// </summary>
public abstract class Request : INoSerializationVerificationNeeded
{
    private protected Request(Envelope? forwarded) => Forwarded = forwarded;

    /// <summary>Kind of the message inside.</summary>
    public abstract MessageKind Kind { get; }

    /// <summary>The request of a task that a stand-in got; null for one that an actor has made.</summary>
    internal Envelope? Forwarded { get; }

    /// <summary>True when the resource has a handler for it.</summary>
    internal abstract bool IsUnderstoodBy(Resource resource);

    /// <summary>The same as a request of a task.</summary>
    internal abstract Envelope Prepare(TaskActor task, ActorId target);

    /// <summary>Reply to an answered request.</summary>
    internal abstract Reply ReplyOf(Envelope answered);
}

/// <summary>
/// A message to a resource. An actor outside of the engine, as a TestProbe, sends it to the resource's actor and gets a
/// <see cref="Reply{TMessage}"/>; a stand-in for a resource gets it and replies with one, or forwards it to the
/// resource's actor.
/// </summary>
/// <typeparam name="TMessage">Type of the message, as <c>CgroupProtocol.Charge</c>.</typeparam>
public sealed class Request<TMessage> : Request
    where TMessage : unmanaged, IMessage
{
    /// <summary>A request to send.</summary>
    public Request(TMessage message)
        : this(message, null)
    {
    }

    internal Request(TMessage message, Envelope<TMessage>? forwarded)
        : base(forwarded) => Message = message;

    /// <summary>The message as asked.</summary>
    public TMessage Message { get; }

    public override MessageKind Kind => TMessage.Kind;

    public override string ToString() => MessageFields.Line(Message);

    internal override bool IsUnderstoodBy(Resource resource) => resource is IHandle<TMessage>;

    internal override Envelope Prepare(TaskActor task, ActorId target) => task.Prepare(target, Message);

    internal override Reply ReplyOf(Envelope answered) => new Reply<TMessage>(((Envelope<TMessage>)answered).Message);
}

/// <summary>An answered message. See <see cref="Reply{TMessage}"/>.</summary>
public abstract class Reply : INoSerializationVerificationNeeded
{
    private protected Reply()
    {
    }

    /// <summary>True when it is of the type of that request.</summary>
    internal abstract bool Fits(Envelope request);

    /// <summary>Writes the answer into the request.</summary>
    internal abstract void Fill(Envelope request);
}

/// <summary>
/// An answered message: the answer of a resource to a <see cref="Request{TMessage}"/>, or that of a stand-in in its
/// place.
/// </summary>
public sealed class Reply<TMessage>(TMessage message) : Reply
    where TMessage : unmanaged, IMessage
{
    /// <summary>The message as answered.</summary>
    public TMessage Message { get; } = message;

    public override string ToString() => MessageFields.Line(Message);

    internal override bool Fits(Envelope request) => request is Envelope<TMessage>;

    internal override void Fill(Envelope request) => ((Envelope<TMessage>)request).Message = Message;
}

/// <summary>Makes a typed request of an envelope.</summary>
internal sealed class RequestMaker : IEnvelopeReader<Request>
{
    public static readonly RequestMaker Instance = new();

    public Request Read<TMessage>(Envelope<TMessage> envelope)
        where TMessage : unmanaged, IMessage => new Request<TMessage>(envelope.Message, envelope);
}
