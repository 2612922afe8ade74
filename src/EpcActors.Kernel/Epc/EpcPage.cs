using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace EpcActors.Kernel.Epc;

/// <summary>Number of an EPC page (4 KiB) over all sections of the machine, ascending by section and node.</summary>
public readonly record struct EpcPageIndex(int Value)
{
    public static EpcPageIndex None => new(-1);

    public bool IsNone => Value < 0;

    public override string ToString() => IsNone ? "none" : $"epc:{Value}";
}

/// <summary>Bits of <c>struct sgx_epc_page.flags</c> (sgx.h).</summary>
/// <remarks>
/// Who has the page writes them: the node while it is free, the cgroup while it is listed, else the task that has it in
/// its hands. The kernel's <c>poison</c>, which hits a page wherever it is, is a field of its own under the node's
/// lock, and <c>NumaNode</c>'s here.
/// </remarks>
[Flags]
public enum EpcPageFlags : byte
{
    None = 0,

    /// <summary>SGX_EPC_PAGE_RECLAIMER_TRACKED: on a list of the reclaimer, or isolated by it.</summary>
    ReclaimerTracked = 1,

    /// <summary>SGX_EPC_PAGE_IS_FREE: on the free list of its node.</summary>
    IsFree = 2,

    /// <summary>
    /// On the list of pages that an out-of-memory kill could free (series v1 to v5: SECS and VA pages).
    /// </summary>
    Unreclaimable = 8,
}

/// <summary>A page's entry in the processor's EPCM. Hardware, not kernel: the oracle compares the two.</summary>
/// <remarks>
/// Four flags, a page type in three bits as in the manual (SECINFO.FLAGS.PT), and PR. The type is a number: compare it
/// with
/// <see cref="EpcmEntry.Type"/> or behind <see cref="TypeMask"/>, a single bit of it says nothing.
/// </remarks>
[Flags]
public enum Epcm : byte
{
    None = 0,

    /// <summary>The page belongs to an enclave (or is a VA page); it cannot be given to another one.</summary>
    Valid = 1,

    /// <summary>EBLOCK: no new translations.</summary>
    Blocked = 2,

    /// <summary>EPCM.PENDING: EAUG'd, waits for EACCEPT, no access until then.</summary>
    Pending = 4,

    /// <summary>EPCM.MODIFIED: EMODT'd, waits for EACCEPT, no access until then.</summary>
    Modified = 8,

    /// <summary>Page type SECS.</summary>
    Secs = 1 << 4,

    /// <summary>Page type VA.</summary>
    VersionArray = 2 << 4,

    /// <summary>Page type TRIM.</summary>
    Trim = 3 << 4,

    /// <summary>Page type TCS.</summary>
    Tcs = 4 << 4,

    /// <summary>The bits of the page type; none of them set is REG.</summary>
    TypeMask = 7 << 4,

    /// <summary>
    /// EPCM.PR: EMODPR restricted the page's permissions and no EACCEPT has said so yet. The page is accessible
    /// meanwhile, can be restricted again, and its type can be changed.
    /// </summary>
    Restricted = 1 << 7,
}

/// <summary>
/// Descriptor of one EPC page, 16 bytes (Linux's <c>struct sgx_epc_page</c> has 32, with the cgroup pointer of the
/// series 40).
/// </summary>
/// <remarks>
/// A page has exactly one owner at any time: a node's free or poison list, a list of a cgroup, an enclave, a vEPC
/// instance, or the task that carries it in a message. Only the owner touches the descriptor; that is why one flat
/// table can serve all actors of a process. The links belong to the list that holds the page, be it a free list or an
/// LRU, never to two lists at once. What the processor does to a page that another task has goes through <see
/// cref="EpcmEntry"/>.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
public struct EpcPage
{
    /// <summary>Next page of the list, -1 at the end.</summary>
    public int Next;

    /// <summary>Previous page of the list, -1 at the start.</summary>
    public int Previous;

    /// <summary>
    /// Enclave page that it holds (see <see cref="EnclavePageSpace"/>), or -1 (free pages, VA pages, SECS, vEPC). Of a
    /// page that a guest made a child or a SECS, what the processor knows of it: -2 less its SECS's page, or less its
    /// children.
    /// </summary>
    public int Owner;

    /// <summary>
    /// Index of the cgroup that is charged for it; <see cref="NoCgroup"/> for a free page or without an EPC cgroup.
    /// </summary>
    public ushort Cgroup;

    public EpcPageFlags Flags;

    public Epcm Epcm;

    /// <summary>Not charged to any cgroup.</summary>
    public const ushort NoCgroup = ushort.MaxValue;

    public readonly bool IsTracked => (Flags & EpcPageFlags.ReclaimerTracked) != 0;

    public readonly bool IsFree => (Flags & EpcPageFlags.IsFree) != 0;
}

/// <summary>
/// Descriptors of all EPC pages, in chunks that come into being when first touched: an EPC of 1 TiB costs what is used
/// of it, and nothing is written at boot.
/// </summary>
public sealed class EpcPageTable
{
    private const int ChunkShift = 14;
    private const int ChunkPages = 1 << ChunkShift;

    private readonly EpcPage[]?[] _chunks;

    // Counted before anything is cleared: in a live run other threads use pages meanwhile.
    [NotState]
    private int _losses;

    /// <param name="pageCount">EPC pages of the machine.</param>
    public EpcPageTable(long pageCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageCount, MaxPages);
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        PageCount = (int)pageCount;
        _chunks = new EpcPage[]?[(pageCount + ChunkPages - 1) >> ChunkShift];
    }

    /// <summary>Most pages that the packed page tables can address: 2^29 - 2, just under 2 TiB.</summary>
    public const long MaxPages = (1L << 29) - 2;

    public int PageCount { get; }

    /// <summary>How often the EPC lost its contents (<see cref="LoseAll"/>); a word that any thread may read.</summary>
    public int Losses => _losses;

    /// <summary>Bytes of the chunks that exist.</summary>
    public long AllocatedBytes
    {
        get
        {
            long bytes = (long)_chunks.Length * IntPtr.Size;
            foreach (EpcPage[]? chunk in _chunks)
            {
                bytes += chunk is null ? 0 : (long)chunk.Length * 16;
            }

            return bytes;
        }
    }

    public ref EpcPage this[EpcPageIndex page]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref this[page.Value];
    }

    public ref EpcPage this[int page]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            EpcPage[] chunk = _chunks[page >> ChunkShift] ?? NewChunk(page >> ChunkShift);
            return ref chunk[page & (ChunkPages - 1)];
        }
    }

    /// <summary>True when the page's descriptor was ever touched; an untouched page is free since boot.</summary>
    public bool Exists(int page) => _chunks[page >> ChunkShift] is not null;

    /// <summary>
    /// The EPC loses its contents, and the EPCM all it knew (suspend to RAM, a virtual machine that moves to another
    /// host). The kernel's part of the descriptors stays.
    /// </summary>
    public void LoseAll()
    {
        _losses++;
        foreach (EpcPage[]? chunk in _chunks)
        {
            for (int page = 0; chunk is not null && page < chunk.Length; page++)
            {
                EpcmEntry.Clear(ref chunk[page]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private EpcPage[] NewChunk(int chunk)
    {
        // A small machine has a small table: the last chunk ends with the pages.
        int length = Math.Min(ChunkPages, PageCount - (chunk << ChunkShift));
        EpcPage[] pages = GC.AllocateUninitializedArray<EpcPage>(length);
        Array.Fill(
            pages,
            new EpcPage
            {
                Next = -1,
                Previous = -1,
                Owner = -1,
                Cgroup = EpcPage.NoCgroup,
                Flags = EpcPageFlags.IsFree,
            });
        // Pages of one chunk have many owners: when two touch it first, on two threads, there must be one chunk.
#pragma warning disable RS0030
        return Interlocked.CompareExchange(ref _chunks[chunk], pages, null) ?? pages;
#pragma warning restore RS0030
    }
}
