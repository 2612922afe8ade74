using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs.Oracles;

/// <content>What the messages to an enclave mean for the rules.</content>
public sealed partial class Oracle
{
    private void SawLinkVaPage(Envelope envelope, Resource resource, long nowNs) =>
        Release(
            Of<EnclaveProtocol.LinkVaPage>(envelope).VaPage,
            CarriedBy(envelope, resource),
            nowNs,
            "linked as a VA page");

    private void SawUnlinkVaPage(Envelope envelope, Resource resource, long nowNs) =>
        HoldIfAny(Of<EnclaveProtocol.UnlinkVaPage>(envelope).VaPage, CarriedBy(envelope, resource), nowNs, "unlinked");

    private void SawEcreate(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.Ecreate ecreate = ref Of<EnclaveProtocol.Ecreate>(envelope);
        if (!ecreate.HasFailed)
        {
            _enclaveBooks[enclave.Index].HasSecs = true;
            Release(ecreate.EpcPage, carried, nowNs, "made a SECS");
        }
    }

    private void SawLockAndAddPage(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.LockAndAddPage add = ref Of<EnclaveProtocol.LockAndAddPage>(envelope);
        ReleaseIfAny(add.VaPage, carried, nowNs, "linked as a VA page");
        if (!add.Exists && !add.HasFailed)
        {
            _enclaveBooks[enclave.Index].ResidentChildren++;
            Release(add.EpcPage, carried, nowNs, "added to an enclave");
        }
    }

    private void SawEldu(Envelope envelope, Resource resource, long nowNs) =>
        OnEldu(in Of<EnclaveProtocol.Eldu>(envelope), (Enclave)resource, CarriedBy(envelope, resource), nowNs);

    private void SawEaug(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.Eaug eaug = ref Of<EnclaveProtocol.Eaug>(envelope);
        if (eaug.HasFailed && _hasLostEpc[enclave.Index])
        {
            return;
        }

        if (eaug.HasFailed)
        {
            ReportFailedEaug(in eaug, enclave, carried, nowNs);
            return;
        }

        _enclaveBooks[enclave.Index].ResidentChildren++;
        Release(eaug.EpcPage, carried, nowNs, "augmented");
    }

    private void SawEwb(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.Ewb ewb = ref Of<EnclaveProtocol.Ewb>(envelope);
        TakeSlot(carried, enclave, ewb.HasFreedSlot ? -1 : 0);
        if (ewb.Result == LeafResult.Failed)
        {
            // What was written out before was loaded since, and nothing is there now.
            _enclaveBooks[enclave.Index][ewb.Page].BlockedIn = 0;
            _enclaveBooks[enclave.Index][ewb.Page].Version = 0;
        }

        if (ewb.Result == LeafResult.Done)
        {
            OnWrittenOut(in ewb, enclave, carried, nowNs);
        }
    }

    private void SawLockForWrite(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        int slot = Of<EnclaveProtocol.LockForWrite>(envelope).Slot;
        if (slot < 0)
        {
            Violate(Rules.VaSlots, nowNs, $"{carried.Task.Name} finds no free slot in the VA pages of {enclave.Name}");
            return;
        }

        TakeSlot(carried, enclave, 1);
    }

    private void SawFinishWrite(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.FinishWrite finish = ref Of<EnclaveProtocol.FinishWrite>(envelope);
        HoldIfAny(finish.EpcPage, carried, nowNs, "written out");
        TakeSlot(carried, enclave, finish.Slot < 0 ? 0 : -1);
        Isolate(carried, carried.Isolated > 0 ? -1 : 0);
        OnChildWritten(enclave, finish.EpcPage, carried);
    }

    private void SawFinishWriteSecs(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        ref readonly EnclaveProtocol.FinishWriteSecs secs = ref Of<EnclaveProtocol.FinishWriteSecs>(envelope);
        _enclaveBooks[enclave.Index].HasSecs = false;
        HoldIfAny(secs.EpcPage, carried, nowNs, "written out");
        TakeSlot(carried, enclave, secs.Slot < 0 ? 0 : -1);
        Isolate(carried, _listsSecs ? -1 : 0);
    }

    private void SawAbandonWrite(Envelope envelope, Resource resource, long nowNs)
    {
        bool hasSlot = Of<EnclaveProtocol.AbandonWrite>(envelope).Slot >= 0;
        TakeSlot(CarriedBy(envelope, resource), (Enclave)resource, hasSlot ? -1 : 0);
    }

    private void SawLockAndErase(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        EpcPageIndex erased = Of<EnclaveProtocol.LockAndErase>(envelope).EpcPage;
        _enclaveBooks[enclave.Index].ResidentChildren -= erased.IsNone ? 0 : 1;
        HoldIfAny(erased, carried, nowNs, "removed");
    }

    private void SawTakeEntry(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        EpcPageIndex entry = Of<EnclaveProtocol.TakeEntry>(envelope).EpcPage;
        _enclaveBooks[enclave.Index].ResidentChildren -= entry.IsNone ? 0 : 1;
        HoldIfAny(entry, carried, nowNs, "taken out of an enclave", mayBeListed: true);
    }

    private void SawTakeSecs(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        _enclaveBooks[enclave.Index].HasSecs = false;
        HoldIfAny(
            Of<EnclaveProtocol.TakeSecs>(envelope).EpcPage,
            carried,
            nowNs,
            "taken out of an enclave",
            mayBeListed: _listsSecs);
    }

    private void SawTakeEmptyVaPage(Envelope envelope, Resource resource, long nowNs) =>
        HoldIfAny(
            Of<EnclaveProtocol.TakeEmptyVaPage>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "taken out of an enclave");

    private void SawTakeVaPage(Envelope envelope, Resource resource, long nowNs) =>
        HoldIfAny(
            Of<EnclaveProtocol.TakeVaPage>(envelope).EpcPage,
            CarriedBy(envelope, resource),
            nowNs,
            "taken out of an enclave");

    private void SawReadMm(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        OnReadMm(in Of<EnclaveProtocol.ReadMm>(envelope), carried);
        CheckEnclaveLives(enclave, carried, nowNs);
    }

    private void SawMmList(Envelope envelope, Resource resource, long nowNs) =>
        CheckEnclaveLives((Enclave)resource, CarriedBy(envelope, resource), nowNs);

    private void SawRemoveMm(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;

        // An entry that is not there any more stands for a notifier that was unregistered: the kernel would not have
        // called it.
        if (Of<EnclaveProtocol.RemoveMm>(envelope).WasFound)
        {
            CheckEnclaveLives(enclave, carried, nowNs);
        }
    }

    private void SawTakeFirstMm(Envelope envelope, Resource resource, long nowNs) =>
        CheckEnclaveLives((Enclave)resource, CarriedBy(envelope, resource), nowNs);

    private void SawFreeEnclave(Envelope envelope, Resource resource, long nowNs)
    {
        Carried carried = CarriedBy(envelope, resource);
        Enclave enclave = (Enclave)resource;
        CheckEnclaveLives(enclave, carried, nowNs);
        _isEnclaveFreed[enclave.Index] = true;
    }

    private void SawOpenDevice(Envelope envelope, Resource resource, long nowNs)
    {
        Enclave enclave = (Enclave)resource;
        if (Of<EnclaveProtocol.OpenDevice>(envelope).IsBusy)
        {
            return;
        }

        Carried carried = CarriedBy(envelope, resource);
        if (!_isEnclaveFreed[enclave.Index] && _hasOpened[enclave.Index])
        {
            Violate(
                Rules.EnclaveReferences,
                nowNs,
                $"{carried.Task.Name} opens the place of {enclave.Name}, whose enclave was not released");
        }

        _hasOpened[enclave.Index] = true;
        _isEnclaveFreed[enclave.Index] = false;
        _hasLostEpc[enclave.Index] = false;
        _enclaveBooks[enclave.Index] = new EnclaveBook(enclave.Entries.PageCount);
    }

    private void ReportFailedEaug(in EnclaveProtocol.Eaug eaug, Enclave enclave, Carried carried, long nowNs)
    {
        string how = eaug.HasNoSecs
            ? "without a SECS (a null pointer in the kernel)"
            : $"into {eaug.EpcPage}, which the processor has as valid";
        Violate(Rules.WrongfulSignal, nowNs, $"{carried.Task.Name} runs EAUG for {enclave.Name} {how}");
    }

    private void CheckEnclaveLives(Enclave enclave, Carried carried, long nowNs)
    {
        if (_isEnclaveFreed[enclave.Index])
        {
            ReportFreedEnclave(enclave, carried, nowNs);
        }
    }

    private void ReportFreedEnclave(Enclave enclave, Carried carried, long nowNs) => Violate(
        Rules.UseAfterFree,
        nowNs,
        $"{carried.Task.Name} uses the mm list or the SRCU of {enclave.Name} after its release");

    /// <summary>True when an enclave had something in the EPC at the moment at which all of it was lost.</summary>
    public bool HasLostEpc(int enclave) => _hasLostEpc[enclave];

    /// <summary>
    /// A task with pages in an EPC that is lost has to live with instructions that fail from then on. What succeeds
    /// is judged as ever.
    /// </summary>
    private void OnEpcLost()
    {
        foreach (EnclaveActors one in _topology.Enclaves)
        {
            _hasLostEpc[one.Enclave.Index] |= one.Enclave.IsCreated || one.Enclave.VaPages.Count > 0;
        }
    }

    private void OnEldu(in EnclaveProtocol.Eldu eldu, Enclave enclave, Carried carried, long nowNs)
    {
        if (eldu.HasFailed && _hasLostEpc[enclave.Index])
        {
            return;
        }

        EnclaveBook book = _enclaveBooks[enclave.Index];
        ref PageBook page = ref book[eldu.Page];
        uint expected = page.Version;
        if (eldu.HasFailed && expected == 0 && _knowsLostPages)
        {
            // The kernel knows that EWB failed: EFAULT, and no ELDU.
            return;
        }

        if (eldu.HasFailed || eldu.PcmdVersion != expected || eldu.ContentsVersion != expected)
        {
            ReportContents(in eldu, expected, enclave, carried, nowNs);
        }

        if (!eldu.HasFailed)
        {
            bool isSecs = eldu.Page == enclave.Entries.PageCount;
            book.HasSecs |= isSecs;
            book.ResidentChildren += isSecs ? 0 : 1;
            if (!isSecs)
            {
                CheckReloaded(in eldu, ref page, enclave, carried, nowNs);
            }

            Release(eldu.EpcPage, carried, nowNs, "loaded");
        }
    }

    private void ReportContents(
        in EnclaveProtocol.Eldu eldu, uint expected, Enclave enclave, Carried carried, long nowNs)
    {
        string pcmd = eldu.PcmdVersion == 0 ? "nothing" : eldu.PcmdVersion.ToString();
        Violate(
            Rules.Contents,
            nowNs,
            $"{carried.Task.Name} loads page {eldu.Page} of {enclave.Name}: version {expected} was written out, the "
            + $"backing holds {eldu.ContentsVersion}, its PCMD {pcmd}, the VA slot {eldu.SlotVersion}");
    }

    private void OnWrittenOut(in EnclaveProtocol.Ewb ewb, Enclave enclave, Carried carried, long nowNs)
    {
        EnclaveBook book = _enclaveBooks[enclave.Index];
        ref PageBook page = ref book[ewb.Page];
        page.Version = ewb.Version;
        if (ewb.Page == enclave.Entries.PageCount)
        {
            // The slot of a SECS is taken with its EWB, that of a child before.
            TakeSlot(carried, enclave, 1);
        }
        else
        {
            CheckWritable(in ewb, book, enclave, carried, nowNs);
            page.BlockedIn = 0;
        }

        if (IsPoisoned(ewb.EpcPage))
        {
            ReportPoisonedEwb(ewb.EpcPage, carried, nowNs);
        }
    }

    private void ReportPoisonedEwb(EpcPageIndex page, Carried carried, long nowNs) => Violate(
        Rules.PoisonReuse,
        nowNs,
        $"{carried.Task.Name} runs EWB on {page}, which is poisoned: a machine check in microcode shuts the core down");

    /// <summary>
    /// With its last resident child an initialised enclave writes out its SECS; what else may become of that is for
    /// <see cref="CheckSecsWritten"/>.
    /// </summary>
    private void OnChildWritten(Enclave enclave, EpcPageIndex written, Carried carried)
    {
        EnclaveBook book = _enclaveBooks[enclave.Index];
        book.ResidentChildren -= written.IsNone ? 0 : 1;
        bool isOwed = !_listsSecs && book is { ResidentChildren: 0, IsInitialised: true, HasSecs: true };
        carried.Owed.SecsOf = isOwed ? enclave.Index + 1 : 0;
    }
}
