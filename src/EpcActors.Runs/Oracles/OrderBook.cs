namespace EpcActors.Runs.Oracles;

/// <summary>
/// When each page came onto its LRU, by the messages: a list that is first in, first out gives its pages out in the
/// order of these numbers, whatever was taken out of its middle.
/// </summary>
/// <remarks>
/// The numbers of one LRU are given, and compared, under its own lock. Pages of different LRUs may share a chunk of the
/// table, so in a live run two threads may both make one; the first
/// one's is kept.
/// </remarks>
internal sealed class OrderBook(int pageCount, int cgroups)
{
    private const int ChunkShift = 12;

    private readonly int[]?[] _chunks = new int[]?[(pageCount + (1 << ChunkShift) - 1) >> ChunkShift];
    private readonly int[] _listed = new int[cgroups];
    private readonly int[] _taken = new int[cgroups];

    /// <summary>A page comes to the tail of an LRU.</summary>
    public void List(int lru, int page) => Number(page) = ++_listed[lru];

    /// <summary>A page is taken off the head of an LRU.</summary>
    /// <returns>False: one that was listed after it was taken before it.</returns>
    public bool Take(int lru, int page)
    {
        int number = Number(page);
        bool isInOrder = number - _taken[lru] > 0;
        _taken[lru] = number;
        return isInOrder;
    }

    private ref int Number(int page)
    {
        ref int[]? place = ref _chunks[page >> ChunkShift];
        int[]? chunk = Volatile.Read(ref place);
        if (chunk is null)
        {
            int[] made = new int[Math.Min(1 << ChunkShift, pageCount - (page & ~((1 << ChunkShift) - 1)))];
            chunk = Interlocked.CompareExchange(ref place, made, null) ?? made;
        }

        return ref chunk[page & ((1 << ChunkShift) - 1)];
    }
}
