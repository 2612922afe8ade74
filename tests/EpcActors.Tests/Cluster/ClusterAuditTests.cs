using EpcActors.Cluster;
using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// The audit over all processes: every rule with nothing wrong, and with a defect planted that it has to find.
/// </summary>
public sealed class ClusterAuditTests
{
    private const int Cgroup = 1;
    private const int Counter = 2;

    private static readonly Scenario Whole = Loading.Load(CoordinatorRig.Machine);
    private static readonly Placement Spread = Placement.Of(Whole, 4);
    private static readonly ClusterAuditRules Rules4 = ClusterAuditRules.Of(Whole, Spread) with { ChargeBatch = 1 };

    /// <summary>Owners: the root at 0, /a at 1, the counter at 0.</summary>
    private readonly ClusterView _view = ClusterView.First(4, [0, 1, 0]);
    private readonly ControlMessage.CutPart[] _parts;

    public ClusterAuditTests() =>
        _parts = [
            .. Enumerable
                .Range(0, 4)
                .Select(member => new ControlMessage.CutPart(
                    1,
                    AuditParts.Gateway(_view, member),
                    AuditParts.Nodes(Whole, member),
                    1,
                    IsComplete: true)),
        ];

    [Fact]
    public void Parts_that_agree_have_nothing_to_find()
    {
        Assert.Equal([0, 1, 0], _view.Owners);
        Assert.Empty(Check());
        Assert.Empty(Check(atRest: true));
    }

    [Fact]
    public void Parts_of_other_views_of_the_dead_or_of_too_few_are_not_compared()
    {
        Assert.Null(ClusterAudit.WhyNot(_parts, _view));
        Assert.Contains("no part of member 3", ClusterAudit.WhyNot(_parts[..3], _view), StringComparison.Ordinal);
        Assert.Contains(
            "had view 1, the coordinator has 2",
            ClusterAudit.WhyNot(_parts, _view.Next([1, 1, 1, 1])),
            StringComparison.Ordinal);
        Assert.Contains(
            "member 3 is dead",
            ClusterAudit.WhyNot([_parts[3], .. _parts[..3]], _view.Next([1, 1, 1, 0])),
            StringComparison.Ordinal);
        Change(2, one => one with { IsFenced = true });
        Assert.Contains(
            "incarnation 1 of member 2 is dead",
            ClusterAudit.WhyNot(_parts, _view),
            StringComparison.Ordinal);
        _parts[2] = _parts[2] with { IsComplete = false };
        Assert.Contains("ended meanwhile", ClusterAudit.WhyNot(_parts, _view), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Check());
    }

    [Fact]
    public void A_part_that_is_not_what_the_member_was_granted_is_found()
    {
        Owner(1, Cgroup, one => one with { Value = 4096, Parts = [0, 0, 4096, 0] });
        Change(2, one => one with { Granted = [0, 4096, 0] });
        Assert.Empty(Check());

        Change(2, one => one with { Granted = [0, 8192, 0] });
        ClusterFinding found = Assert.Single(Check());
        Assert.Equal(Rules.CgroupUsage, found.Rule);
        Assert.Contains(
            "misc.current of /a: its owner, member 1, says that member 2 has 4096; member 2 says 8192",
            found.Detail,
            StringComparison.Ordinal);
        Assert.EndsWith("-4096", found.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, 40, 7u, 1, true)]
    [InlineData(3, 40, 7u, 1, false)]
    [InlineData(2, 41, 7u, 1, false)]
    [InlineData(2, 40, 6u, 1, false)]
    [InlineData(2, 40, 7u, 0, false)]
    public void A_call_that_was_executed_and_not_answered_counts_by_member_caller_and_number(
        int member,
        int caller,
        uint sequence,
        int counter,
        bool isSame)
    {
        // The owner has added a page for call 7 of task 40 of member 2, and the answer is on its way.
        Owner(1, Cgroup, one => one with { Value = 4096, Parts = [0, 0, 4096, 0] });
        Change(1, one => one with { Served = [new ServedCall(member, caller, sequence, 4096)] });
        Change(2, one => one with { Calls = [new OpenCall(40, 7, 1, counter, 0x0E01)] });
        Assert.Equal(isSame, Check().Count == 0);
    }

    [Fact]
    public void A_part_that_the_owner_keeps_for_the_dead_is_found()
    {
        ClusterView view = _view.Next([1, 1, 1, 0]);
        ControlMessage.CutPart[] parts =
        [
            .. view.Alive()
                .Select(member => new ControlMessage.CutPart(
                    1,
                    AuditParts.Gateway(view, member),
                    AuditParts.Nodes(Whole, member),
                    1,
                    IsComplete: true)),
        ];
        Assert.Empty(ClusterAudit.Check(parts, view, Rules4, atRest: false));

        parts[1] = parts[1] with
        {
            Gateway = parts[1].Gateway with
            {
                Owners = [parts[1].Gateway.Owners[0] with { Value = 4096, Parts = [0, 0, 0, 4096] }],
            },
        };
        Assert.Contains(
            "still counts 4096 for member 3, which is dead",
            Assert.Single(ClusterAudit.Check(parts, view, Rules4, atRest: false)).Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_counter_that_is_being_rebuilt_is_left_alone()
    {
        Change(1, one => one with { Owners = [] });
        Change(2, one => one with { Granted = [0, 4096, 0] });
        Assert.Empty(Check());
    }

    [Fact]
    public void A_value_that_is_not_the_sum_of_its_parts_is_found()
    {
        Owner(1, Cgroup, one => one with { Value = 4096 });
        ClusterFinding found = Assert.Single(Check());
        Assert.Equal((Rules.CgroupUsage, "1/value"), (found.Rule, found.Subject));
    }

    [Fact]
    public void The_drift_of_a_racy_counter_is_that_rule()
    {
        Owner(0, Counter, one => one with { Value = -3 });
        ClusterFinding atomic = Assert.Single(Check());
        Assert.Equal(Rules.FreePageCounter, atomic.Rule);
        Assert.DoesNotContain("unprotected", atomic.Detail, StringComparison.Ordinal);
        ClusterFinding racy = Assert.Single(Check(rules: Rules4 with { Counter = FreePageCounterMode.Racy }));
        Assert.Equal(Rules.FreePageCounter, racy.Rule);
        Assert.Contains(
            "sgx_nr_free_pages is -3, and 0 by what the members did to it: -3; an unprotected += lost updates",
            racy.Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Usage_above_the_limit_is_found_with_batches_always_and_page_by_page_at_rest()
    {
        Owner(1, Cgroup, one => one with { Value = 8192, Parts = [0, 0, 8192, 0], Max = 4096 });
        Change(2, one => one with { Granted = [0, 8192, 0] });
        Assert.Empty(Check());
        Assert.Equal(Rules.CgroupLimit, Assert.Single(Check(atRest: true)).Rule);
        Assert.Contains(
            "above misc.max 4096",
            Assert.Single(Check(rules: Rules4 with { ChargeBatch = 64 })).Detail,
            StringComparison.Ordinal);
        Assert.Empty(
            Check(
                rules: Rules4 with
                {
                    ChargeBatch = 64,
                    WrittenLimits = new HashSet<int> { Cgroup },
                }));
        Owner(1, Cgroup, one => one with { Max = 8192 });
        Assert.Empty(Check(rules: Rules4 with { ChargeBatch = 64 }));
        Owner(1, Cgroup, one => one with { Max = ulong.MaxValue, Capacity = 4096 });
        Assert.Contains(
            "above misc.capacity 4096",
            Assert.Single(Check(rules: Rules4 with { ChargeBatch = 64 })).Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Which_limits_the_script_writes_is_known()
    {
        Scenario written = Loading.Load(
            CoordinatorRig.Machine,
            "epc.script=[ { at = 1 ms, set-max { cgroup = \"/a\", max = 64 KiB } } ]");
        Assert.Equal([Cgroup], ClusterAuditRules.Of(written, Spread).WrittenLimits);
        Assert.Empty(Rules4.WrittenLimits);
    }

    [Fact]
    public void Each_lent_page_is_with_a_borrower()
    {
        Node(0, 0, one => one with { Lent = 2, LentSum = 30, Present = one.Present - 2 });
        Node(3, 0, one => one with { Borrowed = 1, BorrowedSum = 13, Present = 1 });

        // One of them is on its way.
        Assert.Empty(Check());
        ClusterFinding lost = Assert.Single(Check(atRest: true));
        Assert.Equal(Rules.PageConservation, lost.Rule);
        Assert.EndsWith("1 are nowhere: epc:17", lost.Detail, StringComparison.Ordinal);

        Node(2, 0, one => one with { Borrowed = 1, BorrowedSum = 17, Present = 1 });
        Assert.Empty(Check(atRest: true));
        Node(2, 0, one => one with { BorrowedSum = 18 });
        Assert.Contains(
            "are not the 2 that others have borrowed",
            Assert.Single(Check(atRest: true)).Detail,
            StringComparison.Ordinal);
        Node(2, 0, one => one with { BorrowedSum = 17, Present = 0 });
        Assert.Contains(
            "all processes together have 255",
            Assert.Single(Check(atRest: true)).Detail,
            StringComparison.Ordinal);
        Node(1, 0, one => one with { Borrowed = 1, BorrowedSum = 1 });
        Assert.Contains("in two places are 1 page", Assert.Single(Check()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_have_of_a_life_that_is_over_is_not_in_two_places()
    {
        ClusterView view = _view.Next([0, 1, 1, 1]).Next([2, 1, 1, 1]);
        ControlMessage.CutPart[] parts =
        [
            .. view.Alive()
                .Select(member => new ControlMessage.CutPart(
                    1,
                    AuditParts.Gateway(view, member),
                    AuditParts.Nodes(Whole, member),
                    1,
                    IsComplete: true)),
        ];
        parts[3] = parts[3] with
        {
            Nodes = [parts[3].Nodes[0] with { Borrowed = 1, BorrowedSum = 5, Present = 1 }, .. parts[3].Nodes.Skip(1)],
        };
        Assert.Empty(ClusterAudit.Check(parts, view, Rules4, atRest: false));
    }

    [Fact]
    public void At_rest_the_counter_equals_the_lists_of_all_processes()
    {
        Node(2, 2, one => one with { OwnCounter = 5, Free = 5 });
        Assert.Empty(Check());
        ClusterFinding found = Assert.Single(Check(atRest: true));
        Assert.Equal(Rules.FreePageCounter, found.Rule);
        Assert.Contains(
            "sgx_nr_free_pages is 0 and the lists of all processes hold 5",
            found.Detail,
            StringComparison.Ordinal);
        Assert.Empty(Check(atRest: true, rules: Rules4 with { Counter = FreePageCounterMode.PerNode }));
    }

    private IReadOnlyList<ClusterFinding> Check(bool atRest = false, ClusterAuditRules? rules = null) =>
        ClusterAudit.Check(_parts, _view, rules ?? Rules4, atRest);

    private void Change(int member, Func<GatewaySnapshot, GatewaySnapshot> change) =>
        _parts[member] = _parts[member] with { Gateway = change(_parts[member].Gateway) };

    private void Owner(int member, int counter, Func<OwnedCounter, OwnedCounter> change) =>
        Change(member, one =>
            one with
            {
                Owners = [.. one.Owners.Select(owner => owner.Counter == counter ? change(owner) : owner)],
            });

    private void Node(int member, int node, Func<NodePart, NodePart> change) =>
        _parts[member] = _parts[member] with
        {
            Nodes = [.. _parts[member].Nodes.Select(one => one.Node == node ? change(one) : one)],
        };
}
