using EpcActors.Engine;
using EpcActors.Exploration;

namespace EpcActors.Tests.Exploring;

/// <summary>Searches on worlds so small that the right answer is known.</summary>
public sealed class SearchTests
{
    private static readonly SearchBounds Plain = new() { FindsHangs = false, Reduces = false, StopsAtFirst = false };

    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    public void A_search_without_reduction_meets_every_state_once(int tasks, int steps)
    {
        ToyWorld world = new(1);
        for (int i = 0; i < tasks; i++)
        {
            world.Task(Adding(world, 0, steps));
        }

        SearchResult result = new ExhaustiveSearch(world, Plain).Search(null, CancellationToken.None);
        Assert.True(result.IsComplete);

        // Each task is before one of its steps or at its end; the state in which all have ended is not a node of the
        // search.
        Assert.Equal((int)Math.Pow(steps + 1, tasks) - 1, result.States);
        Assert.Single(world.Ends);
    }

    [Fact]
    public void Steps_that_commute_are_taken_in_one_order_only()
    {
        static ToyWorld World()
        {
            ToyWorld world = new(3);
            for (int i = 0; i < 3; i++)
            {
                world.Task(Adding(world, i, 4));
            }

            return world;
        }

        SearchResult all = new ExhaustiveSearch(World(), Plain).Search(null, CancellationToken.None);
        SearchResult reduced = new ExhaustiveSearch(World(), Plain with { Reduces = true }).Search(
            null,
            CancellationToken.None);
        Assert.Equal(all.States, reduced.States);

        // One order: every state but the first is entered by one edge.
        Assert.True(reduced.Edges <= reduced.States + 1, $"{reduced.Edges} edges for {reduced.States} states");
        Assert.True(all.Edges > 2 * reduced.Edges, $"{all.Edges} edges without, {reduced.Edges} with");
    }

    [Fact]
    public void Reduction_reaches_the_same_ends_on_random_programs()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            ToyWorld plain = Random(seed);
            ToyWorld reduced = Random(seed);
            SearchResult all = new ExhaustiveSearch(plain, Plain).Search(null, CancellationToken.None);
            SearchResult few = new ExhaustiveSearch(reduced, Plain with { Reduces = true }).Search(
                null,
                CancellationToken.None);
            Assert.True(all.IsComplete && few.IsComplete);
            Assert.Equal(plain.Ends.Order(), reduced.Ends.Order());
            Assert.Equal(all.States, few.States);
            Assert.Equal(
                plain.EndKinds.Contains(ExploredEnd.Deadlock),
                reduced.EndKinds.Contains(ExploredEnd.Deadlock));
        }
    }

    /// <summary>A step that ends the run leaves out no order: what could have come before it is another end.</summary>
    [Fact]
    public void Reduction_reaches_every_end_of_a_run_that_others_need_not_wait_for()
    {
        static ToyWorld World()
        {
            ToyWorld world = new(2);
            world.Task(Adding(world, 0, 2));
            world.Task(Adding(world, 1, 1), isOptional: true);
            return world;
        }

        ToyWorld plain = World();
        ToyWorld reduced = World();
        new ExhaustiveSearch(plain, Plain).Search(null, CancellationToken.None);
        new ExhaustiveSearch(reduced, Plain with { Reduces = true }).Search(null, CancellationToken.None);
        Assert.Equal(2, plain.Ends.Count);
        Assert.Equal(plain.Ends.Order(), reduced.Ends.Order());
    }

    [Fact]
    public void A_lost_update_is_found_and_its_atomic_form_is_clean()
    {
        Assert.NotNull(Search(LostUpdate(isAtomic: false), new SearchBounds()).Counterexample);
        SearchResult clean = Search(LostUpdate(isAtomic: true), new SearchBounds());
        Assert.True(clean.IsComplete);
        Assert.Null(clean.Counterexample);
    }

    [Fact]
    public void A_counterexample_replays()
    {
        ToyWorld world = LostUpdate(isAtomic: false);
        SearchResult result = Search(world, new SearchBounds());
        Replay replay = new(result.Counterexample, isStrict: true);
        world.Reset();
        replay.Begin(world.Engine, 0);
        ExploredEnd end = world.Engine.Run(replay, 1000);
        world.Judge(end);
        Assert.Equal(ExploredEnd.Finished, end);
        Assert.True(world.IsBroken);
        Assert.Equal(-1, replay.DivergedAt);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void A_bound_on_preemptions_is_kept(int preemptions, bool isFound)
    {
        SearchResult result = Search(LostUpdate(isAtomic: false), new SearchBounds { Preemptions = preemptions });
        Assert.True(result.IsComplete || isFound);
        Assert.Equal(isFound, result.Counterexample is not null);
    }

    [Fact]
    public void Two_locks_taken_in_both_orders_are_a_deadlock()
    {
        ToyWorld world = new(2);
        world.Task(Locking(world, 0, 1));
        world.Task(Locking(world, 1, 0));
        Assert.NotNull(Search(world, new SearchBounds()).Counterexample);
        ToyWorld ordered = new(2);
        ordered.Task(Locking(ordered, 0, 1));
        ordered.Task(Locking(ordered, 0, 1));
        SearchResult clean = Search(ordered, new SearchBounds());
        Assert.True(clean.IsComplete);
        Assert.Null(clean.Counterexample);
    }

    [Fact]
    public void Waiting_for_a_flag_that_another_task_sets_is_no_hang()
    {
        ToyWorld world = new(1);
        world.Task(Spinning(world));
        world.Task(async task =>
        {
            await task.Put(world.Cells[0], 1);
            task.At++;
        });
        SearchResult result = Search(world, new SearchBounds());
        Assert.True(result.IsComplete);
        Assert.Null(result.Counterexample);
    }

    [Fact]
    public void Waiting_for_a_flag_that_no_task_sets_is_a_hang_with_its_cycle()
    {
        ToyWorld world = new(2);
        world.Task(Adding(world, 1, 2));
        world.Task(Spinning(world));
        SearchResult result = Search(world, new SearchBounds());
        Assert.NotNull(result.Counterexample);
        Assert.True(result.CycleStart >= 0 && result.CycleStart < result.Counterexample.Length);

        // The part that repeats leads back to the state in which it begins.
        Assert.Equal(After(world, result.Counterexample[..result.CycleStart]), After(world, result.Counterexample));
    }

    [Fact]
    public void An_event_that_need_not_happen_ends_no_hang()
    {
        ToyWorld world = new(1);
        world.Task(Spinning(world));
        world.Task(
            async task =>
            {
                await task.Put(world.Cells[0], 1);
                task.At++;
            },
            isOptional: true);
        Assert.True(Search(world, new SearchBounds()).CycleStart >= 0);
    }

    [Fact]
    public void The_turn_of_each_finds_a_hang_by_the_state_that_comes_back()
    {
        ToyWorld world = new(2);
        world.Task(Adding(world, 1, 7));
        world.Task(Spinning(world));
        LassoWatch watch = new(world);
        world.Reset();
        watch.Begin(world.Engine, 0);
        Assert.Equal(ExploredEnd.Abandoned, world.Engine.Run(watch, 10_000));
        ushort[] log = world.Engine.Log.ToArray();
        Assert.True(watch.CycleStart >= 0);
        Assert.Equal(After(world, log[..watch.CycleStart]), After(world, log));
    }

    [Fact]
    public void Choices_are_tried_both_ways_and_no_more_often_than_their_budget()
    {
        int most = 0;
        bool wasNever = false;
        ToyWorld world = new(1, world =>
        {
            most = Math.Max(most, (int)world.Cells[0].Value);
            wasNever |= world.Cells[0].Value == 0;
            return false;
        });
        for (int i = 0; i < 2; i++)
        {
            world.Task(async task =>
            {
                for (int n = 0; n < 3; n++)
                {
                    await task.Get(world.Cells[0]);
                    if (task.Choose(4))
                    {
                        await task.Add(world.Cells[0], 1);
                    }

                    task.At++;
                }
            });
        }

        world.Engine.SetBudget(4, 2);
        SearchResult result = Search(world, Plain);
        Assert.True(result.IsComplete);
        Assert.Equal(2, most);
        Assert.True(wasNever);
    }

    [Theory]
    [InlineData("random")]
    [InlineData("sticky")]
    [InlineData("pct2")]
    [InlineData("pct3")]
    [InlineData("fair-pct3")]
    [InlineData("pos")]
    [InlineData("delay1")]
    [InlineData("delay2")]
    public void Every_strategy_finds_a_lost_update_and_its_runs_repeat(string name)
    {
        ToyWorld world = LostUpdate(isAtomic: false);
        IStrategy strategy = StrategyNames.Create(name)!;
        Assert.Equal(name, strategy.ToString());
        bool found = false;
        for (ulong seed = 0; seed < 300; seed++)
        {
            ushort[] first = Once(world, strategy, seed);
            found |= world.IsBroken;
            Assert.Equal(first, Once(world, strategy, seed));
        }

        Assert.True(found);
    }

    [Fact]
    public void A_strict_replay_stops_where_it_cannot_follow_and_a_lenient_one_goes_on()
    {
        ToyWorld world = LostUpdate(isAtomic: false);
        Replay strict = new(new ushort[] { 0, 0, 0, 0, 0, 1 }, isStrict: true);
        world.Reset();
        strict.Begin(world.Engine, 0);
        Assert.Equal(ExploredEnd.Abandoned, world.Engine.Run(strict, 100));
        Assert.Equal(2, strict.DivergedAt);

        Replay lenient = new(new ushort[] { 0, 0, 0, 0, 0, 1 }, isStrict: false, new DelayBounding(0));
        world.Reset();
        lenient.Begin(world.Engine, 0);
        Assert.Equal(ExploredEnd.Finished, world.Engine.Run(lenient, 100));
        Assert.Equal(3, lenient.Skipped);
        Assert.Equal([0, 0, 1, 1], world.Engine.Log.ToArray());
    }

    private static SearchResult Search(ToyWorld world, SearchBounds bounds) =>
        new ExhaustiveSearch(world, bounds).Search(null, CancellationToken.None);

    private static ulong After(ToyWorld world, ushort[] decisions)
    {
        Replay replay = new(decisions, isStrict: true);
        world.Reset();
        replay.Begin(world.Engine, 0);
        world.Engine.Run(replay, int.MaxValue);
        Assert.Equal(-1, replay.DivergedAt);
        return world.Fingerprint();
    }

    private static ushort[] Once(ToyWorld world, IStrategy strategy, ulong seed)
    {
        world.Reset();
        strategy.Begin(world.Engine, seed);
        world.Judge(world.Engine.Run(strategy, 1000));
        return world.Engine.Log.ToArray();
    }

    private static Func<ToyTask, Routine> Adding(ToyWorld world, int cell, int steps) => async task =>
    {
        for (int i = 0; i < steps; i++)
        {
            await task.Add(world.Cells[cell], 1);
            task.At++;
        }
    };

    private static Func<ToyTask, Routine> Locking(ToyWorld world, int first, int second) => async task =>
    {
        await task.Take(world.Cells[first]);
        task.At++;
        await task.Take(world.Cells[second]);
        task.At++;
        await task.Give(world.Cells[second]);
        task.At++;
        await task.Give(world.Cells[first]);
        task.At++;
    };

    private static Func<ToyTask, Routine> Spinning(ToyWorld world) => async task =>
    {
        while ((await task.Get(world.Cells[0])).Value == 0)
        {
        }

        task.At++;
    };

    private static ToyWorld LostUpdate(bool isAtomic)
    {
        ToyWorld world = new(1, world => world.Cells[0].Value != 2);
        for (int i = 0; i < 2; i++)
        {
            world.Task(async task =>
            {
                if (isAtomic)
                {
                    await task.Add(world.Cells[0], 1);
                }
                else
                {
                    task.Local = (await task.Get(world.Cells[0])).Value;
                    task.At++;
                    await task.Put(world.Cells[0], task.Local + 1);
                }

                task.At++;
            });
        }

        return world;
    }

    /// <summary>Two or three tasks of a few requests to two cells, locks among them.</summary>
    private static ToyWorld Random(int seed)
    {
        SplitMix random = new((ulong)seed + 77);
        ToyWorld world = new(3, breaksOnDeadlock: false);
        int tasks = 2 + random.Below(2);
        for (int i = 0; i < tasks; i++)
        {
            List<(int Kind, int Cell)> program = [];
            int steps = 2 + random.Below(4);
            for (int n = 0; n < steps; n++)
            {
                program.Add((random.Below(4), random.Below(3)));
            }

            world.Task(async task =>
            {
                foreach ((int kind, int cell) in program)
                {
                    switch (kind)
                    {
                        case 0:
                            task.Local = (task.Local * 5) + (await task.Get(world.Cells[cell])).Value;
                            break;
                        case 1:
                            await task.Put(world.Cells[cell], task.Local + task.Id.Index);
                            break;
                        case 2:
                            await task.Add(world.Cells[cell], 3 + task.Id.Index);
                            break;
                        default:
                            await task.Take(world.Cells[cell]);
                            task.At += 100;
                            await task.Add(world.Cells[(cell + 1) % 3], 1);
                            task.At += 100;
                            await task.Give(world.Cells[cell]);
                            break;
                    }

                    task.At++;
                }
            });
        }

        return world;
    }
}
