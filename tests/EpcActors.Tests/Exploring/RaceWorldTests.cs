using EpcActors.Engine;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Exploring;

/// <summary>Worlds of races: reset, fingerprints, the soundness of the reduction, hunts and shrinking.</summary>
public sealed class RaceWorldTests
{
    public static TheoryData<string> Worlds => ["counter", "reclaim", "faults", "cgroups", "guests", "types"];

    [Fact]
    public void The_lost_update_ends_at_the_six_steps_of_its_commit_message()
    {
        Scenario scenario = Counter(FreePageCounterMode.Racy, 2);
        HuntResult result = Hunt.Run(
            new HuntPlan { NewWorld = () => new RaceWorld(scenario), MaxSchedules = 1000 },
            null,
            CancellationToken.None);
        Assert.NotNull(result.Found);
        RaceWorld world = new(scenario);
        ShrunkSchedule shrunk = Shrinker.Shrink(world, result.Found, 5000, CancellationToken.None);
        Assert.Equal(Rules.FreePageCounter, shrunk.Finding.Rule);
        Assert.Equal((6, 2), (shrunk.Steps, shrunk.Switches));
        ScheduleStep[] steps = [.. Schedule.Name(world, shrunk.Decisions)];
        Assert.Equal(
            ["TakePage", "LoadPages", "TakePage", "LoadPages", "StorePages", "StorePages"],
            steps.Select(step => step.Message));
        Assert.Equal(steps[0].Task, steps[^1].Task);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_shrunk_schedule_of_any_find_breaks_the_same_rule_when_it_is_replayed(int operations)
    {
        Scenario scenario = Counter(FreePageCounterMode.Racy, operations);
        RaceWorld world = new(scenario);
        for (ulong seed = 1; seed <= 20; seed++)
        {
            HuntResult result = Hunt.Run(
                new HuntPlan
                {
                    NewWorld = () => new RaceWorld(scenario),
                    MaxSchedules = 1000,
                    Workers = 1,
                    Seed = seed,
                },
                null,
                CancellationToken.None);
            ShrunkSchedule shrunk = Shrinker.Shrink(world, result.Found!, 2000, CancellationToken.None);
            Assert.True(shrunk.Steps <= Decision.StepsOf(result.Found!.Decisions));
            ScheduleOutcome again = world.Run(new Replay(shrunk.Decisions, isStrict: true), 0);
            Assert.Equal(shrunk.Finding, again.Finding);
            Assert.Equal(6, shrunk.Steps);
        }
    }

    [Fact]
    public void The_number_of_threads_changes_nothing_about_what_is_found()
    {
        Scenario scenario = Counter(FreePageCounterMode.Racy, 1);
        FoundSchedule?[] found =
        [
            .. new[] { 1, 2, 3 }.Select(workers =>
                Hunt.Run(
                    new HuntPlan
                    {
                        NewWorld = () => new RaceWorld(scenario),
                        Workers = workers,
                        Strategies = ["sticky"],
                        Seed = 3,
                    },
                    null,
                    CancellationToken.None
                ).Found),
        ];
        Assert.All(found, one => Assert.Equal((found[0]!.Number, found[0]!.Seed), (one!.Number, one.Seed)));
        Assert.All(found, one => Assert.Equal(found[0]!.Decisions, one!.Decisions));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_atomic_counter_is_clean_in_every_schedule(int operations)
    {
        SearchResult result = Search(
            new RaceWorld(Counter(FreePageCounterMode.Atomic, operations)),
            new SearchBounds());
        Assert.True(result.IsComplete);
        Assert.Null(result.Counterexample);
        Assert.True(result.States > 20);
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_reset_brings_everything_back(string name)
    {
        RaceWorld world = new(World(name));
        world.Reset();
        ulong state = world.Fingerprint();
        RandomWalk walk = new();
        for (ulong seed = 0; seed < 50; seed++)
        {
            ScheduleOutcome first = world.Run(walk, seed);
            ushort[] log = world.Engine.Log.ToArray();
            ulong end = world.Fingerprint();
            ScheduleOutcome second = world.Run(walk, seed);
            Assert.Equal(log, world.Engine.Log.ToArray());
            Assert.Equal(end, world.Fingerprint());
            Assert.Equal(first.Finding, second.Finding);
            Assert.Null(first.Finding);
            world.Reset();
            Assert.Equal(state, world.Fingerprint());
        }
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_fingerprint_taken_at_every_step_equals_one_taken_at_the_end(string name)
    {
        RaceWorld world = new(World(name));
        for (ulong seed = 0; seed < 20; seed++)
        {
            Stepwise stepwise = new(world);
            world.Run(stepwise, seed);
            ulong often = world.Fingerprint();
            Assert.Equal(world.Engine.Steps, stepwise.Seen);
            world.Run(new RandomWalk(), seed);
            Assert.Equal(often, world.Fingerprint());
        }
    }

    /// <summary>
    /// Basis of the partial-order reduction: requests to different resources commute, unless they say that they do not.
    /// </summary>
    [Theory]
    [MemberData(nameof(Worlds))]
    public void Requests_to_different_resources_commute(string name)
    {
        RaceWorld world = new(World(name));
        SplitMix random = new(99);
        int compared = 0;
        for (ulong seed = 0; seed < 400; seed++)
        {
            world.Run(new RandomWalk(), seed);
            ushort[] log = world.Engine.Log.ToArray();
            ushort[] prefix = log[..random.Below(log.Length)];
            Play(world, prefix);
            int[] enabled = world.Engine.Enabled.ToArray();
            for (int i = 0; i < enabled.Length; i++)
            {
                for (int j = i + 1; j < enabled.Length; j++)
                {
                    Play(world, prefix);
                    (int a, int b) = (enabled[i], enabled[j]);
                    ActorId target = world.Engine.PendingTarget(a);
                    if (
                        target == world.Engine.PendingTarget(b)
                        || target.IsNone
                        || world.Engine.PendingTarget(b).IsNone
                        || world.TouchesOthers(world.Engine.PendingCode(a))
                        || world.TouchesOthers(world.Engine.PendingCode(b)))
                    {
                        continue;
                    }

                    ulong one = Play(world, [.. prefix, (ushort)a, (ushort)b]);
                    ulong other = Play(world, [.. prefix, (ushort)b, (ushort)a]);
                    IEnumerable<string> steps =
                        Schedule.Name(world, prefix).Select(step => $"{step.Task}:{step.Message}");
                    Assert.True(
                        one == other,
                        $"{name}: after {string.Join(' ', steps)}, {a} and {b} do not commute");
                    compared++;
                }
            }
        }

        Assert.True(compared > 20, $"{compared} pairs");
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void A_search_with_reduction_meets_the_same_states_as_one_without(string name)
    {
        SearchBounds bounds = new() { FindsHangs = false, MaxStates = 4000, StopsAtFirst = false };
        SearchResult all = Search(new RaceWorld(World(name)), bounds with { Reduces = false });
        SearchResult few = Search(new RaceWorld(World(name)), bounds);
        Assert.Equal(all.IsComplete, few.IsComplete);
        if (all.IsComplete)
        {
            Assert.Equal(all.States, few.States);
            Assert.True(few.Edges <= all.Edges);
        }
    }

    [Theory]
    [InlineData("read 0..1 forever", Rules.Liveness)]
    [InlineData("read 0 forever", null)]
    public void A_load_without_end_is_a_hang_only_for_those_who_wait(string load, string? rule)
    {
        Scenario scenario = new RaceBuilder(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off })
            .Node(4, 2)
            .Enclave("a", 2)
            .Setup("a: build 2", "a: read 0..1")
            .Task("L", "a", load)
            .Task("T", "", "allocate")
            .Build();
        RoundRobin turns = new();
        ScheduleOutcome outcome = new RaceWorld(scenario).Run(turns, 0);
        Assert.Equal(rule, outcome.Finding?.Rule);
        Assert.Equal(rule is null, outcome.End is ExploredEnd.TasksEnded or ExploredEnd.Finished);
    }

    [Fact]
    public void What_must_hold_always_holds_behind_the_last_step_too()
    {
        // The errno of the only operation is there when the task has ended, and there is no step any more.
        Scenario scenario = new RaceBuilder()
            .Cgroup("/a", 0)
            .Task("T", "/a", "allocate")
            .Property("always errno(T) == 0")
            .Build();
        RaceWorld world = new(scenario);
        Assert.Equal("property: always errno(T) == 0", world.Run(new RoundRobin(), 0).Finding?.Rule);
    }

    [Fact]
    public void A_setup_that_is_refused_is_told()
    {
        RaceSetupException wrong = Assert.Throws<RaceSetupException>(() =>
            new RaceWorld(
                new RaceBuilder()
                    .Node(64)
                    .Enclave("a", 4)
                    .Setup("a: build 2", "a: add 3")
                    .Task("CPU0", "a", "read 0")
                    .Build()));
        Assert.Contains("a: add 3", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_scenario_can_be_explored_and_repeats()
    {
        ScenarioWorld world = new(new RaceBuilder().Node(64).Enclave("a", 4).Build() with { Race = null }, 1000);
        ScheduleOutcome first = world.Run(new RandomWalk(), 5);
        ulong hash = world.Fingerprint();
        Assert.Null(first.Finding);
        Assert.Equal(first.Steps, world.Run(new RandomWalk(), 5).Steps);
        Assert.Equal(hash, world.Fingerprint());
    }

    private static SearchResult Search(RaceWorld world, SearchBounds bounds) =>
        new ExhaustiveSearch(world, bounds).Search(null, CancellationToken.None);

    private static ulong Play(RaceWorld world, ushort[] decisions)
    {
        Replay replay = new(decisions, isStrict: true);
        world.Reset();
        replay.Begin(world.Engine, 0);
        world.Engine.Run(replay, int.MaxValue);
        Assert.Equal(-1, replay.DivergedAt);
        return world.Fingerprint();
    }

    private static Scenario Counter(FreePageCounterMode mode, int operations)
    {
        RaceBuilder builder = new(new KernelSwitches { FreePageCounter = mode, EpcCgroup = EpcCgroupMode.Off });
        string[] program = [.. Enumerable.Range(0, operations).Select(i => i % 2 == 0 ? "allocate" : "free")];
        return builder.Node(8).Node(8).Task("CPU0", "", 0, program).Task("CPU1", "", 1, program).Build();
    }

    private static Scenario World(string name)
    {
        RaceBuilder builder = new(new KernelSwitches { RemovalMarked = Fix.Present, EaugRaceTolerated = Fix.Present });
        return name switch
        {
            "counter" => Counter(FreePageCounterMode.Atomic, 3),
            "reclaim" => builder
                .Node(16)
                .Enclave("a", 4)
                .Setup("a: build 3")
                .Task("CPU0", "a", "write 0")
                .Task("CPU1", "", "reclaim")
                .Build(),
            "faults" => builder
                .Node(16)
                .Enclave("a", 8)
                .Setup("a: build 2")
                .Task("CPU0", "a", "write 2")
                .Task("CPU1", "a", "write 2")
                .Task("CPU2", "a", "write 3")
                .Build(),
            "cgroups" => builder
                .Node(16)
                .Cgroup("/p", 64)
                .Cgroup("/p/a", 32)
                .Enclave("a", 4, "/p/a")
                .Enclave("b", 4, "/p")
                .Setup("a: build 2", "b: build 2")
                .Task("CPU0", "a", "write 2")
                .Task("CPU1", "b", "write 2")
                .Task("admin", "", "set-max /p 40 pages")
                .Build(),
            "types" => builder
                .Node(16)
                .Enclave("a", 4)
                .Setup("a: build 2", "CPU0: read 1")
                .Task("CPU0", "a", "write 1", "write 1")
                .Task("CPU1", "a", "change-type 1")
                .Task("CPU2", "a", "accept 1")
                .Build(),
            _ => builder
                .Node(16)
                .Guest("vm", 4)
                .Enclave("a", 4)
                .Setup("a: build 1")
                .Task("vcpu", "vm", "vepc-touch 0")
                .Task("CPU0", "a", "write 1")
                .Build(),
        };
    }

    private sealed class Stepwise(RaceWorld world) : IStrategy
    {
        private readonly RandomWalk _inner = new();

        public int Seen { get; private set; }

        public void Begin(Execution execution, ulong seed) => _inner.Begin(execution, seed);

        public int Next(Execution execution)
        {
            world.Fingerprint();
            Seen++;
            return _inner.Next(execution);
        }

        public bool Choose(Execution execution, int task, int point) => false;
    }
}
