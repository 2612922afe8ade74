using EpcActors.Kernel.Workloads;
namespace EpcActors.Scenarios.Workloads;

/// <summary>
/// Share of accesses that an LRU misses, by its size: of the accesses to a page that was touched before. First touches
/// miss at every size and are left out, as in a steady state.
/// </summary>
public sealed class MissCurve
{
    private readonly long[] _sizes;
    private readonly double[] _ratios;

    /// <param name="distances">The accesses.</param>
    /// <param name="sizes">Sizes, pages, ascending.</param>
    public MissCurve(StackDistances distances, ReadOnlySpan<long> sizes)
    {
        ArgumentNullException.ThrowIfNull(distances);
        _sizes = sizes.ToArray();
        _ratios = new double[sizes.Length];
        long again = distances.Accesses - distances.FirstTouches;
        long[] misses = distances.Misses(sizes);
        for (int i = 0; i < misses.Length && again > 0; i++)
        {
            _ratios[i] = (double)misses[i] / again;
        }
    }

    /// <summary>Sizes, pages, ascending.</summary>
    public ReadOnlySpan<long> Sizes => _sizes;

    /// <summary>The share of misses at each size, 0 to 1.</summary>
    public ReadOnlySpan<double> Ratios => _ratios;

    /// <summary>
    /// Sizes to compare curves at: from one page to all of them, half in equal ratios, half in equal steps.
    /// </summary>
    /// <param name="pages">All pages.</param>
    /// <param name="half">How many of either kind, 2 or more; equal sizes are taken once.</param>
    public static long[] SizesUpTo(long pages, int half)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentOutOfRangeException.ThrowIfLessThan(half, 2);
        SortedSet<long> sizes = [];
        double span = DeterministicMath.Ln(pages);
        for (int i = 0; i < half; i++)
        {
            sizes.Add(Math.Clamp((long)DeterministicMath.Exp(span * i / (half - 1)), 1, pages));
            sizes.Add(1 + ((pages - 1) * i / (half - 1)));
        }

        return [.. sizes];
    }

    /// <summary>Least size of a sequence that misses at most this share of its accesses.</summary>
    /// <param name="distances">The accesses.</param>
    /// <param name="most">Share of misses, 0 to 1.</param>
    /// <param name="pages">Pages of the sequence: a size that misses nothing.</param>
    public static long LeastSize(StackDistances distances, double most, long pages)
    {
        ArgumentNullException.ThrowIfNull(distances);
        long allowed = (long)((distances.Accesses - distances.FirstTouches) * most);
        long low = 0;
        long high = pages;
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            if (distances.Misses(middle) <= allowed)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return high;
    }
}
