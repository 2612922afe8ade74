using EpcActors.Engine;
using EpcActors.Engine.Live.Threads;
using EpcActors.Tests.Conformance;

namespace EpcActors.Tests.Live;

/// <summary>
/// Corners of the end of a live run: what only an engine of many threads can get wrong, shown in one order that the
/// test decides.
/// </summary>
public sealed class LiveEndTests : IDisposable
{
    private const long Ms = 1_000_000;
    private const long Limit = 60_000 * Ms;
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);

    private readonly ThreadsEngine _engine = new(new ThreadsOptions { Workers = 2, TaskBatch = 1, MailboxBatch = 1 });

    public void Dispose() => _engine.Dispose();

    [Fact]
    public async Task A_cut_that_the_end_of_the_run_comes_into_does_not_wait_for_ever()
    {
        using ManualResetEventSlim isInside = new();
        using ManualResetEventSlim mayLeave = new();
        Gate gate = new(0, isInside, mayLeave);
        Counter idle = new(1, "idle", 2);
        _engine.Add(gate, "gate");
        _engine.Add(idle, "idle");
        Doing[] tasks =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(t => new Doing(1000 + t, $"task-{t}", async self => await self.Ask(gate.Id, new Say.Count()))),
        ];
        foreach (Doing task in tasks)
        {
            _engine.Add(task, task.Name);
            _engine.Start(task);
        }

        bool? isWhole = null;
        _engine.AddTimer(Ms, _ =>
        {
            // One task is in the gate, the other in its mailbox.
            Assert.True(isInside.Wait(Long));
            Assert.True(
                SpinWait.SpinUntil(
                    () =>
                        Array.TrueForAll(tasks, task => gate.Came[0] == task.Id.Index || task.Outstanding is not null),
                    Long));
            isWhole = _engine.Cut(resource =>
            {
                if (resource == idle)
                {
                    _engine.RequestStop(RunEnd.Stopped);
                    mayLeave.Set();
                }
            });
        });
        Task<RunEnd> run = Task.Run(() => _engine.Run(Limit, CancellationToken.None));

        // Otherwise the cut waits for a resource that no task will ask.
        Assert.Equal(RunEnd.Stopped, await run.WaitAsync(Long));
        Assert.False(isWhole);
    }

    [Fact]
    public void A_cut_that_is_asked_for_when_the_run_is_to_end_visits_no_resource()
    {
        _engine.Add(new Counter(0, "counter", 1), "counter");
        Doing task = new(1000, "task", async self => await self.Sleep(Limit));
        _engine.Add(task, "task");
        _engine.Start(task);
        bool? isWhole = null;
        int visits = 0;
        _engine.AddTimer(Ms, _ =>
        {
            _engine.RequestStop(RunEnd.Stopped);
            isWhole = _engine.Cut(_ => visits++);
        });
        Assert.Equal(RunEnd.Stopped, _engine.Run(Limit, CancellationToken.None));
        Assert.False(isWhole);
        Assert.Equal(0, visits);
    }

    [Fact]
    public void A_sleep_without_an_end_does_not_end()
    {
        int woken = 0;
        Doing sleeper = new(
            1000,
            "sleeper",
            async self =>
            {
                while (true)
                {
                    await self.Sleep(long.MaxValue);
                    woken++;
                }
            },
            isDaemon: true);
        Doing task = new(1001, "task", async self => await self.Sleep(5 * Ms));
        Doing never = new(1002, "never", async self => await self.Sleep(0), isDaemon: true);
        foreach (Doing one in (Doing[])[sleeper, task, never])
        {
            _engine.Add(one, one.Name);
        }

        _engine.Start(sleeper);
        _engine.Start(task);
        _engine.Start(never, long.MaxValue);
        _engine.AddTimer(2 * Ms, _ => { });
        Assert.Equal(RunEnd.Finished, _engine.Run(long.MaxValue, CancellationToken.None));
        Assert.Equal(0, woken);
        Assert.False(never.HasStarted);
    }

    [Fact]
    public void A_run_that_cannot_begin_leaves_no_thread_behind()
    {
        Thread? thread = null;
        Doing task = new(1000, "task", async self =>
        {
            thread = Thread.CurrentThread;
            await self.Sleep(0);
        });
        _engine.Add(task, "task");
        _engine.Start(task);
        _engine.Start(task);
        Assert.Contains(
            "twice",
            Assert.Throws<InvariantViolation>(() => _engine.Run(Limit, CancellationToken.None)).Message,
            StringComparison.Ordinal);

        // The task may have had its turn, or not; its thread has ended in any case.
        Assert.NotEqual(true, thread?.IsAlive);
    }

    [Fact]
    public void A_visit_that_fails_ends_the_run_with_the_resources_name()
    {
        Counter counter = new(0, "counter", 1);
        _engine.Add(counter, "counter");
        Doing task = new(1000, "task", async self => await self.Sleep(Limit));
        _engine.Add(task, "task");
        _engine.Start(task);
        bool? isWhole = null;
        _engine.AddTimer(Ms, _ => isWhole = _engine.Cut(_ => throw new InvalidOperationException("torn")));
        InvariantViolation failure = Assert.Throws<InvariantViolation>(() =>
            _engine.Run(Limit, CancellationToken.None));
        Assert.Contains("counter", failure.Message, StringComparison.Ordinal);
        Assert.Contains("torn", failure.Message, StringComparison.Ordinal);
        Assert.False(isWhole);
    }

    [Fact]
    public void A_request_from_behind_a_cut_is_handled_after_the_visit_of_its_resource()
    {
        Counter[] counters = [.. Enumerable.Range(0, 4).Select(i => new Counter(i, $"counter-{i}", 1))];
        Array.ForEach(counters, counter => _engine.Add(counter, counter.Name));
        bool mayGo = false;
        bool isDone = false;
        Doing task = new(1000, "task", async self =>
        {
            while (!Volatile.Read(ref mayGo))
            {
                await self.Ask(counters[3].Id, new Say.Load());
            }

            await self.Ask(counters[0].Id, new Say.Count());
            await self.Ask(counters[2].Id, new Say.Count());
            Volatile.Write(ref isDone, true);
        });
        _engine.Add(task, task.Name);
        _engine.Start(task);
        long[] seen = [-1, -1, -1, -1];
        _engine.AddTimer(Ms, _ => Assert.True(_engine.Cut(resource =>
        {
            seen[resource.Id.Index] = ((Counter)resource).Handled;
            if (resource.Id.Index == 1)
            {
                // The first is behind the cut; the third is idle and was not visited yet.
                Volatile.Write(ref mayGo, true);
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref isDone), Long));
            }
        })));
        Assert.Equal(RunEnd.Finished, _engine.Run(Limit, CancellationToken.None));
        Assert.Equal([0, 0, 0, 0], seen);
        Assert.Equal((1, 1), (counters[0].Handled, counters[2].Handled));
    }

    [Fact]
    public void A_task_that_is_to_yield_lets_the_others_go_first_however_long_its_turn_is()
    {
        using ThreadsEngine engine = new(new ThreadsOptions { Workers = 1, TaskBatch = 1000 });
        Counter counter = new(0, "racy", 2);
        engine.Add(counter, "racy");
        for (int t = 0; t < 2; t++)
        {
            Doing task = new(1000 + t, $"task-{t}", async self =>
            {
                for (int i = 0; i < 10; i++)
                {
                    Say.Load value = await self.Ask(counter.Id, new Say.Load());
                    await self.Ask(counter.Id, new Say.Store { Value = value.Value + 1 });
                }
            });
            engine.Add(task, task.Name);
            engine.Start(task);
        }

        // One thread, two tasks: each load is followed by the other's, and each store but one of a pair is lost.
        Assert.Equal(RunEnd.Finished, engine.Run(Limit, CancellationToken.None));
        Assert.InRange(counter.Value, 10, 11);
    }

    [Fact]
    public void A_mailbox_is_emptied_in_the_order_in_which_requests_came()
    {
        const int Tasks = 5;
        using ThreadsEngine engine = new(new ThreadsOptions { Workers = 2, TaskBatch = 1000 });
        using ManualResetEventSlim isInside = new();
        using ManualResetEventSlim mayLeave = new();
        Gate gate = new(0, isInside, mayLeave);
        engine.Add(gate, "gate");
        Doing[] tasks =
        [
            .. Enumerable
                .Range(0, Tasks)
                .Select(t => new Doing(1000 + t, $"task-{t}", async self => await self.Ask(gate.Id, new Say.Count()))),
        ];
        foreach (Doing task in tasks)
        {
            engine.Add(task, task.Name);
        }

        // One after the other: each starts when the one before waits in the mailbox.
        engine.Start(tasks[0]);
        int next = 1;
        engine.AddTimer(Ms, Step);
        Assert.Equal(RunEnd.Finished, engine.Run(Limit, CancellationToken.None));
        Assert.Equal(tasks.Select(task => task.Id.Index), gate.Came);

        void Step(long nowNs)
        {
            Assert.True(isInside.Wait(Long));
            if (next > 1)
            {
                Assert.True(SpinWait.SpinUntil(() => tasks[next - 1].Outstanding is not null, Long));
            }

            if (next == Tasks)
            {
                mayLeave.Set();
                return;
            }

            engine.Start(tasks[next++]);
            engine.AddTimer(nowNs + 1, Step);
        }
    }

    [Fact]
    public void No_worker_is_woken_more_often_than_it_sleeps()
    {
        const int Workers = 8;
        using ThreadsEngine engine = new(new ThreadsOptions { Workers = Workers, TaskBatch = 1 });
        Counter[] counters = [.. Enumerable.Range(0, 4).Select(i => new Counter(i, $"counter-{i}", 3))];
        Array.ForEach(counters, counter => engine.Add(counter, counter.Name));
        for (int t = 0; t < 3; t++)
        {
            Doing task = new(1000 + t, $"task-{t}", async self =>
            {
                for (int i = 0; ; i++)
                {
                    await self.Ask(counters[i % 4].Id, new Say.Load());
                }
            });
            engine.Add(task, task.Name);
            engine.Start(task);
        }

        int most = 0;
        engine.AddTimer(Ms, Look);
        Assert.Equal(RunEnd.TimeLimit, engine.Run(200 * Ms, CancellationToken.None));
        Assert.InRange(most, 0, Workers);

        void Look(long nowNs)
        {
            most = Math.Max(most, engine.PendingWakeUps);
            engine.AddTimer(nowNs + Ms, Look);
        }
    }

    /// <summary>Keeps the first that comes in until the test lets it go.</summary>
    private sealed class Gate(int id, ManualResetEventSlim isInside, ManualResetEventSlim mayLeave)
        : Resource(new ActorId(id), "gate"),
            IHandle<Say.Count>
    {
        public List<int> Came { get; } = [];

        public void Handle(ref Say.Count message, Turn turn)
        {
            Came.Add(turn.Caller.Index);
            if (Came.Count == 1)
            {
                isInside.Set();
                mayLeave.Wait(Long);
            }
        }
    }
}
