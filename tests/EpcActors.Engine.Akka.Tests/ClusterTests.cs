using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Akka.Actor;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Processes of a cluster, as actor systems of their own in this one.</summary>
[Trait("tier", "slow")] // Members wait for one another in real time.
public sealed class ClusterTests
{
    [Fact]
    public async Task Members_join_are_welcome_and_gateway_frames_and_control_messages()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(3);

        for (int i = 1; i <= 500; i++)
        {
            members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, i));
            members[1].Transport.Send(ClusterHarness.FrameOf(1, 0, i));
            members[2].Transport.Send(ClusterHarness.FrameOf(2, 0, i));
        }

        List<Frame> atZero = [];
        for (int i = 0; i < 1000; i++)
        {
            atZero.Add(await members[0].Log.Frames.NextAsync());
        }

        Assert.Equal(
            Enumerable.Range(1, 500),
            atZero.Where(frame => frame.From == 1).Select(frame => (int)frame.Sequence));
        Assert.Equal(
            Enumerable.Range(1, 500),
            atZero
                .Where(frame => frame.From == 2)
                .Select(frame => (int)frame.Read<ClusterProtocol.AddToCounter>().Amount));
        for (int i = 1; i <= 500; i++)
        {
            Assert.Equal((uint)i, (await members[1].Log.Frames.NextAsync()).Sequence);
        }

        WireCounts counts = members[0].Transport.Counts;
        Assert.Equal((500, 1000, 0), (counts.FramesOut, counts.FramesIn, counts.FramesDropped));
        Assert.InRange(counts.Writes, 1, 500);

        // Parts: a message that is longer than one.
        ControlMessage.Failed report = new(new string('x', 5 * ControlLine.PartBytes));
        members[1].Transport.Tell(report);
        members[1].Transport.Tell(new ControlMessage.Failed("second"));
        Heard heard = await cluster.Log.Controls.NextAsync();
        Assert.Same(members[1].Link, heard.Link);
        Assert.Equal(report, heard.Message);
        Assert.Equal(new ControlMessage.Failed("second"), (await cluster.Log.Controls.NextAsync()).Message);
        cluster.Coordinator.Tell(members[2].Link, new ControlMessage.BeginCut(7));
        Assert.Equal(new ControlMessage.BeginCut(7), await members[2].Log.Controls.NextAsync());
        Assert.Equal(0, members[0].Log.Controls.Left);
    }

    [Fact]
    public async Task A_node_says_what_it_is()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        var (transport, _, _) = cluster.Begin(2, 3);
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        Assert.Equal(AkkaCluster.Get(transport.System!).SelfAddress.ToString(), arrival.Hello.Address);
        Assert.Equal(
            ["epc-member", "epc-socket-2", "epc-socket-3"],
            AkkaCluster.Get(transport.System!).SelfRoles.Order(StringComparer.Ordinal));
        Assert.Equal(["epc-coordinator"], AkkaCluster.Get(cluster.Coordinator.System!).SelfRoles);
        Assert.Equal(
            typeof(AkkaMemberTransport).Assembly.GetName().Version!.ToString(3),
            AkkaCluster.Get(transport.System!).SelfMember.AppVersion.Version);
    }

    [Fact]
    public async Task A_member_that_leaves_in_order_is_lost_once_after_what_it_said_last()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        for (int i = 0; i < 100; i++)
        {
            members[0].Transport.Tell(new ControlMessage.Failed(i.ToString(CultureInfo.InvariantCulture)));
        }

        using CancellationTokenSource limit = new(ClusterHarness.Limit);
        await members[0].Transport.LeaveAsync(limit.Token);
        Loss loss = await cluster.Log.Losses.NextAsync();
        Assert.Same(members[0].Link, loss.Link);
        Assert.Equal("it has left", loss.Reason);
        Assert.Equal(100, cluster.Log.Controls.Left);
        Assert.True(members[0].Transport.System!.WhenTerminated.IsCompleted);

        // The other member and the cluster are there, and no member was told that the coordinator is lost.
        members[1].Transport.Tell(new ControlMessage.Failed("still here"));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(
                new ControlMessage.Failed(i.ToString(CultureInfo.InvariantCulture)),
                (await cluster.Log.Controls.NextAsync()).Message);
        }

        Assert.Equal(new ControlMessage.Failed("still here"), (await cluster.Log.Controls.NextAsync()).Message);
        Assert.Equal(0, cluster.Log.Losses.Left);
        Assert.Equal(0, members[0].Log.Losses.Left);
    }

    /// <summary>The last word of a member is a report of some MiB, and it goes right after it.</summary>
    [Fact]
    public async Task A_long_result_arrives_before_its_sender_has_left()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(1);
        ControlMessage.Failed report = new(new string('x', 48 << 20));
        members[0].Transport.Tell(report);
        await members[0].Transport.LeaveAsync(CancellationToken.None).WaitAsync(ClusterHarness.Limit);
        Assert.Equal("it has left", (await cluster.Log.Losses.NextAsync()).Reason);
        Assert.Equal(1, cluster.Log.Controls.Left);
        Assert.Equal(report, (await cluster.Log.Controls.NextAsync()).Message);
    }

    [Fact]
    public async Task A_process_that_is_gone_is_taken_out_within_the_failure_timeout()
    {
        TimeSpan timeout = ClusterHarness.FailureTimeout;
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(timeout);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(3);
        long start = Stopwatch.GetTimestamp();
        members[1].Kill();
        Loss loss = await cluster.Log.Losses.NextAsync();
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        Assert.Same(members[1].Link, loss.Link);
        Assert.Contains("not heard of for 5 s", loss.Reason, StringComparison.Ordinal);
        Assert.True(took >= 0.4 * timeout, $"taken out after {took.TotalSeconds:0.0} s: too early");
        Assert.Contains(cluster.Log.Notes, note =>
            note.Contains("is not heard of; it may come back", StringComparison.Ordinal));

        // A new process comes in, and the others are there.
        var (_, _, joined) = cluster.Begin(1);
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        cluster.Coordinator.Tell(
            arrival.Link,
            new ControlMessage.Welcome(1, 2, [], [], [], ClusterHarness.View(members)));
        Assert.Equal(2, (await joined).Incarnation);
        members[2].Transport.Send(ClusterHarness.FrameOf(2, 0, 1));
        Assert.Equal(2, (await members[0].Log.Frames.NextAsync()).From);

        // Downed first, removed later: still one loss.
        AkkaCluster node = AkkaCluster.Get(cluster.Coordinator.System!);
        await ClusterWait.UntilAsync(() =>
            node.State.Members.All(member => member.Address.ToString() != members[1].Address));
        members[0].Transport.Tell(new ControlMessage.Failed("heard after it was removed"));
        await cluster.Log.Controls.NextAsync();
        Assert.Equal(0, cluster.Log.Losses.Left);
        Assert.Equal(0, members[0].Log.Losses.Left);
    }

    [Fact]
    public async Task Members_hear_when_the_coordinator_is_gone_and_leave()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(ClusterHarness.FailureTimeout);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        ((ExtendedActorSystem)cluster.Coordinator.System!).Abort();
        foreach (ClusterMember member in members)
        {
            string reason = await member.Log.Losses.NextAsync();
            Assert.Contains("the coordinator was not heard of for 5 s", reason, StringComparison.Ordinal);
            await member.Transport.System!.WhenTerminated.WaitAsync(ClusterHarness.Limit);
            Assert.Equal(0, member.Log.Losses.Left);
        }
    }

    [Fact]
    public async Task Members_hear_when_the_coordinator_leaves()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        cluster.Coordinator.Tell(members[1].Link, new ControlMessage.BeginCut(1));
        using CancellationTokenSource limit = new(ClusterHarness.Limit);
        await cluster.Coordinator.CloseAsync(limit.Token);
        Assert.Contains("has left: the run is over", await members[0].Log.Losses.NextAsync(), StringComparison.Ordinal);
        Assert.Contains("has left: the run is over", await members[1].Log.Losses.NextAsync(), StringComparison.Ordinal);
        Assert.Equal(new ControlMessage.BeginCut(1), await members[1].Log.Controls.NextAsync());
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    [Fact]
    public async Task A_refusal_is_passed_on_in_its_words()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        var (transport, log, joined) = cluster.Begin();
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        cluster.Coordinator.Tell(
            arrival.Link,
            new ControlMessage.Refused("another configuration: def, not abc", ClusterErrorKind.Usage));
        cluster.Coordinator.Drop(arrival.Link);
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() => joined);
        Assert.Equal("another configuration: def, not abc", error.Message);
        Assert.True(transport.System!.WhenTerminated.IsCompleted);
        Assert.Equal(0, log.Losses.Left);
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    [Fact]
    public async Task A_member_that_was_dropped_hears_it_and_is_not_heard_any_more()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        cluster.Coordinator.Drop(members[0].Link);
        members[0].Transport.Tell(new ControlMessage.Failed("I am still here"));
        Assert.Contains("taken out of the run", await members[0].Log.Losses.NextAsync(), StringComparison.Ordinal);
        members[1].Transport.Tell(new ControlMessage.Failed("me too"));
        Assert.Equal(new ControlMessage.Failed("me too"), (await cluster.Log.Controls.NextAsync()).Message);
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    [Fact]
    public async Task A_member_that_is_dropped_and_stays_is_taken_out()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(ClusterHarness.FailureTimeout);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(1);
        cluster.Coordinator.Drop(members[0].Link);
        await members[0].Transport.System!.WhenTerminated.WaitAsync(ClusterHarness.Limit);
        Assert.Contains(
            "has taken this process out",
            await members[0].Log.Losses.NextAsync(),
            StringComparison.Ordinal);
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    [Fact]
    public async Task A_coordinator_that_does_not_answer_is_named()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        string seed = silent.LocalEndpoint.ToString()!;
        AkkaMemberTransport transport = new(
            new AkkaClusterOptions { Seed = seed, JoinTimeout = TimeSpan.FromSeconds(1) });
        long start = Stopwatch.GetTimestamp();
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            transport.JoinAsync(ClusterHarness.HelloOf(), new MemberLog(), CancellationToken.None));
        Assert.Contains($"no coordinator answers at {seed} within 1 s", error.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromSeconds(1));
        Assert.True(transport.System!.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task Waiting_for_the_others_can_be_given_up()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        AkkaMemberTransport transport = new(cluster.Options);
        using CancellationTokenSource stop = new();
        Task joined = transport.JoinAsync(ClusterHarness.HelloOf(), new MemberLog(), stop.Token);
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => joined);
        Assert.Same(arrival.Link, (await cluster.Log.Losses.NextAsync()).Link);
    }

    [Theory]
    [InlineData("")]
    [InlineData("somewhere")]
    [InlineData("somewhere:0")]
    [InlineData(":2552")]
    [InlineData("somewhere:70000")]
    public async Task A_seed_that_is_no_place_is_an_error(string seed)
    {
        await using AkkaMemberTransport transport = new(new AkkaClusterOptions { Seed = seed });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            transport.JoinAsync(ClusterHarness.HelloOf(), new MemberLog(), CancellationToken.None));
        Assert.Contains("write host:port", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_that_says_so()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        int port = int.Parse(cluster.Coordinator.Address.Split(':')[1], CultureInfo.InvariantCulture);
        await using AkkaCoordinatorTransport second = new(new AkkaClusterOptions { Port = port });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            second.OpenAsync(cluster.Log, CancellationToken.None));
        Assert.StartsWith($"port {port} of 127.0.0.1 is in use", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1 is not an address of this host")]
    [InlineData("0.0.0.0", "say as well under which name")]
    public async Task A_host_that_cannot_be_listened_on_is_an_error_that_says_so(string host, string said)
    {
        await using AkkaCoordinatorTransport coordinator = new(new AkkaClusterOptions { Host = host });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            coordinator.OpenAsync(new CoordinatorLog([]), CancellationToken.None));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Others_are_told_the_public_name()
    {
        await using AkkaCoordinatorTransport coordinator = new(
            new AkkaClusterOptions { Host = "0.0.0.0", PublicHost = "localhost" });
        await coordinator.OpenAsync(new CoordinatorLog([]), CancellationToken.None);
        Assert.StartsWith("localhost:", coordinator.Address, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("akka { loglevel = LOUD }", "LOUD")]
    [InlineData("akka { a { }, }", "akka block")]
    [InlineData("akka.cluster.downing-provider-class = \"No.Such, Thing\"", "Thing")]
    [InlineData("akka.cluster.keep-coordinator.stable-after = 0", "stable-after has to be a time above zero")]
    public async Task A_wrong_block_is_an_error_with_its_place(string block, string said)
    {
        await using AkkaCoordinatorTransport coordinator = new(
            new AkkaClusterOptions { AkkaBlock = block, AkkaOrigin = "run.conf:3:1" });
        ClusterException error = await Assert.ThrowsAsync<ClusterException>(() =>
            coordinator.OpenAsync(new CoordinatorLog([]), CancellationToken.None));
        Assert.StartsWith("run.conf:3:1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_block_of_the_user_has_the_last_word_but_for_who_a_process_is()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(
            akkaBlock: "akka { actor.provider = local, remote.dot-netty.tcp.port = 1, cluster { roles = [ x ], "
                + "failure-detector.acceptable-heartbeat-pause = 77 s } }");
        AkkaCluster node = AkkaCluster.Get(cluster.Coordinator.System!);
        Assert.Equal(
            TimeSpan.FromSeconds(77),
            cluster.Coordinator.System!.Settings.Config.GetTimeSpan(
                "akka.cluster.failure-detector.acceptable-heartbeat-pause"));
        Assert.Equal(["epc-coordinator"], node.SelfRoles);
        Assert.NotEqual(1, node.SelfAddress.Port);
    }

    [Fact]
    public async Task Frames_of_members_that_are_cut_off_are_lost_until_further_notice()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(3);
        members[0].Transport.Cut([1]);
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 1));
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 2, 2));
        Assert.Equal(2u, (await members[2].Log.Frames.NextAsync()).Sequence);
        Assert.Equal(1, members[0].Transport.Counts.FramesDropped);

        // The other way: what it sends is lost here, though it does not know that it is cut off.
        members[1].Transport.Send(ClusterHarness.FrameOf(1, 0, 3));
        members[1].Transport.Send(ClusterHarness.FrameOf(1, 2, 4));
        Assert.Equal(4u, (await members[2].Log.Frames.NextAsync()).Sequence);
        await ClusterWait.UntilAsync(() => members[0].Transport.Counts.FramesDropped == 2);

        members[0].Transport.Cut([]);
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 5));
        members[1].Transport.Send(ClusterHarness.FrameOf(1, 0, 6));
        Assert.Equal(5u, (await members[1].Log.Frames.NextAsync()).Sequence);
        Assert.Equal(6u, (await members[0].Log.Frames.NextAsync()).Sequence);
    }

    [Fact]
    public async Task Frames_for_members_that_are_in_no_view_are_lost_and_counted()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync();
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 7, 1));
        Assert.Equal(1, members[0].Transport.Counts.FramesDropped);
        ControlMessage.Membership view = ControlMessage.Membership.Of(
            ClusterView.First(2, [0]).Next([1, 0]),
            [members[0].Address, ""]);
        members[0].Transport.Connect(view);
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 1));
        Assert.Equal(2, members[0].Transport.Counts.FramesDropped);
        Assert.Equal(0, members[0].Transport.Counts.FramesOut);
    }
}
