using global::Akka.Actor;

namespace EpcActors.TestKit.Akka.Tests;

/// <summary>A search that leaves out orders of steps that commute reaches every end that there is.</summary>
[Trait("tier", "slow")] // Every schedule, with and without reduction.
public sealed class ReductionTests : AkkaRaces
{
    /// <summary>Counted by a model of two queues and no Akka: <see cref="Model"/>.</summary>
    [Fact]
    public void Without_reduction_there_are_as_many_schedules_as_the_model_has()
    {
        (int schedules, SortedSet<string> ends) = Ends(ReadAndWrite, reduces: false);
        Assert.Equal(Model(), schedules);
        (int fewer, SortedSet<string> same) = Ends(ReadAndWrite, reduces: true);
        Assert.Equal(ends, same);
        Assert.InRange(fewer, ends.Count, schedules - 1);
    }

    [Fact]
    public void Random_networks_of_actors_reach_the_same_ends()
    {
        long all = 0;
        long reduced = 0;
        int several = 0;
        for (int seed = 1; seed <= 16; seed++)
        {
            int one = seed;
            (int schedules, SortedSet<string> ends) = Ends(race => Network(race, one), reduces: false);
            (int fewer, SortedSet<string> same) = Ends(race => Network(race, one), reduces: true);
            Assert.True(ends.SetEquals(same), $"network {seed}: {ends.Count} ends, with reduction {same.Count}");
            all += schedules;
            reduced += fewer;
            several += ends.Count > 1 ? 1 : 0;
        }

        Assert.True(several > 5, $"{several} networks with more than one end");
        Assert.True(reduced * 3 < all, $"{reduced} of {all} schedules");
    }

    private (int Schedules, SortedSet<string> Ends) Ends(Func<Race, Func<string>> setUp, bool reduces)
    {
        SortedSet<string> ends = new(StringComparer.Ordinal);
        int schedules = 0;
        CleanActorRace clean = Race(race =>
        {
            Func<string> end = setUp(race);
            race.Finally(() =>
            {
                schedules++;
                ends.Add(end());
            });
        }).Schedules(0).Exhaustive(200_000).Reduces(reduces).Check();
        Assert.True(clean.IsComplete, clean.Bound);
        return (schedules, ends);
    }

    private static Func<string> ReadAndWrite(Race race)
    {
        List<string> told = [];
        IActorRef counter = race.ActorOf(Props.Create(() => new Cell(told)), "cell");
        race.ActorOf(Props.Create(() => new Increment(counter)), "a").Tell("go");
        race.ActorOf(Props.Create(() => new Increment(counter)), "b").Tell("go");
        return () => told[^1];
    }

    /// <summary>Two clients that go, read and write, and a cell with a queue: the maximal orders, counted.</summary>
    private static int Model()
    {
        return Count([0, 0], [false, false], []);

        // At 0 a client may send its read; when it has its answer it may send its write.
        static int Count(int[] at, bool[] answered, (int Client, bool IsRead)[] queue)
        {
            int count = 0;
            for (int client = 0; client < 2; client++)
            {
                if (at[client] == 0 || (at[client] == 1 && answered[client]))
                {
                    int[] next = [.. at];
                    next[client]++;
                    count += Count(next, answered, [.. queue, (client, at[client] == 0)]);
                }
            }

            if (queue.Length > 0)
            {
                bool[] next = [.. answered];
                next[queue[0].Client] |= queue[0].IsRead;
                count += Count(at, next, queue[1..]);
            }

            return count == 0 ? 1 : count;
        }
    }

    /// <summary>
    /// Three or four actors that on each message send one or two to others, by a program of the seed, as long as the
    /// message has hops left. What is reached is each one's order of messages.
    /// </summary>
    private static Func<string> Network(Race race, int seed)
    {
        Random program = new(seed);
        int count = program.Next(3, 5);
        List<string>[] orders = [.. Enumerable.Range(0, count).Select(_ => new List<string>())];
        IActorRef[] actors = new IActorRef[count];
        for (int i = 0; i < count; i++)
        {
            int[] targets = [.. Enumerable.Range(0, program.Next(1, 3)).Select(_ => program.Next(count))];
            List<string> order = orders[i];
            actors[i] = race.ActorOf(Props.Create(() => new Hop(actors, targets, order)), $"n{i}");
        }

        for (int i = 0; i < 2; i++)
        {
            actors[program.Next(count)].Tell(new Ball($"m{i}", Hops: i == 0 ? 2 : 1));
        }

        return () => string.Join(" | ", orders.Select(order => string.Join(' ', order)));
    }

    private sealed record Ball(string Name, int Hops);

    private sealed class Hop : ReceiveActor
    {
        public Hop(IActorRef[] all, int[] targets, List<string> order) => Receive<Ball>(ball =>
        {
            order.Add(ball.Name);
            for (int i = 0; ball.Hops > 0 && i < targets.Length; i++)
            {
                all[targets[i]].Tell(new Ball($"{ball.Name}.{i}", ball.Hops - 1));
            }
        });
    }

    private sealed class Cell : ReceiveActor
    {
        private int _value;

        public Cell(List<string> told)
        {
            Receive<string>(_ => Sender.Tell(_value));
            Receive<int>(value =>
            {
                _value = value;
                told.Add($"{value}");
            });
        }
    }

    private sealed class Increment : ReceiveActor
    {
        public Increment(IActorRef cell)
        {
            Receive<string>(_ => cell.Tell("read"));
            Receive<int>(value => cell.Tell(value + 1));
        }
    }
}
