using EpcActors.Races;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>
/// Races that rest on what only the laboratory does: a memory pressure that disregards pins, an ETRACK that lets go of
/// the mutex.
/// </summary>
public sealed class ControlTests
{
    [Theory]
    [InlineData("R05", "claim", "")]
    [InlineData("R05", "fixed", "")]
    [InlineData("R05", "buggy", "contents")]
    [InlineData("R29", "fixed", "")]
    [InlineData("R29", "buggy", "epcm-valid")]
    public void A_variant_comes_out_as_its_file_says(string file, string variant, string rule)
    {
        RaceDefinition race = RaceFile.Load(Loading.RepositoryPath($"config/races/{file}.conf"), variant);
        RaceFinding found = RaceSearch.Find(
            race,
            new RaceSearchOptions
            {
                Strategies = ["exhaustive"],
                MaxSchedules = 200,
                Workers = 1,
            },
            null,
            CancellationToken.None);
        Assert.Equal(rule.Length == 0 ? VerdictKind.Clean : VerdictKind.Found, found.Verdict.Kind);
        Assert.Equal(rule, found.Shrunk?.Finding.Rule ?? "");
        Assert.Empty(found.Verdict.MissedMarks);
    }
}
