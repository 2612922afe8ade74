using Akka.Actor;
using Akka.Remote;
using Akka.Remote.Transport;
using EpcActors.Cluster.Transport;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>
/// Links between nodes that are broken, by Akka.Remote's own adapter for that: who is taken out
/// (docs/decisions/0019-akka-cluster.md).
/// </summary>
[Trait("tier", "slow")] // Members wait for one another in real time.
public sealed class ClusterPartitionTests
{
    private const string WithThrottle = "akka.remote.dot-netty.tcp.applied-adapters = [ trttl ]";

    private static readonly TimeSpan Timeout = ClusterHarness.FailureTimeout;

    [Fact]
    public async Task Members_that_do_not_reach_the_coordinator_leave_and_all_others_stay()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(Timeout, WithThrottle);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(3);

        // It still hears the other two, and they hear it.
        await BreakAsync(members[1].Transport.System!, cluster.Coordinator.System!);
        Loss loss = await cluster.Log.Losses.NextAsync();
        Assert.Same(members[1].Link, loss.Link);
        string reason = await members[1].Log.Losses.NextAsync();
        Assert.Contains("5 s", reason, StringComparison.Ordinal);
        await members[1].Transport.System!.WhenTerminated.WaitAsync(ClusterHarness.Limit);

        await TheyGoOnAsync(cluster, members[0], members[2]);
        Assert.Equal(0, cluster.Log.Losses.Left);
    }

    [Fact]
    public async Task Two_members_that_do_not_hear_one_another_both_stay()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(Timeout, WithThrottle);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(3);
        await BreakAsync(members[0].Transport.System!, members[1].Transport.System!);

        // Once the failure timeout after it was noticed, by the clock of the cluster itself: a decision comes half of
        // it after that.
        await ClusterWait.UntilAsync(() =>
            cluster.Log.Notes.Any(note => note.Contains("not heard of", StringComparison.Ordinal)));
        TaskCompletionSource later = new();
        cluster.Coordinator.System!.Scheduler.Advanced.ScheduleOnce(Timeout, later.SetResult);
        await later.Task;

        Assert.Equal(0, cluster.Log.Losses.Left);
        await TheyGoOnAsync(cluster, members[0], members[2]);
        await TheyGoOnAsync(cluster, members[1], members[2]);

        // And a new process comes in all the same.
        var (_, _, joined) = cluster.Begin(9);
        Arrival arrival = await cluster.Log.Hellos.NextAsync();
        cluster.Coordinator.Tell(
            arrival.Link,
            new ControlMessage.Welcome(0, 2, [], [], [], ClusterHarness.View(members)));
        await joined;
    }

    [Fact]
    public async Task Who_comes_back_in_time_is_not_dead_and_has_missed_nothing_of_the_coordinator()
    {
        await using ClusterHarness cluster = await ClusterHarness.OpenAsync(Timeout, WithThrottle);
        IReadOnlyList<ClusterMember> members = await cluster.JoinAsync(2);
        await BreakAsync(members[0].Transport.System!, cluster.Coordinator.System!);
        await BreakAsync(members[0].Transport.System!, members[1].Transport.System!);
        cluster.Coordinator.Tell(members[0].Link, new ControlMessage.BeginCut(1));
        members[0].Transport.Tell(new ControlMessage.Failed("said while cut off"));
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 1));
        await ClusterWait.UntilAsync(() =>
            cluster.Log.Notes.Any(note => note.Contains("is not heard of", StringComparison.Ordinal)));
        await MendAsync(members[0].Transport.System!, cluster.Coordinator.System!);
        await MendAsync(members[0].Transport.System!, members[1].Transport.System!);
        await ClusterWait.UntilAsync(() =>
            cluster.Log.Notes.Any(note => note.Contains("is heard of again", StringComparison.Ordinal)));

        Assert.Equal(new ControlMessage.BeginCut(1), await members[0].Log.Controls.NextAsync());
        Assert.Equal(new ControlMessage.Failed("said while cut off"), (await cluster.Log.Controls.NextAsync()).Message);

        // A frame that was lost is the gateway's to send again; the way is open.
        members[0].Transport.Send(ClusterHarness.FrameOf(0, 1, 2));
        while ((await members[1].Log.Frames.NextAsync()).Sequence != 2)
        {
        }

        Assert.Equal(0, cluster.Log.Losses.Left);
        Assert.Equal(0, members[0].Log.Losses.Left);
    }

    private static async Task TheyGoOnAsync(ClusterHarness cluster, ClusterMember one, ClusterMember other)
    {
        ControlMessage.Membership view = ClusterHarness.View([one, other]);
        one.Transport.Connect(view);
        one.Transport.Send(ClusterHarness.FrameOf(0, 1, 77));
        Assert.Equal(77u, (await other.Log.Frames.NextAsync()).Sequence);
        foreach (ClusterMember member in (ClusterMember[])[one, other])
        {
            cluster.Coordinator.Tell(member.Link, new ControlMessage.BeginCut(5));
            Assert.Equal(new ControlMessage.BeginCut(5), await member.Log.Controls.NextAsync());
            member.Transport.Tell(new ControlMessage.Failed("here"));
            Assert.Same(member.Link, (await cluster.Log.Controls.NextAsync()).Link);
            Assert.Equal(0, member.Log.Losses.Left);
        }
    }

    private static Task BreakAsync(ActorSystem one, ActorSystem other) => SetAsync(one, other, Blackhole.Instance);

    private static Task MendAsync(ActorSystem one, ActorSystem other) => SetAsync(one, other, Unthrottled.Instance);

    private static async Task SetAsync(ActorSystem one, ActorSystem other, ThrottleMode mode)
    {
        Assert.True(
            await TransportOf(one)
                .ManagementCommand(new SetThrottle(AddressOf(other), ThrottleTransportAdapter.Direction.Both, mode)));
        Assert.True(
            await TransportOf(other)
                .ManagementCommand(new SetThrottle(AddressOf(one), ThrottleTransportAdapter.Direction.Both, mode)));
    }

    private static RemoteTransport TransportOf(ActorSystem system) =>
        ((IRemoteActorRefProvider)((ExtendedActorSystem)system).Provider).Transport;

    private static Address AddressOf(ActorSystem system) => AkkaCluster.Get(system).SelfAddress;
}
