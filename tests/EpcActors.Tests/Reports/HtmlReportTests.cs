using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed partial class HtmlReportTests
{
    public static TheoryData<string> Names => ["quiet", "hang", "empty", "crowd", "escapes", "one sample"];

    [Theory]
    [MemberData(nameof(Names))]
    public void It_is_well_formed_and_loads_nothing(string name)
    {
        string html = Write(Sample(name));
        XElement root = Parse(html);
        AssertSelfContained(root);
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", html, StringComparison.Ordinal);
        Assert.DoesNotContain("∞", html, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_run_gives_the_same_bytes_and_host_time_stands_in_one_place(string name)
    {
        RunReport report = Sample(name);
        string html = Write(report);
        Assert.Equal(html, Write(report with { }));
        string later = Write(report with { WallTimeMs = 7_654_321 });
        Assert.NotEqual(html, later);
        string Without(string page) => HostTime().Replace(page, "");
        Assert.Equal(Without(html), Without(later));
        Assert.Single(HostTime().Matches(html));
    }

    [Fact]
    public void Every_chart_can_be_read_without_seeing_it()
    {
        List<XElement> charts = [.. Parse(Write(SampleReports.Quiet())).Descendants("svg")
            .Where(s => s.Attribute("aria-hidden") is null)];
        // Usage of four cgroups, free pages, latency, four rates, percentiles, histogram, lives.
        Assert.Equal(13, charts.Count);
        Assert.All(charts, chart =>
        {
            Assert.Equal("img", chart.Attribute("role")?.Value);
            Assert.NotEmpty(chart.Element("title")!.Value);
            Assert.NotEmpty(chart.Element("desc")!.Value);
        });
        Assert.All(Parse(Write(SampleReports.Quiet())).Descendants("table"), t => Assert.NotNull(t.Element("caption")));
    }

    [Fact]
    public void Charts_stay_inside_their_picture()
    {
        foreach (string name in Names)
        {
            foreach (XElement svg in Parse(Write(Sample(name))).Descendants("svg"))
            {
                double[] box = [.. svg.Attribute("viewBox")!.Value.Split(' ').Select(Number)];
                foreach (XElement e in svg.Descendants())
                {
                    foreach (string x in (string[])["x", "x1", "x2", "cx"])
                    {
                        Assert.InRange(Number(e.Attribute(x)?.Value ?? "0"), 0, box[2]);
                    }

                    foreach (string y in (string[])["y", "y1", "y2", "cy"])
                    {
                        Assert.InRange(Number(e.Attribute(y)?.Value ?? "0"), 0, box[3] + 0.1);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_violation_is_told_with_its_replay_command()
    {
        RunReport report = SampleReports.Hang();
        XElement section = Section(report, "violations");
        Assert.Contains("liveness at 1.75 s", section.Value, StringComparison.Ordinal);
        Assert.Contains(report.Violations[0].Detail, section.Value, StringComparison.Ordinal);
        Assert.Contains(report.ReplayCommand, section.Value, StringComparison.Ordinal);
        Assert.Contains("VIOLATION2 rules broken: liveness, counter-equals-lists; 1 of 1 expectation not met.",
            Parse(Write(report)).Descendants("header").Single().Value, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"violations\"", Write(SampleReports.Quiet()), StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_watermarks_and_marks_are_in_the_charts()
    {
        XElement charts = Section(SampleReports.Hang(), "charts");
        List<string> thresholds = [.. charts.Descendants("text").Where(t => t.Attribute("class")?.Value == "threshold")
            .Select(t => t.Value)];
        Assert.Equal(["HIGH", "LOW"], thresholds);
        XElement free = charts.Descendants("svg").Single(s => s.Element("title")?.Value == "Free EPC pages");
        List<string> ticks = [.. free.Elements("g").First().Elements("text").Select(t => t.Value)];
        Assert.Contains("32", ticks);
        Assert.Contains("64", ticks);
        Assert.Contains("16 384", ticks);
        Assert.Contains("1.00 s: /kubepods/best-effort: misc.max = 24 MiB",
            charts.Descendants("title").Select(t => t.Value));
    }

    [Fact]
    public void A_tooltip_says_the_values_of_the_sample()
    {
        RunReport report = SampleReports.Quiet(4);
        XElement pod = Section(report, "charts").Descendants("svg")
            .Single(s => s.Element("title")?.Value == "/kubepods/best-effort");
        List<string> tips = [.. pod.Descendants("rect").Select(r => r.Element("title")!.Value)];
        CgroupTimeline t = report.Timeline.Cgroups[3];
        Assert.Equal(4, tips.Count);
        Assert.Equal($"2.00 s · current {Units.Bytes(t.CurrentBytes[3])} · peak "
            + $"{Units.Bytes(t.PeakBytes[3])} · limit 28.0 MiB", tips[3]);
        Assert.EndsWith(" · (2) /kubepods/best-effort: misc.max = 24 MiB", tips[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Overridden_switches_are_marked()
    {
        List<string> marked = [.. Parse(Write(SampleReports.Quiet())).Descendants("tr")
            .Where(r => r.Attribute("class")?.Value == "overridden").Select(r => r.Value)];
        Assert.Equal(["worker-headroom-pages64◆ overridden"],
            marked.Select(m => m.Replace("\n", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void Hostile_names_are_text()
    {
        XElement root = Parse(Write(SampleReports.Escapes()));
        Assert.Single(root.Descendants("script"));
        string shown = SampleReports.Nasty.Replace('\u001b', '\uFFFD');
        Assert.Equal(shown, root.Descendants("h1").Single().Value);
    }

    [Fact]
    public void Too_many_enclaves_are_added_up_in_the_last_rows()
    {
        XElement tables = Section(SampleReports.Crowd(), "tables");
        Assert.Contains("200 of 300 left out", tables.Value, StringComparison.Ordinal);
        Assert.Contains(tables.Descendants("td"), td => td.Value == "oom-killed");
    }

    [Fact]
    public void A_long_run_stays_small_enough_for_a_mail()
    {
        string html = Write(SampleReports.Large());
        Assert.InRange(html.Length, 100_000, 1_500_000);
        Assert.Equal(20 + 6, Parse(html).Descendants("svg").Count(s => s.Attribute("class")?.Value == "time"));
    }

    [Fact]
    public void Too_many_cgroups_are_cut_with_a_word()
    {
        XElement charts = Section(SampleReports.Large(30, 40), "charts");
        Assert.Contains("16 of 40 cgroups left out", charts.Value, StringComparison.Ordinal);
    }

    internal static XElement Parse(string html)
    {
        using XmlReader reader = XmlReader.Create(
            new StringReader(html), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader);
    }

    internal static void AssertSelfContained(XElement root)
    {
        foreach (XAttribute attribute in root.DescendantsAndSelf().Attributes())
        {
            Assert.DoesNotContain(attribute.Name.LocalName,
                (string[])["src", "href", "srcset", "action", "data", "xmlns"]);
            Assert.False(attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        }

        foreach (XElement element in root.Descendants())
        {
            Assert.DoesNotContain(element.Name.LocalName,
                (string[])["link", "iframe", "img", "object", "embed", "base"]);
        }

        string code = string.Concat(
            root.Descendants().Where(e => e.Name.LocalName is "style" or "script").Select(e => e.Value));
        Assert.DoesNotContain("//", code.Replace("// A cursor", "", StringComparison.Ordinal),
            StringComparison.Ordinal);
        Assert.DoesNotContain("url(", code, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", code, StringComparison.Ordinal);
        Assert.DoesNotContain("fetch", code, StringComparison.Ordinal);
    }

    private static RunReport Sample(string name) => name switch
    {
        "quiet" => SampleReports.Quiet(),
        "hang" => SampleReports.Hang(),
        "empty" => SampleReports.Empty(),
        "crowd" => SampleReports.Crowd(),
        "escapes" => SampleReports.Escapes(),
        "one sample" => SampleReports.Quiet(1),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static XElement Section(RunReport report, string id) =>
        Parse(Write(report)).Descendants("section").Single(s => s.Attribute("id")?.Value == id);

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static string Write(RunReport report) => Render.Text(writer => HtmlReport.Write(writer, report));

    [GeneratedRegex("Host time of the run: [^<]*")]
    private static partial Regex HostTime();
}
