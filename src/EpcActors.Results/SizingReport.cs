namespace EpcActors.Results;

/// <summary>Report of a sizing.</summary>
public enum SizingVerdict
{
    /// <summary>Each cgroup has its limit, and together they keep what they keep alone.</summary>
    Sized,

    /// <summary>A cgroup has no limit that keeps the share, alone or beside the others on this machine.</summary>
    NotKept,
}

/// <summary>Answer to the question which limit: the model of the table, the page and the exports.</summary>
public sealed record SizingReport
{
    /// <summary>File name of the scenario, as given.</summary>
    public required string Scenario { get; init; }

    /// <summary>One-line title of the scenario.</summary>
    public string Title { get; init; } = "";

    public required SizingVerdict Verdict { get; init; }

    /// <summary>Name of the kernel.</summary>
    public required string Kernel { get; init; }

    /// <summary>Name of the cost profile: what all times stand on.</summary>
    public string Costs { get; init; } = "";

    public required IReadOnlyList<ulong> Seeds { get; init; }

    /// <summary>EPC of the machine, pages.</summary>
    public required long MachinePages { get; init; }

    /// <summary>Shares of the full speed that were asked for, 0 to 1, ascending.</summary>
    public IReadOnlyList<double> Shares { get; init; } = [];

    /// <summary>The share that limits are given for; null when an expectation decides.</summary>
    public double? ChosenShare { get; init; }

    /// <summary>The expectation that decides instead of a share; empty without one.</summary>
    public string Until { get; init; } = "";

    public IReadOnlyList<CgroupSizing> Cgroups { get; init; } = [];

    /// <summary>All cgroups at their limits in one run; null when there is one only or one has no limit.</summary>
    public TogetherSizing? Together { get; init; }

    /// <summary>Things that the reader should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Simulations that the answers stand on.</summary>
    public int Simulations { get; init; }

    /// <summary>Critical sections executed in them.</summary>
    public long Steps { get; init; }

    /// <summary>Host time, milliseconds.</summary>
    public double WallTimeMs { get; init; }

    /// <summary>The command that repeats it.</summary>
    public string Command { get; init; } = "";
}

/// <summary>The limits of one cgroup.</summary>
public sealed record CgroupSizing
{
    /// <summary>Path below the root.</summary>
    public required string Path { get; init; }

    /// <summary>Names of the enclaves in it and below.</summary>
    public required IReadOnlyList<string> Enclaves { get; init; }

    /// <summary>Names of the guests in it and below.</summary>
    public IReadOnlyList<string> Guests { get; init; } = [];

    /// <summary>misc.max in the file, bytes; null for max.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>The least that loads.</summary>
    public required LeastSizing Least { get; init; }

    /// <summary>Everything resident: heaps, code, SECS, VA pages and vEPC; pages.</summary>
    public required long WholePages { get; init; }

    /// <summary>An answer for each share, ascending.</summary>
    public IReadOnlyList<SizeAnswer> Answers { get; init; } = [];

    /// <summary>The answer that the lines to paste have; null when there is none.</summary>
    public SizeAnswer? Chosen { get; init; }

    /// <summary>
    /// The limit behind which more EPC brings least; pages, 0 when the speed does not depend on the limit.
    /// </summary>
    public long KneePages { get; init; }

    /// <summary>Every limit that was simulated, ascending, seed by seed.</summary>
    public IReadOnlyList<SizePoint> Points { get; init; } = [];

    /// <summary>Share of accesses that would miss under LRU, over the limit: one pass over the accesses.</summary>
    public IReadOnlyList<MissPoint> Lru { get; init; } = [];

    /// <summary>
    /// Largest difference between the share of misses of the kernel's list and that of LRU, over the points; 0 to 1.
    /// </summary>
    public double LruDifference { get; init; }

    /// <summary>Mean of the same, without its sign.</summary>
    public double MeanLruDifference { get; init; }

    /// <summary>How far back the page of an access was touched last, in distinct pages.</summary>
    public IReadOnlyList<ReuseBucket> Reuse { get; init; } = [];

    /// <summary>More EPC was slower somewhere, by more than the seeds differ; empty when it never was.</summary>
    public string NotMonotone { get; init; } = "";

    /// <summary>Length of the warm-up and of the part that was measured, and whether the state was steady.</summary>
    public string Steadiness { get; init; } = "";

    /// <summary>The state was steady, or the whole program was measured as it is written.</summary>
    public bool IsSteady { get; init; }

    /// <summary>Things about this cgroup that the reader should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>The least limit that loads the enclaves of a cgroup.</summary>
/// <param name="Pages">The limit, pages: confirmed, so it may be above the closed form.</param>
/// <param name="ClosedFormPages">VA pages, SECS pages, vEPC and one page that is on its way.</param>
/// <param name="VaPages">VA pages to load.</param>
/// <param name="SecsPages">SECS pages: one for each enclave.</param>
/// <param name="GuestPages">vEPC pages, which are never reclaimed.</param>
/// <param name="FailsBelow">A simulation one page below does not load.</param>
/// <param name="Reason">Why it is above the closed form, and what a page less fails with.</param>
public sealed record LeastSizing(
    long Pages, long ClosedFormPages, long VaPages, long SecsPages, long GuestPages, bool FailsBelow, string Reason);

/// <summary>The least limit that keeps a share of the full speed.</summary>
public sealed record SizeAnswer
{
    /// <summary>The share, 0 to 1; null for an expectation.</summary>
    public double? Share { get; init; }

    /// <summary>The limit, pages, a multiple of 16; null when none keeps the share.</summary>
    public long? LimitPages { get; init; }

    /// <summary>The same of the seed that needs least.</summary>
    public long LowestPages { get; init; }

    /// <summary>The same of the seed that needs most, before the check of what lies above.</summary>
    public long HighestPages { get; init; }

    /// <summary>Slowdown at the limit; of the slowest seed.</summary>
    public SizePoint? Point { get; init; }

    /// <summary>Reason why there is no limit, or what was found of the expectation.</summary>
    public string Detail { get; init; } = "";
}

/// <summary>One simulated limit.</summary>
public sealed record SizePoint
{
    public required long LimitPages { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Time of a step against that without a limit, of the slowest enclave; null when one died.</summary>
    public double? Slowdown { get; init; }

    /// <summary>Share of accesses that had to load a page back, 0 to 1.</summary>
    public double MissRatio { get; init; }

    /// <summary>Reason why an enclave died; empty when none did.</summary>
    public string Death { get; init; } = "";

    /// <summary>RAM behind evicted pages at its peak, pages: contents and PCMD in shmem.</summary>
    public long BackingPages { get; init; }

    /// <summary>Latency of page faults, nanoseconds; 0 without any.</summary>
    public long FaultP50Ns { get; init; }

    public long FaultP99Ns { get; init; }

    /// <summary>Latency of one step of the program, an access with its work and its fault, nanoseconds.</summary>
    public long StepP50Ns { get; init; }

    public long StepP99Ns { get; init; }

    /// <summary>It met the expectation; true when there is none.</summary>
    public bool IsMet { get; init; } = true;
}

/// <summary>A point of a miss-ratio curve.</summary>
public sealed record MissPoint(long LimitPages, double MissRatio);

/// <summary>
/// Accesses whose page was touched last fewer than <paramref name="BelowPages"/> distinct pages ago, and not fewer than
/// the bucket before; 0 for a page that is touched for the first time.
/// </summary>
public sealed record ReuseBucket(long BelowPages, long Accesses);

/// <summary>All cgroups at their limits in one run.</summary>
public sealed record TogetherSizing
{
    /// <summary>Sum of the limits, and what cgroups without one keep; pages.</summary>
    public required long SumPages { get; init; }

    /// <summary>EPC of the machine, pages.</summary>
    public required long MachinePages { get; init; }

    /// <summary>Sums by share, ascending; null where a cgroup has no limit for it.</summary>
    public IReadOnlyList<(double Share, long? Pages)> Sums { get; init; } = [];

    /// <summary>A row for each cgroup.</summary>
    public IReadOnlyList<NeighbourSizing> Rows { get; init; } = [];

    /// <summary>RAM behind evicted pages of all cgroups, pages.</summary>
    public long BackingPages { get; init; }

    /// <summary>Enclaves that were there without being sized.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    public bool Fits => SumPages <= MachinePages;
}

/// <summary>One cgroup beside the others.</summary>
public sealed record NeighbourSizing
{
    public required string Path { get; init; }

    public required long LimitPages { get; init; }

    /// <summary>Slowdown at the limit on this machine without the others; null when it died.</summary>
    public double? Alone { get; init; }

    /// <summary>Slowdown at the limit beside the others; null when it died.</summary>
    public double? Together { get; init; }

    /// <summary>It keeps the share, or meets the expectation, beside the others.</summary>
    public bool Keeps { get; init; }

    /// <summary>
    /// Cgroups without which it is faster, the worst first, with the factor; empty when not measured.
    /// </summary>
    public IReadOnlyList<(string Path, double Factor)> SlowedBy { get; init; } = [];

    /// <summary>Reason why an enclave of it died; empty when none did.</summary>
    public string Death { get; init; } = "";
}
