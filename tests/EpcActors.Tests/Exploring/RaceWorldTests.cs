using System.Diagnostics;
using EpcActors.Domain.Kernel;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Lab.Oracles;
using EpcActors.Lab.Races;
using EpcActors.Lab.Scenarios;
using Xunit.Abstractions;

namespace EpcActors.Tests.Exploring;

/// <summary>The laboratory on the race that started the project.</summary>
public sealed class RaceWorldTests(ITestOutputHelper output)
{
    [Fact]
    public void The_racy_counter_is_found_shrunk_and_told()
    {
        long started = Stopwatch.GetTimestamp();
        Scenario scenario = Counter(FreePageCounterMode.Racy, 1);
        HuntResult result = Hunt.Run(new HuntPlan { NewWorld = () => new RaceWorld(scenario), MaxSchedules = 1000, Workers = 1 }, null, CancellationToken.None);
        Assert.NotNull(result.Found);
        output.WriteLine($"{result.Found.Number} {result.Found.Strategy} {result.Found.Finding} {Stopwatch.GetElapsedTime(started)}");
        RaceWorld world = new(scenario);
        ShrunkSchedule shrunk = Shrinker.Shrink(world, result.Found, 5000, CancellationToken.None);
        output.WriteLine($"{shrunk.Steps} steps {shrunk.Switches} switches {shrunk.Runs} runs {shrunk.Finding} {Stopwatch.GetElapsedTime(started)}");
        foreach (ScheduleStep step in Schedule.Name(world, shrunk.Decisions))
        {
            output.WriteLine(step.ToString());
        }

        Assert.Equal(Rules.FreePageCounter, shrunk.Finding.Rule);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_atomic_counter_is_clean_in_every_schedule(int operations)
    {
        Scenario scenario = Counter(FreePageCounterMode.Atomic, operations);
        long started = Stopwatch.GetTimestamp();
        SearchResult result = new ExhaustiveSearch(new RaceWorld(scenario), new SearchBounds { MaxStates = 2_000_000 }).Search(null, CancellationToken.None);
        output.WriteLine($"{operations}: {result} {Stopwatch.GetElapsedTime(started)}");
        Assert.True(result.IsComplete);
        Assert.Null(result.Counterexample);
    }

    [Theory]
    [InlineData("read 0..1 forever", Rules.Liveness)]
    [InlineData("read 0 forever", null)]
    public void A_load_without_end_is_a_hang_only_for_those_who_wait(string load, string? rule)
    {
        Scenario scenario = new RaceBuilder(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off }).Node(4, 2).Enclave("a", 2)
            .Setup("a: build 2", "a: read 0..1").Task("L", "a", load).Task("T", "", "allocate").Build();
        RoundRobin turns = new();
        ScheduleOutcome outcome = new RaceWorld(scenario).Run(turns, 0);
        Assert.Equal(rule, outcome.Finding?.Rule);
        Assert.Equal(rule is null, outcome.End is ExploredEnd.TasksEnded or ExploredEnd.Finished);
    }

    [Fact]
    public void Speed()
    {
        RaceWorld world = new(Counter(FreePageCounterMode.Atomic, 4));
        RandomWalk walk = new();
        long steps = 0;
        long started = Stopwatch.GetTimestamp();
        int n = 0;
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2))
        {
            steps += world.Run(walk, (ulong)n++).Steps;
        }

        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        output.WriteLine($"{n / seconds:N0} schedules/s {steps / seconds:N0} steps/s {(double)steps / n}");
    }

    private static Scenario Counter(FreePageCounterMode mode, int operations)
    {
        RaceBuilder builder = new(new KernelSwitches { FreePageCounter = mode, EpcCgroup = EpcCgroupMode.Off });
        builder.Node(8).Node(8);
        string[] program = [.. Enumerable.Range(0, operations).Select(i => i % 2 == 0 ? "allocate" : "free")];
        return builder.Task("CPU0", "", 0, program).Task("CPU1", "", 1, program).Build();
    }
}
