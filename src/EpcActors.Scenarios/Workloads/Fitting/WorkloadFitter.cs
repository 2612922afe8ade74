namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>
/// Finds the workload whose miss curve is nearest to that of recorded accesses. The same accesses give the same answer
/// on every machine.
/// </summary>
public static class WorkloadFitter
{
    /// <summary>Mean difference of the miss ratios up to which a workload fits.</summary>
    public const double MostMean = 0.02;

    /// <summary>Largest difference up to which it fits, at a size within <see cref="SizeSlack"/>.</summary>
    public const double MostLargest = 0.05;

    /// <summary>How far aside a size may be, as a part of it.</summary>
    public const double SizeSlack = 0.02;

    /// <summary>Fewest accesses to pages that were touched before: a share of them is known to 0.03 then.</summary>
    public const int LeastRepeats = 1000;

    /// <summary>Accesses on which all candidates are compared; on all accesses the best ones.</summary>
    private const int Tried = 100_000;

    private const int Finalists = 2;

    /// <summary>Visits as a part of the accesses from which on they are fitted alone, too.</summary>
    private const double FewVisits = 0.8;

    /// <summary>
    /// Fits a workload; to the visits of the pages where that is nearer. A program that reads on within a page before
    /// it goes to the next one hits so often that no popular pages have its curve; what it costs is the same.
    /// </summary>
    public static WorkloadFit Fit(AccessSequence sequence)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        WorkloadFit fit = FitAsItIs(sequence);
        AccessSequence visits = sequence.Visits();
        double part = (double)visits.Pages.Length / sequence.Pages.Length;
        if (part > FewVisits || fit.Verdict == FitVerdict.TooShort)
        {
            return fit;
        }

        WorkloadFit ofVisits = FitAsItIs(visits);
        bool isNearer = fit.Verdict == FitVerdict.NoneFits || ofVisits.MeanDifference * part <= fit.MeanDifference;
        return ofVisits.Verdict == FitVerdict.Fits && isNearer ? ofVisits : fit;
    }

    private static WorkloadFit FitAsItIs(AccessSequence sequence)
    {
        if (sequence.Pages.Length < LeastRepeats)
        {
            return new WorkloadFit { Verdict = FitVerdict.TooShort };
        }

        FitComparison whole = new(sequence);
        if (sequence.Repeats == 0)
        {
            // One pass over all pages, in whatever order: no size of EPC tells it from a scan.
            return whole.With(new FittedWorkload { ScanPerMille = 1000, ScanPages = sequence.PageCount });
        }

        if (sequence.PageCount == 1)
        {
            return whole.With(new FittedWorkload { Pages = 1 });
        }

        if (IsTooShort(sequence))
        {
            return new WorkloadFit { Verdict = FitVerdict.TooShort };
        }

        return (sequence.Threads > 1 ? OfAlikeThreads(sequence, whole) : null) ?? Best(sequence, whole);
    }

    private static bool IsTooShort(AccessSequence sequence) =>
        sequence.Repeats < Math.Max(LeastRepeats, sequence.PageCount / 2);

    /// <summary>
    /// In a scenario all threads of an enclave do the same, each by itself. Where one workload fits each thread of the
    /// sequence, that is the answer: their accesses together say less, since how far apart their scans are is chance.
    /// </summary>
    private static WorkloadFit? OfAlikeThreads(AccessSequence sequence, FitComparison whole)
    {
        List<AccessSequence> threads = sequence.ByThread();
        AccessSequence busiest = threads[0];
        foreach (AccessSequence thread in threads)
        {
            busiest = thread.Pages.Length > busiest.Pages.Length ? thread : busiest;
        }

        if (IsTooShort(busiest))
        {
            return null;
        }

        WorkloadFit one = Best(busiest, new FitComparison(busiest));
        if (one.Verdict != FitVerdict.Fits)
        {
            return null;
        }

        double mean = 0;
        WorkloadFit worst = one;
        foreach (AccessSequence thread in threads)
        {
            WorkloadFit fit = thread == busiest ? one : new FitComparison(thread).With(one.Workload!);
            if (fit.Verdict != FitVerdict.Fits)
            {
                return null;
            }

            mean += fit.MeanDifference / threads.Count;
            worst = fit.LargestDifference > worst.LargestDifference ? fit : worst;
        }

        return whole.With(one.Workload! with { Threads = threads.Count }) with
        {
            Verdict = FitVerdict.Fits,
            MeanDifference = mean,
            LargestDifference = worst.LargestDifference,
            LargestAtPages = worst.LargestAtPages,
            LargestNearby = worst.LargestNearby,
        };
    }

    private static WorkloadFit Best(AccessSequence sequence, FitComparison whole)
    {
        List<FitCandidates.Candidate> candidates = FitCandidates.Of(sequence, whole.Distances);
        if (sequence.Pages.Length > Tried * 5 / 4)
        {
            FitComparison trial = new(sequence.First(Tried));
            List<FitCandidates.Candidate> finalists = [];
            while (finalists.Count < Finalists && candidates.Count > 0)
            {
                (int at, WorkloadFit _) = Simplest(candidates, trial);
                finalists.Add(candidates[at]);
                candidates.RemoveAt(at);
            }

            finalists.Sort(static (a, b) => a.Level.CompareTo(b.Level));
            candidates = finalists;
        }

        return Simplest(candidates, whole).Fit;
    }

    /// <summary>The nearest candidate; one that can be bent more must be nearer by more than chance.</summary>
    private static (int At, WorkloadFit Fit) Simplest(List<FitCandidates.Candidate> candidates, FitComparison with)
    {
        double chance = 0.0005 + (0.3 / Math.Sqrt(with.Repeats));
        int best = 0;
        WorkloadFit fit = with.With(candidates[0].Workload);
        for (int i = 1; i < candidates.Count; i++)
        {
            WorkloadFit next = with.With(candidates[i].Workload);
            bool isBetter = candidates[i].Level == candidates[best].Level
                ? next.MeanDifference < fit.MeanDifference
                : next.MeanDifference < (fit.MeanDifference * 0.7) - chance;
            if (isBetter)
            {
                (best, fit) = (i, next);
            }
        }

        return (best, fit);
    }
}
