using EpcActors.Results;

namespace EpcActors.Runs;

/// <summary>
/// Counts of one thread of a run. Only that thread writes them; the sampler reads them meanwhile. Every figure but one
/// only grows, so a reader sees a little less than there is, never a wrong value, and differences of two readings add
/// up.
/// </summary>
internal sealed class MetricsShard
{
    public readonly LatencyHistogram All = new();
    public readonly LatencyHistogram?[] ByCgroup;
    public readonly EnclaveCounters[] Enclaves;
    public readonly long[] CgroupFaults;
    public readonly long[] CgroupRetries;
    public readonly long[] CgroupEvictions;
    public readonly long[] CgroupReloads;
    public readonly long[] NodeAllocations;
    public readonly long[] NodeRemoteAllocations;

    /// <summary>Belongs to the thread until the run is over.</summary>
    public readonly List<TraceEvent> Trace = [];
    public long Faults;
    public long Evictions;
    public long Reloads;
    public long Retries;
    public long Young;
    public long BackingFailures;
    public long IpiWaves;
    public long Reclaimed;
    public long KsgxdPages;
    public long DroppedTraceEvents;

    public MetricsShard(int cgroups, int enclaves, int nodes)
    {
        ByCgroup = new LatencyHistogram?[cgroups];
        Enclaves = new EnclaveCounters[enclaves];
        CgroupFaults = new long[cgroups];
        CgroupRetries = new long[cgroups];
        CgroupEvictions = new long[cgroups];
        CgroupReloads = new long[cgroups];
        NodeAllocations = new long[nodes];
        NodeRemoteAllocations = new long[nodes];
    }
}

/// <summary>Counts of one enclave.</summary>
internal struct EnclaveCounters
{
    public long Faults;
    public long Evictions;
    public long Reloads;
    public long Augmented;

    public void Add(in EnclaveCounters other)
    {
        Faults += other.Faults;
        Evictions += other.Evictions;
        Reloads += other.Reloads;
        Augmented += other.Augmented;
    }
}
