using BenchmarkDotNet.Attributes;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Benchmarks;

/// <summary>The explored engine: schedules, recorded, with oracle and audits on, on one core.</summary>
public class ExploredBenchmarks
{
    private RaceWorld _world = null!;
    private IStrategy _strategy = null!;

    /// <summary>
    /// Load of the benchmark: a few steps of two tasks, hundreds of them, or a whole round of reclaim between faults.
    /// </summary>
    [Params("counter, 24 steps", "counter, 240 steps", "eviction")]
    public string Race { get; set; } = "eviction";

    [Params("random", "pct3", "pos")]
    public string Strategy { get; set; } = "random";

    [GlobalSetup]
    public void SetUp()
    {
        _world = new RaceWorld(Race switch
        {
            "counter, 24 steps" => LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, 4),
            "counter, 240 steps" => LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, 40),
            _ => LaboratoryScenarios.Eviction(),
        });
        _strategy = StrategyNames.Create(Strategy)!;
    }

    [Benchmark]
    public long Schedules()
    {
        long steps = 0;
        long schedules = 0;
        while (steps < 3_000_000)
        {
            ScheduleOutcome outcome = _world.Run(_strategy, (ulong)schedules++);
            steps += outcome.Steps;
        }

        Work.Count($"{nameof(Schedules)}|{Race}|{Strategy}", "steps", steps);
        Work.Count($"{nameof(Schedules)}|{Race}|{Strategy}", "schedules", schedules);
        return steps;
    }
}

/// <summary>All cores at once: the same search by one thread and by two.</summary>
public class PortfolioBenchmarks
{
    [Params(1, 2)]
    public int Workers { get; set; }

    [Benchmark]
    public long Hunt()
    {
        Scenario scenario = LaboratoryScenarios.Eviction();
        HuntResult result = EpcActors.Races.Hunt.Run(
            new HuntPlan
            {
                NewWorld = () => new RaceWorld(scenario),
                MaxSchedules = 60_000,
                Workers = Workers,
            },
            null,
            CancellationToken.None);
        Work.Count($"{nameof(Hunt)}|{Workers}", "steps", result.Progress.Steps);
        Work.Count($"{nameof(Hunt)}|{Workers}", "schedules", result.Progress.Schedules);
        return result.Progress.Steps;
    }
}

/// <summary>The questions that the laboratory is asked, from the scenario on.</summary>
public class VerdictBenchmarks
{
    /// <summary>R1 found, made short, and told as a commit message would.</summary>
    [Benchmark]
    public string FindShrinkShow()
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf("R1")!, Catalogue.Buggy);
        RaceFinding finding = RaceSearch.Find(
            race,
            new RaceSearchOptions { Workers = 1 },
            null,
            CancellationToken.None);
        (RaceTrace trace, _, _) = RaceSearch.Trace(race, finding.Schedule!, isStrict: true, "");
        return Reports.RaceListing.KernelStyle(trace);
    }

    /// <summary>The fixed counter, two nodes with four operations each: every schedule.</summary>
    [Benchmark]
    public int VerifyTheFixedCounter()
    {
        SearchResult result = new ExhaustiveSearch(
            new RaceWorld(LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, 4)),
            new SearchBounds()
        ).Search(null, CancellationToken.None);
        if (!result.IsComplete || result.Counterexample is not null)
        {
            throw new InvalidOperationException($"{result}");
        }

        Work.Count(nameof(VerifyTheFixedCounter), "states", result.States);
        return result.States;
    }

    /// <summary>A search of many states: two CPUs, each of which allocates and frees a hundred times.</summary>
    [Benchmark]
    public int SearchManyStates()
    {
        SearchResult result = new ExhaustiveSearch(
            new RaceWorld(LaboratoryScenarios.Counter(FreePageCounterMode.Atomic, 100)),
            new SearchBounds()
        ).Search(null, CancellationToken.None);
        Work.Count(nameof(SearchManyStates), "states", result.States);
        return result.States;
    }
}

internal static class LaboratoryScenarios
{
    public static Scenario Counter(FreePageCounterMode mode, int operations)
    {
        RaceBuilder builder = new(new KernelSwitches { FreePageCounter = mode, EpcCgroup = EpcCgroupMode.Off });
        string[] program = [.. Enumerable.Range(0, operations).Select(i => i % 2 == 0 ? "allocate" : "free")];
        return builder
            .Node(8)
            .Node(8)
            .Task("CPU0", "", 0, program)
            .Task("CPU1", "", 1, program)
            .MaxSteps(20_000)
            .Build();
    }

    public static Scenario Eviction() =>
        new RaceBuilder(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off })
            .Node(40)
            .Enclave("a", 16)
            .Setup("a: build 8")
            .Task("CPU0", "a", "write 0..7", "reclaim", "write 0..7")
            .Task("CPU1", "a", "write 4..7", "reclaim", "write 0..7")
            .MaxSteps(5000)
            .Build();
}
