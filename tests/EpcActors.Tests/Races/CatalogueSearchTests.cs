using EpcActors.Races;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>Every race of the catalogue is found with its bug in.</summary>
[Trait("tier", "slow")] // Every race of the catalogue is searched for.
public sealed class CatalogueSearchTests
{
    public static TheoryData<string, string> BuggyVariants => CatalogueVariants.Of(isBuggy: true);

    [Theory]
    [MemberData(nameof(BuggyVariants))]
    public void With_its_bug_in_it_is_found_within_its_budget(string id, string variant)
    {
        RaceDefinition race = CatalogueVariants.Load(id, variant);
        Assert.NotEqual("", race.Rule);
        RaceFinding finding = RaceSearch.Find(
            race,
            new RaceSearchOptions { ShrinkRuns = 0, Workers = 1 },
            null,
            CancellationToken.None);
        Assert.Equal(VerdictKind.Found, finding.Verdict.Kind);
        Assert.Equal(race.Rule, finding.Shrunk!.Finding.Rule);
    }
}
