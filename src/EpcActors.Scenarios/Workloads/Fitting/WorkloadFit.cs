namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>What came of a fit.</summary>
public enum FitVerdict
{
    /// <summary>The workload misses as the sequence does.</summary>
    Fits,

    /// <summary>No workload comes near enough; the nearest one is at hand.</summary>
    NoneFits,

    /// <summary>The sequence touches too few pages again to say.</summary>
    TooShort,
}

/// <summary>A workload for a sequence of accesses, and how far the two are apart.</summary>
public sealed record WorkloadFit
{
    public required FitVerdict Verdict { get; init; }

    /// <summary>The workload; null when the sequence is too short.</summary>
    public FittedWorkload? Workload { get; init; }

    /// <summary>
    /// Accesses of the sequence that the workload stands for: all, or its visits, where accesses of a thread that
    /// follow one another on a page count as one.
    /// </summary>
    public int Accesses { get; init; }

    /// <summary>Mean difference of the miss ratios over the sizes, 0 to 1.</summary>
    public double MeanDifference { get; init; }

    /// <summary>Largest difference of the miss ratios at the same size, 0 to 1.</summary>
    public double LargestDifference { get; init; }

    /// <summary>The size, pages.</summary>
    public long LargestAtPages { get; init; }

    /// <summary>
    /// The same where a size may be off by <see cref="WorkloadFitter.SizeSlack"/>: at a cliff the curves differ by its
    /// whole height when it stands a page aside.
    /// </summary>
    public double LargestNearby { get; init; }

    /// <summary>Least size of an LRU that 95 % of the sequence's repeated accesses hit, pages.</summary>
    public long PagesForHits { get; init; }

    /// <summary>The same of the workload.</summary>
    public long FittedPagesForHits { get; init; }
}
