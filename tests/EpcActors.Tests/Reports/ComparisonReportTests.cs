using System.Xml.Linq;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class ComparisonReportTests
{
    private static readonly RunReport[] Runs =
    [
        SampleReports.Quiet(),
        SampleReports.Hang(),
        SampleReports.Quiet() with
        {
            Kernel = "epc-cgroup-v17",
            FaultLatency = SampleReports.Quiet().FaultLatency with { P99Ns = 40_000 },
        },
    ];

    [Fact]
    public void Differences_are_marked_against_the_first_run()
    {
        string[] lines = Text(140).Split('\n');
        string Line(string name) =>
            lines.First(l => l.TrimStart().StartsWith(name + " ", StringComparison.Ordinal)).Trim();
        Assert.Equal("3 runs, compared with the first: epc-cgroup-v8", lines[0]);
        Assert.Equal("verdict                             pass   violation  worse                   pass  =",
            Line("verdict"));
        Assert.Equal("faults                            65 432   1 500 000  worse ×22.9           65 432  =",
            Line("faults"));
        Assert.Equal(
            "fault p99                        96.0 µs     96.0 µs  =                    40.0 µs  better -58.3 %",
            Line("fault p99"));
        Assert.Equal("free-page-counter                 atomic        racy  *                     atomic",
            Line("free-page-counter"));
        Assert.Equal(Runs[1].ReplayCommand, Text(140).TrimEnd('\n').Split('\n')[^1]);
    }

    [Fact]
    public void Runs_that_do_not_fit_go_into_a_second_table_beside_the_base()
    {
        string[] lines = Text(80).Split('\n');
        Assert.Equal(2, lines.Count(l => l.StartsWith("    verdict", StringComparison.Ordinal)));
        Assert.All(lines[..^2], l => Assert.True(l.Length <= 80 || l == Runs[1].ReplayCommand, l));
    }

    [Fact]
    public void Long_names_of_runs_go_into_a_list()
    {
        string text = Render.Console(80, console => ComparisonReport.Write(console, Runs[..2],
            ["a kernel with a name beyond all measure", "another one"]));
        Assert.Contains("  run 1: a kernel with a name beyond all measure\n", text, StringComparison.Ordinal);
        Assert.Contains(" run 1 ", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_say_what_tells_the_runs_apart()
    {
        RunReport quiet = SampleReports.Quiet(2);
        RunReport other = quiet with
        {
            Switches = [quiet.Switches[0], quiet.Switches[1], new("worker-headroom-pages", "8", true)],
        };
        Assert.Equal(["worker-headroom-pages=64", "worker-headroom-pages=8"], RunLabels.Of([quiet, other], null));
        Assert.Equal(["seed 42", "seed 43"], RunLabels.Of([quiet, quiet with { Seed = 43 }], null));
        Assert.Equal(["run 1", "run 2"], RunLabels.Of([quiet, quiet], null));
        Assert.Equal(["epc-cgroup-v8", "linux-5.15"], RunLabels.Of([quiet, SampleReports.Hang(2)], null));
        Assert.Throws<ArgumentException>(() => RunLabels.Of([quiet, other], ["one"]));
    }

    [Fact]
    public void The_page_is_self_contained_stable_and_on_the_same_axes()
    {
        string html = Html();
        Assert.Equal(html, Html());
        XElement root = HtmlReportTests.Parse(html);
        HtmlReportTests.AssertSelfContained(root);
        List<XElement> free = [.. root.Descendants("svg").Where(s =>
            s.Element("desc")?.Value.StartsWith("Length of the free lists", StringComparison.Ordinal) == true)];
        Assert.Equal(["epc-cgroup-v8", "linux-5.15", "epc-cgroup-v17"], free.Select(s => s.Element("title")!.Value));
        Assert.Single(free.Select(s => s.Elements("g").First().ToString()).Distinct());
        Assert.Contains(root.Descendants("td"), td => td.Attribute("class")?.Value == "n worse");
    }

    [Fact]
    public void The_axes_hold_the_largest_of_all_runs()
    {
        RunReport large = SampleReports.Quiet(20) with
        {
            Seed = 43,
            Timeline = new Timeline
            {
                AtNs = [4_000_000_000],
                Nodes = [new NodeTimeline(0, [1_000_000])],
                FreePageCounter = [1_000_000],
                Faults = [4_000_000],
                FaultP99Ns = [9_000_000_000],
                Cgroups = [new CgroupTimeline { Path = "/", CurrentBytes = [1024 * SampleReports.MiB] }],
            },
        };
        XElement root = HtmlReportTests.Parse(Render.Text(writer =>
            ComparisonReport.WriteHtml(writer, [SampleReports.Quiet(20), large])));
        foreach (string metric in
            (string[])["misc.current of / ", "Length of the free lists", "Rate of faults ", "Median"])
        {
            List<XElement> charts = [.. root.Descendants("svg").Where(s =>
                s.Element("desc")?.Value.StartsWith(metric, StringComparison.Ordinal) == true)];
            Assert.Equal(2, charts.Count);
            Assert.Equal(charts[0].Elements("g").First().ToString(), charts[1].Elements("g").First().ToString());
            Assert.Contains("4 s", charts[0].Descendants("text").Select(t => t.Value));
        }
    }

    [Fact]
    public void One_run_and_empty_runs_can_be_shown()
    {
        Assert.Contains("verdict", Render.Console(80, c => ComparisonReport.Write(c, [SampleReports.Empty()])),
            StringComparison.Ordinal);
        string html = Render.Text(w => ComparisonReport.WriteHtml(w, [SampleReports.Empty(), SampleReports.Quiet()]));
        Assert.Contains("no samples", HtmlReportTests.Parse(html).Value, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => ComparisonReport.WriteHtml(TextWriter.Null, []));
    }

    private static string Text(int width) => Render.Console(width, console => ComparisonReport.Write(console, Runs));

    [Theory]
    [InlineData(new[] { 3.2, 1.4, 1.02, 1.0 },
        "knee: max = 60 MiB is the last value with a slowdown within 5 % of the best (1.02); with 56 MiB it is 1.40")]
    [InlineData(new[] { 1.0, 1.01, 1.3, 2.0 },
        "knee: max = 56 MiB is the last value with a slowdown within 5 % of the best (1.01); with 60 MiB it is 1.30")]
    [InlineData(new[] { 1.0, 1.01, 1.02, 1.0 },
        "knee: none; the slowdown stays within 5 % of the best over all values of max")]
    [InlineData(new[] { 2.0, 1.0, 1.5, 2.0 },
        "knee: max has no plateau at either end: the slowdown is lowest at 56 MiB")]
    public void A_comparison_over_the_values_of_a_key_names_the_knee(double[] slowdowns, string sentence)
    {
        string[] labels = ["max=52 MiB", "max=56 MiB", "max=60 MiB", "max=64 MiB"];
        RunReport[] runs = [.. slowdowns.Select(slowdown => SampleReports.Quiet(2) with
        {
            Cgroups = [new CgroupReport { Path = "/", Slowdown = slowdown }],
        })];
        Assert.Equal([sentence], Knee.Sentences(runs, labels));

        // In the order of the values, however they were given.
        Assert.Equal([sentence], Knee.Sentences([.. runs.Reverse()], [.. labels.Reverse()]));
        Assert.Contains(sentence[..30], Render.Console(140, console => ComparisonReport.Write(console, runs, labels)),
            StringComparison.Ordinal);
        Assert.Empty(Knee.Sentences(runs[..2], labels[..2]));
        Assert.Empty(Knee.Sentences(runs, ["a", "b", "c", "d"]));
    }

    [Fact]
    public void A_run_that_was_cut_off_is_neither_better_nor_worse_and_says_so()
    {
        RunReport cut = SampleReports.Quiet() with
        {
            Verdict = Verdict.Inconclusive,
            WorkLeft = 1,
            CutOffNs = 60_000_000_000,
            VirtualTimeNs = 60_000_000_000,
        };
        string text = Render.Console(140,
            console => ComparisonReport.Write(console, [SampleReports.Quiet(), cut], ["whole", "cut"]));
        Assert.Contains("60.0 s, cut off  at least ×30.0", text, StringComparison.Ordinal);
        Assert.Contains("inconclusive", text, StringComparison.Ordinal);
        Assert.Contains("CUT OFF: cut: epc.run.duration cut the run off after 60 s with 1 program still at work", text,
            StringComparison.Ordinal);

        using StringWriter page = new();
        ComparisonReport.WriteHtml(page, [SampleReports.Quiet(), cut], ["whole", "cut"]);
        Assert.Contains("cut off", page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_of_enclaves_are_compared()
    {
        string text = Render.Console(140,
            console => ComparisonReport.Write(console, [Stepped(1.0), Stepped(3.0)], ["one", "other"]));
        Assert.Contains("app: 2 run", text, StringComparison.Ordinal);
        Assert.Matches("slowdown +1.00× +3.00× +worse \\+200.0 %", text);

        static RunReport Stepped(double slowdown) => SampleReports.Quiet(2) with
        {
            Enclaves =
            [
                new EnclaveReport
                {
                    Name = "app",
                    Cgroup = "/",
                    Outcome = EnclaveOutcome.Finished,
                    Steps = [new StepReport { Role = StepRole.Step, Number = 2, Name = "run", TimeNs = 1000, Slowdown =
                        slowdown }],
                },
            ],
        };
    }

    private static string Html() => Render.Text(writer => ComparisonReport.WriteHtml(writer, Runs));
}
