namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>Counts what goes over the wire. Any thread; the figures are each right, but not of one moment.</summary>
internal sealed class WireCounter
{
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

    public void Sent(int frames, int bytes, int writes)
    {
        Interlocked.Add(ref _framesOut, frames);
        Interlocked.Add(ref _bytesOut, bytes);
        Interlocked.Add(ref _writes, writes);
    }

    public void Received(int frames, int bytes)
    {
        Interlocked.Add(ref _framesIn, frames);
        Interlocked.Add(ref _bytesIn, bytes);
    }

    public void Dropped(int frames) => Interlocked.Add(ref _dropped, frames);
}
