using System.Collections.Immutable;
using EpcActors.Kernel.Workloads;

namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>
/// Looks for the workloads whose miss curve is nearest to that of a sequence: all of a coarse grid, then the best ones
/// of each kind in ever smaller steps. The curves are those of <see cref="ReuseModel"/>.
/// </summary>
internal sealed class FitSearch
{
    private const int KeptPerKind = 2;
    private const int MostSteps = 160;

    private static readonly ImmutableArray<double> ScanParts =
        [0.03, 0.08, 0.16, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.94];

    private readonly long _accesses;
    private readonly double _pages;
    private readonly Curve _coarse;
    private readonly Curve _fine;
    private readonly List<Found> _found = [];
    private readonly AccessSequence _sequence;

    /// <param name="sequence">The accesses.</param>
    /// <param name="distances">Their distances.</param>
    public FitSearch(AccessSequence sequence, StackDistances distances)
    {
        _sequence = sequence;
        _accesses = sequence.Pages.Length;
        _pages = sequence.PageCount;
        _coarse = new Curve(new MissCurve(distances, MissCurve.SizesUpTo(sequence.PageCount, 24)), 40, 1.35);
        _fine = new Curve(new MissCurve(distances, MissCurve.SizesUpTo(sequence.PageCount, 200)), 160, 1.06);
    }

    /// <summary>A workload with the pages that it needs to touch as many as the sequence, and its distance.</summary>
    /// <param name="Point">The workload.</param>
    /// <param name="Pages">Its popular pages.</param>
    /// <param name="Error">Mean difference of the miss ratios, by the model.</param>
    /// <param name="IsSimple">Its scan was seen in the intervals of its pages, or is over all popular pages.</param>
    public readonly record struct Found(FitPoint Point, double Pages, double Error, bool IsSimple = false);

    /// <summary>The nearest workloads, at most two of each shape and place of the scan, the best one first.</summary>
    public IReadOnlyList<Found> Nearest()
    {
        foreach (FitPoint point in Grid())
        {
            Keep(Evaluate(point, _coarse));
        }

        List<Found> refined = [];
        foreach (Found one in _found)
        {
            Found found = Refine(one.Point, coordinates: 5);
            refined.Add(found);
            if (found.Point is { Place: ScanPlace.Whole, ScanShare: > 0 and < 1, ScanPart: > 0.9 and < 1 })
            {
                // Nearly all of the scanned pages are popular: all of them may be.
                refined.Add(Refine(found.Point with { ScanPart = 1 }, coordinates: 4) with { IsSimple = true });
            }
        }

        AddSeenScans(refined);

        refined.Sort(static (a, b) => a.Error.CompareTo(b.Error));
        return refined;
    }

    /// <summary>Different pages that a workload touches in as many accesses.</summary>
    public (double Touched, double Untouched) Touches(in FitPoint point, double pages, double scanPages)
    {
        _fine.Model.Set(point, pages, scanPages);
        double touched = _fine.Model.At(_accesses).Pages;
        double all = point.Place == ScanPlace.Apart ? pages + scanPages : Math.Max(pages, scanPages);
        return (touched, Math.Max(0, all - touched));
    }

    /// <summary>
    /// A scan over pages that are touched by nothing else is seen in the sequence itself, more exactly than in a curve:
    /// its pages and its share are known then, and the popularity of the other pages is left to be found.
    /// </summary>
    private void AddSeenScans(List<Found> refined)
    {
        RegularPages regular = RegularPages.Of(_sequence);
        double apart = regular.Pages / _pages;
        if (apart is < 0.01 or > 0.99)
        {
            return;
        }

        Found bestApart = new(default, 0, double.MaxValue);
        Found bestWhole = bestApart;
        foreach (FitPoint popular in Popular())
        {
            TryScan(popular, ScanPlace.Apart, regular.Pages / regular.Interval, apart, ref bestApart);
            TryScan(popular, ScanPlace.Whole, _pages / regular.Interval, 1 - apart, ref bestWhole);
        }

        foreach (Found one in (ReadOnlySpan<Found>)[bestApart, bestWhole])
        {
            if (one.Pages > 0)
            {
                refined.Add(Refine(one.Point, coordinates: 3) with { IsSimple = true });
            }
        }
    }

    private void TryScan(in FitPoint popular, ScanPlace place, double share, double part, ref Found best)
    {
        if (share is < 0.002 or > 0.998)
        {
            return;
        }

        Found found = Evaluate(popular with { ScanShare = share, ScanPart = part, Place = place }, _coarse);
        best = found.Error < best.Error ? found : best;
    }

    private static IEnumerable<FitPoint> Grid()
    {
        foreach (FitPoint popular in Popular())
        {
            yield return popular;
            bool isRecords = popular.Shape == PopularityShape.Records;
            double step = popular.Shape == PopularityShape.Zipf ? 0.08 : 0.16;
            for (double share = 0.04; share < 1 && !isRecords; share += step)
            {
                foreach (double part in ScanParts)
                {
                    yield return popular with { ScanShare = share, ScanPart = part };
                    if (popular.Shape == PopularityShape.Zipf)
                    {
                        yield return popular with { ScanShare = share, ScanPart = part, Place = ScanPlace.Whole };
                        yield return popular with { ScanShare = share, ScanPart = part, Place = ScanPlace.Within };
                    }
                }

                yield return popular with { ScanShare = share, ScanPart = 1, Place = ScanPlace.Whole };
            }
        }

        yield return new FitPoint(PopularityShape.Zipf, 0, 0, 0, 1, 1, 1, ScanPlace.Whole);
    }

    private static IEnumerable<FitPoint> Popular()
    {
        for (int tenths = 0; tenths <= 18; tenths++)
        {
            yield return new FitPoint(PopularityShape.Zipf, tenths / 10.0, 0, 0, 1, 0, 0.5, ScanPlace.Apart);
        }

        foreach (int records in (int[])[2, 4, 16])
        {
            for (int tenths = 4; tenths <= 14; tenths++)
            {
                yield return new FitPoint(
                    PopularityShape.Records, tenths / 10.0, 0, 0, records, 0, 0.5, ScanPlace.Apart);
            }
        }

        foreach (double share in (double[])[0.5, 0.7, 0.8, 0.9, 0.95, 0.98])
        {
            foreach (double pages in (double[])[0.01, 0.03, 0.06, 0.1, 0.2, 0.35])
            {
                yield return new FitPoint(PopularityShape.Hotspot, 0, share, pages, 1, 0, 0.5, ScanPlace.Apart);
            }
        }
    }

    private void Keep(in Found found)
    {
        int same = 0;
        int worst = -1;
        for (int i = 0; i < _found.Count; i++)
        {
            if (IsOfKind(_found[i].Point, found.Point))
            {
                same++;
                worst = worst < 0 || _found[i].Error > _found[worst].Error ? i : worst;
            }
        }

        if (same < KeptPerKind)
        {
            _found.Add(found);
        }
        else if (found.Error < _found[worst].Error)
        {
            _found[worst] = found;
        }
    }

    private static bool IsOfKind(in FitPoint a, in FitPoint b) =>
        a.Shape == b.Shape && a.Place == b.Place && a.RecordsPerPage == b.RecordsPerPage
        && (a.ScanShare == 0) == (b.ScanShare == 0);

    private Found Evaluate(in FitPoint point, Curve curve)
    {
        double pages = Solve(point, curve.Model, curve == _coarse ? 8 : 24);
        double error = curve.Error(_accesses);
        return new Found(point, pages, error);
    }

    /// <summary>Popular pages with which the workload touches as many as the sequence; sets the model.</summary>
    private double Solve(in FitPoint point, ReuseModel model, int halvings)
    {
        double low = point.ScanShare == 1 ? 0
            : point.Place switch
            {
                ScanPlace.Apart => point.ScanShare == 0 ? _pages : _pages * (1 - point.ScanPart),
                ScanPlace.Whole => _pages * point.ScanPart,
                ScanPlace.Within => _pages,
            };
        if (Touch(point, low) >= _pages * 0.9995 || low == 0)
        {
            return low;
        }

        double high = low;
        do
        {
            low = high;
            high *= 1.5;
        }
        while (Touch(point, high) < _pages && high < 32 * _pages);

        for (int i = 0; i < halvings; i++)
        {
            double middle = (low + high) / 2;
            if (Touch(point, middle) < _pages)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        Touch(point, high);
        return high;

        double Touch(in FitPoint at, double pages)
        {
            model.Set(at, pages, at.ScanShare == 1 ? _pages : at.ScanPages(pages));
            return model.At(_accesses).Pages;
        }
    }

    /// <param name="start">Where to begin.</param>
    /// <param name="coordinates">
    /// What may move, the first of: skew, share of the hot pages, how many these are, share of the scan, its pages.
    /// </param>
    private Found Refine(in FitPoint start, int coordinates)
    {
        Found best = Evaluate(start, _fine);
        Span<double> steps = [0.05, 0.05, 0.35, 0.04, 0.05];
        double smallest = 0.02;
        for (int tries = 0; tries < MostSteps;)
        {
            bool moved = false;
            for (int i = 0; i < coordinates; i++)
            {
                for (int sign = -1; sign <= 1; sign += 2)
                {
                    if (!TryMove(best.Point, i, sign * steps[i], out FitPoint next))
                    {
                        continue;
                    }

                    tries++;
                    Found found = Evaluate(next, _fine);
                    if (found.Error < best.Error - 1e-9)
                    {
                        best = found;
                        moved = true;
                        break;
                    }
                }
            }

            if (!moved)
            {
                smallest /= 2;
                if (smallest < 0.0003)
                {
                    break;
                }

                foreach (ref double step in steps)
                {
                    step /= 2;
                }
            }
        }

        return best;
    }

    private static bool TryMove(in FitPoint point, int coordinate, double by, out FitPoint to)
    {
        bool isHotspot = point.Shape == PopularityShape.Hotspot;
        bool scans = point.ScanShare is > 0 and < 1;
        to = coordinate switch
        {
            0 when !isHotspot && point.ScanShare < 1 => point with { Theta = Math.Clamp(point.Theta + by, 0, 4) },
            1 when isHotspot => point with { HotShare = Math.Clamp(point.HotShare + by, 0.01, 0.999) },
            2 when isHotspot => point with { HotPages = Math.Clamp(point.HotPages * (1 + by), 0.0005, 0.9) },
            3 when scans => point with { ScanShare = Math.Clamp(point.ScanShare + by, 0.001, 0.999) },
            4 when scans => point with { ScanPart = Math.Clamp(point.ScanPart + by, 0.002, MostPart(point.Place)) },
            _ => point,
        };
        return to != point;
    }

    private static double MostPart(ScanPlace place) => place == ScanPlace.Apart ? 0.998 : 1;

    /// <summary>The curve to meet, and the room to make the model's beside it.</summary>
    private sealed class Curve(MissCurve wanted, int windows, double binRatio)
    {
        private const int CliffWindows = 9;

        private readonly double[] _windows = new double[windows + CliffWindows];
        private readonly double[] _pages = new double[windows + CliffWindows];
        private readonly double[] _ratios = new double[windows + CliffWindows];

        public ReuseModel Model { get; } = new(binRatio);

        /// <summary>Mean difference of the model's curve from the one that is wanted.</summary>
        public double Error(long accesses)
        {
            SetWindows(accesses);
            double touched = Model.At(accesses).Pages;
            double again = Math.Max(1, accesses - touched);
            for (int i = 0; i < _windows.Length; i++)
            {
                (double pages, double rate) = Model.At(_windows[i]);
                _pages[i] = pages;
                _ratios[i] = Math.Clamp((pages + ((accesses - _windows[i]) * rate) - touched) / again, 0, 1);
            }

            double sum = 0;
            int at = 0;
            for (int i = 0; i < wanted.Sizes.Length; i++)
            {
                double size = wanted.Sizes[i];
                while (at < _pages.Length && _pages[at] < size)
                {
                    at++;
                }

                double before = at == 0 ? 0 : _pages[at - 1];
                double ratioBefore = at == 0 ? 1 : _ratios[at - 1];
                double after = at == _pages.Length ? 0 : _ratios[at];
                double ratio = at == _pages.Length ? 0
                    : _pages[at] - before < 1e-9 ? after
                    : ratioBefore + ((after - ratioBefore) * (size - before) / (_pages[at] - before));
                sum += Math.Abs(ratio - wanted.Ratios[i]);
            }

            return sum / wanted.Sizes.Length;
        }

        /// <summary>Windows in equal ratios, and some around the end of a pass of the scan.</summary>
        private void SetWindows(long accesses)
        {
            double span = DeterministicMath.Ln(accesses);
            for (int i = 0; i < windows; i++)
            {
                _windows[i] = DeterministicMath.Exp(span * i / (windows - 1));
            }

            for (int i = 0; i < CliffWindows; i++)
            {
                _windows[windows + i] = Model.Period == 0
                    ? 1
                    : Math.Clamp(Model.Period + ((i - (CliffWindows / 2)) * 1.2 * Model.Blur), 1, accesses);
            }

            Array.Sort(_windows);
        }
    }
}
