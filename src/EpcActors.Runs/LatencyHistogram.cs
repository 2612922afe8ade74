using System.Diagnostics.Metrics;
using System.Numerics;
using EpcActors.Results;

namespace EpcActors.Runs;

/// <summary>
/// Counts of latencies in buckets that are never wider than a sixteenth of their value: sixteen linear steps to every
/// power of two, as in HdrHistogram.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 4;
    private const int SubCount = 1 << SubBits;

    private readonly long[] _counts = NewCounts();
    private long _min = long.MaxValue;
    private long _max;
    private long _maxSinceTaken;

    public long Count { get; private set; }

    /// <summary>Sum of all values, nanoseconds.</summary>
    public long SumNs { get; private set; }

    /// <summary>For the one thread that writes to it; others may read meanwhile.</summary>
    public void Add(long ns)
    {
        ns = Math.Max(ns, 0);
        _counts[IndexOf(ns)]++;
        Count++;
        SumNs += ns;
        _min = Math.Min(_min, ns);
        if (ns > _maxSinceTaken)
        {
            _maxSinceTaken = ns;
            _max = Math.Max(_max, ns);
        }
    }

    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        SumNs += other.SumNs;
        _min = Math.Min(_min, other._min);
        _max = Math.Max(_max, other._max);
    }

    /// <summary>
    /// Makes this the values that came to <paramref name="now"/> since it was taken last. The counts of a histogram
    /// that another thread adds to are a little behind; what is missing is in the next difference.
    /// </summary>
    /// <param name="now">The histograms that are written to.</param>
    /// <param name="before">Their counts when they were taken last; brought up to date.</param>
    public void TakeNew(IEnumerable<LatencyHistogram> now, long[] before)
    {
        Array.Clear(_counts);
        _min = 0;
        _max = 0;
        foreach (LatencyHistogram one in now)
        {
            // A value that is written at this moment may lose to the reset; the bucket it is in bounds it then.
            _max = Math.Max(_max, Interlocked.Exchange(ref one._maxSinceTaken, 0));
            for (int i = 0; i < _counts.Length; i++)
            {
                _counts[i] += one._counts[i];
            }
        }

        Count = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            (_counts[i], before[i]) = (_counts[i] - before[i], _counts[i]);
            Count += _counts[i];
            if (_counts[i] > 0 && (i == 0 ? 0 : UpperBound(i - 1) + 1) > _max)
            {
                _max = UpperBound(i);
            }
        }
    }

    /// <summary>
    /// Values up to a bound, which must be the last of its bucket: one less than a power of two, or long.MaxValue.
    /// </summary>
    public long CountUpTo(long ns)
    {
        long sum = 0;
        for (int i = 0; i <= IndexOf(ns); i++)
        {
            sum += _counts[i];
        }

        return sum;
    }

    /// <summary>Records every value in seconds, as the middle of its bucket.</summary>
    public void RecordTo(Histogram<double> histogram)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            double seconds = ((i == 0 ? 0 : UpperBound(i - 1) + 1) + UpperBound(i)) / 2e9;
            for (long left = _counts[i]; left > 0; left--)
            {
                histogram.Record(seconds);
            }
        }
    }

    /// <summary>Room for the counts of <see cref="TakeNew"/>.</summary>
    public static long[] NewCounts() => new long[(64 - SubBits + 1) * SubCount];

    /// <summary>
    /// Smallest value that at least <paramref name="perMille"/> of the values do not exceed, to the width of its
    /// bucket.
    /// </summary>
    public long Percentile(int perMille)
    {
        if (Count == 0)
        {
            return 0;
        }

        long rank = Math.Max(1, ((Count * perMille) + 999) / 1000);
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return Math.Min(UpperBound(i), _max);
            }
        }

        return _max;
    }

    public LatencyReport ToReport()
    {
        if (Count == 0)
        {
            return LatencyReport.Empty;
        }

        List<LatencyBucket> buckets = [];
        for (int i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
            {
                buckets.Add(new LatencyBucket(UpperBound(i), _counts[i]));
            }
        }

        return new LatencyReport(
            Count, _min, Percentile(500), Percentile(900), Percentile(990), Percentile(999), _max, buckets)
        {
            SumNs = SumNs,
        };
    }

    private static int IndexOf(long ns)
    {
        if (ns < SubCount)
        {
            return (int)ns;
        }

        int power = BitOperations.Log2((ulong)ns) - SubBits;
        return ((power + 1) * SubCount) + (int)((ns >> power) - SubCount);
    }

    private static long UpperBound(int index)
    {
        if (index < SubCount)
        {
            return index;
        }

        int power = (index / SubCount) - 1;
        long step = (index % SubCount) + SubCount;
        return ((step + 1) << power) - 1;
    }
}
