using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Members of the cluster and owners of the machine's shared counters: one of a numbered sequence that only the
/// coordinator makes. Every process installs the views in ascending order; it may skip some. Immutable.
/// </summary>
/// <remarks>
/// A view is all that processes have to agree on. A process that is not in it, or is in it with another incarnation, is
/// dead for every process that installed it, even if it still runs (it was only slow, or cut off): none of them takes
/// its requests or its answers any more.
/// </remarks>
[Constant]
public sealed class ClusterView
{
    private readonly int[] _incarnations;
    private readonly int[] _joined;
    private readonly int[] _owners;
    private readonly int[] _ownerSince;

    /// <param name="epoch">Number of the view, ascending from 1.</param>
    /// <param name="incarnations">By member: the incarnation that is alive, 0 for none.</param>
    /// <param name="joined">By member: the epoch in which that incarnation came in.</param>
    /// <param name="owners">By counter: the member that keeps it.</param>
    /// <param name="ownerSince">By counter: the epoch since which that member keeps it.</param>
    public ClusterView(
        int epoch,
        IReadOnlyList<int> incarnations,
        IReadOnlyList<int> joined,
        IReadOnlyList<int> owners,
        IReadOnlyList<int> ownerSince)
    {
        Epoch = epoch;
        _incarnations = [.. incarnations];
        _joined = [.. joined];
        _owners = [.. owners];
        _ownerSince = [.. ownerSince];
    }

    public int Epoch { get; }

    public int MemberCount => _incarnations.Length;

    public int CounterCount => _owners.Length;

    /// <summary>By member: its living incarnation, 0 for none.</summary>
    public IReadOnlyList<int> Incarnations => _incarnations;

    /// <summary>By member: the epoch in which the living incarnation came in.</summary>
    public IReadOnlyList<int> Joined => _joined;

    /// <summary>By counter: its owner.</summary>
    public IReadOnlyList<int> Owners => _owners;

    /// <summary>By counter: the epoch since which that is its owner.</summary>
    public IReadOnlyList<int> OwnersSince => _ownerSince;

    /// <summary>The living incarnation of a member, 0 when it is dead or never came.</summary>
    public int IncarnationOf(int member) => _incarnations[member];

    public bool IsAlive(int member) => _incarnations[member] != 0;

    public int OwnerOf(int counter) => _owners[counter];

    public int OwnerSince(int counter) => _ownerSince[counter];

    public int JoinedAt(int member) => _joined[member];

    /// <summary>Members that are alive, ascending.</summary>
    public IEnumerable<int> Alive()
    {
        for (int member = 0; member < _incarnations.Length; member++)
        {
            if (_incarnations[member] != 0)
            {
                yield return member;
            }
        }
    }

    /// <summary>
    /// The first view: all members are there with incarnation 1, and the shared counters are at their first owners.
    /// </summary>
    /// <param name="members">Number of members.</param>
    /// <param name="owners">By counter: its owner.</param>
    public static ClusterView First(int members, IReadOnlyList<int> owners)
    {
        ArgumentNullException.ThrowIfNull(owners);
        int[] ones = new int[members];
        Array.Fill(ones, 1);
        int[] since = new int[owners.Count];
        Array.Fill(since, 1);
        return new ClusterView(1, ones, ones, owners, since);
    }

    /// <summary>
    /// The next view: some incarnations go, others come. An owner stays where it is as long as that incarnation lives,
    /// since moving one costs a report of each member. The shared counters of the dead go to the living members that
    /// keep fewest, so that the same change of the same view has the same result everywhere.
    /// </summary>
    /// <param name="incarnations">Incarnation of each member that lives after it, 0 for none; at least one member must
    /// live.</param>
    public ClusterView Next(IReadOnlyList<int> incarnations)
    {
        ArgumentNullException.ThrowIfNull(incarnations);
        Invariant.That(incarnations.Count == MemberCount, "a view keeps its number of members");
        int epoch = Epoch + 1;
        int[] joined = [.. _joined];
        int[] owners = [.. _owners];
        int[] since = [.. _ownerSince];
        int[] kept = new int[MemberCount];
        for (int member = 0; member < MemberCount; member++)
        {
            if (incarnations[member] != _incarnations[member])
            {
                joined[member] = epoch;
            }
        }

        for (int counter = 0; counter < owners.Length; counter++)
        {
            if (Lives(owners[counter]))
            {
                kept[owners[counter]]++;
            }
        }

        for (int counter = 0; counter < owners.Length; counter++)
        {
            if (Lives(owners[counter]))
            {
                continue;
            }

            int best = -1;
            for (int member = 0; member < MemberCount; member++)
            {
                // An incarnation that joins with this view has nothing to report and may be an owner too.
                if (incarnations[member] != 0 && (best < 0 || kept[member] < kept[best]))
                {
                    best = member;
                }
            }

            Invariant.That(best >= 0, "a view needs a living member");
            owners[counter] = best;
            since[counter] = epoch;
            kept[best]++;
        }

        return new ClusterView(epoch, incarnations, joined, owners, since);

        bool Lives(int member) => incarnations[member] != 0 && incarnations[member] == _incarnations[member];
    }
}
