using EpcActors.Results;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races.Explorer;

/// <summary>The races of the catalogue as the explorer lists them.</summary>
public static class CatalogueEntries
{
    /// <summary>All of them, in the order of the catalogue.</summary>
    public static IReadOnlyList<CatalogueEntry> All() => [.. Catalogue.Ids.Select(Of)];

    private static CatalogueEntry Of(string id)
    {
        RaceDefinition race = RaceFile.Load(Catalogue.FileOf(id)!);
        string status = race.Status switch
        {
            RaceStatus.Open => "open",
            RaceStatus.Fixed => "fixed",
            RaceStatus.ByDesign => "by design",
        };
        string verdict = race.Verdict switch
        {
            RaceVerdict.None => status,
            RaceVerdict.Confirmed => $"confirmed, {status}",
            RaceVerdict.Refuted => "refuted",
        };
        int steps = Catalogue.ScheduleOf(id)?.Steps.Count(step => step.Choice is null) ?? 0;
        return new CatalogueEntry(id, race.Title, verdict, race.Rule, race.Description, steps);
    }
}
