using EpcActors.Distribution.Transport;

namespace EpcActors.Engine.Akka.Cluster;

/// <summary>What went over the wire. Any thread may count and read; a reading is of no one moment.</summary>
internal sealed class WireMeter
{
    /// <summary>
    /// What Akka.Remote adds to a bundle, and what the answer to one takes, bytes: length, envelope, the paths of the two actors, identifier and manifest of the serializer, and the head of the message. It
    /// depends on the lengths of host names; this is what was measured with addresses of the loopback.
    /// </summary>
    public const int EnvelopeBytes = 190;

    private long _framesOut;
    private long _bytesOut;
    private long _framesIn;
    private long _bytesIn;
    private long _dropped;
    private long _writes;

    public WireCounts Counts => new(
        Interlocked.Read(ref _framesOut),
        Interlocked.Read(ref _bytesOut),
        Interlocked.Read(ref _framesIn),
        Interlocked.Read(ref _bytesIn),
        Interlocked.Read(ref _dropped),
        Interlocked.Read(ref _writes));

    public void Sent(int frames, int bytes)
    {
        Interlocked.Add(ref _framesOut, frames);
        Interlocked.Add(ref _bytesOut, bytes + EnvelopeBytes);
        Interlocked.Increment(ref _writes);
    }

    public void Received(int frames, int bytes)
    {
        Interlocked.Add(ref _framesIn, frames);
        Interlocked.Add(ref _bytesIn, bytes + EnvelopeBytes);
    }

    /// <summary>An answer to a bundle was sent.</summary>
    public void AnswerSent() => Interlocked.Add(ref _bytesOut, EnvelopeBytes);

    /// <summary>An answer to a bundle came.</summary>
    public void AnswerReceived() => Interlocked.Add(ref _bytesIn, EnvelopeBytes);

    public void Dropped(int frames) => Interlocked.Add(ref _dropped, frames);
}
