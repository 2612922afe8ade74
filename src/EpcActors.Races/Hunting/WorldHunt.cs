using System.Diagnostics;
using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Hunting;

/// <summary>A cause that a hunt found, with the first schedule that showed it.</summary>
/// <param name="Cause">The rule and the two accesses, or the functions of the lap of a hang.</param>
/// <param name="Known">The race of the catalogue with the same cause; null for none.</param>
/// <param name="Detail">What the rule says of it.</param>
/// <param name="Race">The world, as a race file.</param>
/// <param name="Schedule">The schedule, short.</param>
/// <param name="Steps">Steps of it.</param>
public sealed record WorldFinding(
    string Cause, string? Known, string Detail, string Race, Schedule Schedule, int Steps)
{
    /// <summary>Worlds that showed it.</summary>
    public int Worlds { get; set; } = 1;
}

/// <summary>What a hunt did and found.</summary>
/// <param name="Worlds">Worlds that were searched.</param>
/// <param name="Refused">Worlds that the kernel refused to set up.</param>
/// <param name="Schedules">Schedules executed.</param>
/// <param name="Findings">Causes, those that the catalogue has not first.</param>
/// <param name="PairsBothWays">Pairs of accesses that met in both orders.</param>
/// <param name="PairsOneWay">Pairs that met in one order only.</param>
public sealed record WorldHuntResult(
    int Worlds,
    int Refused,
    long Schedules,
    IReadOnlyList<WorldFinding> Findings,
    int PairsBothWays,
    IReadOnlyList<string> PairsOneWay);

/// <summary>
/// Draws small worlds, searches each at random under every rule of the oracle, shortens what breaks one, and tells
/// causes
/// apart. World n of a seed is the same everywhere.
/// </summary>
public static class WorldHunt
{
    private const int SchedulesPerWorld = 120;
    private const int CoverageRuns = 8;
    private const int ShrinkRuns = 600;

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
        for (
            int number = 0;
            number < mostWorlds
                && !cancellation.IsCancellationRequested
                && (time is not { } limit || Stopwatch.GetElapsedTime(startedAt) < limit);
            number++)
        {
            string text = SmallWorld.Draw(kernel, hasCgroups, SplitMix.Mix(seed + (ulong)number));
            RaceFinding? finding = Search(text, pairs, cancellation);
            if (finding is null)
            {
                refused++;
                continue;
            }

            worlds++;
            schedules += finding.Verdict.Schedules + CoverageRuns;
            if (finding.Schedule is { } schedule)
            {
                string cause = CauseOf(finding.Race, schedule);
                if (found.TryGetValue(cause, out WorldFinding? before))
                {
                    before.Worlds++;
                }
                else
                {
                    found.Add(
                        cause,
                        new WorldFinding(
                            cause,
                            known.GetValueOrDefault(cause),
                            finding.Shrunk!.Finding.Detail,
                            text,
                            schedule with { Scenario = text },
                            finding.Shrunk.Steps));
                }
            }

            progress?.Invoke($"{worlds} worlds, {found.Count} causes");
        }

        return new WorldHuntResult(
            worlds,
            refused,
            schedules,
            [.. found.Values.OrderBy(one => one.Known is not null).ThenByDescending(one => one.Worlds)],
            pairs.BothWays,
            pairs.OneWay);
    }

    /// <summary>Null: the kernel refuses the setup, or the file says nothing sensible.</summary>
    private static RaceFinding? Search(string text, AccessPairs pairs, CancellationToken cancellation)
    {
        try
        {
            RaceDefinition race = RaceFile.LoadText(text);
            Cover(race, pairs);
            return RaceSearch.Find(
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
        }
        catch (RaceSetupException)
        {
            return null;
        }
        catch (ConfigurationException)
        {
            return null;
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
