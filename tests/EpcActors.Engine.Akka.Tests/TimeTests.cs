using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Sleeps go by Akka's scheduler, so a test that brings its own has time in its hand.</summary>
public sealed class TimeTests : AkkaTestKit
{
    private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);

    public TimeTests()
        : base("akka.scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"")
    {
    }

    private TestScheduler Scheduler => (TestScheduler)Sys.Scheduler;

    [Fact]
    public void Ksgxd_wakes_exactly_when_the_time_has_come()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "nodes/node-0");
        ProbeTask ksgxd = live.AddTask(1, t => Routines.Tick(t, node.Id, 100_000_000), isDaemon: true, path: "ksgxd");
        live.AddTask(2, t => Routines.Wait(t, node.Id));
        live.Go();
        for (int i = 1; i <= 3; i++)
        {
            FallsAsleep(live, ksgxd);
            Scheduler.Advance(TimeSpan.FromMilliseconds(99));
            this.Settle(live.Engine.RefOf(ksgxd));
            Assert.Equal(i - 1, node.Sum);
            Scheduler.Advance(OneMillisecond);
            AwaitCondition(() => node.Sum == i, EngineHarness.Patience);
        }

        Assert.Equal(RunEnd.Cancelled, live.Cancel());
        Assert.Equal(0, live.Engine.DeadLetters);
    }

    [Fact]
    public void A_task_that_starts_later_starts_then()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "node-0");
        ProbeTask task = live.AddTask(1, t => Routines.Add(t, node.Id, 1), afterNs: 5_000_000);
        live.Go();
        AwaitCondition(() => live.Engine.GoingTasks == 0, EngineHarness.Patience);
        Scheduler.Advance(TimeSpan.FromMilliseconds(4));
        this.Settle(live.Engine.RefOf(task));
        Assert.False(task.HasStarted);
        Scheduler.Advance(OneMillisecond);
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal(1, node.Sum);
    }

    /// <summary>Comes back when the task sleeps and its timer is with the scheduler.</summary>
    private void FallsAsleep(EngineHarness live, ProbeTask task)
    {
        AwaitCondition(() => live.Engine.GoingTasks == 0, EngineHarness.Patience);
        this.Settle(live.Engine.RefOf(task));
    }
}
