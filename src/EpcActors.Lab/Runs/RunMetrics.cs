using EpcActors.Actors.Cgroups;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Routines;
using EpcActors.Actors.Tasks;
using EpcActors.Engine;
using EpcActors.Lab.Results;

namespace EpcActors.Lab.Runs;

/// <summary>Counts what tasks report, samples the misc files over virtual time, and keeps the events of the Chrome trace.</summary>
internal sealed class RunMetrics
{
    private const int MaxSamples = 4096;

    private readonly Topology _topology;
    private readonly List<int> _enclaveOf = [];
    private readonly List<int> _guestOf = [];
    private readonly List<TraceEvent> _trace = [];
    private readonly int _maxTraceEvents;
    private readonly LatencyHistogram _all = new();
    private readonly LatencyHistogram _sinceSample = new();
    private readonly LatencyHistogram?[] _byCgroup;
    private readonly EnclaveCounters[] _enclaves;
    private readonly long[] _cgroupFaults;
    private readonly long[] _cgroupRetries;
    private readonly long[] _cgroupEvictions;
    private readonly long[] _cgroupReloads;
    private readonly long[] _cgroupFaultsAtSample;
    private readonly List<Sample> _samples = [];
    private readonly List<TimelineMark> _marks = [];
    private long _faults;
    private long _evictions;
    private long _reloads;
    private long _retries;
    private Sample _last = new();

    public RunMetrics(Topology topology, int maxTraceEvents)
    {
        _topology = topology;
        _maxTraceEvents = maxTraceEvents;
        int cgroups = topology.Cgroups.Count;
        _byCgroup = new LatencyHistogram?[cgroups];
        _cgroupFaults = new long[cgroups];
        _cgroupRetries = new long[cgroups];
        _cgroupEvictions = new long[cgroups];
        _cgroupReloads = new long[cgroups];
        _cgroupFaultsAtSample = new long[cgroups];
        _enclaves = new EnclaveCounters[topology.Enclaves.Count];
        for (int i = 0; i < _enclaves.Length; i++)
        {
            foreach (EnclaveThread thread in topology.Enclaves[i].Threads)
            {
                Put(_enclaveOf, thread, i);
            }

            foreach (EnclaveThread child in topology.Enclaves[i].Children)
            {
                Put(_enclaveOf, child, i);
            }
        }

        for (int i = 0; i < topology.VirtualMachines.Count; i++)
        {
            if (topology.VirtualMachines[i].Cpu is { } vcpu)
            {
                Put(_guestOf, vcpu, i);
            }
        }

        NodeAllocations = new long[topology.Nodes.Count];
        NodeRemoteAllocations = new long[topology.Nodes.Count];
    }

    public long[] NodeAllocations { get; }

    public long[] NodeRemoteAllocations { get; }

    public long KsgxdPages { get; private set; }

    public long DroppedTraceEvents { get; private set; }

    public long Faults => _faults;

    public long Young { get; private set; }

    public long BackingFailures { get; private set; }

    public long IpiWaves { get; private set; }

    public List<string> OomKills { get; } = [];

    public EnclaveCounters Of(int enclave) => _enclaves[enclave];

    public LatencyReport FaultLatency => _all.ToReport();

    public IReadOnlyList<TraceEvent> TraceEvents => _trace;

    public void Mark(long atNs, string text) => _marks.Add(new TimelineMark(atNs, text));

    public void OnReport(TaskActor task, RunEvent what, long startNs, long endNs, long detail)
    {
        switch (what)
        {
            case RunEvent.Fault:
                OnFault(task, endNs - startNs);
                AddSpan(task, "page fault", startNs, endNs, "page ", detail);
                break;
            case RunEvent.FaultRetry:
                _retries++;
                _cgroupRetries[CgroupOf(task)]++;
                break;
            case RunEvent.Evicted:
                int enclave = (int)(detail >> 20);
                _evictions++;
                _enclaves[enclave].Evictions++;
                int cgroup = (int)(detail & 0xFFFFF);
                _cgroupEvictions[cgroup == 0 ? _topology.Enclaves[enclave].Process.Cgroup : cgroup]++;
                KsgxdPages += task is Ksgxd ? 1 : 0;
                break;
            case RunEvent.Reloaded:
                _reloads++;
                _enclaves[detail].Reloads++;
                _cgroupReloads[CgroupOf(task)]++;
                break;
            case RunEvent.Allocated:
                NodeAllocations[detail >> 1]++;
                NodeRemoteAllocations[detail >> 1] += detail & 1;
                break;
            case RunEvent.Young:
                Young++;
                break;
            case RunEvent.BackingFailed:
                BackingFailures++;
                break;
            case RunEvent.IpiWave:
                IpiWaves++;
                AddSpan(task, "IPI wave", startNs, endNs, "CPUs ", detail);
                break;
            case RunEvent.ReclaimBatch:
                AddSpan(task, "sgx_reclaim_pages", startNs, endNs, "pages freed ", detail);
                break;
            case RunEvent.Ioctl:
                AddSpan(task, $"ioctl {(Ioctl)(detail & 0xFF)}", startNs, endNs, "errno ", detail >> 8);
                break;
            case RunEvent.Phase:
                AddSpan(task, "step", startNs, endNs, "number ", detail);
                break;
            case RunEvent.Release:
                AddSpan(task, "sgx_encl_release", startNs, endNs, "pages ", detail);
                break;
            case RunEvent.EnclaveOomKill:
                string victim = _topology.Enclaves[(int)detail].Spec.Name;
                OomKills.Add(victim);
                Mark(endNs, $"EPC OOM kills {victim}");
                AddInstant(task, $"EPC OOM kills {victim}", endNs);
                break;
            case RunEvent.MemoryOomKill:
                foreach (EnclaveActors one in _topology.Enclaves)
                {
                    if (one.Process.Id.Index == detail)
                    {
                        Mark(endNs, $"memcg OOM kills {one.Spec.Name}");
                        AddInstant(task, $"memcg OOM kills {one.Spec.Name}", endNs);
                    }
                }

                break;
            case RunEvent.Augmented:
                _enclaves[detail].Augmented++;
                break;
            case RunEvent.PageLeaked:
            case RunEvent.LoadFailed:
                AddInstant(task, what.ToString(), endNs);
                break;
        }
    }

    /// <summary>Takes a sample. Returns how many intervals the next one is away: 2 once the samples were thinned.</summary>
    public bool TakeSample(long atNs)
    {
        int cgroups = _topology.Cgroups.Count;
        Sample sample = new()
        {
            AtNs = atNs,
            Current = new long[cgroups],
            Max = new long[cgroups],
            Peak = new long[cgroups],
            Events = new long[cgroups],
            EventsLocal = new long[cgroups],
            CgroupFaults = new long[cgroups],
            NodeFree = new long[_topology.Nodes.Count],
            Counter = Counter(),
            Faults = _faults - _last.TotalFaults,
            Evictions = _evictions - _last.TotalEvictions,
            Reloads = _reloads - _last.TotalReloads,
            Retries = _retries - _last.TotalRetries,
            TotalFaults = _faults,
            TotalEvictions = _evictions,
            TotalReloads = _reloads,
            TotalRetries = _retries,
            P50 = _sinceSample.Percentile(500),
            P99 = _sinceSample.Percentile(990),
        };
        _sinceSample.Clear();
        long[] faults = SumUp(_cgroupFaults);
        for (int i = 0; i < cgroups; i++)
        {
            Cgroup cgroup = _topology.Cgroups[i];
            sample.Current[i] = cgroup.UsageBytes;
            sample.Max[i] = cgroup.MaxBytes == long.MaxValue ? -1 : cgroup.MaxBytes;
            sample.Peak[i] = cgroup.PeakBytes;
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

    public long[] FaultsBelow() => SumUp(_cgroupFaults);

    public long[] RetriesBelow() => SumUp(_cgroupRetries);

    public long[] EvictionsBelow() => SumUp(_cgroupEvictions);

    public long[] ReloadsBelow() => SumUp(_cgroupReloads);

    public LatencyReport LatencyBelow(int cgroup)
    {
        LatencyHistogram sum = new();
        for (int i = 0; i < _byCgroup.Length; i++)
        {
            if (_byCgroup[i] is { } histogram && IsBelow(i, cgroup))
            {
                sum.Add(histogram);
            }
        }

        return sum.ToReport();
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
                MaxBytes = Series(sample => sample.Max[at]),
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
            Marks = _marks,
        };
    }

    public long Counter()
    {
        if (_topology.Machine.Switches.FreePageCounter != Domain.Kernel.FreePageCounterMode.PerNode)
        {
            return _topology.FreePageCounter.Pages;
        }

        long sum = 0;
        foreach (NumaNode node in _topology.Nodes)
        {
            sum += node.OwnCounter;
        }

        return sum;
    }

    private void OnFault(TaskActor task, long ns)
    {
        _faults++;
        _all.Add(ns);
        _sinceSample.Add(ns);
        int cgroup = CgroupOf(task);
        _cgroupFaults[cgroup]++;
        (_byCgroup[cgroup] ??= new LatencyHistogram()).Add(ns);
        int enclave = At(_enclaveOf, task);
        if (enclave >= 0)
        {
            _enclaves[enclave].Faults++;
        }
    }

    private int CgroupOf(TaskActor task)
    {
        int enclave = At(_enclaveOf, task);
        if (enclave >= 0)
        {
            return _topology.Enclaves[enclave].Process.Cgroup;
        }

        int guest = At(_guestOf, task);
        return guest >= 0 ? _topology.VirtualMachines[guest].Process.Cgroup : 0;
    }

    private static void Put(List<int> byTask, TaskActor task, int index)
    {
        while (byTask.Count <= task.Id.Index)
        {
            byTask.Add(-1);
        }

        byTask[task.Id.Index] = index;
    }

    private static int At(List<int> byTask, TaskActor task) => task.Id.Index < byTask.Count ? byTask[task.Id.Index] : -1;

    private void AddSpan(TaskActor task, string name, long startNs, long endNs, string label, long value)
    {
        if (_trace.Count >= _maxTraceEvents)
        {
            DroppedTraceEvents++;
            return;
        }

        _trace.Add(new TraceEvent(
            TraceEventKind.Span, task.Node, task.Id.Index, task.Name, name, startNs, endNs - startNs, label + value));
    }

    private void AddInstant(TaskActor task, string name, long atNs)
    {
        if (_trace.Count < _maxTraceEvents)
        {
            _trace.Add(new TraceEvent(TraceEventKind.Instant, task.Node, task.Id.Index, task.Name, name, atNs, 0, ""));
        }
    }

    private long[] SumUp(long[] own)
    {
        long[] sum = (long[])own.Clone();
        for (int i = sum.Length - 1; i > 0; i--)
        {
            sum[_topology.Machine.CgroupParents[i]] += sum[i];
        }

        return sum;
    }

    private bool IsBelow(int cgroup, int root)
    {
        for (int at = cgroup; at >= 0; at = _topology.Machine.CgroupParents[at])
        {
            if (at == root)
            {
                return true;
            }
        }

        return false;
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

    private long[] Series(Func<Sample, long> value)
    {
        long[] series = new long[_samples.Count];
        for (int i = 0; i < series.Length; i++)
        {
            series[i] = value(_samples[i]);
        }

        return series;
    }

    public struct EnclaveCounters
    {
        public long Faults;
        public long Evictions;
        public long Reloads;
        public long Augmented;
    }

    private sealed class Sample
    {
        public long AtNs;
        public long[] Current = [];
        public long[] Max = [];
        public long[] Peak = [];
        public long[] Events = [];
        public long[] EventsLocal = [];
        public long[] CgroupFaults = [];
        public long[] NodeFree = [];
        public long Counter;
        public long Faults;
        public long Evictions;
        public long Reloads;
        public long Retries;
        public long TotalFaults;
        public long TotalEvictions;
        public long TotalReloads;
        public long TotalRetries;
        public long P50;
        public long P99;
    }
}
