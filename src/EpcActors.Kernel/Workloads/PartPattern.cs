using EpcActors.Kernel.Random;

namespace EpcActors.Kernel.Workloads;

/// <summary>
/// A pattern over a part of the heap: what one of several threads does that divide the heap among them. Ends when the
/// pattern within ends.
/// </summary>
public sealed class PartPattern : AccessPattern
{
    private readonly int _firstPage;
    private AccessPattern? _within;

    /// <param name="pages">Pages of the heap.</param>
    /// <param name="firstPage">Where the part begins.</param>
    /// <param name="within">What happens in it, or null when the part has no page; a copy is used, with a stream split
    /// off <paramref name="prng"/>.</param>
    /// <param name="prng">Stream of this pattern.</param>
    public PartPattern(int pages, int firstPage, AccessPattern? within, Prng prng)
        : base(pages, within?.Length ?? 0, prng)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstPage);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            (long)firstPage + (within?.PageCount ?? 0),
            pages,
            nameof(within));
        _firstPage = firstPage;
        _within = within;
        OnCloned();
        OnReset();
    }

    /// <summary>
    /// The pages of thread <paramref name="thread"/> of <paramref name="threads"/> that divide a heap: neighbours, and
    /// as many for each as for any other.
    /// </summary>
    public static (int First, int Count) Share(int heapPages, int thread, int threads)
    {
        int first = (int)((long)heapPages * thread / threads);
        return (first, (int)((long)heapPages * (thread + 1) / threads) - first);
    }

    private protected override PageAccess Draw()
    {
        PageAccess access = _within!.Next();
        return access with { Page = _firstPage + access.Page };
    }

    private protected override void OnReset() => _within?.Reset(Origin.Split(0));

    private protected override void OnCloned() => _within = _within?.Clone();
}
