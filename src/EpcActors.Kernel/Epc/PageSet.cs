namespace EpcActors.Kernel.Epc;

/// <summary>
/// A few of the machine's pages, to which some are added and none is ever taken away: a bit for each, in chunks that
/// exist once they have one.
/// </summary>
/// <remarks>One actor adds. Anybody may ask meanwhile, on any thread: the answer is one word's.</remarks>
public sealed class PageSet
{
    private const int ChunkShift = 14;
    private const int WordsPerChunk = (1 << ChunkShift) / 64;

    [Sparse]
    private readonly ulong[]?[] _chunks;

    /// <param name="pageCount">EPC pages of the machine.</param>
    public PageSet(int pageCount) => _chunks = new ulong[]?[(pageCount >> ChunkShift) + 1];

    public bool Contains(EpcPageIndex page) =>
        _chunks[page.Value >> ChunkShift] is { } chunk && (chunk[WordOf(page)] & Bit(page)) != 0;

    /// <summary>False: it was in the set already.</summary>
    public bool Add(EpcPageIndex page)
    {
        if (Contains(page))
        {
            return false;
        }

        ulong[] chunk = _chunks[page.Value >> ChunkShift] ??= new ulong[WordsPerChunk];
        chunk[WordOf(page)] |= Bit(page);
        return true;
    }

    private static int WordOf(EpcPageIndex page) => (page.Value >> 6) % WordsPerChunk;

    private static ulong Bit(EpcPageIndex page) => 1UL << (page.Value & 63);
}
