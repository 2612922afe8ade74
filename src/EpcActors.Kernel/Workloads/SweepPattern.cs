using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// Every page once per pass, in order: sequential, cyclic, or by a stride, as a matrix stored by rows is walked by
/// columns (0, s, 2s, …, then 1, 1 + s, …).
/// </summary>
/// <remarks>
/// Cyclic over more pages than fit is the worst case of FIFO, LRU and second chance alike: each page is evicted just
/// before its turn comes, and every access misses.
/// </remarks>
public sealed class SweepPattern : AccessPattern
{
    private readonly int _strideInPages;
    private readonly AccessMix _mix;
    private int _next;

    /// <summary>A sweep that starts over for ever.</summary>
    public SweepPattern(int pages, AccessMix mix, Prng prng, int strideInPages = 1)
        : this(pages, Endless, mix, prng, strideInPages)
    {
    }

    private SweepPattern(int pages, long length, AccessMix mix, Prng prng, int strideInPages)
        : base(pages, length, prng)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(strideInPages);
        _strideInPages = strideInPages;
        _mix = mix.Checked();
    }

    /// <summary>A sweep of <paramref name="passes"/> passes over all pages.</summary>
    public static SweepPattern OfPasses(int pages, int passes, AccessMix mix, Prng prng, int strideInPages = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(passes);
        return new SweepPattern(pages, (long)pages * passes, mix, prng, strideInPages);
    }

    private protected override PageAccess Draw()
    {
        int page = _next;
        long next = (long)page + _strideInPages;
        if (next < PageCount)
        {
            _next = (int)next;
        }
        else
        {
            // A column is done: the next one starts a page further on, the last one is followed by the first.
            int column = (page % _strideInPages) + 1;
            _next = column < _strideInPages && column < PageCount ? column : 0;
        }

        return new PageAccess(page, _mix.Draw(ref _kinds));
    }

    private protected override void OnReset() => _next = 0;
}
