using Akka.TestKit;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>Sleeps go by Akka's scheduler, so a test that brings its own has time in its hand.</summary>
[Trait("tier", "slow")] // Actors sleep in real time.
public sealed class TimeTests : AkkaTestKit
{
    private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);

    public TimeTests()
        : base("akka.scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\"")
    {
    }

    private TestScheduler Scheduler => (TestScheduler)Sys.Scheduler;

    [Fact]
    public async Task Ksgxd_wakes_exactly_when_the_time_has_come()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "nodes/node-0");
        live.AddTask(1, t => Routines.Tick(t, node.Id, 100_000_000), isDaemon: true, path: "ksgxd");
        live.AddTask(2, t => Routines.Wait(t, node.Id));
        live.Begin();
        for (int i = 1; i <= 3; i++)
        {
            await WhenAsleep(live);
            Scheduler.Advance(TimeSpan.FromMilliseconds(99));
            await WhenAsleep(live);
            Assert.Equal(i - 1, node.Sum);
            Scheduler.Advance(OneMillisecond);
            AwaitCondition(() => node.Sum == i, EngineHarness.Patience);
        }

        Assert.Equal(RunEnd.Cancelled, live.Cancel());
        Assert.Equal(0, live.Engine.DeadLetters);
    }

    [Fact]
    public async Task A_task_that_starts_later_starts_then()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "node-0");
        ProbeTask task = live.AddTask(1, t => Routines.Add(t, node.Id, 1), afterNs: 5_000_000);
        live.Begin();
        await WhenAsleep(live);
        Scheduler.Advance(TimeSpan.FromMilliseconds(4));
        await WhenAsleep(live);
        Assert.False(task.HasStarted);
        Scheduler.Advance(OneMillisecond);
        Assert.Equal(RunEnd.Finished, live.End());
        Assert.Equal(1, node.Sum);
    }

    [Fact]
    public async Task Tasks_that_go_on_are_waited_for()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "node-0");
        live.AddTask(1, t => Routines.Tick(t, node.Id, 1_000_000), isDaemon: true);
        ProbeTask busy = live.AddTask(2, t => Routines.Add(t, node.Id, 20_000));
        live.Begin();
        await WhenAsleep(live);
        Assert.True(busy.HasStopped);
        Assert.Equal(20_000, node.Sum);
    }

    [Fact]
    public async Task A_task_that_never_sleeps_is_waited_for_until_the_token_ends_it()
    {
        using EngineHarness live = new(new AkkaEngine(Sys, new AkkaOptions()));
        ProbeResource node = live.AddResource(0, "node-0");
        live.AddTask(1, t => Routines.Add(t, node.Id, int.MaxValue));
        live.Begin();
        AwaitCondition(() => node.Sum > 0, EngineHarness.Patience);
        using CancellationTokenSource soon = new(OneMillisecond);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => live.Engine.WhenAsleep(soon.Token));
        live.Cancel();
    }

    private static async Task WhenAsleep(EngineHarness live)
    {
        using CancellationTokenSource patience = new(EngineHarness.Patience);
        await live.Engine.WhenAsleep(patience.Token);
    }
}
