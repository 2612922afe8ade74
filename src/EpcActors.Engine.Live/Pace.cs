namespace EpcActors.Engine.Live;

/// <summary>
/// Time that activities take in a live run: the cost of each, nanoseconds of real time. Without a pace they take only
/// what the emulator needs for them.
/// </summary>
/// <remarks>
/// A task that is ahead of the clock waits before its next request, never while a resource handles one: the order of
/// steps is as free as without a pace. Waits shorter than the engine's tick add up first.
/// </remarks>
public sealed class Pace
{
    /// <summary>A task may be ahead of the clock by so much before it waits, nanoseconds.</summary>
    internal const long GrainNs = 2_000_000;

    private readonly long[] _localNs;
    private readonly long[] _remoteNs;

    /// <param name="localNs">Cost by activity, nanoseconds.</param>
    /// <param name="remoteNs">The same when the memory belongs to another node; same length.</param>
    public Pace(long[] localNs, long[] remoteNs)
    {
        ArgumentNullException.ThrowIfNull(localNs);
        ArgumentNullException.ThrowIfNull(remoteNs);
        Invariant.That(localNs.Length == remoteNs.Length, "one remote cost per local cost");
        _localNs = localNs;
        _remoteNs = remoteNs;
    }

    internal long Ns(int activity, int count, bool remote) =>
        (uint)activity < (uint)_localNs.Length ? count * (remote ? _remoteNs : _localNs)[activity] : 0;
}
