using Akka.Actor;
using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The end of a run and the end of its system are one thing, whichever comes first.</summary>
public sealed class ShutdownTests : AkkaTestKit
{
    private const int Pairs = 16;

    [Fact]
    public void Two_engines_do_not_disturb_one_another()
    {
        using EngineHarness first = new(new AkkaEngine(new AkkaOptions()));
        using EngineHarness second = new(new AkkaEngine(new AkkaOptions()));
        Work(first, long.MaxValue);
        ProbeResource[] done = Work(second, 1000);
        first.Go();
        second.Begin();
        Assert.Equal(RunEnd.Finished, second.End());
        Assert.True(second.Engine.ActorSystem.WhenTerminated.IsCompleted);
        Assert.All(done, r => Assert.Equal(2000, r.Sum));
        Assert.False(first.Run.IsCompleted);
        Assert.False(first.Engine.ActorSystem.WhenTerminated.IsCompleted);
        Assert.Equal(RunEnd.Cancelled, first.Cancel());
        Assert.True(first.Engine.ActorSystem.WhenTerminated.IsCompleted);
    }

    [Fact]
    public void A_run_that_is_stopped_in_the_middle_leaves_nothing_behind()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = "epc" }));
        ProbeResource[] resources = Work(live, long.MaxValue);
        TestProbe events = CreateTestProbe();
        Sys.EventStream.Subscribe(events.Ref, typeof(RunStarted));
        Sys.EventStream.Subscribe(events.Ref, typeof(RunEnded));
        live.Go();
        AwaitCondition(() => live.Engine.Steps > 10_000, EngineHarness.Patience);
        Assert.Equal(RunEnd.Cancelled, live.Cancel());
        long steps = live.Engine.Steps;
        Assert.Equal(steps, resources.Sum(r => r.Sum));
        Assert.Equal(0, live.Engine.DeadLetters);
        Assert.False(MessageTap.Get(Sys).IsAttached);
        Assert.Equal(0, live.Engine.GoingTasks - (2 * Pairs));
        Assert.Equal(new RunStarted("akka", Pairs, 2 * Pairs), events.ExpectMsg<RunStarted>(EngineHarness.Patience));
        Assert.Equal(new RunEnded(RunEnd.Cancelled, steps), events.ExpectMsg<RunEnded>(EngineHarness.Patience));

        // The name is free again, and so is the system.
        using EngineHarness next = new(new AkkaEngine(Sys, new AkkaOptions { Prefix = "epc" }));
        Work(next, 10);
        next.Begin();
        Assert.Equal(RunEnd.Finished, next.End());
        Assert.Equal(steps, live.Engine.Steps);
        Assert.False(Sys.WhenTerminated.IsCompleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_shuts_the_system_down_cancels_the_run(bool terminates)
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        Work(live, long.MaxValue);
        live.Go();
        ActorSystem system = live.Engine.ActorSystem;
        _ = terminates
            ? system.Terminate()
            : CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterDowningReason.Instance);
        Assert.Equal(RunEnd.Cancelled, live.End());
        Assert.True(system.WhenTerminated.IsCompleted);
        Assert.Equal(0, live.Engine.DeadLetters);
    }

    [Fact]
    public void A_run_that_begins_after_the_shutdown_ends_at_once()
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        Work(live, long.MaxValue);
        Assert.True(
            ((IAsyncResult)live.Engine.ActorSystem.Terminate()).AsyncWaitHandle.WaitOne(EngineHarness.Patience));
        live.Begin();
        Assert.Equal(RunEnd.Cancelled, live.End());
    }

    [Fact]
    public void The_reason_of_the_shutdown_is_the_end_of_the_run()
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(live.Engine.ActorSystem);
        Work(live, 10);
        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.IsType<RunIsOver>(shutdown.ShutdownReason);
    }

    [Fact]
    public void An_engine_that_never_ran_ends_its_system()
    {
        AkkaEngine engine = new(new AkkaOptions());
        engine.Dispose();
        Assert.True(engine.ActorSystem.WhenTerminated.IsCompleted);
    }

    [Fact]
    public void Ten_thousand_actors_start_work_and_stop()
    {
        using EngineHarness live = new(new AkkaEngine(new AkkaOptions()));
        ProbeResource[] resources = [.. Enumerable.Range(0, 5000).Select(i => live.AddResource(i, $"nodes/{i}"))];
        for (int i = 0; i < 5000; i++)
        {
            ActorId to = resources[i].Id;
            live.AddTask(5000 + i, t => Routines.Add(t, to, 10));
        }

        live.Begin();
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.All(resources, r => Assert.Equal(10, r.Sum));
    }

    /// <summary>Resources with two tasks each.</summary>
    private static ProbeResource[] Work(EngineHarness live, long count)
    {
        ProbeResource[] resources = new ProbeResource[Pairs];
        for (int i = 0; i < Pairs; i++)
        {
            resources[i] = live.AddResource(i, $"nodes/{i}");
            ActorId to = resources[i].Id;
            live.AddTask(Pairs + (2 * i), t => Routines.Add(t, to, count));
            live.AddTask(Pairs + (2 * i) + 1, t => Routines.Add(t, to, count));
        }

        return resources;
    }
}
