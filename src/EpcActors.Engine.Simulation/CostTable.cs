namespace EpcActors.Engine.Simulation;

/// <summary>Cost of each activity, nanoseconds of virtual time, on local and on remote memory.</summary>
public sealed class CostTable
{
    private readonly long[] _localNs;
    private readonly long[] _remoteNs;

    /// <param name="localNs">Cost per activity index, nanoseconds.</param>
    /// <param name="remoteNs">The same when the memory belongs to another node; same length.</param>
    /// <param name="mutexSpinNs">How long a waiter of a mutex spins before it sleeps.</param>
    /// <param name="wakeActivity">What waking one costs that has gone to sleep; negative for nothing.</param>
    public CostTable(long[] localNs, long[] remoteNs, long mutexSpinNs, int wakeActivity = -1)
    {
        ArgumentNullException.ThrowIfNull(localNs);
        ArgumentNullException.ThrowIfNull(remoteNs);
        Invariant.That(localNs.Length == remoteNs.Length, "one remote cost per local cost");
        _localNs = localNs;
        _remoteNs = remoteNs;
        MutexSpinNs = mutexSpinNs;
        WakeActivity = wakeActivity;
    }

    /// <summary>
    /// Longest time for which a waiter of a mutex spins, nanoseconds: CPU time. What is longer it sleeps.
    /// </summary>
    public long MutexSpinNs { get; }

    /// <summary>Index of the activity that waking a sleeper costs; negative for none.</summary>
    public int WakeActivity { get; }

    /// <summary>Number of activities.</summary>
    public int Count => _localNs.Length;

    public long Ns(int activity, bool remote) => remote ? _remoteNs[activity] : _localNs[activity];
}
