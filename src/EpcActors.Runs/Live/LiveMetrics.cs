using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Live;

/// <summary>
/// The metrics of a run while it goes on, for any thread. Reading adds up what the threads of the run have counted each
/// for itself: it takes no lock that they take and costs them nothing but cache misses. Each figure is read at a moment
/// of its own.
/// </summary>
public sealed class LiveMetrics
{
    private static readonly (string Text, int PerMille)[] Quantiles =
    [
        ("0.5", 500),
        ("0.9", 900),
        ("0.99", 990),
        ("0.999", 999),
    ];

    /// <summary>
    /// Bounds of the page's histogram: powers of two from 1 us to 34 s, since all values are whole nanoseconds one
    /// less.
    /// </summary>
    private const int FirstBoundPower = 10;
    private const int LastBoundPower = 35;

    private static readonly KeyValuePair<string, object?>[] Going = [new("state", "going")];
    private static readonly KeyValuePair<string, object?>[] Waiting = [new("state", "waiting")];

    private readonly Lock _gate = new();
    private readonly LiveRun _run;
    private readonly Scenario _scenario;
    private readonly Topology _topology;
    private readonly RunMetrics _metrics;
    private readonly (MetricFamily Family, Func<IEnumerable<MetricPoint>> Points)[] _families;
    private readonly KeyValuePair<string, object?>[][] _nodes;
    private Verdict? _verdict;
    private bool _isClosed;

    internal LiveMetrics(LiveRun run, Scenario scenario)
    {
        _run = run;
        _scenario = scenario;
        _topology = run.Topology;
        _metrics = run.Metrics;
        _nodes =
        [
            .. _topology.Nodes.Select(one =>
                (KeyValuePair<string, object?>[])[new("node", one.NodeId.ToString(CultureInfo.InvariantCulture))]),
        ];
        _families =
        [
            (MetricFamilies.Run, Info),
            (MetricFamilies.Elapsed, () => One(_run.EndNs / 1e9)),
            (MetricFamilies.Steps, () => One(_run.Steps)),
            (MetricFamilies.Messages, Messages),
            (MetricFamilies.Tasks, TasksByState),
            (MetricFamilies.Cuts, () => One(_run.Audits)),
            (MetricFamilies.CutTime, () => One(_run.AuditsTookNs / 1e9)),
            (MetricFamilies.LongestCut, () => One(_run.LongestAuditNs / 1e9)),
            (MetricFamilies.Violations, Violations),
            (MetricFamilies.Sections, () => One(_topology.Nodes.Count)),
            (MetricFamilies.TotalPages, () => One(_topology.Nodes.Sum(node => (long)node.CapacityPages))),
            (MetricFamilies.FreePages, () => One(_metrics.Counter())),
            (MetricFamilies.LowPages, () => One(KernelConstants.NrLowPages)),
            (MetricFamilies.HighPages, () => One(KernelConstants.NrHighPages)),
            (MetricFamilies.Enclaves, () => One(_topology.Enclaves.Count(enclave => !enclave.Process.HasExited))),
            (MetricFamilies.AllocatedPages, () => One(_metrics.NodeAllocations.Sum())),
            (MetricFamilies.Evicted, () => One(_metrics.Evictions)),
            (MetricFamilies.Reclaimed, () => One(_metrics.Reclaimed)),
            (MetricFamilies.MarkedOld, () => One(_metrics.Young)),
            (MetricFamilies.LoadedBack, () => One(_metrics.Reloads)),
            (MetricFamilies.NodeCapacity, () => PerNode(node => node.CapacityPages)),
            (MetricFamilies.NodeFree, () => PerNode(node => node.FreePages)),
            (MetricFamilies.NodePoisoned, () => PerNode(node => node.PoisonedPages)),
            (MetricFamilies.NodeAllocations, () => PerNode(_metrics.NodeAllocations)),
            (MetricFamilies.NodeRemoteAllocations, () => PerNode(_metrics.NodeRemoteAllocations)),
            (MetricFamilies.MiscUsage, () => PerMisc(cgroup => cgroup.UsageBytes)),
            (MetricFamilies.MiscMax, () => PerMisc(Max)),
            (MetricFamilies.MiscPeak, () => PerMisc(cgroup => _topology.PeakBytesOf(cgroup))),
            (MetricFamilies.MiscEvents, () => PerMisc(cgroup => cgroup.Events)),
            (MetricFamilies.MiscEventsLocal, () => PerMisc(cgroup => cgroup.EventsLocal)),
            (MetricFamilies.Faults, () => PerCgroup(_metrics.FaultsBelow())),
            (MetricFamilies.FaultRetries, () => PerCgroup(_metrics.RetriesBelow())),
            (MetricFamilies.Evictions, () => PerCgroup(_metrics.EvictionsBelow())),
            (MetricFamilies.Reloads, () => PerCgroup(_metrics.ReloadsBelow())),
            (MetricFamilies.BackingUsage, () =>
                PerMemoryCgroup(memory => memory.UsagePages * KernelConstants.PageSize)),
            (MetricFamilies.BackingMax, () =>
                PerMemoryCgroup(memory => memory.Max.BytesOrNull ?? double.PositiveInfinity)),
            (MetricFamilies.BackingOomKills, () => PerMemoryCgroup(memory => memory.OomKills)),
            (MetricFamilies.IpiWaves, () => One(_metrics.IpiWaves)),
            (MetricFamilies.KsgxdWakeups, () => One(_topology.KsgxdWaitQueue.Wakeups)),
            (MetricFamilies.KsgxdPages, () => One(_metrics.KsgxdPages)),
            (MetricFamilies.FaultLatency, Histogram),
            (MetricFamilies.CgroupFaultLatency, Quantile),
        ];
    }

    /// <summary>Metric families of a live run, in the order of the output.</summary>
    public IEnumerable<MetricFamily> Families => _families.Select(one => one.Family);

    /// <summary>Cgroups that are shown, and how many there are (epc.telemetry.most-cgroups).</summary>
    public (int Shown, int All) Cgroups => (Shown().Count(), _topology.Cgroups.Count(one => !one.IsFreed));

    /// <summary>Values of all families at this moment; none once the run is put away.</summary>
    public IReadOnlyList<(MetricFamily Family, IReadOnlyList<MetricPoint> Points)> Read()
    {
        lock (_gate)
        {
            return _isClosed
                ? []
                : [.. _families.Select(one => (one.Family, (IReadOnlyList<MetricPoint>)[.. one.Points()]))];
        }
    }

    /// <summary>Values of one family at this moment; none once the run is put away.</summary>
    internal IReadOnlyList<MetricPoint> Read(int family)
    {
        lock (_gate)
        {
            return _isClosed ? [] : [.. _families[family].Points()];
        }
    }

    internal void Judge(Verdict verdict) => _verdict = verdict;

    /// <summary>Ends the metrics: current readers have finished, and no reader comes after this call.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
        }
    }

    private static MetricPoint[] One(double value) => [new MetricPoint(value)];

    private MetricPoint[] Info() =>
    [
        new MetricPoint(1,
        [
            new("scenario", _scenario.File), new("kernel", _scenario.Kernel), new("engine", _run.EngineName),
            new("seed", _scenario.Seed.ToString(CultureInfo.InvariantCulture)), new("trace_hash", ""),
            new("verdict", _verdict is { } verdict ? LiveSpans.Word(verdict) : "running"),
        ]),
    ];

    private IEnumerable<MetricPoint> Messages() => MessageTotals.Live(_run.Messages)
        .Select(static one => new MetricPoint(one.Count, MetricFamilies.OfMessages(one.Kind, one.Asker, one.Resource)));

    private MetricPoint[] TasksByState()
    {
        int alive = _topology.Tasks.Count(one => one.Task is { HasStarted: true, HasStopped: false });
        int going = Math.Min(_run.GoingTasks, alive);
        return [new MetricPoint(going, Going), new MetricPoint(alive - going, Waiting)];
    }

    private IEnumerable<MetricPoint> Violations() =>
        _run.Oracle.ViolationCount == 0
            ? []
            : _run.Oracle.Violations.Select(one => new MetricPoint(1, [new("rule", one.Rule)]));

    private IEnumerable<MetricPoint> PerNode(Func<NumaNode, long> value) =>
        _topology.Nodes.Select((node, i) => new MetricPoint(value(node), _nodes[i]));

    private IEnumerable<MetricPoint> PerNode(long[] values) =>
        values.Select((value, i) => new MetricPoint(value, _nodes[i]));

    private double Max(Cgroup cgroup) => _topology.MaxOf(cgroup).BytesOrNull ?? double.PositiveInfinity;

    /// <summary>The cgroups that are there now, those closest to the root: a mount makes and removes them.</summary>
    private IEnumerable<int> Shown() => Enumerable.Range(0, _topology.Cgroups.Count)
        .Where(i => !_topology.Cgroups[i].IsFreed)
        .OrderBy(Depth).ThenBy(i => i).Take(_scenario.Telemetry.MostCgroups).Order();

    private IEnumerable<MetricPoint> PerMisc(Func<Cgroup, double> value) =>
        Shown().Select(i => _topology.Cgroups[i])
            .Select(cgroup => new MetricPoint(value(cgroup), MetricFamilies.OfMisc(cgroup.Path)));

    private IEnumerable<MetricPoint> PerCgroup(long[] values) =>
        Shown().Select(i => new MetricPoint(values[i], [MetricFamilies.OfCgroup(_topology.Cgroups[i].Path)]));

    private IEnumerable<MetricPoint> PerMemoryCgroup(Func<MemoryCgroup, double> value) =>
        Shown().Where(i => i < _topology.MemoryCgroups.Count).Select(i => _topology.MemoryCgroups[i])
            .Select(memory => new MetricPoint(value(memory), [MetricFamilies.OfCgroup(memory.Path)]));

    private IEnumerable<MetricPoint> Histogram()
    {
        LatencyHistogram all = _metrics.FaultLatencies();
        for (int power = FirstBoundPower; power <= LastBoundPower; power++)
        {
            long bound = (1L << power) - 1;
            yield return new MetricPoint(all.CountUpTo(bound), [new("le", LatencyText(bound))], "_bucket");
        }

        yield return new MetricPoint(all.CountUpTo(long.MaxValue), [new("le", "+Inf")], "_bucket");
        yield return new MetricPoint(all.SumNs / 1e9, [], "_sum");
        yield return new MetricPoint(all.CountUpTo(long.MaxValue), [], "_count");
    }

    private IEnumerable<MetricPoint> Quantile()
    {
        LatencyHistogram?[] below = _metrics.LatenciesBelow();
        foreach (int i in Shown())
        {
            if (below[i] is { Count: > 0 } latencies)
            {
                foreach ((string text, int perMille) in Quantiles)
                {
                    yield return new MetricPoint(
                        latencies.Percentile(perMille) / 1e9,
                        [MetricFamilies.OfCgroup(_topology.Cgroups[i].Path), new("quantile", text)]);
                }
            }
        }
    }

    private int Depth(int cgroup)
    {
        int depth = 0;
        for (int at = cgroup; at > 0; at = _topology.Machine.CgroupParents[at])
        {
            depth++;
        }

        return depth;
    }

    /// <summary>Nanoseconds are whole: decimal writes them without rounding and without an exponent.</summary>
    private static string LatencyText(long ns) =>
        (ns / 1_000_000_000m).ToString("0.0########", CultureInfo.InvariantCulture);
}
