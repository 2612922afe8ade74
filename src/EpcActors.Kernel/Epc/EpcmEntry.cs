using System.Runtime.CompilerServices;
using System.Threading;

namespace EpcActors.Kernel.Epc;

/// <summary>
/// What one instruction of the processor finds out, or changes, about an EPC page: whose it is and what the EPCM says
/// of it. It is the second half of an <see cref="EpcPage"/>, eight bytes that are read and replaced as one.
/// </summary>
/// <remarks>
/// Everything else in a descriptor belongs to the task that holds the page. The processor does not: a thread with a
/// translation may touch a page, or accept it, while the kernel blocks, changes or removes it. The hardware serves one
/// instruction at a time per entry (the loser gets SGX_EPC_PAGE_CONFLICT and tries again), so a decision and what it
/// changes are one compare-and-swap here, of the owner too: a page that went to another task meanwhile is another
/// page. Who holds a page alone may write its fields one by one; a swap that such a write overtakes fails, and looks
/// again.
/// </remarks>
public readonly struct EpcmEntry
{
    private readonly int _owner;
    private readonly ushort _cgroup;
    private readonly EpcPageFlags _flags;
    private readonly Epcm _state;

    private EpcmEntry(int owner, ushort cgroup, EpcPageFlags flags, Epcm state)
    {
        _owner = owner;
        _cgroup = cgroup;
        _flags = flags;
        _state = state;
    }

    /// <summary><see cref="EpcPage.Owner"/>.</summary>
    public int Owner => _owner;

    /// <summary><see cref="EpcPage.Cgroup"/>.</summary>
    public ushort Cgroup => _cgroup;

    /// <summary><see cref="EpcPage.Epcm"/>.</summary>
    public Epcm State => _state;

    /// <summary>Page type; none for REG.</summary>
    public Epcm Type => _state & Epcm.TypeMask;

    public bool IsTracked => (_flags & EpcPageFlags.ReclaimerTracked) != 0;

    public bool IsValid => (_state & Epcm.Valid) != 0;

    /// <summary>Any of these flags; the type is not a flag (<see cref="Type"/>).</summary>
    public bool Has(Epcm bits) => (_state & bits) != 0;

    // The processor is not an actor: its table has no owner, and is the one thing that tasks on different threads
    // change at once.
#pragma warning disable RS0030
    /// <summary>All of it at one moment.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EpcmEntry Read(ref EpcPage page) =>
        Unsafe.BitCast<long, EpcmEntry>(Volatile.Read(ref Word(ref page)));

    /// <summary>The same, and not before anything that was read ahead of it.</summary>
    public static EpcmEntry ReadLast(ref EpcPage page) =>
        Unsafe.BitCast<long, EpcmEntry>(Interlocked.CompareExchange(ref Word(ref page), 0, 0));

    /// <summary>Gives the page another state. False: it has changed since it was read; look again.</summary>
    public static bool TryChange(ref EpcPage page, EpcmEntry seen, Epcm state) =>
        TryChange(ref page, seen, seen.Owner, state);

    /// <summary>
    /// Gives the page another owner and state. False: it has changed since it was read; look again.
    /// </summary>
    public static bool TryChange(ref EpcPage page, EpcmEntry seen, int owner, Epcm state)
    {
        long before = Unsafe.BitCast<EpcmEntry, long>(seen);
        long after = Unsafe.BitCast<EpcmEntry, long>(new EpcmEntry(owner, seen._cgroup, seen._flags, state));
        return Interlocked.CompareExchange(ref Word(ref page), after, before) == before;
    }
#pragma warning restore RS0030

    /// <summary>Sets bits, whatever the others are: an instruction that always succeeds.</summary>
    public static void Set(ref EpcPage page, Epcm bits)
    {
        EpcmEntry seen;
        do
        {
            seen = Read(ref page);
        }
        while (!TryChange(ref page, seen, seen.State | bits));
    }

    /// <summary>Takes every bit away, whatever they are.</summary>
    public static void Clear(ref EpcPage page)
    {
        EpcmEntry seen;
        do
        {
            seen = Read(ref page);
        }
        while (seen.State != Epcm.None && !TryChange(ref page, seen, Epcm.None));
    }

    /// <summary>
    /// The half of the descriptor: aligned, as descriptors have 16 bytes and arrays of them begin at a multiple of 8.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref long Word(ref EpcPage page) => ref Unsafe.As<int, long>(ref page.Owner);
}
