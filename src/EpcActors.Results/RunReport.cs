namespace EpcActors.Results;

/// <summary>Verdict of a run on the kernel it ran.</summary>
public enum Verdict
{
    /// <summary>Every rule of the oracle held until the end of the run.</summary>
    Pass,

    /// <summary>At least one rule was broken; see <see cref="RunReport.Violations"/>.</summary>
    Violation,

    /// <summary>The run was cancelled or its budget ended before it could be judged.</summary>
    Inconclusive,
}

/// <summary>End of an enclave.</summary>
public enum EnclaveOutcome
{
    /// <summary>Its workload came to an end.</summary>
    Finished,

    /// <summary>It was still at work when the run ended.</summary>
    Running,

    /// <summary>Building it failed with ENOMEM (the EPC or its cgroup could not hold it).</summary>
    Enomem,

    /// <summary>A thread of it got SIGBUS.</summary>
    Sigbus,

    /// <summary>It was killed: by the scenario, or by the EPC out-of-memory killer of an old kernel.</summary>
    Killed,

    /// <summary>
    /// The memory controller's out-of-memory killer took its process: memory.max could not hold the backing store.
    /// </summary>
    OomKilled,

    /// <summary>Its threads fault for ever without progress.</summary>
    Hung,

    /// <summary>
    /// A thread of it got SIGSEGV: a page fault with the SGX bit, as after the loss of the EPC, or one outside any
    /// mapping.
    /// </summary>
    Sigsegv,
}

/// <summary>The whole of what one run found out: the model of every report, table and export.</summary>
public sealed record RunReport
{
    /// <summary>File name of the scenario, as given.</summary>
    public required string Scenario { get; init; }

    /// <summary>One-line title of the scenario.</summary>
    public string Title { get; init; } = "";

    /// <summary>Description of the scenario, from its file.</summary>
    public string Description { get; init; } = "";

    public required Verdict Verdict { get; init; }

    /// <summary>Name of the kernel (a set of switches), e.g. <c>epc-cgroup-v8</c>.</summary>
    public required string Kernel { get; init; }

    /// <summary>Effective switches, in the order of the reference configuration.</summary>
    public IReadOnlyList<SwitchReport> Switches { get; init; } = [];

    /// <summary>Name of the engine, e.g. <c>simulation</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>
    /// Additional figures of a live run; null for a simulation. All times of a live run are real: time since it began.
    /// </summary>
    public LiveReport? Live { get; init; }

    /// <summary>Additional figures of a run over several processes; null for a run in one process.</summary>
    public ClusterReport? Cluster { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>
    /// Hash over every step of the run, 16 hexadecimal digits; empty for a live run, which cannot be repeated.
    /// </summary>
    public required string TraceHash { get; init; }

    /// <summary>Virtual time at the end, nanoseconds; in a live run the time that it took.</summary>
    public required long VirtualTimeNs { get; init; }

    /// <summary>Host time the run took, milliseconds.</summary>
    public required double WallTimeMs { get; init; }

    /// <summary>Critical sections executed.</summary>
    public required long Steps { get; init; }

    /// <summary>
    /// The command that repeats this run: exactly in a simulation, with other interleavings in a live run.
    /// </summary>
    public required string ReplayCommand { get; init; }

    /// <summary>Cgroups in pre-order of the tree; the root (path <c>/</c>) first.</summary>
    public IReadOnlyList<CgroupReport> Cgroups { get; init; } = [];

    public IReadOnlyList<NodeReport> Nodes { get; init; } = [];

    /// <summary>
    /// Final value of the free-page counter (<c>sgx_nr_free_pages</c>), pages; drifts away from the lists when it is
    /// racy.
    /// </summary>
    public long FreePageCounter { get; init; }

    public IReadOnlyList<EnclaveReport> Enclaves { get; init; } = [];

    public IReadOnlyList<VirtualEpcReport> VirtualEpcs { get; init; } = [];

    public IReadOnlyList<MemoryCgroupReport> MemoryCgroups { get; init; } = [];

    /// <summary>CPU time by activity, most first; shares sum to 1 over all tasks.</summary>
    public IReadOnlyList<ActivityReport> Profile { get; init; } = [];

    /// <summary>
    /// Messages handled, by their kind and the kinds of both ends; most first. Their counts sum to <see cref="Steps"/>.
    /// </summary>
    public IReadOnlyList<MessageReport> Messages { get; init; } = [];

    public required KsgxdReport Ksgxd { get; init; }

    /// <summary>Figures of reclaim, by all tasks together.</summary>
    public ReclaimReport Reclaim { get; init; } = new(0, 0, 0);

    /// <summary>Latency of page faults over the whole machine.</summary>
    public LatencyReport FaultLatency { get; init; } = LatencyReport.Empty;

    /// <summary>
    /// Enclaves and guests whose work has an end that the run did not reach before its duration; 0 when the run was not
    /// cut off, or when only work without an end was left.
    /// </summary>
    public int WorkLeft { get; init; }

    /// <summary>epc.run.duration, nanoseconds, when it cut the run off with work left; 0 when it did not.</summary>
    public long CutOffNs { get; init; }

    /// <summary>Violated rules, gravest first.</summary>
    public IReadOnlyList<ViolationReport> Violations { get; init; } = [];

    /// <summary>
    /// Things the reader should know that are no violation: a limit too small to hold VA pages, a short run, a skipped
    /// check.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Expectations of the scenario, each with its result.</summary>
    public IReadOnlyList<ExpectationReport> Expectations { get; init; } = [];

    /// <summary>Samples over virtual time; all arrays have the length of <see cref="Timeline.AtNs"/>.</summary>
    public Timeline Timeline { get; init; } = Timeline.Empty;

    /// <summary>
    /// Spans and instants for the Chrome trace; bounded, the first come are kept and the cut is said in a note.
    /// </summary>
    public IReadOnlyList<TraceEvent> TraceEvents { get; init; } = [];
}

/// <summary>Part of the report that only a live run has.</summary>
public sealed record LiveReport
{
    /// <summary>Threads that ran the actors; 0 when the engine leaves that to a pool.</summary>
    public int Workers { get; init; }

    /// <summary>Threads of control that were started: of enclaves, of guests, of the kernel.</summary>
    public int Tasks { get; init; }

    /// <summary>Resources: what one lock each protects.</summary>
    public int Resources { get; init; }

    /// <summary>Requests handled a second, over all resources.</summary>
    public double MessagesPerSecond { get; init; }

    /// <summary>Audits of a consistent cut while the run went on; the one at the end is not among them.</summary>
    public int Cuts { get; init; }

    /// <summary>
    /// Time that the thread which takes the cuts spent on them, milliseconds; the actors went on meanwhile.
    /// </summary>
    public double CutMs { get; init; }

    /// <summary>The longest of them, milliseconds.</summary>
    public double LongestCutMs { get; init; }

    /// <summary>Actions of the script.</summary>
    public int Actions { get; init; }

    /// <summary>Of those, not due when the run ended.</summary>
    public int ActionsLeft { get; init; }
}

/// <summary>
/// One switch of the kernel. <see cref="IsOverridden"/>: set by the scenario or the command line, not by the kernel's
/// file.
/// </summary>
public sealed record SwitchReport(string Name, string Value, bool IsOverridden);

/// <summary>One cgroup: the misc files at the end of the run, and what happened in it.</summary>
public sealed record CgroupReport
{
    /// <summary>Path below the root, <c>/</c> for the root itself.</summary>
    public required string Path { get; init; }

    /// <summary>misc.max in bytes; null for <c>max</c>.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>misc.current in bytes.</summary>
    public long CurrentBytes { get; init; }

    /// <summary>
    /// Bytes of misc.current that the processes of a cluster took in advance and do not use; the rest of misc.current
    /// is in use. Null where every page is charged when it is used.
    /// </summary>
    public long? StockBytes { get; init; }

    /// <summary>misc.peak in bytes.</summary>
    public long PeakBytes { get; init; }

    /// <summary>misc.events, hierarchical count of <c>sgx_epc.max</c>.</summary>
    public long Events { get; init; }

    /// <summary>misc.events.local.</summary>
    public long EventsLocal { get; init; }

    /// <summary>Page faults served for threads of this cgroup and below.</summary>
    public long Faults { get; init; }

    /// <summary>Fault attempts that ended in NOPAGE without a page, to be tried again.</summary>
    public long FaultRetries { get; init; }

    /// <summary>Pages of this cgroup (and below) written out.</summary>
    public long Evictions { get; init; }

    /// <summary>Pages loaded back for threads of this cgroup (and below).</summary>
    public long Reloads { get; init; }

    /// <summary>Page accesses made by threads of this cgroup (and below).</summary>
    public long Accesses { get; init; }

    /// <summary>Mean of its enclaves' slowdowns; null when not measured.</summary>
    public double? Slowdown { get; init; }

    /// <summary>True when the cgroup was removed while charged and lives on as a zombie.</summary>
    public bool IsDying { get; init; }

    public LatencyReport FaultLatency { get; init; } = LatencyReport.Empty;
}

/// <summary>One NUMA node.</summary>
public sealed record NodeReport
{
    public required int Id { get; init; }

    public long CapacityPages { get; init; }

    public long FreePages { get; init; }

    public long PoisonedPages { get; init; }

    public int Cpus { get; init; }

    /// <summary>Pages allocated from this node.</summary>
    public long Allocations { get; init; }

    /// <summary>Of those, for a CPU of another node.</summary>
    public long RemoteAllocations { get; init; }
}

/// <summary>One enclave.</summary>
public sealed record EnclaveReport
{
    public required string Name { get; init; }

    /// <summary>Path of the cgroup of its process at the end.</summary>
    public required string Cgroup { get; init; }

    public required EnclaveOutcome Outcome { get; init; }

    public long Faults { get; init; }

    public long Accesses { get; init; }

    public long Evictions { get; init; }

    public long Reloads { get; init; }

    public long ResidentPages { get; init; }

    public long SwappedPages { get; init; }

    public long VaPages { get; init; }

    /// <summary>Virtual time at which its process started and ended (or the run did), nanoseconds.</summary>
    public long StartNs { get; init; }

    public long EndNs { get; init; }

    /// <summary>
    /// Slowdown against the same program alone with enough EPC on its own socket, over its run and trace steps without
    /// their warm-up, or over all its steps when it has no such steps; null when not measured.
    /// </summary>
    public double? Slowdown { get; init; }

    /// <summary>The load, each step of its program and the exit, as far as it came.</summary>
    public IReadOnlyList<StepReport> Steps { get; init; } = [];

    /// <summary>It was still at work that has an end when the duration cut the run off.</summary>
    public bool IsCutOff { get; init; }

    /// <summary>Reason of the outcome in words, e.g. the ioctl and the errno.</summary>
    public string Detail { get; init; } = "";

    /// <summary>
    /// Of an enclave that died for want of EPC or RAM: what was missing, its holders, the amount that is sufficient and
    /// the kernel's rule; a sentence each.
    /// </summary>
    public IReadOnlyList<string> Why { get; init; } = [];

    /// <summary>The least EPC that loads it, pages: VA pages + SECS + 1.</summary>
    public int LeastPages { get; init; }
}

/// <summary>One vEPC instance of a guest.</summary>
public sealed record VirtualEpcReport(string Name, string Cgroup, EnclaveOutcome Outcome, long Pages, long Faults,
    string Detail)
{
    /// <summary>As <see cref="EnclaveReport.Why"/>.</summary>
    public IReadOnlyList<string> Why { get; init; } = [];
}

/// <summary>One memory cgroup. <paramref name="MaxBytes"/> null = <c>max</c>.</summary>
public sealed record MemoryCgroupReport(string Path, long? MaxBytes, long CurrentBytes, long PeakBytes, long OomKills);

/// <summary>One line of the profile.</summary>
/// <param name="Activity">Name in the kernel's words, e.g. <c>sgx_encl_ewb</c>.</param>
/// <param name="Share">Share of all CPU time, 0 to 1.</param>
/// <param name="TimeNs">CPU time, nanoseconds.</param>
/// <param name="Count">Number of times.</param>
public sealed record ActivityReport(string Activity, double Share, long TimeNs, long Count);

/// <summary>Number of messages of one type that resources of one kind handled for tasks of one kind.</summary>
/// <param name="Kind">Kind of the message, e.g. <c>charge</c>.</param>
/// <param name="Asker">Kind of the task, e.g. <c>thread</c>.</param>
/// <param name="Resource">Kind of the resource, e.g. <c>cgroup</c>.</param>
/// <param name="Message">Type of the message, e.g. <c>AddToLru</c>.</param>
/// <param name="Count">Number of messages.</param>
public sealed record MessageReport(string Kind, string Asker, string Resource, string Message, long Count);

/// <summary>
/// The reclaimer thread. <paramref name="BusyShare"/>: its share of virtual time spent at work; in a run that ended
/// hung, of the time since it stalled; null in a live run, where work costs nothing.
/// </summary>
public sealed record KsgxdReport(long Wakeups, long PagesReclaimed, double? BusyShare);

/// <summary>Work of <c>sgx_reclaim_pages</c>: pages freed, young pages spared, rounds of IPIs.</summary>
public sealed record ReclaimReport(long Pages, long Young, long IpiWaves);

/// <summary>
/// Distribution of a latency, nanoseconds. <see cref="Buckets"/>: ascending upper bounds with counts, empty buckets
/// left out.
/// </summary>
public sealed record LatencyReport(
    long Count,
    long MinNs,
    long P50Ns,
    long P90Ns,
    long P99Ns,
    long P999Ns,
    long MaxNs,
    IReadOnlyList<LatencyBucket> Buckets)
{
    public static LatencyReport Empty { get; } = new(0, 0, 0, 0, 0, 0, 0, []);

    /// <summary>Sum of all values, nanoseconds; null when not summed.</summary>
    public long? SumNs { get; init; }
}

/// <summary>Number of values in (previous upper bound, <paramref name="UpToNs"/>].</summary>
public readonly record struct LatencyBucket(long UpToNs, long Count);

/// <summary>A broken rule.</summary>
/// <param name="Rule">Name of the rule, e.g. <c>liveness</c>, <c>page-conservation</c>.</param>
/// <param name="AtNs">Virtual time of the finding.</param>
/// <param name="Detail">Expected and found state, with the actors concerned.</param>
public sealed record ViolationReport(string Rule, long AtNs, string Detail);

/// <summary>
/// An expectation of the scenario. <paramref name="Text"/> in the scenario's words, <paramref name="Found"/> what was
/// found.
/// </summary>
public sealed record ExpectationReport(string Text, bool IsMet, string Found)
{
    /// <summary>Reason why a live run does not judge it; empty when it was judged.</summary>
    public string NotJudged { get; init; } = "";

    /// <summary>It was judged, and did not come so.</summary>
    public bool IsUnmet => !IsMet && NotJudged.Length == 0;
}

/// <summary>Samples over virtual time.</summary>
public sealed record Timeline
{
    public static Timeline Empty { get; } = new();

    public IReadOnlyList<long> AtNs { get; init; } = [];

    /// <summary>Per cgroup, in the order of <see cref="RunReport.Cgroups"/>.</summary>
    public IReadOnlyList<CgroupTimeline> Cgroups { get; init; } = [];

    /// <summary>True free pages of each node: lengths of the free lists.</summary>
    public IReadOnlyList<NodeTimeline> Nodes { get; init; } = [];

    /// <summary>The free-page counter as the kernel sees it, pages.</summary>
    public IReadOnlyList<long> FreePageCounter { get; init; } = [];

    /// <summary>Faults, evictions, reloads since the previous sample, whole machine.</summary>
    public IReadOnlyList<long> Faults { get; init; } = [];

    public IReadOnlyList<long> Evictions { get; init; } = [];

    public IReadOnlyList<long> Reloads { get; init; } = [];

    public IReadOnlyList<long> FaultRetries { get; init; } = [];

    /// <summary>
    /// Watermarks of the allocator, pages: below low the allocator wakes ksgxd, below high ksgxd goes on.
    /// </summary>
    public int LowPages { get; init; } = 32;

    public int HighPages { get; init; } = 64;

    /// <summary>
    /// Median and 99th percentile fault latency of the faults since the previous sample, nanoseconds; 0 without a
    /// fault.
    /// </summary>
    public IReadOnlyList<long> FaultP50Ns { get; init; } = [];

    public IReadOnlyList<long> FaultP99Ns { get; init; } = [];

    /// <summary>Actions of the scenario's script, for marks in the charts.</summary>
    public IReadOnlyList<TimelineMark> Marks { get; init; } = [];
}

/// <summary>One cgroup over time; null in <see cref="MaxBytes"/> stands for <c>max</c>.</summary>
public sealed record CgroupTimeline
{
    public required string Path { get; init; }

    public IReadOnlyList<long> CurrentBytes { get; init; } = [];

    public IReadOnlyList<long?> MaxBytes { get; init; } = [];

    public IReadOnlyList<long> PeakBytes { get; init; } = [];

    public IReadOnlyList<long> Events { get; init; } = [];

    public IReadOnlyList<long> EventsLocal { get; init; } = [];

    /// <summary>Faults since the previous sample.</summary>
    public IReadOnlyList<long> Faults { get; init; } = [];
}

public sealed record NodeTimeline(int Id, IReadOnlyList<long> FreePages);

/// <summary>Something that happened at one moment: a limit written, a process killed.</summary>
public sealed record TimelineMark(long AtNs, string Text);

/// <summary>Kind of line that a <see cref="TraceEvent"/> becomes in the Chrome trace.</summary>
public enum TraceEventKind
{
    /// <summary>A span of a task that nests within its lane (phase X).</summary>
    Span,

    /// <summary>A moment (phase i).</summary>
    Instant,
}

/// <summary>One event of a task.</summary>
/// <param name="Process">NUMA node of the task (pid of the Chrome trace).</param>
/// <param name="Lane">Id of the task (tid).</param>
/// <param name="LaneName">Name of the task, e.g. <c>enclave-a/thread-0</c>, <c>ksgxd</c>.</param>
/// <param name="Name">Name of the action.</param>
/// <param name="StartNs">Start, virtual nanoseconds.</param>
/// <param name="DurationNs">Length of a span; 0 for an instant.</param>
/// <param name="Detail">Argument shown on a click; may be empty.</param>
public readonly record struct TraceEvent(
    TraceEventKind Kind,
    int Process,
    int Lane,
    string LaneName,
    string Name,
    long StartNs,
    long DurationNs,
    string Detail);
