using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Results;

namespace EpcActors.Runs.Oracles;

/// <content>What the processor promises: accessed bits, tracking, and the EPCM of a page that comes back.</content>
public sealed partial class Oracle
{
    /// <summary>
    /// Nearly every step of a run that faults seldom: one look at the translation that the step has just used.
    /// </summary>
    private void SawAccess(Envelope envelope, Resource resource, long nowNs)
    {
        ref readonly AddressSpaceProtocol.Access access = ref Of<AddressSpaceProtocol.Access>(envelope);
        AddressSpace mm = (AddressSpace)resource;
        if (access.Result == AccessResult.Hit && !mm.Ptes[access.Page].IsAccessed)
        {
            ReportNotAccessed(in access, mm, envelope.Caller, nowNs);
        }
    }

    private void ReportNotAccessed(
        in AddressSpaceProtocol.Access access, AddressSpace mm, TaskActor caller, long nowNs) =>
        Violate(
            Rules.AccessedBit,
            nowNs,
            $"{caller.Name} touches page {access.Page} through {mm.Name}, and the accessed bit of its translation is "
            + "not set");

    private void OnAgePage(in AddressSpaceProtocol.AgePage age, AddressSpace mm, Carried carried, long nowNs)
    {
        carried.Owed.IsAgeing = true;
        if (age.Result != AgeResult.Gone && mm.Ptes[age.Page].IsAccessed)
        {
            ReportStillAccessed(in age, mm, carried, nowNs);
        }
    }

    private void ReportStillAccessed(
        in AddressSpaceProtocol.AgePage age, AddressSpace mm, Carried carried, long nowNs) =>
        Violate(
            Rules.AccessedBit,
            nowNs,
            $"{carried.Task.Name} looks at the age of page {age.Page} in {mm.Name}, finds it "
            + $"{(age.Result == AgeResult.Young ? "young" : "old")}, and its accessed bit stays set");

    private void SawEnterEnclave(Envelope envelope, Resource resource, long nowNs) =>
        _enclaveBooks[((Enclave)resource).Index].Enter(Of<EnclaveProtocol.EnterEnclave>(envelope).Thread);

    private void SawExitEnclave(Envelope envelope, Resource resource, long nowNs) =>
        _enclaveBooks[((Enclave)resource).Index].Exit(Of<EnclaveProtocol.ExitEnclave>(envelope).Thread);

    private void SawBlockPage(Envelope envelope, Resource resource, long nowNs)
    {
        EnclaveBook book = _enclaveBooks[((Enclave)resource).Index];

        // Only EWB changes the entry of a page that is blocked: so it has to come back.
        ref readonly EnclaveProtocol.BlockPage block = ref Of<EnclaveProtocol.BlockPage>(envelope);
        book.Block(block.Page, _pages[block.EpcPage].Epcm);
    }

    private void SawEtrack(Envelope envelope, Resource resource, long nowNs)
    {
        EnclaveBook book = _enclaveBooks[((Enclave)resource).Index];
        if (Of<EnclaveProtocol.Etrack>(envelope).Result == LeafResult.Done)
        {
            book.Track();
        }
    }

    private void SawSendIpi(Envelope envelope, Resource resource, long nowNs) =>
        _enclaveBooks[((Enclave)resource).Index].Interrupt();

    private void SawLockAndEinit(Envelope envelope, Resource resource, long nowNs) =>
        _enclaveBooks[((Enclave)resource).Index].IsInitialised = true;

    /// <summary>EWB of a child succeeded.</summary>
    private void CheckWritable(
        in EnclaveProtocol.Ewb ewb, EnclaveBook book, Enclave enclave, Carried carried, long nowNs)
    {
        if (book.WhyNotWritable(ewb.Page) is { } why)
        {
            ReportNotWritable(in ewb, why, enclave, carried, nowNs);
        }

        if (enclave.IsOutOfMemory)
        {
            // The killer of v1 to v5 took mm_list apart: no task zaps for this enclave any more.
            return;
        }

        foreach (AddressSpace mm in _mmsOf[enclave.Index])
        {
            // The zap walk of the caller lies behind it, and the mutex and the mark keep new translations away; an mm
            // that is on its way out is not walked.
            if (mm.Ptes[ewb.Page] is { IsPresent: true } pte && pte.EpcPage == ewb.EpcPage && !mm.IsGone)
            {
                ReportMapped(in ewb, mm, enclave, carried, nowNs);
            }
        }
    }

    private void ReportNotWritable(
        in EnclaveProtocol.Ewb ewb, string why, Enclave enclave, Carried carried, long nowNs) =>
        Violate(
            Rules.EwbTracking,
            nowNs,
            $"EWB of {carried.Task.Name} writes out page {ewb.Page} of {enclave.Name} ({ewb.EpcPage}) {why}");

    private void ReportMapped(
        in EnclaveProtocol.Ewb ewb, AddressSpace mm, Enclave enclave, Carried carried, long nowNs) =>
        Violate(
            Rules.TranslationAtEwb,
            nowNs,
            $"EWB of {carried.Task.Name} writes out page {ewb.Page} of {enclave.Name} ({ewb.EpcPage}) while {mm.Name} "
            + "maps it");

    /// <summary>ELDU of a child succeeded.</summary>
    private void CheckReloaded(
        in EnclaveProtocol.Eldu eldu, ref PageBook page, Enclave enclave, Carried carried, long nowNs)
    {
        Epcm expected = page.Blocked & ~Epcm.Blocked;
        Epcm found = _pages[eldu.EpcPage].Epcm;
        if (page.Blocked != Epcm.None && found != expected && !WasJustLost(found, enclave))
        {
            ReportReloaded(in eldu, found, expected, enclave, carried, nowNs);
        }

        page.Blocked = Epcm.None;
    }

    /// <summary>
    /// In a live run the EPC is lost on the thread of a node, between an enclave's ELDU and this look at it. Once for
    /// each enclave and loss: what is empty after that was not lost with the EPC.
    /// </summary>
    private bool WasJustLost(Epcm found, Enclave enclave)
    {
        int losses = _pages.Losses;
        if (_sharedHolders is null || found != Epcm.None || _lossesSeen[enclave.Index] == losses)
        {
            return false;
        }

        _lossesSeen[enclave.Index] = losses;
        return true;
    }

    private void ReportReloaded(
        in EnclaveProtocol.Eldu eldu, Epcm found, Epcm expected, Enclave enclave, Carried carried, long nowNs) =>
        Violate(
            Rules.EpcmReload,
            nowNs,
            $"{carried.Task.Name} loads page {eldu.Page} of {enclave.Name} into {eldu.EpcPage}: the EPCM says {found}, "
            + $"and said {expected} when the page was blocked");

    /// <summary>A write-out of a child has ended, and the one of its SECS with it when it was the last.</summary>
    private void CheckSecsWritten(Carried carried, long nowNs)
    {
        int owed = carried.Owed.SecsOf;
        if (owed != 0)
        {
            carried.Owed.SecsOf = 0;
            Violate(
                Rules.SecsEviction,
                nowNs,
                $"{carried.Task.Name} wrote out the last resident child of "
                + $"{_topology.Enclaves[owed - 1].Enclave.Name}, which is initialised, and left its SECS where it is");
        }
    }
}
