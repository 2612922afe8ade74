using System.Diagnostics;
using System.Globalization;
using EpcActors.Engine;
using EpcActors.Engine.Live;

namespace EpcActors.Benchmarks;

/// <summary>
/// Cost of the message tap when it is closed: pairs of task and resource, with the tap closed and with the code that
/// looks at it left out. Each variant is a process of its own, as the JIT decides that once; they run in turns. On
/// Akka.NET a message takes ten times as long as on one thread of the threads engine, which has the same code: there
/// the difference shows.
/// </summary>
internal static class TapCost
{
    private const string Switch = "EpcActors.Engine.Live.LeavesTapOut";
    private const string Child = "child";
    private const int Pairs = 8;
    private const int Rounds = 5;
    private static readonly string[] Engines = ["threads, 1 worker", "akka"];

    /// <summary><c>tap [TURNS]</c>: prints the median of all turns, and the ratio of turns that ran in a row.</summary>
    public static int Run(string[] args)
    {
        if (args is [Child, var name, var leavesOut])
        {
            AppContext.SetSwitch(Switch, leavesOut == "without");
            Measure(name);
            return 0;
        }

        int turns = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 10;
        foreach (string engine in Engines)
        {
            Compare(engine, Math.Max(2, turns));
        }

        return 0;
    }

    private static void Compare(string engine, int turns)
    {
        List<Figures> with = [];
        List<Figures> without = [];
        for (int turn = 0; turn < turns; turn++)
        {
            // Who is first changes: a machine that gets slower is not the tap's.
            bool isWithFirst = turn % 2 == 0;
            Figures first = Start(engine, isWithFirst);
            Figures second = Start(engine, !isWithFirst);
            with.Add(isWithFirst ? first : second);
            without.Add(isWithFirst ? second : first);
        }

        double[] ratios = [.. with.Zip(without, (one, other) => one.PerSecond / other.PerSecond).Order()];
        Console.WriteLine($"| {engine} | M messages/s | bytes allocated per message |");
        Console.WriteLine("|---|---|---|");
        Write("tap closed", with);
        Write("without its code", without);
        double mean = ratios.Average();
        double error = Math.Sqrt(ratios.Sum(ratio => (ratio - mean) * (ratio - mean)) / (turns * (turns - 1.0)));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"ratio of the rates: median {ratios[turns / 2]:0.000}, mean {mean:0.000} +- {error:0.000} "
            + $"(standard error), {ratios[0]:0.00} to {ratios[^1]:0.00}, {turns} turns"));
        Console.WriteLine();
    }

    private static void Write(string name, List<Figures> all)
    {
        Figures median = all.OrderBy(one => one.PerSecond).ElementAt(all.Count / 2);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"| {name} | {median.PerSecond / 1e6:0.00} | {median.Bytes:0.000} |"));
    }

    private static Figures Start(string engine, bool isWith)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(TapCost).Assembly.Location);
        }

        foreach (string word in (string[])["tap", Child, engine, isWith ? "with" : "without"])
        {
            start.ArgumentList.Add(word);
        }

        using Process process = Process.Start(start)!;
        string[] words = process.StandardOutput.ReadToEnd().Split();
        process.WaitForExit();
        return new Figures(
            double.Parse(words[0], CultureInfo.InvariantCulture), double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Prints the best round: others of the machine only ever make one slower.</summary>
    private static void Measure(string name)
    {
        double best = 0;
        double bytes = 0;
        long requests = (name == "akka" ? 500_000 : 20_000_000) / Pairs;
        for (int round = 0; round < Rounds; round++)
        {
            using LiveEngine engine = EngineNames.New(name);
            for (int i = 0; i < Pairs; i++)
            {
                Adder resource = new(new ActorId(i));
                engine.Add(resource, $"resources/{i}");
                Asker task = new(new ActorId(Pairs + i), resource.Id, requests);
                engine.Add(task, $"tasks/{i}");
                engine.Start(task);
            }

            long allocated = GC.GetTotalAllocatedBytes();
            long started = Stopwatch.GetTimestamp();
            RunEnd end = engine.Run(long.MaxValue, CancellationToken.None);
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Invariant.That(end == RunEnd.Finished, $"the run ended with {end}");

            // A request and its answer.
            double messages = 2.0 * engine.Steps;
            if (messages / seconds > best)
            {
                best = messages / seconds;
                bytes = (GC.GetTotalAllocatedBytes() - allocated) / messages;
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{best} {bytes}"));
    }

    private sealed record Figures(double PerSecond, double Bytes);

    private struct Add : IMessage
    {
        public static ushort Code => 0xF0F1;

        public static MessageKind Kind => MessageKind.Other;

        public long Value;

        public long Sum;
    }

    private sealed class Adder(ActorId id) : Resource(id, $"resource-{id.Index}"), IHandle<Add>
    {
        private long _sum;

        public void Handle(ref Add message, Turn turn)
        {
            _sum += message.Value;
            message.Sum = _sum;
        }
    }

    private sealed class Asker(ActorId id, ActorId resource, long requests)
        : TaskActor(id, $"task-{id.Index}", -1, 0)
    {
        protected override async Routine Run()
        {
            for (long i = 0; i < requests; i++)
            {
                await Ask(resource, new Add { Value = 1 });
            }
        }
    }
}
