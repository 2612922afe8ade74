using EpcActors.Results;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Reports;

/// <summary>
/// A run as plain text for a terminal, a pipe or a mail. The verdict comes last, where the eye is when a run ends,
/// and on a violation the very last line is the command that repeats it.
/// </summary>
public static class ConsoleReport
{
    /// <summary>
    /// From this many columns on, sizes are followed by the exact bytes that the misc files would show.
    /// </summary>
    private const int WideColumns = 110;

    private const int MostEnclaves = 24;

    private const int MostActivities = 16;

    private const int MostPairs = 12;

    /// <summary>Writes the whole report, no line wider than the console except the replay command.</summary>
    public static void Write(IAnsiConsole console, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        ConsoleText text = new(console);
        WriteHeader(text, report);
        ClusterText.Write(text, report);
        WriteCgroups(text, report);
        WriteNodes(text, report);
        WriteEnclaves(text, report);
        StepTexts.WriteText(text, report);
        WriteVirtualEpcs(text, report);
        WhyTexts.WriteText(text, report);
        WriteMemoryCgroups(text, report);
        WriteMessages(text, report);
        WriteProfile(text, report);
        WriteExpectations(text, report);
        WriteNotes(text, report);
        WriteViolations(text, report);
        WriteVerdict(text, report);
    }

    private static void WriteHeader(ConsoleText text, RunReport r)
    {
        text.Paragraph("scenario  ", r.Title.Length == 0 ? r.Scenario : $"{r.Scenario}: {r.Title}", ConsoleText.Dim,
            ConsoleText.Strong);
        string overridden =
            string.Join(", ", r.Switches.Where(s => s.IsOverridden).Select(s => $"{s.Name} = {s.Value}"));
        text.Paragraph("kernel    ", overridden.Length == 0 ? r.Kernel : $"{r.Kernel} with {overridden}",
            ConsoleText.Dim);
        if (r.Live is { } live)
        {
            WriteLiveHeader(text, r, live);
            return;
        }

        text.Paragraph("engine    ", $"{r.Engine}, seed {r.Seed}, trace {r.TraceHash}", ConsoleText.Dim);
        string wall = Units.Duration((long)(r.WallTimeMs * 1e6));
        text.Paragraph("time      ",
            $"{Units.Duration(r.VirtualTimeNs)} virtual in {wall} of host time, {Wording.Counted(r.Steps, "step")}",
            ConsoleText.Dim);
    }

    private static void WriteLiveHeader(ConsoleText text, RunReport r, LiveReport live)
    {
        text.Paragraph(
            "engine    ",
            $"{r.Engine} (live, {Wording.Counted(live.Workers, "worker")}), seed {r.Seed} for workloads only",
            ConsoleText.Dim);
        text.Paragraph(
            "time      ",
            $"{Units.Duration(r.VirtualTimeNs)} elapsed, {Wording.Counted(r.Steps, "message")} handled, "
                + $"{Units.SiPrefixed(live.MessagesPerSecond)} a second",
            ConsoleText.Dim);
        text.Paragraph(
            "actors    ",
            $"{Wording.Counted(live.Resources, "resource")}, {Wording.Counted(live.Tasks, "task")}",
            ConsoleText.Dim);
        text.Paragraph(
            "audits    ",
            live.Cuts == 0
                ? Wording.Audits(live)
                : $"{Units.Count(live.Cuts)} {Wording.Audits(live)}; and one at the end",
            ConsoleText.Dim);
    }

    private static void WriteCgroups(ConsoleText text, RunReport r)
    {
        if (r.Cgroups.Count == 0)
        {
            return;
        }

        bool isWide = text.Width >= WideColumns;
        IReadOnlyList<string> labels = CgroupTree.Labels(r.Cgroups);
        text.Heading("EPC of each cgroup (misc.max, misc.current, misc.peak, misc.events)");
        bool hasStock = r.Cgroups.Any(c => c.StockBytes is not null);
        TextTable usage = new(
        [
            TextTable.Name("cgroup"), TextTable.Figure("max"), TextTable.Figure("current"),
            .. hasStock ? [TextTable.Figure("in stock")] : (ReadOnlySpan<TextTable.Column>)[],
            TextTable.Figure("peak"), TextTable.Figure("events"), TextTable.Figure("events.local"),
        ]);
        TextTable paging = new(TextTable.Name("cgroup"), TextTable.Figure("faults"), TextTable.Figure("retries"),
            TextTable.Figure("evictions"), TextTable.Figure("reloads"), TextTable.Figure("p50"),
            TextTable.Figure("p99"), TextTable.Figure("slowdown"));
        for (int i = 0; i < r.Cgroups.Count; i++)
        {
            CgroupReport c = r.Cgroups[i];
            Style? atLimit = c.Events > 0 ? ConsoleText.Warn : (Style?)null;
            usage.Row([
                labels[i],
                c.MaxBytes is { } max && isWide ? Size(max, isWide) : Units.Limit(c.MaxBytes),
                Size(c.CurrentBytes, isWide),
                .. hasStock ? [Size(c.StockBytes ?? 0, isWide)] : (ReadOnlySpan<Cell>)[],
                Size(c.PeakBytes, isWide), new Cell(Units.Count(c.Events), atLimit), Units.Count(c.EventsLocal),
            ]);
            paging.Row(labels[i], Units.Count(c.Faults), Units.Count(c.FaultRetries), Units.Count(c.Evictions),
                Units.Count(c.Reloads), Units.Latency(c.FaultLatency.P50Ns, c.FaultLatency.Count),
                Units.Latency(c.FaultLatency.P99Ns, c.FaultLatency.Count), Units.Slowdown(c.Slowdown));
        }

        usage.WriteTo(text);
        if (hasStock)
        {
            text.Line(
                "  in stock: taken in advance by processes (epc.cluster.charge-batch) and not used; a part of current",
                ConsoleText.Dim);
        }

        text.Heading("Paging of each cgroup and below");
        paging.WriteTo(text);
    }

    private static void WriteNodes(ConsoleText text, RunReport r)
    {
        if (r.Nodes.Count == 0)
        {
            return;
        }

        text.Heading("NUMA nodes");
        TextTable table = new(TextTable.Figure("node"), TextTable.Figure("cpus"), TextTable.Figure("capacity"),
            TextTable.Figure("pages"), TextTable.Figure("free"), TextTable.Figure("poisoned"),
            TextTable.Figure("allocations"), TextTable.Figure("remote"));
        foreach (NodeReport n in r.Nodes)
        {
            string remote = n.Allocations == 0 ? "-" : Units.Percent((double)n.RemoteAllocations / n.Allocations);
            Style? poisoned = n.PoisonedPages > 0 ? ConsoleText.Warn : (Style?)null;
            table.Row(Units.Count(n.Id), Units.Count(n.Cpus), Units.Bytes(n.CapacityPages * Units.PageBytes),
                Units.Count(n.CapacityPages), Units.Count(n.FreePages),
                new Cell(Units.Count(n.PoisonedPages), poisoned), Units.Count(n.Allocations), remote);
        }

        table.WriteTo(text);
        bool agrees = r.Nodes.Sum(n => n.FreePages) == r.FreePageCounter;
        text.Paragraph("  ", Wording.CounterAgainstLists(r), style: agrees ? (Style?)null : ConsoleText.Bad);
    }

    private static void WriteEnclaves(ConsoleText text, RunReport r)
    {
        if (r.Enclaves.Count == 0)
        {
            return;
        }

        EnclaveCut cut = EnclaveCut.Of(r.Enclaves, MostEnclaves);
        bool isWide = text.Width >= WideColumns;
        text.Heading("Enclaves (pages)");
        List<TextTable.Column> columns =
        [
            TextTable.Name("enclave"), TextTable.Name("cgroup"), TextTable.Word("outcome"), TextTable.Figure("faults"),
            TextTable.Figure("resident"), TextTable.Figure("swapped"), TextTable.Figure("VA"),
            TextTable.Figure("slowdown"),
        ];
        if (isWide)
        {
            columns.Add(TextTable.Prose("detail"));
        }

        TextTable table = new([.. columns]);
        foreach (EnclaveReport e in cut.Shown)
        {
            List<Cell> row =
            [
                e.Name, e.Cgroup, new Cell(Wording.Outcome(e), StyleOf(e)), Units.Count(e.Faults),
                Units.Count(e.ResidentPages), Units.Count(e.SwappedPages), Units.Count(e.VaPages),
                Units.Slowdown(e.Slowdown),
            ];
            if (isWide)
            {
                row.Add(e.Detail);
            }

            table.Row([.. row]);
        }

        table.WriteTo(text);
        if (cut.LeftOutCount > 0)
        {
            text.Line($"  {Units.Count(cut.LeftOutCount)} of {Units.Count(r.Enclaves.Count)} enclaves left out:");
            foreach (EnclaveGroup g in cut.LeftOut)
            {
                text.Paragraph("    ", $"{Units.Count(g.Count)} {Wording.Key(g.Outcome)} in {g.Cgroup}: "
                    + $"{Wording.Counted(g.Faults, "fault")}, {Units.Count(g.ResidentPages)} resident, "
                    + $"{Units.Count(g.SwappedPages)} swapped");
            }
        }

        if (!isWide)
        {
            // Too narrow for a column of prose: what went wrong is told below.
            foreach (EnclaveReport e in cut.Shown.Where(e => e.Detail.Length > 0))
            {
                text.Paragraph("  - ", $"{e.Name}: {e.Detail}");
            }
        }
    }

    private static void WriteVirtualEpcs(ConsoleText text, RunReport r)
    {
        if (r.VirtualEpcs.Count == 0)
        {
            return;
        }

        text.Heading("Virtual EPC of guests");
        TextTable table = new(TextTable.Name("guest"), TextTable.Name("cgroup"), TextTable.Word("outcome"),
            TextTable.Figure("pages"), TextTable.Figure("faults"), TextTable.Prose("detail"));
        foreach (VirtualEpcReport v in r.VirtualEpcs)
        {
            table.Row(v.Name, v.Cgroup, new Cell(Wording.Key(v.Outcome), StyleOf(v.Outcome)), Units.Count(v.Pages),
                Units.Count(v.Faults), v.Detail);
        }

        table.WriteTo(text);
    }

    private static void WriteMemoryCgroups(ConsoleText text, RunReport r)
    {
        if (r.MemoryCgroups.Count == 0)
        {
            return;
        }

        bool isWide = text.Width >= WideColumns;
        text.Heading("Backing store of swapped pages (memory.max, memory.current, memory.peak)");
        TextTable table = new(TextTable.Name("memory cgroup"), TextTable.Figure("max"), TextTable.Figure("current"),
            TextTable.Figure("peak"), TextTable.Figure("OOM kills"));
        foreach (MemoryCgroupReport m in r.MemoryCgroups)
        {
            table.Row(
                m.Path,
                m.MaxBytes is { } max ? Size(max, isWide) : "max",
                Size(m.CurrentBytes, isWide),
                Size(m.PeakBytes, isWide),
                new Cell(Units.Count(m.OomKills), m.OomKills > 0 ? ConsoleText.Bad : (Style?)null));
        }

        table.WriteTo(text);
    }

    private static void WriteMessages(ConsoleText text, RunReport r)
    {
        if (r.Messages.Count == 0)
        {
            return;
        }

        text.Heading("Messages by kind");
        TextTable kinds = new(TextTable.Name("kind"), TextTable.Figure("messages"), TextTable.Figure("share"));
        foreach ((string kind, long count) in MessageSums.ByKind(r))
        {
            kinds.Row(kind, Units.Count(count), MessageSums.Share(r, count));
        }

        kinds.WriteTo(text);
        text.Heading("Messages by kinds of the actors that ask and are asked");
        IReadOnlyList<(string Asker, string Resource, long Count)> sums = MessageSums.ByPair(r);
        TextTable pairs = new(TextTable.Name("asker"), TextTable.Name("asked"), TextTable.Figure("messages"),
            TextTable.Figure("share"));
        foreach ((string asker, string resource, long count) in sums.Take(MostPairs))
        {
            pairs.Row(asker, resource, Units.Count(count), MessageSums.Share(r, count));
        }

        if (sums.Count > MostPairs)
        {
            long rest = sums.Skip(MostPairs).Sum(sum => sum.Count);
            pairs.Row($"{Units.Count(sums.Count - MostPairs)} more", "", Units.Count(rest), MessageSums.Share(r, rest));
        }

        pairs.WriteTo(text);
    }

    private static void WriteProfile(ConsoleText text, RunReport r)
    {
        if (r.Profile.Count > 0)
        {
            text.Heading("Where CPU time went");
            TextTable table = new(TextTable.Figure("share"), TextTable.Figure("time"), TextTable.Figure("count"),
                TextTable.Name("activity"));
            foreach (ActivityReport a in r.Profile.Take(MostActivities))
            {
                table.Row(Units.Percent(a.Share), Units.Duration(a.TimeNs), Units.Count(a.Count), a.Activity);
            }

            List<ActivityReport> rest = [.. r.Profile.Skip(MostActivities)];
            if (rest.Count > 0)
            {
                table.Row(Units.Percent(rest.Sum(a => a.Share)), Units.Duration(rest.Sum(a => a.TimeNs)),
                    Units.Count(rest.Sum(a => a.Count)), $"{Units.Count(rest.Count)} more");
            }

            table.WriteTo(text);
        }

        text.Line();
        text.Paragraph("ksgxd     ", Wording.Ksgxd(r.Ksgxd), ConsoleText.Dim);
        if (r.FaultLatency.Count > 0)
        {
            LatencyReport l = r.FaultLatency;
            text.Paragraph("faults    ", $"{Units.Count(l.Count)}: p50 {Units.Duration(l.P50Ns)}, p90 "
                + $"{Units.Duration(l.P90Ns)}, p99 {Units.Duration(l.P99Ns)}, p99.9 {Units.Duration(l.P999Ns)}, max "
                + Units.Duration(l.MaxNs), ConsoleText.Dim);
        }
    }

    private static void WriteExpectations(ConsoleText text, RunReport r)
    {
        if (r.Expectations.Count == 0)
        {
            return;
        }

        text.Heading("Expected by the scenario");
        foreach (ExpectationReport e in r.Expectations)
        {
            string found = Wording.Found(e);
            text.Paragraph($"  {Wording.Sign(e)} ", found.Length == 0 ? e.Text : $"{e.Text} ({found})",
                e.IsMet ? ConsoleText.Good : e.IsUnmet ? ConsoleText.Bad : ConsoleText.Dim);
        }
    }

    private static void WriteNotes(ConsoleText text, RunReport r)
    {
        if (r.Notes.Count == 0)
        {
            return;
        }

        text.Heading("Notes");
        foreach (string note in r.Notes)
        {
            text.Paragraph("  - ", note);
        }
    }

    private static void WriteViolations(ConsoleText text, RunReport r)
    {
        if (r.Violations.Count == 0)
        {
            return;
        }

        text.Heading("Violations");
        foreach (ViolationReport v in r.Violations)
        {
            text.Line($"  {v.Rule} at {Units.Duration(v.AtNs)}", ConsoleText.Bad);
            foreach (string line in v.Detail.Split('\n'))
            {
                text.Paragraph("      ", line.TrimEnd('\r'));
            }
        }
    }

    private static void WriteVerdict(ConsoleText text, RunReport r)
    {
        Style style = r.Verdict switch
        {
            Verdict.Pass => ConsoleText.Good,
            Verdict.Violation => ConsoleText.Bad,
            Verdict.Inconclusive => ConsoleText.Warn,
        };
        text.Line();
        text.Paragraph(Wording.Title(r.Verdict) + ": ", Wording.Sentence(r), style);
        if (r.Verdict == Verdict.Violation)
        {
            if (r.Live is not null)
            {
                text.Paragraph("", Wording.CannotBeRepeated, ConsoleText.Dim);
            }

            text.Line([new Segment(ConsoleText.Visible(r.ReplayCommand))]);
        }
    }

    private static Style? StyleOf(EnclaveReport enclave) =>
        enclave.IsCutOff ? ConsoleText.Warn : StyleOf(enclave.Outcome);

    private static Style? StyleOf(EnclaveOutcome outcome) => Wording.IsBad(outcome) ? ConsoleText.Bad : (Style?)null;

    private static string Size(long bytes, bool withExactBytes) =>
        withExactBytes ? $"{Units.Bytes(bytes)} {bytes.ToString(System.Globalization.CultureInfo.InvariantCulture),12}"
            : Units.Bytes(bytes);
}
