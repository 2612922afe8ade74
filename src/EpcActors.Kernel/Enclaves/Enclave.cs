using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.Enclaves.EnclaveProtocol;

namespace EpcActors.Kernel.Enclaves;

/// <summary>
/// <c>struct sgx_encl</c>: the page array, VA pages and SECS behind the enclave's mutex; mm_list behind mm_lock; the
/// reference count; and what the processor keeps for the enclave, its tracking epochs.
/// </summary>
public sealed partial class Enclave
    : Resource,
        IHandle<BeginIoctl>,
        IHandle<EndIoctl>,
        IHandle<TestGrow>,
        IHandle<CountGrow>,
        IHandle<Shrink>,
        IHandle<LinkVaPage>,
        IHandle<Ecreate>,
        IHandle<LockAndAddPage>,
        IHandle<LockAndEinit>,
        IHandle<LookUpPage>,
        IHandle<Lock>,
        IHandle<Unlock>,
        IHandle<LockAndReadPage>,
        IHandle<Eldu>,
        IHandle<InsertEntry>,
        IHandle<Eaug>,
        IHandle<TryGetRef>,
        IHandle<PutRef>,
        IHandle<ReadMm>,
        IHandle<AddMm>,
        IHandle<RemoveMm>,
        IHandle<TakeFirstMm>,
        IHandle<MarkReclaimedAndUnlock>,
        IHandle<BlockPage>,
        IHandle<LockForWrite>,
        IHandle<Ewb>,
        IHandle<Etrack>,
        IHandle<SendIpi>,
        IHandle<FinishWrite>,
        IHandle<FinishWriteSecs>,
        IHandle<ReadType>,
        IHandle<ModifyPage>,
        IHandle<BeginRemove>,
        IHandle<FindNext>,
        IHandle<LockAndErase>,
        IHandle<EnterEnclave>,
        IHandle<ExitEnclave>,
        IHandle<TakeEntry>,
        IHandle<TakeSecs>,
        IHandle<TakeVaPage>,
        IHandle<MarkOutOfMemory>,
        IHandle<UnlinkVaPage>,
        IHandle<UnlockForRemoval>,
        IHandle<GetFile>,
        IHandle<PutFile>,
        IHandle<EraseAndUnlock>,
        IHandle<FindPage>,
        IHandle<HoldsNode>,
        IHandle<SynchronizeSrcu>,
        IHandle<FreeEnclave>,
        IHandle<RecordTypeAndUnlock>,
        IHandle<OpenDevice>,
        IHandle<AbandonWrite>,
        IHandle<TestSecs>,
        IHandle<RecordType>,
        IHandle<TakeEmptyVaPage>
{
    private readonly Machine _machine;
    private readonly EpcPageTable _epc;
    private readonly EnclaveTracking _tracking;
    private readonly List<(ActorId Mm, int Serial)> _mms = [];
    private readonly bool _mmOwnsReference;
    private Mutex _lock;
    private int _mmListVersion;
    private int _lastMmSerial;
    private int _emptyEntry = -1;
    private uint _lastVersion;
    private bool _inIoctl;

    /// <param name="id">Address.</param>
    /// <param name="index">Number of the enclave.</param>
    /// <param name="name">Name in the scenario.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="pageCount">Pages of the linear range, a power of two.</param>
    /// <param name="ownerBase">Number of page 0 in the enclave-page space.</param>
    /// <param name="threads">The tasks that run in it, by thread number.</param>
    public Enclave(
        ActorId id,
        int index,
        string name,
        Machine machine,
        int pageCount,
        int ownerBase,
        IReadOnlyList<ActorId> threads)
        : base(id, $"enclave:{name}")
    {
        ArgumentNullException.ThrowIfNull(machine);
        Index = index;
        _machine = machine;
        _epc = machine.Pages;
        _mmOwnsReference = machine.Switches.MmListOwnsReference == Fix.Present;
        OwnerBase = ownerBase;
        Entries = new EnclavePageTable(pageCount);
        _tracking = new EnclaveTracking(threads, machine.NumbersComeRound);
    }

    public override ActorKind ActorKind => ActorKind.Enclave;

    public int Index { get; }

    public int OwnerBase { get; }

    /// <summary>The page array, for audits.</summary>
    public EnclavePageTable Entries { get; }

    /// <summary>va_pages, for audits.</summary>
    public VaPages VaPages { get; } = new();

    /// <summary>SECS's EPC page; none when it is swapped out, not made yet, or gone.</summary>
    public EpcPageIndex SecsPage { get; private set; } = EpcPageIndex.None;

    /// <summary>VA slot of a swapped SECS, else -1.</summary>
    public int SecsSlot { get; private set; } = -1;

    /// <summary>secs_child_cnt: resident children.</summary>
    public int SecsChildCount { get; private set; }

    /// <summary>page_cnt.</summary>
    public int PageCount { get; private set; }

    public bool IsCreated { get; private set; }

    public bool IsInitialised { get; private set; }

    /// <summary>SGX_ENCL_NO_MEMORY.</summary>
    public bool IsOutOfMemory { get; private set; }

    /// <summary>refcount; the open file holds the first.</summary>
    public int References { get; private set; } = 1;

    /// <summary>sgx_encl_release has run to its end.</summary>
    public bool IsFreed { get; private set; }

    /// <summary>Processes that have the device file open or mapped (the file's own count).</summary>
    public int FileHolders { get; private set; } = 1;

    /// <summary>Processes on mm_list.</summary>
    public int MmCount => _mms.Count;

    /// <summary>Swapped pages, the SECS included.</summary>
    [NotState]
    public int SwappedPages { get; private set; }

    public void Handle(ref BeginIoctl message, Turn turn)
    {
        message.IsCreated = IsCreated;
        message.IsInitialised = IsInitialised;
        message.IsOutOfMemory = IsOutOfMemory;
        if (_inIoctl && _machine.Switches.IoctlExclusive == Fix.Present)
        {
            message.IsBusy = true;
            return;
        }

        _inIoctl = true;
    }

    public void Handle(ref EndIoctl message, Turn turn) => _inIoctl = false;

    public void Handle(ref TestGrow message, Turn turn) =>
        message.NeedsVaPage = _machine.Switches.GrowCountsVaPages == Fix.Present
            ? PageCount == VaPages.Count * VaPages.SlotsPerPage
            : PageCount % VaPages.SlotsPerPage == 0;

    public void Handle(ref CountGrow message, Turn turn) => PageCount++;

    public void Handle(ref Shrink message, Turn turn) => PageCount--;

    public void Handle(ref LinkVaPage message, Turn turn) => VaPages.AddHead(message.VaPage);

    public void Handle(ref Ecreate message, Turn turn)
    {
        turn.Spend(Activity.Ecreate);
        if (message.MustFail || IsTaken(message.EpcPage))
        {
            message.HasFailed = true;
            return;
        }

        SecsPage = message.EpcPage;
        _epc[message.EpcPage].Epcm = Epcm.Valid | Epcm.Secs;
        IsCreated = true;
    }

    public void Handle(ref LockAndAddPage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        if (!message.VaPage.IsNone)
        {
            VaPages.AddHead(message.VaPage);
        }

        if (Entries[message.Page].State != EnclavePageState.Absent)
        {
            message.Exists = true;
            return;
        }

        if (!IsThere(SecsPage))
        {
            message.HasFailed = true;
            return;
        }

        turn.Spend(Activity.Eadd, 1, IsRemote(message.EpcPage, turn));
        if (IsTaken(message.EpcPage))
        {
            message.HasFailed = true;
            return;
        }

        BecomeResident(message.Page, message.EpcPage, message.IsTcs ? Epcm.Tcs : Epcm.None);
        if (!message.IsMeasured)
        {
            return;
        }

        turn.Spend(Activity.Eextend, KernelConstants.EextendsPerPage);
        if (message.MustFailToExtend)
        {
            message.HasFailed = true;
            Entries[message.Page] = EnclavePage.Absent;
            SecsChildCount -= _machine.Switches.EextendErrorUncounts == Fix.Present ? 1 : 0;
        }
    }

    public void Handle(ref LockAndEinit message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        turn.Spend(Activity.Einit);
        message.HasFailed = !IsThere(SecsPage);
        IsInitialised = !message.HasFailed;
    }

    public void Handle(ref LookUpPage message, Turn turn)
    {
        // The entry stands in the xarray from xa_insert() on, before EAUG, and until xa_erase(), behind EREMOVE: both
        // under the mutex, so there is one at most.
        message.Exists = Entries[message.Page].State != EnclavePageState.Absent || message.Page == _emptyEntry;
        message.IsOutOfMemory = IsOutOfMemory;
        message.IsInitialised = IsInitialised;
    }

    public void Handle(ref Lock message, Turn turn) => _lock.Acquire(turn);

    public void Handle(ref Unlock message, Turn turn) => _lock.Release(turn);

    public void Handle(ref LockAndReadPage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        EnclavePage entry = message.Page < Entries.PageCount ? Entries[message.Page] : EnclavePage.Absent;
        message.State = entry.State;
        message.EpcPage = entry.EpcPage;
        message.IsSecsResident = !SecsPage.IsNone;
    }

    public void Handle(ref InsertEntry message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        EnclavePage entry = Entries[message.Page];
        message.Exists = entry.State != EnclavePageState.Absent;
        message.EpcPage = entry.EpcPage;
        _emptyEntry = message.Exists ? -1 : message.Page;
    }

    public void Handle(ref Eaug message, Turn turn)
    {
        _lock.AssertHeldBy(turn);

        // On failure xa_erase() follows. A look-up between the two learns no more than one before EAUG, and waits for
        // the mutex as well.
        _emptyEntry = -1;
        if (SecsPage.IsNone)
        {
            message.HasNoSecs = true;
            message.HasFailed = true;
            return;
        }

        turn.Spend(Activity.Eaug, 1, IsRemote(message.EpcPage, turn));
        if (IsTaken(message.EpcPage) || !IsThere(SecsPage))
        {
            message.HasFailed = true;
            return;
        }

        BecomeResident(message.Page, message.EpcPage, Epcm.Pending);
    }

    public void Handle(ref UnlinkVaPage message, Turn turn) => VaPages.Remove(message.VaPage);

    public void Handle(ref HoldsNode message, Turn turn)
    {
        int node = message.Node;
        Machine machine = _machine;
        bool holds = !SecsPage.IsNone && machine.NodeOf(SecsPage) == node;
        VaPages.ForEach(page => holds |= machine.NodeOf(page) == node);
        for (
            int page = Entries.FindFrom(0);
            page >= 0 && page < Entries.PageCount && !holds;
            page = Entries.FindFrom(page + 1))
        {
            EpcPageIndex epcPage = Entries[page].EpcPage;
            holds = !epcPage.IsNone && machine.NodeOf(epcPage) == node;
        }

        message.Holds = holds;
    }

    public void Handle(ref FindPage message, Turn turn)
    {
        bool isSecs = message.Page == Entries.PageCount;
        EnclavePage entry = isSecs ? EnclavePage.Absent : Entries[message.Page];
        message.State = !isSecs ? entry.State
            : !SecsPage.IsNone ? EnclavePageState.Resident
            : SecsSlot >= 0 ? EnclavePageState.Swapped
            : EnclavePageState.Absent;
        message.EpcPage = isSecs ? SecsPage : entry.EpcPage;
    }

    /// <summary>The instructions that make a page want one that the EPCM does not have as valid.</summary>
    private bool IsTaken(EpcPageIndex page) => (_epc[page].Epcm & Epcm.Valid) != 0;

    /// <summary>
    /// The processor has it: an instruction that needs a SECS, a VA page or a page to write out finds one. Not so when
    /// the EPC was lost.
    /// </summary>
    private bool IsThere(EpcPageIndex page) => !page.IsNone && (_epc[page].Epcm & Epcm.Valid) != 0;

    private bool IsRemote(EpcPageIndex page, Turn turn) => _machine.NodeOf(page) != turn.CallerNode;

    private void BecomeResident(int page, EpcPageIndex epcPage, Epcm epcm)
    {
        ref EpcPage descriptor = ref _epc[epcPage];
        descriptor.Epcm = Epcm.Valid | epcm;
        descriptor.Owner = OwnerBase + page;
        Entries[page] = Entries[page].WithEpcPage(epcPage);
        SecsChildCount++;
    }
}
