using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Enclaves;

/// <summary>
/// Where the contents of an enclave page are, and who is at work on it (<c>struct sgx_encl_page</c>, encl.h).
/// </summary>
public enum EnclavePageState
{
    /// <summary>No entry in the page array.</summary>
    Absent,

    /// <summary>epc_page set.</summary>
    Resident,

    /// <summary>epc_page set and SGX_ENCL_PAGE_BEING_RECLAIMED.</summary>
    BeingReclaimed,

    /// <summary>epc_page set and BEING_REMOVED (the fix for R10 that was proposed).</summary>
    BeingRemoved,

    /// <summary>epc_page NULL, version in a VA slot.</summary>
    Swapped,
}

/// <summary>One entry: four bytes that say state, type and place.</summary>
/// <remarks>
/// 29 bits of EPC page or VA slot plus one (so that 0 means absent), two bits of state, one bit for TRIM.
/// </remarks>
public readonly record struct EnclavePage
{
    private const int PlaceBits = 29;
    private const uint PlaceMask = (1u << PlaceBits) - 1;
    private const uint TrimBit = 1u << 31;

    private readonly uint _word;

    private EnclavePage(uint word) => _word = word;

    public static EnclavePage Absent => default;

    public EnclavePageState State =>
        _word == 0 ? EnclavePageState.Absent : (EnclavePageState)(((_word >> PlaceBits) & 3) + 1);

    /// <summary>True when the kernel's epc_page is set.</summary>
    public bool IsResident => _word != 0 && State != EnclavePageState.Swapped;

    /// <summary>Type TRIM (MODIFY_TYPES), else REG or TCS.</summary>
    public bool IsTrim => (_word & TrimBit) != 0;

    /// <summary>EPC page of a resident entry.</summary>
    public EpcPageIndex EpcPage => IsResident ? new EpcPageIndex((int)(_word & PlaceMask) - 1) : EpcPageIndex.None;

    /// <summary>VA slot of a swapped entry.</summary>
    public int VaSlot => State == EnclavePageState.Swapped ? (int)(_word & PlaceMask) - 1 : -1;

    public EnclavePage WithEpcPage(EpcPageIndex page) => Make(EnclavePageState.Resident, page.Value);

    public EnclavePage WithVaSlot(int slot) => Make(EnclavePageState.Swapped, slot);

    /// <summary>Same page in another state of residency.</summary>
    public EnclavePage WithState(EnclavePageState state) => Make(state, (int)(_word & PlaceMask) - 1);

    public EnclavePage AsTrim(bool isTrim) => new(isTrim ? _word | TrimBit : _word & ~TrimBit);

    private EnclavePage Make(EnclavePageState state, int place) =>
        new((_word & TrimBit) | ((uint)(state - 1) << PlaceBits) | (uint)(place + 1));

    internal uint Word => _word;

    internal static EnclavePage FromWord(uint word) => new(word);
}

/// <summary>
/// The page array of an enclave (the kernel's xarray): entries by page offset, in chunks of 4096 that exist once a page
/// of theirs was added.
/// </summary>
public sealed class EnclavePageTable
{
    private const int ChunkShift = 12;
    private const int ChunkPages = 1 << ChunkShift;

    [Sparse]
    private readonly uint[]?[] _chunks;

    public EnclavePageTable(int pageCount)
    {
        PageCount = pageCount;
        _chunks = new uint[]?[(pageCount + ChunkPages - 1) >> ChunkShift];
    }

    /// <summary>Pages of the enclave's linear range.</summary>
    public int PageCount { get; }

    public long AllocatedBytes
    {
        get
        {
            long bytes = (long)_chunks.Length * IntPtr.Size;
            foreach (uint[]? chunk in _chunks)
            {
                bytes += chunk is null ? 0 : chunk.Length * sizeof(uint);
            }

            return bytes;
        }
    }

    public EnclavePage this[int page]
    {
        get
        {
            uint[]? chunk = _chunks[page >> ChunkShift];
            return chunk is null ? EnclavePage.Absent : EnclavePage.FromWord(chunk[page & (ChunkPages - 1)]);
        }

        set
        {
            // A small enclave has a small table: the last chunk ends with the pages.
            uint[] chunk = _chunks[page >> ChunkShift] ??= new uint[
                Math.Min(ChunkPages, PageCount - (page & ~(ChunkPages - 1)))
            ];
            chunk[page & (ChunkPages - 1)] = value.Word;
        }
    }

    /// <summary>First page at or after <paramref name="page"/> that has an entry, or -1: xa_find.</summary>
    public int FindFrom(int page)
    {
        while (page < PageCount)
        {
            uint[]? chunk = _chunks[page >> ChunkShift];
            if (chunk is null)
            {
                page = ((page >> ChunkShift) + 1) << ChunkShift;
                continue;
            }

            int end = Math.Min(PageCount, ((page >> ChunkShift) + 1) << ChunkShift);
            for (; page < end; page++)
            {
                if (chunk[page & (ChunkPages - 1)] != 0)
                {
                    return page;
                }
            }
        }

        return -1;
    }
}
