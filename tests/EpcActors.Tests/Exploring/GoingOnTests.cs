using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Exploring;

/// <summary>A task that is picked again goes on without being suspended: only the clock can tell.</summary>
public sealed class GoingOnTests
{
    public static TheoryData<string> Races() => [.. Catalogue.Ids];

    [Theory]
    [MemberData(nameof(Races))]
    public void A_schedule_is_the_same_whether_its_tasks_are_suspended_at_each_step_or_not(string id)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!);
        RaceWorld going = new(race.Scenario);
        RaceWorld suspending = new(race.Scenario);
        bool didGoOn = false;
        foreach (string name in StrategyNames.Portfolio.Append("round-robin"))
        {
            for (ulong seed = 0; seed < 4; seed++)
            {
                Witness one = new();
                Witness other = new();
                ScheduleOutcome outcome = Run(going, one, StrategyNames.Create(name)!, seed);
                Assert.Equal(
                    Run(suspending, other, new Suspending(StrategyNames.Create(name)!), seed), outcome);
                Assert.Equal(suspending.Engine.Log.ToArray(), going.Engine.Log.ToArray());
                Assert.Equal(other.Seen, one.Seen);
                Assert.Equal(0, other.WentOn);
                didGoOn |= one.WentOn > 0;

                // It is judged at a moment at which every task is suspended: so the record ends where it ends.
                Replay replay = new(going.Engine.Log.ToArray(), isStrict: true);
                Assert.Equal(
                    StateAfter(suspending, new Suspending(replay)),
                    StateAfter(going, new Replay(going.Engine.Log.ToArray(), isStrict: true)));
            }
        }

        Assert.True(didGoOn, "no task ever went on: the comparison says nothing");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_resource_that_fails_ends_the_run_and_no_routine_gets_to_see_why(bool suspends)
    {
        bool isCaught = false;
        ToyWorld world = new(1);
        world.Task(async task =>
        {
            await task.Add(world.Cells[0], 1);
            try
            {
                // Not held: the cell's mutex refuses it.
                await task.Give(world.Cells[0]);
            }
            catch (InvariantViolation)
            {
                isCaught = true;
            }
        });
        world.Reset();
        RoundRobin alone = new();
        IStrategy strategy = suspends ? new Suspending(alone) : alone;
        strategy.Begin(world.Engine, 0);

        Assert.Equal(ExploredEnd.Failed, world.Engine.Run(strategy, 100));
        Assert.NotNull(world.Engine.Failure);
        Assert.False(isCaught);
        Assert.Equal(2, world.Engine.Steps);

        // The next run knows nothing of it.
        world.Reset();
        alone.Begin(world.Engine, 0);
        Assert.Equal(ExploredEnd.StepLimit, world.Engine.Run(alone, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_limit_is_met_to_the_step(bool suspends)
    {
        ToyWorld world = new(1);
        world.Task(async task =>
        {
            while (true)
            {
                await task.Add(world.Cells[0], 1);
                await task.Sleep(1);
            }
        });
        RoundRobin alone = new();
        IStrategy strategy = suspends ? new Suspending(alone) : alone;
        for (int limit = 0; limit < 9; limit++)
        {
            world.Reset();
            strategy.Begin(world.Engine, 0);
            Assert.Equal(ExploredEnd.StepLimit, world.Engine.Run(strategy, limit));
            Assert.Equal(limit, world.Engine.Steps);
            Assert.Equal((limit + 1) / 2, world.Cells[0].Value);

            // And a run goes on from there as if there had been no limit.
            Assert.Equal(ExploredEnd.StepLimit, world.Engine.Run(strategy, limit + 3));
            Assert.Equal(limit + 3, world.Engine.Steps);
            Assert.Equal((limit + 4) / 2, world.Cells[0].Value);
        }
    }

    private static ScheduleOutcome Run(RaceWorld world, Witness witness, IStrategy strategy, ulong seed)
    {
        world.Observer = witness;
        ScheduleOutcome outcome = world.Run(strategy, seed);
        world.Observer = null;
        return outcome;
    }

    private static ulong StateAfter(RaceWorld world, IStrategy strategy)
    {
        world.Reset();
        strategy.Begin(world.Engine, 0);
        world.Engine.Run(strategy, int.MaxValue);
        return world.Fingerprint();
    }

    /// <summary>Writes down what happens, in order.</summary>
    private sealed class Witness : IRunObserver
    {
        public List<(string What, int Who, int Whom, ulong Message)> Seen { get; } = [];

        /// <summary>Requests that were handled before a routine waited for them.</summary>
        public int WentOn { get; private set; }

        public void OnStep(Envelope envelope, Resource resource, long nowNs)
        {
            WentOn += envelope.Waiting is null ? 1 : 0;
            Seen.Add(($"{nowNs} {envelope.Code}", envelope.Caller.Id.Index, resource.Id.Index, envelope.Fold()));
        }

        public void AfterStep() => Seen.Add(("after", 0, 0, 0));

        public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
            Seen.Add(($"report {what} {startNs} {endNs}", task.Id.Index, 0, (ulong)detail));
    }

    /// <summary>As another strategy, which looks at tasks.</summary>
    private sealed class Suspending(IStrategy inner) : IStrategy
    {
        public void Begin(Execution execution, ulong seed) => inner.Begin(execution, seed);

        public int Next(Execution execution) => inner.Next(execution);

        public bool Choose(Execution execution, int task, int point) => inner.Choose(execution, task, point);
    }
}
