using Akka.Actor;
using Akka.Event;
using Akka.TestKit;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Results;
using EpcActors.Runs.Live;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>A TestProbe sends typed messages to resources of a run, and stands in for resources.</summary>
public sealed class ProbeTests : AkkaTestKit
{
    private const int Page = 4096;

    [Fact]
    public void A_probe_sends_a_typed_message_and_gets_a_typed_answer()
    {
        using EngineHarness live = Open(out ProbeResource resource);
        TestProbe probe = CreateTestProbe();
        IActorRef actor = live.Engine.RefOf(resource);
        actor.Tell(new Request<Probe.Add>(new Probe.Add { Value = 3 }), probe.Ref);
        actor.Tell(new Request<Probe.Add>(new Probe.Add { Value = 4 }), probe.Ref);
        Assert.Equal(3, probe.ExpectMsg<Reply<Probe.Add>>(EngineHarness.Patience).Message.Sum);
        Assert.Equal(7, probe.ExpectMsg<Reply<Probe.Add>>(EngineHarness.Patience).Message.Sum);
        Assert.Equal(actor, probe.LastSender);
        live.Cancel();
        MessageCount count = Assert.Single(live.Engine.Messages, one => one.Asker == ActorKind.External);
        Assert.Equal((ActorKind.Resource, 0xF101, 2L), (count.Resource, count.Code, count.Count));
    }

    [Fact]
    public async Task An_ask_of_Akka_gets_it_too()
    {
        using EngineHarness live = Open(out ProbeResource resource);
        IActorRef actor = live.Engine.RefOf(resource);
        Reply<Probe.Add> first = await actor.Ask<Reply<Probe.Add>>(
            new Request<Probe.Add>(new Probe.Add { Value = 3 }), EngineHarness.Patience);
        Reply<Probe.Add> second = await actor.Ask<Reply<Probe.Add>>(
            new Request<Probe.Add>(new Probe.Add { Value = 4 }), EngineHarness.Patience);
        Assert.Equal((3, 7), (first.Message.Sum, second.Message.Sum));
        live.Cancel();
    }

    [Fact]
    public void A_probe_owns_the_lock_that_it_takes_and_tasks_wait_for_it()
    {
        using EngineHarness live = Open(out ProbeResource resource);
        ProbeResource told = resource;
        IActorRef actor = live.Engine.RefOf(resource);
        TestProbe probe = CreateTestProbe();
        TestProbe other = CreateTestProbe();
        actor.Tell(new Request<Probe.Acquire>(default), probe.Ref);
        probe.ExpectMsg<Reply<Probe.Acquire>>(EngineHarness.Patience);
        actor.Tell(new Request<Probe.Acquire>(default), other.Ref);
        other.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        actor.Tell(new Request<Probe.Release>(default), probe.Ref);
        probe.ExpectMsg<Reply<Probe.Release>>(EngineHarness.Patience);
        other.ExpectMsg<Reply<Probe.Acquire>>(EngineHarness.Patience);
        live.Cancel();
        Assert.Equal(2, told.Owners.Distinct().Count());
    }

    /// <summary>
    /// The only task of the run waits for a lock that the probe has: nothing is under way, and yet it is not a
    /// deadlock.
    /// </summary>
    [Fact]
    public void While_a_probe_may_release_what_tasks_wait_for_there_is_no_deadlock()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Lock(t, resource.Id), path: "locker");
        TestProbe gate = CreateTestProbe();
        TestProbe probe = CreateTestProbe();
        live.Engine.StandIn(resource, gate.Ref);
        live.Go();
        IActorRef actor = live.Engine.RefOf(resource);
        gate.ExpectMsg<Request<Probe.Acquire>>(EngineHarness.Patience);
        actor.Tell(new Request<Probe.Acquire>(default), probe.Ref);
        probe.ExpectMsg<Reply<Probe.Acquire>>(EngineHarness.Patience);
        live.Engine.StandDown(resource);
        gate.Forward(actor);
        AwaitCondition(() => live.Engine.GoingTasks == 0, EngineHarness.Patience);
        probe.ExpectNoMsg(TimeSpan.FromMilliseconds(50));
        Assert.False(live.Run.IsCompleted);
        actor.Tell(new Request<Probe.Release>(default), probe.Ref);
        probe.ExpectMsg<Reply<Probe.Release>>(EngineHarness.Patience);
        Assert.Equal(RunEnd.Finished, live.End());
    }

    /// <summary>
    /// A probe that has gone releases nothing any more: the task that waits for its lock is in a deadlock.
    /// </summary>
    [Fact]
    public void A_probe_that_has_gone_holds_up_no_end_of_the_run()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Lock(t, resource.Id), path: "locker");
        TestProbe gate = CreateTestProbe();
        TestProbe probe = CreateTestProbe();
        live.Engine.StandIn(resource, gate.Ref);
        live.Go();
        IActorRef actor = live.Engine.RefOf(resource);
        gate.ExpectMsg<Request<Probe.Acquire>>(EngineHarness.Patience);
        actor.Tell(new Request<Probe.Acquire>(default), probe.Ref);
        probe.ExpectMsg<Reply<Probe.Acquire>>(EngineHarness.Patience);
        gate.Forward(actor);
        AwaitCondition(() => live.Engine.GoingTasks == 0, EngineHarness.Patience);
        Assert.False(live.Run.IsCompleted);
        Sys.Stop(probe.Ref);
        Assert.Equal(RunEnd.Deadlock, live.End());
    }

    [Fact]
    public void A_message_that_the_resource_does_not_understand_is_unhandled()
    {
        using EngineHarness live = Open(out ProbeResource resource);
        TestProbe probe = CreateTestProbe();
        Sys.EventStream.Subscribe(probe.Ref, typeof(UnhandledMessage));
        live.Engine.RefOf(resource).Tell(new Request<CgroupProtocol.Charge>(default), probe.Ref);
        Assert.IsType<Request<CgroupProtocol.Charge>>(
            probe.ExpectMsg<UnhandledMessage>(EngineHarness.Patience).Message);
        live.Cancel();
    }

    [Fact]
    public void A_request_that_the_end_of_the_run_leaves_open_fails()
    {
        using EngineHarness live = Open(out ProbeResource resource);
        TestProbe probe = CreateTestProbe();
        live.Engine.RefOf(resource).Tell(new Request<Probe.WaitHere>(default), probe.Ref);
        AwaitCondition(() => resource.Waiting == 2, EngineHarness.Patience);
        live.Cancel();
        Exception cause = probe.ExpectMsg<Status.Failure>(EngineHarness.Patience).Cause;
        Assert.Contains("the run ended", cause.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_probe_stands_in_for_a_resource_answers_and_forwards()
    {
        using EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource resource = live.AddResource(0, "node");
        long[] sums = [0, 0, 0];
        live.AddTask(1, async t =>
        {
            for (int i = 0; i < sums.Length; i++)
            {
                sums[i] = (await t.Ask(resource.Id, new Probe.Add { Value = 5 })).Sum;
            }
        }, path: "adder");
        TestProbe probe = CreateTestProbe();
        live.Engine.StandIn(resource, probe.Ref);
        live.Go();

        Assert.Equal(5, probe.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience).Message.Value);
        Assert.Equal("/user/adder", probe.LastSender.Path.ToStringWithoutAddress());
        probe.Reply(new Reply<Probe.Add>(new Probe.Add { Value = 5, Sum = 1000 }));

        probe.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        probe.Forward(live.Engine.RefOf(resource));
        probe.ExpectMsg<Request<Probe.Add>>(EngineHarness.Patience);
        live.Engine.StandDown(resource);
        probe.Forward(live.Engine.RefOf(resource));
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal([1000, 5, 10], sums);
        Assert.Equal(2, live.Engine.Steps);
    }

    /// <summary>
    /// The enclave fits its cgroup. Its first charge comes to the probe, which takes most of the limit for itself and
    /// lets go: from then on the enclave reclaims from itself.
    /// </summary>
    [Fact]
    public void A_probe_charges_a_cgroup_and_sees_the_reclaim_and_evict_messages_that_follow()
    {
        Assert.DoesNotContain(
            Seen(ProbeScenario.Roomy(), charge: 0).Messages,
            one => one.Kind is MessageKind.Evict or MessageKind.Load);

        (List<MessageDelivered> messages, LiveRun run) = Seen(ProbeScenario.Roomy(), charge: 44);
        List<MessageKind> kinds = [.. messages.Select(one => one.Kind)];
        MessageDelivered refused = messages.First(
            one => one.Answer is CgroupProtocol.Charge { Result: LevelCharge.Over });
        Assert.Equal("/user/cgroups/pod", refused.Resource.ToStringWithoutAddress());
        Assert.Equal("/user/enclaves/a/thread-0", refused.Asker.ToStringWithoutAddress());

        // The order of the kernel: refused, isolated, blocked, written out, and later loaded back.
        int at = messages.IndexOf(refused);
        at = messages.FindIndex(at, one => one.Asked is CgroupProtocol.BeginIsolate);
        Assert.Equal(MessageKind.Reclaim, kinds[at]);
        at = messages.FindIndex(at, one => one.Asked is EnclaveProtocol.BlockPage);
        at = messages.FindIndex(at, one => one.Answer is EnclaveProtocol.Ewb { Result: LeafResult.Done });
        Assert.Equal(MessageKind.Evict, kinds[at]);
        at = messages.FindIndex(at, one => one.Asked is EnclaveProtocol.Eldu);
        Assert.Equal(MessageKind.Load, kinds[at]);

        // The probe's own message is among them, and what it has charged is still there: it is booked in its hands, and
        // no rule is broken.
        MessageDelivered own = messages.First(one => one.Asked is CgroupProtocol.Charge { Bytes: > Page });
        Assert.StartsWith("/system/testActor", own.Asker.ToStringWithoutAddress(), StringComparison.Ordinal);
        Assert.Equal(44 * Page, run.Topology.Cgroups[1].UsageBytes);
        Assert.Empty(run.Oracle.Violations);
        Assert.Equal(ThreadOutcome.Finished, run.Topology.Enclaves[0].Process.Outcome);
    }

    [Theory]
    [InlineData(0, ThreadOutcome.BuildFailed)]
    [InlineData(20, ThreadOutcome.Sigbus)]
    public void A_probe_is_the_cgroup_that_refuses(int granted, ThreadOutcome outcome)
    {
        AkkaEngine engine = null!;
        using LiveRun run = new(ProbeScenario.Roomy(steps: "touch", added: "0 %"), _ => engine = new AkkaEngine(Sys));
        Cgroup cgroup = run.Topology.Cgroups[1];
        TestProbe probe = CreateTestProbe();
        probe.SetAutoPilot(new FullCgroup(() => engine.RefOf(cgroup), granted));
        engine.StandIn(cgroup, probe.Ref);
        Assert.Equal(RunEnd.Finished, run.Execute(CancellationToken.None));
        Assert.Equal(outcome, run.Topology.Enclaves[0].Process.Outcome);
        Assert.Equal(0, cgroup.UsageBytes);

        // The books of the oracle know of no refusal: the cgroup has refused nothing, a stand-in has.
        Assert.All(run.Oracle.Violations, found => Assert.Equal(Rules.CgroupEvents, found.Rule));
    }

    private EngineHarness Open(out ProbeResource resource)
    {
        EngineHarness live = new(new AkkaEngine(Sys));
        ProbeResource added = live.AddResource(0, "node");
        live.AddTask(1, t => Routines.Wait(t, added.Id));

        // It keeps the run on, and asks another resource: where a test gets no processor for a second, its sum would
        // change between two messages of the test.
        ProbeResource other = live.AddResource(1, "other");
        live.AddTask(2, t => Routines.Tick(t, other.Id, 1_000_000_000));
        live.Go();
        resource = added;
        return live;
    }

    /// <summary>Runs a scenario whose first charge is held until a probe has charged the same cgroup.</summary>
    private (List<MessageDelivered> Messages, LiveRun Run) Seen(Scenario scenario, int charge)
    {
        AkkaEngine engine = null!;
        using LiveRun run = new(scenario, _ => engine = new AkkaEngine(Sys, new AkkaOptions { Prefix = "" }));
        Cgroup cgroup = run.Topology.Cgroups[1];
        TestProbe seen = CreateTestProbe();
        TestProbe probe = CreateTestProbe();
        MessageTap.Get(Sys).Subscribe(seen.Ref);
        engine.StandIn(cgroup, probe.Ref);
        Task<RunEnd> end = Task.Factory.StartNew(
            () => run.Execute(CancellationToken.None),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

        Request<CgroupProtocol.Charge> first = probe.ExpectMsg<Request<CgroupProtocol.Charge>>(EngineHarness.Patience);
        IActorRef enclave = probe.LastSender;
        IActorRef actor = engine.RefOf(cgroup);
        if (charge > 0)
        {
            CgroupProtocol.Charge most = new() { Bytes = charge * Page };
            actor.Tell(new Request<CgroupProtocol.Charge>(most), probe.Ref);
            Reply<CgroupProtocol.Charge> reply = probe.ExpectMsg<Reply<CgroupProtocol.Charge>>(EngineHarness.Patience);
            Assert.Equal(LevelCharge.Fits, reply.Message.Result);
        }

        engine.StandDown(cgroup);
        actor.Tell(first, enclave);
        Assert.True(end.Wait(EngineHarness.Patience));
        Assert.Equal(RunEnd.Finished, end.Result);
        MessageTap.Get(Sys).Unsubscribe(seen.Ref);
        return (ProbeScenario.Drain(seen), run);
    }

    /// <summary>
    /// Grants some charges by asking the cgroup itself, and refuses every other; nothing below it can be reclaimed.
    /// </summary>
    private sealed class FullCgroup(Func<IActorRef> cgroup, int granted) : AutoPilot
    {
        private int _left = granted;
        private bool _hasRefused;

        public override AutoPilot Run(IActorRef sender, object message)
        {
            Reply? answer = message switch
            {
                Request<CgroupProtocol.Charge> charge when _left-- <= 0 => Refused(charge),
                Request<CgroupProtocol.ReadLru> lru =>
                    new Reply<CgroupProtocol.ReadLru>(lru.Message with { IsEmpty = true }),

                // What is taken back after a refusal was never charged.
                Request<CgroupProtocol.Uncharge> { Message: var back } when !back.PutReference =>
                    new Reply<CgroupProtocol.Uncharge>(back),
                Request<CgroupProtocol.PutCss> { Message: var put } when _hasRefused =>
                    new Reply<CgroupProtocol.PutCss>(put),
                _ => null,
            };
            if (answer is null)
            {
                cgroup().Tell(message, sender);
            }
            else
            {
                sender.Tell(answer);
            }

            return KeepRunning;
        }

        private Reply<CgroupProtocol.Charge> Refused(Request<CgroupProtocol.Charge> charge)
        {
            _hasRefused = true;
            return new Reply<CgroupProtocol.Charge>(charge.Message with { Result = LevelCharge.Over });
        }
    }
}
