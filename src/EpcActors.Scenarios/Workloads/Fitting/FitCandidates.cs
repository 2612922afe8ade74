using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>
/// The workloads to compare with a sequence, the simplest first: of two that are as near, the simpler one is the
/// answer, since a scan of a hundredth or a second slope can be bent to the noise of any curve.
/// </summary>
internal static class FitCandidates
{
    /// <summary>Below this skew is uniform tried, too.</summary>
    private const double NearlyUniform = 0.06;

    /// <summary>Accesses on which published workloads and the skew of records are tried.</summary>
    private const int Tried = 100_000;

    /// <summary>By the model a workload may be so much farther than the nearest one and still be compared.</summary>
    private const double Farther = 2.5;

    /// <summary>A workload and how many things it has that can be bent.</summary>
    public readonly record struct Candidate(FittedWorkload Workload, int Level);

    /// <summary>The candidates for one thread.</summary>
    public static List<Candidate> Of(AccessSequence sequence, StackDistances distances)
    {
        FitSearch search = new(sequence, distances);
        AccessSequence start = sequence.First(Tried);
        FitComparison trial = new(start);
        List<Candidate> candidates = [];
        IReadOnlyList<FitSearch.Found> nearest = search.Nearest();
        foreach (FitSearch.Found found in nearest)
        {
            if (found.Error > (nearest[0].Error * Farther) + 0.006)
            {
                continue;
            }

            FittedWorkload workload = Rounded(search, found, sequence);
            if (workload.Shape == PopularityShape.Records)
            {
                workload = Polished(workload, trial);
            }

            if (workload.Theta < NearlyUniform && workload is { Shape: PopularityShape.Zipf, ScanPerMille: < 1000 })
            {
                FittedWorkload uniform = workload with { Theta = 0 };
                candidates.Add(new Candidate(uniform, Level(uniform, found.IsSimple) - 1));
            }

            candidates.Add(new Candidate(workload, Level(workload, found.IsSimple)));
        }

        if (NearestPreset(sequence, trial) is { } preset)
        {
            candidates.Add(new Candidate(preset, 2));
        }

        candidates.Sort(static (a, b) => a.Level.CompareTo(b.Level));
        return candidates;
    }

    private static int Level(FittedWorkload workload, bool isSimple) => workload.ScanPerMille switch
    {
        1000 => 0,
        0 => workload.Shape == PopularityShape.Zipf ? 1 : 2,
        _ => (workload.Shape == PopularityShape.Zipf ? 2 : 3) + (isSimple ? 0 : 1),
    };

    /// <summary>Whole pages and thousandths.</summary>
    private static FittedWorkload Rounded(FitSearch search, in FitSearch.Found found, AccessSequence of)
    {
        FitPoint point = found.Point;
        int scanPerMille = (int)Math.Round(point.ScanShare * 1000);
        if (scanPerMille == 1000)
        {
            return new FittedWorkload { ScanPerMille = 1000, ScanPages = of.PageCount };
        }

        double pages = found.Pages;
        double scanPages = point.ScanPages(pages);
        double spanPages = point.Place switch
        {
            ScanPlace.Apart => of.SpanPages - scanPages,
            ScanPlace.Whole => of.SpanPages * point.ScanPart,
            ScanPlace.Within => of.SpanPages,
        };
        if (spanPages >= 1 && IsLikely(search, point, spanPages, of))
        {
            pages = spanPages;
            scanPages = point.Place == ScanPlace.Apart ? scanPages : point.ScanPages(pages);
        }

        // A scan that does not come to its end has as many pages as it touches.
        scanPages = Math.Min(scanPages, Math.Ceiling(point.ScanShare * of.Pages.Length));
        int whole = Math.Max(1, (int)Math.Round(pages));
        int hot = Math.Clamp((int)Math.Round(pages * point.HotPages), 1, whole);
        int scanned = scanPerMille == 0 ? 0 : Math.Max(1, (int)Math.Round(scanPages));
        return new FittedWorkload
        {
            Shape = point.Shape,
            Theta = Math.Round(point.Theta, 3),
            Pages = whole,
            HotPages = point.Shape == PopularityShape.Hotspot ? hot : 0,
            HotPerMille = (int)Math.Round(point.HotShare * 1000),
            RecordBytes = RecordPattern.PageBytes / point.RecordsPerPage,
            ScanPerMille = scanPerMille,
            ScanPages = scanned,
            ScanFirstPage = scanPerMille > 0 && point.Place == ScanPlace.Apart ? whole : 0,
        };
    }

    /// <summary>
    /// Whether as many pages as the numbers of the pages span would be touched as were: then they are the heap, and
    /// better known than from the count of those that were touched.
    /// </summary>
    private static bool IsLikely(FitSearch search, in FitPoint point, double pages, AccessSequence of)
    {
        double scanPages = point.Place == ScanPlace.Apart ? of.SpanPages - pages : point.ScanPages(pages);
        (double touched, double untouched) = search.Touches(point, pages, scanPages);
        return Math.Abs(touched - of.PageCount) <= 1 + (3 * Math.Sqrt(Math.Min(untouched, touched)));
    }

    /// <summary>
    /// The skew in small steps by runs of the workload: the model of several records on a page is a coarse one.
    /// </summary>
    private static FittedWorkload Polished(FittedWorkload workload, FitComparison trial)
    {
        double error = trial.With(workload).MeanDifference;
        for (double step = 0.016; step >= 0.004; step /= 2)
        {
            for (int sign = -1; sign <= 1; sign += 2)
            {
                FittedWorkload moved = workload with
                {
                    Theta = Math.Round(Math.Clamp(workload.Theta + (sign * step), 0, ZipfDistribution.MaxTheta), 3),
                };
                double there = trial.With(moved).MeanDifference;
                if (there < error)
                {
                    (workload, error) = (moved, there);
                    break;
                }
            }
        }

        return workload;
    }

    /// <summary>The published workload that is nearest; null where none comes near.</summary>
    private static FittedWorkload? NearestPreset(AccessSequence sequence, FitComparison trial)
    {
        FittedWorkload? best = null;
        double least = WorkloadFitter.MostMean;
        foreach (WorkloadPreset preset in WorkloadPresets.All)
        {
            if (preset.DividesHeap || preset.CreatePattern(64, new Prng(0)).Length != AccessPattern.Endless)
            {
                continue;
            }

            FittedWorkload workload = new() { Preset = preset.Name, Pages = (int)sequence.SpanPages };
            double error = trial.With(workload).MeanDifference;
            if (error < least)
            {
                (best, least) = (workload, error);
            }
        }

        return best;
    }
}
