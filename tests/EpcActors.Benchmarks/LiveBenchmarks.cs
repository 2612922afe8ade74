using BenchmarkDotNet.Attributes;
using EpcActors.Engine.Live;
using EpcActors.Engine.Threads;
using EpcActors.Lab.Results;
using EpcActors.Lab.Runs;
using EpcActors.Lab.Scenarios;
#if AKKA
using EpcActors.Engine.Akka;
#endif

namespace EpcActors.Benchmarks;

/// <summary>
/// The same scenario on every engine of this build, with oracle and metrics on as always: what a critical section and a page fault cost on each, and what a second core brings.
/// </summary>
public class LiveBenchmarks
{
    /// <summary>Engine and worker threads; 0 of them: the engine decides.</summary>
    [ParamsSource(nameof(Engines))]
    public string Engine { get; set; } = "simulation";

    public static IEnumerable<string> Engines =>
    [
        "simulation", "threads, 1 worker", "threads, 2 workers",
#if AKKA
        "akka",
#endif
    ];

    /// <summary>Four enclaves that page against limits of their own, two on each socket.</summary>
    [Benchmark]
    public long PageAgainstOwnLimits() => Run(nameof(PageAgainstOwnLimits), BenchmarkScenarios.TwoSockets(Engine == "akka" ? 2 : 20));

    /// <summary>Four threads of one enclave that share everything: the other corner.</summary>
    [Benchmark]
    public long PageOneEnclave() => Run(nameof(PageOneEnclave), BenchmarkScenarios.Thrash(4, Engine == "akka" ? 2_000 : 20_000));

    private long Run(string name, Scenario scenario)
    {
        RunReport report = Engine == "simulation"
            ? new ScenarioRunner(scenario).Run("", CancellationToken.None)
            : new LiveScenarioRunner(scenario, NewEngine).Run("", CancellationToken.None);
        if (report.Verdict != Verdict.Pass)
        {
            throw new InvalidOperationException($"{name} on {Engine} ended with {report.Verdict}: {string.Join("; ", report.Violations)}");
        }

        string key = $"{name}|{Engine}";
        Work.Count(key, "steps", report.Steps);
        Work.Count(key, "faults", report.FaultLatency.Count);
        return report.Steps;
    }

    private LiveEngine NewEngine(Scenario scenario) => Engine switch
    {
        "threads, 1 worker" => new ThreadsEngine(new ThreadsOptions { Workers = 1 }),
        "threads, 2 workers" => new ThreadsEngine(new ThreadsOptions { Workers = 2 }),
#if AKKA
        "akka" => new AkkaEngine(),
#endif
        _ => throw new InvalidOperationException($"there is no engine '{Engine}'"),
    };
}
