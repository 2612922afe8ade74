using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Transport;
using static EpcActors.Tests.Cluster.CoordinatorRig;

namespace EpcActors.Tests.Cluster;

/// <summary>Forming of the cluster: processes join or are refused.</summary>
public sealed class CoordinatorFormingTests
{
    [Fact]
    public void Members_are_welcomed_when_all_are_there_and_begin_when_all_are_ready()
    {
        CoordinatorRig rig = new();
        Assert.Equal(4, rig.Keeper.Started.Count);

        // In another order than they were started.
        FakeLink[] links = [.. ((int[])[2, 0, 3, 1]).Select(i => rig.Hello(rig.Keeper.Started[i].Ticket))];
        ControlMessage.Welcome[] welcomes = [.. links.Select(link => link.Last<ControlMessage.Welcome>())];

        Assert.Equal([2, 0, 3, 1], welcomes.Select(welcome => welcome.Member));
        Assert.All(welcomes, welcome => Assert.Equal(1, welcome.Incarnation));
        Assert.All(welcomes, welcome => Assert.Equal([0, 1, 2, 3], welcome.MemberOfNode));
        Assert.Equal([0, 3], welcomes[0].MemberOfEnclave);
        Assert.Equal(["at-2", "at-4", "at-1", "at-3"], welcomes[0].View.Addresses);
        Assert.Equal(1, rig.View.Epoch);

        foreach (FakeLink link in links[..3])
        {
            rig.Say(link);
        }

        Assert.All(links, link => Assert.Empty(link.Told.OfType<ControlMessage.Start>()));
        rig.Say(links[3]);
        Assert.All(links, link => Assert.Single(link.Told.OfType<ControlMessage.Start>()));
    }

    [Fact]
    public void Another_version_or_configuration_is_refused_with_what_differs()
    {
        CoordinatorRig rig = new();
        FakeLink version = rig.Hello(rig.Keeper.Started[0].Ticket, version: "v2");
        FakeLink configuration = rig.Hello(rig.Keeper.Started[0].Ticket, configuration: "c2");

        Assert.Contains("version v2, and the coordinator is v1", version.Refusal, StringComparison.Ordinal);
        Assert.Contains("fingerprint c2, there c1", configuration.Refusal, StringComparison.Ordinal);
        Assert.True(version.IsDropped && configuration.IsDropped);

        // The place is still free for the right one.
        Assert.Empty(rig.Hello(rig.Keeper.Started[0].Ticket).Told);
    }

    [Fact]
    public void A_ticket_is_good_once()
    {
        CoordinatorRig rig = new();
        Assert.Empty(rig.Hello(rig.Keeper.Started[0].Ticket).Told);
        Assert.Contains("ticket", rig.Hello(rig.Keeper.Started[0].Ticket).Refusal, StringComparison.Ordinal);
        Assert.Contains("ticket", rig.Hello("forged").Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Sockets_that_a_node_asks_for_are_its_own_and_conflicts_are_refused()
    {
        CoordinatorRig rig = new(own: [[0, 1]]);
        FakeLink own = rig.Hello(rig.Keeper.Started[0].Ticket);
        FakeLink third = rig.Hello(sockets: [3]);

        Assert.Contains(
            "socket 1 has a process of the coordinator already; ask for others: 2",
            rig.Hello(sockets: [1, 2]).Refusal,
            StringComparison.Ordinal);
        Assert.Contains(
            "socket 3 has process 100 on host already",
            rig.Hello(sockets: [3]).Refusal,
            StringComparison.Ordinal);
        Assert.Contains(
            "there is no socket 4: the machine has 4, 0 to 3",
            rig.Hello(sockets: [4]).Refusal,
            StringComparison.Ordinal);
        Assert.Contains("named twice", rig.Hello(sockets: [2, 2]).Refusal, StringComparison.Ordinal);

        // A process that names no sockets gets the rest.
        FakeLink rest = rig.Hello();
        Assert.Equal([0, 0, 1, 2], rest.Last<ControlMessage.Welcome>().MemberOfNode);
        Assert.Equal(1, rest.Last<ControlMessage.Welcome>().Member);
        Assert.Equal(2, third.Last<ControlMessage.Welcome>().Member);
        Assert.Equal(0, own.Last<ControlMessage.Welcome>().Member);
        Assert.Contains("complete and about to start", rig.Hello().Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_node_that_leaves_before_the_run_frees_its_sockets()
    {
        CoordinatorRig rig = new(own: [[0, 1]]);
        rig.Lose(rig.Hello(sockets: [2, 3]));
        Assert.Empty(rig.Hello(sockets: [2, 3]).Told);
        Assert.False(rig.Coordinator.HasEnded);
    }

    [Fact]
    public void Gaps_are_reported_when_the_time_is_over()
    {
        CoordinatorRig rig = new(own: [[0, 1]]);
        FakeLink own = rig.Hello(rig.Keeper.Started[0].Ticket);
        rig.Pass(59_000);
        Assert.False(rig.Coordinator.HasEnded);
        rig.Pass(1_000);

        ClusterException wrong = Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.Contains(
            "sockets 2, 3 have no process after 60 s (epc.cluster.join-timeout, --join-timeout)",
            wrong.Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "epc node FILE --join door:1 --token-file TOKEN --sockets 2,3",
            wrong.Message,
            StringComparison.Ordinal);
        Assert.Equal(wrong.Message, own.Refusal);
        Assert.Equal(["kill"], rig.Keeper.Started[0].Signals);
    }

    /// <summary>
    /// One limit rules: a process that takes half a minute to come up is waited for, and one that takes longer than the
    /// limit is named.
    /// </summary>
    [Fact]
    public void Forming_takes_as_long_as_the_join_timeout_allows()
    {
        CoordinatorRig rig = new(With("epc.cluster.join-timeout=100 s"));
        FakeLink[] early = [.. rig.Keeper.Started.Take(3).Select(one => rig.Hello(one.Ticket))];
        rig.Pass(99_000);
        FakeLink late = rig.Hello(rig.Keeper.Started[3].Ticket);
        Assert.All(early.Append(late), link => Assert.Single(link.Told.OfType<ControlMessage.Welcome>()));

        // Making the actors has the same time again.
        rig.Pass(99_000);
        Assert.False(rig.Coordinator.HasEnded);
        rig.Pass(2_000);
        Assert.True(rig.Coordinator.HasEnded);
    }

    [Fact]
    public void A_process_of_this_machine_that_comes_too_late_is_named()
    {
        CoordinatorRig rig = new(With("epc.cluster.join-timeout=3 s"));
        rig.Hello(rig.Keeper.Started[0].Ticket);
        rig.Pass(3_000);
        ClusterException wrong = Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.Equal(ClusterErrorKind.NotFormed, wrong.Kind);
        Assert.StartsWith(
            "sockets 1, 2, 3 have no process after 3 s (epc.cluster.join-timeout, --join-timeout): process 1 was "
                + "started here and did not join",
            wrong.Message,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Nothing is lost yet, so a process that was killed is started again; a second time it is not an accident.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_process_that_is_killed_while_the_cluster_forms_is_started_again_once(bool hadCome)
    {
        CoordinatorRig rig = new();
        FakeLink? first = hadCome ? rig.Hello(rig.Keeper.Started[2].Ticket) : null;
        rig.Keeper.Started[2].Exit(137);
        rig.Coordinator.Pump();
        Assert.Equal(5, rig.Keeper.Started.Count);
        Assert.Equal(hadCome, first is { IsDropped: true });
        Assert.False(rig.Coordinator.HasEnded);

        // What was lost is lost: what the cluster finds out later about the first life changes nothing, and its ticket
        // is worth nothing.
        if (first is not null)
        {
            rig.Lose(first);
        }

        Assert.Contains("ticket", rig.Hello(rig.Keeper.Started[2].Ticket).Refusal, StringComparison.Ordinal);
        rig.Keeper.Started[4].Exit(137, "last words");
        rig.Coordinator.Pump();
        ClusterException wrong = Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.Equal(
            "process 2 was killed by signal 9 while the cluster formed: last words; so was the one that was started "
                + "before it",
            wrong.Message);
        Assert.Equal(ClusterErrorKind.NotFormed, wrong.Kind);
    }

    [Fact]
    public void The_second_life_of_a_process_that_was_killed_takes_its_place_and_the_report_says_so()
    {
        CoordinatorRig rig = new();
        FakeProcess[] started = [.. rig.Keeper.Started];
        started[2].Exit(137);
        rig.Coordinator.Pump();
        foreach (FakeProcess process in (FakeProcess[])[started[0], started[1], rig.Keeper.Started[4], started[3]])
        {
            rig.Members.Add(rig.Hello(process.Ticket));
        }

        rig.Members.ForEach(member => rig.Say(member));
        Assert.Equal([0, 1, 2, 3], rig.Members.Select(member => member.Last<ControlMessage.Welcome>().Member));
        Assert.All(rig.Members, member => Assert.Single(member.Told.OfType<ControlMessage.Start>()));
        rig.Coordinator.Cancel();
        ClusterOutcome outcome = rig.End();
        Assert.Contains(
            "process 2 was killed by signal 9 while the cluster formed; it was started again",
            outcome.Notes);
        Assert.Empty(outcome.Deaths);
    }

    /// <summary>
    /// The cluster loses sight of a process that was stopped, say: it has to go before another takes its place, and the
    /// reason is not our own signal.
    /// </summary>
    [Fact]
    public void A_process_of_this_machine_that_is_lost_while_the_cluster_forms_is_killed_and_started_again()
    {
        CoordinatorRig rig = new();
        rig.Lose(rig.Hello(rig.Keeper.Started[1].Ticket), "not heard of for 5 s");
        Assert.Equal(["kill"], rig.Keeper.Started[1].Signals);
        rig.Keeper.Started[1].Exit(137);
        rig.Coordinator.Pump();
        Assert.Equal(5, rig.Keeper.Started.Count);
        rig.Keeper.Started[4].Exit(137);
        rig.Coordinator.Pump();
        Assert.StartsWith(
            "process 1 was killed by signal 9 while the cluster formed",
            Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_is_killed_while_the_actors_are_made_is_named()
    {
        CoordinatorRig rig = new();
        FakeLink[] links = [.. rig.Keeper.Started.ToArray().Select(one => rig.Hello(one.Ticket))];
        rig.Keeper.Started[2].Exit(137);
        rig.Coordinator.Pump();
        ClusterException wrong = Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.Equal(
            ("process 2 was killed by signal 9 while the cluster formed", ClusterErrorKind.NotFormed),
            (wrong.Message, wrong.Kind));
        Assert.Equal(wrong.Message, links[0].Refusal);
    }

    /// <summary>The exit code of a process agrees with the verdict of the run.</summary>
    [Theory]
    [InlineData(64, ClusterErrorKind.Usage)]
    [InlineData(3, ClusterErrorKind.NotSupported)]
    [InlineData(70, ClusterErrorKind.Defect)]
    [InlineData(2, ClusterErrorKind.NotFormed)]
    [InlineData(1, ClusterErrorKind.NotFormed)]
    public void A_process_that_ends_by_itself_is_not_started_again(int code, ClusterErrorKind kind)
    {
        CoordinatorRig rig = new();
        rig.Keeper.Started[3].Exit(code, "epc: so it is");
        rig.Coordinator.Pump();
        Assert.Equal(4, rig.Keeper.Started.Count);
        ClusterException wrong = Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.Equal(
            ($"process 3 ended with exit code {code} while the cluster formed: epc: so it is", kind),
            (wrong.Message, wrong.Kind));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_process_that_ends_before_the_run_ends_all(bool isReady)
    {
        CoordinatorRig rig = new();
        FakeLink first = rig.Hello(rig.Keeper.Started[0].Ticket);
        for (int i = 1; isReady && i < 4; i++)
        {
            rig.Hello(rig.Keeper.Started[i].Ticket);
        }

        rig.Keeper.Started[3].Exit(64, "epc: the port is taken");
        rig.Coordinator.Pump();

        Assert.Contains(
            "process 3 ended with exit code 64 while the cluster formed: epc: the port is taken",
            Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome()).Message,
            StringComparison.Ordinal);
        Assert.Contains("kill", rig.Keeper.Started[0].Signals);
        Assert.NotEmpty(first.Told.OfType<ControlMessage.Refused>());
    }

    [Fact]
    public void A_process_that_does_not_get_ready_is_named()
    {
        CoordinatorRig rig = new();
        FakeLink[] links = [.. rig.Keeper.Started.ToArray().Select(one => rig.Hello(one.Ticket))];
        rig.Pass(50_000);
        foreach (FakeLink link in links[..3])
        {
            rig.Say(link);
        }

        rig.Pass(11_000);
        Assert.Contains(
            "with sockets 3, did not get ready",
            Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_before_the_run_ends_the_processes()
    {
        CoordinatorRig rig = new();
        rig.Coordinator.Cancel();
        Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome());
        Assert.All(rig.Keeper.Started, one => Assert.Equal(["kill"], one.Signals));
    }

    [Fact]
    public void A_fault_without_a_member_ends_it_before_it_begins()
    {
        CoordinatorRig rig = new(With("epc.cluster.faults=[ { at = 1 s, kill = 3 } ]"), [[0, 1], [2, 3]]);
        rig.Hello(rig.Keeper.Started[0].Ticket);
        rig.Hello(rig.Keeper.Started[1].Ticket);
        Assert.Contains(
            "names process 3, and there are 2",
            Assert.Throws<ClusterException>(() => rig.Coordinator.Outcome()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 0, 1, 2, 3 }, "0-3 1-3 2-3", new[] { 3 })]
    [InlineData(new[] { 0, 1, 2, 3 }, "0-1 0-2 0-3", new[] { 0 })]
    [InlineData(new[] { 0, 1, 2, 3 }, "0-2 0-3 1-2 1-3", new[] { 2, 3 })]
    [InlineData(new[] { 1, 2, 3 }, "1-2 1-3", new[] { 1 })]
    [InlineData(new[] { 0, 1 }, "1-0", new[] { 1 })]
    [InlineData(new[] { 0, 1, 2 }, "0-1", new[] { 1 })]
    [InlineData(new[] { 0, 1, 2 }, "", new int[0])]
    public void The_smaller_side_goes_and_on_a_tie_the_one_without_the_lowest(
        int[] members,
        string broken,
        int[] expected)
    {
        HashSet<string> pairs = [.. broken.Split(' ')];
        Assert.Equal(expected, Partitions.TakeOut(members, (one, other) => pairs.Contains($"{one}-{other}")));
    }
}
