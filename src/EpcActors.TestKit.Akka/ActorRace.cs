using System.Globalization;
using EpcActors.Exploration;
using global::Akka.Configuration;

namespace EpcActors.TestKit.Akka;

/// <summary>No schedule that was looked at breaks a rule.</summary>
/// <param name="Bound">What was looked at, in words.</param>
/// <param name="IsComplete">Every schedule was.</param>
/// <param name="Schedules">Schedules run.</param>
public sealed record CleanActorRace(string Bound, bool IsComplete, long Schedules);

/// <summary>
/// A test of a race: options of the search, then <see cref="Check"/> (no schedule breaks a rule) or
/// <see cref="Expect"/> (one does). Nothing in it changes: each option makes another one.
/// </summary>
public sealed class ActorRace
{
    private const int SelfChecks = 2;

    private readonly string _name;
    private readonly Action<Race> _setUp;
    private readonly Options _options;

    internal ActorRace(string name, Action<Race> setUp, Config config)
        : this(name, setUp, new Options { Config = config })
    {
    }

    private ActorRace(string name, Action<Race> setUp, Options options)
    {
        _name = name;
        _setUp = setUp;
        _options = options;
    }

    /// <summary>Seed of the random schedules: the same seed, the same schedules.</summary>
    public ActorRace Seed(ulong seed) => With(_options with { Seed = seed });

    /// <summary>How many random schedules.</summary>
    public ActorRace Schedules(int count) => With(_options with { Random = count });

    /// <summary>Strategies of the random schedules, in turn: <c>random</c>, <c>pct3</c>, <c>delay2</c>.</summary>
    /// <exception cref="ActorRaceException">There is no such strategy.</exception>
    public ActorRace Strategy(params string[] names)
    {
        foreach (string name in names)
        {
            if (StrategyNames.Create(name) is null)
            {
                throw new ActorRaceException(
                    $"'{name}' is not a valid strategy; there are {string.Join(", ", StrategyNames.All)}");
            }
        }

        return With(_options with { Strategies = names });
    }

    /// <summary>How many schedules of the search of all; 0 for none of it.</summary>
    /// <param name="most">If there are more, the test says that not every schedule was looked at.</param>
    public ActorRace Exhaustive(int most) => With(_options with { Exhaustive = most });

    /// <summary>
    /// Whether orders of steps that commute are left out. Not where actors share memory: two of their handlers may look
    /// independent and are not.
    /// </summary>
    public ActorRace Reduces(bool reduces) => With(_options with { Reduces = reduces });

    /// <summary>Most steps of a schedule.</summary>
    public ActorRace MaxSteps(int steps) => With(_options with { MaxSteps = steps });

    /// <summary>An actor system of its own for each schedule: slower, and nothing outlives a schedule.</summary>
    public ActorRace FreshSystems() => With(_options with { IsFresh = true });

    /// <summary>Folder of the schedule of an unexpected race; null: none is written.</summary>
    public ActorRace SchedulesTo(string? folder) => With(_options with { Folder = folder });

    /// <summary>Asserts that no schedule breaks a rule.</summary>
    /// <exception cref="ActorRaceFoundException">One does; the message shows it.</exception>
    /// <exception cref="ActorRaceException">The race cannot be set up, or is not decided by its schedule.</exception>
    public CleanActorRace Check()
    {
        using RaceRunner runner = NewRunner();
        (FoundSchedule? found, CleanActorRace clean) = Search(runner);
        if (found is null)
        {
            return clean;
        }

        FoundActorRace race = Shrink(runner, found);
        string? file = race.WriteTo(_options.Folder);
        throw new ActorRaceFoundException(race, race.Report(file), race.Finding.Cause);
    }

    /// <summary>Asserts that a schedule breaks a rule.</summary>
    /// <param name="rule">Name of the rule; null for any.</param>
    /// <returns>The schedule, short.</returns>
    /// <exception cref="ActorRaceException">None does.</exception>
    public FoundActorRace Expect(string? rule = null)
    {
        using RaceRunner runner = NewRunner();
        (FoundSchedule? found, CleanActorRace clean) = Search(runner, rule);
        return found is not null
            ? Shrink(runner, found)
            : throw new ActorRaceException($"{_name}: no schedule breaks {rule ?? "a rule"}: {clean.Bound}");
    }

    /// <summary>A schedule of this race.</summary>
    /// <param name="schedule">Its text, or the path of its file, from the current folder or that of the test
    /// assembly.</param>
    public PinnedActorRace Pinned(string schedule) => new(this, ActorSchedule.Read(schedule));

    internal ScheduleRun Replay(ActorSchedule schedule, bool isStrict, out string? divergence)
    {
        using RaceRunner runner = NewRunner();
        NamedActorReplay replay = new(schedule, isStrict);
        ScheduleRun run = runner.Run(replay, 0, isShown: true);
        divergence = replay.Divergence;
        return run;
    }

    internal FoundActorRace Told(ScheduleRun run, ActorSchedule schedule) => new(_name, run, schedule);

    private ActorRace With(Options options) => new(_name, _setUp, options);

    private RaceRunner NewRunner() => new(_setUp, _options.Config, _options.MaxSteps, _options.IsFresh);

    /// <summary>A few random schedules, then all in order, then random ones for the rest.</summary>
    private (FoundSchedule? Found, CleanActorRace Clean) Search(RaceRunner runner, string? rule = null)
    {
        IStrategy[] strategies = [.. _options.Strategies.Select(name => StrategyNames.Create(name)!)];
        long schedules = 0;
        long unfinished = 0;
        int first = Math.Min(_options.Random, 20);
        if (Random(0, first) is { } early)
        {
            return (early, Clean("", false));
        }

        StatelessSearch search = new(_options.Reduces && !runner.HasAlwaysChecks);
        bool isComplete = false;
        for (int i = 0; i < _options.Exhaustive && !isComplete; i++)
        {
            if (One(search, 0) is { } found)
            {
                return (found, Clean("", false));
            }

            isComplete = !search.Advance(runner.World);
        }

        isComplete &= unfinished == 0;
        if (Random(first, _options.Random) is { } late)
        {
            return (late, Clean("", false));
        }

        string all = Number(search.Schedules);
        string text = isComplete ? $"every schedule ({all})" : $"{all} schedules in order, of more";
        return (null, Clean(
            $"{text}, and {Number(_options.Random)} random ones"
                + (unfinished > 0 ? $"; {Number(unfinished)} did not end within {_options.MaxSteps} steps" : ""),
            isComplete));

        CleanActorRace Clean(string bound, bool complete) => new(bound, complete, schedules);

        FoundSchedule? Random(int from, int to)
        {
            FoundSchedule? found = null;
            for (int i = from; i < to && found is null; i++)
            {
                ulong seed = (_options.Seed * 0x9E3779B97F4A7C15) ^ ((ulong)(i + 1) * 0xD1B54A32D192ED03);
                found = One(strategies[i % strategies.Length], seed);
            }

            return found;
        }

        FoundSchedule? One(IStrategy strategy, ulong seed)
        {
            ScheduleRun run = runner.Run(strategy, seed);
            schedules++;
            unfinished += run.End == ExploredEnd.StepLimit ? 1 : 0;
            runner.World.ExpectedSteps = Math.Max(runner.World.ExpectedSteps, runner.World.Steps);
            return run.Finding is { } finding && (rule is null || rule == finding.Rule)
                ? new FoundSchedule(
                    strategy.ToString()!, schedules, runner.World.Log.ToArray(), finding, run.Trace)
                : null;
        }
    }

    private FoundActorRace Shrink(RaceRunner runner, FoundSchedule found)
    {
        Same(runner, found.Decisions, found.Trace);
        ShrunkDecisions<ActorFinding> shrunk = new DecisionShrinker<ActorFinding>(
            () => runner.World, Attempt, found.Decisions, found.Finding, -1, _options.ShrinkRuns)
            .Shrink(CancellationToken.None);
        ScheduleRun run = runner.Run(new Replay(shrunk.Decisions, isStrict: true), 0, isShown: true);
        if (run.Finding is null)
        {
            throw Undecided("the same decisions broke a rule, and then broke none");
        }

        for (int i = 1; i < SelfChecks; i++)
        {
            Same(runner, shrunk.Decisions, run.Trace);
        }

        string provenance =
            $"{found.Strategy}{(found.Strategy == "exhaustive" ? "" : $", seed {Number((long)_options.Seed)}")}, "
            + $"after {Counted(found.Number, "schedule")}; "
            + $"shrunk from {Counted(Decision.StepsOf(found.Decisions), "step")} to {shrunk.Steps}, "
            + Counted(shrunk.Switches, "switch", "switches");
        return Told(run, new ActorSchedule
        {
            Race = _name,
            Rule = shrunk.Finding.Rule,
            Found = provenance,
            Lines = run.Lines,
        });

        (ActorFinding?, int) Attempt(Replay replay)
        {
            ActorFinding? finding = runner.Run(replay, 0).Finding;
            return (finding?.Rule == found.Finding.Rule ? finding : null, -1);
        }
    }

    /// <summary>The same decisions must lead to the same steps, or no result means anything.</summary>
    private void Same(RaceRunner runner, ushort[] decisions, string trace)
    {
        string again = runner.Run(new Replay(decisions, isStrict: true), 0).Trace;
        if (again != trace)
        {
            string[] first = trace.Split('\n');
            string[] second = again.Split('\n');
            int at = first.Zip(second).TakeWhile(pair => pair.First == pair.Second).Count();
            throw Undecided(
                $"the same decisions led to other steps, from step {at + 1} on: "
                    + $"'{first.ElementAtOrDefault(at)}', then '{second.ElementAtOrDefault(at)}'");
        }
    }

    private ActorNondeterminismException Undecided(string what) => new(
        $"{_name}: {what}. Something that the actors do is not decided by the schedule: static state, the clock (take "
            + "Race.Clock), random numbers (take Race.Random), a thread, or what an earlier schedule left (try "
            + ".FreshSystems())");

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Counted(long number, string one, string? many = null) =>
        $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    private sealed record FoundSchedule(
        string Strategy, long Number, ushort[] Decisions, ActorFinding Finding, string Trace);

    private sealed record Options
    {
        public Config Config { get; init; } = Config.Empty;

        public ulong Seed { get; init; } = 1;

        public int Random { get; init; } = 100;

        public int Exhaustive { get; init; } = 2000;

        public bool Reduces { get; init; } = true;

        public int MaxSteps { get; init; } = 500;

        public int ShrinkRuns { get; init; } = 400;

        public bool IsFresh { get; init; }

        public string? Folder { get; init; } = Path.Combine(AppContext.BaseDirectory, "schedules", "found");

        public IReadOnlyList<string> Strategies { get; init; } = StrategyNames.Portfolio;
    }
}
