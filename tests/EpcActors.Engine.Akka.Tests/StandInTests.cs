using Akka.Actor;
using Akka.Event;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>A stand-in answers a request once, with the right message, or has it handled where it belongs.</summary>
public sealed class StandInTests : AkkaTestKit
{
    [Fact]
    public void Only_the_first_answer_counts()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        ProbeResource other = live.AddResource(1, "other");
        long sum = 0;
        live.AddTask(2, async t =>
        {
            sum = (await t.Ask(resource.Id, new Probe.Add { Value = 5 })).Sum;
            await t.Ask(other.Id, new Probe.WaitHere());
        }, path: "adder");
        TestProbe standIn = CreateTestProbe();
        live.Engine.StandIn(resource, standIn.Ref);
        live.Engine.StaysOpen = true;
        live.Go();
        TestProbe unhandled = Unhandled();
        Request<Probe.Add> request = standIn.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        standIn.Reply(new Reply<Probe.Add>(new Probe.Add { Sum = 1000 }));
        AwaitCondition(() => other.Waiting == 1, EngineHarness.Patience);
        standIn.Reply(new Reply<Probe.Add>(new Probe.Add { Sum = 2000 }));
        Assert.IsType<Reply<Probe.Add>>(unhandled.ExpectMsg<UnhandledMessage>(EngineHarness.Patience).Message);
        live.Engine.RefOf(resource).Tell(request, standIn.LastSender);
        Assert.Same(request, unhandled.ExpectMsg<UnhandledMessage>(EngineHarness.Patience).Message);
        live.Cancel();
        Assert.Equal((1000, 0), (sum, resource.Sum));
    }

    [Fact]
    public void An_answer_of_another_type_is_unhandled_and_the_task_waits_on()
    {
        using EngineHarness live = Ask(out ProbeResource _, out TestProbe standIn, out long[] sums);
        TestProbe unhandled = Unhandled();
        for (int i = 1; i <= 2; i++)
        {
            standIn.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
            standIn.Reply(new Reply<Probe.Acquire>(default));
            Assert.IsType<Reply<Probe.Acquire>>(unhandled.ExpectMsg<UnhandledMessage>(EngineHarness.Patience).Message);
            standIn.Reply(new Reply<Probe.Add>(new Probe.Add { Sum = i }));
        }

        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal([1, 2], sums);
    }

    [Fact]
    public void A_request_cannot_be_forwarded_to_another_resource()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        ProbeResource other = live.AddResource(1, "other");
        live.AddTask(2, t => Routines.Add(t, resource.Id, 1), path: "adder");
        TestProbe standIn = CreateTestProbe();
        live.Engine.StandIn(resource, standIn.Ref);
        live.Go();
        TestProbe unhandled = Unhandled();
        standIn.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        standIn.Forward(live.Engine.RefOf(other));
        unhandled.ExpectMsg<UnhandledMessage>(EngineHarness.Patience);
        standIn.Forward(live.Engine.RefOf(resource));
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal((1, 0), (resource.Sum, other.Sum));
    }

    /// <summary>The tap says who has answered, and has no words of the kernel for what no resource did.</summary>
    [Fact]
    public void The_tap_shows_what_a_stand_in_says()
    {
        AkkaOptions options = new() { Words = (_, _, _, _) => "atomic_long_add()" };
        using EngineHarness live = Ask(out ProbeResource resource, out TestProbe standIn, out long[] _, options);
        TestProbe seen = CreateTestProbe();
        MessageTap.Get(Sys).Subscribe(seen.Ref);
        standIn.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        standIn.Reply(new Reply<Probe.Add>(new Probe.Add { Value = 5, Sum = 1000 }));
        standIn.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        standIn.Forward(live.Engine.RefOf(resource));
        Assert.Equal(RunEnd.Finished, live.End());
        MessageDelivered[] records = [.. ProbeScenario.Drain(seen)];
        Assert.Equal([standIn.Ref.Path, live.Engine.RefOf(resource).Path], records.Select(one => one.Resource));
        Assert.Equal("Add { Value: 5 } -> { Sum: 1000 }", records[0].Line);
        Assert.Equal("Add { Value: 5 } -> { Sum: 5 } (atomic_long_add())", records[1].Line);
        Assert.All(records, one => Assert.Equal("/user/adder", one.Asker.ToStringWithoutAddress()));
    }

    /// <summary>A task that adds 5 twice to a resource with a stand-in.</summary>
    private EngineHarness Ask(
        out ProbeResource resource, out TestProbe standIn, out long[] sums, AkkaOptions? options = null)
    {
        EngineHarness live = new(new AkkaEngine(Sys, options));
        ProbeResource added = live.AddResource(0, "node");
        long[] seen = [0, 0];
        live.AddTask(1, async t =>
        {
            for (int i = 0; i < seen.Length; i++)
            {
                seen[i] = (await t.Ask(added.Id, new Probe.Add { Value = 5 })).Sum;
            }
        }, path: "adder");
        standIn = CreateTestProbe();
        live.Engine.StandIn(added, standIn.Ref);
        live.Go();
        (resource, sums) = (added, seen);
        return live;
    }

    private TestProbe Unhandled()
    {
        TestProbe probe = CreateTestProbe();
        Sys.EventStream.Subscribe(probe.Ref, typeof(UnhandledMessage));
        return probe;
    }
}
