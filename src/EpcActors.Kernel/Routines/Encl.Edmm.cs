using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Routines;

/// <content>
/// encl.c: EAUG on a fault, and three changes of it that were asked for and are in no kernel: EAUG in batches,
/// MAP_POPULATE, and fault-around.
/// </content>
internal static partial class Encl
{
    /// <summary>
    /// Pages that MAP_POPULATE augments in one hold of the enclave's mutex: as many as a reclaimer takes at a time, so
    /// that neither waits for the other longer than that.
    /// </summary>
    private const int PopulatedAtOnce = KernelConstants.NrToScan;

    /// <summary>
    /// MAP_POPULATE over pages that were never added (switch map-populate): mmap() of the loader behind EINIT, which
    /// augments the range instead of leaving it to the first touch. What cannot be had just now, by the limit or for
    /// want of EPC, ends it without an error, as it ends any MAP_POPULATE: the rest comes on demand. EACCEPT stays with
    /// the enclave.
    /// </summary>
    /// <remarks>
    /// mmap_lock is held for reading and no reclaim is done under it: ageing takes the same lock, and would queue
    /// behind a writer that waits (D15).
    /// </remarks>
    [Linux("gup.c", "populate_vma_page_range", IsPart = true)]
    public static async Routine Populate(KernelTask current, ActorId mm, int enclave, int firstPage, int pageCount)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        await current.Spend(Activity.Syscall);
        await current.Ask(mm, new AddressSpaceProtocol.MapEnclave());
        int page = firstPage;
        while (page >= 0 && page < firstPage + pageCount && !await Main.SignalPending(current))
        {
            AddressSpaceProtocol.BeginFault begin = await current.Ask(mm, new AddressSpaceProtocol.BeginFault());
            page = begin.IsUnmapped || begin.HasNoEnclave
                ? -1
                : await PopulateSection(current, mm, enclave, place, page, firstPage + pageCount);
            await current.Ask(mm, new AddressSpaceProtocol.EndFault());
        }
    }

    /// <summary>One hold of the mutex.</summary>
    /// <returns>Where to go on, or -1 when a page was not to be had.</returns>
    [Linux("gup.c", "populate_vma_page_range", IsPart = true)]
    private static async Routine<int> PopulateSection(
        KernelTask current, ActorId mm, int enclave, EnclavePlace place, int page, int end)
    {
        EnclaveProtocol.LookUpPage look = await current.Ask(
            place.Enclave, new EnclaveProtocol.LookUpPage { Page = page });
        if (look.IsOutOfMemory || !look.IsInitialised)
        {
            return -1;
        }

        EnclaveProtocol.LockAndReadPage state = await current.Ask(
            place.Enclave, new EnclaveProtocol.LockAndReadPage { Page = page });
        int next = page;
        if (state.IsSecsResident || await LoadSecs(current, enclave, place) == Errno.Ok)
        {
            int last = Math.Min(end, page + PopulatedAtOnce);
            next = await AugmentAbsent(current, mm, enclave, place, page, last) ? last : -1;
        }
        else
        {
            next = -1;
        }

        if (next < 0)
        {
            await Reclaim.ListSecs(current, place);
        }

        await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        return next;
    }

    /// <summary>
    /// Augments the pages of a range that are not there (switches eaug-batch, map-populate), one ENCLS[EAUG] and one
    /// charge each. Mutex held; the SECS is resident and stays so meanwhile. A refused charge, no EPC page or a failed
    /// EAUG ends it: no thread asked for these pages yet, so there is no signal. Their translations are old: a
    /// reclaimer takes them before pages that were touched.
    /// </summary>
    /// <returns>False: it ended before the range.</returns>
    [Linux("encl.c", "sgx_encl_eaug_page", IsPart = true)]
    private static async Routine<bool> AugmentAbsent(
        KernelTask current, ActorId mm, int enclave, EnclavePlace place, int from, int end)
    {
        while (from < end)
        {
            EnclaveProtocol.FindNext next = await current.Ask(
                place.Enclave, new EnclaveProtocol.FindNext { From = from, End = end });
            if (next.Page < 0)
            {
                return true;
            }

            FaultResult result = await Augment(current, mm, enclave, place, next.Page, isTouched: false);
            if (result != FaultResult.Mapped)
            {
                return false;
            }

            current.Report(RunEvent.Augmented, current.NowNs, enclave);
            from = next.Page + 1;
        }

        return true;
    }

    /// <summary>
    /// Fault-around (switch fault-around): a fault on a page also maps the resident pages of the window around it that
    /// have no translation, as do_fault_around() does for files. No ELDU and no EAUG. Mutex held, so that none of them
    /// is being reclaimed: a reclaimer that marks one later zaps what is inserted here. Pages that wait for their
    /// removal are left out, else a fault beside them would map them behind the zap of REMOVE_PAGES (R10).
    /// </summary>
    [Linux("memory.c", "do_fault_around", IsPart = true)]
    private static async Routine MapAround(KernelTask current, ActorId mm, EnclavePlace place, int page)
    {
        int window = current.Switches.FaultAround;
        int from = page - (page % window);
        int end = Math.Min(from + window, Math.Max(page + 1, place.MappedPages));
        while (from < end)
        {
            EnclaveProtocol.FindNext next = await current.Ask(
                place.Enclave, new EnclaveProtocol.FindNext { From = from, End = end, IsResident = true });
            if (next.Page < 0)
            {
                return;
            }

            if (next.Page != page)
            {
                await current.Ask(
                    mm, new AddressSpaceProtocol.MapNeighbour { Page = next.Page, EpcPage = next.EpcPage });
            }

            from = next.Page + 1;
        }
    }

    /// <summary>
    /// sgx_encl_eaug_page behind its look at SGX_ENCL_INITIALIZED: a page that was never added comes on demand.
    /// </summary>
    [Linux("encl.c", "sgx_encl_eaug_page")]
    private static async Routine<FaultResult> EaugPage(
        KernelTask current, ActorId mm, int enclave, EnclavePlace place, int page)
    {
        EnclaveProtocol.LockAndReadPage state = await current.Ask(
            place.Enclave, new EnclaveProtocol.LockAndReadPage { Page = page });
        FaultResult result = FaultResult.Mapped;
        if (!state.IsSecsResident && current.Switches.EaugLoadsSecs == Fix.Present)
        {
            Errno secs = await LoadSecs(current, enclave, place);
            result = secs == Errno.Ok ? FaultResult.Mapped
                : secs == Errno.EBUSY ? FaultResult.Retry
                : FaultResult.Sigbus;
        }

        if (result == FaultResult.Mapped)
        {
            result = await Augment(current, mm, enclave, place, page, isTouched: true);
        }

        if (result == FaultResult.Mapped && current.Switches.EaugBatch > 0)
        {
            int end = Math.Min(page + 1 + current.Switches.EaugBatch, place.MappedPages);
            await AugmentAbsent(current, mm, enclave, place, page + 1, end);
        }

        if (result != FaultResult.Mapped)
        {
            await Reclaim.ListSecs(current, place);
        }

        await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        if (result == FaultResult.Mapped)
        {
            current.Report(RunEvent.Augmented, current.NowNs, enclave);
        }

        return result;
    }

    /// <summary>Allocates, adds a VA page if need be, augments and maps one page. Mutex held, and kept.</summary>
    /// <param name="current">The task.</param>
    /// <param name="mm">Its address space.</param>
    /// <param name="enclave">Index of the enclave.</param>
    /// <param name="place">Its actors.</param>
    /// <param name="page">The page.</param>
    /// <param name="isTouched">The page is the one that faulted: its translation is young.</param>
    [Linux("encl.c", "sgx_encl_eaug_page", IsPart = true)]
    private static async Routine<FaultResult> Augment(
        KernelTask current, ActorId mm, int enclave, EnclavePlace place, int page, bool isTouched)
    {
        KernelSwitches switches = current.Switches;
        AllocResult alloc = await Main.AllocEpcPage(current, reclaim: false);
        if (alloc.Errno != Errno.Ok)
        {
            return alloc.Errno == Errno.EBUSY ? FaultResult.Retry : FaultResult.Sigbus;
        }

        AllocResult va = await Grow(current, enclave, reclaim: false);
        if (va.Errno != Errno.Ok)
        {
            await Main.EnclFreeEpcPage(current, alloc.Page);
            return va.Errno == Errno.EBUSY && switches.EaugVaBusyRetries == Fix.Present
                ? FaultResult.Retry
                : FaultResult.Sigbus;
        }

        if (!va.Page.IsNone)
        {
            await current.Ask(place.Enclave, new EnclaveProtocol.LinkVaPage { VaPage = va.Page });
        }

        EnclaveProtocol.InsertEntry insert = await current.Ask(
            place.Enclave,
            new EnclaveProtocol.InsertEntry { Page = page });
        if (insert.Exists)
        {
            // R9: another thread was quicker between our unlocked look-up and the mutex. Upstream punishes the loser
            // with SIGBUS.
            await UndoEaug(current, enclave, place, alloc.Page, va.Page);
            return switches.EaugRaceTolerated == Fix.Present ? FaultResult.Retry : FaultResult.Sigbus;
        }

        EnclaveProtocol.Eaug eaug = await current.Ask(
            place.Enclave, new EnclaveProtocol.Eaug { Page = page, EpcPage = alloc.Page });
        if (eaug.HasFailed)
        {
            await UndoEaug(current, enclave, place, alloc.Page, va.Page);
            return FaultResult.Sigbus;
        }

        await Main.MarkReclaimable(current, alloc.Page);
        await current.Ask(
            mm, new AddressSpaceProtocol.InsertPte { Page = page, EpcPage = alloc.Page, IsAccessed = isTouched });
        return FaultResult.Mapped;
    }

    [Linux("encl.c", "sgx_encl_eaug_page", IsPart = true)]
    private static async Routine UndoEaug(
        KernelTask current,
        int enclave,
        EnclavePlace place,
        EpcPageIndex page,
        EpcPageIndex va)
    {
        if (!va.IsNone)
        {
            await current.Ask(place.Enclave, new EnclaveProtocol.UnlinkVaPage { VaPage = va });
        }

        await Shrink(current, enclave, va);
        await Main.EnclFreeEpcPage(current, page);
    }
}
