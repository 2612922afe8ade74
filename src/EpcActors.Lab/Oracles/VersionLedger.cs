namespace EpcActors.Lab.Oracles;

/// <summary>The version that each page was last written out with, by the oracle's own book.</summary>
internal sealed class VersionLedger
{
    private const int ChunkShift = 12;
    private readonly Dictionary<int, uint[]> _chunks = [];
    private readonly Dictionary<int, uint> _secs = [];

    public void Set(int ownerBase, int page, int pageCount, uint version)
    {
        if (page == pageCount)
        {
            _secs[ownerBase] = version;
            return;
        }

        int owner = ownerBase + page;
        if (!_chunks.TryGetValue(owner >> ChunkShift, out uint[]? chunk))
        {
            chunk = new uint[1 << ChunkShift];
            _chunks[owner >> ChunkShift] = chunk;
        }

        chunk[owner & ((1 << ChunkShift) - 1)] = version;
    }

    public uint Get(int ownerBase, int page, int pageCount)
    {
        if (page == pageCount)
        {
            return _secs.GetValueOrDefault(ownerBase);
        }

        int owner = ownerBase + page;
        return _chunks.TryGetValue(owner >> ChunkShift, out uint[]? chunk) ? chunk[owner & ((1 << ChunkShift) - 1)] : 0;
    }
}
