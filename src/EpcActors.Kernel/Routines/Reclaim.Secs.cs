using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Routines;

/// <content>The SECS: with the last child, or from the LRU.</content>
internal static partial class Reclaim
{
    /// <summary>
    /// Writes the SECS within the write of the last child: no EBLOCK, no LRU, and its EREMOVE has nothing to do.
    /// </summary>
    [Linux("main.c", "sgx_reclaimer_write", IsPart = true)]
    private static async Routine WriteSecs(KernelTask current, EnclavePlace place, int enclave, EpcPageIndex secs)
    {
        int payer = await Shmem.Payer(current, enclave);
        BackingPin pin = await Shmem.Pin(current, enclave, place.PageCount, payer);
        if (pin.Errno != Errno.Ok)
        {
            // D4: no task comes back for it until a child is loaded and evicted again.
            return;
        }

        EnclaveProtocol.Ewb ewb = await EwbSecs(current, place, secs, pin);
        if (ewb.Result != LeafResult.NotRun && !StaysResident(current.Switches, ewb))
        {
            await current.Ask(place.Enclave, new EnclaveProtocol.FinishWriteSecs { Slot = ewb.Slot });
            await Main.EnclFreeEpcPage(current, secs);
        }
    }

    /// <summary>
    /// With a repair of D3 a SECS whose EWB failed stays where it is: no EBLOCK came before, so nothing has to be
    /// undone, and the write of the next last child tries again. Every kernel forgets it, and with it the enclave.
    /// </summary>
    private static bool StaysResident(KernelSwitches switches, in EnclaveProtocol.Ewb ewb) =>
        ewb.Result == LeafResult.Failed && switches.EwbFailure != EwbFailure.FreesPage;

    [Linux("main.c", "sgx_reclaimer_write", IsPart = true)]
    private static async Routine<EnclaveProtocol.Ewb> EwbSecs(
        KernelTask current, EnclavePlace place, EpcPageIndex secs, BackingPin pin)
    {
        bool mustFail = current.Choose((int)ChoicePoint.EwbFails);
        EnclaveProtocol.Ewb ewb = await Ewb(
            current,
            place,
            new EnclaveProtocol.Ewb { Page = place.PageCount, EpcPage = secs, MustFail = mustFail });
        bool wasLost = (current.Machine.Pages[secs].Epcm & Epcm.Valid) == 0;
        Invariant.That(
            ewb.Result is LeafResult.Done or LeafResult.NotRun || mustFail || wasLost,
            "EWB of a SECS without children failed");
        if (StaysResident(current.Switches, ewb))
        {
            EnclaveProtocol.AbandonWrite abandon = await current.Ask(
                place.Enclave, new EnclaveProtocol.AbandonWrite { Page = place.PageCount, Slot = ewb.Slot });
            await Encl.DropBacking(current, place, place.PageCount, pin, abandon.IsPcmdPageInUse);
            return ewb;
        }

        await PutWritten(current, place, place.PageCount, ewb, pin);
        if (ewb.Result == LeafResult.Done && current.Switches.DirtySetWithWrite == Fix.Absent)
        {
            await current.Ask(place.Backing, PutPages(place.PageCount, pin, isDirtied: true));
        }

        return ewb;
    }

    /// <summary>
    /// With secs-reclaim = on-lru: a SECS without resident children goes to the tail of its LRU, to be written out when
    /// it comes to the head. Mutex held, so the count stands still. A SECS that is tracked is listed already, or in the
    /// batch of a reclaimer, which looks at the count under the mutex before it writes.
    /// </summary>
    [Linux("main.c", "sgx_mark_page_reclaimable", IsPart = true)]
    public static async Routine ListSecs(KernelTask current, EnclavePlace place)
    {
        Machine machine = current.Machine;
        if (machine.Switches.SecsReclaim != SecsReclaim.OnLru)
        {
            return;
        }

        EnclaveProtocol.TestSecs test = await current.Ask(place.Enclave, new EnclaveProtocol.TestSecs());
        EpcPageIndex secs = test.SecsPage;
        if (secs.IsNone || machine.Pages[secs].IsTracked)
        {
            return;
        }

        if ((machine.Pages[secs].Flags & EpcPageFlags.Unreclaimable) != 0)
        {
            await current.Ask(
                machine.Cgroups[machine.LruOf(secs)], new CgroupProtocol.DropUnreclaimable { Page = secs });
        }

        machine.Pages[secs].Owner = place.OwnerBase + place.PageCount;
        await Main.MarkReclaimable(current, secs);
    }

    /// <summary>
    /// With secs-reclaim = on-lru: a SECS that came to the head of its LRU. It is let go when a child is resident by
    /// now; the last child lists it again.
    /// </summary>
    [Linux("main.c", "sgx_reclaimer_write", IsPart = true)]
    private static async Routine<WriteResult> WriteListedSecs(KernelTask current, EpcPageIndex secs, int enclave)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        await current.Ask(place.Enclave, new EnclaveProtocol.Lock());
        EnclaveProtocol.TestSecs test = await current.Ask(place.Enclave, new EnclaveProtocol.TestSecs());
        WriteResult result = WriteResult.Dropped;
        if (!test.SecsPage.IsNone)
        {
            int payer = await Shmem.Payer(current, enclave);
            BackingPin pin = await Shmem.Pin(current, enclave, place.PageCount, payer);
            result = WriteResult.Kept;
            if (pin.Errno == Errno.Ok)
            {
                EnclaveProtocol.Ewb ewb = await EwbSecs(current, place, secs, pin);
                result = StaysResident(current.Switches, ewb) ? WriteResult.Kept : ResultOf(current.Switches, ewb);
                if (result is WriteResult.Written or WriteResult.MustRemove)
                {
                    await current.Ask(place.Enclave, new EnclaveProtocol.FinishWriteSecs { Slot = ewb.Slot });
                    result = WriteResult.MustRemove;
                }
            }
        }

        if (result == WriteResult.Dropped)
        {
            await DropIsolated(current, secs);
            await Encl.RecordUnreclaimable(current, secs, enclave);
        }

        await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        return result;
    }
}
