using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Cluster;

/// <summary>Members and owners from one view to the next.</summary>
public sealed class ClusterViewTests
{
    private const int Members = 5;

    /// <summary>Something that happens to the membership: by member, what becomes of it.</summary>
    private enum Fate
    {
        Stays,
        Dies,
        Comes,
        IsReplaced,
    }

    [Fact]
    public void A_owner_stays_while_its_incarnation_lives() => Over((before, next) =>
    {
        for (int counter = 0; counter < before.CounterCount; counter++)
        {
            int owner = before.OwnerOf(counter);
            if (Survives(before, next, owner))
            {
                Assert.Equal(owner, next.OwnerOf(counter));
                Assert.Equal(before.OwnerSince(counter), next.OwnerSince(counter));
            }
            else
            {
                Assert.Equal(next.Epoch, next.OwnerSince(counter));
            }
        }
    });

    [Fact]
    public void Every_counter_has_a_living_owner() =>
        Over((_, next) => Assert.All(next.Owners, owner => Assert.True(next.IsAlive(owner))));

    [Fact]
    public void What_is_lost_goes_to_those_with_fewest() => Over((before, next) =>
    {
        int[] kept = new int[Members];
        foreach (int owner in next.Owners)
        {
            kept[owner]++;
        }

        int fewest = next.Alive().Min(member => kept[member]);
        for (int counter = 0; counter < next.CounterCount; counter++)
        {
            if (next.OwnerSince(counter) == next.Epoch)
            {
                Assert.True(
                    kept[next.OwnerOf(counter)] <= fewest + 1,
                    "a member that got a shared counter has two more than another");
            }
        }
    });

    [Fact]
    public void Epochs_ascend_and_say_who_came_when() => Over((before, next) =>
    {
        Assert.Equal(before.Epoch + 1, next.Epoch);
        Assert.Equal(before.MemberCount, next.MemberCount);
        Assert.Equal(before.CounterCount, next.CounterCount);
        Assert.Equal(next.Alive(), Enumerable.Range(0, Members).Where(next.IsAlive));
        foreach (int member in next.Alive())
        {
            Assert.Equal(Survives(before, next, member) ? before.JoinedAt(member) : next.Epoch, next.JoinedAt(member));
        }
    });

    [Fact]
    public void The_same_change_of_the_same_view_is_the_same_everywhere() => Over((before, next) =>
    {
        ClusterView again = before.Next(next.Incarnations);
        Assert.Equal(next.Owners, again.Owners);
        Assert.Equal(next.OwnersSince, again.OwnersSince);
        Assert.Equal(next.Joined, again.Joined);
        Assert.Equal(next.Incarnations, again.Incarnations);
    });

    [Fact]
    public void A_view_does_not_change_when_the_next_is_made() => Over((before, _) =>
    {
        int[] owners = [.. before.Owners];
        int[] joined = [.. before.Joined];
        int[] since = [.. before.OwnersSince];
        _ = before.Next([.. before.Incarnations.Select(incarnation => incarnation + 10)]);
        Assert.Equal(owners, before.Owners);
        Assert.Equal(joined, before.Joined);
        Assert.Equal(since, before.OwnersSince);
    });

    [Fact]
    public void A_member_that_comes_back_gets_a_owner_when_one_is_lost()
    {
        ClusterView view = ClusterView.First(3, [1, 2, 0, 1]);
        Assert.Equal(1, view.Epoch);
        Assert.All(view.Incarnations, incarnation => Assert.Equal(1, incarnation));
        ClusterView dead = view.Next([1, 0, 1]);
        Assert.Equal([0, 2, 0, 2], dead.Owners);
        Assert.Equal([2, 1, 1, 2], dead.OwnersSince);
        ClusterView back = dead.Next([1, 2, 1]);
        Assert.Equal(dead.Owners, back.Owners);
        Assert.Equal(dead.OwnersSince, back.OwnersSince);
        Assert.Equal(3, back.JoinedAt(1));
        ClusterView lost = back.Next([1, 2, 0]);
        Assert.Equal([0, 1, 0, 1], lost.Owners);
        Assert.Equal([2, 4, 1, 4], lost.OwnersSince);
    }

    [Fact]
    public void An_incarnation_that_replaces_another_in_one_view_may_be_the_owner()
    {
        ClusterView next = ClusterView.First(2, [0, 1, 0]).Next([1, 2]);
        Assert.Equal([0, 1, 0], next.Owners);
        Assert.Equal([1, 2, 1], next.OwnersSince);
        Assert.Equal(2, next.JoinedAt(1));
    }

    [Fact]
    public void A_view_without_anybody_is_refused() =>
        Assert.Throws<InvariantViolation>(() => ClusterView.First(2, [0, 1]).Next([0, 0]));

    private static bool Survives(ClusterView before, ClusterView next, int member) =>
        next.IsAlive(member) && next.IncarnationOf(member) == before.IncarnationOf(member);

    /// <summary>
    /// Histories of a cluster: some views, each with fates for all; at least one member lives always.
    /// </summary>
    private static void Over(Action<ClusterView, ClusterView> check)
    {
        Gen<Fate> fate = Gen.Frequency(
            (5, Gen.Constant(Fate.Stays)),
            (2, Gen.Constant(Fate.Dies)),
            (2, Gen.Constant(Fate.Comes)),
            (1, Gen.Constant(Fate.IsReplaced)));
        Arbitrary<(int[] Owners, Fate[][] Fates)> histories = (
            from owners in Gen.Choose(0, Members - 1).ArrayOf()
            from fates in fate.ArrayOf(Members).ArrayOf()
            select (owners, fates)).ToArbitrary();
        Prop.ForAll(histories, history =>
        {
            ClusterView view = ClusterView.First(Members, history.Owners);
            int[] last = [.. view.Incarnations];
            foreach (Fate[] fates in history.Fates)
            {
                int[] incarnations = [.. view.Incarnations];
                for (int member = 0; member < Members; member++)
                {
                    // Incarnations are never used again.
                    incarnations[member] = fates[member] switch
                    {
                        Fate.Stays => incarnations[member],
                        Fate.Dies => 0,
                        Fate.Comes => incarnations[member] == 0 ? ++last[member] : incarnations[member],
                        Fate.IsReplaced => ++last[member],
                        _ => throw new InvalidOperationException("no such fate"),
                    };
                }

                if (Array.TrueForAll(incarnations, incarnation => incarnation == 0))
                {
                    continue;
                }

                ClusterView next = view.Next(incarnations);
                check(view, next);
                view = next;
            }
        }).QuickCheckThrowOnFailure();
    }
}
