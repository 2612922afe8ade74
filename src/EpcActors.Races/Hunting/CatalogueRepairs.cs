using EpcActors.Exploration;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Hunting;

/// <summary>
/// The repairs of the catalogue as switches, to be tried on a world that has no place in it: a defect is known when a
/// repair that is known ends it.
/// </summary>
internal static class CatalogueRepairs
{
    /// <summary>A variant that is clean may be another kernel altogether: no repair of one thing then.</summary>
    private const int MostSwitches = 3;

    private static readonly Lazy<IReadOnlyList<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)>>
        All = new(Read);

    /// <summary>Races whose repair ends what a schedule breaks.</summary>
    /// <param name="race">The world.</param>
    /// <param name="schedule">A schedule of it that breaks a rule.</param>
    /// <param name="searched">Schedules of the repaired world that must keep the rule.</param>
    public static IReadOnlyList<string> ThatEnd(RaceDefinition race, Schedule schedule, int searched)
    {
        List<string> races = [];
        foreach ((string id, IReadOnlyList<KeyValuePair<string, string>> settings) in All.Value)
        {
            if (!races.Contains(id) && Ends(settings, race, schedule, searched))
            {
                races.Add(id);
            }
        }

        return races;
    }

    /// <summary>
    /// The fewest races whose repairs end together what a schedule breaks, where none does alone: two defects may meet
    /// in one world. Empty when not even all of them do.
    /// </summary>
    /// <param name="race">The world.</param>
    /// <param name="schedule">A schedule of it that breaks a rule.</param>
    /// <param name="searched">Schedules of the repaired world that must keep the rule.</param>
    public static IReadOnlyList<string> ThatEndTogether(RaceDefinition race, Schedule schedule, int searched)
    {
        // The first repair of each race: competing ones are not for one kernel.
        List<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)> all =
        [
            .. All.Value.DistinctBy(one => one.Race),
        ];
        if (!Ends(Merged(all), race, schedule, searched))
        {
            return [];
        }

        for (int i = all.Count - 1; i >= 0; i--)
        {
            List<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)> fewer = [.. all];
            fewer.RemoveAt(i);
            if (Ends(Merged(fewer), race, schedule, searched))
            {
                all = fewer;
            }
        }

        return [.. all.Select(one => one.Race)];
    }

    private static List<KeyValuePair<string, string>> Merged(
        IEnumerable<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)> repairs) =>
        [.. repairs.SelectMany(one => one.Settings).DistinctBy(setting => setting.Key)];

    private static bool Ends(
        IReadOnlyList<KeyValuePair<string, string>> settings, RaceDefinition race, Schedule schedule, int searched)
    {
        try
        {
            RaceDefinition repaired = RaceFile.LoadText(schedule.Scenario, overrides: settings);
            if (repaired.Scenario.Switches == race.Scenario.Switches
                || RaceSearch.Trace(repaired, schedule with { Rule = "" }, isStrict: false, "").Outcome.Finding is
                { } finding && finding.Rule == schedule.Rule)
            {
                return false;
            }

            return RaceSearch.Find(
                repaired,
                new RaceSearchOptions
                {
                    Strategies = StrategyNames.Portfolio,
                    MaxSchedules = searched,
                    Workers = 1,
                    ShrinkRuns = 0,
                    Target = schedule.Rule,
                    Text = schedule.Scenario,
                },
                null,
                CancellationToken.None).Verdict.Found is null;
        }
        catch (Exception refusal) when (refusal is RaceSetupException or ConfigurationException)
        {
            return false;
        }
    }

    private static List<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)> Read()
    {
        List<(string Race, IReadOnlyList<KeyValuePair<string, string>> Settings)> all = [];
        foreach (string id in Catalogue.Ids)
        {
            string file = Catalogue.FileOf(id)!;
            RaceDefinition plain = RaceFile.Load(file);
            KernelSwitches broken = (plain.Variants.Contains(Catalogue.Buggy)
                ? RaceFile.Load(file, Catalogue.Buggy)
                : plain).Scenario.Switches;
            foreach (string variant in plain.Variants.Where(
                one => one.StartsWith(Catalogue.Fixed, StringComparison.Ordinal)))
            {
                KernelSwitches with = RaceFile.Load(file, variant).Scenario.Switches;
                List<KeyValuePair<string, string>> settings =
                [
                    .. SwitchKeys.All.Where(key => key.ValueOf(with) != key.ValueOf(broken))
                        .Select(key => KeyValuePair.Create($"epc.switches.{key.Key}", key.ValueOf(with))),
                ];
                if (settings.Count is > 0 and <= MostSwitches)
                {
                    all.Add((id, settings));
                }
            }
        }

        return all;
    }
}
