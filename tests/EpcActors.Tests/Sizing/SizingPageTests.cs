using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Tests.Reports;

namespace EpcActors.Tests.Sizing;

public sealed partial class SizingPageTests
{
    public static TheoryData<string> Names => ["three", "crowd", "none", "hostile", "guests"];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_well_formed_and_loads_nothing(string name)
    {
        string html = Write(SampleSizings.Of(name));
        HtmlReportTests.AssertSelfContained(HtmlReportTests.Parse(html));
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", html, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", html, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_sizing_gives_the_same_bytes_and_host_time_stands_in_one_place()
    {
        SizingReport report = SampleSizings.Of("three");
        string html = Write(report);
        Assert.Equal(html, Write(report with { }));
        string later = Write(report with { WallTimeMs = 7_654_321 });
        Assert.NotEqual(html, later);
        Assert.Equal(HostTime().Replace(html, ""), HostTime().Replace(later, ""));
        Assert.Single(HostTime().Matches(html));
    }

    [Fact]
    public void Every_chart_can_be_read_without_seeing_it_and_without_a_script()
    {
        XElement root = HtmlReportTests.Parse(Write(SampleSizings.Of("three")));
        List<XElement> charts = [.. root.Descendants("svg").Where(svg => svg.Attribute("aria-hidden") is null)];
        Assert.Equal(2 + 3, charts.Count);
        Assert.All(charts, chart =>
        {
            Assert.Equal("img", chart.Attribute("role")?.Value);
            Assert.NotEmpty(chart.Element("title")!.Value);
            Assert.NotEmpty(chart.Element("desc")!.Value);
        });
        List<string> tips = [.. Curve(root, "speed").Descendants("rect").Elements("title").Select(title =>
            title.Value)];
        Assert.Equal(120, tips.Count);
        Assert.Contains("/pods/a 100 %", tips[^1], StringComparison.Ordinal);
        Assert.All(root.Descendants("table"), table => Assert.NotNull(table.Element("caption")));
    }

    /// <summary>
    /// The chosen limit is marked where the curve is there, and the knee too: one of each for a cgroup.
    /// </summary>
    [Fact]
    public void The_knee_and_the_chosen_limit_are_marked_on_each_curve()
    {
        SizingReport report = SampleSizings.Of("three");
        XElement chart = Curve(HtmlReportTests.Parse(Write(report)), "speed");
        double most = report.Cgroups.Max(one => one.Points.Max(point => point.LimitPages));
        for (int i = 0; i < report.Cgroups.Count; i++)
        {
            CgroupSizing one = report.Cgroups[i];
            XElement chosen = Assert.Single(Spots(chart, $"s{i} chosen"));
            Assert.Equal(1000 * one.Chosen!.LimitPages!.Value / most, X(chosen), 0.2);
            Assert.Equal(1000 * one.KneePages / most, X(Assert.Single(Spots(chart, $"s{i} knee"))), 0.2);
            Assert.Contains(one.Path, chosen.Element("title")!.Value, StringComparison.Ordinal);
        }

        Assert.Contains(chart.Elements("text"), text =>
            text.Attribute("class")?.Value == "threshold" && text.Value == "95 %");
    }

    [Fact]
    public void Charts_stay_inside_their_picture()
    {
        foreach (string name in Names)
        {
            foreach (XElement svg in HtmlReportTests.Parse(Write(SampleSizings.Of(name))).Descendants("svg"))
            {
                double[] box = [.. svg.Attribute("viewBox")!.Value.Split(' ').Select(Number)];
                foreach (XElement e in svg.Elements().Concat(svg.Elements("g").Elements()))
                {
                    foreach (string x in (string[])["x", "x1", "x2"])
                    {
                        Assert.InRange(Number(e.Attribute(x)?.Value ?? "0"), 0, box[2]);
                    }

                    foreach (string y in (string[])["y", "y1", "y2"])
                    {
                        Assert.InRange(Number(e.Attribute(y)?.Value ?? "0"), 0, box[3] + 0.1);
                    }
                }

                foreach (Match point in PathPoint().Matches(
                    string.Concat(svg.Elements("path").Select(path => path.Attribute("d")?.Value))))
                {
                    Assert.InRange(Number(point.Groups[1].Value), 0, box[2]);
                    Assert.InRange(Number(point.Groups[2].Value), 0, box[3]);
                }
            }
        }
    }

    [Fact]
    public void Every_line_to_paste_is_there_and_hostile_names_are_text()
    {
        SizingReport report = SampleSizings.Of("three");
        string page = HtmlReportTests.Parse(Write(report)).Value;
        Assert.All(
            LimitLines.All(report).SelectMany(one => one.Lines),
            line => Assert.Contains(line, page, StringComparison.Ordinal));
        XElement hostile = HtmlReportTests.Parse(Write(SampleSizings.Of("hostile")));
        Assert.Equal(2, hostile.Descendants("script").Count());
        Assert.Empty(hostile.Descendants("b"));
    }

    [Fact]
    public void What_is_not_kept_is_told_in_the_head()
    {
        XElement head = HtmlReportTests.Parse(Write(SampleSizings.Of("none"))).Descendants("header").Single();
        Assert.Contains("NOT KEPT", head.Value, StringComparison.Ordinal);
        Assert.Contains("No limit of /pods/a keeps 95 % of its speed", head.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hundred_cgroups_are_cut_with_a_word_and_stay_small_enough_for_a_mail()
    {
        string html = Write(SampleSizings.Of("crowd"));
        Assert.InRange(html.Length, 50_000, 1_500_000);
        Assert.Contains("80 of 100 cgroups left out", HtmlReportTests.Parse(html).Value, StringComparison.Ordinal);
    }

    private static XElement Curve(XElement root, string key) =>
        root.Descendants("svg").Single(svg => svg.Attribute("data-key")?.Value == key);

    private static IEnumerable<XElement> Spots(XElement chart, string style) =>
        chart.Descendants("path").Where(path => path.Attribute("class")?.Value == $"spot {style}");

    private static double X(XElement spot) => Number(PathPoint().Match(spot.Attribute("d")!.Value).Groups[1].Value);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Write(SizingReport report) => Render.Text(writer => SizingPage.Write(writer, report));

    [GeneratedRegex("Host time of the sizing: [^<]*")]
    private static partial Regex HostTime();

    [GeneratedRegex("[ML](-?[0-9.]+) (-?[0-9.]+)")]
    private static partial Regex PathPoint();
}
