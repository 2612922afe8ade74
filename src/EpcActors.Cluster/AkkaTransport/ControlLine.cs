using System.Buffers;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// One end of the line between a member and the coordinator, in both directions: messages come once and in order as
/// long as both live, though Akka.Remote delivers at most once. Long ones are sent in parts, so that heartbeats get
/// through between them. For the actor that has it; time is milliseconds of any clock that does not go back.
/// </summary>
/// <remarks>
/// Go-back-N: a part that has not arrived for <see cref="ResendMs"/> is sent again with all after it, and the receiver
/// takes a part only when it is the next. Loss is rare (a connection that breaks and is made again), so nothing is kept
/// out of order.
/// </remarks>
/// <param name="life">Of the member.</param>
internal sealed class ControlLine(int life)
{
    /// <summary>Bytes of a message in one part.</summary>
    public const int PartBytes = 32 << 10;

    /// <summary>Parts that may be under way.</summary>
    public const int Window = 16;

    /// <summary>Milliseconds without an answer after which parts are sent again.</summary>
    public const long ResendMs = 300;

    private readonly Queue<ControlPart> _unsent = new();
    private readonly Queue<ControlPart> _sent = new();
    private readonly ArrayBufferWriter<byte> _incoming = new();
    private long _numbered;
    private long _taken;
    private long _sentAt;

    /// <summary>Everything has arrived.</summary>
    public bool IsIdle => _unsent.Count + _sent.Count == 0;

    /// <summary>Parts that were sent more than once.</summary>
    public long SentAgain { get; private set; }

    /// <summary>Parts that have arrived here, for the answer.</summary>
    public ControlTaken Taken => new(life, _taken);

    /// <summary>Adds a message; <see cref="Next"/> has its parts.</summary>
    public void Add(ControlMessage message)
    {
        ReadOnlySpan<byte> json = ControlCodec.Encode(message);
        while (true)
        {
            bool isLast = json.Length <= PartBytes;
            _unsent.Enqueue(
                new ControlPart(life, ++_numbered, isLast, json[..(isLast ? json.Length : PartBytes)].ToArray()));
            if (isLast)
            {
                return;
            }

            json = json[PartBytes..];
        }
    }

    /// <summary>
    /// The next part to be sent now; null: nothing to send, or the other end has to acknowledge first.
    /// </summary>
    public ControlPart? Next(long nowMs)
    {
        if (_sent.Count >= Window || !_unsent.TryDequeue(out ControlPart? part))
        {
            return null;
        }

        if (_sent.Count == 0)
        {
            _sentAt = nowMs;
        }

        _sent.Enqueue(part);
        return part;
    }

    /// <summary>Parts to send again, in order.</summary>
    public IReadOnlyCollection<ControlPart> Overdue(long nowMs)
    {
        if (_sent.Count == 0 || nowMs - _sentAt < ResendMs)
        {
            return [];
        }

        _sentAt = nowMs;
        SentAgain += _sent.Count;
        return _sent;
    }

    /// <summary>The other end has everything up to a number.</summary>
    public void OnTaken(long number, long nowMs)
    {
        while (_sent.TryPeek(out ControlPart? first) && first.Number <= number)
        {
            _sent.Dequeue();
            _sentAt = nowMs;
        }
    }

    /// <summary>
    /// Takes a part. Returns the message that ends with it, if one does; the caller answers <see cref="Taken"/> in any
    /// case.
    /// </summary>
    /// <exception cref="WireFormatException">it is not a message.</exception>
    public ControlMessage? OnPart(ControlPart part)
    {
        if (part.Number != _taken + 1)
        {
            // A duplicate, or a part before it is missing: the answer corrects both.
            return null;
        }

        _taken++;
        if (_incoming.WrittenCount + part.Bytes.Length > ControlCodec.MaxBytes)
        {
            throw new WireFormatException($"a control message is longer than {ControlCodec.MaxBytes} bytes");
        }

        _incoming.Write(part.Bytes);
        if (!part.IsLast)
        {
            return null;
        }

        try
        {
            return ControlCodec.Decode(_incoming.WrittenSpan);
        }
        finally
        {
            _incoming.Clear();
        }
    }
}
