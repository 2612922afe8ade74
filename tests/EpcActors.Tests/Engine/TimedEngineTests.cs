using EpcActors.Engine;
using EpcActors.Engine.Simulation;

namespace EpcActors.Tests.EngineTests;

/// <summary>Guarantees of the timed engine: order, time, waiting, and the end of a run.</summary>
public sealed class TimedEngineTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(500)]
    [InlineData(1_000_000)]
    public void Requests_of_one_task_to_one_resource_keep_their_order(long quantumNs)
    {
        Bench bench = new(quantumNs);
        for (int id = 1; id <= 3; id++)
        {
            bench.Task(id, async task =>
            {
                for (int i = 0; i < 50; i++)
                {
                    await task.SpendNs(Costs.Short, 30 * task.Id.Index);
                    await task.Ask(bench.Id, new Probe.Note { Value = i });
                }
            });
        }

        Assert.Equal(RunEnd.Finished, bench.Run());
        for (int id = 1; id <= 3; id++)
        {
            Assert.Equal(
                Enumerable.Range(0, 50).Select(i => (long)i),
                bench.Resource.Notes.Where(n => n.Task == id).Select(n => n.Value));
        }
    }

    [Fact]
    public void Requests_are_handled_in_the_order_of_time_and_of_numbers_whatever_the_quantum()
    {
        Assert.Equal(Noted(0), Noted(0).OrderBy(n => n.AtNs).ThenBy(n => n.Task));
        Assert.Equal(Noted(0), Noted(500));
        Assert.Equal(Noted(0), Noted(1_000_000));

        static List<(int Task, long Value, long AtNs)> Noted(long quantumNs)
        {
            Bench bench = new(quantumNs);
            for (int id = 1; id <= 4; id++)
            {
                bench.Task(id, async task =>
                {
                    for (int i = 0; i < 40; i++)
                    {
                        await task.SpendNs(Costs.Short, 101 + (37 * task.Id.Index));
                        await task.Ask(bench.Id, new Probe.Note());
                    }
                });
            }

            bench.Run();
            return bench.Resource.Notes;
        }
    }

    [Fact]
    public void A_mutex_goes_to_the_first_waiter_and_no_task_barges_in()
    {
        Bench bench = new();
        for (int id = 1; id <= 5; id++)
        {
            bench.Task(id, Lock, startNs: 10 * id);
        }

        // Comes in the very moment in which the first holder gives the lock back, and again right behind its own
        // release.
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal([1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5], bench.Resource.Notes.Select(n => n.Task));
        Assert.True(bench.Engine.TimeNs(EngineActivity.MutexWait) > 0);
        Assert.True(bench.Engine.Count(EngineActivity.MutexHandOver) > 0);

        async Routine Lock(ProbeTask task)
        {
            for (int i = 0; i < 3; i++)
            {
                await task.Ask(bench.Id, new Probe.Acquire());
                await task.SpendNs(Costs.Short, 1000);
                await task.Ask(bench.Id, new Probe.Release());
            }
        }
    }

    [Fact]
    public void A_task_that_locks_twice_and_one_that_releases_what_it_has_not_are_errors()
    {
        Bench twice = new();
        twice.Task(1, async task =>
        {
            await task.Ask(twice.Id, new Probe.Acquire());
            await task.Ask(twice.Id, new Probe.Acquire());
        });
        Assert.Contains(
            "locks a mutex that it holds",
            Assert.Throws<InvariantViolation>(() => twice.Run()).Message,
            StringComparison.Ordinal);

        Bench never = new();
        never.Task(1, async task => await task.Ask(never.Id, new Probe.Acquire()));
        never.Task(2, async task => await task.Ask(never.Id, new Probe.Release()), startNs: 10);
        Assert.Contains(
            "without holding it",
            Assert.Throws<InvariantViolation>(() => never.Run()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Sleepers_of_a_wait_queue_are_woken_first_in_first_out_and_do_not_count_as_busy()
    {
        Bench bench = new();
        ProbeTask[] sleepers = new ProbeTask[3];
        for (int i = 0; i < 3; i++)
        {
            sleepers[i] = bench.Task(
                1 + i,
                async task => await task.Ask(bench.Id, new Probe.SleepHere()),
                startNs: 10 * (3 - i));
        }

        bench.Task(9, async task =>
        {
            await task.Sleep(1000);
            for (int i = 3; i > 0; i--)
            {
                Probe.WakeOne wake = await task.Ask(bench.Id, new Probe.WakeOne());
                Assert.Equal(i, wake.Woken);
                await task.Sleep(100);
            }

            Assert.Equal(0, ((Probe.WakeOne)await task.Ask(bench.Id, new Probe.WakeOne())).Woken);
        });
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal([(3, 1000L), (2, 1100L), (1, 1200L)], bench.Resource.Notes.Select(n => (n.Task, n.AtNs)));
        Assert.All(sleepers, s => Assert.Equal(0, TimedEngine.BusyNs(s)));
    }

    [Fact]
    public void A_parked_request_is_handled_again_and_the_task_says_what_it_waits_for()
    {
        Bench bench = new();
        ProbeTask sleeper = bench.Task(1, async task => await task.Ask(bench.Id, new Probe.SleepHere()));
        Assert.Equal(RunEnd.Deadlock, bench.Run());
        Assert.Same(sleeper, Assert.Single(bench.Engine.Waiting()));
        Assert.True(sleeper.Outstanding!.IsParked);
        Assert.IsType<Probe.SleepHere>(sleeper.Outstanding.Describe());
        Assert.Equal(bench.Id, sleeper.Outstanding.Target);
    }

    [Fact]
    public void Yield_opens_a_window_in_which_an_update_is_lost()
    {
        // Both load before either stores, although the quantum would let each run through.
        Bench bench = new(quantumNs: 1_000_000);
        for (int id = 1; id <= 2; id++)
        {
            bench.Task(id, async task =>
            {
                Probe.Load load = await task.Ask(bench.Id, new Probe.Load());
                await task.Ask(bench.Id, new Probe.Store { Value = load.Value + 1 });
            });
        }

        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(1, bench.Resource.Value);
    }

    [Fact]
    public void Hold_makes_others_spin_for_as_long_as_it_lasts()
    {
        Bench bench = new();
        bench.Task(1, async task => await task.Ask(bench.Id, new Probe.HoldFor()));
        ProbeTask second = bench.Task(
            2,
            async task =>
            {
                await task.Ask(bench.Id, new Probe.Note());
                Assert.Equal(10_000, task.NowNs);
            },
            startNs: 4_000);
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(10_000, Assert.Single(bench.Resource.Notes).AtNs);
        Assert.Equal(6_000, bench.Engine.TimeNs(EngineActivity.SpinWait));
        Assert.Equal(6_000, TimedEngine.BusyNs(second));
    }

    [Fact]
    public void Tasks_that_share_a_cpu_wait_for_each_other_and_those_that_do_not_run_at_the_same_time()
    {
        Assert.Equal([1000, 2000, 3000], EndsOf(sharedCpu: true).Order());
        Assert.Equal([1000, 1000, 1000], EndsOf(sharedCpu: false).Order());

        static List<long> EndsOf(bool sharedCpu)
        {
            Bench bench = new();
            List<long> ends = [];
            for (int id = 1; id <= 3; id++)
            {
                bench.Task(
                    id,
                    async task =>
                    {
                        await task.SpendNs(Costs.Short, 1000);
                        ends.Add(task.NowNs);
                    },
                    cpu: sharedCpu ? 0 : id);
            }

            Assert.Equal(RunEnd.Finished, bench.Run());
            return ends;
        }
    }

    [Fact]
    public void A_sleeping_task_leaves_its_cpu_to_others()
    {
        Bench bench = new();
        bench.Task(1, async task => await task.Sleep(10_000), cpu: 0);
        bench.Task(
            2,
            async task =>
            {
                await task.SpendNs(Costs.Short, 1000);
                Assert.Equal(1000, task.NowNs);
            },
            cpu: 0);
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(10_000, bench.Engine.ClockNs);
    }

    [Fact]
    public void An_interrupt_takes_time_from_the_task_that_it_hits_and_not_from_its_sender()
    {
        Bench bench = new();
        long hitEndNs = 0;
        long senderEndNs = 0;
        ProbeTask hit = bench.Task(1, async task =>
        {
            await task.SpendNs(Costs.Short, 500);
            await task.SpendNs(Costs.Short, 500);
            hitEndNs = task.NowNs;
        });
        bench.Task(
            2,
            async task =>
            {
                await task.Ask(bench.Id, new Probe.Hit { Task = new ActorId(1) });
                senderEndNs = task.NowNs;
            },
            startNs: 100);
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(11_000, hitEndNs);
        Assert.Equal(100, senderEndNs);
        Assert.Equal(11_000, TimedEngine.BusyNs(hit));
    }

    [Fact]
    public void Timers_call_back_at_their_time_between_steps()
    {
        Bench bench = new();
        List<long> calls = [];
        bench.Engine.AddTimer(250, OnTimer);
        bench.Task(1, async task =>
        {
            for (int i = 0; i < 10; i++)
            {
                await task.SpendNs(Costs.Short, 100);
            }
        });
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal([250, 500, 750], calls.Take(3));

        void OnTimer(long atNs)
        {
            calls.Add(atNs);
            bench.Engine.AddTimer(atNs + 250, OnTimer);
        }
    }

    [Fact]
    public void A_run_ends_at_its_limit()
    {
        Bench bench = new();
        bench.Task(1, Endless);
        Assert.Equal(RunEnd.TimeLimit, bench.Run(limitNs: 123_456));
        Assert.Equal(123_456, bench.Engine.ClockNs);
    }

    [Fact]
    public void A_cancelled_run_ends_and_says_so_even_with_a_single_task()
    {
        Bench bench = new();
        using CancellationTokenSource cancellation = new();
        int steps = 0;
        bench.Task(1, async task =>
        {
            while (true)
            {
                await task.SpendNs(Costs.Short, 1);
                if (++steps == 1000)
                {
                    cancellation.Cancel();
                }

                // Far fewer than it would take without a look at the token in every batch.
                Assert.True(steps < 100_000);
            }
        });
        Assert.Equal(RunEnd.Cancelled, bench.Engine.Run(long.MaxValue, cancellation.Token));
    }

    [Fact]
    public void A_stop_that_is_asked_for_ends_the_run()
    {
        Bench bench = new();
        bench.Engine.AddTimer(5_000, _ => bench.Engine.RequestStop(RunEnd.Stopped));
        bench.Task(1, Endless);
        Assert.Equal(RunEnd.Stopped, bench.Run());
        Assert.Equal(5_000, bench.Engine.ClockNs);
    }

    [Fact]
    public void Daemons_that_sleep_do_not_keep_a_run_alive_and_those_that_work_do()
    {
        Bench asleep = new();
        asleep.Task(1, async task => await task.Ask(asleep.Id, new Probe.SleepHere()), isDaemon: true);
        asleep.Task(2, async task => await task.Sleep(1_000_000), isDaemon: true);
        asleep.Task(3, async task => await task.SpendNs(Costs.Short, 777));
        Assert.Equal(RunEnd.Finished, asleep.Run());
        Assert.Equal(777, asleep.Engine.ClockNs);

        Bench working = new();
        working.Task(1, async task => await task.SpendNs(Costs.Short, 5_000), isDaemon: true);
        working.Task(2, async task => await task.SpendNs(Costs.Short, 777));
        Assert.Equal(RunEnd.Finished, working.Run());
        Assert.Equal(5_000, working.Engine.ClockNs);
    }

    [Fact]
    public void A_sleeping_daemon_can_still_wake_a_task_that_waits()
    {
        Bench bench = new();
        bench.Task(1, async task => await task.Ask(bench.Id, new Probe.SleepHere()));
        bench.Task(
            2,
            async task =>
            {
                await task.Sleep(9_000);
                await task.Ask(bench.Id, new Probe.WakeOne());
            },
            isDaemon: true);
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(9_000, bench.Engine.ClockNs);
    }

    [Fact]
    public void Mutexes_taken_crosswise_are_a_deadlock()
    {
        Bench bench = new();
        ProbeResource other = new(9);
        bench.Engine.Add(other);
        bench.Task(1, task => Both(task, bench.Id, other.Id));
        bench.Task(2, task => Both(task, other.Id, bench.Id));
        Assert.Equal(RunEnd.Deadlock, bench.Run());
        Assert.Equal(2, bench.Engine.Waiting().Count());

        static async Routine Both(ProbeTask task, ActorId first, ActorId second)
        {
            await task.Ask(first, new Probe.Acquire());
            await task.SpendNs(Costs.Short, 100);
            await task.Ask(second, new Probe.Acquire());
            await task.Ask(second, new Probe.Release());
            await task.Ask(first, new Probe.Release());
        }
    }

    [Fact]
    public void A_task_starts_another_and_none_starts_twice()
    {
        Bench bench = new();
        ProbeTask child = new(2, async task => await task.Ask(bench.Id, new Probe.Note()));
        bench.Engine.Add(child);
        bench.Task(1, async task =>
        {
            await task.SpendNs(Costs.Short, 100);
            task.Start(child, 50);
        });
        Assert.Equal(RunEnd.Finished, bench.Run());
        Assert.Equal(150, Assert.Single(bench.Resource.Notes).AtNs);
        Assert.Throws<InvariantViolation>(() => bench.Engine.Start(child, 0));
    }

    [Fact]
    public void Two_actors_never_have_one_id()
    {
        Bench bench = new();
        Assert.Throws<InvariantViolation>(() => bench.Engine.Add(new ProbeResource(0, "another")));
    }

    private static async Routine Endless(ProbeTask task)
    {
        while (true)
        {
            await task.SpendNs(Costs.Short, 100);
        }
    }
}
