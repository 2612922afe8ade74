using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// size.html: the answer in one file that can be mailed. It asks nothing of the network, reads without a script, and is
/// the same byte for byte for the same sizing, but for the host time in the footer.
/// </summary>
public static class SizingPage
{
    /// <summary>More curves than this in one chart tell less, not more.</summary>
    private const int MostCurves = 20;

    /// <summary>Cgroups with a histogram of their own.</summary>
    private const int MostHistograms = 24;

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer, SizingReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        HtmlWriter html = new(writer);
        HtmlReport.BeginPage(html, $"Sizing · {report.Scenario} · {report.Kernel}");
        WriteHeader(html, report);
        html.Open("main");
        WriteTiles(html, report);
        WriteLimits(html, report);
        WriteCurves(html, report);
        WriteTogether(html, report);
        WriteLines(html, report);
        WriteReuse(html, report);
        WriteAbout(html, report);
        WriteReplay(html, report);
        html.Close("main");
        html.Open("footer");
        html.Element("p", $"EpcActors. {Units.Count(report.Simulations)} simulations, "
            + $"{Units.SiPrefixed(report.Steps)} steps. "
            + $"Host time of the sizing: {Units.Duration((long)(report.WallTimeMs * 1e6))}.");
        html.Close("footer");
        html.Element("script", Data(report), ("type", "application/json"), ("id", "curves"));
        html.Resource("script", "size.js");
        html.Close("body");
        html.Close("html");
    }

    private static void WriteHeader(HtmlWriter html, SizingReport r)
    {
        bool isSized = r.Verdict == SizingVerdict.Sized;
        html.Open("header");
        html.Element("p", r.Scenario, ("class", "over"));
        html.Element("h1", r.Title.Length == 0 ? $"Which limit: {r.Scenario}" : r.Title);
        html.Open("div", ("class", "verdict " + (isSized ? "pass" : "violation")), ("role", "status"));
        html.Element("span", isSized ? "✓" : "✗", ("class", "sign"), ("aria-hidden", "true"));
        html.Open("div");
        html.Element("strong", isSized ? "SIZED" : "NOT KEPT");
        string sentence = SizingWords.Sentence(r);
        html.Element("span", char.ToUpperInvariant(sentence[0]) + sentence[1..] + ".");
        html.Close("div");
        html.Close("div");
        html.Open("dl", ("class", "facts"));
        Fact(html, "kernel", r.Kernel);
        Fact(html, "costs", r.Costs);
        Fact(html, "seeds", string.Join(", ", r.Seeds));
        Fact(html, "kept", SizingWords.Aim(r));
        html.Close("dl");
        html.Close("header");
    }

    private static void WriteTiles(HtmlWriter html, SizingReport r)
    {
        html.Open("dl", ("class", "tiles"));
        Tile(html, "EPC of the machine", Units.BytesShort(r.MachinePages * Units.PageBytes),
            Wording.Counted(r.MachinePages, "page"));
        if (r.Together is { } together)
        {
            long left = together.MachinePages - together.SumPages;
            Tile(html, "sum of the limits", Units.BytesShort(together.SumPages * Units.PageBytes),
                together.Fits ? $"{Units.BytesShort(left * Units.PageBytes)} are left"
                    : $"{Units.BytesShort(-left * Units.PageBytes)} too much",
                together.Fits ? null : "bad");
            Tile(html, "RAM behind", Units.BytesShort(together.BackingPages * Units.PageBytes),
                "evicted pages and their PCMD");
            int keeping = together.Rows.Count(row => row.Keeps);
            Tile(html, "keep it together", $"{keeping} of {together.Rows.Count}", "cgroups, all at their limits",
                keeping == together.Rows.Count ? null : "bad");
        }

        long whole = r.Cgroups.Sum(one => one.WholePages);
        Tile(html, "everything resident", Units.BytesShort(whole * Units.PageBytes), "what no limit would take");
        html.Close("dl");
    }

    /// <summary>The head of a row: the path, which may break behind each of its slashes and nowhere else.</summary>
    private static void Path(HtmlWriter html, string path)
    {
        html.Open("th", ("scope", "row"), ("class", "path"));
        string[] parts = path.Split('/');
        for (int i = 0; i < parts.Length; i++)
        {
            html.Text(i < parts.Length - 1 ? parts[i] + "/" : parts[i]);
            if (i < parts.Length - 1)
            {
                html.Empty("wbr");
            }
        }

        html.Close("th");
    }

    private static void WriteLimits(HtmlWriter html, SizingReport r)
    {
        html.Open("section", ("id", "limits"));
        html.Element("h2", "Limits");
        html.Element("p", SizingWords.Legend(r), ("class", "lead"));
        HtmlTables.Begin(html, "The least limits of each cgroup",
        [
            "cgroup", "#max now", "#loads", .. r.Shares.Select(share => "#" + SizingWords.Share(share)),
            .. r.Until.Length > 0 ? ["#until"] : (ReadOnlySpan<string>)[],
            "#knee", "#whole", "#RAM behind", "#fault p50", "#fault p99", "#step p50", "#step p99",
        ]);
        foreach (CgroupSizing one in r.Cgroups)
        {
            html.Open("tr");
            Path(html, one.Path);
            Cell(html, Units.Limit(one.MaxBytes));
            Cell(html, Wording.Counted(one.Least.Pages, "page"));
            foreach (SizeAnswer answer in one.Answers)
            {
                Limit(html, answer, r.Until.Length == 0 && answer.Share == r.ChosenShare);
            }

            if (r.Until.Length > 0)
            {
                Limit(html, one.Chosen ?? new SizeAnswer(), true);
            }

            SizePoint? point = one.Chosen?.Point;
            Cell(html, one.KneePages == 0 ? "-" : Units.Bytes(one.KneePages * Units.PageBytes));
            Cell(html, Units.Bytes(one.WholePages * Units.PageBytes));
            Cell(html, point is null ? "-" : Units.Bytes(point.BackingPages * Units.PageBytes));
            Cell(html, Time(point?.FaultP50Ns));
            Cell(html, Time(point?.FaultP99Ns));
            Cell(html, Time(point?.StepP50Ns));
            Cell(html, Time(point?.StepP99Ns));
            html.Close("tr");
        }

        HtmlTables.End(html);
        html.Close("section");
    }

    private static void WriteCurves(HtmlWriter html, SizingReport r)
    {
        CgroupSizing[] drawn = [.. r.Cgroups.Where(one => one.Points.Count > 0).Take(MostCurves)];
        if (drawn.Length == 0)
        {
            return;
        }

        html.Open("section", ("id", "curves-section"));
        html.Element("h2", "Over the limit");
        html.Element("p", "All cgroups on one axis, first seed. A filled dot is the chosen limit, a ring the knee. "
            + "Drag "
            + "over a part to zoom in, or turn the wheel; a double click or Escape shows all again. Arrow keys move, + "
            + "and - zoom.", ("class", "lead"));
        if (drawn.Length < r.Cgroups.Count)
        {
            html.Element("p", $"{Units.Count(r.Cgroups.Count - drawn.Length)} of {Units.Count(r.Cgroups.Count)} "
                + "cgroups "
                + "left out; size.csv has all.", ("class", "lead"));
        }

        double most = drawn.Max(one => one.Points.Max(point => (double)point.LimitPages));
        SpeedChart(r, drawn, most).WriteTo(html);
        MissChart(r, drawn, most).WriteTo(html);
        html.Close("section");
    }

    private static SizingChart SpeedChart(SizingReport r, CgroupSizing[] drawn, double most) => new()
    {
        Title = "Speed",
        Key = "speed",
        Description = "Share of the speed without a limit, over the limit: "
            + string.Join("; ", drawn.Select(one => $"{one.Path} "
                + (one.Chosen?.LimitPages is { } pages ? $"keeps it from {Units.Pages(pages)} on" : "has no limit"))),
        MostPages = most,
        Series = [.. drawn.Select((one, i) => new LimitSeries(one.Path, i, Speeds(one, r)))],
        Marks = [.. drawn.SelectMany((one, i) => Marks(one, i, r, SizingCurves.Speed))],
        Thresholds = [.. r.Until.Length > 0 ? [] : r.Shares.Where(share => share == r.ChosenShare)
            .Select(share => (share, SizingWords.Share(share)))],
    };

    private static SizingChart MissChart(SizingReport r, CgroupSizing[] drawn, double most)
    {
        double top = drawn.Max(one => SizingCurves.First(one, r.Seeds).Max(point => point.MissRatio));
        return new SizingChart
        {
            Title = "Accesses that load a page back",
            Key = "misses",
            Description = "Share of accesses that miss, over the limit. Behind each curve, faint, what an LRU would "
                + "miss: "
                + string.Join("; ", drawn.Select(one =>
                    $"{one.Path} differs by {Units.Percent(one.MeanLruDifference)} in the mean")),
            MostPages = most,
            MostValue = Math.Max(0.01, Math.Ceiling(top * 20) / 20),
            Series =
            [
                .. drawn.Select((one, i) => new LimitSeries(one.Path, i,
                    [.. SizingCurves.First(one, r.Seeds).Where(point => point.Slowdown is not null)
                        .Select(point => ((double)point.LimitPages, point.MissRatio))])),
                .. drawn.Select((one, i) => new LimitSeries($"{one.Path}, LRU", i,
                    [.. one.Lru.Select(point => ((double)point.LimitPages, point.MissRatio))], IsFaint: true)),
            ],
            Marks = [.. drawn.SelectMany((one, i) => Marks(one, i, r, static point => point.MissRatio))],
        };
    }

    private static IEnumerable<LimitMark> Marks(
        CgroupSizing one, int style, SizingReport r, Func<SizePoint, double> value)
    {
        IReadOnlyList<SizePoint> points = SizingCurves.First(one, r.Seeds);
        if (points.FirstOrDefault(point => point.LimitPages == one.KneePages) is { } knee)
        {
            yield return new LimitMark(one.KneePages, value(knee), style,
                $"{one.Path}: the knee, {Units.Pages(one.KneePages)}", IsChosen: false);
        }

        if (one.Chosen?.LimitPages is { } pages && points.FirstOrDefault(point =>
            point.LimitPages == pages) is { } chosen)
        {
            yield return new LimitMark(pages, value(chosen), style, $"{one.Path}: {Units.Pages(pages)}",
                IsChosen: true);
        }
    }

    private static IReadOnlyList<(double Limit, double Value)> Speeds(CgroupSizing one, SizingReport r) =>
        [.. SizingCurves.First(one, r.Seeds).Select(point => ((double)point.LimitPages, SizingCurves.Speed(point)))];

    private static void WriteTogether(HtmlWriter html, SizingReport r)
    {
        if (r.Together is not { } together)
        {
            return;
        }

        html.Open("section", ("id", "together"));
        html.Element("h2", "Together");
        string sum = SizingWords.Sum(r, together);
        html.Element("p", char.ToUpperInvariant(sum[0]) + sum[1..] + ".");
        HtmlTables.Begin(html, "All cgroups at their limits on this machine, against each without a limit",
            "cgroup", "#limit", "#alone", "#with the others", "keeps it", "slowed by");
        foreach (NeighbourSizing row in together.Rows)
        {
            html.Open("tr");
            Path(html, row.Path);
            Cell(html, Units.Bytes(row.LimitPages * Units.PageBytes));
            Cell(html, SizingWords.Slowdown(row.Alone));
            Cell(html, SizingWords.Slowdown(row.Together), row.Keeps ? null : "bad");
            html.Element("td", row.Keeps ? "yes" : "no", ("class", row.Keeps ? "better" : "bad"));
            html.Element("td", row.Death.Length > 0 ? row.Death : SizingWords.SlowedBy(row), ("class", "prose"));
            html.Close("tr");
        }

        HtmlTables.End(html);
        html.Close("section");
    }

    private static void WriteLines(HtmlWriter html, SizingReport r)
    {
        IReadOnlyList<(string Place, IReadOnlyList<string> Lines)> all = LimitLines.All(r);
        if (all[0].Lines.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "paste"));
        html.Element("h2", "To paste");
        foreach ((string place, IReadOnlyList<string> lines) in all)
        {
            html.Element("h3", place);
            html.Open("pre", ("class", "command"));
            html.Element("code", string.Join('\n', lines));
            html.Close("pre");
        }

        html.Close("section");
    }

    private static void WriteReuse(HtmlWriter html, SizingReport r)
    {
        CgroupSizing[] shown = [.. r.Cgroups.Where(one => one.Reuse.Any(bucket => bucket.Accesses > 0))
            .Take(MostHistograms)];
        if (shown.Length == 0)
        {
            return;
        }

        html.Open("section", ("id", "reuse"));
        html.Element("h2", "How far back pages are touched again");
        html.Element("p", "Distinct pages touched since a page was touched last: a limit below the bulk of it pages, "
            + "one "
            + "above does not.", ("class", "lead"));
        html.Open("div", ("class", "charts small"));
        foreach (CgroupSizing one in shown)
        {
            ReuseChart.Write(html, one);
        }

        html.Close("div");
        html.Close("section");
    }

    private static void WriteAbout(HtmlWriter html, SizingReport r)
    {
        html.Open("section", ("id", "notes"));
        html.Element("h2", "How it was found");
        foreach (CgroupSizing one in r.Cgroups)
        {
            html.Open("details");
            html.Element("summary", one.Path);
            html.Open("ul");
            foreach (string line in SizingWords.About(one, r, isAlone: true))
            {
                html.Element("li", char.ToUpperInvariant(line[0]) + line[1..] + ".");
            }

            html.Close("ul");
            html.Close("details");
        }

        if (r.Notes.Count > 0)
        {
            html.Open("ul");
            foreach (string note in r.Notes)
            {
                html.Element("li", note);
            }

            html.Close("ul");
        }

        html.Close("section");
    }

    private static void WriteReplay(HtmlWriter html, SizingReport r)
    {
        html.Open("section", ("id", "replay"));
        html.Element("h2", "How to repeat it");
        html.Open("pre", ("class", "command"));
        html.Element("code", r.Command);
        html.Close("pre");
        html.Close("section");
    }

    /// <summary>Data for the script, which reads it out at a limit: names and curves.</summary>
    private static string Data(SizingReport r) => JsonSerializer.Serialize(
        r.Cgroups.Take(MostCurves).Where(one => one.Points.Count > 0).Select(one => new
        {
            name = one.Path,
            speed = Speeds(one, r).Select(point => new[] { point.Limit, Math.Round(point.Value, 5) }),
            misses = SizingCurves.First(one, r.Seeds).Where(point => point.Slowdown is not null)
                .Select(point => new[] { point.LimitPages, Math.Round(point.MissRatio, 5) }),
        }));

    private static void Fact(HtmlWriter html, string name, string value)
    {
        html.Open("div");
        html.Element("dt", name);
        html.Element("dd", value);
        html.Close("div");
    }

    private static void Tile(HtmlWriter html, string name, string value, string sub, string? extraClass = null)
    {
        html.Open("div", ("class", extraClass));
        html.Element("dt", name);
        html.Element("dd", value, ("class", "value"));
        html.Element("dd", sub, ("class", "sub"));
        html.Close("div");
    }

    private static void Cell(HtmlWriter html, string text, string? extraClass = null) =>
        html.Element("td", text, ("class", extraClass is null ? "n" : "n " + extraClass));

    private static void Limit(HtmlWriter html, SizeAnswer answer, bool isChosen)
    {
        html.Open("td", ("class", answer.LimitPages is null ? "n bad" : isChosen ? "n better" : "n"));
        html.Text(answer.LimitPages is { } pages ? Units.Bytes(pages * Units.PageBytes) : "none");
        if (answer.LimitPages is { } exact)
        {
            html.Element("span", Wording.Counted(exact, "page"), ("class", "change"));
        }

        html.Close("td");
    }

    private static string Time(long? ns) => ns is null or 0 ? "-" : Units.Duration(ns.Value);
}
