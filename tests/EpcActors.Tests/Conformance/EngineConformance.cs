using EpcActors.Engine;

namespace EpcActors.Tests.Conformance;

/// <summary>
/// Guarantees to actors that every engine keeps (decision 8): one handler at a time, order per task and resource,
/// deferred answers in their order, and the end of a run. A derived class names the engine.
/// </summary>
public abstract class EngineConformance
{
    private const int FirstTask = 1000;
    private const long Ms = 1_000_000;

    /// <summary>
    /// Far more than any of these runs takes; a hang ends here, and the assertion on the end of the run says so.
    /// </summary>
    private const long Limit = 120_000 * Ms;

    protected abstract EngineUnderTest NewEngine();

    [Theory]
    [InlineData(1, 4, 2000)]
    [InlineData(3, 7, 1000)]
    [InlineData(16, 3, 1000)]
    public void Requests_keep_their_order_and_a_handler_is_alone_in_its_resource(int resources, int tasks, int rounds)
    {
        using EngineUnderTest engine = NewEngine();
        Counter[] counters = [.. Enumerable.Range(0, resources).Select(i => new Counter(i, $"counter-{i}", tasks))];
        Array.ForEach(counters, engine.Add);
        for (int t = 0; t < tasks; t++)
        {
            Doing task = new(FirstTask + t, $"task-{t}", async self =>
            {
                for (int round = 0; round < rounds; round++)
                {
                    for (int r = 0; r < resources; r++)
                    {
                        Say.Count answer = await self.Ask(
                            new ActorId((r + self.Id.Index) % resources),
                            new Say.Count { Number = round });
                        Assert.Equal(round, answer.Number);
                    }
                }
            });
            Add(engine, task);
        }

        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.All(counters, counter =>
            Assert.Equal((0, 0, (long)tasks * rounds), (counter.Overlaps, counter.OutOfOrder, counter.Handled)));
        Assert.Equal((long)resources * tasks * rounds, engine.Steps);
        Assert.Empty(engine.Waiting());
    }

    [Fact]
    public void A_million_messages_through_one_actor()
    {
        const int Tasks = 8;
        const int Each = 125_000;
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "counter", Tasks);
        engine.Add(counter);
        for (int t = 0; t < Tasks; t++)
        {
            Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
            {
                for (int i = 0; i < Each; i++)
                {
                    await self.Ask(counter.Id, new Say.Count { Number = i });
                }
            }));
        }

        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Equal((0, 0, Tasks * (long)Each), (counter.Overlaps, counter.OutOfOrder, counter.Handled));
    }

    [Fact]
    public void Ten_thousand_actors()
    {
        const int Half = 5000;
        using EngineUnderTest engine = NewEngine();
        Counter[] counters = [.. Enumerable.Range(0, Half).Select(i => new Counter(i, $"counter-{i}", 1))];
        Array.ForEach(counters, engine.Add);
        for (int t = 0; t < Half; t++)
        {
            int own = t;
            Add(engine, new Doing(Half + t, $"task-{t}", async self =>
            {
                for (int i = 0; i < 5; i++)
                {
                    await self.Ask(new ActorId((own + i) % Half), new Say.Load());
                }

                await self.Ask(new ActorId(own), new Say.Count());
            }));
        }

        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.All(counters, counter => Assert.Equal(1, counter.Handled));
    }

    [Fact]
    public void A_lock_has_one_holder_at_a_time_and_every_waiter_gets_it()
    {
        const int Tasks = 6;
        const int Rounds = 300;
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "lock", Tasks);
        Counter work = new(1, "work", Tasks);
        engine.Add(counter);
        engine.Add(work);
        for (int t = 0; t < Tasks; t++)
        {
            Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
            {
                for (int i = 0; i < Rounds; i++)
                {
                    await self.Ask(counter.Id, new Say.Lock());

                    // Under the lock an unprotected read-modify-write loses nothing.
                    Say.Load value = await self.Ask(work.Id, new Say.Load());
                    await self.Ask(work.Id, new Say.Store { Value = value.Value + 1 });
                    await self.Ask(counter.Id, new Say.Unlock());
                }
            }));
        }

        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Equal((1, 0, (long)Tasks * Rounds), (counter.MostMutexHolders, counter.MutexHolders, work.Value));
    }

    [Fact]
    public void Sleepers_are_woken_in_the_order_in_which_they_fell_asleep()
    {
        const int Tasks = 40;
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "queue", Tasks);
        engine.Add(counter);
        for (int t = 0; t < Tasks; t++)
        {
            Add(
                engine,
                new Doing(FirstTask + t, $"task-{t}", async self => await self.Ask(counter.Id, new Say.WaitHere())));
        }

        Add(engine, new Doing(FirstTask + Tasks, "waker", async self =>
        {
            int woken = 0;
            while (woken < Tasks)
            {
                Say.WakeOne answer = await self.Ask(counter.Id, new Say.WakeOne());
                woken += answer.Waiting > 0 ? 1 : 0;
                if (answer.Waiting == 0)
                {
                    await self.Sleep(Ms / 10);
                }
            }
        }));
        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Equal(counter.Slept, counter.Woken);
        Assert.Equal(Tasks, counter.Woken.Count);
    }

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
    public void A_task_starts_others_at_once_or_later()
    {
        const int Children = 50;
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "counter", Children);
        engine.Add(counter);
        Doing[] children = new Doing[Children];
        for (int i = 0; i < Children; i++)
        {
            children[i] = new Doing(FirstTask + i, $"child-{i}", async self =>
                await self.Ask(counter.Id, new Say.Count()));
            engine.Add(children[i]);
        }

        Add(engine, new Doing(FirstTask + Children, "parent", async self =>
        {
            foreach (Doing child in children)
            {
                self.Start(child, child.Id.Index % 2 == 0 ? 0 : 2 * Ms);
                await self.Ask(counter.Id, new Say.Load());
            }
        }));
        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.Equal(Children, counter.Handled);
        Assert.All(children, child => Assert.True(child.HasStopped));
    }

    [Fact]
    public void Sleep_lasts_at_least_its_time_and_others_go_on_meanwhile()
    {
        using EngineUnderTest engine = NewEngine();
        Counter counter = new(0, "counter", 2);
        engine.Add(counter);
        long slept = 0;
        Add(engine, new Doing(FirstTask, "sleeper", async self =>
        {
            long from = self.NowNs;
            await self.Sleep(5 * Ms);
            slept = self.NowNs - from;
        }));
        Add(engine, new Doing(FirstTask + 1, "worker", async self =>
        {
            for (int i = 0; i < 1000; i++)
            {
                await self.Ask(counter.Id, new Say.Count { Number = i });
            }
        }));
        Assert.Equal(RunEnd.Finished, engine.Run(Limit));
        Assert.True(slept >= 5 * Ms, $"slept {slept} ns");
        Assert.Equal(1000, counter.Handled);
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

        // On a machine with other work 20 ms may pass before the last task begins.
        void StopWhenAllWork(long nowNs)
        {
            if (Volatile.Read(ref atWork) == Tasks)
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

    [Fact]
    public void A_cut_has_no_effect_without_its_cause()
    {
        const int Purses = 24;
        const int Tasks = 12;
        const int Tokens = 3;
        using EngineUnderTest engine = NewEngine();
        Purse[] purses = [.. Enumerable.Range(0, Purses).Select(i => new Purse(i, $"purse-{i}", Tokens, Tasks))];
        Array.ForEach(purses, engine.Add);
        for (int t = 0; t < Tasks; t++)
        {
            ulong state = (ulong)t + 1;
            Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
            {
                while (true)
                {
                    state = (state * 6364136223846793005) + 1442695040888963407;
                    Say.Take take = await self.Ask(new ActorId((int)(state >> 33) % Purses), new Say.Take());
                    if (take.Got > 0)
                    {
                        await self.Ask(new ActorId((int)(state >> 45) % Purses), new Say.Put());
                    }
                }
            }));
        }

        int cuts = 0;
        int inHands = 0;
        engine.AddTimer(Ms, Cut);
        Assert.Equal(RunEnd.Stopped, engine.Run(Limit));
        Assert.Equal(100, cuts);

        void Cut(long nowNs)
        {
            Lock gate = new();
            int tokens = 0;
            int[] held = new int[Tasks];
            HashSet<Resource> visited = [];
            engine.Cut(resource =>
            {
                lock (gate)
                {
                    Purse purse = (Purse)resource;
                    Assert.True(visited.Add(resource));
                    tokens += purse.Tokens;
                    for (int t = 0; t < Tasks; t++)
                    {
                        held[t] += purse.Given[t];
                    }
                }
            });

            // A task has one token or none, at every moment: put back before it was taken out it would have -1, taken
            // out twice 2.
            Assert.Equal(Purses, visited.Count);
            Assert.All(held, one => Assert.InRange(one, 0, 1));
            Assert.Equal(Purses * Tokens, tokens + held.Sum());
            inHands += held.Sum();
            if (++cuts == 100)
            {
                engine.RequestStop(RunEnd.Stopped);
            }
            else
            {
                engine.AddTimer(nowNs + (Ms / 10), Cut);
            }
        }
    }

    [Fact]
    public void An_unprotected_read_modify_write_loses_and_never_invents()
    {
        const int Tasks = 4;
        const int Each = 2000;
        bool hasLost = false;

        // The handler of the load has its caller yield, so that others get in between; where cores are busy with
        // something else it may take more than one run.
        for (int run = 0; run < 200 && !hasLost; run++)
        {
            using EngineUnderTest engine = NewEngine();
            Counter counter = new(0, "racy", Tasks);
            engine.Add(counter);
            for (int t = 0; t < Tasks; t++)
            {
                Add(engine, new Doing(FirstTask + t, $"task-{t}", async self =>
                {
                    for (int i = 0; i < Each; i++)
                    {
                        Say.Load value = await self.Ask(counter.Id, new Say.Load());
                        await self.Ask(counter.Id, new Say.Store { Value = value.Value + 1 });
                    }
                }));
            }

            Assert.Equal(RunEnd.Finished, engine.Run(Limit));

            // Two is the least that can be left: an early load, stored last.
            Assert.InRange(counter.Value, 2, Tasks * Each);
            hasLost = counter.Value < Tasks * Each;
        }

        Assert.True(hasLost);
    }

    private static void Add(EngineUnderTest engine, TaskActor task)
    {
        engine.Add(task);
        engine.Start(task);
    }
}
