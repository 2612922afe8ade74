using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Results;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Sizing;

/// <summary>
/// The story of docs/sizing.md is that of its manifest: what it shows is what its commands print today.
/// </summary>
[Trait("tier", "slow")] // Every command of the story is run.
public sealed partial class SizingDocumentTests
{
    private const string Document = "docs/sizing.md";

    private static string Text => Repository.Text(Document);

    /// <summary>The limits of the story, put in, slow the pods as the story says; and 24 MiB as it says.</summary>
    [Theory]
    [InlineData("11232 pages", 3)]
    [InlineData("24 MiB", 1)]
    public async Task The_pods_are_as_slow_at_their_limits_as_the_story_says(string limit, int rows)
    {
        (string Name, double Slowdown)[] told =
        [
            .. Slowdowns().Matches(Text).Select(match => (
                match.Groups[1].Value,
                double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture))),
        ];
        Assert.Equal(4, told.Length);
        CliResult run = await CliHarness.Call(
            "run", Path.Combine(Repository.Root, "config/samples/shop.yaml"),
            "--set", $"epc.cgroups./kubepods/customers/db.max={limit}",
            "--set", "epc.cgroups./kubepods/sessions/cache.max=5808 pages",
            "--set", "epc.cgroups./kubepods/billing/join.max=6144 pages");
        Assert.Equal(0, run.Code);
        Dictionary<string, double> found = Slowdowns().Matches(run.Out).ToDictionary(
            match => match.Groups[1].Value,
            match => double.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture));
        foreach ((string name, double slowdown) in rows == 1 ? told[3..] : told[..3])
        {
            Assert.Equal(slowdown, found[name], 0.03);
        }
    }

    [Fact]
    public void The_lines_to_paste_are_the_limits_of_the_check()
    {
        foreach ((string cgroup, int pages) in
            (ValueTuple<string, int>[])[("customers/db", 11232), ("sessions/cache", 5808), ("billing/join", 6144)])
        {
            Assert.Contains($"epc.cgroups./kubepods/{cgroup}.max={pages} pages", Text, StringComparison.Ordinal);
            string container = cgroup[(cgroup.IndexOf('/', StringComparison.Ordinal) + 1)..];
            Assert.Contains(
                $"epc-limit.nri.io/container.{container}: \"{pages * 4096}\"", Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_calibration_multiplies_by_what_the_story_says()
    {
        CliResult result = await CliHarness.Call("calibrate", "--access", "90ns", "--fault", "12us");
        double[] told = [.. Times().Matches(Text).Select(Number)];
        double[] found = [.. Times().Matches(result.Error).Select(Number)];
        Assert.Equal(2, told.Length);
        Assert.Equal(told.Length, found.Length);
        Assert.All(told.Zip(found), pair => Assert.Equal(1, pair.First / pair.Second, 0.03));
    }

    [Fact]
    public void What_it_says_of_the_published_rows_is_what_their_table_says()
    {
        Match sentence = Sentence().Match(Repository.Text("docs/published.md"));
        Assert.True(sentence.Success);
        string words = Text.ReplaceLineEndings(" ");
        Assert.Contains(
            $"{sentence.Groups[1].Value} of its {sentence.Groups[2].Value} rows are within a factor of "
                + $"{PublishedRow.FarOff.ToString(CultureInfo.InvariantCulture)}, half of them within "
                + $"{sentence.Groups[3].Value}, all within {sentence.Groups[4].Value},",
            words,
            StringComparison.Ordinal);
    }

    private static double Number(Match match) => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^  (customers|sessions|billing)\s+/kubepods/\S+\s+finished.*\s([\d.]+)×", RegexOptions.Multiline)]
    private static partial Regex Slowdowns();

    [GeneratedRegex(@"^\s+times ([\d.]+): ", RegexOptions.Multiline)]
    private static partial Regex Times();

    [GeneratedRegex(@"(\d+) of (\d+) rows within a factor of 1\.5, half of them within (\S+), all within (\S+)\.")]
    private static partial Regex Sentence();
}
