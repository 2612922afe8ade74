using Akka.Actor;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Failures end the run and say where they happened; nothing goes on with half a state.</summary>
public sealed class SupervisionTests : AkkaTestKit
{
    [Fact]
    public void A_failing_resource_ends_the_run_with_its_path_and_is_logged_once()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = "epc" }));
        using ManualResetEventSlim gate = new();
        ProbeResource web = live.AddResource(0, "cgroups/pods/web", () => gate.Wait(EngineHarness.Patience));
        live.AddTask(1, t => Routines.CallThenFail(t, web.Id), name: "CPU0");
        TestProbe events = CreateTestProbe();
        Sys.EventStream.Subscribe(events.Ref, typeof(ActorFailed));
        Sys.EventStream.Subscribe(events.Ref, typeof(RunEnded));
        live.Go();
        TestProbe watcher = CreateTestProbe();
        IActorRef shell = watcher.Watch(live.Engine.RefOf(web));
        InvariantViolation? failure = null;
        EventFilter
            .Exception<InvariantViolation>("planted", source: "akka://test/user/epc/cgroups/pods/web")
            .ExpectOne(EngineHarness.Patience, () =>
            {
                gate.Set();
                failure = live.Failure();
            });
        Assert.StartsWith(
            "/user/epc/cgroups/pods/web (resource:cgroups/pods/web), asked by CPU0, failed after ",
            failure!.Message,
            StringComparison.Ordinal);
        Assert.EndsWith(": planted", failure.Message, StringComparison.Ordinal);
        watcher.ExpectTerminated(shell, EngineHarness.Patience);
        ActorFailed failed = events.ExpectMsg<ActorFailed>(EngineHarness.Patience);
        Assert.Equal(
            ("/user/epc/cgroups/pods/web", "resource:cgroups/pods/web", "planted"),
            (failed.Path, failed.Name, failed.Reason.Message));
        Assert.Null(events.ExpectMsg<RunEnded>(EngineHarness.Patience).End);
        Assert.Equal(0, live.Engine.DeadLetters);
    }

    [Fact]
    public void A_routine_that_throws_ends_the_run_with_the_path_of_its_task()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource resource = live.AddResource(0, "node-0");
        live.AddTask(1, t => Routines.FailItself(t, resource.Id), path: "enclaves/a/CPU0", name: "CPU0");
        InvariantViolation? failure = null;
        EventFilter
            .Exception<InvalidOperationException>("lost the way", source: "akka://test/user/enclaves/a/CPU0")
            .ExpectOne(EngineHarness.Patience, () =>
            {
                live.Begin();
                failure = live.Failure();
            });
        Assert.StartsWith("/user/enclaves/a/CPU0 (CPU0) failed after ", failure!.Message, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(failure.InnerException);
    }

    /// <summary>
    /// The guardian of this system restarts what fails directly below it. The shell that comes of it does nothing and
    /// goes.
    /// </summary>
    [Fact]
    public void A_guardian_that_restarts_does_not_bring_half_a_state_back()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource resource = live.AddResource(0, "counter");
        live.AddTask(1, t => Routines.CallThenFail(t, resource.Id));
        live.AddTask(2, t => Routines.Add(t, resource.Id, long.MaxValue));
        live.Begin();
        Assert.Contains("/user/counter", live.Failure().Message, StringComparison.Ordinal);
        long sum = resource.Sum;
        Assert.Equal(ActorRefs.Nobody, Find("/user/counter"));
        Assert.Equal(sum, resource.Sum);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_actor_that_another_actor_stops_ends_the_run(bool kills)
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource resource = live.AddResource(0, "nodes/node-0");
        live.AddTask(1, t => Routines.Wait(t, resource.Id));
        live.AddTask(2, t => Routines.Tick(t, resource.Id, 1_000_000), isDaemon: true);
        live.Go();
        live.Engine.RefOf(resource).Tell(kills ? Kill.Instance : PoisonPill.Instance);
        Assert.Contains(
            "/user/nodes/node-0 (resource:nodes/node-0) failed after",
            live.Failure().Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_that_comes_to_its_end_ends_its_actor_and_nothing_else()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        using ManualResetEventSlim gate = new();
        ProbeResource resource = live.AddResource(0, "node-0", () => gate.Wait(EngineHarness.Patience));
        ProbeResource other = live.AddResource(1, "node-1");
        ProbeTask task = live.AddTask(2, t => Routines.Call(t, resource.Id));
        live.AddTask(3, t => Routines.Wait(t, other.Id));
        live.AddTask(4, t => Routines.Tick(t, other.Id, 1_000_000_000), isDaemon: true);
        live.Go();
        TestProbe watcher = CreateTestProbe();
        IActorRef shell = watcher.Watch(live.Engine.RefOf(task));
        gate.Set();
        watcher.ExpectTerminated(shell, EngineHarness.Patience);
        Assert.True(task.HasStopped);
        Assert.False(live.Run.IsCompleted);
        Assert.Equal(RunEnd.Cancelled, live.Cancel());
    }

    private IActorRef Find(string path)
    {
        TestProbe probe = CreateTestProbe();
        Sys.ActorSelection(path).Tell(new Identify(path), probe.Ref);
        return probe.ExpectMsg<ActorIdentity>(EngineHarness.Patience).Subject ?? ActorRefs.Nobody;
    }
}
