using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.Enclaves.EnclaveProtocol;

namespace EpcActors.Kernel.Enclaves;

/// <content>Pages on their way out of the EPC and back: EBLOCK, ETRACK, EWB, ELDU.</content>
public sealed partial class Enclave
{
    public void Handle(ref Eldu message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        turn.Spend(Activity.Eldu, 1, IsRemote(message.EpcPage, turn));
        bool isSecs = message.Page == Entries.PageCount;
        int slot = isSecs ? SecsSlot : Entries[message.Page].VaSlot;
        message.SlotVersion = slot < 0 ? 0 : VaPages.Version(slot);
        message.IsPcmdPageInUse = IsPcmdPageInUse(message.Page);

        // Slots go with the VA page that they are in, a child needs its SECS.
        bool isLost = (slot >= 0 && !IsThere(VaPages.PageOf(slot))) || (!isSecs && !IsThere(SecsPage));
        if (isLost || message.PcmdVersion == 0 || message.PcmdVersion != message.SlotVersion
            || message.ContentsVersion != message.SlotVersion || IsTaken(message.EpcPage))
        {
            message.HasFailed = true;
            return;
        }

        Epcm attributes = (Epcm)VaPages.Attributes(slot);
        VaPages.Version(slot) = 0;
        VaPages.FreeSlot(slot);
        SwappedPages--;
        if (isSecs)
        {
            SecsPage = message.EpcPage;
            SecsSlot = -1;
            _epc[message.EpcPage].Epcm = Epcm.Valid | Epcm.Secs;
            return;
        }

        // A page that waited for its EACCEPT when it was written out waits for it still.
        BecomeResident(message.Page, message.EpcPage, attributes);
    }

    public void Handle(ref MarkReclaimedAndUnlock message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        Entries[message.Page] = Entries[message.Page].WithState(EnclavePageState.BeingReclaimed);
        _lock.Release(turn);
    }

    public void Handle(ref BlockPage message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        turn.Spend(Activity.Eblock);
        if (IsThere(message.EpcPage))
        {
            EpcmEntry.Set(ref _epc[message.EpcPage], Epcm.Blocked);
            _tracking.Block(message.EpcPage);
        }

        _lock.Release(turn);
    }

    public void Handle(ref LockForWrite message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        Entries[message.Page] = Entries[message.Page].WithState(EnclavePageState.Resident);
        message.Slot = VaPages.TakeSlot();
    }

    public void Handle(ref Ewb message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        bool isSecs = message.Page == Entries.PageCount;
        bool fails = message.MustFail || !IsThere(message.EpcPage);
        if (!isSecs && !fails && !_tracking.IsDrained(message.EpcPage))
        {
            // The instruction fails before it moves any data.
            turn.Spend(Activity.EwbNotTracked);
            message.Result = LeafResult.NotTracked;
            return;
        }

        turn.Spend(Activity.Ewb, 1, IsRemote(message.EpcPage, turn));
        if (isSecs)
        {
            message.Slot = SecsChildCount > 0 ? -1 : VaPages.TakeSlot();
        }

        _tracking.Forget(message.EpcPage);
        if (fails && message.Slot >= 0)
        {
            VaPages.ReturnSlot(message.Slot);
            message.HasFreedSlot = !isSecs;
            message.Slot = -1;
        }

        if (message.Slot < 0)
        {
            // A SECS with children, no slot left because page_cnt was raced (R27), or any other failure: the EPCM keeps
            // the page.
            message.Result = LeafResult.Failed;
            return;
        }

        // No other instruction changes the entry of a page that is blocked: an EACCEPT of it faults.
        ref EpcPage page = ref _epc[message.EpcPage];
        VaPages.Attributes(message.Slot) = (uint)(page.Epcm & ~(Epcm.Valid | Epcm.Blocked));
        page.Epcm = Epcm.None;
        message.Version = NextVersion();
        VaPages.Version(message.Slot) = message.Version;
    }

    public void Handle(ref Etrack message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        turn.Spend(Activity.Etrack);
        message.Result = !IsThere(SecsPage) ? LeafResult.Failed
            : _tracking.Track() ? LeafResult.Done
            : LeafResult.PreviousTrackingIncomplete;
    }

    public void Handle(ref SendIpi message, Turn turn)
    {
        message.Cpus = _tracking.Interrupt(turn);
        turn.Spend(Activity.Ipi);
        turn.Spend(Activity.IpiPerCpu, message.Cpus);
    }

    public void Handle(ref FinishWrite message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.EpcPage = Entries[message.Page].EpcPage;
        Entries[message.Page] = Entries[message.Page].WithVaSlot(message.Slot);
        SwappedPages++;
        SecsChildCount--;
        message.SecsPage = EpcPageIndex.None;
        if (SecsChildCount == 0 && IsInitialised && !SecsPage.IsNone)
        {
            message.CanWriteSecs = true;
            message.SecsPage = SecsPage;
        }
    }

    public void Handle(ref AbandonWrite message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        if (message.StaysReclaimed)
        {
            Entries[message.Page] = Entries[message.Page].WithState(EnclavePageState.BeingReclaimed);
        }

        message.IsPcmdPageInUse = IsPcmdPageInUse(message.Page);
        if (message.Slot >= 0)
        {
            // As a load does: the page of the slot comes to the head, in front of those that are full.
            VaPages.FreeSlot(message.Slot);
        }
    }

    public void Handle(ref TestSecs message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.SecsPage = SecsChildCount == 0 && IsInitialised ? SecsPage : EpcPageIndex.None;
    }

    public void Handle(ref FinishWriteSecs message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.EpcPage = SecsPage;
        SecsPage = EpcPageIndex.None;
        SecsSlot = message.Slot;
        SwappedPages += message.Slot < 0 ? 0 : 1;
    }

    public void Handle(ref EnterEnclave message, Turn turn) => message.Epoch = _tracking.Enter(message.Thread);

    public void Handle(ref ExitEnclave message, Turn turn) =>
        _tracking.Exit(message.Thread, message.Epoch, message.LeavesCpu);

    private uint NextVersion()
    {
        do
        {
            _lastVersion = _machine.NumbersComeRound && _lastVersion >= Math.Max(8, 2 * (Entries.PageCount + 1))
                ? 1
                : _lastVersion + 1;
        }
        while (_machine.NumbersComeRound && VaPages.HoldsVersion(_lastVersion));
        return _lastVersion;
    }

    private bool IsPcmdPageInUse(int page)
    {
        int first = page / BackingFile.PcmdPerPage * BackingFile.PcmdPerPage;
        int end = Math.Min(first + BackingFile.PcmdPerPage, Entries.PageCount);
        for (int other = first; other < end; other++)
        {
            if (other != page && Entries[other].State == EnclavePageState.BeingReclaimed)
            {
                return true;
            }
        }

        return false;
    }
}
