using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace EpcActors.Engine.Akka.Tests;

/// <summary>The scheduler of the engine's own systems.</summary>
public sealed class FineSchedulerTests : IDisposable
{
    private readonly FineScheduler _scheduler = new(ConfigurationFactory.Empty, NoLogger.Instance);

    private IActionScheduler Actions => _scheduler;

    public void Dispose() => _scheduler.Dispose();

    [Fact]
    public void Systems_of_an_engine_have_it()
    {
        using AkkaEngine engine = new();
        Assert.IsType<FineScheduler>(engine.ActorSystem.Scheduler);
    }

    [Fact]
    public void What_is_due_first_comes_first_and_what_is_cancelled_does_not_come()
    {
        using ManualResetEventSlim done = new();
        List<int> seen = [];
        List<Cancelable> all = [];
        TimeSpan begin = _scheduler.MonotonicClock;
        TimeSpan last = TimeSpan.Zero;

        // The scheduler has one thread. What it schedules itself does not come before all of it is scheduled, however
        // slow the machine is. Where that takes so long that what was scheduled last is not due first, all of it is
        // taken back and scheduled again.
        Actions.ScheduleOnce(TimeSpan.Zero, () =>
        {
            TimeSpan from;
            do
            {
                all.ForEach(one => one.Cancel());
                from = _scheduler.MonotonicClock;
                Actions.ScheduleOnce(
                    TimeSpan.FromMilliseconds(40),
                    () =>
                    {
                        seen.Add(3);
                        last = _scheduler.MonotonicClock;
                        done.Set();
                    },
                    New());
                Cancelable cancelled = New();
                Actions.ScheduleOnce(TimeSpan.FromMilliseconds(20), () => seen.Add(2), cancelled);
                Actions.ScheduleOnce(TimeSpan.FromMilliseconds(1), () => seen.Add(1), New());
                cancelled.Cancel();
            }
            while (_scheduler.MonotonicClock - from >= TimeSpan.FromMilliseconds(39));
        });
        Assert.True(done.Wait(EngineHarness.Patience));
        Assert.Equal([1, 3], seen);
        Assert.True(last - begin >= TimeSpan.FromMilliseconds(40));
        all.ForEach(one => one.Dispose());

        Cancelable New()
        {
            all.Add(new Cancelable(Actions));
            return all[^1];
        }
    }

    [Fact]
    public void An_action_that_fails_takes_no_other_with_it_and_one_that_repeats_repeats()
    {
        using CountdownEvent left = new(3);
        using Cancelable cancel = new(Actions);
        Actions.ScheduleOnce(TimeSpan.Zero, () => throw new InvalidOperationException("planted"));
        Actions.ScheduleRepeatedly(TimeSpan.Zero, TimeSpan.FromMilliseconds(1), () =>
        {
            if (!left.IsSet)
            {
                left.Signal();
            }
        }, cancel);
        Assert.True(left.Wait(EngineHarness.Patience));
        cancel.Cancel();
    }

    [Fact]
    public void At_the_end_what_is_outstanding_comes_and_nothing_is_taken_any_more()
    {
        bool hasCome = false;
        Actions.ScheduleOnce(TimeSpan.FromHours(1), () => hasCome = true);
        _scheduler.Dispose();
        Assert.True(hasCome);
        Assert.Throws<SchedulerException>(() => Actions.ScheduleOnce(TimeSpan.Zero, () => { }));
    }
}
