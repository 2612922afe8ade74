namespace EpcActors.Actors.Cluster;

/// <summary>
/// An account at its home: one number of the machine that processes on several sides add to, with what each of them has of it. A cgroup's <c>misc.current</c> with
/// <c>misc.max</c>, or the free-page counter.
/// </summary>
/// <remarks>
/// That the home knows each process's part is what makes a death exact: the part of a dead incarnation is taken off once, in the same turn in which its requests
/// begin to be refused.
/// </remarks>
public sealed class Account
{
    internal Account(int members, ulong max, long capacity)
    {
        Of = new long[members];
        HasReported = new bool[members];
        Max = max;
        Capacity = capacity;
    }

    /// <summary>The number as the kernel sees it.</summary>
    public long Value { get; internal set; }

    /// <summary>Highest value within the limits.</summary>
    public long Peak { get; internal set; }

    /// <summary>Limit; ulong.MaxValue for none.</summary>
    public ulong Max { get; internal set; }

    /// <summary>Number of writes of the limit.</summary>
    public long MaxVersion { get; internal set; }

    /// <summary>Second limit, that of the machine: misc.capacity, of the sockets that are there.</summary>
    public long Capacity { get; internal set; }

    /// <summary>
    /// Of the free-page counter: how many times the home gave pages in advance; 0 for never. A home that was rebuilt begins above any number of the one before, since the members may still have
    /// what that one gave.
    /// </summary>
    public long Advances { get; internal set; }

    /// <summary>This process is the home.</summary>
    public bool IsHome { get; internal set; }

    /// <summary>The old home is dead and not all members have reported: the new home serves no request.</summary>
    public bool IsRebuilding { get; internal set; }

    /// <summary>By member: its part of the number.</summary>
    internal long[] Of { get; }

    internal bool[] HasReported { get; }

    /// <summary>Part of the number that a member has.</summary>
    public long PartOf(int member) => Of[member];
}
