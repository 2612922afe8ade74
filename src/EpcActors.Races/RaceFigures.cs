using System.Text.Json;
using System.Text.Json.Serialization;
using EpcActors.Exploration;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>Measured figures of a race; <c>epc race measure</c> measures them again.</summary>
public sealed record RaceFigure
{
    public required string Id { get; init; }

    /// <summary>The rule that the shortest schedule breaks; empty when none is known.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Steps of the shortest schedule known; for a hang up to where its cycle begins.</summary>
    public int Steps { get; init; }

    /// <summary>Changes from one task to another in it.</summary>
    public int Switches { get; init; }

    /// <summary>
    /// By strategy: schedules until the first that breaks the rule, median over the seeds; -1 when more than half of
    /// the seeds found none within the limit.
    /// </summary>
    public IReadOnlyDictionary<string, long> MedianSchedules { get; init; } = new Dictionary<string, long>();

    /// <summary>By variant that must be clean: what the verdict rests on.</summary>
    public IReadOnlyDictionary<string, string> Clean { get; init; } = new Dictionary<string, string>();
}

/// <summary>The measured figures of all races, and how they were measured.</summary>
public sealed record RaceFigures
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>Seeds per strategy.</summary>
    public int Seeds { get; init; } = 100;

    /// <summary>Most schedules per seed.</summary>
    public int Limit { get; init; } = 1000;

    public IReadOnlyList<RaceFigure> Races { get; init; } = [];

    public RaceFigure? Of(string id) => Races.FirstOrDefault(race => race.Id == id);

    public string ToJson() => JsonSerializer.Serialize(this, Options) + "\n";

    public static RaceFigures FromJson(string json) =>
        JsonSerializer.Deserialize<RaceFigures>(json, Options) ?? new RaceFigures();
}

/// <summary>Measures a race.</summary>
public static class RaceMeasurement
{
    private const int ShrunkSeeds = 20;
    private const int HopelessSeeds = 12;

    /// <summary>Both verdicts, the shortest schedule, and schedules to the first failure by strategy.</summary>
    /// <param name="load">The race with a variant.</param>
    /// <param name="plain">The race without one.</param>
    /// <param name="method">Seeds and limit.</param>
    /// <param name="progress">Receives messages about the progress; may be null.</param>
    /// <param name="cancellation">Ends it with an exception.</param>
    /// <exception cref="RaceVerdictException">A variant does not come out as it must.</exception>
    public static (RaceFigure Figure, Schedule? Shortest) Measure(
        Func<string, RaceDefinition> load,
        RaceDefinition plain,
        RaceFigures method,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(plain);
        ArgumentNullException.ThrowIfNull(method);
        RaceFigure figure = new() { Id = plain.Id };
        Schedule? shortest = null;
        if (plain.Variants.Contains(Catalogue.Buggy))
        {
            RaceDefinition buggy = load(Catalogue.Buggy);
            shortest = Shortest(buggy, out ShrunkSchedule shrunk, progress, cancellation);
            figure = figure with
            {
                Rule = shrunk.Finding.Rule,
                Steps =
                    shrunk.CycleStart >= 0
                        ? Decision.StepsOf(shrunk.Decisions.AsSpan(0, shrunk.CycleStart))
                        : shrunk.Steps,
                Switches =
                    shrunk.CycleStart >= 0
                        ? Decision.SwitchesOf(shrunk.Decisions.AsSpan(0, shrunk.CycleStart))
                        : shrunk.Switches,
                MedianSchedules = Medians(buggy, method, progress, cancellation),
            };
        }

        foreach (
            string variant in plain.Variants.Where(variant => Catalogue.IsBuggy(variant) && variant != Catalogue.Buggy))
        {
            RaceFinding other = RaceSearch.Find(
                load(variant),
                new RaceSearchOptions { ShrinkRuns = 0 },
                progress,
                cancellation);
            cancellation.ThrowIfCancellationRequested();
            if (other.Shrunk is null)
            {
                throw new RaceVerdictException($"{plain.Id} {variant} must break {plain.Rule}: {Describe(other)}");
            }
        }

        Dictionary<string, string> clean = [];
        foreach (string variant in plain.Variants.Where(variant => !Catalogue.IsBuggy(variant)))
        {
            RaceDefinition race = load(variant);
            RaceFinding finding = RaceSearch.Find(race, new RaceSearchOptions(), progress, cancellation);
            cancellation.ThrowIfCancellationRequested();
            clean[variant] = finding.Verdict.Kind == VerdictKind.Clean && finding.Verdict.MissedMarks.Count == 0
                ? finding.Verdict.Bound
                : throw new RaceVerdictException($"{race.Id} {variant} must be clean: {Describe(finding)}");
        }

        return (figure with { Clean = clean }, shortest);
    }

    private static string Describe(RaceFinding finding) =>
        finding.Shrunk is { } shrunk ? $"{shrunk.Finding.Rule}: {shrunk.Finding.Detail}"
        : finding.Verdict.MissedMarks.Count > 0 ? $"never seen: {string.Join("; ", finding.Verdict.MissedMarks)}"
        : $"nothing is proved by {finding.Verdict.Bound}";

    /// <summary>The shortest of several finds, each shrunk.</summary>
    private static Schedule Shortest(
        RaceDefinition race,
        out ShrunkSchedule best,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        best = null!;
        Schedule? schedule = null;
        for (ulong seed = 1; seed <= ShrunkSeeds; seed++)
        {
            RaceFinding finding = RaceSearch.Find(
                race,
                new RaceSearchOptions { Seed = seed, Workers = 1 },
                progress,
                cancellation);
            cancellation.ThrowIfCancellationRequested();
            if (finding.Shrunk is not { } shrunk)
            {
                throw new RaceVerdictException($"{race.Id} {race.Variant} must break {race.Rule}: {Describe(finding)}");
            }

            if (best is null || (Length(shrunk), Turns(shrunk)).CompareTo((Length(best), Turns(best))) < 0)
            {
                best = shrunk;
                schedule = finding.Schedule;
            }
        }

        return schedule!;
    }

    private static int Length(ShrunkSchedule shrunk) =>
        shrunk.CycleStart >= 0 ? Decision.StepsOf(shrunk.Decisions.AsSpan(0, shrunk.CycleStart)) : shrunk.Steps;

    private static int Turns(ShrunkSchedule shrunk) =>
        shrunk.CycleStart >= 0 ? Decision.SwitchesOf(shrunk.Decisions.AsSpan(0, shrunk.CycleStart)) : shrunk.Switches;

    private static Dictionary<string, long> Medians(
        RaceDefinition race,
        RaceFigures method,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        RaceWorld world = new(race.Scenario) { Target = race.Rule.Length > 0 ? race.Rule : null };
        Dictionary<string, long> medians = [];
        foreach (string name in StrategyNames.Portfolio)
        {
            IStrategy strategy = StrategyNames.Create(name)!;
            List<long> needed = [];
            for (int seed = 1; seed <= method.Seeds; seed++)
            {
                progress?.Invoke($"{name}, seed {seed} of {method.Seeds}");
                cancellation.ThrowIfCancellationRequested();
                needed.Add(Needed(world, strategy, (ulong)seed, method.Limit));

                // A strategy that never finds it need not be tried to the end.
                if (needed.Count == HopelessSeeds && needed.TrueForAll(one => one > method.Limit))
                {
                    break;
                }
            }

            needed.Sort();
            long median = needed[(needed.Count - 1) / 2];
            medians[name] = median > method.Limit ? -1 : median;
        }

        return medians;
    }

    private static long Needed(RaceWorld world, IStrategy strategy, ulong seed, int limit)
    {
        for (int number = 0; number < limit; number++)
        {
            if (world.Run(strategy, Hunt.SeedOf(seed, number)).Finding is not null)
            {
                return number + 1;
            }
        }

        return limit + 1L;
    }
}

/// <summary>A race does not come out as it must: its buggy form is not found, or its fixed form breaks.</summary>
public sealed class RaceVerdictException(string message) : Exception(message);
