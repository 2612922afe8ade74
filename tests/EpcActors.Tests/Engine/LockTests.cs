using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel.Random;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.Tests.EngineTests;

/// <summary>
/// Locks exclude in virtual time: in any order of arrival, and however far a task runs ahead, no section of a lock
/// begins before the one before it has ended.
/// </summary>
public sealed class LockTests
{
    /// <summary>A group of requests, and the last section in it.</summary>
    private const long LongestGroupNs = 128 + 480;

    public static TheoryData<int, long> SeedsAndQuanta
    {
        get
        {
            TheoryData<int, long> data = [];
            for (int seed = 1; seed <= 40; seed++)
            {
                data.Add(seed, (seed % 4) switch { 0 => 0, 1 => 100, 2 => 500, _ => 1_000_000 });
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(SeedsAndQuanta))]
    public void Sections_of_a_lock_never_overlap_and_begin_in_the_order_of_arrival(int seed, long quantumNs)
    {
        List<Section>[] sections = Run((ulong)seed, quantumNs, out long endNs);

        foreach (List<Section> ofLock in sections)
        {
            for (int i = 1; i < ofLock.Count; i++)
            {
                Assert.True(ofLock[i].FromNs >= ofLock[i - 1].ToNs, $"{ofLock[i]} begins inside {ofLock[i - 1]}");
            }

            // First come, first served, but for what a task asks right behind an earlier request of its own.
            long latestNs = 0;
            foreach (Section section in ofLock)
            {
                Assert.True(
                    section.AskedNs > latestNs - LongestGroupNs,
                    $"{section} came {latestNs - section.AskedNs} ns before one that was served earlier");
                latestNs = Math.Max(latestNs, section.AskedNs);
            }

            Assert.True(
                endNs >= ofLock.Sum(section => section.ToNs - section.FromNs),
                "the run was shorter than the sum of the sections");
        }

        Assert.True(sections.Sum(ofLock => ofLock.Count) >= 60, "too few tasks met");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Sections_are_the_same_at_every_quantum(int seed)
    {
        List<Section>[] exact = Run((ulong)seed, 0, out long _);
        foreach (long quantumNs in (long[])[100, 500, 1_000_000])
        {
            Assert.Equal(exact, Run((ulong)seed, quantumNs, out long _));
        }
    }

    [Fact]
    public void Who_comes_before_the_end_of_a_section_that_was_one_message_waits_for_it()
    {
        Bench bench = new();
        LockProbe probe = new(9);
        bench.Engine.Add(probe);
        bench.Task(1, async task => await task.Ask(probe.Id, new Section1 { Count = 3 }));
        bench.Task(2, async task => await task.Ask(probe.Id, new Section1 { Count = 1 }), startNs: 100);
        Assert.Equal(RunEnd.Finished, bench.Run());

        // The second waits for 200 ns and pays the hand-over of 50.
        Assert.Equal([new Section(1, 0, 0, 300), new Section(2, 100, 350, 450)], probe.Sections);
        Assert.Equal(200, bench.Engine.TimeNs(EngineActivity.MutexWait));
        Assert.Equal(50, bench.Engine.TimeNs(EngineActivity.MutexHandOver));
    }

    [Fact]
    public void A_waiter_spins_for_so_long_then_it_sleeps_and_has_to_be_woken()
    {
        Bench bench = new();
        ProbeTask[] tasks = new ProbeTask[3];
        for (int id = 1; id <= 3; id++)
        {
            tasks[id - 1] = bench.Task(
                id,
                async task =>
                {
                    await task.Ask(bench.Id, new Probe.Acquire());
                    await task.SpendNs(Costs.Long, 8_000);
                    await task.Ask(bench.Id, new Probe.Release());
                },
                startNs: id);
        }

        Assert.Equal(RunEnd.Finished, bench.Run());

        // The bench's waiters spin for 5 000 ns of the 8 000 and 16 000 that they wait; a hand-over costs 50 ns however
        // many wait.
        Assert.Equal([1, 8_051, 16_101], bench.Resource.Notes.Select(note => note.AtNs));
        Assert.Equal(10_000, bench.Engine.TimeNs(EngineActivity.MutexWait));
        Assert.Equal([8_000, 13_050, 13_050], tasks.Select(TimedEngine.BusyNs));
    }

    private static List<Section>[] Run(ulong seed, long quantumNs, out long endNs)
    {
        Prng prng = new(seed);
        Bench bench = new(quantumNs, seed, jitterPercent: 20);
        LockProbe[] probes = [new LockProbe(100), new LockProbe(101)];
        foreach (LockProbe probe in probes)
        {
            bench.Engine.Add(probe);
        }

        int tasks = 2 + prng.NextBelow(12);
        bool sharesCpus = prng.NextBelow(2) == 0;
        for (int id = 1; id <= tasks; id++)
        {
            Prng own = prng.Split((ulong)id);
            bench.Task(id, task => LockUnlock(task, probes, own), prng.NextBelow(400), sharesCpus ? id % 3 : id);
        }

        Assert.Equal(RunEnd.Finished, bench.Run());
        endNs = bench.Engine.ClockNs;
        return [.. probes.SelectMany(probe => (List<Section>[])[probe.Sections, probe.Held])];
    }

    private static async Routine LockUnlock(ProbeTask task, LockProbe[] probes, Prng prng)
    {
        for (int i = 0; i < 30; i++)
        {
            LockProbe probe = probes[prng.NextBelow(2)];
            await task.SpendNs(Costs.Short, prng.NextBelow(3) == 0 ? prng.NextBelow(5_000) : prng.NextBelow(300));
            switch (prng.NextBelow(3))
            {
                case 0:
                    await task.Ask(probe.Id, new Begin());
                    await task.SpendNs(Costs.Short, prng.NextBelow(400));
                    await task.Ask(probe.Id, new End());
                    break;
                case 1:
                    await task.Ask(probe.Id, new Section1 { Count = 1 + prng.NextBelow(4) });
                    break;
                default:
                    await task.Ask(probe.Id, new Hold());
                    break;
            }
        }
    }

    /// <summary>A section of a lock, in virtual time.</summary>
    private readonly record struct Section(int Task, long AskedNs, long FromNs, long ToNs);

    private struct Begin : IMessage
    {
        public static ushort Code => 0xF021;

        public static MessageKind Kind => MessageKind.Lock;

        public long AskedNs;
    }

    private struct End : IMessage
    {
        public static ushort Code => 0xF022;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>A whole section in one message.</summary>
    private struct Section1 : IMessage
    {
        public static ushort Code => 0xF023;

        public static MessageKind Kind => MessageKind.Lock;

        public int Count;

        public long AskedNs;
    }

    private struct Hold : IMessage
    {
        public static ushort Code => 0xF024;

        public static MessageKind Kind => MessageKind.Lock;
    }

    /// <summary>A sleeping lock, and sections of a spin lock.</summary>
    private sealed class LockProbe(int id) : Resource(new ActorId(id), $"lock-{id}"),
        IHandle<Begin>, IHandle<End>, IHandle<Section1>, IHandle<Hold>
    {
        private Mutex _mutex;
        private Section _open;

        public List<Section> Sections { get; } = [];

        public List<Section> Held { get; } = [];

        public void Handle(ref Begin message, Turn turn)
        {
            message.AskedNs = turn.WasParked ? message.AskedNs : turn.NowNs;
            if (_mutex.Acquire(turn))
            {
                _open = new Section(turn.Caller.Index, message.AskedNs, turn.NowNs, 0);
                Assert.Equal(turn.NowNs, _mutex.SinceNs);
            }
        }

        public void Handle(ref End message, Turn turn)
        {
            Sections.Add(_open with { ToNs = turn.NowNs });
            _mutex.Release(turn);
        }

        public void Handle(ref Section1 message, Turn turn)
        {
            message.AskedNs = turn.WasParked ? message.AskedNs : turn.NowNs;
            if (!_mutex.Acquire(turn))
            {
                return;
            }

            long fromNs = turn.NowNs;
            turn.Spend(Costs.Short, message.Count, false);
            Sections.Add(new Section(turn.Caller.Index, message.AskedNs, fromNs, turn.NowNs));
            _mutex.Release(turn);
            Assert.Equal(turn.NowNs, _mutex.EndNs);
        }

        public void Handle(ref Hold message, Turn turn)
        {
            long fromNs = turn.NowNs;
            turn.Hold(Costs.Short, 1, false);
            Held.Add(new Section(turn.Caller.Index, fromNs, fromNs, turn.NowNs));
        }
    }
}
