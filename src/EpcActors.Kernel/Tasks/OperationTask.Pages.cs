using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Kernel.Tasks;

/// <content>
/// Operations on pages without a thread inside: of guests, of the allocator, of a debugger, of the reclaimer.
/// </content>
public sealed partial class OperationTask
{
    private async Routine<Errno> TouchGuest(int page, int mapping, bool canRetry)
    {
        ForReport<long> faultedNs = NowNs;
        while (true)
        {
            FaultResult fault = await Virt.Fault(this, _places.Guests[_home.Guest].VirtualEpc, page, mapping, canRetry);
            await DieIfKilled();
            if (_outcome == ThreadOutcome.Finished && fault == FaultResult.Sigbus)
            {
                _outcome = ThreadOutcome.Sigbus;
            }

            if (_outcome != ThreadOutcome.Finished)
            {
                return ErrnoOf(_outcome);
            }

            if (fault == FaultResult.Mapped)
            {
                Report(RunEvent.Fault, faultedNs, page);
                return Errno.Ok;
            }

            Report(RunEvent.FaultRetry, faultedNs, page);
        }
    }

    private async Routine<Errno> UseGuestPage(int page, int secs, int secsGuest)
    {
        VirtualEpcProtocol.GuestUse use = new() { Index = page, Secs = secs, ForeignSecs = EpcPageIndex.None };
        if (secsGuest >= 0)
        {
            VirtualEpcProtocol.LockAndLookUp look = await Ask(
                _places.Guests[secsGuest].VirtualEpc, new VirtualEpcProtocol.LockAndLookUp { Index = secs });
            use.Secs = -1;
            use.ForeignSecs = look.EpcPage;
            await Ask(
                _places.Guests[secsGuest].VirtualEpc,
                new VirtualEpcProtocol.StoreAndUnlock { Index = secs, EpcPage = EpcPageIndex.None });
        }

        await Ask(_places.Guests[_home.Guest].VirtualEpc, use);
        return Errno.Ok;
    }

    private async Routine<Errno> ReleaseGuestOnce()
    {
        ProcessProtocol.CloseDevice close = await Ask(Process, new ProcessProtocol.CloseDevice());
        if (close.WasClosed)
        {
            return Errno.EINVAL;
        }

        await Virt.Release(this, _places.Guests[_home.Guest].VirtualEpc, _places.Guests[_home.Guest].Size);
        return Errno.Ok;
    }

    private async Routine<OperationResult> AllocatePage(bool reclaims)
    {
        AllocResult alloc = await Main.AllocEpcPage(this, reclaims);
        if (alloc.Errno == Errno.Ok)
        {
            (Owner ?? this)._pages.Add(alloc.Page);
        }

        return Result(alloc.Errno);
    }

    private async Routine<Errno> ChargeAtOnce(int cgroup, long bytes)
    {
        if (await Misc.TryCharge(this, cgroup, takeReference: false, bytes) != MiscCharge.Charged)
        {
            return Errno.EBUSY;
        }

        for (int level = cgroup; level >= 0; level = Machine.CgroupParents[level])
        {
            (Owner ?? this)._keptChargeBytes += bytes;
        }

        return Errno.Ok;
    }

    private async Routine<OperationResult> FreeLastPage()
    {
        List<EpcPageIndex> pages = (Owner ?? this)._pages;
        if (pages.Count == 0)
        {
            return Result(Errno.EINVAL);
        }

        EpcPageIndex page = pages[^1];
        pages.RemoveAt(pages.Count - 1);
        await Main.FreeEpcPage(this, page);
        return Result(Errno.Ok);
    }

    private async Routine<Errno> DebugRead(int enclave, int page, bool retries)
    {
        while (true)
        {
            // access_remote_vm(): the address space stays as it is, and with it the enclave, for as long as the access
            // takes.
            AddressSpaceProtocol.BeginFault begin = await Ask(
                _places.EnclaveMms[enclave],
                new AddressSpaceProtocol.BeginFault());
            Errno errno =
                begin.IsUnmapped || begin.HasNoEnclave ? Errno.EFAULT : await Encl.VmaAccess(this, enclave, page);
            await Ask(_places.EnclaveMms[enclave], new AddressSpaceProtocol.EndFault());
            await DieIfKilled();
            if (!retries || _outcome != ThreadOutcome.Finished || errno is not (Errno.EAGAIN or Errno.EBUSY))
            {
                return errno;
            }

            await SpendNs((int)Activity.Syscall, 1);
        }
    }

    private async Routine<OperationResult> ReclaimOnce(int cgroup)
    {
        if (cgroup < 0)
        {
            return Result(Errno.Ok, (await Reclaim.ReclaimGlobal(this)).Scanned);
        }

        // Without the series there is no such subtree, so the call fails.
        return Switches.EpcCgroup == EpcCgroupMode.Off
            ? Result(Errno.ENODEV)
            : Result(
                Errno.Ok,
                (await EpcCgroup.ReclaimSubtree(this, cgroup, KernelConstants.NrToScan, ignoreAge: false)).Scanned);
    }

    private async Routine<OperationResult> ReclaimDirectOnce()
    {
        await Main.ReclaimDirect(this);
        return Result(Errno.Ok);
    }
}
