using EpcActors.Engine;

namespace EpcActors.Tests.Conformance;

/// <content>How a run ends: all done, stuck, failed, stopped, at its limit.</content>
public abstract partial class EngineConformance
{
    [Fact]
    public void A_daemon_that_sleeps_in_a_queue_does_not_keep_a_run_and_is_not_stuck()
    {
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "queue", 1);
        engine.Add(counter);
        Doing daemon = new(
            FirstTask,
            "daemon",
            async self => await self.Ask(counter.Id, new Say.WaitHere()),
            isDaemon: true);
        Doing sleeper = new(
            FirstTask + 1,
            "sleeper",
            async self =>
            {
                while (true)
                {
                    await self.Sleep(Limit);
                }
            },
            isDaemon: true);
        Add(engine, daemon);
        Add(engine, sleeper);
        Add(engine, new Doing(FirstTask + 2, "task", async self => await self.Ask(counter.Id, new Say.Count())));
        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Empty(engine.Waiting());
        Assert.False(daemon.HasStopped);
    }

    [Fact]
    public void A_daemon_that_waits_for_a_lock_when_all_is_over_is_a_deadlock()
    {
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "lock", 1);
        engine.Add(counter);
        bool isHeld = false;
        Doing holder = new(
            FirstTask,
            "holder",
            async self =>
            {
                await self.Ask(counter.Id, new Say.Lock());
                Volatile.Write(ref isHeld, true);
                await self.Ask(counter.Id, new Say.WaitHere());
            },
            isDaemon: true);
        Doing stuck = new(
            FirstTask + 1,
            "stuck",
            async self => await self.Ask(counter.Id, new Say.Lock()),
            isDaemon: true);
        engine.Add(stuck);
        Add(engine, holder);
        Add(engine, new Doing(FirstTask + 2, "task", async self =>
        {
            while (!Volatile.Read(ref isHeld))
            {
                await self.Sleep(Ms / 10);
            }

            self.Start(stuck);
        }));
        Assert.Equal(RunEnd.Deadlock, engine.Run(Limit));
        Assert.Equal([stuck], engine.Waiting());
    }

    [Fact]
    public void A_task_alone_that_falls_asleep_again_and_again_is_no_deadlock()
    {
        const int Times = 3000;
        using EngineUnderTest engine = NewEngine();
        int slept = 0;
        Add(engine, new Doing(FirstTask, "task", async self =>
        {
            while (slept < Times)
            {
                await self.Sleep(1);
                slept++;
            }
        }));
        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Equal(Times, slept);
    }

    [Fact]
    public void Tasks_that_wait_for_each_other_are_a_deadlock_and_are_named()
    {
        using EngineUnderTest engine = NewEngine();
        Counter a = new(0, "a", 2);
        Counter b = new(1, "b", 2);
        Counter meeting = new(2, "meeting", 2);
        engine.Add(a);
        engine.Add(b);
        engine.Add(meeting);
        Add(engine, new Doing(FirstTask, "first", self => LockBoth(self, a.Id, b.Id)));
        Add(engine, new Doing(FirstTask + 1, "second", self => LockBoth(self, b.Id, a.Id)));
        Assert.Equal(RunEnd.Deadlock, engine.Run(Limit));
        Assert.Equal(["first", "second"], engine.Waiting().Select(task => task.Name).Order(StringComparer.Ordinal));
        Assert.All(engine.Waiting(), task => Assert.True(task.Outstanding is { IsParked: true }));

        async Routine LockBoth(Doing self, ActorId first, ActorId second)
        {
            await self.Ask(first, new Say.Lock());

            // Both have one before either asks for the other.
            Say.Count met = await self.Ask(meeting.Id, new Say.Count());
            if (met.Before == 0)
            {
                await self.Ask(meeting.Id, new Say.WaitHere());
            }
            else
            {
                while ((await self.Ask(meeting.Id, new Say.WakeOne())).Waiting == 0)
                {
                    await self.Sleep(Ms / 10);
                }
            }

            await self.Ask(second, new Say.Lock());
        }
    }

    [Fact]
    public void An_actor_that_fails_ends_the_run_with_its_name_and_the_reason()
    {
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "bomb", 8);
        engine.Add(counter);
        for (int t = 0; t < 4; t++)
        {
            Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
            {
                for (int i = 0; i < 100_000; i++)
                {
                    await self.Ask(counter.Id, new Say.Load());
                }
            }));
        }

        Add(engine, new Doing(FirstTask + 4, "culprit", async self => await self.Ask(counter.Id, new Say.Explode())));
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() => engine.Run(Limit));
        Assert.Contains("culprit", failure.Message, StringComparison.Ordinal);
        Assert.Contains("planted", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_routine_that_fails_ends_the_run_with_the_tasks_name()
    {
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "counter", 8);
        engine.Add(counter);
        Add(engine, new Doing(FirstTask, "careless", async self =>
        {
            await self.Ask(counter.Id, new Say.Load());
            throw new InvalidOperationException("torn");
        }));
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() => engine.Run(Limit));
        Assert.Contains("careless", failure.Message, StringComparison.Ordinal);
        Assert.Contains("torn", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stop_comes_with_work_in_flight_and_afterwards_nothing_moves()
    {
        const int Tasks = 8;
        int atWork = 0;
        using EngineUnderTest engine = NewEngine();
        Counter[] counters = [.. Enumerable.Range(0, 3).Select(i => new Counter(i, $"counter-{i}", Tasks))];
        Array.ForEach(counters, engine.Add);
        for (int t = 0; t < Tasks; t++)
        {
            Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
            {
                _ = Interlocked.Increment(ref atWork);
                for (int i = 0; ; i++)
                {
                    await self.Ask(new ActorId(i % 3), new Say.Load());
                    await self.Ask(new ActorId(i % 3), new Say.Count { Number = i / 3 });
                }
            }));
        }

        // On a machine with other work 20 ms may pass before the last task begins, and when all have begun none need
        // have an answer yet.
        void StopWhenAllWork(long nowNs)
        {
            if (Volatile.Read(ref atWork) == Tasks && counters.Any(counter => counter.Handled > 0))
            {
                engine.RequestStop(RunEnd.Stopped);
            }
            else
            {
                engine.AddTimer(nowNs + (20 * Ms), StopWhenAllWork);
            }
        }

        engine.AddTimer(20 * Ms, StopWhenAllWork);
        Assert.Equal(RunEnd.Stopped, engine.Run(Limit));
        long steps = engine.Steps;
        long handled = counters.Sum(counter => counter.Handled);
        Assert.True(handled > 0);
        Assert.Equal(Tasks, engine.Waiting().Count());

        // A task that is still at work would show now.
        Thread.SpinWait(1_000_000);
        Assert.Equal((steps, handled), (engine.Steps, counters.Sum(counter => counter.Handled)));
        Assert.All(counters, counter => Assert.Equal((0, 0), (counter.Overlaps, counter.OutOfOrder)));
    }

    [Fact]
    public void A_run_ends_at_its_limit_and_by_the_user()
    {
        foreach (bool cancels in (bool[])[false, true])
        {
            using EngineUnderTest engine = NewEngine();
            using CancellationTokenSource user = new();
            Counter counter = new(0, "counter", 1);
            engine.Add(counter);
            Add(engine, new Doing(FirstTask, "task", async self =>
            {
                while (true)
                {
                    await self.Ask(counter.Id, new Say.Load());
                }
            }));
            if (cancels)
            {
                engine.AddTimer(Ms, _ => user.Cancel());
            }

            Assert.Equal(
                cancels ? RunEnd.Cancelled : RunEnd.TimeLimit,
                engine.Run(cancels ? Limit : 3 * Ms, user.Token));
        }
    }
}
