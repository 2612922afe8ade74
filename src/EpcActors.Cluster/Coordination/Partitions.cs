namespace EpcActors.Cluster.Coordination;

/// <summary>Chooses the members that stay when some do not reach one another. Pure.</summary>
public static class Partitions
{
    /// <summary>
    /// Members to take out, ascending, so that the rest all reach one another. Of the groups that still reach one
    /// another the largest stays, on a tie the one with the lowest member. Within it the member that reaches fewest
    /// goes, on a tie the highest.
    /// </summary>
    /// <param name="members">Living members.</param>
    /// <param name="cannotReach">True when the first does not reach the second.</param>
    public static IReadOnlyList<int> TakeOut(IReadOnlyList<int> members, Func<int, int, bool> cannotReach)
    {
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(cannotReach);
        List<int> kept = [.. LargestGroup([.. members.Order()], IsBroken).Order()];
        while (true)
        {
            int worst = -1;
            int most = 0;
            foreach (int member in kept)
            {
                int broken = kept.Count(other => other != member && IsBroken(member, other));
                if (broken > 0 && broken >= most)
                {
                    (worst, most) = (member, broken);
                }
            }

            if (worst < 0)
            {
                return [.. members.Except(kept).Order()];
            }

            kept.Remove(worst);
        }

        bool IsBroken(int one, int other) => cannotReach(one, other) || cannotReach(other, one);
    }

    private static List<int> LargestGroup(List<int> members, Func<int, int, bool> isBroken)
    {
        List<int> largest = [];
        HashSet<int> seen = [];
        foreach (int first in members)
        {
            if (!seen.Add(first))
            {
                continue;
            }

            List<int> group = [first];
            for (int i = 0; i < group.Count; i++)
            {
                foreach (int other in members)
                {
                    if (!isBroken(group[i], other) && seen.Add(other))
                    {
                        group.Add(other);
                    }
                }
            }

            // Groups come in the order of their lowest member, so the first of equals is the one to keep.
            if (group.Count > largest.Count)
            {
                largest = group;
            }
        }

        return largest;
    }
}
