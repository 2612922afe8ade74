using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// report.html: the run in one file that can be mailed. It asks nothing of the network, reads without a script,
/// prints, and is the same byte for byte for the same run, but for the host time in the footer.
/// </summary>
public static class HtmlReport
{
    /// <summary>More panels than this tell less, not more.</summary>
    private const int MostCgroupCharts = 24;

    private const int MostMarksListed = 12;

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer, RunReport report) => Write(writer, report, linksResources: false);

    /// <summary>Writes the page for a place that has <c>report.css</c> and <c>report.js</c> beside it, and may allow
    /// nothing inline.</summary>
    public static void WriteLinked(TextWriter writer, RunReport report) => Write(writer, report, linksResources: true);

    private static void Write(TextWriter writer, RunReport report, bool linksResources)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        HtmlWriter html = new(writer) { LinksResources = linksResources };
        BeginPage(html, $"{Wording.Title(report.Verdict)} · {report.Scenario} · {report.Kernel}");
        WriteHeader(html, report);
        html.Open("main");
        WriteViolations(html, report);
        WriteExpectations(html, report);
        WhyTexts.WriteHtml(html, report);
        WriteNotes(html, report);
        WriteTiles(html, report);
        WriteCharts(html, report);
        WriteTables(html, report);
        WriteReplay(html, report);
        html.Close("main");
        html.Open("footer");
        html.Element("p", $"EpcActors. Host time of the run: {Units.Duration((long)(report.WallTimeMs * 1e6))}.");
        html.Close("footer");
        EndPage(html);
    }

    internal static void BeginPage(HtmlWriter html, string title)
    {
        html.Doctype();
        html.Open("html", ("lang", "en"));
        html.Open("head");
        html.Empty("meta", ("charset", "utf-8"));
        html.Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Empty("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Element("title", title);
        html.Resource("style", "report.css");
        html.Close("head");
        html.Open("body");
    }

    internal static void EndPage(HtmlWriter html)
    {
        html.Resource("script", "report.js");
        html.Close("body");
        html.Close("html");
    }

    internal static string VerdictSign(Verdict verdict) => verdict switch
    {
        Verdict.Pass => "✓",
        Verdict.Violation => "✗",
        Verdict.Inconclusive => "?",
    };

    private static void WriteHeader(HtmlWriter html, RunReport r)
    {
        html.Open("header");
        html.Element("p", r.Scenario, ("class", "over"));
        html.Element("h1", r.Title.Length == 0 ? r.Scenario : r.Title);
        html.Open("div", ("class", "verdict " + Wording.Key(r.Verdict)), ("role", "status"));
        html.Element("span", VerdictSign(r.Verdict), ("class", "sign"), ("aria-hidden", "true"));
        html.Open("div");
        html.Element("strong", Wording.Title(r.Verdict));
        html.Element("span", FirstUpper(Wording.Sentence(r)) + ".");
        html.Close("div");
        html.Close("div");
        if (r.Description.Length > 0)
        {
            html.Element("p", r.Description, ("class", "lead"));
        }

        html.Open("dl", ("class", "facts"));
        Fact(html, "kernel", r.Kernel);
        Fact(html, "engine", r.Engine);
        Fact(html, "seed", r.Seed.ToString(CultureInfo.InvariantCulture));
        if (r.Live is null)
        {
            Fact(html, "trace", r.TraceHash);
        }

        foreach (SwitchReport s in r.Switches.Where(s => s.IsOverridden))
        {
            Fact(html, s.Name + " ◆", s.Value);
        }

        html.Close("dl");
        html.Close("header");
    }

    private static void Fact(HtmlWriter html, string name, string value)
    {
        html.Open("div");
        html.Element("dt", name);
        html.Element("dd", value);
        html.Close("div");
    }

    private static void WriteViolations(HtmlWriter html, RunReport r)
    {
        if (r.Violations.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "violations"));
        html.Element("h2", "Violations");
        foreach (ViolationReport v in r.Violations)
        {
            html.Open("div", ("class", "violation"));
            html.Open("h3");
            html.Element("code", v.Rule);
            html.Text($" at {Units.Duration(v.AtNs)}");
            html.Close("h3");
            html.Element("p", v.Detail, ("class", "pre"));
            html.Close("div");
        }

        html.Element("p", "To see it again:");
        Command(html, r.ReplayCommand);
        html.Close("section");
    }

    private static void Command(HtmlWriter html, string command)
    {
        html.Open("pre", ("class", "command"));
        html.Element("code", command);
        html.Close("pre");
    }

    private static void WriteExpectations(HtmlWriter html, RunReport r)
    {
        if (r.Expectations.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "expectations"));
        html.Element("h2", "Expected by the scenario");
        html.Open("ul", ("class", "checks"));
        foreach (ExpectationReport e in r.Expectations)
        {
            html.Open("li", ("class", e.IsMet ? "met" : e.IsUnmet ? "unmet" : null));
            html.Element(
                "span", Wording.Sign(e), ("class", "sign"),
                    ("aria-label", e.IsMet ? "met" : e.IsUnmet ? "not met" : "not judged"));
            html.Open("span");
            html.Text(e.Text);
            if (Wording.Found(e) is { Length: > 0 } found)
            {
                html.Element("span", found, ("class", "found"));
            }

            html.Close("span");
            html.Close("li");
        }

        html.Close("ul");
        html.Close("section");
    }

    private static void WriteNotes(HtmlWriter html, RunReport r)
    {
        if (r.Notes.Count == 0)
        {
            return;
        }

        html.Open("section", ("id", "notes"));
        html.Element("h2", "Notes");
        html.Open("ul");
        foreach (string note in r.Notes)
        {
            html.Element("li", note);
        }

        html.Close("ul");
        html.Close("section");
    }

    private static void WriteTiles(HtmlWriter html, RunReport r)
    {
        CgroupReport? root = r.Cgroups.FirstOrDefault(c => c.Path == "/");
        long free = r.Nodes.Sum(n => n.FreePages);
        html.Open("dl", ("class", "tiles"));
        Tile(html, Wording.TimeName(r), Units.Duration(r.VirtualTimeNs), r.Live is { } live
            ? $"{Wording.Counted(r.Steps, "step")}, {Units.SiPrefixed(live.MessagesPerSecond)} a second"
            : Wording.Counted(r.Steps, "step"));
        Tile(html, "EPC", Units.BytesShort(r.Nodes.Sum(n => n.CapacityPages) * Units.PageBytes),
            $"{Wording.Counted(r.Nodes.Count, "node")}, {Wording.Counted(free, "page")} free");
        if (root is not null)
        {
            Tile(html, "faults", Units.Count(root.Faults), root.Accesses == 0
                ? Wording.Retries(root.FaultRetries)
                : $"{Units.Percent((double)root.Faults / root.Accesses)} of accesses, "
                    + Wording.Retries(root.FaultRetries));
            Tile(html, "evictions", Units.Count(root.Evictions), $"{Units.Count(root.Reloads)} loaded back");
        }

        if (r.FaultLatency.Count > 0)
        {
            Tile(html, "fault latency p99", Units.Duration(r.FaultLatency.P99Ns),
                $"p50 {Units.Duration(r.FaultLatency.P50Ns)}, max {Units.Duration(r.FaultLatency.MaxNs)}");
        }

        if (r.Live is { } watched)
        {
            Tile(html, "audits while it ran", Units.Count(watched.Cuts), Wording.Audits(watched));
        }

        Tile(
            html,
            "ksgxd",
            r.Ksgxd.BusyShare is { } busy ? Units.Percent(busy) + " busy" : Wording.Counted(r.Ksgxd.Wakeups, "wake-up"),
            $"{Wording.Counted(r.Ksgxd.Wakeups, "wake-up")}, {Wording.Counted(r.Ksgxd.PagesReclaimed, "page")} "
                + "reclaimed");
        long drift = r.FreePageCounter - free;
        string against = drift.ToString("+0;-0", CultureInfo.InvariantCulture) + " against the free lists";
        Tile(html, "sgx_nr_free_pages", Units.Count(r.FreePageCounter), drift == 0 ? "equals the free lists" : against,
            drift == 0 ? null : "bad");
        html.Close("dl");
    }

    private static void Tile(HtmlWriter html, string name, string value, string sub, string? extraClass = null)
    {
        html.Open("div", ("class", extraClass));
        html.Element("dt", name);
        html.Element("dd", value, ("class", "value"));
        html.Element("dd", sub, ("class", "sub"));
        html.Close("div");
    }

    private static void WriteCharts(HtmlWriter html, RunReport r)
    {
        Timeline t = r.Timeline;
        html.Open("section", ("id", "charts"));
        html.Element("h2", $"Over {Wording.TimeName(r)}");
        ChartRange range = ChartRange.Of([r]);
        if (t.AtNs.Count == 0)
        {
            html.Element("p", "There is no sample: the run ended before the first one.", ("class", "lead"));
        }
        else
        {
            WriteMarks(html, t.Marks);
            WriteUsage(html, r, range);
            html.Open("div", ("class", "charts"));
            RunCharts.Free(r, range).WriteTo(html);
            RunCharts.Latency(r, range).WriteTo(html);
            html.Close("div");
            html.Element("h3", "Paging of the whole machine");
            html.Open("div", ("class", "charts"));
            foreach (TimeChart chart in RunCharts.Rates(r, range))
            {
                chart.WriteTo(html);
            }

            html.Close("div");
        }

        if (r.FaultLatency.Buckets.Count > 0)
        {
            html.Element("h3", "Fault latency over the whole run");
            html.Open("div", ("class", "charts"));
            LatencyCharts.WriteQuantiles(html, r.FaultLatency, range.LatencyMin, range.LatencyMax);
            LatencyCharts.WriteHistogram(html, r.FaultLatency);
            html.Close("div");
        }

        if (r.Enclaves.Count > 0)
        {
            LifeChart.WriteTo(html, r, range.EndNs);
        }

        html.Close("section");
    }

    private static void WriteUsage(HtmlWriter html, RunReport r, ChartRange range)
    {
        IReadOnlyList<CgroupTimeline> all = r.Timeline.Cgroups;
        if (!all.Any(c => c.CurrentBytes.Any(bytes => bytes > 0)))
        {
            return; // nothing was charged, as on kernels without the EPC cgroup
        }

        Dictionary<string, long> events = [];
        foreach (CgroupReport c in r.Cgroups)
        {
            events[c.Path] = c.Events;
        }

        HashSet<int> kept = [.. Enumerable.Range(0, all.Count)
            .OrderByDescending(i => events.GetValueOrDefault(all[i].Path))
            .ThenByDescending(i => range.CgroupBytes.GetValueOrDefault(all[i].Path))
            .Take(MostCgroupCharts)];
        html.Element("h3", "Usage of each cgroup against its limit (misc.current, misc.max, misc.peak)");
        if (kept.Count < all.Count)
        {
            html.Element("p", Wording.LeftOut(all.Count - kept.Count, all.Count, "cgroup") + ": "
                + "shown are those with the most events, then those with the highest usage.", ("class", "lead"));
        }

        bool isSmall = kept.Count > RunCharts.FewCharts;
        html.Open("div", ("class", isSmall ? "charts small" : "charts"));
        for (int i = 0; i < all.Count; i++)
        {
            if (kept.Contains(i))
            {
                TimeChart chart = RunCharts.Usage(r, all[i], range, isSmall);
                (kept.Count == 1 ? chart with { IsWide = true, Width = 1160 } : chart).WriteTo(html);
            }
        }

        html.Close("div");
    }

    private static void WriteMarks(HtmlWriter html, IReadOnlyList<TimelineMark> marks)
    {
        if (marks.Count == 0)
        {
            return;
        }

        bool isLong = marks.Count > MostMarksListed;
        if (isLong)
        {
            html.Open("details", ("class", "marks"));
            html.Element("summary", $"{Units.Count(marks.Count)} events of the script, marked in the charts");
        }

        html.Open("ol", ("class", "marks"));
        foreach (TimelineMark mark in marks)
        {
            html.Open("li");
            html.Element("span", Units.Duration(mark.AtNs), ("class", "at"));
            html.Text(" " + mark.Text);
            html.Close("li");
        }

        html.Close("ol");
        if (isLong)
        {
            html.Close("details");
        }
    }

    private static void WriteTables(HtmlWriter html, RunReport r)
    {
        html.Open("section", ("id", "tables"));
        html.Element("h2", "Figures");
        ClusterHtml.Write(html, r);
        HtmlTables.WriteProfile(html, r);
        HtmlTables.WriteCgroups(html, r);
        HtmlTables.WriteNodes(html, r);
        HtmlTables.WriteEnclaves(html, r);
        StepTexts.WriteHtml(html, r);
        HtmlTables.WriteGuests(html, r);
        HtmlTables.WriteMemoryCgroups(html, r);
        HtmlTables.WriteMessages(html, r);
        HtmlTables.WriteSwitches(html, r);
        html.Close("section");
    }

    private static void WriteReplay(HtmlWriter html, RunReport r)
    {
        html.Open("section", ("id", "replay"));
        html.Element("h2", "How to repeat this run");
        Command(html, r.ReplayCommand);
        html.Element(
            "p",
            r.Live is not null
                ? Wording.CannotBeRepeated
                : $"The same build gives the same trace hash, {r.TraceHash}; another hash means another run.");
        html.Close("section");
    }

    private static string FirstUpper(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
