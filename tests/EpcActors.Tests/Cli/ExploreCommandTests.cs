using EpcActors.Races;
using EpcActors.Races.Explorer;

namespace EpcActors.Tests.Cli;

public sealed class ExploreCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task The_page_is_exported_with_all_that_it_needs()
    {
        string site = _cli.At("site");
        CliResult result = await CliHarness.Call("explore", "--export", site);

        Assert.Equal((0, ""), (result.Code, result.Error));
        foreach (
            string name in (string[])["index.html", "explorer.js", "worker.js", "report.css", "_framework/dotnet.js"])
        {
            Assert.True(File.Exists(Path.Combine(site, name)), name);
        }

        // What is kept for times without a network is what is there.
        string offline = await File.ReadAllTextAsync(Path.Combine(site, "offline.js"));
        Assert.DoesNotContain("_OF_THE_SITE", offline, StringComparison.Ordinal);
        string[] kept = offline.Split("const files = \"")[1].Split('"')[0].Split(';');
        Assert.Equal(
            Directory.EnumerateFiles(site, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(site, file).Replace('\\', '/'))
                .Order(StringComparer.Ordinal),
            kept.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_word_is_a_race_a_file_or_a_schedule()
    {
        string site = _cli.At("site");
        string mine = _cli.Write("mine.conf", Catalogue.TextOf(Catalogue.FileOf("R1")!)
            .Replace("id = R1", "id = mine", StringComparison.Ordinal));
        string schedule = _cli.Write("r11.schedule", Catalogue.ScheduleOf("R11")!.ToString());

        Assert.EndsWith("#R1/buggy/", await PlaceOf("r1"), StringComparison.Ordinal);
        Assert.EndsWith("#R1/fixed/", await PlaceOf("R1", "--variant", "fixed"), StringComparison.Ordinal);
        Assert.Contains(
            ";epc.race.max-steps=99/", await PlaceOf("R1", "--set", "epc.race.max-steps=99"), StringComparison.Ordinal);
        string own = await PlaceOf(mine);
        Assert.Contains("id = mine", RaceLink.Parse(own[own.IndexOf('#', StringComparison.Ordinal)..]).Text,
            StringComparison.Ordinal);
        string found = await PlaceOf(schedule);
        Assert.Equal(
            Catalogue.ScheduleOf("R11")!.Steps.Count(step => step.Choice is null),
            RaceLink.Parse(found[found.IndexOf('#', StringComparison.Ordinal)..]).Path.Count);

        async Task<string> PlaceOf(params string[] words)
        {
            CliResult result = await CliHarness.Call(["explore", .. words, "--export", site]);
            Assert.Equal((0, ""), (result.Code, result.Error));
            return result.LastOutLine;
        }
    }

    [Theory]
    [InlineData("R99", "there is no race of that name")]
    [InlineData("R1 --variant nonsense", "has no variant 'nonsense'")]
    [InlineData("R1 --set epc.race.max-stepz=9", "max-stepz")]
    public async Task A_word_that_means_nothing_says_so(string words, string expected)
    {
        CliResult result = await CliHarness.Call(["explore", .. words.Split(' '), "--export", _cli.At("site")]);

        Assert.Equal(64, result.Code);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_cli.At("site")));
    }
}
