using System.Diagnostics.CodeAnalysis;

namespace EpcActors.Kernel.Enclaves;

/// <summary>
/// The shmem file behind an enclave: contents page i at i, and PCMD records, 32 of them in a page (encl.c). It exists
/// page by page: memory is there between a write-out and the load that follows it.
/// </summary>
/// <remarks>
/// <para>A page that is truncated while a task holds it pinned lives on detached: what is written to it then is lost,
/// as in the kernel. The generation that a pin returns tells the two apart.</para>
/// <para>Under memory pressure a page leaves RAM (<see cref="SwapOut"/>): a dirty one is written to swap first, a clean
/// one is only dropped. Who looks it up next reads back what swap holds, or zeroes when that is nothing; it is clean
/// then, like a page that still has its place in the swap cache.</para>
/// </remarks>
public sealed class BackingFile
{
    /// <summary>PCMD records of 128 bytes in one page.</summary>
    public const int PcmdPerPage = 32;

    private readonly PcmdGroup?[] _groups;
    [NotState]
    private PcmdGroup? _pool;
    private int _generation;

    [NotState]
    private readonly int _lastGeneration;

    /// <param name="indexCount">Contents pages: the enclave's pages and one for the SECS.</param>
    /// <param name="generationsComeRound">They start again at 1 when all that the file can hold had two.</param>
    public BackingFile(int indexCount, bool generationsComeRound = false)
    {
        _groups = new PcmdGroup?[(indexCount + PcmdPerPage - 1) / PcmdPerPage];
        _lastGeneration = generationsComeRound ? Math.Max(8, 2 * (indexCount + _groups.Length)) : int.MaxValue;
    }

    /// <summary>Pages of RAM in the file, contents and PCMD.</summary>
    public int AllocatedPages { get; private set; }

    /// <summary>Indices of the file, a whole number of PCMD pages.</summary>
    public int IndexCount => _groups.Length * PcmdPerPage;

    public bool HasContents(int index) => Group(index) is { } group && (group.Contents & Bit(index)) != 0;

    public bool HasPcmdPage(int index) => Group(index) is { HasPcmd: true };

    /// <summary>
    /// Makes the contents page exist, charged to memory cgroup <paramref name="payer"/> if it is new. Returns the
    /// generation of the page.
    /// </summary>
    public int AddContents(int index, int payer)
    {
        PcmdGroup group = GroupOrNew(index);
        if ((group.Contents & Bit(index)) == 0)
        {
            group.Contents |= Bit(index);
            group.DirtyContents &= ~Bit(index);
            group.Pages[index % PcmdPerPage].Pins = 0;
            group.Pages[index % PcmdPerPage].ContentsVersion = group.ContentsInSwap(index % PcmdPerPage);
            group.Pages[index % PcmdPerPage].Generation = NextGeneration();
            group.Pages[index % PcmdPerPage].Payer = (ushort)payer;
            AllocatedPages++;
        }

        return group.Pages[index % PcmdPerPage].Generation;
    }

    /// <summary>
    /// Makes the PCMD page of an index exist, as swap has it or all zero, charged to <paramref name="payer"/> if it is
    /// new. Returns the generation of the page.
    /// </summary>
    public int AddPcmdPage(int index, int payer)
    {
        PcmdGroup group = GroupOrNew(index);
        if (!group.HasPcmd)
        {
            group.HasPcmd = true;
            group.IsPcmdDirty = false;
            group.PcmdPins = 0;
            group.ReadPcmdFromSwap();
            group.PcmdGeneration = NextGeneration();
            group.PcmdPayer = (ushort)payer;
            AllocatedPages++;
        }

        return group.PcmdGeneration;
    }

    /// <summary>
    /// Pins both pages of an index, which exist: as long as they are pinned, memory pressure leaves them alone.
    /// </summary>
    public void Pin(int index)
    {
        PcmdGroup group = Group(index)!;
        group.Pages[index % PcmdPerPage].Pins++;
        group.PcmdPins++;
    }

    /// <summary>Takes a pin back; one of a page that was truncated meanwhile went with it.</summary>
    public void Unpin(int index, int contentsGeneration, int pcmdGeneration)
    {
        if (IsContents(index, contentsGeneration, out PcmdGroup? group))
        {
            group.Pages[index % PcmdPerPage].Pins--;
        }

        if (IsPcmdPage(index, pcmdGeneration, out group))
        {
            group.PcmdPins--;
        }
    }

    /// <summary>
    /// EWB writes the encrypted page and its PCMD record into the pinned pages; a detached page swallows them.
    /// </summary>
    /// <returns>False: at least one of the pages is not the file's any more.</returns>
    public bool Write(int index, uint version, int contentsGeneration, int pcmdGeneration)
    {
        bool hasContents = IsContents(index, contentsGeneration, out PcmdGroup? group);
        if (hasContents)
        {
            group!.Pages[index % PcmdPerPage].ContentsVersion = version;
        }

        bool hasPcmd = IsPcmdPage(index, pcmdGeneration, out group);
        if (hasPcmd)
        {
            group!.WritePcmd(index % PcmdPerPage, version);
        }

        return hasContents && hasPcmd;
    }

    /// <summary>
    /// set_page_dirty() on both pinned pages: from here on they are written to swap before they leave RAM.
    /// </summary>
    public void MarkDirty(int index, int contentsGeneration, int pcmdGeneration)
    {
        if (IsContents(index, contentsGeneration, out PcmdGroup? group))
        {
            group.DirtyContents |= Bit(index);
        }

        if (IsPcmdPage(index, pcmdGeneration, out group))
        {
            group.IsPcmdDirty = true;
        }
    }

    public void MarkPcmdDirty(int index)
    {
        if (Group(index) is { HasPcmd: true } group)
        {
            group.IsPcmdDirty = true;
        }
    }

    /// <summary>
    /// Memory pressure takes one page of the file: written to swap if it is dirty, then dropped. A pinned page stays.
    /// </summary>
    /// <param name="index">Index of the contents page, or one of those whose records are in the PCMD page.</param>
    /// <param name="isPcmd">The PCMD page, else the contents page.</param>
    /// <param name="evenPinned">
    /// What no kernel does: a pinned page is written or, when it is clean, filled again with what swap holds, under the
    /// feet of the task that has it pinned.
    /// </param>
    /// <param name="payer">The memory cgroup that paid for the page, -1 when none left RAM.</param>
    /// <returns>True when the page was in RAM and not left alone.</returns>
    public bool SwapOut(int index, bool isPcmd, bool evenPinned, out int payer)
    {
        payer = -1;
        if (isPcmd ? !HasPcmdPage(index) : !HasContents(index))
        {
            return false;
        }

        PcmdGroup group = Group(index)!;
        int at = index % PcmdPerPage;
        bool isPinned = (isPcmd ? group.PcmdPins : group.Pages[at].Pins) > 0;
        if (isPinned && !evenPinned)
        {
            return false;
        }

        if (isPcmd ? group.IsPcmdDirty : (group.DirtyContents & Bit(index)) != 0)
        {
            if (isPcmd)
            {
                group.WritePcmdToSwap();
            }
            else
            {
                group.WriteContentsToSwap(at);
            }
        }
        else if (isPinned && isPcmd)
        {
            group.ReadPcmdFromSwap();
        }
        else if (isPinned)
        {
            group.Pages[at].ContentsVersion = group.ContentsInSwap(at);
        }

        if (isPinned)
        {
            return true;
        }

        AllocatedPages--;
        if (isPcmd)
        {
            group.HasPcmd = false;
            payer = group.PcmdPayer;
        }
        else
        {
            group.Contents &= ~Bit(index);
            payer = group.Pages[at].Payer;
        }

        Recycle(index, group);
        return true;
    }

    /// <summary>Version that the contents page holds; 0 when it holds nothing.</summary>
    public uint ContentsVersion(int index) =>
        HasContents(index) ? _groups[index / PcmdPerPage]!.Pages[index % PcmdPerPage].ContentsVersion : 0;

    /// <summary>Version in the PCMD record; 0 when it is all zero.</summary>
    public uint PcmdVersion(int index) =>
        HasPcmdPage(index) ? _groups[index / PcmdPerPage]!.Pages[index % PcmdPerPage].PcmdVersion : 0;

    public void ClearPcmd(int index)
    {
        if (Group(index) is { HasPcmd: true } group)
        {
            group.WritePcmd(index % PcmdPerPage, 0);
        }
    }

    /// <summary>True when every record of the page is zero.</summary>
    public bool IsPcmdPageEmpty(int index) =>
        Group(index) is not { HasPcmd: true } group || group.WrittenPcmd == 0;

    /// <summary>
    /// Truncates the contents page. Returns the memory cgroup that paid for it, -1 when there was no page.
    /// </summary>
    public int TruncateContents(int index)
    {
        if (Group(index) is not { } group || (group.Contents & Bit(index)) == 0)
        {
            return -1;
        }

        group.Contents &= ~Bit(index);
        group.SwappedContents &= ~Bit(index);
        AllocatedPages--;

        // Nothing stays behind in a group: files that hold the same are the same.
        int at = index % PcmdPerPage;
        int payer = group.Pages[at].Payer;
        group.Pages[at].ContentsVersion = 0;
        group.Pages[at].Generation = 0;
        group.Pages[at].Payer = 0;
        Recycle(index, group);
        return payer;
    }

    /// <summary>
    /// Truncates the PCMD page with all its records. Returns the memory cgroup that paid for it, -1 when there was no
    /// page.
    /// </summary>
    public int TruncatePcmdPage(int index)
    {
        if (Group(index) is not { HasPcmd: true } group)
        {
            return -1;
        }

        group.HasPcmd = false;
        group.IsPcmdInSwap = false;
        AllocatedPages--;
        int payer = group.PcmdPayer;
        group.ClearPcmd();
        group.PcmdGeneration = 0;
        group.PcmdPayer = 0;
        Recycle(index, group);
        return payer;
    }

    /// <summary>
    /// Truncates pages of one payer, from the group at <paramref name="from"/> on, for the close of the file.
    /// </summary>
    /// <param name="from">Group to begin at; after the call the group to go on with, or -1 when nothing is
    /// left.</param>
    /// <param name="payer">The memory cgroup that paid for the pages given back.</param>
    /// <returns>Pages given back to that payer.</returns>
    public int TruncateNext(ref int from, out int payer)
    {
        payer = -1;
        int pages = 0;
        for (int at = Math.Max(from, 0); at < _groups.Length; at++)
        {
            if (_groups[at] is { } swapped)
            {
                // A page in swap costs no RAM.
                swapped.SwappedContents = 0;
                swapped.IsPcmdInSwap = false;
                Recycle(at * PcmdPerPage, swapped);
            }

            while (_groups[at] is { } group)
            {
                int first = group.Contents != 0
                    ? group.Pages[System.Numerics.BitOperations.TrailingZeroCount(group.Contents)].Payer
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
                onePage(group.Pages[System.Numerics.BitOperations.TrailingZeroCount(left)].Payer);
            }

            if (group.HasPcmd)
            {
                onePage(group.PcmdPayer);
            }
        }
    }

    private static uint Bit(int index) => 1u << (index % PcmdPerPage);

    private int NextGeneration() => _generation = _generation == _lastGeneration ? 1 : _generation + 1;

    private bool IsContents(int index, int generation, [NotNullWhen(true)] out PcmdGroup? group)
    {
        group = Group(index);
        return group is not null
            && (group.Contents & Bit(index)) != 0
            && group.Pages[index % PcmdPerPage].Generation == generation;
    }

    private bool IsPcmdPage(int index, int generation, [NotNullWhen(true)] out PcmdGroup? group)
    {
        group = Group(index);
        return group is { HasPcmd: true } && group.PcmdGeneration == generation;
    }

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
        if (group.Contents == 0 && !group.HasPcmd && group.SwappedContents == 0 && !group.IsPcmdInSwap)
        {
            _groups[index / PcmdPerPage] = null;
            group.NextInPool = _pool;
            _pool = group;
        }
    }

    /// <summary>A contents page and its PCMD record; side by side, as a write-out changes both.</summary>
    private struct BackingPage
    {
        public uint ContentsVersion;
        public uint PcmdVersion;
        public int Generation;
        public ushort Payer;
        public ushort Pins;
    }

    private sealed class PcmdGroup
    {
        public readonly BackingPage[] Pages = new BackingPage[PcmdPerPage];
        public ushort PcmdPayer;
        public int PcmdPins;
        public uint Contents;
        public uint DirtyContents;
        public uint SwappedContents;
        /// <summary>PCMD records that are not zero, a bit for each: the kernel searches the page for one.</summary>
        public uint WrittenPcmd;
        public bool HasPcmd;
        public bool IsPcmdDirty;
        public bool IsPcmdInSwap;
        public int PcmdGeneration;
        public PcmdGroup? NextInPool;
        private uint[]? _contentsInSwap;
        private uint[]? _pcmdInSwap;

        public void WritePcmd(int at, uint version)
        {
            Pages[at].PcmdVersion = version;
            WrittenPcmd = version == 0 ? WrittenPcmd & ~(1u << at) : WrittenPcmd | (1u << at);
        }

        public void ClearPcmd()
        {
            for (int at = 0; at < PcmdPerPage; at++)
            {
                WritePcmd(at, 0);
            }
        }

        /// <summary>Version that swap holds of a contents page; 0 when it holds none.</summary>
        public uint ContentsInSwap(int at) => (SwappedContents & (1u << at)) != 0 ? _contentsInSwap![at] : 0;

        public void WriteContentsToSwap(int at)
        {
            _contentsInSwap ??= new uint[PcmdPerPage];
            _contentsInSwap[at] = Pages[at].ContentsVersion;
            SwappedContents |= 1u << at;
            DirtyContents &= ~(1u << at);
        }

        public void WritePcmdToSwap()
        {
            _pcmdInSwap ??= new uint[PcmdPerPage];
            for (int at = 0; at < PcmdPerPage; at++)
            {
                _pcmdInSwap[at] = Pages[at].PcmdVersion;
            }

            IsPcmdInSwap = true;
            IsPcmdDirty = false;
        }

        public void ReadPcmdFromSwap()
        {
            for (int at = 0; at < PcmdPerPage; at++)
            {
                WritePcmd(at, IsPcmdInSwap ? _pcmdInSwap![at] : 0);
            }
        }
    }
}
