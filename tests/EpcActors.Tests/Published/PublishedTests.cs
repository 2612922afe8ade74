using System.Globalization;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Runs.Published;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.Published;

/// <summary>
/// Published measurements beside the model's: each ratio where it is known to be, each that is far off with its reason,
/// and the document with the same rows. The runs are made once, for all tests.
/// </summary>
[Trait("tier", "slow")] // Simulates every published measurement.
public sealed class PublishedTests
{
    private const string Document = "docs/published.md";

    /// <summary>By how much a ratio of the document may differ from that of today's program.</summary>
    private const double DocumentTolerance = 1.1;

    private static readonly Lazy<PublishedReport> Report =
        new(() => PublishedCheck.Measure([], Environment.ProcessorCount, null, CancellationToken.None));

    public static TheoryData<string> Rows => [.. PublishedCheck.Names];

    [Theory, MemberData(nameof(Rows))]
    public void A_ratio_is_where_it_is_known_to_be(string name)
    {
        PublishedRow row = Row(name);
        Assert.True(
            row.IsAsKnown,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Product:0.###} {row.Unit} against {row.Published:0.###}: the ratio is {row.Ratio:0.000}, not "
                    + $"between {row.LeastRatio} and {row.MostRatio}"));
    }

    [Theory, MemberData(nameof(Rows))]
    public void A_ratio_that_is_far_off_has_a_reason_and_no_other(string name)
    {
        PublishedRow row = Row(name);
        Assert.Equal(row.IsFarOff, row.Reason.Length > 0);
    }

    [Theory, MemberData(nameof(Rows))]
    public void A_tolerance_does_not_hide_a_row_that_becomes_far_off(string name)
    {
        PublishedRow row = Row(name);
        Assert.True(row.MostRatio / row.LeastRatio < 1.3, "the tolerance is wide");
        Assert.Equal(row.IsFarOff, row.LeastRatio < 1 / PublishedRow.FarOff || row.MostRatio > PublishedRow.FarOff);
    }

    [Fact]
    public void The_subjects_that_were_asked_for_are_there() => Assert.Empty(
        ((string[])
        [
            "cliff-96", "cliff-104", "edmm-page", "faults-256", "preheat-1", "measured-page", "socket-4", "socket-16",
        ]).Except(PublishedCheck.Names));

    [Fact]
    public void Names_are_unique() => Assert.Equal(PublishedCheck.Names.Count, PublishedCheck.Names.Distinct().Count());

    [Fact]
    public void Every_scenario_of_the_folder_is_of_a_row_and_loads_without_a_note()
    {
        PublishedRun[] runs = [.. PublishedFigures.All.SelectMany(figure => figure.Runs)];
        Assert.Equal(
            BuiltInFiles.Names("published"), runs.Select(run => run.Scenario).Distinct().Order(StringComparer.Ordinal));
        Assert.All(runs.DistinctBy(run => run.Key), run => Assert.Empty(PublishedCheck.Load(run).Notes));
    }

    [Fact]
    public void Both_profiles_are_compared() => Assert.Equal(
        BuiltInFiles.Names("costs"),
        PublishedFigures.All.SelectMany(figure => figure.Runs)
            .Select(run => PublishedCheck.Load(run).Scenario.Costs.Name).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void The_document_has_the_same_rows_and_ratios_of_today()
    {
        string document = Repository.Text(Document);
        Assert.True(PublishedText.HasPlace(document));
        string[][] there = Table(document);
        string[][] now = Table(PublishedText.Into(document, Report.Value));
        Assert.NotEmpty(there);
        Assert.Equal(now.Select(row => row[..^2]), there.Select(row => row[..^2]));
        foreach ((string[] was, string[] isNow) in there.Zip(now))
        {
            double factor = Ratio(isNow) / Ratio(was);
            Assert.True(
                factor is < DocumentTolerance and > 1 / DocumentTolerance,
                $"{was[0]}: {was[^1]} in the document, {isNow[^1]} now; epc costs check --document {Document}");
        }
    }

    [Fact]
    public void The_document_tells_each_reason() => Assert.All(
        Report.Value.Rows.Where(row => row.Reason.Length > 0),
        row => Assert.Contains($"- **{row.Name}**: ", Repository.Text(Document), StringComparison.Ordinal));

    [Fact]
    public async Task The_command_prints_a_row()
    {
        CliResult result = await CliHarness.Call("costs", "check", "measured-page");
        Assert.Equal(0, result.Code);
        Assert.Contains("22 to 30 µs", result.Out, StringComparison.Ordinal);
        Assert.Contains("1 of 1 row within a factor of 1.5", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_is_not_there_is_told_with_the_one_meant()
    {
        CliResult result = await CliHarness.Call("costs", "check", "cliff-69");
        Assert.Equal(64, result.Code);
        Assert.Contains("did you mean cliff-96?", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("costs check --document {good}", "it has no line '<!-- published -->'")]
    [InlineData("costs check --document {folder}/none.md", "there is no such file")]
    [InlineData("costs check measured-page --document {good}", "leave the rows out")]
    [InlineData("costs check --jobs 0", "a number from 1 to 1024")]
    public async Task A_mistake_is_told_before_anything_runs(string line, string message)
    {
        using CliHarness cli = new();
        string filled = line.Replace("{good}", cli.GoodFile, StringComparison.Ordinal)
            .Replace("{folder}", cli.Folder, StringComparison.Ordinal);
        CliResult result = await CliHarness.Call([.. CliHarness.SplitAsShell(filled)]);
        Assert.Equal(64, result.Code);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_ratio_that_has_moved_is_said_and_a_document_keeps_what_is_around_its_table()
    {
        PublishedRow moved = Row("read-1gib") with { Product = 160 };
        PublishedReport report = new([moved]);
        Assert.False(report.IsAsKnown);
        string document = PublishedText.Into("before\n<!-- published -->\nold\n<!-- /published -->\nafter\n", report);
        Assert.StartsWith("before\n<!-- published -->\n\n| row |", document, StringComparison.Ordinal);
        Assert.EndsWith("\n<!-- /published -->\nafter\n", document, StringComparison.Ordinal);
        Assert.Contains("| 79 cycles | 160 cycles | **2.03** |", document, StringComparison.Ordinal);
        Assert.DoesNotContain("old", document, StringComparison.Ordinal);
    }

    private static PublishedRow Row(string name) => Report.Value.Rows.Single(row => row.Name == name);

    private static string[][] Table(string document)
    {
        int begin = document.IndexOf(PublishedText.Begin, StringComparison.Ordinal);
        int end = document.IndexOf(PublishedText.End, StringComparison.Ordinal);
        return
        [
            .. document[begin..end].Split('\n').Where(line => line.StartsWith("| [", StringComparison.Ordinal))
                .Select(line => line.Trim('|', ' ').Split(" | ")),
        ];
    }

    private static double Ratio(string[] row) => double.Parse(row[^1].Trim('*'), CultureInfo.InvariantCulture);
}
