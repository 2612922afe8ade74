using Akka.Actor;
using Akka.TestKit;
using EpcActors.Kernel.Cgroups;
using EpcActors.Reports;
using EpcActors.Runs.Live;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>A subscriber sees every message that was delivered; without a subscriber nothing is made.</summary>
public sealed class TapTests : AkkaTestKit
{
    [Fact]
    public void A_subscriber_gets_a_record_of_every_message()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = "epc" }));
        ProbeResource resource = live.AddResource(0, "nodes/0");
        live.AddTask(1, t => Routines.Add(t, resource.Id, 2), path: "tasks/adder");
        TestProbe seen = CreateTestProbe();
        Assert.True(MessageTap.Get(Sys).Subscribe(seen.Ref));
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        for (int sum = 1; sum <= 2; sum++)
        {
            MessageDelivered delivered = seen.ExpectMsg<MessageDelivered>(EngineHarness.Patience);
            Assert.Equal("/user/epc/tasks/adder", delivered.Asker.ToStringWithoutAddress());
            Assert.Equal("/user/epc/nodes/0", delivered.Resource.ToStringWithoutAddress());
            Assert.Equal((typeof(Probe.Add), MessageKind.Other), (delivered.MessageType, delivered.Kind));
            Assert.False(delivered.IsParked);
            Assert.Equal(new Probe.Add { Value = 1 }, delivered.Asked);
            Assert.Equal(new Probe.Add { Value = 1, Sum = sum }, delivered.Answer);
            Assert.Equal($"Add {{ Value: 1 }} -> {{ Sum: {sum} }}", delivered.Line);
        }

        seen.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void A_parked_message_is_seen_twice()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Tap = true }));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Wait(t, resource.Id), path: "waiter");
        live.AddTask(2, t => Routines.Wake(t, resource), path: "waker");
        TestProbe seen = CreateTestProbe();

        // The options keep the tap open: an ordinary subscription is enough.
        Sys.EventStream.Subscribe(seen.Ref, typeof(MessageDelivered));
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        bool[] parked =
        [
            .. ProbeScenario
                .Drain(seen)
                .Where(one => one.MessageType == typeof(Probe.WaitHere))
                .Select(one => one.IsParked),
        ];
        Assert.Equal([true, false], parked);
    }

    [Fact]
    public void Nothing_is_published_without_a_subscriber()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Add(t, resource.Id, 10));
        TestProbe seen = CreateTestProbe();
        Sys.EventStream.Subscribe(seen.Ref, typeof(MessageDelivered));
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        seen.ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public void The_tap_opens_and_closes_during_a_run_and_closes_when_its_subscriber_is_gone()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Tick(t, resource.Id, 100_000));
        live.Go();
        MessageTap tap = MessageTap.Get(Sys);
        TestProbe seen = CreateTestProbe();
        Assert.True(tap.Subscribe(seen.Ref));
        Assert.False(tap.Subscribe(seen.Ref));
        seen.ExpectMsg<MessageDelivered>(EngineHarness.Patience);
        Assert.True(tap.Unsubscribe(seen.Ref));
        Assert.False(tap.IsOpen);
        Assert.False(tap.Unsubscribe(seen.Ref));

        TestProbe mortal = CreateTestProbe();
        tap.Subscribe(mortal.Ref);
        mortal.ExpectMsg<MessageDelivered>(EngineHarness.Patience);
        Sys.Stop(mortal.Ref);
        AwaitCondition(() => !tap.IsOpen, EngineHarness.Patience);
        Assert.Equal(RunEnd.Cancelled, live.Cancel());
    }

    [Fact]
    public void The_configuration_of_a_system_may_keep_the_tap_open()
    {
        using AkkaEngine engine = new(new AkkaOptions { AkkaBlock = $"{MessageTap.Key} = on" });
        Assert.True(MessageTap.Get(engine.ActorSystem).IsOpen);
        using AkkaEngine other = new(new AkkaOptions());
        Assert.False(MessageTap.Get(other.ActorSystem).IsOpen);
    }

    [Fact]
    public void A_scenario_is_seen_in_the_words_of_the_kernel_and_counts_what_it_shows()
    {
        AkkaEngine engine = null!;
        AkkaOptions options = new() { Words = KernelWords.Of };
        using LiveRun run = new(ProbeScenario.Roomy(), _ => engine = new AkkaEngine(Sys, options));
        TestProbe seen = CreateTestProbe();
        MessageTap.Get(Sys).Subscribe(seen.Ref);
        Assert.Equal(RunEnd.Finished, run.Execute(CancellationToken.None));
        List<MessageDelivered> answered = [.. ProbeScenario.Drain(seen).Where(one => !one.IsParked)];
        Assert.Equal(run.Steps, answered.Count);
        Assert.Equal(run.Steps, run.Messages.Sum(one => one.Count));
        MessageDelivered charge = answered.First(one => one.Asked is CgroupProtocol.Charge);
        Assert.Equal(
            "charge: /user/enclaves/a/thread-0 -> /user/cgroups/pod: ",
            charge.ToString()[..^charge.Line.Length]);
        Assert.EndsWith(")", charge.Line, StringComparison.Ordinal);
        Assert.DoesNotContain(answered, one => one.Words.Length == 0);
    }
}

/// <summary>The lines of <c>akka.actor.debug.receive</c>.</summary>
public sealed class DebugReceiveTests() : AkkaTestKit("akka { loglevel = DEBUG, actor.debug.receive = on }")
{
    [Fact]
    public void Each_message_is_logged_by_the_actor_that_handles_it_as_LoggingReceive_does()
    {
        AkkaOptions options = new() { Words = (_, _, _, _) => "atomic_long_add()" };
        using EngineHarness live = new(new AkkaEngine(Sys, options));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Add(t, resource.Id, 1), path: "adder");
        EventFilter.Debug(
                "received handled message Add { Value: 1 } -> { Sum: 1 } (atomic_long_add()) from "
                    + "akka://test/user/adder",
                source: "akka://test/user/node")
            .ExpectOne(EngineHarness.Patience, () =>
            {
                live.Begin();
                live.End();
            });
    }
}
