using Akka.Actor.Setup;
using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// Counts what goes over the wire for frames. Frames are counted by the queues; bytes and writes by <see
/// cref="CountedTransport"/>, from the messages that Akka.Remote hands to the socket: bundles, the answers to them, and
/// all that Akka puts around both. Heartbeats, gossip and the coordinator's messages are counted apart. Any thread may
/// count and read; the figures of a reading belong to different moments.
/// </summary>
internal sealed class WireMeter : Setup
{
    private long _framesOut;
    private long _bytesOut;
    private long _framesIn;
    private long _bytesIn;
    private long _dropped;
    private long _writes;
    private long _otherBytesOut;
    private long _otherBytesIn;

    public WireCounts Counts => new(
        Interlocked.Read(ref _framesOut),
        Interlocked.Read(ref _bytesOut),
        Interlocked.Read(ref _framesIn),
        Interlocked.Read(ref _bytesIn),
        Interlocked.Read(ref _dropped),
        Interlocked.Read(ref _writes));

    /// <summary>Bytes sent that carry no frames: handshakes, heartbeats, gossip, control messages.</summary>
    public long OtherBytesOut => Interlocked.Read(ref _otherBytesOut);

    /// <summary>The same, received.</summary>
    public long OtherBytesIn => Interlocked.Read(ref _otherBytesIn);

    public void Sent(int frames) => Interlocked.Add(ref _framesOut, frames);

    public void Received(int frames) => Interlocked.Add(ref _framesIn, frames);

    public void Dropped(int frames) => Interlocked.Add(ref _dropped, frames);

    /// <summary>A message was given to the socket.</summary>
    public void Written(int bytes, bool isFrames)
    {
        if (isFrames)
        {
            Interlocked.Increment(ref _writes);
        }

        Interlocked.Add(ref isFrames ? ref _bytesOut : ref _otherBytesOut, bytes);
    }

    /// <summary>A message has come from the socket.</summary>
    public void Read(int bytes, bool isFrames) =>
        Interlocked.Add(ref isFrames ? ref _bytesIn : ref _otherBytesIn, bytes);
}
