using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;

namespace EpcActors.Kernel.Routines;

/// <content>EWB: poison, tracking, and the IPI.</content>
internal static partial class Reclaim
{
    /// <summary>
    /// __sgx_encl_ewb, with a look at the page's poison first where the kernel takes one. A failure that is reported
    /// behind the look hits a page whose EWB runs: only when the node's lock is held over both, as arch_memory_failure
    /// holds it, is there no such moment. What the processor does when the memory fails within the instruction no lock
    /// can change.
    /// </summary>
    [Linux("encls.h", "__ewb", IsPart = true)]
    private static async Routine<EnclaveProtocol.Ewb> Ewb(
        KernelTask current, EnclavePlace place, EnclaveProtocol.Ewb request)
    {
        PoisonCheck check = current.Switches.PoisonCheck;
        if (check == PoisonCheck.None)
        {
            return await current.Ask(place.Enclave, request);
        }

        ActorId node = current.Machine.Nodes[current.Machine.NodeOf(request.EpcPage)];
        NumaNodeProtocol.ReadPoison read = await current.Ask(
            node,
            new NumaNodeProtocol.ReadPoison
            {
                Page = request.EpcPage,
                KeepLocked = check == PoisonCheck.UnderNodeLock,
            });
        if (read.IsPoisoned)
        {
            request.Result = LeafResult.NotRun;
            return request;
        }

        EnclaveProtocol.Ewb ewb = await current.Ask(place.Enclave, request);
        if (check == PoisonCheck.UnderNodeLock)
        {
            await current.Ask(node, new NumaNodeProtocol.UnlockNode());
        }

        return ewb;
    }

    /// <summary>
    /// sgx_encl_ewb: EWB; after an ETRACK again when the enclave was not tracked since; after an IPI again when CPUs
    /// are still inside.
    /// </summary>
    /// <returns>The last EWB's answer; its slot is -1 when it failed.</returns>
    [Linux("main.c", "sgx_encl_ewb")]
    private static async Routine<EnclaveProtocol.Ewb> EnclEwb(
        KernelTask current, EnclavePlace place, int page, EpcPageIndex epcPage, int slot, BackingPin pin)
    {
        bool mustFail = current.Choose((int)ChoicePoint.EwbFails);
        EnclaveProtocol.Ewb request = new() { Page = page, EpcPage = epcPage, Slot = slot, MustFail = mustFail };
        EnclaveProtocol.Ewb ewb = await Ewb(current, place, request);
        if (ewb.Result == LeafResult.NotTracked)
        {
            await current.Ask(place.Enclave, new EnclaveProtocol.Etrack());
            ewb = await Ewb(current, place, request);
            if (ewb.Result == LeafResult.NotTracked)
            {
                // The mask of CPUs is taken after ETRACK: a thread that enters later is in the new epoch.
                ForReport<long> startNs = current.NowNs;
                EnclaveProtocol.SendIpi ipi = await current.Ask(place.Enclave, new EnclaveProtocol.SendIpi());
                current.Report(RunEvent.IpiWave, startNs, ipi.Cpus);
                ewb = await Ewb(current, place, request);
            }
        }

        if (ewb.Result == LeafResult.NotTracked && current.Switches.EtrackHoldsMutex == Fix.Absent)
        {
            // R29: our ETRACK failed because another task's epoch was open, so no ETRACK follows EBLOCK. The kernel
            // warns and gives up, as after any failure.
            request.MustFail = true;
            ewb = await current.Ask(place.Enclave, request);
            await PutWritten(current, place, page, ewb, pin);
            return ewb;
        }

        Invariant.That(ewb.Result != LeafResult.NotTracked || slot < 0, "EWB failed after ETRACK and IPI");
        if (ewb.Result == LeafResult.NotRun)
        {
            return ewb;
        }

        await PutWritten(current, place, page, ewb, pin);
        return ewb;
    }
}
