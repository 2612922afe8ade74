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

    [Fact]
    public void What_must_hold_always_holds_behind_the_last_step_too()
    {
        // The errno of the only operation is there when the task has ended, and there is no step any more.
        Scenario scenario = new RaceBuilder().Cgroup("/a", 0).Task("T", "/a", "allocate").Property("always errno(T) == 0").Build();
        RaceWorld world = new(scenario);
        Assert.Equal("property: always errno(T) == 0", world.Run(new RoundRobin(), 0).Finding?.Rule);
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
