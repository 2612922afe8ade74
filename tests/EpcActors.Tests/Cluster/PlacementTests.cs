using EpcActors.Cluster;
using EpcActors.Scenarios;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Cluster;

/// <summary>Parts of the machine by process.</summary>
public sealed class PlacementTests
{
    [Fact]
    public void Everything_has_exactly_one_member() =>
        Prop.ForAll(SpreadMachine.Any(), one =>
            {
                Placement placement = Placement.Of(one.Scenario, one.Members);
                Assert.Equal(one.Members, placement.Members);
                Assert.Equal(one.Scenario.Machine.Nodes.Count, placement.MemberOfNode.Count);
                Assert.Equal(one.Scenario.Enclaves.Count, placement.MemberOfEnclave.Count);
                Assert.Equal(one.Scenario.VirtualMachines.Count, placement.MemberOfGuest.Count);
                Assert.Equal(one.Scenario.Cgroups.Count + 1, placement.OwnerOfCounter.Count);
                Assert.All(
                    placement
                        .MemberOfNode.Concat(placement.MemberOfEnclave)
                        .Concat(placement.MemberOfGuest)
                        .Concat(placement.OwnerOfCounter),
                    member => Assert.InRange(member, 0, one.Members - 1));
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Every_member_has_EPC_and_no_member_much_more_nodes_than_another() =>
        Prop.ForAll(SpreadMachine.Any(), one =>
            {
                Placement placement = Placement.Of(one.Scenario, one.Members);
                int[] nodes = new int[one.Members];
                int last = 0;
                for (int node = 0; node < placement.MemberOfNode.Count; node++)
                {
                    if (one.Scenario.Machine.HasEpc(node))
                    {
                        nodes[placement.MemberOfNode[node]]++;

                        // In runs.
                        Assert.InRange(placement.MemberOfNode[node], last, last + 1);
                        last = placement.MemberOfNode[node];
                    }
                }

                Assert.True(nodes.Min() >= 1);
                Assert.True(nodes.Max() - nodes.Min() <= 1);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_node_without_EPC_is_with_the_node_that_its_CPUs_allocate_from() =>
        Prop.ForAll(SpreadMachine.Any(), one =>
            {
                Placement placement = Placement.Of(one.Scenario, one.Members);
                int count = placement.MemberOfNode.Count;
                for (int node = 0; node < count; node++)
                {
                    int from = node;
                    while (!one.Scenario.Machine.HasEpc(from))
                    {
                        from = (from + 1) % count;
                    }

                    Assert.Equal(placement.MemberOfNode[from], placement.MemberOfNode[node]);
                }
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_bound_to_a_node_is_where_the_node_is() => Prop.ForAll(SpreadMachine.Any(), one =>
    {
        Placement placement = Placement.Of(one.Scenario, one.Members);
        for (int i = 0; i < one.Scenario.Enclaves.Count; i++)
        {
            if (one.Scenario.Enclaves[i].Node is >= 0 and int node)
            {
                Assert.Equal(placement.MemberOfNode[node], placement.MemberOfEnclave[i]);
            }
        }

        for (int i = 0; i < one.Scenario.VirtualMachines.Count; i++)
        {
            if (one.Scenario.VirtualMachines[i].Node is >= 0 and int node)
            {
                Assert.Equal(placement.MemberOfNode[node], placement.MemberOfGuest[i]);
            }
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_bound_to_no_node_goes_to_those_with_CPUs_in_turn()
    {
        Scenario scenario = SpreadMachine.Of(
            [new(4, [64]), new(0, [64]), new(4, [64]), new(4, [64])],
            1,
            [-1, -1, 2, -1, -1],
            [-1]);
        Placement placement = Placement.Of(scenario, 4);
        Assert.Equal([0, 2, 2, 3, 0], placement.MemberOfEnclave);
        Assert.Equal([2], placement.MemberOfGuest);
    }

    [Fact]
    public void Owners_are_balanced_and_the_two_that_all_need_are_apart() => Prop.ForAll(SpreadMachine.Any(), one =>
    {
        Placement placement = Placement.Of(one.Scenario, one.Members);
        int[] owners = new int[one.Members];
        foreach (int member in placement.OwnerOfCounter)
        {
            owners[member]++;
        }

        Assert.True(owners.Max() - owners.Min() <= 1);
        Assert.True(one.Members == 1 || placement.OwnerOfCounter[0] != placement.OwnerOfCounter[^1]);

        // The cgroups are a chain: none has its owner with its parent's.
        for (int cgroup = 1; cgroup < one.Scenario.Cgroups.Count && one.Members > 1; cgroup++)
        {
            Assert.NotEqual(placement.OwnerOfCounter[cgroup - 1], placement.OwnerOfCounter[cgroup]);
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_same_scenario_and_members_give_the_same_placement() =>
        Prop.ForAll(SpreadMachine.Any(), one =>
                Same(
                    Placement.Of(one.Scenario, one.Members),
                    Placement.Of(one.Scenario with { Seed = one.Scenario.Seed + 1 }, one.Members)))
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Given_sockets_are_taken_as_given()
    {
        Scenario scenario = SpreadMachine.Of([new(4, [64]), new(4, [64]), new(4, [64])], 2, [0, 1, 2, -1, -1], [1]);
        Placement placement = Placement.Of(scenario, [1, 0, 1]);
        Assert.Equal(2, placement.Members);
        Assert.Equal([1, 0, 1], placement.MemberOfNode);
        Assert.Equal([1, 0, 1, 1, 0], placement.MemberOfEnclave);
        Assert.Equal([0], placement.MemberOfGuest);
        Assert.Equal([1, 0, 0], placement.OwnerOfCounter);
        Same(Placement.Of(scenario, 3), Placement.Of(scenario, [0, 1, 2]));
    }

    [Theory]
    [InlineData(new[] { 0, 1 }, "2 nodes are given out; the machine has 3")]
    [InlineData(new[] { 0, 2, 2 }, "member 1 of 3 has no node")]
    [InlineData(new[] { 1, 1, 1 }, "member 0 of 2 has no node")]
    [InlineData(new[] { 0, -1, 1 }, "no process has node 1")]
    public void Sockets_that_do_not_fit_are_refused(int[] memberOfNode, string words) =>
        Assert.Contains(
            words,
            Assert.Throws<ArgumentException>(() => Placement.Of(SpreadMachine.Sockets(3), memberOfNode)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void There_are_no_more_members_than_nodes_with_EPC(int members) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Placement.Of(SpreadMachine.Of([new(4, [64]), new(4, [64]), new(4, []), new(4, [64])], 1, [], []), members));

    private static void Same(Placement one, Placement other)
    {
        Assert.Equal(one.Members, other.Members);
        Assert.Equal(one.MemberOfNode, other.MemberOfNode);
        Assert.Equal(one.MemberOfEnclave, other.MemberOfEnclave);
        Assert.Equal(one.MemberOfGuest, other.MemberOfGuest);
        Assert.Equal(one.OwnerOfCounter, other.OwnerOfCounter);
    }
}
