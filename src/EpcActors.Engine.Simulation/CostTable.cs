namespace EpcActors.Engine.Simulation;

/// <summary>What each activity costs, in nanoseconds of virtual time, on local and on remote memory.</summary>
public sealed class CostTable
{
    private readonly long[] _localNs;
    private readonly long[] _remoteNs;

    /// <param name="localNs">Cost per activity index, nanoseconds.</param>
    /// <param name="remoteNs">The same when the memory belongs to another node; same length.</param>
    /// <param name="handOverCapNs">Most that one hand-over of a mutex costs, however many wait.</param>
    public CostTable(long[] localNs, long[] remoteNs, long handOverCapNs)
    {
        ArgumentNullException.ThrowIfNull(localNs);
        ArgumentNullException.ThrowIfNull(remoteNs);
        Invariant.That(localNs.Length == remoteNs.Length, "one remote cost per local cost");
        _localNs = localNs;
        _remoteNs = remoteNs;
        HandOverCapNs = handOverCapNs;
    }

    public long HandOverCapNs { get; }

    /// <summary>Number of activities.</summary>
    public int Count => _localNs.Length;

    public long Ns(int activity, bool remote) => remote ? _remoteNs[activity] : _localNs[activity];
}
