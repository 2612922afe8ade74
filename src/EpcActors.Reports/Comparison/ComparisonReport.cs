using System.Globalization;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>
/// Several runs side by side: kernels, or settings of one kernel. The first run is the base that the others are
/// measured against. Labels are derived from what differs when none are given.
/// </summary>
public static class ComparisonReport
{
    private const int MostCgroupRows = 12;

    /// <summary>Longer names of runs go into a list above the table.</summary>
    private const int LongestHeading = 20;

    private const int LongestGroup = 24;

    /// <summary>
    /// Writes a row per metric and a column per run; where the runs do not fit side by side, the base is repeated in
    /// each table.
    /// </summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<RunReport> runs, IReadOnlyList<string>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count);
        ConsoleText text = new(console);
        labels = RunLabels.Of(runs, labels);
        IReadOnlyList<Metric> metrics = Metrics.Of(runs);
        List<int> others = [.. Enumerable.Range(1, runs.Count - 1)];
        text.Paragraph("", $"{Wording.Counted(runs.Count, "run")}, compared with the first: {labels[0]}",
            style: ConsoleText.Strong);
        IReadOnlyList<string> fullLabels = labels;
        if (labels.Any(l => ConsoleText.CellWidth(l) > LongestHeading))
        {
            labels = [.. labels.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"run {i + 1}"))];
            for (int i = 0; i < runs.Count; i++)
            {
                text.Paragraph($"  {labels[i]}: ", fullLabels[i]);
            }
        }

        do
        {
            int fitting = Math.Max(1, others.Count);
            while (fitting > 1 && Table(metrics, labels, runs, others[..fitting]).NaturalWidth > text.Width - 2)
            {
                fitting--;
            }

            List<int> shown = others[..Math.Min(fitting, others.Count)];
            text.Line();
            Table(metrics, labels, runs, shown).WriteTo(text);
            others.RemoveRange(0, shown.Count);
        }
        while (others.Count > 0);

        text.Line();
        text.Paragraph("", "= equal to the first run, * different; better and worse where less is better");
        foreach (string remark in Remarks(runs, fullLabels))
        {
            text.Paragraph("", remark);
        }

        foreach (int i in Enumerable.Range(0, runs.Count).Where(i => runs[i].Verdict == Verdict.Violation))
        {
            text.Line();
            text.Paragraph("VIOLATION: ", $"{fullLabels[i]}: {Wording.Sentence(runs[i])}", ConsoleText.Bad);
            text.Line(runs[i].ReplayCommand);
        }
    }

    /// <summary>Writes one self-contained page with the charts of all runs on the same axes.</summary>
    public static void WriteHtml(TextWriter writer, IReadOnlyList<RunReport> runs, IReadOnlyList<string>? labels = null)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(runs);
        ArgumentOutOfRangeException.ThrowIfZero(runs.Count);
        labels = RunLabels.Of(runs, labels);
        HtmlWriter html = new(writer);
        HtmlReport.BeginPage(html, $"Comparison · {string.Join(" · ", labels)}");
        WriteHeader(html, runs, labels);
        html.Open("main");
        WriteMetrics(html, runs, labels);
        WriteSwitches(html, runs, labels);
        WriteCharts(html, runs, labels);
        WriteReplay(html, runs, labels);
        html.Close("main");
        HtmlReport.EndPage(html);
    }

    /// <summary>Remarks that the figures do not show by themselves.</summary>
    private static List<string> Remarks(IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        List<string> remarks = [.. Knee.Sentences(runs, labels)];
        if (runs.Any(r => r.Enclaves.Any(e => e.Slowdown is not null)))
        {
            remarks.Add(StepTexts.Footnote);
        }

        for (int i = 0; i < runs.Count; i++)
        {
            if (runs[i].WorkLeft > 0)
            {
                remarks.Add($"CUT OFF: {labels[i]}: {Wording.CutOff(runs[i])}; its figures are of what was done by "
                    + "then");
            }
        }

        return remarks;
    }

    private static TextTable Table(
        IReadOnlyList<Metric> metrics, IReadOnlyList<string> labels, IReadOnlyList<RunReport> runs, List<int> shown)
    {
        List<TextTable.Column> columns = [TextTable.Word(""), TextTable.Figure(labels[0])];
        foreach (int run in shown)
        {
            columns.Add(TextTable.Figure(labels[run]));
            columns.Add(TextTable.Word(""));
        }

        TextTable table = new([.. columns]);
        string group = "";
        foreach (Metric metric in metrics)
        {
            if (metric.Group != group)
            {
                group = metric.Group;
                table.Row(GroupRow(group, columns.Count));
            }

            List<Cell> row = ["  " + metric.Name, metric.Texts[0]];
            foreach (int run in shown)
            {
                Style? style = StyleOf(metric.StandingOf(run));
                row.Add(new Cell(metric.Texts[run], style));
                row.Add(new Cell(Mark(metric, run), style));
            }

            table.Row([.. row]);
        }

        foreach (string name in RunLabels.DifferentSwitches(runs))
        {
            if (group != "switches")
            {
                group = "switches";
                table.Row(GroupRow(group, columns.Count));
            }

            List<Cell> row = ["  " + name, RunLabels.ValueOf(runs[0], name)];
            foreach (int run in shown)
            {
                string value = RunLabels.ValueOf(runs[run], name);
                bool differs = value != RunLabels.ValueOf(runs[0], name);
                row.Add(new Cell(value, differs ? ConsoleText.Warn : (Style?)null));
                row.Add(differs ? "*" : "");
            }

            table.Row([.. row]);
        }

        return table;
    }

    private static Cell[] GroupRow(string group, int columns) =>
    [
        new Cell(ConsoleText.CutMiddle(group, LongestGroup), ConsoleText.Strong),
        .. Enumerable.Repeat(new Cell(""), columns - 1),
    ];

    private static string Mark(Metric metric, int run) => metric.StandingOf(run) switch
    {
        Standing.Same => "=",
        Standing.Different => metric.ChangeOf(run) is { Length: > 0 } change ? change : "*",
        Standing.Better => ("better " + metric.ChangeOf(run)).TrimEnd(),
        Standing.Worse => ("worse " + metric.ChangeOf(run)).TrimEnd(),
    };

    private static Style? StyleOf(Standing standing) => standing switch
    {
        Standing.Same => ConsoleText.Dim,
        Standing.Different => (Style?)null,
        Standing.Better => ConsoleText.Good,
        Standing.Worse => ConsoleText.Bad,
    };

    private static void WriteHeader(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        html.Open("header");
        html.Element("p", string.Join(", ", runs.Select(r => r.Scenario).Distinct()), ("class", "over"));
        string? title = runs.Select(r => r.Title).Distinct().Count() == 1 ? runs[0].Title : null;
        html.Element("h1", string.IsNullOrEmpty(title) ? "Runs compared" : title);
        html.Open("div", ("class", "runs verdicts"));
        for (int i = 0; i < runs.Count; i++)
        {
            html.Open("div", ("class", "verdict " + Wording.Key(runs[i].Verdict)));
            html.Element("span", HtmlReport.VerdictSign(runs[i].Verdict), ("class", "sign"), ("aria-hidden", "true"));
            html.Open("div");
            html.Element("strong", labels[i]);
            html.Element("span", $"{Wording.Title(runs[i].Verdict)}: {Wording.Sentence(runs[i])}.");
            html.Close("div");
            html.Close("div");
        }

        html.Close("div");
        html.Close("header");
    }

    private static void WriteMetrics(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        html.Open("section", ("id", "tables"));
        html.Element("h2", "Figures");
        HtmlTables.Begin(html, $"Changes are against the first run, {labels[0]}",
            ["", .. labels.Select(l => "#" + l)]);
        string group = "";
        foreach (Metric metric in Metrics.Of(runs))
        {
            if (metric.Group != group)
            {
                group = metric.Group;
                html.Open("tr", ("class", "group"));
                html.Element("th", group, ("scope", "colgroup"),
                    ("colspan", Units.Count(runs.Count + 1)));
                html.Close("tr");
            }

            html.Open("tr", ("class", metric.IsSame ? "more" : null));
            html.Element("th", metric.Name, ("scope", "row"));
            for (int i = 0; i < runs.Count; i++)
            {
                html.Open("td", ("class", "n " + ClassOf(metric.StandingOf(i))));
                html.Text(metric.Texts[i]);
                if (metric.ChangeOf(i) is { Length: > 0 } change)
                {
                    html.Element("span", Arrow(metric.StandingOf(i)) + change, ("class", "change"));
                }

                html.Close("td");
            }

            html.Close("tr");
        }

        HtmlTables.End(html);
        foreach (string remark in Remarks(runs, labels))
        {
            html.Element("p", char.ToUpperInvariant(remark[0]) + remark[1..] + ".", ("class", "lead"));
        }

        html.Close("section");
    }

    private static string ClassOf(Standing standing) => standing switch
    {
        Standing.Same => "same",
        Standing.Different => "different",
        Standing.Better => "better",
        Standing.Worse => "worse",
    };

    /// <summary>Colour alone must not carry the meaning.</summary>
    private static string Arrow(Standing standing) => standing switch
    {
        Standing.Same or Standing.Different => "",
        Standing.Better => "better ",
        Standing.Worse => "worse ",
    };

    private static void WriteSwitches(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        IReadOnlyList<string> different = RunLabels.DifferentSwitches(runs);
        if (different.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "switches"));
        HtmlTables.Begin(html, "Switches that differ", ["switch", .. labels]);
        foreach (string name in different)
        {
            html.Open("tr");
            html.Open("th", ("scope", "row"));
            html.Element("code", name);
            html.Close("th");
            foreach (RunReport r in runs)
            {
                html.Open("td", ("class",
                    RunLabels.ValueOf(r, name) == RunLabels.ValueOf(runs[0], name) ? null : "warn"));
                html.Element("code", RunLabels.ValueOf(r, name));
                html.Close("td");
            }

            html.Close("tr");
        }

        HtmlTables.End(html);
        html.Close("section");
    }

    private static void WriteCharts(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        ChartRange range = ChartRange.Of(runs);
        List<CgroupTimeline> cgroups =
        [
            // Kernels without the EPC cgroup charge nothing: a chart of noughts says less than none.
            .. runs.SelectMany(r => r.Timeline.Cgroups).GroupBy(c => c.Path)
                .Where(of => of.Any(c => c.CurrentBytes.Any(bytes => bytes > 0))).Select(of => of.First()),
        ];
        html.Open("section", ("id", "charts"));
        html.Element("h2", $"Over {Wording.TimeName(runs[0])}, all runs on the same axes");
        if (cgroups.Count > MostCgroupRows)
        {
            html.Element("p", $"{Units.Count(cgroups.Count - MostCgroupRows)} of {Units.Count(cgroups.Count)} cgroups "
                + "left out.", ("class", "lead"));
        }

        foreach (CgroupTimeline cgroup in cgroups.Take(MostCgroupRows))
        {
            Row(html, runs, labels, "Usage of " + cgroup.Path, r =>
                r.Timeline.Cgroups.FirstOrDefault(c => c.Path == cgroup.Path) is { } own
                    ? RunCharts.Usage(r, own, range, isSmall: runs.Count > 2)
                    : null);
        }

        Row(html, runs, labels, "Free EPC pages", r => RunCharts.Free(r, range));
        Row(html, runs, labels, "Fault latency", r => RunCharts.Latency(r, range));
        foreach ((string name, int index) in RunCharts.RateSeries(runs[0].Timeline).Select((s, i) => (s.Name, i)))
        {
            Row(html, runs, labels, char.ToUpperInvariant(name[0]) + name[1..],
                r => RunCharts.Rates(r, range).ElementAt(index));
        }

        html.Close("section");
    }

    private static void Row(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels, string title,
        Func<RunReport, TimeChart?> chart)
    {
        html.Element("h3", title);
        html.Open("div", ("class", "runs"), ("style", Columns(runs.Count)));
        for (int i = 0; i < runs.Count; i++)
        {
            bool hasSamples = runs[i].Timeline.AtNs.Count > 0;
            TimeChart? own = hasSamples ? chart(runs[i]) : null;
            if (own is null)
            {
                html.Element("p", $"{labels[i]}: {(hasSamples ? "not in this run" : "no samples")}.",
                    ("class", "lead"));
            }
            else
            {
                (own with { Title = labels[i], Width = runs.Count > 2 ? 380 : own.Width }).WriteTo(html);
            }
        }

        html.Close("div");
    }

    private static void WriteReplay(HtmlWriter html, IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        html.Open("section", ("id", "replay"));
        html.Element("h2", "How to repeat these runs");
        for (int i = 0; i < runs.Count; i++)
        {
            html.Element("p", runs[i].Live is null ? $"{labels[i]} (trace {runs[i].TraceHash}):" : $"{labels[i]}:");
            html.Open("pre", ("class", "command"));
            html.Element("code", runs[i].ReplayCommand);
            html.Close("pre");
        }

        html.Close("section");
    }

    private static string Columns(int runs) =>
        "grid-template-columns:repeat(" + Units.Count(Math.Min(runs, 4)) + ",minmax(240px,1fr))";
}
