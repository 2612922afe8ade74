using System.Diagnostics;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Hunting;

/// <summary>A cause that a hunt found, with the first schedule that showed it.</summary>
/// <param name="Cause">The rule and the two accesses, or the functions of the lap of a hang.</param>
/// <param name="Known">The race of the catalogue with the same cause; null for none.</param>
/// <param name="EndedBy">Races of the catalogue whose repair ends it in its world: with that repair neither the
/// schedule nor a search of the world breaks the rule. Empty when the cause itself is known.</param>
/// <param name="EndedTogetherBy">Where no repair ends it alone: the fewest races whose repairs end it together. Two
/// defects may meet in one world.</param>
/// <param name="Detail">What the rule says of it.</param>
/// <param name="Race">The world, as a race file.</param>
/// <param name="Schedule">The schedule, short.</param>
/// <param name="Steps">Steps of it.</param>
/// <param name="Worlds">Worlds that showed it.</param>
public sealed record WorldFinding(
    string Cause,
    string? Known,
    IReadOnlyList<string> EndedBy,
    IReadOnlyList<string> EndedTogetherBy,
    string Detail,
    string Race,
    Schedule Schedule,
    int Steps,
    int Worlds)
{
    /// <summary>The catalogue has the cause, or a repair that ends it.</summary>
    public bool IsInCatalogue => Known is not null || EndedBy.Count + EndedTogetherBy.Count > 0;
}

/// <summary>What a hunt did and found.</summary>
/// <param name="Worlds">Worlds that were searched.</param>
/// <param name="Refused">Worlds that the kernel refused to set up.</param>
/// <param name="Schedules">Schedules executed.</param>
/// <param name="Failures">Worlds in which the emulator itself failed, with the error: defects of it.</param>
/// <param name="Findings">Causes, those that the catalogue has not first.</param>
/// <param name="PairsBothWays">Pairs of accesses that met in both orders.</param>
/// <param name="PairsOneWay">Pairs that met in one order only.</param>
public sealed record WorldHuntResult(
    int Worlds,
    int Refused,
    long Schedules,
    IReadOnlyList<(string World, string Error)> Failures,
    IReadOnlyList<WorldFinding> Findings,
    int PairsBothWays,
    IReadOnlyList<string> PairsOneWay);

/// <summary>
/// Draws small worlds, searches each at random under every rule of the oracle, shortens what breaks one, and tells
/// causes apart. World n of a seed is the same everywhere, and what is found does not depend on the number of cores.
/// </summary>
public static class WorldHunt
{
    private const int SchedulesPerWorld = 120;
    private const int CoverageRuns = 8;
    private const int ShrinkRuns = 600;
    private const int WorldsPerBatch = 16;

    /// <summary>Hunts until the time is over.</summary>
    /// <param name="kernel">Name of the kernel.</param>
    /// <param name="seed">Of the first world.</param>
    /// <param name="time">How long; null for no limit.</param>
    /// <param name="mostWorlds">Most worlds.</param>
    /// <param name="progress">Receives messages about the progress; may be null.</param>
    /// <param name="cancellation">Ends it with what there is.</param>
    public static WorldHuntResult Run(
        string kernel,
        ulong seed,
        TimeSpan? time,
        int mostWorlds,
        Action<string>? progress,
        CancellationToken cancellation)
    {
        long startedAt = Stopwatch.GetTimestamp();
        Dictionary<string, string> known = KnownCauses();
        Dictionary<string, WorldFinding> found = new(StringComparer.Ordinal);
        AccessPairs pairs = new();
        bool hasCgroups = RaceFile.LoadText(SmallWorld.Draw(kernel, hasCgroups: true, seed))
            .Scenario.Switches.EpcCgroup == EpcCgroupMode.On;
        int worlds = 0;
        int refused = 0;
        long schedules = 0;
        List<(string World, string Error)> failures = [];
        bool IsOver() => cancellation.IsCancellationRequested
            || (time is { } limit && Stopwatch.GetElapsedTime(startedAt) >= limit);

        for (int first = 0; first < mostWorlds && !IsOver(); first += WorldsPerBatch)
        {
            // Searched side by side, told in the order of their numbers.
            Searched?[] batch = new Searched?[Math.Min(WorldsPerBatch, mostWorlds - first)];
            Parallel.For(
                0,
                batch.Length,
                new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
                i =>
                {
                    if (!IsOver())
                    {
                        string text = SmallWorld.Draw(kernel, hasCgroups, SplitMix.Mix(seed + (ulong)(first + i)));
                        batch[i] = Search(text, cancellation);
                    }
                });
            foreach (Searched one in batch.OfType<Searched>())
            {
                if (one.Finding is not { } finding)
                {
                    refused += one.Error.Length > 0 ? 0 : 1;
                    failures.AddRange(one.Error.Length > 0 ? [(one.Text, one.Error)] : []);
                    continue;
                }

                worlds++;
                schedules += finding.Verdict.Schedules + CoverageRuns;
                pairs.Add(one.Pairs);
                if (finding.Schedule is { } schedule)
                {
                    Tell(found, known, one, finding, schedule with { Scenario = one.Text });
                }
            }

            progress?.Invoke($"{worlds} worlds, {found.Count} causes");
        }

        return new WorldHuntResult(
            worlds,
            refused,
            schedules,
            failures,
            [.. Merged(found.Values).OrderBy(one => one.IsInCatalogue).ThenByDescending(one => one.Worlds)],
            pairs.BothWays,
            pairs.OneWay);
    }

    private static void Tell(
        Dictionary<string, WorldFinding> found,
        Dictionary<string, string> known,
        Searched searched,
        RaceFinding finding,
        Schedule schedule)
    {
        string cause = searched.Cause;
        if (found.TryGetValue(cause, out WorldFinding? before))
        {
            found[cause] = before with { Worlds = before.Worlds + 1 };
            return;
        }

        string? race = known.GetValueOrDefault(cause);
        IReadOnlyList<string> alone =
            race is null ? CatalogueRepairs.ThatEnd(finding.Race, schedule, SchedulesPerWorld) : [];
        found.Add(
            cause,
            new WorldFinding(
                cause,
                race,
                alone,
                race is null && alone.Count == 0
                    ? CatalogueRepairs.ThatEndTogether(finding.Race, schedule, SchedulesPerWorld)
                    : [],
                finding.Shrunk!.Finding.Detail,
                schedule.Scenario,
                schedule,
                finding.Shrunk.Steps,
                Worlds: 1));
    }

    /// <summary>
    /// Two schedules may meet one defect at different accesses: what the same repairs end under the same rule is told
    /// once, by the shortest schedule.
    /// </summary>
    private static IEnumerable<WorldFinding> Merged(IEnumerable<WorldFinding> findings) =>
        findings.GroupBy(
            one => one.Known is not null || one.EndedBy.Count + one.EndedTogetherBy.Count == 0
                ? one.Cause
                : $"{one.Schedule.Rule} {string.Join(' ', one.EndedBy)} {string.Join('+', one.EndedTogetherBy)}",
            StringComparer.Ordinal)
        .Select(group => group.MinBy(one => one.Steps)! with { Worlds = group.Sum(one => one.Worlds) });

    /// <summary>A world and what its search found.</summary>
    /// <param name="Text">The world, as a race file.</param>
    /// <param name="Pairs">Accesses that met in it.</param>
    /// <param name="Finding">Null: its kernel refuses the setup, or the emulator failed.</param>
    /// <param name="Cause">Of what breaks a rule; empty for nothing.</param>
    /// <param name="Error">Of the emulator; empty for none.</param>
    private sealed record Searched(
        string Text, AccessPairs Pairs, RaceFinding? Finding, string Cause = "", string Error = "");

    private static Searched Search(string text, CancellationToken cancellation)
    {
        AccessPairs pairs = new();
        try
        {
            RaceDefinition race = RaceFile.LoadText(text);
            Cover(race, pairs);
            RaceFinding finding = RaceSearch.Find(
                race,
                new RaceSearchOptions
                {
                    Strategies = StrategyNames.Portfolio,
                    MaxSchedules = SchedulesPerWorld,
                    Workers = 1,
                    ShrinkRuns = ShrinkRuns,
                    Text = text,
                },
                null,
                cancellation);
            return new Searched(
                text, pairs, finding, finding.Schedule is { } schedule ? CauseOf(finding.Race, schedule) : "");
        }
        catch (Exception refusal) when (refusal is RaceSetupException or ConfigurationException)
        {
            return new Searched(text, pairs, null);
        }
#pragma warning disable CA1031 // A world that was drawn may meet a defect of the emulator: told with it, at the end.
        catch (Exception failure) when (failure is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            return new Searched(text, pairs, null, Error: $"{failure.GetType().Name}: {failure.Message}");
        }
    }

    private static void Cover(RaceDefinition race, AccessPairs pairs)
    {
        RaceWorld world = new(race.Scenario);
        world.Engine.Watcher = pairs;
        RandomWalk walk = new();
        for (ulong run = 0; run < CoverageRuns; run++)
        {
            pairs.Begin();
            world.Run(walk, run);
        }

        world.Engine.Watcher = null;
    }

    /// <summary>Causes of the races of the catalogue, by their pinned schedules.</summary>
    private static Dictionary<string, string> KnownCauses()
    {
        Dictionary<string, string> causes = new(StringComparer.Ordinal);
        foreach (string id in Catalogue.Ids)
        {
            if (Catalogue.ScheduleOf(id) is { } schedule && Catalogue.FileOf(id) is { } file)
            {
                RaceDefinition race = RaceFile.Load(file, schedule.Variant);
                causes.TryAdd(CauseOf(race, schedule), id);
            }
        }

        return causes;
    }

    /// <summary>
    /// The rule, and the kernel functions of the two accesses that conflict; of a hang the functions of its lap. Worlds
    /// that differ in pages and tasks have the same cause then.
    /// </summary>
    private static string CauseOf(RaceDefinition race, Schedule schedule)
    {
        (RaceTrace trace, _, _) = RaceSearch.Trace(race, schedule, isStrict: true, "");
        IEnumerable<string> functions;
        if (trace.CycleStart >= 0)
        {
            functions = trace.Steps.Skip(trace.CycleStart).Select(FunctionOf).Distinct().Order(StringComparer.Ordinal);
        }
        else
        {
            functions = new[] { trace.Conflict.First, trace.Conflict.Second }
                .Select(number => trace.Steps.FirstOrDefault(step => step.Number == number))
                .Select(step => step is null ? "?" : $"{FunctionOf(step)}/{step.Message}");
        }

        return $"{schedule.Rule}: {string.Join(", ", functions)}";
    }

    private static string FunctionOf(RaceStep step) =>
        step.Stack.Count > 0 ? step.Stack[^1].Function.Name : step.Message;
}
