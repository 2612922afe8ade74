using BenchmarkDotNet.Attributes;
using EpcActors.Engine;
using EpcActors.Engine.Akka;
using EpcActors.Engine.Live;
using EpcActors.Engine.Live.Threads;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Live;
using EpcActors.Scenarios;

namespace EpcActors.Benchmarks;

/// <summary>Engines by the names that the benchmarks give them: the engine, and its worker threads.</summary>
internal static class EngineNames
{
    public static IEnumerable<string> All =>
    [
        "simulation", "threads, 1 worker", "threads, 2 workers", "akka",
    ];

    public static LiveEngine New(string name) => name switch
    {
        "threads, 1 worker" => new ThreadsEngine(new ThreadsOptions { Workers = 1 }),
        "threads, 2 workers" => new ThreadsEngine(new ThreadsOptions { Workers = 2 }),
        "akka" => new AkkaEngine(),
        _ => throw new InvalidOperationException($"there is no live engine '{name}'"),
    };
}

/// <summary>Messages alone, on every engine of this build: eight tasks that ask, and handlers that add up.</summary>
public class MessageBenchmarks
{
    private const int Tasks = 8;

    [ParamsSource(nameof(Engines))]
    public string Engine { get; set; } = "simulation";

    public static IEnumerable<string> Engines => EngineNames.All;

    /// <summary>Each asks a resource of its own: nothing is shared but the engine.</summary>
    [Benchmark]
    public long OwnResources() => Run(nameof(OwnResources), Tasks);

    /// <summary>All ask the same resource: one line of cache is all there is.</summary>
    [Benchmark]
    public long OneResource() => Run(nameof(OneResource), 1);

    private long Run(string name, int resources)
    {
        int each = (Engine == "akka" ? 2_000_000 : 20_000_000) / Tasks;
        long steps;
        if (Engine == "simulation")
        {
            TimedEngine engine = new(
                new CostTable(new long[Activities.Count], new long[Activities.Count], 0),
                500,
                1,
                0);
            for (int i = 0; i < resources; i++)
            {
                engine.Add(new Counter(new ActorId(i)));
            }

            foreach (Asker task in Askers(resources, each))
            {
                engine.Add(task);
                engine.Start(task, 0);
            }

            engine.Run(long.MaxValue / 2, CancellationToken.None);
            steps = engine.Steps;
        }
        else
        {
            using LiveEngine engine = EngineNames.New(Engine);
            for (int i = 0; i < resources; i++)
            {
                engine.Add(new Counter(new ActorId(i)), $"resources/{i}");
            }

            foreach (Asker task in Askers(resources, each))
            {
                engine.Add(task, $"tasks/{task.Id.Index}");
                engine.Start(task);
            }

            engine.Run(long.MaxValue, CancellationToken.None);
            steps = engine.Steps;
        }

        Work.Count($"{name}|{Engine}", "steps", steps);
        return steps;
    }

    private static IEnumerable<Asker> Askers(int resources, int each) =>
        Enumerable.Range(0, Tasks).Select(i => new Asker(new ActorId(Tasks + i), new ActorId(i % resources), each));

    private struct Add : IMessage
    {
        public static ushort Code => 0xFF02;

        public static MessageKind Kind => MessageKind.Other;

        public long Amount;
    }

    private sealed class Counter(ActorId id) : Resource(id, $"counter-{id.Index}"), IHandle<Add>
    {
        private long _sum;

        public void Handle(ref Add message, Turn turn)
        {
            _sum += message.Amount;
            message.Amount = _sum;
        }
    }

    private sealed class Asker(ActorId id, ActorId target, int count) : TaskActor(id, $"asker-{id.Index}", -1, 0)
    {
        protected override async Routine Run()
        {
            for (int i = 0; i < count; i++)
            {
                await Ask(target, new Add { Amount = 1 });
            }
        }
    }
}

/// <summary>
/// The same scenario on every engine of this build, with oracle and metrics on as always: what a critical section and a
/// page fault cost on each, and what a second core brings.
/// </summary>
public class LiveBenchmarks
{
    /// <summary>Engine and worker threads; 0 of them: the engine decides.</summary>
    [ParamsSource(nameof(Engines))]
    public string Engine { get; set; } = "simulation";

    public static IEnumerable<string> Engines => EngineNames.All;

    /// <summary>Four enclaves with a working set each that mostly fits, two on each socket.</summary>
    [Benchmark]
    public long WorkingSets() =>
        Run(nameof(WorkingSets), BenchmarkScenarios.TwoSockets(0.99, Engine == "akka" ? 25 : 500));

    /// <summary>The same enclaves, every page as likely as another: they page all the time.</summary>
    [Benchmark]
    public long PageAgainstOwnLimits() =>
        Run(nameof(PageAgainstOwnLimits), BenchmarkScenarios.TwoSockets(0, Engine == "akka" ? 2 : 40));

    /// <summary>Four threads of one enclave that share everything: the other corner.</summary>
    [Benchmark]
    public long PageOneEnclave() =>
        Run(nameof(PageOneEnclave), BenchmarkScenarios.Thrash(4, Engine == "akka" ? 2_000 : 20_000));

    private long Run(string name, Scenario scenario)
    {
        RunReport report = Engine == "simulation"
            ? new ScenarioRunner(scenario).Run("", CancellationToken.None)
            : new LiveScenarioRunner(scenario, _ => EngineNames.New(Engine)).Run("", CancellationToken.None);
        if (report.Verdict != Verdict.Pass)
        {
            throw new InvalidOperationException(
                $"{name} on {Engine} ended with {report.Verdict}: {string.Join("; ", report.Violations)}");
        }

        string key = $"{name}|{Engine}";
        Work.Count(key, "steps", report.Steps);
        Work.Count(key, "faults", report.FaultLatency.Count);
        return report.Steps;
    }
}
