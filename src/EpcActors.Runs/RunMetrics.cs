using System.Diagnostics.Metrics;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Tasks;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// Counts what tasks report, samples the misc files over the time of the run, and keeps the events of the Chrome trace.
/// </summary>
/// <remarks>
/// Every thread that reports counts in a shard of its own, without a lock; a simulation has one shard. Samples are
/// taken by one thread, which adds the shards up while they grow.
/// </remarks>
internal sealed partial class RunMetrics : IDisposable
{
    private const int MaxSamples = 4096;

    private readonly Topology _topology;
    private readonly List<int> _enclaveOf = [];
    private readonly List<int> _guestOf = [];
    private readonly int _maxTraceEvents;

    /// <summary>The only one, of a simulation; null when there is one to a thread.</summary>
    private readonly MetricsShard? _single;
    private readonly ThreadLocal<MetricsShard>? _ofThread;
    private readonly LatencyHistogram _sinceSample = new();
    private readonly long[] _latenciesAtSample = LatencyHistogram.NewCounts();
    private readonly long[] _cgroupFaultsAtSample;
    private readonly List<Sample> _samples = [];
    private readonly List<TimelineMark> _marks = [];
    private Sample _last = new();
    private List<TraceEvent>? _merged;

    /// <param name="topology">Actors of the run.</param>
    /// <param name="maxTraceEvents">Most events kept for the Chrome trace.</param>
    /// <param name="isShared">Several threads report.</param>
    public RunMetrics(Topology topology, int maxTraceEvents, bool isShared = false)
    {
        _topology = topology;
        _maxTraceEvents = maxTraceEvents;
        _cgroupFaultsAtSample = new long[topology.Cgroups.Count];
        if (isShared)
        {
            _ofThread = new ThreadLocal<MetricsShard>(NewShard, trackAllValues: true);
        }
        else
        {
            _single = NewShard();
        }

        for (int i = 0; i < topology.Enclaves.Count; i++)
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

        foreach (OutsidePlace place in topology.Places)
        {
            Put(_enclaveOf, place.Thread, place.Enclave.Index);
        }

        for (int i = 0; i < topology.VirtualMachines.Count; i++)
        {
            if (topology.VirtualMachines[i].Cpu is { } vcpu)
            {
                Put(_guestOf, vcpu, i);
            }
        }
    }

    public long[] NodeAllocations => Sum(_topology.Nodes.Count, shard => shard.NodeAllocations);

    public long[] NodeRemoteAllocations => Sum(_topology.Nodes.Count, shard => shard.NodeRemoteAllocations);

    public long KsgxdPages => Sum(shard => shard.KsgxdPages);

    /// <summary>Events that came when the trace was full. After the run, and after <see cref="TraceEvents"/>.</summary>
    public long DroppedTraceEvents => Sum(shard => shard.DroppedTraceEvents + shard.Trace.Count) - TraceEvents.Count;

    public long Faults => Sum(shard => shard.Faults);

    public long Evictions => Sum(shard => shard.Evictions);

    public long Reloads => Sum(shard => shard.Reloads);

    public long Reclaimed => Sum(shard => shard.Reclaimed);

    public long Young => Sum(shard => shard.Young);

    public long IpiWaves => Sum(shard => shard.IpiWaves);

    public long BackingFailures => Sum(shard => shard.BackingFailures);

    /// <summary>
    /// Takes the latency of every fault, when it has listeners; recorded by the thread that samples, since threads that
    /// fault must not wait for a listener.
    /// </summary>
    public Histogram<double>? LatencyInstrument { get; set; }

    /// <summary>Latency of the faults of the whole machine.</summary>
    public LatencyReport FaultLatency => FaultLatencies().ToReport();

    /// <summary>
    /// The first events of the run, those of all threads by the time at which they ended. After the run only.
    /// </summary>
    public IReadOnlyList<TraceEvent> TraceEvents => _single?.Trace ?? (_merged ??= MergeTraces());

    private IEnumerable<MetricsShard> Shards => _single is { } single ? [single] : _ofThread!.Values;

    public EnclaveCounters Of(int enclave)
    {
        EnclaveCounters sum = default;
        foreach (MetricsShard shard in Shards)
        {
            sum.Add(in shard.Enclaves[enclave]);
        }

        return sum;
    }

    /// <summary>Notes a moment for the charts; on any thread.</summary>
    public void Mark(long atNs, string text)
    {
        lock (_marks)
        {
            _marks.Add(new TimelineMark(atNs, text));
        }
    }

    public void OnReport(TaskActor task, RunEvent what, long startNs, long endNs, long detail)
    {
        MetricsShard shard = _single ?? _ofThread!.Value!;
        switch (what)
        {
            case RunEvent.Fault:
                OnFault(shard, task, endNs - startNs);
                AddSpan(shard, task, "page fault", startNs, endNs, "page ", detail);
                break;
            case RunEvent.FaultRetry:
                shard.Retries++;
                shard.CgroupRetries[CgroupOf(task)]++;
                break;
            case RunEvent.Evicted:
                OnEvicted(shard, task, enclave: (int)(detail >> 20), cgroup: (int)(detail & 0xFFFFF));
                break;
            case RunEvent.Reloaded:
                shard.Reloads++;
                shard.Enclaves[detail].Reloads++;
                shard.CgroupReloads[CgroupOf(task)]++;
                break;
            case RunEvent.Allocated:
                shard.NodeAllocations[detail >> 1]++;
                shard.NodeRemoteAllocations[detail >> 1] += detail & 1;
                break;
            case RunEvent.Young:
                shard.Young++;
                break;
            case RunEvent.BackingFailed:
                shard.BackingFailures++;
                break;
            case RunEvent.IpiWave:
                shard.IpiWaves++;
                AddSpan(shard, task, "IPI wave", startNs, endNs, "CPUs ", detail);
                break;
            case RunEvent.ReclaimBatch:
                shard.Reclaimed += detail;
                AddSpan(shard, task, "sgx_reclaim_pages", startNs, endNs, "pages freed ", detail);
                break;
            case RunEvent.Ioctl:
                AddSpan(shard, task, IoctlName((Ioctl)(detail & 0xFF)), startNs, endNs, "errno ", detail >> 8);
                break;
            case RunEvent.Phase:
                AddSpan(shard, task, "step", startNs, endNs, "number ", detail);
                break;
            case RunEvent.Release:
                AddSpan(shard, task, "sgx_encl_release", startNs, endNs, "pages ", detail);
                break;
            case RunEvent.EnclaveOomKill:
                OnKilled(shard, task, "EPC", _topology.Enclaves[(int)detail], endNs);
                break;
            case RunEvent.MemoryOomKill:
                foreach (EnclaveActors one in _topology.Enclaves)
                {
                    if (one.Process.Id.Index == detail)
                    {
                        OnKilled(shard, task, "memcg", one, endNs);
                    }
                }

                break;
            case RunEvent.Augmented:
                shard.Enclaves[detail].Augmented++;
                break;
            case RunEvent.PageLeaked:
            case RunEvent.LoadFailed:
                AddInstant(shard, task, what.ToString(), endNs);
                break;
        }
    }

    public long[] FaultsBelow() => SumUp(shard => shard.CgroupFaults);

    public long[] RetriesBelow() => SumUp(shard => shard.CgroupRetries);

    public long[] EvictionsBelow() => SumUp(shard => shard.CgroupEvictions);

    public long[] ReloadsBelow() => SumUp(shard => shard.CgroupReloads);

    public LatencyReport LatencyBelow(int cgroup)
    {
        LatencyHistogram sum = new();
        foreach (MetricsShard shard in Shards)
        {
            for (int i = 0; i < shard.ByCgroup.Length; i++)
            {
                if (shard.ByCgroup[i] is { } histogram && IsBelow(i, cgroup))
                {
                    sum.Add(histogram);
                }
            }
        }

        return sum.ToReport();
    }

    public LatencyHistogram FaultLatencies()
    {
        LatencyHistogram sum = new();
        foreach (MetricsShard shard in Shards)
        {
            sum.Add(shard.All);
        }

        return sum;
    }

    /// <summary>By cgroup, with all that is below it; null where there was no fault.</summary>
    public LatencyHistogram?[] LatenciesBelow()
    {
        LatencyHistogram?[] below = new LatencyHistogram?[_topology.Cgroups.Count];
        foreach (MetricsShard shard in Shards)
        {
            for (int i = 0; i < below.Length; i++)
            {
                if (shard.ByCgroup[i] is { } own)
                {
                    (below[i] ??= new LatencyHistogram()).Add(own);
                }
            }
        }

        for (int i = below.Length - 1; i > 0; i--)
        {
            if (below[i] is { } own)
            {
                (below[_topology.Machine.CgroupParents[i]] ??= new LatencyHistogram()).Add(own);
            }
        }

        return below;
    }

    public long Counter()
    {
        if (_topology.Machine.Switches.FreePageCounter != Kernel.FreePageCounterMode.PerNode)
        {
            return _topology.Part?.CountedFreePages ?? _topology.FreePageCounter.Pages;
        }

        long sum = 0;
        foreach (NumaNode node in _topology.Nodes)
        {
            sum += node.OwnCounter;
        }

        return sum;
    }

    public void Dispose() => _ofThread?.Dispose();

    private MetricsShard NewShard() => new(_topology.Cgroups.Count, _topology.Enclaves.Count, _topology.Nodes.Count);

    private void OnFault(MetricsShard shard, TaskActor task, long ns)
    {
        shard.Faults++;
        shard.All.Add(ns);
        int cgroup = CgroupOf(task);
        shard.CgroupFaults[cgroup]++;
        (shard.ByCgroup[cgroup] ??= new LatencyHistogram()).Add(ns);
        int enclave = At(_enclaveOf, task);
        if (enclave >= 0)
        {
            shard.Enclaves[enclave].Faults++;
        }
    }

    /// <param name="shard">Counts of the thread.</param>
    /// <param name="task">Task that reclaims.</param>
    /// <param name="enclave">Enclave that has lost the page.</param>
    /// <param name="cgroup">Cgroup that the page was charged to; 0: that of the enclave's process.</param>
    private void OnEvicted(MetricsShard shard, TaskActor task, int enclave, int cgroup)
    {
        shard.Evictions++;
        shard.Enclaves[enclave].Evictions++;
        shard.CgroupEvictions[cgroup == 0 ? _topology.Enclaves[enclave].Process.Cgroup : cgroup]++;
        shard.KsgxdPages += task is Ksgxd ? 1 : 0;
    }

    private void OnKilled(MetricsShard shard, TaskActor task, string by, EnclaveActors victim, long atNs)
    {
        string text = $"{by} OOM kills {victim.Spec.Name}";
        Mark(atNs, text);
        AddInstant(shard, task, text, atNs);
    }

    private static string IoctlName(Ioctl ioctl) => $"ioctl {ioctl}";

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

    private static int At(List<int> byTask, TaskActor task) =>
        task.Id.Index < byTask.Count ? byTask[task.Id.Index] : -1;

    private void AddSpan(
        MetricsShard shard,
        TaskActor task,
        string name,
        long startNs,
        long endNs,
        string label,
        long value)
    {
        if (shard.Trace.Count >= _maxTraceEvents)
        {
            shard.DroppedTraceEvents++;
            return;
        }

        shard.Trace.Add(new TraceEvent(
            TraceEventKind.Span, task.Node, task.Id.Index, task.Name, name, startNs, endNs - startNs, label + value));
    }

    private void AddInstant(MetricsShard shard, TaskActor task, string name, long atNs)
    {
        if (shard.Trace.Count < _maxTraceEvents)
        {
            shard.Trace.Add(
                new TraceEvent(TraceEventKind.Instant, task.Node, task.Id.Index, task.Name, name, atNs, 0, ""));
        }
    }

    /// <summary>Each shard keeps its first events, so the first of all are among them.</summary>
    private List<TraceEvent> MergeTraces() =>
        [.. Shards.SelectMany(shard => shard.Trace).OrderBy(one => one.StartNs + one.DurationNs).Take(_maxTraceEvents)];

    private long Sum(Func<MetricsShard, long> value)
    {
        if (_single is { } single)
        {
            return value(single);
        }

        long sum = 0;
        foreach (MetricsShard shard in Shards)
        {
            sum += value(shard);
        }

        return sum;
    }

    private long[] Sum(int count, Func<MetricsShard, long[]> values)
    {
        long[] sum = new long[count];
        foreach (MetricsShard shard in Shards)
        {
            long[] own = values(shard);
            for (int i = 0; i < sum.Length; i++)
            {
                sum[i] += own[i];
            }
        }

        return sum;
    }

    /// <summary>By cgroup, with all that is below it.</summary>
    private long[] SumUp(Func<MetricsShard, long[]> own)
    {
        long[] sum = Sum(_topology.Cgroups.Count, own);
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

    private sealed class Sample
    {
        public long AtNs;
        public long[] Current = [];
        public Limit[] Max = [];
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
