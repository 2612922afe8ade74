using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Engine;
using static EpcActors.Actors.AddressSpaces.AddressSpaceProtocol;

namespace EpcActors.Actors.AddressSpaces;

/// <summary>How a thread reaches for a page.</summary>
public enum AccessKind
{
    Read,
    Write,
    Execute,

    /// <summary>The EACCEPT instruction: needs a present translation like any access, accepts a pending, modified or restricted page.</summary>
    Eaccept,
}

/// <summary>What the processor makes of an access.</summary>
public enum AccessResult
{
    Hit,

    /// <summary>#PF, no translation.</summary>
    NotPresent,

    /// <summary>#PF with the SGX bit: the EPCM does not allow it (pending, modified, not this enclave's page).</summary>
    EpcmFault,
}

/// <summary>What the reclaimer's look at a page found.</summary>
public enum AgeResult
{
    Old,
    Young,

    /// <summary>The process has given its address space up.</summary>
    Gone,
}

/// <summary>What tasks ask of an address space: its page tables, and its mmap_lock.</summary>
public static class AddressSpaceProtocol
{
    /// <summary>The processor walks the page table for a user access and, on a hit, sets the accessed bit.</summary>
    public struct Access : IMessage
    {
        public static ushort Code => 0x0601;

        static MessageKind IMessage.Kind => MessageKind.Access;

        /// <summary>Page of the enclave.</summary>
        public int Page;

        public AccessKind Kind;

        /// <summary>Out.</summary>
        public AccessResult Result;
    }

    /// <summary>Page-fault entry: mmap_lock for reading, VMA look-up. The lock is held until <see cref="EndFault"/>.</summary>
    public struct BeginFault : IMessage
    {
        public static ushort Code => 0x0602;

        public static MessageKind Kind => MessageKind.Fault;

        /// <summary>Out: there is no VMA: SIGSEGV.</summary>
        public YesNo IsUnmapped;

        /// <summary>Out: there is a VMA whose vm_private_data is NULL, as fork had no memory for its entry: SIGBUS.</summary>
        public YesNo HasNoEnclave;
    }

    /// <summary>Page-fault exit: gives mmap_lock back.</summary>
    public struct EndFault : IMessage
    {
        public static ushort Code => 0x0603;

        public static MessageKind Kind => MessageKind.Fault;
    }

    /// <summary>vmf_insert_pfn().</summary>
    /// <remarks>Stands for the insertion and, after a load, the clearing of the accessed bit right behind it: a touch between the two
    /// would only be forgotten, which costs the page one round on the LRU.</remarks>
    public struct InsertPte : IMessage
    {
        public static ushort Code => 0x0604;

        public static MessageKind Kind => MessageKind.Map;

        public int Page;

        public EpcPageIndex EpcPage;

        public YesNo IsAccessed;
    }

    /// <summary>
    /// Test and clear the accessed bit of one page (sgx_encl_test_and_clear_young): mmget_not_zero, mmap_lock for reading. Queues behind a waiting
    /// writer.
    /// </summary>
    public struct AgePage : IMessage
    {
        public static ushort Code => 0x0605;

        public static MessageKind Kind => MessageKind.Age;

        public int Page;

        /// <summary>Out.</summary>
        public AgeResult Result;
    }

    /// <summary>
    /// zap_vma_ptes() of a range, under mmap_lock for reading (sgx_zap_enclave_ptes). Queues behind a waiting writer.
    /// </summary>
    public struct ZapPtes : IMessage
    {
        public static ushort Code => 0x0606;

        public static MessageKind Kind => MessageKind.Map;

        public int FirstPage;

        public int PageCount;
    }

    /// <summary>mmap(): the range of the enclave gets its VMA.</summary>
    public struct MapEnclave : IMessage
    {
        public static ushort Code => 0x0607;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>mmap() or munmap() of something else than the enclave: mmap_lock for writing, and nothing of SGX.</summary>
    public struct MapOther : IMessage
    {
        public static ushort Code => 0x060E;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>exit_mmap(): no page-table entry survives, nobody gets a reference any more.</summary>
    public struct ExitMm : IMessage
    {
        public static ushort Code => 0x0608;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>sgx_vma_open() without memory for an mm_list entry: the VMA loses its enclave, every touch is SIGBUS.</summary>
    public struct LoseEnclave : IMessage
    {
        public static ushort Code => 0x0609;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>mmput() with the last user: mmget_not_zero() fails from here on, the page tables are still there.</summary>
    public struct BeginExit : IMessage
    {
        public static ushort Code => 0x060A;

        public static MessageKind Kind => MessageKind.Lifetime;
    }

    /// <summary>dup_mmap(): takes the mmap_lock of the parent, and of the child, for writing and keeps it.</summary>
    public struct BeginFork : IMessage
    {
        public static ushort Code => 0x060B;

        public static MessageKind Kind => MessageKind.Map;

        /// <summary>The child: it gets the VMA.</summary>
        public YesNo IsChild;
    }

    /// <summary>Gives mmap_lock back.</summary>
    public struct EndFork : IMessage
    {
        public static ushort Code => 0x060C;

        public static MessageKind Kind => MessageKind.Map;
    }

    /// <summary>copy_page_range() reads the next translation. mmap_lock held for writing.</summary>
    public struct ReadPte : IMessage
    {
        public static ushort Code => 0x060D;

        public static MessageKind Kind => MessageKind.Map;

        /// <summary>In: where to look from. Out: the page found.</summary>
        public int Page;

        /// <summary>Out: none at the end.</summary>
        public EpcPageIndex EpcPage;
    }
}

/// <summary>
/// <c>struct mm_struct</c> with the one enclave that it maps: page-table entries behind the page-table lock, VMAs behind mmap_lock, which faults and
/// the reclaimer take for reading and mmap and exit for writing.
/// </summary>
/// <remarks>
/// <para>The EPCM checks of <see cref="Access"/> look at page descriptors that other actors own: that is the processor, not the kernel.</para>
/// <para>mmap_lock is fair, as the kernel's rwsem is for a reader that finds the lock in the hands of readers and somebody waiting
/// (rwsem_down_read_slowpath): it queues. So one writer that waits keeps every later reader out, the reclaimer among them. The lock goes to who
/// waits longest: a writer alone, or the readers up to the next writer. The kernel wakes the readers behind that writer too; that order is
/// the one in which they came before it.</para>
/// </remarks>
public sealed class AddressSpace : Resource,
    IHandle<Access>, IHandle<BeginFault>, IHandle<EndFault>, IHandle<InsertPte>, IHandle<AgePage>, IHandle<ZapPtes>,
    IHandle<MapEnclave>, IHandle<ExitMm>, IHandle<LoseEnclave>, IHandle<BeginExit>, IHandle<BeginFork>, IHandle<EndFork>,
    IHandle<ReadPte>, IHandle<MapOther>
{
    private readonly EpcPageTable _epc;
    private readonly int _ownerBase;
    private readonly Machine _machine;
    private WaitQueue _waiting;
    private int _readers;
    private bool _isWriteLocked;
    private bool _isMapped;
    private bool _hasLostEnclave;
    private bool _isGone;

    public AddressSpace(ActorId id, string name, Machine machine, int pageCount, int ownerBase)
        : base(id, $"mm:{name}")
    {
        ArgumentNullException.ThrowIfNull(machine);
        _machine = machine;
        _epc = machine.Pages;
        _ownerBase = ownerBase;
        Ptes = new PageTable(pageCount);
    }

    public override ActorKind ActorKind => ActorKind.AddressSpace;

    /// <summary>For audits.</summary>
    public PageTable Ptes { get; }

    /// <summary>Number of the enclave's page 0 in the machine's enclave-page space.</summary>
    public int OwnerBase => _ownerBase;

    public bool IsGone => _isGone;

    public void Handle(ref Access message, Turn turn)
    {
        Pte pte = Ptes[message.Page];
        if (!pte.IsPresent)
        {
            message.Result = AccessResult.NotPresent;
            return;
        }

        ref EpcPage page = ref _epc[pte.EpcPage];
        EpcmEntry entry = EpcmEntry.Read(ref page);
        if (message.Kind == AccessKind.Eaccept)
        {
            if (!TryAccept(ref page, entry, message.Page))
            {
                message.Result = AccessResult.EpcmFault;
                return;
            }

            turn.Spend(Activity.Eaccept);
        }
        else if (!IsOurs(entry, message.Page) || entry.Has(Epcm.Blocked | Epcm.Pending | Epcm.Modified) || entry.Type == Epcm.Trim)
        {
            message.Result = AccessResult.EpcmFault;
            return;
        }
        else
        {
            turn.Spend(Activity.Touch, 1, _machine.NodeOf(pte.EpcPage) != turn.CallerNode);
        }

        if (!pte.IsAccessed)
        {
            Ptes[message.Page] = pte.WithAccessed(true);
        }
    }

    public void Handle(ref BeginFault message, Turn turn)
    {
        if (!TryReadLock(turn))
        {
            return;
        }

        message.IsUnmapped = !_isMapped || _isGone;
        message.HasNoEnclave = _hasLostEnclave;
    }

    public void Handle(ref EndFault message, Turn turn) => ReadUnlock(turn);

    public void Handle(ref InsertPte message, Turn turn)
    {
        turn.Spend(Activity.Pte);
        Ptes[message.Page] = Pte.Of(message.EpcPage, message.IsAccessed);
    }

    public void Handle(ref AgePage message, Turn turn)
    {
        // mmget_not_zero() comes before the lock: who waited for that has the address space still.
        if (_isGone && !turn.WasParked)
        {
            message.Result = AgeResult.Gone;
            return;
        }

        if (!TryReadLock(turn))
        {
            return;
        }

        turn.Spend(Activity.Age);
        Pte pte = Ptes[message.Page];
        if (pte.IsPresent && pte.IsAccessed)
        {
            Ptes[message.Page] = pte.WithAccessed(false);
            message.Result = AgeResult.Young;
        }

        ReadUnlock(turn);
    }

    public void Handle(ref ZapPtes message, Turn turn)
    {
        if ((_isGone && !turn.WasParked) || !TryReadLock(turn))
        {
            return;
        }

        if (message.FirstPage == 0 && message.PageCount == Ptes.PageCount)
        {
            turn.Spend(Activity.Pte, Math.Max(1, Ptes.PresentCount));
            Ptes.Clear();
        }
        else
        {
            turn.Spend(Activity.Pte, message.PageCount);
            for (int page = message.FirstPage; page < message.FirstPage + message.PageCount; page++)
            {
                Ptes[page] = Pte.None;
            }
        }

        ReadUnlock(turn);
    }

    public void Handle(ref MapEnclave message, Turn turn)
    {
        if (TryWriteLock(turn))
        {
            _isMapped = true;
            WriteUnlock(turn);
        }
    }

    public void Handle(ref MapOther message, Turn turn)
    {
        if (TryWriteLock(turn))
        {
            WriteUnlock(turn);
        }
    }

    public void Handle(ref ExitMm message, Turn turn)
    {
        if (!TryWriteLock(turn))
        {
            return;
        }

        turn.Spend(Activity.Pte, Math.Max(1, Ptes.PresentCount / 16));
        _isGone = true;
        _isMapped = false;
        Ptes.Clear();
        WriteUnlock(turn);
    }

    public void Handle(ref LoseEnclave message, Turn turn) => _hasLostEnclave = true;

    public void Handle(ref BeginExit message, Turn turn) => _isGone = true;

    public void Handle(ref BeginFork message, Turn turn)
    {
        if (TryWriteLock(turn))
        {
            _isMapped |= message.IsChild;
        }
    }

    public void Handle(ref EndFork message, Turn turn) => WriteUnlock(turn);

    public void Handle(ref ReadPte message, Turn turn)
    {
        Invariant.That(_isWriteLocked, $"{Name} is copied without its mmap_lock");
        message.EpcPage = EpcPageIndex.None;
        int page = Ptes.FindFrom(message.Page);
        if (page >= 0)
        {
            message.Page = page;
            message.EpcPage = Ptes[page].EpcPage;
        }
    }

    private bool IsOurs(EpcmEntry entry, int page) => entry.IsValid && entry.Owner == _ownerBase + page;

    /// <summary>EACCEPT: looks and changes at one moment. It takes PENDING, MODIFIED and PR away.</summary>
    private bool TryAccept(ref EpcPage page, EpcmEntry seen, int number)
    {
        while (IsOurs(seen, number) && !seen.Has(Epcm.Blocked))
        {
            if (EpcmEntry.TryChange(ref page, seen, seen.State & ~(Epcm.Pending | Epcm.Modified | Epcm.Restricted)))
            {
                return true;
            }

            seen = EpcmEntry.Read(ref page);
        }

        return false;
    }

    /// <summary>down_read(). False: the request was parked; when it is handled again the lock is its own.</summary>
    private bool TryReadLock(Turn turn)
    {
        if (turn.WasParked)
        {
            return true;
        }

        if (_isWriteLocked || !_waiting.IsEmpty)
        {
            turn.Park(ref _waiting, EngineActivity.MutexWait);
            return false;
        }

        _readers++;
        return true;
    }

    private void ReadUnlock(Turn turn)
    {
        Invariant.That(_readers > 0, $"{Name}: mmap_lock is given back by a reader that does not have it");
        if (--_readers == 0)
        {
            HandOver(turn);
        }
    }

    /// <summary>down_write(). False: the request was parked; when it is handled again the lock is its own.</summary>
    private bool TryWriteLock(Turn turn)
    {
        if (turn.WasParked)
        {
            return true;
        }

        if (_readers > 0 || _isWriteLocked || !_waiting.IsEmpty)
        {
            turn.Park(ref _waiting, EngineActivity.MutexWait);
            return false;
        }

        _isWriteLocked = true;
        return true;
    }

    private void WriteUnlock(Turn turn)
    {
        Invariant.That(_isWriteLocked, $"{Name}: mmap_lock is given back by a writer that does not have it");
        _isWriteLocked = false;
        HandOver(turn);
    }

    /// <summary>rwsem_mark_wake(): to the first in the queue, and with a reader to those behind it up to the next writer.</summary>
    private void HandOver(Turn turn)
    {
        while (!_waiting.IsEmpty)
        {
            bool isWriter = IsWriter(_waiting.First!.Code);
            if (isWriter && _readers > 0)
            {
                return;
            }

            _isWriteLocked = isWriter;
            _readers += isWriter ? 0 : 1;
            turn.Ready(ref _waiting, EngineActivity.MutexHandOver, 1);
            if (isWriter)
            {
                return;
            }
        }
    }

    private static bool IsWriter(ushort code) =>
        code == MapEnclave.Code || code == MapOther.Code || code == ExitMm.Code || code == BeginFork.Code;
}
