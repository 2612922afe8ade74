using EpcActors.Kernel.Workloads;
namespace EpcActors.Scenarios.Workloads.Fitting;

/// <summary>
/// The miss curve of a workload without a run of it: pages of some popularity at random, and a scan beside them. How
/// many different pages a window of T accesses touches, and how fast that number grows, give the misses at the size
/// that the window fills (Denning 1968 for the working set; Che, Tung and Wang 2002 for caches).
/// </summary>
/// <remarks>Good to about a hundredth; the fit that it finds is compared by a run of the workload.</remarks>
internal sealed class ReuseModel
{
    private const int SingleRanks = 12;
    private const double LogarithmicBand = 1e-6;

    private readonly double _binRatio;
    private readonly List<double> _counts = [];
    private readonly List<double> _shares = [];
    private readonly List<double> _logs = [];

    private double _scanShare;
    private double _scanPages;
    private double _period;
    private double _blur;
    private double _covered;
    private double _scanOnly;

    /// <param name="binRatio">Ranks from one bin of popularity to the next, above 1: nearer to 1 is exacter.</param>
    public ReuseModel(double binRatio) => _binRatio = binRatio;

    /// <summary>Sets the popular pages and the scan.</summary>
    public void Set(in FitPoint point, double pages, double scanPages)
    {
        _counts.Clear();
        _shares.Clear();
        _logs.Clear();
        _scanShare = point.ScanShare;
        _scanPages = _scanShare == 0 ? 0 : Math.Max(1, scanPages);
        if (_scanShare < 1)
        {
            AddPopular(point, Math.Max(1, pages));
        }

        _covered = point.Place == ScanPlace.Apart || pages == 0 ? 0 : Math.Min(1, _scanPages / Math.Max(1, pages));
        _scanOnly = Math.Max(0, _scanPages - (_covered * pages));

        // A pass over the scanned pages takes so many accesses, give or take a deviation of turns at random.
        _period = _scanShare == 0 ? 0 : _scanPages / _scanShare;
        _blur = _scanShare == 0 ? 1
            : Math.Max(0.25, Math.Sqrt(_scanPages * (1 - _scanShare)) / _scanShare * Math.Sqrt(3) / Math.PI);
    }

    /// <summary>Accesses between two visits of the scan; 0 without one.</summary>
    public double Period => _period;

    /// <summary>How far the visits spread around that.</summary>
    public double Blur => _blur;

    /// <summary>Different pages in a window, and new pages per access at its end.</summary>
    public (double Pages, double Rate) At(double window)
    {
        (double passed, double rate) = Scan(window);
        double missing = 1 - passed;
        double pages = _scanOnly * passed;
        double growth = _scanOnly * rate;
        for (int i = 0; i < _counts.Count; i++)
        {
            double untouched = DeterministicMath.Exp(window * _logs[i]);
            double alone = _counts[i] * (1 - _covered);
            double both = _counts[i] * _covered;
            pages += (alone * (1 - untouched)) + (both * (1 - (untouched * missing)));
            growth += (alone * _shares[i] * untouched) + (both * untouched * ((_shares[i] * missing) + rate));
        }

        return (pages, growth);
    }

    /// <summary>Part of the scanned pages that a window passes over, and how fast it grows.</summary>
    private (double Passed, double Rate) Scan(double window)
    {
        if (_scanShare == 0)
        {
            return (0, 0);
        }

        double z = (window - _period) / _blur;
        double start = Softplus(-_period / _blur);
        double passed = _scanShare * (window - (_blur * (Softplus(z) - start))) / _scanPages;
        double left = z > 40 ? 0 : 1 / (1 + DeterministicMath.Exp(Math.Max(-700, z)));
        return (Math.Clamp(passed, 0, 1), _scanShare * left / _scanPages);
    }

    private static double Softplus(double z) => z > 40 ? z
        : z < -40 ? 0
        : DeterministicMath.Ln(1 + DeterministicMath.Exp(z));

    private void AddPopular(in FitPoint point, double pages)
    {
        switch (point.Shape)
        {
            case PopularityShape.Zipf:
                AddZipf(point.Theta, pages, 1);
                break;
            case PopularityShape.Records:
                AddZipf(point.Theta, pages, point.RecordsPerPage);
                break;
            case PopularityShape.Hotspot:
                double hot = Math.Clamp(point.HotPages * pages, 1, pages);
                Add(hot, point.HotShare / hot);
                if (pages - hot >= 0.5)
                {
                    Add(pages - hot, (1 - point.HotShare) / (pages - hot));
                }

                break;
        }

        // Shares add up to what the scan leaves.
        double sum = 0;
        for (int i = 0; i < _counts.Count; i++)
        {
            sum += _counts[i] * _shares[i];
        }

        for (int i = 0; i < _counts.Count; i++)
        {
            double share = Math.Min(1 - 1e-12, _shares[i] * (1 - _scanShare) / sum);
            _shares[i] = share;
            _logs.Add(DeterministicMath.Ln(1 - share));
        }
    }

    private void Add(double count, double share)
    {
        _counts.Add(count);
        _shares.Add(share);
    }

    /// <summary>
    /// Ranks one by one, then in bins. With several records a page, a page is as popular as its most popular record and
    /// the mean of those behind it.
    /// </summary>
    private void AddZipf(double theta, double pages, int recordsPerPage)
    {
        double ranks = pages * recordsPerPage;
        double total = Integral(theta, 0.5, ranks + 0.5);
        double done = 0;
        double first = 0.5;
        while (first < ranks + 0.499)
        {
            double end = first < SingleRanks ? first + 1 : Math.Max(first + 1, first * _binRatio);
            end = Math.Min(end, ranks + 0.5);
            double count = end - first;
            double middle = first + (count / 2);

            // The bar of one rank is its value, of many the integral.
            double weight = count <= 1.001 ? count * Power(middle, -theta) : Integral(theta, first, end);
            double share = weight / count;
            if (recordsPerPage > 1)
            {
                double behind = Math.Max(0, 1 - Math.Min(1, middle / (ranks + 1)));
                double rest = Math.Max(0, total - done - (weight / 2)) / Math.Max(1, ranks - middle);
                share += (recordsPerPage - 1) * rest;
                count *= Power(behind, recordsPerPage - 1);
            }

            if (count > 0)
            {
                Add(count, share);
            }

            done += weight;
            first = end;
        }
    }

    private static double Integral(double theta, double from, double to)
    {
        double exponent = 1 - theta;
        return Math.Abs(exponent) < LogarithmicBand
            ? DeterministicMath.Ln(to / from)
            : (Power(to, exponent) - Power(from, exponent)) / exponent;
    }

    private static double Power(double x, double exponent) => exponent == 0 ? 1
        : x <= 0 ? 0
        : DeterministicMath.Exp(exponent * DeterministicMath.Ln(x));
}
