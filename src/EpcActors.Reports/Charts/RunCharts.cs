using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// Range that the axes must cover: one run, or several runs that are to be compared on the same axes.
/// </summary>
internal sealed record ChartRange
{
    public long EndNs { get; private init; }

    public double FreeMin { get; private init; }

    public double FreeMax { get; private init; }

    public double LatencyMin { get; private init; }

    public double LatencyMax { get; private init; }

    public IReadOnlyDictionary<string, double> CgroupBytes { get; private init; } = new Dictionary<string, double>();

    public IReadOnlyDictionary<string, double> Rates { get; private init; } = new Dictionary<string, double>();

    public static ChartRange Of(IReadOnlyList<RunReport> runs)
    {
        Dictionary<string, double> bytes = [];
        Dictionary<string, double> rates = [];
        List<double> latencies = [];
        double freeMin = 0;
        double freeMax = 0;
        long end = 0;
        foreach (RunReport r in runs)
        {
            Timeline t = r.Timeline;
            end = Math.Max(end, Math.Max(r.VirtualTimeNs, t.AtNs.Count > 0 ? t.AtNs[^1] : 0));
            foreach (double v in (double[])[.. RunCharts.FreePages(t), .. t.FreePageCounter])
            {
                freeMin = Math.Min(freeMin, v);
                freeMax = Math.Max(freeMax, v);
            }

            latencies.AddRange([.. t.FaultP50Ns, .. t.FaultP99Ns, .. r.FaultLatency.Buckets.Select(b => b.UpToNs)]);
            foreach (CgroupTimeline c in t.Cgroups)
            {
                bytes[c.Path] = Math.Max(bytes.GetValueOrDefault(c.Path), RunCharts.BytesToShow(c));
            }

            foreach ((string name, IReadOnlyList<long> counts) in RunCharts.RateSeries(t))
            {
                double highest = RunCharts.PerSecond(t, counts).DefaultIfEmpty(0).Max();
                rates[name] = Math.Max(rates.GetValueOrDefault(name), highest);
            }
        }

        latencies.RemoveAll(ns => ns <= 0);
        return new ChartRange
        {
            EndNs = end,
            FreeMin = freeMin,
            FreeMax = freeMax,
            LatencyMin = latencies.Count == 0 ? 1000 : latencies.Min(),
            LatencyMax = latencies.Count == 0 ? 10_000 : latencies.Max(),
            CgroupBytes = bytes,
            Rates = rates,
        };
    }
}

/// <summary>The charts of a run, from its timeline.</summary>
internal static class RunCharts
{
    /// <summary>Up to so many charts of one kind get the full size.</summary>
    public const int FewCharts = 4;

    public static IEnumerable<(string Name, IReadOnlyList<long> Counts)> RateSeries(Timeline t) =>
        [("faults", t.Faults), ("fault retries", t.FaultRetries), ("evictions", t.Evictions), ("reloads", t.Reloads)];

    /// <summary>Usage of one cgroup against its limit.</summary>
    public static TimeChart Usage(RunReport r, CgroupTimeline c, ChartRange range, bool isSmall = false)
    {
        CgroupReport? report = r.Cgroups.FirstOrDefault(g => g.Path == c.Path);
        double[] limits = [.. c.MaxBytes.Select(v => v ?? double.NaN)];
        List<Series> series = [new Series("current", 0, SeriesShape.Area, Numbers(c.CurrentBytes))];
        if (c.PeakBytes.Count > 0)
        {
            series.Add(new Series("peak", 2, SeriesShape.Line, Numbers(c.PeakBytes)));
        }

        // On top: a peak that comes up to the limit must not hide it.
        if (limits.Any(v => !double.IsNaN(v)))
        {
            series.Add(new Series("limit", 1, SeriesShape.Step, limits));
        }

        long peak = c.PeakBytes.Count > 0 ? c.PeakBytes[^1] : c.CurrentBytes.DefaultIfEmpty(0).Max();
        long? limit = report?.MaxBytes;
        string subtitle = $"peak {Units.Bytes(peak)}, limit {(limit is { } l ? Units.BytesShort(l) : "max")}"
            + (report is null ? "" : $", {Wording.Counted(report.Events, "event")}");
        return new TimeChart
        {
            Title = c.Path,
            Subtitle = subtitle,
            Description =
                $"misc.current of {c.Path} over {Units.Duration(range.EndNs)} of {Wording.TimeName(r)}: {subtitle}.",
            AtNs = r.Timeline.AtNs,
            EndNs = range.EndNs,
            Y = Scale.Bytes(range.CgroupBytes.GetValueOrDefault(c.Path), 4),
            Series = series,
            Format = v => Units.Bytes((long)v),
            Marks = r.Timeline.Marks,
            Width = isSmall ? 380 : 560,
            Height = isSmall ? 170 : 200,
        };
    }

    /// <summary>Free pages and the counter against the watermarks.</summary>
    public static TimeChart Free(RunReport r, ChartRange range)
    {
        Timeline t = r.Timeline;
        List<Series> series =
        [
            new Series("free lists", 0, SeriesShape.Area, FreePages(t)),
            new Series("sgx_nr_free_pages", 1, SeriesShape.Line, Numbers(t.FreePageCounter)),
        ];
        if (t.Nodes.Count is > 1 and <= 4)
        {
            int style = 2;
            foreach (NodeTimeline node in t.Nodes)
            {
                series.Add(new Series($"node {node.Id}", style++, SeriesShape.Line, Numbers(node.FreePages)));
            }
        }

        return new TimeChart
        {
            Title = "Free EPC pages",
            Subtitle = "logarithmic scale",
            Description = "Length of the free lists and the kernel's counter against the watermarks. At the end: "
                + Wording.CounterAgainstLists(r) + ".",
            AtNs = t.AtNs,
            EndNs = range.EndNs,
            Y = Scale.SymLog(range.FreeMin, range.FreeMax, Math.Max(t.LowPages / 2.0, 1),
                [new Tick(t.LowPages, Units.Count(t.LowPages)), new Tick(t.HighPages, Units.Count(t.HighPages))]),
            Series = series,
            Thresholds = [new Threshold("HIGH", t.HighPages, false), new Threshold("LOW", t.LowPages, true)],
            Format = v => Units.Count((long)v),
            Marks = t.Marks,
            Height = 260,
        };
    }

    /// <summary>
    /// One small chart per rate: in a steady swap storm the rates are equal and would hide one another.
    /// </summary>
    public static IEnumerable<TimeChart> Rates(RunReport r, ChartRange range)
    {
        Timeline t = r.Timeline;
        foreach ((string name, IReadOnlyList<long> counts) in RateSeries(t))
        {
            double[] rates = PerSecond(t, counts);
            string highest = Units.Rate(rates.DefaultIfEmpty(0).Max());
            string subtitle = $"{Units.Count(counts.Sum())} in all, at most {highest}";
            yield return new TimeChart
            {
                Title = char.ToUpperInvariant(name[0]) + name[1..] + " per second",
                Subtitle = subtitle,
                Description = $"Rate of {name} of the whole machine: {subtitle}.",
                AtNs = t.AtNs,
                EndNs = range.EndNs,
                Y = Scale.Linear(range.Rates.GetValueOrDefault(name), v => Units.SiPrefixed(v) + "/s", 4),
                Series = [new Series(name, 0, SeriesShape.Line, rates)],
                Format = Units.Rate,
                Marks = t.Marks,
                Height = 150,
            };
        }
    }

    /// <summary>Percentiles of the fault latency over time.</summary>
    public static TimeChart Latency(RunReport r, ChartRange range)
    {
        Timeline t = r.Timeline;
        return new TimeChart
        {
            Title = "Fault latency over time",
            Subtitle = "of the faults since the previous sample",
            Description = $"Median and 99th percentile of the fault latency over {Wording.TimeName(r)}.",
            AtNs = t.AtNs,
            EndNs = range.EndNs,
            Y = Scale.LogDuration(range.LatencyMin, range.LatencyMax),
            Series =
            [
                new Series("p50", 0, SeriesShape.Line, Measured(t.FaultP50Ns)),
                new Series("p99", 1, SeriesShape.Line, Measured(t.FaultP99Ns)),
            ],
            Format = v => Units.Duration((long)v),
            Marks = t.Marks,
        };
    }

    /// <summary>True free pages of all nodes.</summary>
    public static double[] FreePages(Timeline t)
    {
        double[] sum = new double[t.Nodes.Count == 0 ? 0 : t.AtNs.Count];
        foreach (NodeTimeline node in t.Nodes)
        {
            for (int i = 0; i < Math.Min(sum.Length, node.FreePages.Count); i++)
            {
                sum[i] += node.FreePages[i];
            }
        }

        return sum;
    }

    /// <summary>Rates from counts per sample; the first sample counts from the start of the run.</summary>
    public static double[] PerSecond(Timeline t, IReadOnlyList<long> counts)
    {
        double[] rates = new double[Math.Min(counts.Count, t.AtNs.Count)];
        for (int i = 0; i < rates.Length; i++)
        {
            long since = t.AtNs[i] - (i == 0 ? 0 : t.AtNs[i - 1]);
            rates[i] = since > 0 ? counts[i] * 1e9 / since : 0;
        }

        return rates;
    }

    /// <summary>
    /// The highest value the axis should hold; a limit far above the usage would press the usage flat.
    /// </summary>
    public static double BytesToShow(CgroupTimeline c)
    {
        double used = c.CurrentBytes.Concat(c.PeakBytes).DefaultIfEmpty(0).Max();
        double limit = c.MaxBytes.Max() ?? -1;
        return limit > used && limit <= Math.Max(used, Units.PageBytes * 16) * 4 ? limit : used;
    }

    private static double[] Measured(IReadOnlyList<long> ns) => [.. ns.Select(v => v > 0 ? v : double.NaN)];

    private static double[] Numbers(IReadOnlyList<long> values) => [.. values.Select(v => (double)v)];
}
