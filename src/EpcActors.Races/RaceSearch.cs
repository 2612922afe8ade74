using System.Globalization;
using EpcActors.Engine;
using EpcActors.Engine.Live;
using EpcActors.Exploration;
using EpcActors.Results;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>
/// Result of a search of one variant of a race: a verdict, and with a failing schedule all that is needed to read and
/// repeat it.
/// </summary>
/// <param name="Race">The race and variant.</param>
/// <param name="Verdict">Verdict of the search.</param>
/// <param name="Shrunk">The failing schedule, short; null for none.</param>
/// <param name="Schedule">The same as text; null for none.</param>
/// <param name="Hunt">The random part in detail; null when there was none.</param>
public sealed record RaceFinding(
    RaceDefinition Race,
    SearchVerdict Verdict,
    ShrunkSchedule? Shrunk,
    Schedule? Schedule,
    HuntResult? Hunt);

/// <summary>Options of the search of a race.</summary>
public sealed record RaceSearchOptions
{
    /// <summary>Strategies by name; empty for the portfolio. <c>exhaustive</c> looks at every schedule.</summary>
    public IReadOnlyList<string> Strategies { get; init; } = [];

    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// True: a schedule is sought by chance first; false: all schedules are looked at in order first; null: by chance
    /// for the variant that has the race.
    /// </summary>
    public bool? ExpectsRace { get; init; }

    /// <summary>
    /// Only this rule counts; null for the race's own where it is expected, and for any where it is not.
    /// </summary>
    public string? Target { get; init; }

    /// <summary>Most random schedules; null for what the race file says.</summary>
    public long? MaxSchedules { get; init; }

    /// <summary>Longest time; null for no limit.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Threads; 0 for one per core.</summary>
    public int Workers { get; init; }

    /// <summary>Most schedules tried while shrinking; 0 to leave what is found as it is.</summary>
    public int ShrinkRuns { get; init; } = 4000;

    /// <summary>Point at which an earlier search stopped.</summary>
    public HuntProgress? Resume { get; init; }

    /// <summary>Keeps an exhaustive search that does not come to its end; null for none.</summary>
    public IKeptStates? KeptStates { get; init; }

    /// <summary>
    /// Loads the race with settings on top of those that it has, to make it smaller; null to leave its topology as it
    /// is.
    /// </summary>
    public Func<IReadOnlyList<KeyValuePair<string, string>>, RaceDefinition>? Reload { get; init; }

    /// <summary>Settings on top of the file, kept in the schedule.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Text of the race file, kept in the schedule.</summary>
    public string Text { get; init; } = "";
}

/// <summary>Finds, shrinks and names; the one way from a race file to a schedule.</summary>
public static class RaceSearch
{
    /// <summary>Searches one variant.</summary>
    /// <param name="race">The race, loaded with its variant.</param>
    /// <param name="options">Options of the search.</param>
    /// <param name="progress">Receives messages about the progress; may be null.</param>
    /// <param name="cancellation">Ends it with what there is.</param>
    public static RaceFinding Find(
        RaceDefinition race,
        RaceSearchOptions options,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(race);
        ArgumentNullException.ThrowIfNull(options);
        bool isExpected = IsExpected(race, options);
        string? target = TargetOf(race, options);
        HuntResult? hunt = null;
        SearchVerdict verdict;
        bool isExhaustive = options.Strategies.Contains("exhaustive");
        bool isRandom = options.Strategies.Count > 0 && !isExhaustive;
        if ((isExpected && !isExhaustive) || isRandom)
        {
            (verdict, hunt) = HuntFor(race, options, target, progress, cancellation);
            if (verdict.Found is null && !isRandom && !hunt.IsCancelled && options.MaxTime is null)
            {
                // Search in order for what random schedules did not find.
                verdict = Verifier.Verify(
                    () => new RaceWorld(race.Scenario),
                    Bounds(race, options) with
                    {
                        Schedules = 0,
                    },
                    options.Seed,
                    options.Workers,
                    target,
                    progress,
                    cancellation);
            }
        }
        else
        {
            verdict = Verifier.Verify(
                () => new RaceWorld(race.Scenario),
                Bounds(race, options),
                options.Seed,
                options.Workers,
                target,
                progress,
                cancellation);
        }

        return verdict.Found is null
            ? new RaceFinding(race, verdict, null, null, hunt)
            : Shrink(new RaceFinding(race, verdict, null, null, hunt), verdict.Found, options, cancellation);
    }

    /// <summary>The finding with its schedule made short, and its topology small where the race allows it.</summary>
    private static RaceFinding Shrink(
        RaceFinding finding, FoundSchedule found, RaceSearchOptions options, CancellationToken cancellation)
    {
        RaceDefinition race = finding.Race;
        RaceWorld world = new(race.Scenario);
        ShrunkSchedule shrunk = Shrinker.Shrink(world, found, options.ShrinkRuns, cancellation);
        if (race.ShrinksTopology && options is { Reload: { } reload, ShrinkRuns: > 0 })
        {
            SmallerTopology smaller = new TopologyShrinker(
                settings => reload(settings).Scenario,
                scenario => new RaceWorld(scenario),
                options.Seed
            ).Shrink(race.Scenario, shrunk, cancellation);
            if (smaller.Settings.Count > 0)
            {
                race = reload(smaller.Settings);
                shrunk = smaller.Shrunk;
                world = new RaceWorld(race.Scenario);
                options = options with
                {
                    Settings = [.. options.Settings, .. smaller.Settings.Select(one => $"{one.Key}={one.Value}")],
                };
            }
        }

        return finding with
        {
            Race = race,
            Shrunk = shrunk,
            Schedule = ToSchedule(race, world, found, shrunk, options),
        };
    }

    /// <summary>The one rule that a search looks for; null when it looks for all.</summary>
    public static string? TargetOf(RaceDefinition race, RaceSearchOptions options)
    {
        ArgumentNullException.ThrowIfNull(race);
        ArgumentNullException.ThrowIfNull(options);
        return options.Target ?? (IsExpected(race, options) && race.Rule.Length > 0 ? race.Rule : null);
    }

    /// <summary>Runs a schedule with everything written down.</summary>
    /// <param name="race">The race and variant to run it on.</param>
    /// <param name="schedule">The schedule.</param>
    /// <param name="isStrict">Ends where it does not fit; else what does not fit is left out.</param>
    /// <param name="replayCommand">For the report.</param>
    /// <param name="newEngine">Makes a live engine whose actors the schedule conducts; null: it runs on the thread of
    /// the caller. Called once or twice.</param>
    public static (RaceTrace Trace, ScheduleOutcome Outcome, NamedReplay Replay) Trace(
        RaceDefinition race, Schedule schedule, bool isStrict, string replayCommand, Func<LiveEngine>? newEngine = null)
    {
        ArgumentNullException.ThrowIfNull(race);
        ArgumentNullException.ThrowIfNull(schedule);
        string? target = isStrict && schedule.Rule.Length > 0 ? schedule.Rule : null;
        (RaceTrace trace, ScheduleOutcome outcome, NamedReplay replay) = TraceFor(target);

        // Not the rule that the file names. That is not a pass yet: another one may be broken.
        return target is not null && outcome.Finding is null && replay.Divergence is null
            ? TraceFor(null)
            : (trace, outcome, replay);

        (RaceTrace, ScheduleOutcome, NamedReplay) TraceFor(string? target)
        {
            RaceWorld world = new(race.Scenario, newEngine is null ? null : world => Conductor.Host(world, newEngine()))
            {
                Target = target,
            };
            using IStepHost? host = world.Engine.Host;
            NamedReplay replay = new(world, schedule, isStrict);
            (RaceTrace trace, ScheduleOutcome outcome) = TraceRecorder.Record(
                world,
                replay,
                Header(race, schedule.Found, replayCommand),
                DecisionOf(schedule));
            return (trace, outcome, replay);
        }
    }

    /// <summary>Header of a trace of a race.</summary>
    public static RaceTrace Header(RaceDefinition race, string provenance, string replayCommand)
    {
        ArgumentNullException.ThrowIfNull(race);
        return new RaceTrace
        {
            Id = race.Id,
            Title = race.Title,
            Source = race.Source,
            Symptom = race.Symptom,
            Fix = race.Fix,
            Variant = race.Variant,
            Kernel = race.Kernel,
            Provenance = provenance,
            ReplayCommand = replayCommand,
            Tasks = [],
            Resources = [],
            Quantities = race.Show.Count > 0 ? race.Show : ["counter", "free-pages"],
            Steps = [],
        };
    }

    private static bool IsExpected(RaceDefinition race, RaceSearchOptions options) =>
        options.ExpectsRace ?? Catalogue.IsBuggy(race.Variant);

    private static (SearchVerdict Verdict, HuntResult Hunt) HuntFor(
        RaceDefinition race,
        RaceSearchOptions options,
        string? target,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        HuntResult hunt = Hunt.Run(
            new HuntPlan
            {
                NewWorld = () => new RaceWorld(race.Scenario),
                Strategies = options.Strategies.Count > 0 ? options.Strategies : StrategyNames.Portfolio,
                Seed = options.Seed,
                MaxSchedules = options.MaxSchedules ?? race.Bound.Schedules,
                MaxTime = options.MaxTime,
                Workers = options.Workers,
                Target = target,
                Resume = options.Resume,
            },
            progress is null
                ? null
                : one => progress($"{Count(one.Schedules)} schedules, {Count(one.States)} states seen"),
            cancellation);
        bool isOver = hunt.Progress.Schedules >= (options.MaxSchedules ?? race.Bound.Schedules);
        SearchVerdict verdict = new()
        {
            Kind =
                hunt.Found is not null ? VerdictKind.Found
                : hunt.IsCancelled || !isOver || hunt.Unfinished > 0 ? VerdictKind.Inconclusive
                : VerdictKind.Clean,
            Bound = $"{Count(hunt.Progress.Schedules)} random schedules",
            Found = hunt.Found,
            Schedules = hunt.Progress.Schedules,
            Steps = hunt.Progress.Steps,
            MissedMarks = [.. hunt.Marks.Where(mark => !mark.WasHit).Select(mark => mark.Text)],
        };
        return (verdict, hunt);
    }

    private static VerifyBounds Bounds(RaceDefinition race, RaceSearchOptions options) => new()
    {
        IsExhaustive = race.Bound.IsExhaustive || options.Strategies.Contains("exhaustive"),
        States = race.Bound.States,
        Preemptions = race.Bound.Preemptions,
        Schedules = options.MaxSchedules ?? race.Bound.Schedules,
        MaxTime = options.MaxTime,
        KeptStates = options.KeptStates,
    };

    private static Schedule ToSchedule(
        RaceDefinition race,
        RaceWorld world,
        FoundSchedule found,
        ShrunkSchedule shrunk,
        RaceSearchOptions options)
    {
        IReadOnlyList<ScheduleStep> steps = Schedule.Name(world, shrunk.Decisions);
        string seed = found.Strategy == "exhaustive"
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", seed {options.Seed}");
        return new Schedule
        {
            Race = race.Id,
            Variant = race.Variant,
            Rule = shrunk.Finding.Rule,
            Found =
                $"{found.Strategy}{seed}, "
                + $"after {Count(found.Number + 1)} {(found.Number == 0 ? "schedule" : "schedules")}; "
                + $"shrunk from {Counted.Of(Decision.StepsOf(found.Decisions), "step")} to {shrunk.Steps}, "
                + $"{Counted.Of(shrunk.Switches, "switch")}",
            Settings = options.Settings,
            Steps = steps,
            CycleStart = shrunk.CycleStart,
            Scenario = options.Text,
        };
    }

    /// <summary>Names and decisions go one to one.</summary>
    private static int DecisionOf(Schedule schedule) => schedule.CycleStart;

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
