using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>Kind of a frame.</summary>
public enum FrameKind : byte
{
    /// <summary>None: nothing to send, or nothing arrived.</summary>
    None,

    /// <summary>A task of the sender asks.</summary>
    Request,

    /// <summary>The answer to a request.</summary>
    Reply,

    /// <summary>The sender of a request is dead in the receiver's view: it has to stop.</summary>
    Fenced,

    /// <summary>
    /// A request has arrived and its answer takes longer: a shared counter is being rebuilt, or a request worker is at
    /// work. It shows only that the sender is heard.
    /// </summary>
    Pending,
}

/// <summary>
/// Message from process to process: a request of a task or the answer to it. Frames may be lost, doubled, late and
/// overtake one another; <see cref="Gateway"/> makes calls that happen exactly once of them.
/// </summary>
/// <remarks>
/// A task has one request outstanding at most, so the caller (member, incarnation, task) and a number that counts up
/// per task name a request; the receiver keeps the last one of each task, with its answer.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public struct Frame
{
    public FrameKind Kind;

    /// <summary>Version of the frame and of the message in it: <see cref="CurrentVersion"/>.</summary>
    public byte Version;

    /// <summary><see cref="IMessage.Code"/> of the message: its manifest.</summary>
    public ushort Code;

    /// <summary>Member that sends it.</summary>
    public short From;

    /// <summary>Member that it is for.</summary>
    public short To;

    public int FromIncarnation;

    public int ToIncarnation;

    /// <summary>The view that the sender has installed.</summary>
    public int Epoch;

    /// <summary>The task that asks, by the index of its id in its own process.</summary>
    public int Caller;

    /// <summary>Number of the call of its task, ascending.</summary>
    public uint Sequence;

    /// <summary>Number of the cut that the sender is in (see the live engine); 0 where there are none.</summary>
    public int Cut;

    /// <summary>The message.</summary>
    public FramePayload Payload;

    /// <summary>
    /// Version of this program's frames. It changes with the layout of a frame or of any message in it.
    /// </summary>
    public const byte CurrentVersion = 2;

    /// <summary>Most bytes that a message may have.</summary>
    public const int MaxPayload = 5 * sizeof(long);

    /// <summary>The payload as bytes.</summary>
    [UnscopedRef]
    public Span<byte> PayloadBytes => MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref Payload, 1));

    /// <summary>The message in it.</summary>
    public readonly TMessage Read<TMessage>()
        where TMessage : unmanaged, IMessage
    {
        Invariant.That(Code == TMessage.Code, "a frame is read as another message than it carries");
        return Unsafe.As<FramePayload, TMessage>(ref Unsafe.AsRef(in Payload));
    }

    /// <summary>Puts a message in.</summary>
    public void Write<TMessage>(in TMessage message)
        where TMessage : unmanaged, IMessage
    {
        Invariant.That(Unsafe.SizeOf<TMessage>() <= MaxPayload, "a message is too long for a frame");
        Code = TMessage.Code;
        Payload = default;
        Unsafe.As<FramePayload, TMessage>(ref Payload) = message;
    }
}

/// <summary>Room for the message of a frame.</summary>
[InlineArray(Frame.MaxPayload / sizeof(long))]
public struct FramePayload
{
    private long _first;
}

/// <summary>
/// Frames from other processes that wait for the <see cref="Gateway"/>, where several are taken in one turn.
/// </summary>
public interface IInbox
{
    /// <summary>
    /// The frames of the <see cref="ClusterProtocol.ArriveTogether"/> that is handled, in the order in which they came.
    /// </summary>
    ReadOnlySpan<Frame> Frames { get; }
}

/// <summary>
/// Outbox of an <see cref="Gateway"/> for frames to other processes. Never waits: a frame that cannot be sent is lost,
/// and sent again later.
/// </summary>
public interface IOutbox
{
    /// <summary>
    /// Takes a frame that may leave at once. The thread that handles a request of the gateway calls it.
    /// </summary>
    void Send(in Frame frame);

    /// <summary>Takes one of the frames of a turn that makes several: they may wait for one another.</summary>
    void SendWithOthers(in Frame frame) => Send(in frame);
}
