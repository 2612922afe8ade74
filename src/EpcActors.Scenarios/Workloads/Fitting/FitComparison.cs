using EpcActors.Kernel.Random;

namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>Compares workloads with a sequence of accesses: each is run for as many accesses.</summary>
internal sealed class FitComparison
{
    /// <summary>Share of misses of the size that sizing cares about.</summary>
    private const double MissesToKeep = 0.05;

    private const int Half = 128;

    /// <summary>Every run has the same random numbers, so the same sequence gets the same answer.</summary>
    private static readonly Prng Stream = new(0x0F17);

    private readonly long[] _sizes;
    private readonly MissCurve _curve;
    private readonly long _accesses;
    private readonly long _pagesForHits;

    public FitComparison(AccessSequence sequence)
    {
        Distances = sequence.Distances();
        _accesses = sequence.Pages.Length;
        _sizes = MissCurve.SizesUpTo(sequence.PageCount, Half);
        _curve = new MissCurve(Distances, _sizes);
        _pagesForHits = MissCurve.LeastSize(Distances, MissesToKeep, sequence.PageCount);
    }

    /// <summary>Accesses of the sequence to pages that were touched before.</summary>
    public long Repeats => _accesses - Distances.FirstTouches;

    /// <summary>Distances of the sequence.</summary>
    public StackDistances Distances { get; }

    /// <summary>Runs the workload and compares.</summary>
    public WorkloadFit With(FittedWorkload workload)
    {
        StackDistances distances = workload.Distances(_accesses, Stream);
        MissCurve curve = new(distances, _sizes);
        MissCurve smaller = new(distances, Scaled(1 - WorkloadFitter.SizeSlack));
        MissCurve larger = new(distances, Scaled(1 + WorkloadFitter.SizeSlack));
        double sum = 0;
        double largest = 0;
        double nearby = 0;
        long at = _sizes[0];
        for (int i = 0; i < _sizes.Length; i++)
        {
            double wanted = _curve.Ratios[i];
            double difference = Math.Abs(curve.Ratios[i] - wanted);
            sum += difference;
            if (difference > largest)
            {
                (largest, at) = (difference, _sizes[i]);
            }

            nearby = Math.Max(nearby, Math.Max(wanted - smaller.Ratios[i], larger.Ratios[i] - wanted));
        }

        double mean = sum / _sizes.Length;
        bool fits = mean <= WorkloadFitter.MostMean && nearby <= WorkloadFitter.MostLargest;
        return new WorkloadFit
        {
            Verdict = fits ? FitVerdict.Fits : FitVerdict.NoneFits,
            Workload = workload,
            Accesses = (int)_accesses,
            MeanDifference = mean,
            LargestDifference = largest,
            LargestAtPages = at,
            LargestNearby = nearby,
            PagesForHits = _pagesForHits,
            FittedPagesForHits = MissCurve.LeastSize(distances, MissesToKeep, workload.HeapPages),
        };
    }

    private long[] Scaled(double factor)
    {
        long[] sizes = new long[_sizes.Length];
        for (int i = 0; i < sizes.Length; i++)
        {
            sizes[i] = factor < 1
                ? Math.Max(1, (long)(_sizes[i] * factor))
                : (long)Math.Ceiling(_sizes[i] * factor);
        }

        return sizes;
    }
}
