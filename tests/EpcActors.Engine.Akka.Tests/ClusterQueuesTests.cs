using Akka.TestKit;
using EpcActors.Cluster.AkkaTransport;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Cluster.Wire;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The queues of a member: one to each life of each other member.</summary>
public sealed class ClusterQueuesTests : AkkaTestKit
{
    private readonly FrameQueues _queues = new(new WireMeter(), new RunToken("token"));

    [Fact]
    public void What_comes_from_an_old_life_is_not_answered_to_the_new_one()
    {
        TestProbe peer = Connect(incarnation: 2);
        Arrive(incarnation: 1);
        _queues.OnTick();
        peer.ExpectNoMsg(TimeSpan.Zero);
        Arrive(incarnation: 2);
        _queues.OnTick();
        FrameBundle answer = peer.ExpectMsg<FrameBundle>(EngineHarness.Patience);
        BundleHead head = BundleHead.Read(answer.Bytes, out _);
        Assert.Equal((2, 1000L), (head.ToIncarnation, head.Taken));
    }

    [Fact]
    public void A_new_life_gets_a_lane_of_its_own_and_the_old_one_nothing_more()
    {
        TestProbe old = Connect(incarnation: 1);
        Send();
        Assert.Equal(1, BundleHead.Read(old.ExpectMsg<FrameBundle>(EngineHarness.Patience).Bytes, out _).ToIncarnation);
        TestProbe next = Connect(incarnation: 2);
        Send();
        BundleHead head = BundleHead.Read(next.ExpectMsg<FrameBundle>(EngineHarness.Patience).Bytes, out _);
        Assert.Equal(2, head.ToIncarnation);
        old.ExpectNoMsg(TimeSpan.Zero);
    }

    /// <summary>Member 0 gets a view in which member 1 has that life; who stands at its address.</summary>
    private TestProbe Connect(int incarnation)
    {
        TestProbe peer = CreateTestProbe();
        ClusterView view = ClusterView.First(2, [0]);
        for (int life = 2; life <= incarnation; life++)
        {
            view = view.Next([1, life]);
        }

        _queues.Introduce(0, 1);
        _queues.Connect(ControlMessage.Membership.Of(view, ["here", "there"]), _ => peer.Ref, TestActor);
        return peer;
    }

    private void Arrive(int incarnation)
    {
        BundleHead head = new(1, 0, incarnation, 1, 1000, 0, Seal: 0);
        _queues.OnArrived(in head);
    }

    private void Send()
    {
        Frame frame = ClusterHarness.FrameOf(0, 1, 1);
        _queues.Send(in frame, mayLeave: true);
    }
}
