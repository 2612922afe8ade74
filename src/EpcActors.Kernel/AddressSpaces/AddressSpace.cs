using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.AddressSpaces.AddressSpaceProtocol;

namespace EpcActors.Kernel.AddressSpaces;

/// <summary>
/// <c>struct mm_struct</c> with the one enclave that it maps: page-table entries behind the page-table lock, VMAs
/// behind mmap_lock, which faults and the reclaimer take for reading and mmap and exit for writing.
/// </summary>
/// <remarks>
/// <para>The EPCM checks of <see cref="Access"/> look at page descriptors that other actors own: that is the processor,
/// not the kernel.</para>
/// <para>mmap_lock is fair, as the kernel's rwsem is for a reader that finds the lock held by readers and another task
/// waiting: it queues (rwsem_down_read_slowpath). So one writer that waits keeps every later reader out, the reclaimer
/// among them. The lock goes to the longest waiter: a writer alone, or the readers up to the next writer. The kernel
/// wakes the readers behind that writer too; the order is then as if they had come before it.</para>
/// </remarks>
public sealed class AddressSpace
    : Resource,
        IHandle<Access>,
        IHandle<BeginFault>,
        IHandle<EndFault>,
        IHandle<InsertPte>,
        IHandle<MapNeighbour>,
        IHandle<AgePage>,
        IHandle<ZapPtes>,
        IHandle<MapEnclave>,
        IHandle<ExitMm>,
        IHandle<LoseEnclave>,
        IHandle<BeginExit>,
        IHandle<BeginFork>,
        IHandle<EndFork>,
        IHandle<ReadPte>,
        IHandle<MapOther>,
        IHandle<CreateMm>
{
    private readonly EpcPageTable _epc;
    private readonly int _ownerBase;
    private readonly Machine _machine;
    private WaitQueue _waiting;
    private SectionEnd _lastReader;
    private SectionEnd _lastWriter;
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
        else if (!IsOurs(entry, message.Page) || entry.Type == Epcm.Trim
            || entry.Has(Epcm.Blocked | Epcm.Pending | Epcm.Modified))
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

    public void Handle(ref MapNeighbour message, Turn turn)
    {
        message.IsNew = !Ptes[message.Page].IsPresent;
        if (message.IsNew)
        {
            turn.Spend(Activity.Pte);
            Ptes[message.Page] = Pte.Of(message.EpcPage, false);
        }
    }

    public void Handle(ref AgePage message, Turn turn)
    {
        // mmget_not_zero() comes before the lock: a task that waited for the lock still has the address space.
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

    public void Handle(ref CreateMm message, Turn turn)
    {
        Invariant.That(_isGone && Ptes.PresentCount == 0, $"{Name} is made anew before it is gone");
        _isGone = false;
        _isMapped = false;
        _hasLostEnclave = false;
    }

    /// <summary>Before the run: a place without an address space, for a process that starts later.</summary>
    public void LeaveFree() => _isGone = true;

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

    /// <summary>down_read(). False: the request was parked; when it is handled again it has the lock.</summary>
    private bool TryReadLock(Turn turn)
    {
        if (!turn.WasParked)
        {
            if (_isWriteLocked || !_waiting.IsEmpty)
            {
                turn.Park(ref _waiting, EngineActivity.MutexWait);
                return false;
            }

            _readers++;
        }

        _lastWriter.Await(turn, EngineActivity.MutexWait);
        return true;
    }

    private void ReadUnlock(Turn turn)
    {
        Invariant.That(_readers > 0, $"{Name}: mmap_lock is given back by a reader that does not have it");
        _lastReader.Extend(turn);
        if (--_readers == 0)
        {
            HandOver(turn);
        }
    }

    /// <summary>down_write(). False: the request was parked; when it is handled again it has the lock.</summary>
    private bool TryWriteLock(Turn turn)
    {
        if (!turn.WasParked)
        {
            if (_readers > 0 || _isWriteLocked || !_waiting.IsEmpty)
            {
                turn.Park(ref _waiting, EngineActivity.MutexWait);
                return false;
            }

            _isWriteLocked = true;
        }

        // A reader that gave the lock back first may have had it longer, on its own clock.
        _lastReader.Await(turn, EngineActivity.MutexWait);
        _lastWriter.Await(turn, EngineActivity.MutexWait);
        return true;
    }

    private void WriteUnlock(Turn turn)
    {
        Invariant.That(_isWriteLocked, $"{Name}: mmap_lock is given back by a writer that does not have it");
        _lastWriter.Extend(turn);
        _isWriteLocked = false;
        HandOver(turn);
    }

    /// <summary>
    /// rwsem_mark_wake(): to the first in the queue, and with a reader to those behind it up to the next writer.
    /// </summary>
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
