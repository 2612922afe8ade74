using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using EpcActors.TestKit.Akka;

namespace EpcActors.Benchmarks;

/// <summary>
/// Schedules per second of a race of Akka.NET actors, beside Coyote's actors and a bare actor system with the same
/// program, in one run: a counter and four clients that read it and write one more, 16 messages.
/// </summary>
internal static class ActorRaceSpeed
{
    private const int Clients = 4;

    /// <summary>
    /// <c>actor-races [ROUNDS] [SCHEDULES]</c>: prints a table with the medians, and ratios in a round.
    /// </summary>
    public static int Run(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        int schedules = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1000;
        using ActorSystem bare = ActorSystem.Create("bare", "akka { loglevel = OFF, stdout-loglevel = OFF }");
        double coyoteSteps = 0;
        (string Name, Func<int> Run)[] all =
        [
            ("EpcActors.TestKit.Akka", () => Kit.Run(schedules)),
            ("Coyote, its own actors", () =>
            {
                (int count, coyoteSteps) = CoyoteCounter.Run(schedules, Clients);
                return count;
            }),
            ("bare ActorSystem, one order", () => Bare(bare, schedules)),
        ];
        double[][] rates = [.. all.Select(_ => new double[rounds])];
        for (int round = -1; round < rounds; round++)
        {
            for (int i = 0; i < all.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                int count = all[i].Run();
                double rate = count / Stopwatch.GetElapsedTime(start).TotalSeconds;
                if (round >= 0)
                {
                    // The first round is for the JIT.
                    rates[i][round] = rate;
                }
            }
        }

        Console.WriteLine("| | schedules/s | a thousand take | kit in ratio to it |");
        Console.WriteLine("|---|---|---|---|");
        for (int i = 0; i < all.Length; i++)
        {
            double rate = Median(rates[i]);
            double ratio = Median([.. rates[0].Zip(rates[i], (kit, other) => kit / other)]);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {all[i].Name} | {rate:N0} | {1000 / rate:0.00} s | {(i == 0 ? "" : $"{ratio:0.0}")} |"));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nmedians of {rounds} rounds of {schedules} schedules; Coyote takes {coyoteSteps:0} steps for one"));
        return 0;
    }

    /// <summary>As tests run it to hope for a race: all at once, and wait for the end.</summary>
    private static int Bare(ActorSystem system, int runs)
    {
        for (int run = 0; run < runs; run++)
        {
            using CountdownEvent done = new(Clients);
            Action<int> changed = _ => done.Signal();
            IActorRef counter = system.ActorOf(Props.Create(() => new Counter(changed)));
            IActorRef[] clients =
                [.. Enumerable.Range(0, Clients).Select(_ => system.ActorOf(Props.Create(() => new Client(counter))))];
            foreach (IActorRef client in clients)
            {
                client.Tell(new Go());
            }

            done.Wait();
            foreach (IActorRef actor in (IEnumerable<IActorRef>)[.. clients, counter])
            {
                system.Stop(actor);
            }
        }

        return runs;
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed class Kit : AkkaRaces
    {
        public static int Run(int schedules) => (int)new Kit()
            .Race(LostUpdate, "lost update")
            .Exhaustive(0)
            .Schedules(schedules)
            .Strategy("random")
            .Check()
            .Schedules;

        private static void LostUpdate(Race race)
        {
            int value = 0;
            Action<int> changed = now => value = now;
            IActorRef counter = race.ActorOf(Props.Create(() => new Counter(changed)), "counter");
            for (int i = 0; i < Clients; i++)
            {
                race.ActorOf(Props.Create(() => new Client(counter)), $"client{i}").Tell(new Go());
            }

            race.Finally(() =>
            {
                if (value is < 1 or > Clients)
                {
                    throw new InvalidOperationException($"counter = {value}");
                }
            });
        }
    }

    private sealed record Go;

    private sealed record Get;

    private sealed record Set(int Value);

    private sealed record Val(int Value);

    private sealed class Counter : ReceiveActor
    {
        private int _value;

        public Counter(Action<int> changed)
        {
            Receive<Get>(_ => Sender.Tell(new Val(_value)));
            Receive<Set>(set => changed(_value = set.Value));
        }
    }

    private sealed class Client : ReceiveActor
    {
        public Client(IActorRef counter)
        {
            Receive<Go>(_ => counter.Tell(new Get()));
            Receive<Val>(value => counter.Tell(new Set(value.Value + 1)));
        }
    }
}
