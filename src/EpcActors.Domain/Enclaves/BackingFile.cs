namespace EpcActors.Domain.Enclaves;

/// <summary>
/// The shmem file behind an enclave: contents page i at i, and PCMD records, 32 of them in a page (encl.c). It exists page by page: memory is there
/// between a write-out and the load that follows it.
/// </summary>
/// <remarks>
/// A page that is truncated while somebody holds it pinned lives on detached: what is written to it then is lost, as in the kernel. The generation
/// that a pin returns tells the two apart.
/// </remarks>
public sealed class BackingFile
{
    /// <summary>PCMD records of 128 bytes in one page.</summary>
    public const int PcmdPerPage = 32;

    private readonly PcmdGroup?[] _groups;
    [NotState]
    private PcmdGroup? _pool;
    private int _generation;

    /// <param name="indexCount">Contents pages: the enclave's pages and one for the SECS.</param>
    public BackingFile(int indexCount) =>
        _groups = new PcmdGroup?[(indexCount + PcmdPerPage - 1) / PcmdPerPage];

    /// <summary>Pages of RAM in the file, contents and PCMD.</summary>
    public int AllocatedPages { get; private set; }

    public bool HasContents(int index) => Group(index) is { } group && (group.Contents & Bit(index)) != 0;

    public bool HasPcmdPage(int index) => Group(index) is { HasPcmd: true };

    /// <summary>Makes the contents page exist, charged to memory cgroup <paramref name="payer"/> if it is new. Returns the generation of the page.</summary>
    public int AddContents(int index, int payer)
    {
        PcmdGroup group = GroupOrNew(index);
        if ((group.Contents & Bit(index)) == 0)
        {
            group.Contents |= Bit(index);
            group.ContentsVersion[index % PcmdPerPage] = 0;
            group.ContentsGeneration[index % PcmdPerPage] = ++_generation;
            group.ContentsPayer[index % PcmdPerPage] = (ushort)payer;
            AllocatedPages++;
        }

        return group.ContentsGeneration[index % PcmdPerPage];
    }

    /// <summary>Makes the PCMD page of an index exist, all zero and charged to <paramref name="payer"/> if it is new. Returns the generation of the page.</summary>
    public int AddPcmdPage(int index, int payer)
    {
        PcmdGroup group = GroupOrNew(index);
        if (!group.HasPcmd)
        {
            group.HasPcmd = true;
            group.PcmdGeneration = ++_generation;
            group.PcmdPayer = (ushort)payer;
            AllocatedPages++;
        }

        return group.PcmdGeneration;
    }

    /// <summary>EWB writes the encrypted page and its PCMD record into the pinned pages; a detached page swallows them.</summary>
    public void Write(int index, uint version, int contentsGeneration, int pcmdGeneration)
    {
        PcmdGroup? group = Group(index);
        if (group is null)
        {
            return;
        }

        int at = index % PcmdPerPage;
        if ((group.Contents & Bit(index)) != 0 && group.ContentsGeneration[at] == contentsGeneration)
        {
            group.ContentsVersion[at] = version;
        }

        if (group.HasPcmd && group.PcmdGeneration == pcmdGeneration)
        {
            group.PcmdVersion[at] = version;
        }
    }

    /// <summary>Version that the contents page holds; 0 when it holds nothing.</summary>
    public uint ContentsVersion(int index) =>
        HasContents(index) ? _groups[index / PcmdPerPage]!.ContentsVersion[index % PcmdPerPage] : 0;

    /// <summary>Version in the PCMD record; 0 when it is all zero.</summary>
    public uint PcmdVersion(int index) =>
        HasPcmdPage(index) ? _groups[index / PcmdPerPage]!.PcmdVersion[index % PcmdPerPage] : 0;

    public void ClearPcmd(int index)
    {
        if (Group(index) is { HasPcmd: true } group)
        {
            group.PcmdVersion[index % PcmdPerPage] = 0;
        }
    }

    /// <summary>True when every record of the page is zero.</summary>
    public bool IsPcmdPageEmpty(int index) =>
        Group(index) is not { HasPcmd: true } group || group.PcmdVersion.AsSpan().IndexOfAnyExcept(0u) < 0;

    /// <summary>Truncates the contents page. Returns the memory cgroup that paid for it, -1 when there was no page.</summary>
    public int TruncateContents(int index)
    {
        if (Group(index) is not { } group || (group.Contents & Bit(index)) == 0)
        {
            return -1;
        }

        group.Contents &= ~Bit(index);
        AllocatedPages--;

        // Nothing stays behind in a group: files that hold the same are the same.
        int at = index % PcmdPerPage;
        int payer = group.ContentsPayer[at];
        group.ContentsVersion[at] = 0;
        group.ContentsGeneration[at] = 0;
        group.ContentsPayer[at] = 0;
        Recycle(index, group);
        return payer;
    }

    /// <summary>Truncates the PCMD page with all its records. Returns the memory cgroup that paid for it, -1 when there was no page.</summary>
    public int TruncatePcmdPage(int index)
    {
        if (Group(index) is not { HasPcmd: true } group)
        {
            return -1;
        }

        group.HasPcmd = false;
        AllocatedPages--;
        int payer = group.PcmdPayer;
        Array.Clear(group.PcmdVersion);
        group.PcmdGeneration = 0;
        group.PcmdPayer = 0;
        Recycle(index, group);
        return payer;
    }

    /// <summary>Truncates pages of one payer, from the group at <paramref name="from"/> on, for the close of the file.</summary>
    /// <param name="from">Group to begin at; after the call the group to go on with, or -1 when nothing is left.</param>
    /// <param name="payer">The memory cgroup that paid for the pages given back.</param>
    /// <returns>Pages given back to that payer.</returns>
    public int TruncateNext(ref int from, out int payer)
    {
        payer = -1;
        int pages = 0;
        for (int at = Math.Max(from, 0); at < _groups.Length; at++)
        {
            while (_groups[at] is { } group)
            {
                int first = group.Contents != 0
                    ? group.ContentsPayer[System.Numerics.BitOperations.TrailingZeroCount(group.Contents)]
                    : group.PcmdPayer;
                if (payer >= 0 && first != payer)
                {
                    from = at;
                    return pages;
                }

                payer = first;
                int index = group.Contents != 0
                    ? (at * PcmdPerPage) + System.Numerics.BitOperations.TrailingZeroCount(group.Contents)
                    : at * PcmdPerPage;
                _ = group.Contents != 0 ? TruncateContents(index) : TruncatePcmdPage(index);
                pages++;
            }
        }

        from = -1;
        return pages;
    }

    /// <summary>Pages that each payer pays for, for audits.</summary>
    public void ForEachPayer(Action<int> onePage)
    {
        ArgumentNullException.ThrowIfNull(onePage);
        foreach (PcmdGroup? group in _groups)
        {
            if (group is null)
            {
                continue;
            }

            for (uint left = group.Contents; left != 0; left &= left - 1)
            {
                onePage(group.ContentsPayer[System.Numerics.BitOperations.TrailingZeroCount(left)]);
            }

            if (group.HasPcmd)
            {
                onePage(group.PcmdPayer);
            }
        }
    }

    private static uint Bit(int index) => 1u << (index % PcmdPerPage);

    private PcmdGroup? Group(int index) => _groups[index / PcmdPerPage];

    private PcmdGroup GroupOrNew(int index)
    {
        ref PcmdGroup? group = ref _groups[index / PcmdPerPage];
        if (group is null)
        {
            group = _pool ?? new PcmdGroup();
            _pool = group.NextInPool;
            group.NextInPool = null;
        }

        return group;
    }

    private void Recycle(int index, PcmdGroup group)
    {
        if (group.Contents == 0 && !group.HasPcmd)
        {
            _groups[index / PcmdPerPage] = null;
            group.NextInPool = _pool;
            _pool = group;
        }
    }

    private sealed class PcmdGroup
    {
        public readonly uint[] ContentsVersion = new uint[PcmdPerPage];
        public readonly uint[] PcmdVersion = new uint[PcmdPerPage];
        public readonly int[] ContentsGeneration = new int[PcmdPerPage];
        public readonly ushort[] ContentsPayer = new ushort[PcmdPerPage];
        public ushort PcmdPayer;
        public uint Contents;
        public bool HasPcmd;
        public int PcmdGeneration;
        public PcmdGroup? NextInPool;
    }
}
