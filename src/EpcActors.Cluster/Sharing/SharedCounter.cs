using EpcActors.Kernel.Cgroups;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// A shared counter at its owner: one number of the machine that several processes add to, with the part of each of
/// them. A cgroup's <c>misc.current</c> with <c>misc.max</c>, or the free-page counter.
/// </summary>
/// <remarks>
/// The owner knows each process's part, so a death is exact: the owner takes the part of a dead incarnation off once,
/// in the turn in which it begins to refuse its requests.
/// </remarks>
public sealed class SharedCounter
{
    internal SharedCounter(int members, Limit max, long capacity)
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

    /// <summary>The limit.</summary>
    public Limit Max { get; internal set; }

    /// <summary>Number of writes of the limit.</summary>
    public long MaxVersion { get; internal set; }

    /// <summary>Second limit, that of the machine: misc.capacity, of the sockets that are there.</summary>
    public long Capacity { get; internal set; }

    /// <summary>
    /// For the free-page counter: number of times that the owner gave pages in advance. A rebuilt owner begins above
    /// any number of the old one, since the members may still have pages from it.
    /// </summary>
    public long Advances { get; internal set; }

    /// <summary>This process is the owner.</summary>
    public bool IsOwner { get; internal set; }

    /// <summary>The old owner is dead and not all members have reported: the new owner serves no request.</summary>
    public bool IsRebuilding { get; internal set; }

    /// <summary>By member: its part of the number.</summary>
    internal long[] Of { get; }

    internal bool[] HasReported { get; }

    /// <summary>Part of the number that a member has.</summary>
    public long PartOf(int member) => Of[member];
}
