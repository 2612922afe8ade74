namespace EpcActors.Scenarios.Workloads;

/// <summary>
/// The share of accesses that miss, 0 to 1, where it can be said without a run. The truth that runs are compared with.
/// </summary>
/// <remarks>
/// For reports and tests only: these numbers may differ in their last bits between machines and decide nothing.
/// </remarks>
public static class MissRatio
{
    // Below this the zeta sum is added up term by term; above, Euler-Maclaurin is good to 1e-16 of it.
    private const int SummedTerms = 32;

    /// <summary>Uniform accesses, any replacement: the share of pages that are not resident.</summary>
    public static double Uniform(long pages, long residentPages)
    {
        Check(pages, residentPages);
        return residentPages >= pages ? 0.0 : 1.0 - ((double)residentPages / pages);
    }

    /// <summary>
    /// Page after page in a ring under FIFO, LRU or second chance, past the first round: all or nothing (the cliff).
    /// </summary>
    public static double Cyclic(long pages, long residentPages)
    {
        Check(pages, residentPages);
        return residentPages >= pages ? 0.0 : 1.0;
    }

    /// <summary>
    /// Zipf's law over pages with the most popular pages resident: the best that any replacement can do.
    /// </summary>
    public static double Zipf(long pages, double theta, long residentPages)
    {
        Check(pages, residentPages);
        return residentPages >= pages
            ? 0.0
            : PowerSum(residentPages + 1, pages, theta) / PowerSum(1, pages, theta);
    }

    /// <summary>A hot set with a share of the accesses, its pages resident first.</summary>
    /// <param name="pages">Pages of the heap.</param>
    /// <param name="hotPages">Of these, hot.</param>
    /// <param name="hotAccessesPerMille">Accesses to hot pages of 1000.</param>
    /// <param name="residentPages">Pages that fit.</param>
    public static double Hotspot(long pages, long hotPages, int hotAccessesPerMille, long residentPages)
    {
        Check(pages, residentPages);
        double hotShare = hotPages >= pages ? 1.0 : hotAccessesPerMille / 1000.0;
        double coldPages = Math.Max(1, pages - hotPages);
        return residentPages <= hotPages
            ? (hotShare * (1.0 - ((double)residentPages / hotPages))) + (1.0 - hotShare)
            : (1.0 - hotShare) * Math.Max(0.0, 1.0 - ((residentPages - hotPages) / coldPages));
    }

    /// <summary>The best that a fixed set of resident pages can do for accesses that were counted per page.</summary>
    public static double OfCounts(ReadOnlySpan<long> accessesPerPage, long residentPages)
    {
        Check(accessesPerPage.Length, residentPages);
        long[] ascending = accessesPerPage.ToArray();
        Array.Sort(ascending);
        long total = 0;
        long missed = 0;
        for (int i = 0; i < ascending.Length; i++)
        {
            total += ascending[i];
            missed += i < ascending.Length - residentPages ? ascending[i] : 0;
        }

        return total == 0 ? 0.0 : (double)missed / total;
    }

    /// <summary>
    /// The sum of k^-theta for k from <paramref name="first"/> to <paramref name="last"/>, both included.
    /// </summary>
    public static double PowerSum(long first, long last, double theta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(first);
        double sum = 0.0;
        long k = first;
        for (; k <= last && k < SummedTerms; k++)
        {
            sum += Math.Pow(k, -theta);
        }

        return k > last ? sum : sum + EulerMaclaurin(k, last, theta);
    }

    // Integral, the mean of both ends, and the corrections by B2/2!, B4/4! and B6/6! times the odd derivatives.
    private static double EulerMaclaurin(double a, double b, double theta)
    {
        double exponent = 1.0 - theta;
        double logarithm = Math.Log(b / a);

        // a^e (r^e - 1) / e; near theta = 1 the series of the last factor, where the difference would lose its digits.
        double scaled = exponent * logarithm;
        double growth = Math.Abs(scaled) < 0.1 ? logarithm * GrowthSeries(scaled) : (Math.Exp(scaled) - 1.0) / exponent;
        double integral = Math.Pow(a, exponent) * growth;
        double fa = Math.Pow(a, -theta);
        double fb = Math.Pow(b, -theta);
        double first = theta * ((fa / a) - (fb / b)) / 12.0;
        double rising = theta * (theta + 1.0) * (theta + 2.0);
        double third = rising * ((fa / (a * a * a)) - (fb / (b * b * b))) / 720.0;
        rising *= (theta + 3.0) * (theta + 4.0);
        double fifth = rising * ((fa / Math.Pow(a, 5)) - (fb / Math.Pow(b, 5))) / 30240.0;
        return integral + ((fa + fb) / 2.0) + first - third + fifth;
    }

    // (e^x - 1) / x = 1 + x/2! + x^2/3! + …; for |x| < 0.1 the terms left out are below 1e-18.
    private static double GrowthSeries(double x)
    {
        double sum = 1.0;
        for (int n = 12; n >= 2; n--)
        {
            sum = 1.0 + (x / n * sum);
        }

        return sum;
    }

    private static void Check(long pages, long residentPages)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentOutOfRangeException.ThrowIfNegative(residentPages);
    }
}
