using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EpcActors.Engine;

/// <summary>
/// A request on its way to a resource and back. Every task owns one envelope per message type and re-uses it: a task has at most
/// one request outstanding, so in the steady state a step allocates nothing.
/// </summary>
/// <remarks>
/// Who may touch it: the task until it is posted, the target's engine until it is answered, then the task again. The link
/// <see cref="NextInQueue"/> belongs to the resource that parked it.
/// </remarks>
public abstract class Envelope : RoutineAwaiter
{
    private protected Envelope(TaskActor caller, ushort code)
    {
        Caller = caller;
        Code = code;
    }

    /// <summary>The task that asks.</summary>
    public TaskActor Caller { get; }

    /// <summary>The resource that is asked.</summary>
    public ActorId Target { get; internal set; }

    /// <summary>True while the resource keeps the request in one of its wait queues.</summary>
    public bool IsParked { get; internal set; }

    /// <summary><see cref="IMessage.Code"/> of the message inside.</summary>
    public ushort Code { get; }

    internal Envelope? NextInQueue;

    /// <summary>Has <paramref name="resource"/> handle the message.</summary>
    public abstract void Deliver(Resource resource, Turn turn);

    /// <summary>The message's bytes, for hashes, records and wires.</summary>
    public abstract ReadOnlySpan<byte> Payload { get; }

    /// <summary>The message's bytes in one word, for hashes: equal messages of a type have equal words.</summary>
    public abstract ulong Fold();

    /// <summary>The message as an object, for people: logs and test probes. Allocates.</summary>
    public abstract object Describe();

    /// <summary>Marks the request as answered; the engine resumes the caller.</summary>
    public void MarkAnswered()
    {
        IsParked = false;
        IsCompleted = true;
    }
}

/// <summary>The envelope of one message type.</summary>
public sealed class Envelope<TMessage> : Envelope
    where TMessage : unmanaged, IMessage
{
    private object? _handler;

    internal Envelope(TaskActor caller)
        : base(caller, TMessage.Code)
    {
    }

    /// <summary>The message: going out as asked, coming back as answered.</summary>
    public TMessage Message;

    public override ReadOnlySpan<byte> Payload => MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref Message, 1));

    public override void Deliver(Resource resource, Turn turn)
    {
        // A task asks the same resource again and again; whether it understands the message was seen the first time.
        if (!ReferenceEquals(resource, _handler))
        {
            _handler = Checked(resource);
        }

        Unsafe.As<IHandle<TMessage>>(_handler!).Handle(ref Message, turn);
    }

    public override ulong Fold()
    {
        const ulong Multiplier = 0x9FB21C651E98DF25;
        ref byte bytes = ref Unsafe.As<TMessage, byte>(ref Message);
        ulong fold = 0;
        int at = 0;

        // Products of different words meet at different rotations, so that equal values in different fields do not cancel out.
        for (; at + sizeof(ulong) <= Unsafe.SizeOf<TMessage>(); at += sizeof(ulong))
        {
            fold += BitOperations.RotateLeft(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, at)) * Multiplier, at + 5);
        }

        if (at + sizeof(uint) <= Unsafe.SizeOf<TMessage>())
        {
            fold += BitOperations.RotateLeft(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, at)) * Multiplier, at + 5);
        }

        return fold;
    }

    public override object Describe() => Message;

    /// <summary>The await of a routine ends here: the answered message.</summary>
    public TMessage GetResult()
    {
        IsCompleted = false;
        return Message;
    }

    public Envelope<TMessage> GetAwaiter() => this;

    private static Resource Checked(Resource resource) =>
        resource is IHandle<TMessage>
            ? resource
            : throw new InvariantViolation($"{resource.Name} does not understand {typeof(TMessage).Name}");
}
