using EpcActors.Cluster.Sharing;

namespace EpcActors.Cluster.Transport;

/// <summary>
/// Transport of a member process to its coordinator and the other members: over Akka.Cluster, or through queues in a
/// test.
/// </summary>
/// <remarks>
/// Frames may be lost, doubled, late, and overtake one another: <see cref="Gateway"/> stands that. Control messages
/// between a member and the coordinator come once and in order as long as both live and the connection does; when it
/// breaks, the one is dead for the other.
/// </remarks>
public interface IMemberTransport : IOutbox, IAsyncDisposable
{
    /// <summary>
    /// Connects and introduces itself. Returns the coordinator's decision; throws when no answer comes in time, or the
    /// coordinator refused.
    /// </summary>
    /// <param name="hello">Introduction of this process.</param>
    /// <param name="listener">Receiver of what arrives; called from any thread, one call at a time per sender, never
    /// before this method has come back with a welcome.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ClusterException">no coordinator answers, or it refused; the message says what to
    /// do.</exception>
    Task<ControlMessage.Welcome> JoinAsync(
        ControlMessage.Hello hello,
        IMemberListener listener,
        CancellationToken cancellationToken);

    /// <summary>Tells the coordinator something. Never waits; lost when the coordinator is.</summary>
    void Tell(ControlMessage message);

    /// <summary>
    /// Sets the addresses of a view's members; called before the view is installed, and again for every later view.
    /// </summary>
    void Connect(ControlMessage.Membership view);

    /// <summary>
    /// For experiments: frames to and from these members are lost until further notice; empty ends it.
    /// </summary>
    void Cut(IReadOnlyCollection<int> members);

    /// <summary>Counts of what went over the wire so far.</summary>
    WireCounts Counts { get; }

    /// <summary>
    /// Leaves in order (on Akka: the cluster is left and the system shut down by CoordinatedShutdown).
    /// </summary>
    Task LeaveAsync(CancellationToken cancellationToken);
}

/// <summary>Receiver of a member's transport. Calls must not block for long.</summary>
public interface IMemberListener
{
    /// <summary>Frames of another member.</summary>
    void OnFrames(ReadOnlySpan<Frame> frames);

    /// <summary>Something of the coordinator.</summary>
    void OnControl(ControlMessage message);

    /// <summary>The coordinator is gone; nothing will come any more.</summary>
    void OnCoordinatorLost(string reason);
}

/// <summary>Transport of the coordinator to the members.</summary>
public interface ICoordinatorTransport : IAsyncDisposable
{
    /// <summary>
    /// Address of the coordinator for members: <c>host:port</c>. Known after <see cref="OpenAsync"/>.
    /// </summary>
    string Address { get; }

    /// <summary>Opens the coordinator's actor.</summary>
    /// <exception cref="ClusterException">the port is in use, or may not be had.</exception>
    Task OpenAsync(ICoordinatorListener listener, CancellationToken cancellationToken);

    /// <summary>Tells a member something. Never waits.</summary>
    void Tell(MemberLink member, ControlMessage message);

    /// <summary>Drops a member: whatever it still sends is not heard.</summary>
    void Drop(MemberLink member);

    /// <summary>Closes the transport and releases all members.</summary>
    Task CloseAsync(CancellationToken cancellationToken);
}

/// <summary>
/// A member as the coordinator's transport knows it: one connection, one life. Compared by reference.
/// </summary>
public abstract class MemberLink
{
    /// <summary>Address of the member, for people.</summary>
    public abstract string Address { get; }
}

/// <summary>Receiver of the coordinator's transport. One call at a time per member.</summary>
public interface ICoordinatorListener
{
    /// <summary>A process introduces itself. It is answered with a welcome or a refusal, now or later.</summary>
    void OnHello(MemberLink member, ControlMessage.Hello hello);

    /// <summary>A member tells something.</summary>
    void OnControl(MemberLink member, ControlMessage message);

    /// <summary>The connection is broken, or the cluster took the member out: it is dead.</summary>
    void OnLost(MemberLink member, string reason);
}

/// <summary>Counts of what went over the wire.</summary>
/// <param name="FramesOut">Frames sent.</param>
/// <param name="BytesOut">Bytes they took, with what the transport adds as far as it knows.</param>
/// <param name="FramesIn">Frames received.</param>
/// <param name="BytesIn">Bytes they took.</param>
/// <param name="FramesDropped">Frames that were not sent: no connection, no room, or cut off by an experiment.</param>
/// <param name="Writes">Writes to the network; frames per write tell how well they are bundled.</param>
public sealed record WireCounts(
    long FramesOut,
    long BytesOut,
    long FramesIn,
    long BytesIn,
    long FramesDropped,
    long Writes)
{
    public static WireCounts None { get; } = new(0, 0, 0, 0, 0, 0);

    public static WireCounts operator +(WireCounts left, WireCounts right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new(
            left.FramesOut + right.FramesOut,
            left.BytesOut + right.BytesOut,
            left.FramesIn + right.FramesIn,
            left.BytesIn + right.BytesIn,
            left.FramesDropped + right.FramesDropped,
            left.Writes + right.Writes);
    }

    public static WireCounts Add(WireCounts left, WireCounts right) => left + right;
}

/// <summary>Kind of error that kept a cluster from forming.</summary>
public enum ClusterErrorKind
{
    /// <summary>
    /// A process was lost, came too late or did not answer: the same command may succeed the next time.
    /// </summary>
    NotFormed,

    /// <summary>The command line or the configuration is wrong.</summary>
    Usage,

    /// <summary>This machine does not allow it.</summary>
    NotSupported,

    /// <summary>An error in the emulator itself.</summary>
    Defect,
}

/// <summary>A cluster cannot be formed or went to pieces; the message is for the user and says what to do.</summary>
public sealed class ClusterException : Exception
{
    public ClusterException()
    {
    }

    public ClusterException(string message)
        : base(message)
    {
    }

    public ClusterException(string message, Exception inner)
        : base(message, inner)
    {
    }

    public ClusterException(ClusterErrorKind kind, string message, Exception? inner = null)
        : base(message, inner) => Kind = kind;

    public ClusterErrorKind Kind { get; }
}
