using System.Diagnostics;
using System.Globalization;
using EpcActors.Exploration;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Races;

/// <summary>Verdict of a search.</summary>
public enum VerdictKind
{
    /// <summary>A schedule breaks a rule.</summary>
    Found,

    /// <summary>No schedule breaks a rule, within the bound that the verdict states.</summary>
    Clean,

    /// <summary>The budget ended before either could be said.</summary>
    Inconclusive,
}

/// <summary>Bounds of the search before a variant is called clean.</summary>
public sealed record VerifyBounds
{
    /// <summary>Look at all schedules, up to the limits below. False: random schedules only.</summary>
    public bool IsExhaustive { get; init; } = true;

    /// <summary>Most states of the exhaustive search.</summary>
    public int States { get; init; } = 200_000;

    /// <summary>Most preemptions of a schedule in the second search, when there are more states.</summary>
    public int Preemptions { get; init; } = 2;

    /// <summary>Random schedules on top, under the portfolio.</summary>
    public long Schedules { get; init; } = 2_000;

    /// <summary>States that one thread meets before others take part.</summary>
    internal int StatesAlone { get; init; } = 50_000;

    /// <summary>Longest time of it all; null for no limit.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>Keeps an exhaustive search that does not come to its end; null for none.</summary>
    public IKeptStates? KeptStates { get; init; }
}

/// <summary>A verdict with what it rests on.</summary>
public sealed record SearchVerdict
{
    public required VerdictKind Kind { get; init; }

    /// <summary>
    /// The bound in words: <c>every schedule: 1,234 states</c>, <c>every schedule with at most 2 preemptions (40,000
    /// states) and 2,000 random ones</c>.
    /// </summary>
    public required string Bound { get; init; }

    /// <summary>The failing schedule.</summary>
    public FoundSchedule? Found { get; init; }

    /// <summary>States of the exhaustive part, 0 without.</summary>
    public int States { get; init; }

    /// <summary>Schedules executed by both parts.</summary>
    public long Schedules { get; init; }

    public long Steps { get; init; }

    /// <summary>Marks that were never seen: the verdict may be vacuous.</summary>
    public IReadOnlyList<string> MissedMarks { get; init; } = [];
}

/// <summary>Looks for a schedule that breaks any rule, and says within which bound there is none.</summary>
public static class Verifier
{
    /// <summary>Verifies one topology.</summary>
    /// <param name="newWorld">Makes a world.</param>
    /// <param name="bounds">Bounds of the search.</param>
    /// <param name="seed">Of the random part.</param>
    /// <param name="workers">Threads of the random part; 0 for one per core.</param>
    /// <param name="target">Only this rule counts; null for any.</param>
    /// <param name="progress">Receives messages about the progress; may be null.</param>
    /// <param name="cancellation">Ends it as inconclusive.</param>
    public static SearchVerdict Verify(
        Func<LabWorld> newWorld,
        VerifyBounds bounds,
        ulong seed,
        int workers,
        string? target,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(newWorld);
        ArgumentNullException.ThrowIfNull(bounds);
        List<LabWorld> worlds = [];
        LabWorld world = NewWorld();
        SearchResult? all = null;
        string covered = "";
        long startedAt = Stopwatch.GetTimestamp();
        if (bounds.IsExhaustive)
        {
            using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (bounds.MaxTime is { } limit)
            {
                over.CancelAfter(limit);
            }

            (all, covered) = SearchInOrder(world, NewWorld, bounds, workers, progress, over.Token);
            if (all.Counterexample is not null)
            {
                return Broken(world, all);
            }
        }

        // Where every schedule was covered, random ones only check the search itself.
        long schedules = all is { IsComplete: true, IsBoundless: true }
            ? Math.Min(bounds.Schedules, SchedulesBesideAll)
            : bounds.Schedules;
        HuntResult hunt = Hunt.Run(
            new HuntPlan
            {
                NewWorld = newWorld,
                Seed = seed,
                MaxSchedules = schedules,
                MaxTime = LeftOf(bounds.MaxTime, startedAt),
                Workers = workers,
                Target = target,
            },
            progress is null ? null : one => progress($"{Count(one.Schedules)} random schedules"),
            cancellation);
        HashSet<string> missed = [.. world.Marks.Select(mark => mark.Text)];
        missed.ExceptWith(worlds.SelectMany(one => one.Marks).Where(mark => mark.WasHit).Select(mark => mark.Text));
        string random = schedules > 0 ? $"{Count(hunt.Progress.Schedules)} random schedules" : "";
        return Verdict(
            all, hunt, string.Join(" and ", new[] { covered, random }.Where(part => part.Length > 0)), missed);

        LabWorld NewWorld()
        {
            LabWorld one = newWorld();
            one.Target = target;
            lock (worlds)
            {
                worlds.Add(one);
            }

            return one;
        }
    }

    private const long SchedulesBesideAll = 2_000;

    private static TimeSpan? LeftOf(TimeSpan? time, long startedAt) =>
        time is null ? null
        : time - Stopwatch.GetElapsedTime(startedAt) is { } left && left > TimeSpan.Zero ? left
        : TimeSpan.Zero;

    /// <summary>Of both parts, where the exhaustive one broke no rule.</summary>
    private static SearchVerdict Verdict(SearchResult? all, HuntResult hunt, string bound, HashSet<string> missed)
    {
        missed.ExceptWith(hunt.Marks.Where(mark => mark.WasHit).Select(mark => mark.Text));
        bool isSure = (all?.IsComplete ?? true) && !hunt.IsCancelled && hunt.Unfinished == 0;
        return new SearchVerdict
        {
            Kind = hunt.Found is not null ? VerdictKind.Found : isSure ? VerdictKind.Clean : VerdictKind.Inconclusive,
            Bound = bound,
            Found = hunt.Found,
            States = all?.States ?? 0,
            Schedules = hunt.Progress.Schedules + (all?.Schedules ?? 0),
            Steps = hunt.Progress.Steps + (all?.Steps ?? 0),
            MissedMarks = [.. missed.Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>Looks at all schedules; where they are too many, at all with few preemptions.</summary>
    /// <returns>The result, and in words what it covers.</returns>
    private static (SearchResult Result, string Covered) SearchInOrder(
        LabWorld world,
        Func<LabWorld> newWorld,
        VerifyBounds bounds,
        int workers,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        SearchResult all = Search(world, newWorld, bounds, -1, workers, progress, cancellation);
        if (all.IsComplete || all.Counterexample is not null)
        {
            return (all, $"every schedule ({Count(all.States)} states)");
        }

        if (bounds.Preemptions < 0 || cancellation.IsCancellationRequested)
        {
            return (all, $"the first {Count(all.States)} states of all");
        }

        SearchResult few = Search(world, newWorld, bounds, bounds.Preemptions, workers, progress, cancellation);
        string covered = few.IsComplete
            ? $"every schedule with at most {Counted.Of(bounds.Preemptions, "preemption")} "
                + $"({Count(few.States)} states; a hang may need more), the first {Count(all.States)} states "
                + "of all"
            : $"the first {Count(few.States)} states of those with at most "
                + $"{Counted.Of(bounds.Preemptions, "preemption")}";
        return (few with { Schedules = few.Schedules + all.Schedules, Steps = few.Steps + all.Steps }, covered);
    }

    private static SearchResult Search(
        LabWorld world,
        Func<LabWorld> newWorld,
        VerifyBounds bounds,
        int preemptions,
        int workers,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        SearchBounds how = new()
        {
            MaxStates = bounds.States,
            Preemptions = preemptions,
            FindsHangs = world.IsFinding(Rules.Liveness),
            MaxSteps = world.MaxSteps * 4,
        };
        IKeptStates? kept = preemptions < 0 ? bounds.KeptStates : null;
        return ParallelSearch.Run(
            kept?.Load(how) ?? new SearchSpace(how),
            new ParallelSearchPlan
            {
                World = world,
                NewWorld = newWorld,
                Workers = workers,
                StatesAlone = bounds.StatesAlone,
                Keep = kept is null ? null : kept.Save,
            },
            progress is null ? null : space => progress($"{Count(space.States)} states"),
            cancellation);
    }

    /// <summary>
    /// The record of the search, run once more for its finding: a hang is a cycle in the graph and was not seen by any
    /// one run.
    /// </summary>
    private static SearchVerdict Broken(LabWorld world, SearchResult search)
    {
        Replay replay = new(search.Counterexample, isStrict: true);
        world.Reset();
        replay.Begin(world.Engine, 0);
        ExploredEnd end = world.Engine.Run(replay, int.MaxValue);
        Finding finding;
        if (search.CycleStart >= 0)
        {
            finding = new Finding(Rules.Liveness, world.DescribeHang(), world.Engine.Steps);
        }
        else
        {
            world.Judge(end);
            finding = world.Finding
                ?? throw new NondeterminismException(
                    "the search saw a rule broken and its replay does not. This is a fault of EpcActors: something in "
                        + "it is not decided by the schedule");
        }

        FoundSchedule found = new(
            search.Schedules - 1,
            "exhaustive",
            0,
            search.Counterexample!,
            finding,
            search.CycleStart);
        return new SearchVerdict
        {
            Kind = VerdictKind.Found,
            Bound = $"found among {Count(search.States)} states",
            Found = found,
            States = search.States,
            Schedules = search.Schedules,
            Steps = search.Steps,
        };
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
