using EpcActors.Kernel.Cgroups;
using EpcActors.Results;

namespace EpcActors.Runs;

/// <content>Samples over the run, thinned out when there are too many, and the timeline made of them.</content>
internal sealed partial class RunMetrics
{
    /// <summary>
    /// Takes a sample; in a live run each figure at a moment of its own. True: the samples were thinned, the next one
    /// is twice as far away.
    /// </summary>
    public bool TakeSample(long atNs)
    {
        int cgroups = _topology.Cgroups.Count;
        long faultCount = Faults;
        long evictionCount = Evictions;
        long reloadCount = Reloads;
        long retryCount = Sum(shard => shard.Retries);
        _sinceSample.TakeNew(Shards.Select(shard => shard.All), _latenciesAtSample);
        if (LatencyInstrument is { Enabled: true } instrument)
        {
            _sinceSample.RecordTo(instrument);
        }

        Sample sample = new()
        {
            AtNs = atNs,
            Current = new long[cgroups],
            Max = new Limit[cgroups],
            Peak = new long[cgroups],
            Events = new long[cgroups],
            EventsLocal = new long[cgroups],
            CgroupFaults = new long[cgroups],
            NodeFree = new long[_topology.Nodes.Count],
            Counter = Counter(),
            Faults = faultCount - _last.TotalFaults,
            Evictions = evictionCount - _last.TotalEvictions,
            Reloads = reloadCount - _last.TotalReloads,
            Retries = retryCount - _last.TotalRetries,
            TotalFaults = faultCount,
            TotalEvictions = evictionCount,
            TotalReloads = reloadCount,
            TotalRetries = retryCount,
            P50 = _sinceSample.Percentile(500),
            P99 = _sinceSample.Percentile(990),
        };
        long[] faults = FaultsBelow();
        for (int i = 0; i < cgroups; i++)
        {
            Cgroup cgroup = _topology.Cgroups[i];
            sample.Current[i] = cgroup.UsageBytes;
            sample.Max[i] = _topology.MaxOf(cgroup);
            sample.Peak[i] = _topology.PeakBytesOf(cgroup);
            sample.Events[i] = cgroup.Events;
            sample.EventsLocal[i] = cgroup.EventsLocal;
            sample.CgroupFaults[i] = faults[i] - _cgroupFaultsAtSample[i];
            _cgroupFaultsAtSample[i] = faults[i];
        }

        for (int i = 0; i < sample.NodeFree.Length; i++)
        {
            sample.NodeFree[i] = _topology.Nodes[i].FreePages;
        }

        _last = sample;
        _samples.Add(sample);
        if (_samples.Count < MaxSamples)
        {
            return false;
        }

        Thin();
        return true;
    }

    public Timeline ToTimeline()
    {
        CgroupTimeline[] cgroups = new CgroupTimeline[_topology.Cgroups.Count];
        for (int i = 0; i < cgroups.Length; i++)
        {
            int at = i;
            cgroups[i] = new CgroupTimeline
            {
                Path = _topology.Cgroups[i].Path,
                CurrentBytes = Series(sample => sample.Current[at]),
                MaxBytes = Series(sample => sample.Max[at].BytesOrNull),
                PeakBytes = Series(sample => sample.Peak[at]),
                Events = Series(sample => sample.Events[at]),
                EventsLocal = Series(sample => sample.EventsLocal[at]),
                Faults = Series(sample => sample.CgroupFaults[at]),
            };
        }

        NodeTimeline[] nodes = new NodeTimeline[_topology.Nodes.Count];
        for (int i = 0; i < nodes.Length; i++)
        {
            int at = i;
            nodes[i] = new NodeTimeline(i, Series(sample => sample.NodeFree[at]));
        }

        return new Timeline
        {
            AtNs = Series(sample => sample.AtNs),
            Cgroups = cgroups,
            Nodes = nodes,
            FreePageCounter = Series(sample => sample.Counter),
            Faults = Series(sample => sample.Faults),
            Evictions = Series(sample => sample.Evictions),
            Reloads = Series(sample => sample.Reloads),
            FaultRetries = Series(sample => sample.Retries),
            FaultP50Ns = Series(sample => sample.P50),
            FaultP99Ns = Series(sample => sample.P99),
            Marks = MarksByTime(),
        };
    }

    private List<TimelineMark> MarksByTime()
    {
        lock (_marks)
        {
            return _single is not null ? [.. _marks] : [.. _marks.OrderBy(mark => mark.AtNs)];
        }
    }

    /// <summary>Keeps every second sample; what was counted in the others goes into the one after.</summary>
    private void Thin()
    {
        List<Sample> kept = [];
        for (int i = 1; i < _samples.Count; i += 2)
        {
            Sample before = _samples[i - 1];
            Sample sample = _samples[i];
            sample.Faults += before.Faults;
            sample.Evictions += before.Evictions;
            sample.Reloads += before.Reloads;
            sample.Retries += before.Retries;
            for (int c = 0; c < sample.CgroupFaults.Length; c++)
            {
                sample.CgroupFaults[c] += before.CgroupFaults[c];
            }

            kept.Add(sample);
        }

        _samples.Clear();
        _samples.AddRange(kept);
    }

    private T[] Series<T>(Func<Sample, T> value)
    {
        T[] series = new T[_samples.Count];
        for (int i = 0; i < series.Length; i++)
        {
            series[i] = value(_samples[i]);
        }

        return series;
    }
}
