using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EpcActors.Engine;

/// <summary>
/// A request on its way to a resource and back. Envelopes are used again: a task has at most one request outstanding,
/// and keeps one envelope per message type or shares them with others of its kind (<see cref="EnvelopeSet"/>). So in
/// the steady state a step allocates nothing.
/// </summary>
/// <remarks>
/// The task may touch it until it is posted, the target's engine until it is answered, then the task again. The link
/// <see cref="NextInQueue"/> belongs to the resource that parked it.
/// </remarks>
public abstract class Envelope : RoutineAwaiter
{
    // Requests handled: here for the kind of resource that was asked first, in a list for the others. The thread that
    // handles the request writes it, any thread reads it: a count only grows, and an entry of the list never goes.
    private long _handled;
    private ActorKind _firstKind;
    private Tally? _tallies;
    private Tally? _current;

    private protected Envelope(TaskActor caller, int typeIndex, ushort code, MessageKind kind)
    {
        Caller = caller;
        TypeIndex = typeIndex;
        Code = code;
        Kind = kind;
    }

    /// <summary>The task that asks.</summary>
    public TaskActor Caller { get; internal set; }

    /// <summary>The resource that is asked.</summary>
    public ActorId Target { get; internal set; }

    /// <summary>True while the resource keeps the request in one of its wait queues.</summary>
    public bool IsParked { get; internal set; }

    /// <summary><see cref="IMessage.Code"/> of the message inside.</summary>
    public ushort Code { get; }

    /// <summary><see cref="IMessage.Kind"/> of the message inside.</summary>
    public MessageKind Kind { get; }

    internal Envelope? NextInQueue;

    /// <summary>Link of the <see cref="EnvelopeSet"/> that it is in.</summary>
    internal Envelope? NextIdle;

    /// <summary>The envelope that was made before it, in the same set.</summary>
    internal Envelope? Older;

    /// <summary>Number of the message type.</summary>
    internal int TypeIndex { get; }

    /// <summary>For engines: the resource has handled the request and did not park it.</summary>
    internal void CountHandled()
    {
        if (_current is null)
        {
            _handled++;
        }
        else
        {
            _current.Handled++;
        }
    }

    /// <summary>Adds the counts, by kind of the resource.</summary>
    internal void CountMessages(MessageCounts counts)
    {
        ActorKind asker = Caller.ActorKind;
        counts.Add(asker, _firstKind, Kind, Code, _handled);
        for (Tally? tally = _tallies; tally is not null; tally = tally.Next)
        {
            counts.Add(asker, tally.Kind, Kind, Code, tally.Handled);
        }
    }

    /// <summary>Notes that the message goes to another resource than the last time.</summary>
    private protected void IsFor(Resource resource, bool isFirst)
    {
        ActorKind kind = resource.ActorKind;
        if (isFirst)
        {
            _firstKind = kind;
        }

        // Nearly every message is understood by one kind of resource.
        _current = kind == _firstKind ? null : TallyOf(kind);
    }

    /// <summary>Has <paramref name="resource"/> handle the message.</summary>
    public abstract void Deliver(Resource resource, Turn turn);

    /// <summary>The message's bytes, for hashes, records and wires.</summary>
    public abstract ReadOnlySpan<byte> Payload { get; }

    /// <summary>For engines that go back: the message as its bytes were once.</summary>
    internal abstract void SetPayload(ReadOnlySpan<byte> payload);

    /// <summary>The message's bytes in one word, for hashes: equal messages of a type have equal words.</summary>
    public abstract ulong Fold();

    /// <summary>The message as an object, for people: logs and test probes. Allocates.</summary>
    public abstract object Describe();

    /// <summary>Has <paramref name="reader"/> read the envelope with the type of its message.</summary>
    public abstract TResult Read<TResult>(IEnvelopeReader<TResult> reader);

    /// <summary>Marks the request as answered; the engine resumes the caller.</summary>
    public void MarkAnswered()
    {
        IsParked = false;
        IsCompleted = true;
    }

    private Tally TallyOf(ActorKind kind)
    {
        for (Tally? tally = _tallies; tally is not null; tally = tally.Next)
        {
            if (tally.Kind == kind)
            {
                return tally;
            }
        }

        _tallies = new Tally(kind, _tallies);
        return _tallies;
    }

    /// <summary>Requests handled by one kind of resource.</summary>
    private sealed class Tally(ActorKind kind, Tally? next)
    {
        public long Handled;

        public ActorKind Kind => kind;

        public Tally? Next => next;
    }
}

/// <summary>The envelope of one message type.</summary>
public sealed class Envelope<TMessage> : Envelope
    where TMessage : unmanaged, IMessage
{
    private Resource? _handler;
    private Type? _understood;

    internal Envelope(TaskActor caller)
        : base(caller, MessageIndex<TMessage>.Value, TMessage.Code, TMessage.Kind)
    {
    }

    /// <summary>The message: the request on its way out, the answer on its way back.</summary>
    public TMessage Message;

    public override ReadOnlySpan<byte> Payload =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref Message, 1));

    internal override void SetPayload(ReadOnlySpan<byte> payload) =>
        payload.CopyTo(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref Message, 1)));

    public override void Deliver(Resource resource, Turn turn)
    {
        // A task asks the same resource again and again, and others of its type: the first time has checked that the
        // type understands the message.
        if (!ReferenceEquals(resource, _handler))
        {
            Type type = resource.GetType();
            if (type != _understood)
            {
                Check(resource);
                _understood = type;
            }

            IsFor(resource, isFirst: _handler is null);
            _handler = resource;
        }

        Unsafe.As<IHandle<TMessage>>(resource).Handle(ref Message, turn);
    }

    public override ulong Fold()
    {
        const ulong Multiplier = 0x9FB21C651E98DF25;
        ref byte bytes = ref Unsafe.As<TMessage, byte>(ref Message);
        ulong fold = 0;
        int at = 0;

        // Products of different words meet at different rotations, so that equal values in different fields do not
        // cancel out.
        for (; at + sizeof(ulong) <= Unsafe.SizeOf<TMessage>(); at += sizeof(ulong))
        {
            fold += BitOperations.RotateLeft(
                Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, at)) * Multiplier,
                at + 5);
        }

        if (at + sizeof(uint) <= Unsafe.SizeOf<TMessage>())
        {
            fold += BitOperations.RotateLeft(
                Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, at)) * Multiplier,
                at + 5);
        }

        return fold;
    }

    public override object Describe() => Message;

    public override TResult Read<TResult>(IEnvelopeReader<TResult> reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        return reader.Read(this);
    }

    /// <summary>Ends the await of a routine with the answered message.</summary>
    public TMessage GetResult()
    {
        IsCompleted = false;
        return Message;
    }

    public Envelope<TMessage> GetAwaiter() => this;

    private static void Check(Resource resource)
    {
        if (resource is not IHandle<TMessage>)
        {
            throw new InvariantViolation($"{resource.Name} does not understand {typeof(TMessage).Name}");
        }
    }
}
