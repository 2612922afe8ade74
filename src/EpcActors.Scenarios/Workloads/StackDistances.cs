namespace EpcActors.Scenarios.Workloads;

/// <summary>
/// Distances in an LRU stack, in one pass over the accesses (Mattson, Gecsei, Slutz and Traiger 1970): how many
/// distinct pages were touched since a page was touched last. An LRU of n pages misses exactly the accesses with a
/// distance of n or more, so one pass gives the misses at every size.
/// </summary>
/// <remarks>
/// A Fenwick tree over the moments of the last touches answers in a logarithm of the pages. The kernel's list is not an
/// LRU (it gives accessed pages a second chance), and no such list has this property: its misses are simulated.
/// </remarks>
public sealed class StackDistances
{
    private readonly int[] _lastTouch;
    private readonly int[] _tree;
    private readonly long[] _byDistance;
    private int _now;

    /// <param name="pages">Pages; every access lies below.</param>
    public StackDistances(int pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        _lastTouch = new int[pages];
        Array.Fill(_lastTouch, -1);

        // Room for as many touches again as there are pages, before the moments are numbered anew.
        _tree = new int[checked(2 * Math.Max(pages, 64)) + 1];
        _byDistance = new long[pages];
    }

    /// <summary>Accesses that were counted.</summary>
    public long Accesses { get; private set; }

    /// <summary>Of those, to pages that had never been touched.</summary>
    public long FirstTouches { get; private set; }

    /// <summary>Touches a page.</summary>
    /// <param name="page">The page.</param>
    /// <param name="counts">False: the access is of the warm-up.</param>
    public void Touch(int page, bool counts = true)
    {
        if (_now == _tree.Length - 1)
        {
            Renumber();
        }

        int last = _lastTouch[page];
        if (counts)
        {
            Accesses++;
            if (last < 0)
            {
                FirstTouches++;
            }
            else
            {
                _byDistance[SumUpTo(_now - 1) - SumUpTo(last)]++;
            }
        }

        if (last >= 0)
        {
            Add(last, -1);
        }

        Add(_now, 1);
        _lastTouch[page] = _now++;
    }

    /// <summary>Counted accesses that an LRU of so many pages misses, first touches left out.</summary>
    public long Misses(long residentPages)
    {
        long misses = 0;
        for (long distance = Math.Max(0, residentPages); distance < _byDistance.Length; distance++)
        {
            misses += _byDistance[distance];
        }

        return misses;
    }

    /// <summary>The same for each of some sizes, which must ascend, in one walk.</summary>
    public long[] Misses(ReadOnlySpan<long> residentPages)
    {
        long[] misses = new long[residentPages.Length];
        long sum = 0;
        long distance = _byDistance.Length;
        for (int i = residentPages.Length - 1; i >= 0; i--)
        {
            while (distance > Math.Max(0, residentPages[i]))
            {
                sum += _byDistance[--distance];
            }

            misses[i] = sum;
        }

        return misses;
    }

    /// <summary>Counted accesses by distance: below 1, 2, 4 and so on; first touches are not among them.</summary>
    public IReadOnlyList<(long Below, long Accesses)> Histogram()
    {
        List<(long Below, long Accesses)> buckets = [];
        long from = 0;
        for (long below = 1; from < _byDistance.Length; below *= 2)
        {
            long sum = 0;
            for (; from < Math.Min(below, _byDistance.Length); from++)
            {
                sum += _byDistance[from];
            }

            buckets.Add((below, sum));
        }

        return buckets;
    }

    private void Add(int at, int value)
    {
        for (int i = at + 1; i < _tree.Length; i += i & -i)
        {
            _tree[i] += value;
        }
    }

    private int SumUpTo(int at)
    {
        int sum = 0;
        for (int i = at + 1; i > 0; i -= i & -i)
        {
            sum += _tree[i];
        }

        return sum;
    }

    /// <summary>Gives the last touches the moments from 0 on, in their order.</summary>
    private void Renumber()
    {
        int touched = _lastTouch.Length - _lastTouch.AsSpan().Count(-1);
        int[] pages = new int[touched];
        int[] moments = new int[touched];
        int at = 0;
        for (int page = 0; page < _lastTouch.Length; page++)
        {
            if (_lastTouch[page] >= 0)
            {
                (pages[at], moments[at]) = (page, _lastTouch[page]);
                at++;
            }
        }

        Array.Sort(moments, pages);
        Array.Clear(_tree);
        for (int i = 0; i < pages.Length; i++)
        {
            _lastTouch[pages[i]] = i;
            Add(i, 1);
        }

        _now = pages.Length;
    }
}
