namespace EpcActors.Results;

/// <summary>
/// Every name, type, unit and help text of the metrics: the one place that knows them. Names that operators have
/// dashboards for are kept: <c>sgx_*</c> of the out-of-tree driver's exporters, <c>container_misc_*</c> of cAdvisor
/// with the cgroup in its label <c>id</c>; <c>epc_*</c> is for what has no name anywhere.
/// </summary>
public static class MetricFamilies
{
    /// <summary>Label of a cgroup's path, as cAdvisor has it.</summary>
    public const string Id = "id";

    /// <summary>Label of the misc controller's resource, and its value here.</summary>
    public const string ResourceLabel = "resource";
    public const string SgxEpc = "sgx_epc";

    public static readonly MetricFamily Run = new(
        "epc_run",
        MetricKind.Info,
        "",
        "What is run; verdict says running until it is known.");
    public static readonly MetricFamily Elapsed = new(
        "epc_elapsed_seconds",
        MetricKind.Gauge,
        "seconds",
        "Real time since the beginning of the run.");
    public static readonly MetricFamily VirtualTime = new(
        "epc_virtual_time_seconds",
        MetricKind.Gauge,
        "seconds",
        "Virtual time at the end.");
    public static readonly MetricFamily WallTime = new(
        "epc_wall_time_seconds",
        MetricKind.Gauge,
        "seconds",
        "Host time the run took.");
    public static readonly MetricFamily Steps = new(
        "epc_steps",
        MetricKind.Counter,
        "",
        "Critical sections executed: messages handled.");
    public static readonly MetricFamily Messages = new(
        "epc_messages",
        MetricKind.Counter,
        "",
        "Messages handled, by kind (charge, evict ...) and by the kinds of the actors that ask and are asked.");
    public static readonly MetricFamily Tasks = new(
        "epc_tasks",
        MetricKind.Gauge,
        "",
        "Tasks that have not ended, by state: going, or waiting (asleep, or their request is parked).");
    public static readonly MetricFamily Cuts = new(
        "epc_cuts",
        MetricKind.Counter,
        "",
        "Audits of a consistent cut while the actors went on.");
    public static readonly MetricFamily CutTime = new(
        "epc_cut_seconds",
        MetricKind.Counter,
        "seconds",
        "Time spent on cuts by the thread that takes them.");
    public static readonly MetricFamily LongestCut = new(
        "epc_longest_cut_seconds",
        MetricKind.Gauge,
        "seconds",
        "The longest cut so far.");
    public static readonly MetricFamily Violations = new("epc_violations", MetricKind.Gauge, "", "Broken rules.");

    // The driver's counters have no _total, which a counter needs: their kind stays unknown so that the names fit the
    // dashboards that exist.
    public static readonly MetricFamily Sections = new(
        "sgx_nr_epc_sections",
        MetricKind.Gauge,
        "",
        "EPC sections, one per NUMA node.");
    public static readonly MetricFamily TotalPages = new(
        "sgx_nr_total_epc_pages",
        MetricKind.Gauge,
        "pages",
        "EPC pages of the machine.");
    public static readonly MetricFamily FreePages = new(
        "sgx_nr_free_pages",
        MetricKind.Gauge,
        "pages",
        "Free pages as the kernel's counter has it.");
    public static readonly MetricFamily LowPages = new(
        "sgx_nr_low_pages",
        MetricKind.Gauge,
        "pages",
        "Below it the allocator wakes ksgxd.");
    public static readonly MetricFamily HighPages = new(
        "sgx_nr_high_pages",
        MetricKind.Gauge,
        "pages",
        "Below it ksgxd goes on.");
    public static readonly MetricFamily Enclaves = new(
        "sgx_nr_enclaves",
        MetricKind.Gauge,
        "",
        "Enclaves whose process lives.");
    public static readonly MetricFamily AllocatedPages = new(
        "sgx_nr_alloc_pages",
        MetricKind.Unknown,
        "",
        "Pages allocated so far.");
    public static readonly MetricFamily Evicted = new("sgx_nr_evicted", MetricKind.Unknown, "", "Pages written out.");
    public static readonly MetricFamily Reclaimed = new(
        "sgx_nr_reclaim",
        MetricKind.Unknown,
        "",
        "Pages that rounds of sgx_reclaim_pages freed.");
    public static readonly MetricFamily MarkedOld = new(
        "sgx_nr_marked_old",
        MetricKind.Unknown,
        "",
        "Pages that reclaim found young, and marked old instead of evicting them.");
    public static readonly MetricFamily LoadedBack = new(
        "sgx_loaded_back",
        MetricKind.Unknown,
        "",
        "Pages loaded back.");

    public static readonly MetricFamily NodeCapacity = new(
        "epc_node_capacity_pages",
        MetricKind.Gauge,
        "pages",
        "EPC pages of a node.");
    public static readonly MetricFamily NodeFree = new(
        "epc_node_free_pages",
        MetricKind.Gauge,
        "pages",
        "Length of a node's free list.");
    public static readonly MetricFamily NodePoisoned = new(
        "epc_node_poisoned_pages",
        MetricKind.Gauge,
        "pages",
        "Pages lost to memory failures.");
    public static readonly MetricFamily NodeAllocations = new(
        "epc_node_allocations",
        MetricKind.Counter,
        "",
        "Pages allocated from a node.");
    public static readonly MetricFamily NodeRemoteAllocations = new(
        "epc_node_remote_allocations",
        MetricKind.Counter,
        "",
        "Of those, for a CPU of another node.");

    // The unit of the misc controller's figures depends on the resource, so their names have none; it is bytes for
    // sgx_epc.
    public static readonly MetricFamily MiscUsage = new(
        "container_misc_usage",
        MetricKind.Gauge,
        "",
        "misc.current, bytes.");
    public static readonly MetricFamily MiscMax = new(
        "container_misc_max",
        MetricKind.Gauge,
        "",
        "misc.max, bytes; +Inf for max.");
    public static readonly MetricFamily MiscPeak = new(
        "container_misc_peak",
        MetricKind.Gauge,
        "",
        "misc.peak, bytes.");
    public static readonly MetricFamily MiscEvents = new(
        "container_misc_events",
        MetricKind.Counter,
        "",
        "misc.events: charges that a limit at or below refused.");
    public static readonly MetricFamily MiscEventsLocal = new(
        "container_misc_events_local",
        MetricKind.Counter,
        "",
        "misc.events.local: charges that this limit refused.");
    public static readonly MetricFamily Faults = new("epc_faults", MetricKind.Counter, "", "Page faults served.");
    public static readonly MetricFamily FaultRetries = new(
        "epc_fault_retries",
        MetricKind.Counter,
        "",
        "Faults that got no page and were tried again.");
    public static readonly MetricFamily Evictions = new("epc_evictions", MetricKind.Counter, "", "Pages written out.");
    public static readonly MetricFamily Reloads = new("epc_reloads", MetricKind.Counter, "", "Pages loaded back.");
    public static readonly MetricFamily Accesses = new("epc_accesses", MetricKind.Counter, "", "Page accesses.");
    public static readonly MetricFamily Slowdown =
        new("epc_slowdown_ratio", MetricKind.Gauge, "ratio",
        "Times slower than the same program alone with enough EPC on its own socket.");

    public static readonly MetricFamily BackingUsage = new(
        "epc_backing_usage_bytes",
        MetricKind.Gauge,
        "bytes",
        "memory.current: backing store of swapped pages.");
    public static readonly MetricFamily BackingMax = new(
        "epc_backing_max_bytes",
        MetricKind.Gauge,
        "bytes",
        "memory.max; +Inf for max.");
    public static readonly MetricFamily BackingOomKills = new(
        "epc_backing_oom_kills",
        MetricKind.Counter,
        "",
        "Processes taken by the out-of-memory killer.");

    public static readonly MetricFamily EnclaveOutcomes = new(
        "epc_enclaves",
        MetricKind.Gauge,
        "",
        "Enclaves by how they ended.");
    public static readonly MetricFamily ActivityTime = new(
        "epc_activity_seconds",
        MetricKind.Counter,
        "seconds",
        "CPU time by activity.");
    public static readonly MetricFamily IpiWaves = new(
        "epc_ipi_waves",
        MetricKind.Counter,
        "",
        "Rounds of IPIs that drove threads out of an enclave before EWB.");
    public static readonly MetricFamily KsgxdWakeups = new(
        "epc_ksgxd_wakeups",
        MetricKind.Counter,
        "",
        "Times the reclaimer thread was woken.");
    public static readonly MetricFamily KsgxdPages = new(
        "epc_ksgxd_reclaimed_pages",
        MetricKind.Counter,
        "pages",
        "Pages reclaimed by ksgxd.");
    public static readonly MetricFamily KsgxdBusy = new(
        "epc_ksgxd_busy_ratio",
        MetricKind.Gauge,
        "ratio",
        "Share of virtual time ksgxd was at work.");
    public static readonly MetricFamily FaultLatency = new(
        "epc_fault_latency_seconds",
        MetricKind.Histogram,
        "seconds",
        "Latency of page faults.");
    public static readonly MetricFamily CgroupFaultLatency = new(
        "epc_cgroup_fault_latency_seconds",
        MetricKind.Summary,
        "seconds",
        "Latency of page faults of a cgroup.");

    /// <summary>The labels of messages.</summary>
    public static KeyValuePair<string, object?>[] OfMessages(string kind, string asker, string resource) =>
        [new("kind", kind), new("asker", asker), new("asked", resource)];

    /// <summary>The label of a cgroup.</summary>
    public static KeyValuePair<string, object?> OfCgroup(string path) => new(Id, path);

    /// <summary>The labels of a cgroup's misc files.</summary>
    public static KeyValuePair<string, object?>[] OfMisc(string path) => [new(Id, path), new(ResourceLabel, SgxEpc)];
}
