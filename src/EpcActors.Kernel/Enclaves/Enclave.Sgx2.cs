using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using static EpcActors.Kernel.Enclaves.EnclaveProtocol;

namespace EpcActors.Kernel.Enclaves;

/// <content>SGX2: permissions and types that change, pages that are removed.</content>
public sealed partial class Enclave
{
    public void Handle(ref ModifyPage message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        EnclavePage entry = Entries[message.Page];
        ref EpcPage page = ref _epc[entry.EpcPage];
        turn.Spend(Activity.Emod);

        EpcmEntry seen;
        do
        {
            // Both refuse what waits for an EACCEPT, which may come just now: EMODT looks at the type first, EMODPR
            // last.
            seen = EpcmEntry.Read(ref page);
            bool isWaiting = seen.Has(Epcm.Pending | Epcm.Modified);
            bool isTcsToTrim = seen.Type == Epcm.Tcs && message.To == EnclavePageType.Trim;
            bool isOfOtherType = !seen.IsValid || (seen.Type != Epcm.None && !isTcsToTrim);
            message.HasFaulted = isOfOtherType && (message.To != EnclavePageType.Reg || !isWaiting);
            message.IsNotModifiable = isWaiting && !message.HasFaulted;
            if (message.HasFaulted || message.IsNotModifiable)
            {
                return;
            }
        }
        while (!EpcmEntry.TryChange(ref page, seen, Modified(seen.State, message.To)));
    }

    public void Handle(ref RecordTypeAndUnlock message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        Record(message.Page, message.To);
        _lock.Release(turn);
    }

    public void Handle(ref RecordType message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        Record(message.Page, message.To);
    }

    public void Handle(ref TakeEmptyVaPage message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.EpcPage = PageCount % VaPages.SlotsPerPage == 0 ? VaPages.TakeEmpty() : EpcPageIndex.None;
    }

    public void Handle(ref ReadType message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        EnclavePage entry = Entries[message.Page];
        message.Type = entry.IsTrim ? EnclavePageType.Trim
            : (_epc[entry.EpcPage].Epcm & Epcm.TypeMask) == Epcm.Tcs ? EnclavePageType.Tcs
            : EnclavePageType.Reg;
    }

    public void Handle(ref FindNext message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        message.EpcPage = EpcPageIndex.None;
        int end = Math.Min(message.End, Entries.PageCount);
        for (int page = message.From; page < end; page++)
        {
            EnclavePage entry = Entries[page];
            if (message.IsResident
                ? entry is { State: EnclavePageState.Resident, IsTrim: false }
                : entry.State == EnclavePageState.Absent)
            {
                message.Page = page;
                message.EpcPage = message.IsResident ? entry.EpcPage : EpcPageIndex.None;
                return;
            }
        }

        message.Page = -1;
    }

    public void Handle(ref BeginRemove message, Turn turn)
    {
        _lock.AssertHeldBy(turn);
        EnclavePage entry = Entries[message.Page];
        turn.Spend(Activity.Emod);
        message.IsRefused = !entry.IsTrim || (_epc[entry.EpcPage].Epcm & Epcm.Modified) != 0;
    }

    public void Handle(ref UnlockForRemoval message, Turn turn)
    {
        if (_machine.Switches.RemovalMarked == Fix.Present)
        {
            Entries[message.Page] = Entries[message.Page].WithState(EnclavePageState.BeingRemoved);
        }

        _lock.Release(turn);
    }

    public void Handle(ref LockAndErase message, Turn turn)
    {
        if (!_lock.Acquire(turn))
        {
            return;
        }

        message.EpcPage = Entries[message.Page].EpcPage;
        Entries[message.Page] = EnclavePage.Absent;
        _emptyEntry = message.Page;
        SecsChildCount--;
        PageCount--;
    }

    public void Handle(ref EraseAndUnlock message, Turn turn)
    {
        _emptyEntry = -1;
        _lock.Release(turn);
    }

    private void Record(int page, EnclavePageType to)
    {
        if (to == EnclavePageType.Trim)
        {
            Entries[page] = Entries[page].AsTrim(true);
        }
    }

    /// <summary>
    /// What EMODPR (to REG) and EMODT leave in the EPCM. EMODT takes PR away with the permissions that it was about.
    /// </summary>
    private static Epcm Modified(Epcm before, EnclavePageType to) => to switch
    {
        EnclavePageType.Reg => before | Epcm.Restricted,
        EnclavePageType.Tcs => (before & ~(Epcm.TypeMask | Epcm.Restricted)) | Epcm.Tcs | Epcm.Modified,
        EnclavePageType.Trim => (before & ~(Epcm.TypeMask | Epcm.Restricted)) | Epcm.Trim | Epcm.Modified,
    };
}
