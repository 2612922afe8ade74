using EpcActors.Races;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>Every race of the catalogue is clean without its bug.</summary>
[Trait("tier", "slow")] // Every variant without the bug is verified.
public sealed class CatalogueCleanTests
{
    /// <summary>
    /// Random schedules per clean variant here; the exhaustive part is never cut. <c>epc race measure</c> runs all of
    /// them.
    /// </summary>
    private const int Schedules = 400;

    public static TheoryData<string, string> CleanVariants => CatalogueVariants.Of(isBuggy: false);

    [Theory]
    [MemberData(nameof(CleanVariants))]
    public void Without_its_bug_no_schedule_breaks_any_rule_and_what_it_is_about_was_seen(string id, string variant)
    {
        RaceDefinition race = CatalogueVariants.Load(id, variant);
        long schedules = Math.Min(Schedules, race.Bound.Schedules);
        RaceFinding finding = RaceSearch.Find(
            race,
            new RaceSearchOptions { MaxSchedules = schedules, Workers = 1 },
            null,
            CancellationToken.None);
        Assert.True(finding.Shrunk is null, $"{finding.Shrunk?.Finding}\n{finding.Schedule}");
        Assert.Equal(VerdictKind.Clean, finding.Verdict.Kind);
        Assert.True(
            race.Scenario.Race!.Properties.Any(property => property.Kind == PropertyKind.Sometimes),
            "a clean race needs a mark");
        Assert.Equal([], finding.Verdict.MissedMarks);
    }
}
