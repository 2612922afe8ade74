using EpcActors.Engine;
using EpcActors.Engine.Simulation.Exploring;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.TestKit;

namespace EpcActors.Tests.Exploring;

/// <summary>Ways in which a verdict could be wrong: each of these was, once.</summary>
public sealed class ReviewTests
{
    private sealed class Flag(ActorId id, string name) : Resource(id, name), IHandle<Toy.Get>, IHandle<Toy.Put>
    {
        public long Value { get; private set; }

        public void Handle(ref Toy.Get message, Turn turn) => message.Value = Value;

        public void Handle(ref Toy.Put message, Turn turn) => Value = message.Value;
    }

    /// <summary>
    /// Two that try, see the other, and give way: a fair order of their steps goes on for ever, but not the one in
    /// turn, for their rounds differ in length.
    /// </summary>
    private static RaceTest Politeness() => RaceTest.Of(draft => draft
        .Node(8).Resource("f0", (id, name) => new Flag(id, name)).Resource("f1", (id, name) => new Flag(id, name))
        .Task("CPU0", "", async task =>
        {
            while (true)
            {
                await task.Ask(task.Resource("f0"), new Toy.Put { Value = 1 });
                Toy.Get other = await task.Ask(task.Resource("f1"), default(Toy.Get));
                await task.Ask(task.Resource("f0"), default(Toy.Put));
                if (other.Value == 0)
                {
                    return Errno.Ok;
                }
            }
        })
        .Task("CPU1", "", async task =>
        {
            while (true)
            {
                await task.Ask(task.Resource("f1"), new Toy.Put { Value = 1 });
                await task.Pause();
                Toy.Get other = await task.Ask(task.Resource("f0"), default(Toy.Get));
                await task.Ask(task.Resource("f1"), default(Toy.Put));
                if (other.Value == 0)
                {
                    return Errno.Ok;
                }
            }
        })).SchedulesTo(null);

    private static RaceTest WaitsForWhatNeedNotHappen() => RaceTest.Of(draft => draft
        .Node(8).Resource("f0", (id, name) => new Flag(id, name))
        .Task("CPU0", "", async task =>
        {
            while ((await task.Ask(task.Resource("f0"), default(Toy.Get))).Value == 0)
            {
            }

            return Errno.Ok;
        })
        .Optional("event", "pause").Then("set", async task =>
        {
            await task.Ask(task.Resource("f0"), new Toy.Put { Value = 1 });
            return Errno.Ok;
        })).SchedulesTo(null);

    /// <summary>What only a local refers to comes back with the moment, though the task has added to it.</summary>
    [Fact]
    public void A_list_in_a_local_is_as_long_as_it_was_when_a_search_goes_back()
    {
        CleanRace clean = RaceTest.Of(draft => draft
            .Node(8).Resource("f0", (id, name) => new Flag(id, name)).Resource("f1", (id, name) => new Flag(id, name))
            .Task("CPU0", "", task => Count(task, "f0", "f1"))
            .Task("CPU1", "", task => Count(task, "f1", "f0")))
            .Exhaustive().SchedulesTo(null).Check();
        Assert.StartsWith("every schedule", clean.Bound, StringComparison.Ordinal);
        Assert.True(clean.States > 500, $"{clean.States} states");

        static async Routine<Errno> Count(RaceTask task, string own, string other)
        {
            List<int> rounds = [];
            for (int i = 1; i <= 12; i++)
            {
                await task.Ask(task.Resource(other), default(Toy.Get));
                rounds.Add(i);
                await task.Ask(task.Resource(own), new Toy.Put { Value = rounds.Count });
                Invariant.That(rounds.Count == i, $"{rounds.Count} rounds are in the list behind {i}");
            }

            return Errno.Ok;
        }
    }

    [Fact]
    public void A_hang_that_going_on_in_turn_escapes_from_breaks_its_rule_again_when_it_is_replayed()
    {
        RaceTest race = Politeness();
        FoundRace found = race.Expect(Rules.Liveness);
        Assert.True(found.Schedule.CycleStart >= 0);
        race.Pinned(found.Schedule.ToString()).MustBreak();
    }

    /// <summary>Where a line of the record does not fit, at the lap's border too, the lap is still judged.</summary>
    [Theory]
    [InlineData("nobody Get f0\ncycle:\n")]
    [InlineData("cycle:\nnobody Get f0\n")]
    public void A_hang_is_seen_in_the_lap_of_its_record_when_lines_are_left_out(string border)
    {
        RaceTest race = Politeness();
        string schedule = race.Expect(Rules.Liveness).Schedule.ToString();
        ReplayedSchedule replayed = race.Pinned(schedule.Replace("cycle:\n", border, StringComparison.Ordinal))
            .Leniently()
            .MustBreak();
        Assert.Equal(1, replayed.Skipped);
    }

    [Fact]
    public void A_hang_without_an_event_that_need_not_happen_replays_without_it()
    {
        RaceTest race = WaitsForWhatNeedNotHappen();
        FoundRace found = race.Expect(Rules.Liveness);
        race.Pinned(found.Schedule.ToString()).MustBreak();
    }

    [Fact]
    public void Going_on_in_turn_waits_for_no_event_that_need_not_happen()
    {
        ToyWorld world = new(1);
        world.Task(async task =>
        {
            while ((await task.Get(world.Cells[0])).Value == 0)
            {
            }

            task.At++;
        });
        world.Task(async task => await task.Put(world.Cells[0], 1), isOptional: true);
        LassoWatch watch = new(world);
        world.Reset();
        watch.Begin(world.Engine, 0);
        Assert.Equal(ExploredEnd.Abandoned, world.Engine.Run(watch, 1000));
        Assert.True(watch.CycleStart >= 0);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, Rules.Deadlock)]
    public void A_hang_is_no_finding_where_it_does_not_count(bool isIgnored, string? target)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf("C7")!, Catalogue.Buggy);
        Scenario scenario = race.Scenario with
        {
            Race = race.Scenario.Race! with { IgnoredRules = isIgnored ? [Rules.Liveness] : [] },
        };
        SearchVerdict verdict = Verifier.Verify(
            () => new RaceWorld(scenario),
            new VerifyBounds { Schedules = 0 },
            1,
            1,
            target,
            null,
            CancellationToken.None);
        Assert.NotEqual(VerdictKind.Found, verdict.Kind);
    }

    [Fact]
    public void A_hang_within_a_bound_on_preemptions_is_found()
    {
        ToyWorld world = new(1);
        world.Task(async task =>
        {
            while ((await task.Get(world.Cells[0])).Value == 0)
            {
            }

            task.At++;
        });
        SearchResult result = new ExhaustiveSearch(world, new SearchBounds { Preemptions = 2 }).Search(
            null,
            CancellationToken.None);
        Assert.True(result.CycleStart >= 0);
    }

    [Fact]
    public void What_must_hold_always_holds_in_every_state()
    {
        // Between the pause and the next request: what that request does makes it true again.
        RaceTest race = RaceTest
            .Of(draft =>
                draft
                    .Node(8)
                    .Resource("f0", (id, name) => new Flag(id, name))
                    .Task("T", "", "pause")
                    .Then("set", async task =>
                    {
                        await task.Ask(task.Resource("f0"), new Toy.Put { Value = 1 });
                        return Errno.Ok;
                    })
                    .Always("the flag is up behind the pause", state =>
                        state["done(T)"] != 1 || state.Resource<Flag>("f0").Value == 1))
            .SchedulesTo(null);
        race.Expect("the flag is up behind the pause");
    }

    [Fact]
    public void A_choice_before_the_first_request_is_part_of_the_schedule()
    {
        HashSet<long> ends = [];
        ToyWorld world = new(1, world =>
        {
            ends.Add(world.Cells[0].Value);
            return false;
        });
        for (int i = 0; i < 2; i++)
        {
            world.Task(async task =>
            {
                bool chosen = task.Choose(4);
                task.Local = chosen ? 1 : 0;
                await task.Add(world.Cells[0], chosen ? 10 : 1);
                task.At++;
            });
        }

        world.Engine.SetBudget(4, 2);
        SearchResult result = new ExhaustiveSearch(world, new SearchBounds { StopsAtFirst = false }).Search(
            null,
            CancellationToken.None);
        Assert.True(result.IsComplete);
        Assert.Equal([2, 11, 20], ends.Order());
    }

    [Fact]
    public void A_hunt_over_choices_before_the_first_request_repeats()
    {
        Scenario scenario = new RaceBuilder(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off })
            .Node(8)
            .Guest("g", 2)
            .Setup("g: vepc-touch 0", "g: vepc-touch 1")
            .Task("CPU0", "g", "vepc-remove-all")
            .Task("CPU1", "g", "vepc-remove-all")
            .Choice(ChoicePoint.EremoveFails, 2)
            .Property("sometimes errno(CPU0) == 16")
            .Property("sometimes errno(CPU1) == 16")
            .Build();
        HuntResult result = Hunt.Run(
            new HuntPlan
            {
                NewWorld = () => new RaceWorld(scenario),
                MaxSchedules = 200,
                Workers = 1,
                SelfCheckEvery = 1,
            },
            null,
            CancellationToken.None);
        Assert.Null(result.Found);
        SearchVerdict verdict = Verifier.Verify(
            () => new RaceWorld(scenario),
            new VerifyBounds { Schedules = 0 },
            1,
            1,
            null,
            null,
            CancellationToken.None);
        Assert.Equal(VerdictKind.Clean, verdict.Kind);
        Assert.Empty(verdict.MissedMarks);
    }

    [Fact]
    public void A_hang_behind_a_choice_before_the_first_request_replays()
    {
        ToyWorld world = new(1);
        world.Task(async task =>
        {
            task.Local = task.Choose(4) ? 1 : 0;
            do
            {
                await task.Get(world.Cells[0]);
            }
            while (task.Local == 1);

            task.At++;
        });
        world.Engine.SetBudget(4, 1);
        SearchResult result = new ExhaustiveSearch(world, new SearchBounds()).Search(null, CancellationToken.None);
        Assert.True(result.CycleStart >= 0);
        Replay replay = new(result.Counterexample, isStrict: true);
        world.Reset();
        replay.Begin(world.Engine, 0);
        world.Engine.Run(replay, 100);
        Assert.Equal(-1, replay.DivergedAt);
        Assert.Equal(result.Counterexample, world.Engine.Log.ToArray());
    }

    [Fact]
    public void Different_budgets_have_different_words()
    {
        ExploredEngine one = new();
        one.SetBudget(0, 1);
        one.SetBudget(1, 0);
        ExploredEngine other = new();
        other.SetBudget(0, 0);
        other.SetBudget(1, 31);
        Assert.NotEqual(one.BudgetWord, other.BudgetWord);
    }

    [Fact]
    public void What_a_task_reports_behind_the_last_step_of_a_cut_schedule_is_judged()
    {
        // A page is leaked: that is told in a report, after the request that the step handles.
        Scenario scenario = new RaceBuilder(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off })
            .Node(4)
            .Enclave("a", 1)
            .Setup("a: build 1")
            .Task("G", "a", "exit")
            .Choice(ChoicePoint.EremoveFails)
            .Build();
        RaceWorld world = new(scenario);
        ScheduleOutcome whole = world.Run(new Yes(), 0);
        Assert.Equal(Rules.PageConservation, whole.Finding?.Rule);
        ushort[] log = world.Engine.Log.ToArray();
        for (int length = 0; length <= log.Length; length++)
        {
            world.Reset();
            Replay replay = new(log.AsMemory(0, length), isStrict: true);
            replay.Begin(world.Engine, 0);
            ExploredEnd end = world.Engine.Run(replay, 1000);
            world.Judge(end);
            Assert.Equal(world.Oracle.ViolationCount > 0, world.IsBroken);
        }
    }

    /// <summary>In turn, and whatever can fail does.</summary>
    private sealed class Yes : IStrategy
    {
        private readonly RoundRobin _inner = new();

        public void Begin(Execution execution, ulong seed) => _inner.Begin(execution, seed);

        public int Next(Execution execution) => _inner.Next(execution);

        public bool Choose(Execution execution, int task, int point) => true;
    }
}
