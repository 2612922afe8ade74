using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <summary>One page-table entry of a process for an enclave page.</summary>
public readonly record struct Pte
{
    private const uint AccessedBit = 1u << 31;

    private readonly uint _word;

    private Pte(uint word) => _word = word;

    public static Pte None => default;

    public bool IsPresent => _word != 0;

    /// <summary>The accessed bit: set by the processor at a touch, cleared by the reclaimer's ageing.</summary>
    public bool IsAccessed => (_word & AccessedBit) != 0;

    public EpcPageIndex EpcPage => new((int)(_word & ~AccessedBit) - 1);

    public static Pte Of(EpcPageIndex page, bool accessed) =>
        new((uint)(page.Value + 1) | (accessed ? AccessedBit : 0));

    public Pte WithAccessed(bool accessed) => new(accessed ? _word | AccessedBit : _word & ~AccessedBit);

    internal uint Word => _word;

    internal static Pte FromWord(uint word) => new(word);
}

/// <summary>
/// Page-table entries of one process for the range of one enclave: 512 to a table, as in the processor's own.
/// </summary>
public sealed class PageTable
{
    private const int TableShift = 9;
    private const int TableEntries = 1 << TableShift;

    [Sparse]
    private readonly uint[]?[] _tables;

    public PageTable(int pageCount)
    {
        PageCount = pageCount;
        _tables = new uint[]?[(pageCount + TableEntries - 1) >> TableShift];
    }

    public int PageCount { get; }

    /// <summary>Entries that are present.</summary>
    public int PresentCount { get; private set; }

    public long AllocatedBytes
    {
        get
        {
            long bytes = (long)_tables.Length * IntPtr.Size;
            foreach (uint[]? table in _tables)
            {
                bytes += table is null ? 0 : table.Length * sizeof(uint);
            }

            return bytes;
        }
    }

    public Pte this[int page]
    {
        get
        {
            uint[]? table = _tables[page >> TableShift];
            return table is null ? Pte.None : Pte.FromWord(table[page & (TableEntries - 1)]);
        }

        set
        {
            ref uint[]? table = ref _tables[page >> TableShift];
            if (table is null)
            {
                if (!value.IsPresent)
                {
                    return;
                }

                // A small enclave has a small table: the last one ends with the pages.
                table = new uint[Math.Min(TableEntries, PageCount - (page & ~(TableEntries - 1)))];
            }

            ref uint word = ref table[page & (TableEntries - 1)];
            PresentCount += (value.IsPresent ? 1 : 0) - (word != 0 ? 1 : 0);
            word = value.Word;
        }
    }

    /// <summary>First page at or after <paramref name="page"/> with an entry, or -1.</summary>
    public int FindFrom(int page)
    {
        while (page < PageCount)
        {
            if (_tables[page >> TableShift] is not { } table)
            {
                page = ((page >> TableShift) + 1) << TableShift;
                continue;
            }

            int end = Math.Min(PageCount, ((page >> TableShift) + 1) << TableShift);
            for (; page < end; page++)
            {
                if (table[page & (TableEntries - 1)] != 0)
                {
                    return page;
                }
            }
        }

        return -1;
    }

    /// <summary>Removes every entry.</summary>
    public void Clear()
    {
        Array.Clear(_tables);
        PresentCount = 0;
    }

    /// <summary>Calls back for every present entry.</summary>
    public void ForEach(Action<int, Pte> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        for (int i = 0; i < _tables.Length; i++)
        {
            if (_tables[i] is not { } table)
            {
                continue;
            }

            for (int j = 0; j < table.Length; j++)
            {
                if (table[j] != 0)
                {
                    action((i << TableShift) + j, Pte.FromWord(table[j]));
                }
            }
        }
    }
}
