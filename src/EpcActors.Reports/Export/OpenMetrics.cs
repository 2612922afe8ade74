using System.Globalization;
using System.Text;
using EpcActors.Results;
using static EpcActors.Results.MetricFamilies;

namespace EpcActors.Reports;

/// <summary>
/// The metrics of a run in the OpenMetrics text format: of its end, or of this moment while it goes on. The names are
/// those of <see cref="MetricFamilies"/>.
/// </summary>
public static class OpenMetrics
{
    /// <summary>Content type for scrapers.</summary>
    public const string ContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static readonly (string Name, Func<LatencyReport, long> Ns)[] Quantiles =
        [("0.5", l => l.P50Ns), ("0.9", l => l.P90Ns), ("0.99", l => l.P99Ns), ("0.999", l => l.P999Ns)];

    /// <summary>Writes the metric families of a live run as they were read, and the end mark.</summary>
    public static void Write(
        TextWriter writer, IEnumerable<(MetricFamily Family, IReadOnlyList<MetricPoint> Points)> metrics)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(metrics);
        foreach ((MetricFamily family, IReadOnlyList<MetricPoint> points) in metrics)
        {
            Family(writer, family, points);
        }

        writer.Write("# EOF\n");
    }

    /// <summary>Writes all metric families of a finished run and the end mark.</summary>
    public static void Write(TextWriter writer, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        WriteRun(writer, report);
        WriteDriver(writer, report);
        WriteNodes(writer, report);
        WriteCgroups(writer, report);
        WriteMemoryCgroups(writer, report);
        WriteEnclaves(writer, report);
        WriteActivities(writer, report);
        WriteLatencies(writer, report);
        writer.Write("# EOF\n");
    }

    private static void WriteRun(TextWriter writer, RunReport r)
    {
        Family(
            writer,
            Run,
            [
                new MetricPoint(
                    1,
                    [
                        new("scenario", r.Scenario),
                        new("kernel", r.Kernel),
                        new("engine", r.Engine),
                        new("seed", r.Seed.ToString(CultureInfo.InvariantCulture)),
                        new("trace_hash", r.TraceHash),
                        new("verdict", Wording.Key(r.Verdict)),
                    ]),
            ]);
        if (r.Live is { } live)
        {
            One(writer, Elapsed, r.VirtualTimeNs / 1e9);
            One(writer, Cuts, live.Cuts);
            One(writer, CutTime, live.CutMs / 1e3);
            One(writer, LongestCut, live.LongestCutMs / 1e3);
        }
        else
        {
            One(writer, VirtualTime, r.VirtualTimeNs / 1e9);
        }

        One(writer, WallTime, r.WallTimeMs / 1000);
        One(writer, Steps, r.Steps);
        Family(
            writer,
            Messages,
            r.Messages.GroupBy(one => (one.Kind, one.Asker, one.Resource))
                .Select(group => new MetricPoint(
                    group.Sum(one => one.Count),
                    OfMessages(group.Key.Kind, group.Key.Asker, group.Key.Resource))));
        Family(
            writer,
            Violations,
            r.Violations.GroupBy(v => v.Rule).Select(rule => new MetricPoint(rule.Count(), [new("rule", rule.Key)])));
    }

    private static void WriteDriver(TextWriter writer, RunReport r)
    {
        CgroupReport? root = r.Cgroups.FirstOrDefault(c => c.Path == "/");
        One(writer, Sections, r.Nodes.Count);
        One(writer, TotalPages, r.Nodes.Sum(n => n.CapacityPages));
        One(writer, FreePages, r.FreePageCounter);
        One(writer, LowPages, r.Timeline.LowPages);
        One(writer, HighPages, r.Timeline.HighPages);
        One(writer, Enclaves, r.Enclaves.Count(e => e.Outcome is EnclaveOutcome.Running or EnclaveOutcome.Hung));
        One(writer, AllocatedPages, r.Nodes.Sum(n => n.Allocations));
        One(writer, Evicted, root?.Evictions ?? r.Enclaves.Sum(e => e.Evictions));
        One(writer, Reclaimed, r.Reclaim.Pages);
        One(writer, MarkedOld, r.Reclaim.Young);
        One(writer, LoadedBack, root?.Reloads ?? r.Enclaves.Sum(e => e.Reloads));
    }

    private static void WriteNodes(TextWriter writer, RunReport r)
    {
        PerNode(writer, r, NodeCapacity, n => n.CapacityPages);
        PerNode(writer, r, NodeFree, n => n.FreePages);
        PerNode(writer, r, NodePoisoned, n => n.PoisonedPages);
        PerNode(writer, r, NodeAllocations, n => n.Allocations);
        PerNode(writer, r, NodeRemoteAllocations, n => n.RemoteAllocations);
    }

    private static void PerNode(TextWriter writer, RunReport r, MetricFamily family, Func<NodeReport, long> value) =>
        Family(
            writer,
            family,
            r.Nodes.Select(n => new MetricPoint(value(n), [new("node", n.Id.ToString(CultureInfo.InvariantCulture))])));

    private static void WriteCgroups(TextWriter writer, RunReport r)
    {
        PerMisc(writer, r, MiscUsage, c => c.CurrentBytes);
        PerMisc(writer, r, MiscMax, c => c.MaxBytes ?? double.PositiveInfinity);
        PerMisc(writer, r, MiscPeak, c => c.PeakBytes);
        PerMisc(writer, r, MiscEvents, c => c.Events);
        PerMisc(writer, r, MiscEventsLocal, c => c.EventsLocal);
        PerCgroup(writer, r, Faults, c => c.Faults);
        PerCgroup(writer, r, FaultRetries, c => c.FaultRetries);
        PerCgroup(writer, r, Evictions, c => c.Evictions);
        PerCgroup(writer, r, Reloads, c => c.Reloads);
        PerCgroup(writer, r, Accesses, c => c.Accesses);
        PerCgroup(writer, r, Slowdown, c => c.Slowdown);
    }

    private static void PerMisc(
        TextWriter writer,
        RunReport r,
        MetricFamily family,
        Func<CgroupReport, double> value
    ) => Family(writer, family, r.Cgroups.Select(c => new MetricPoint(value(c), OfMisc(c.Path))));

    private static void PerCgroup(
        TextWriter writer,
        RunReport r,
        MetricFamily family,
        Func<CgroupReport, double?> value) =>
        Family(
            writer,
            family,
            r.Cgroups.Where(c => value(c) is not null).Select(c => new MetricPoint(value(c)!.Value, [OfCgroup(c.Path)]))
        );

    private static void WriteMemoryCgroups(TextWriter writer, RunReport r)
    {
        Family(writer, BackingUsage, r.MemoryCgroups.Select(m => new MetricPoint(m.CurrentBytes, [OfCgroup(m.Path)])));
        Family(
            writer,
            BackingMax,
            r.MemoryCgroups.Select(m => new MetricPoint(m.MaxBytes ?? double.PositiveInfinity, [OfCgroup(m.Path)])));
        Family(writer, BackingOomKills, r.MemoryCgroups.Select(m => new MetricPoint(m.OomKills, [OfCgroup(m.Path)])));
    }

    private static void WriteEnclaves(TextWriter writer, RunReport r) =>
        Family(
            writer,
            EnclaveOutcomes,
            Enum.GetValues<EnclaveOutcome>()
                .Select(outcome => new MetricPoint(
                    r.Enclaves.Count(e => e.Outcome == outcome),
                    [new("outcome", Wording.Key(outcome))])));

    private static void WriteActivities(TextWriter writer, RunReport r)
    {
        Family(writer, ActivityTime, r.Profile.GroupBy(a => a.Activity)
            .Select(activity => new MetricPoint(activity.Sum(a => a.TimeNs) / 1e9, [new("activity", activity.Key)])));
        One(writer, IpiWaves, r.Reclaim.IpiWaves);
        One(writer, KsgxdWakeups, r.Ksgxd.Wakeups);
        One(writer, KsgxdPages, r.Ksgxd.PagesReclaimed);
        if (r.Ksgxd.BusyShare is { } share)
        {
            One(writer, KsgxdBusy, share);
        }
    }

    private static void WriteLatencies(TextWriter writer, RunReport r)
    {
        List<MetricPoint> buckets = [];
        long below = 0;
        foreach (LatencyBucket bucket in r.FaultLatency.Buckets)
        {
            below += bucket.Count;
            buckets.Add(new MetricPoint(below, [new("le", Seconds(bucket.UpToNs / 1e9))], "_bucket"));
        }

        buckets.Add(new MetricPoint(Math.Max(below, r.FaultLatency.Count), [new("le", "+Inf")], "_bucket"));
        if (r.FaultLatency.SumNs is { } sum)
        {
            // The format wants the one only together with the other.
            buckets.Add(new MetricPoint(sum / 1e9, [], "_sum"));
            buckets.Add(new MetricPoint(r.FaultLatency.Count, [], "_count"));
        }

        Family(writer, FaultLatency, buckets);
        Family(
            writer,
            CgroupFaultLatency,
            r.Cgroups.Where(c => c.FaultLatency.Count > 0)
                .SelectMany(
                    c => Quantiles,
                    (c, quantile) =>
                        new MetricPoint(
                            quantile.Ns(c.FaultLatency) / 1e9,
                            [OfCgroup(c.Path), new("quantile", quantile.Name)])));
    }

    private static void One(TextWriter writer, MetricFamily family, double value) =>
        Family(writer, family, [new MetricPoint(value)]);

    private static void Family(TextWriter writer, MetricFamily family, IEnumerable<MetricPoint> points)
    {
        string kind = family.Kind switch
        {
            MetricKind.Gauge => "gauge",
            MetricKind.Counter => "counter",
            MetricKind.Unknown => "unknown",
            MetricKind.Info => "info",
            MetricKind.Histogram => "histogram",
            MetricKind.Summary => "summary",
        };
        writer.Write($"# TYPE {family.Name} {kind}\n");

        // A unit must be the end of the name; the driver's names say it otherwise.
        if (family.Unit.Length > 0 && family.Name.EndsWith("_" + family.Unit, StringComparison.Ordinal))
        {
            writer.Write($"# UNIT {family.Name} {family.Unit}\n");
        }

        writer.Write($"# HELP {family.Name} {Escape(family.Help)}\n");
        foreach (MetricPoint point in points)
        {
            writer.Write(family.SampleName);
            writer.Write(point.Suffix);
            for (int i = 0; i < point.Labels.Length; i++)
            {
                writer.Write(i == 0 ? '{' : ',');
                writer.Write(point.Labels[i].Key);
                writer.Write("=\"");
                writer.Write(Escape((string)point.Labels[i].Value!));
                writer.Write('"');
            }

            writer.Write(point.Labels.Length > 0 ? "} " : " ");
            writer.Write(
                family.Unit == "seconds" && point.Suffix is "" or "_sum" ? Seconds(point.Value) : Number(point.Value));
            writer.Write('\n');
        }
    }

    private static string Escape(string value) => value.AsSpan().IndexOfAny('\\', '"', '\n') < 0
        ? value
        : new StringBuilder(value).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").ToString();

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf")
        : Math.Abs(value) < 1L << 53 && value == Math.Truncate(value)
            ? ((long)value).ToString(CultureInfo.InvariantCulture)
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>To the nanosecond, without an exponent.</summary>
    private static string Seconds(double value) =>
        ((decimal)value).ToString("0.0########", CultureInfo.InvariantCulture);
}
