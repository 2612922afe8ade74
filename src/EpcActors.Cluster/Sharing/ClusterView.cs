using EpcActors.Engine;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Members of the cluster and homes of the machine's accounts: one of a numbered sequence that only the coordinator
/// makes. Every process installs the views in ascending order; it may skip some. Immutable.
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
    private readonly int[] _homes;
    private readonly int[] _homeSince;

    /// <param name="epoch">Number of the view, ascending from 1.</param>
    /// <param name="incarnations">By member: the incarnation that is alive, 0 for none.</param>
    /// <param name="joined">By member: the epoch in which that incarnation came in.</param>
    /// <param name="homes">By account: the member that keeps it.</param>
    /// <param name="homeSince">By account: the epoch since which that member keeps it.</param>
    public ClusterView(
        int epoch,
        IReadOnlyList<int> incarnations,
        IReadOnlyList<int> joined,
        IReadOnlyList<int> homes,
        IReadOnlyList<int> homeSince)
    {
        Epoch = epoch;
        _incarnations = [.. incarnations];
        _joined = [.. joined];
        _homes = [.. homes];
        _homeSince = [.. homeSince];
    }

    public int Epoch { get; }

    public int MemberCount => _incarnations.Length;

    public int AccountCount => _homes.Length;

    /// <summary>By member: its living incarnation, 0 for none.</summary>
    public IReadOnlyList<int> Incarnations => _incarnations;

    /// <summary>By member: the epoch in which the living incarnation came in.</summary>
    public IReadOnlyList<int> Joined => _joined;

    /// <summary>By account: its home.</summary>
    public IReadOnlyList<int> Homes => _homes;

    /// <summary>By account: the epoch since which that is its home.</summary>
    public IReadOnlyList<int> HomesSince => _homeSince;

    /// <summary>The living incarnation of a member, 0 when it is dead or never came.</summary>
    public int IncarnationOf(int member) => _incarnations[member];

    public bool IsAlive(int member) => _incarnations[member] != 0;

    public int HomeOf(int account) => _homes[account];

    public int HomeSince(int account) => _homeSince[account];

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
    /// The first view: all members are there with incarnation 1, and the accounts are at their first homes.
    /// </summary>
    /// <param name="members">Number of members.</param>
    /// <param name="homes">By account: its home.</param>
    public static ClusterView First(int members, IReadOnlyList<int> homes)
    {
        ArgumentNullException.ThrowIfNull(homes);
        int[] ones = new int[members];
        Array.Fill(ones, 1);
        int[] since = new int[homes.Count];
        Array.Fill(since, 1);
        return new ClusterView(1, ones, ones, homes, since);
    }

    /// <summary>
    /// The next view: some incarnations go, others come. A home stays where it is as long as that incarnation lives,
    /// since moving one costs a report of each member. The accounts of the dead go to the living members that keep
    /// fewest, so that the same change of the same view has the same result everywhere.
    /// </summary>
    /// <param name="incarnations">Incarnation of each member that lives after it, 0 for none; at least one member must
    /// live.</param>
    public ClusterView Next(IReadOnlyList<int> incarnations)
    {
        ArgumentNullException.ThrowIfNull(incarnations);
        Invariant.That(incarnations.Count == MemberCount, "a view keeps its number of members");
        int epoch = Epoch + 1;
        int[] joined = [.. _joined];
        int[] homes = [.. _homes];
        int[] since = [.. _homeSince];
        int[] kept = new int[MemberCount];
        for (int member = 0; member < MemberCount; member++)
        {
            if (incarnations[member] != _incarnations[member])
            {
                joined[member] = epoch;
            }
        }

        for (int account = 0; account < homes.Length; account++)
        {
            if (Lives(homes[account]))
            {
                kept[homes[account]]++;
            }
        }

        for (int account = 0; account < homes.Length; account++)
        {
            if (Lives(homes[account]))
            {
                continue;
            }

            int best = -1;
            for (int member = 0; member < MemberCount; member++)
            {
                // An incarnation that joins with this view has nothing to report and may be a home too.
                if (incarnations[member] != 0 && (best < 0 || kept[member] < kept[best]))
                {
                    best = member;
                }
            }

            Invariant.That(best >= 0, "a view needs a living member");
            homes[account] = best;
            since[account] = epoch;
            kept[best]++;
        }

        return new ClusterView(epoch, incarnations, joined, homes, since);

        bool Lives(int member) => incarnations[member] != 0 && incarnations[member] == _incarnations[member];
    }
}
