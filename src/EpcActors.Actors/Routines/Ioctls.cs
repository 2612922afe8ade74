using EpcActors.Actors.Enclaves;
using EpcActors.Domain.Enclaves;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>What an ioctl over a range returns: the error and how many pages it did (<c>count</c>, written back always).</summary>
internal readonly record struct IoctlResult(Errno Errno, int Count);

/// <summary>arch/x86/kernel/cpu/sgx/ioctl.c. One ioctl at a time per enclave; no lock held on entry.</summary>
internal static class Ioctls
{
    /// <summary>SGX_IOC_ENCLAVE_CREATE: the first page of an enclave is a VA page, the second its SECS.</summary>
    public static async Routine<Errno> Create(KernelTask current, int enclave)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return Errno.EBUSY;
        }

        Errno errno = begin.IsCreated ? Errno.EINVAL : await CreateLocked(current, enclave);
        await End(current, enclave);
        return errno;
    }

    /// <summary>SGX_IOC_ENCLAVE_ADD_PAGES over a range.</summary>
    public static async Routine<IoctlResult> AddPages(KernelTask current, int enclave, int firstPage, int pageCount, bool isMeasured)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return new IoctlResult(Errno.EBUSY, 0);
        }

        Errno errno = begin.IsOutOfMemory ? Errno.ENOMEM
            : !begin.IsCreated || begin.IsInitialised || pageCount == 0 ? Errno.EINVAL
            : Errno.Ok;
        int count = 0;
        while (errno == Errno.Ok && count < pageCount)
        {
            if (await Main.SignalPending(current))
            {
                // D9: a caller that ignores the count runs on with holes.
                errno = count == 0 ? Errno.ERESTARTSYS : Errno.Ok;
                break;
            }

            errno = await AddPage(current, enclave, firstPage + count, isMeasured);
            if (errno == Errno.Ok)
            {
                count++;
            }
        }

        await End(current, enclave);
        return new IoctlResult(errno, count);
    }

    /// <summary>SGX_IOC_ENCLAVE_INIT.</summary>
    public static async Routine<Errno> Init(KernelTask current, int enclave)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return Errno.EBUSY;
        }

        Errno errno = begin.IsOutOfMemory ? Errno.ENOMEM : !begin.IsCreated || begin.IsInitialised ? Errno.EINVAL : Errno.Ok;
        if (errno == Errno.Ok)
        {
            await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.EinitAndUnlock());
        }

        await End(current, enclave);
        return errno;
    }

    /// <summary>SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS: EMODPR, ETRACK and IPI per page.</summary>
    public static async Routine<IoctlResult> RestrictPermissions(KernelTask current, int enclave, int firstPage, int pageCount) =>
        await Modify(current, enclave, firstPage, pageCount, toTrim: false);

    /// <summary>SGX_IOC_ENCLAVE_MODIFY_TYPES to TRIM: EMODT, ETRACK and IPI per page.</summary>
    public static async Routine<IoctlResult> ModifyTypes(KernelTask current, int enclave, int firstPage, int pageCount) =>
        await Modify(current, enclave, firstPage, pageCount, toTrim: true);

    /// <summary>SGX_IOC_ENCLAVE_REMOVE_PAGES. Between unmarking and erasing the mutex is dropped to zap the translations: R10's window.</summary>
    public static async Routine<IoctlResult> RemovePages(KernelTask current, int enclave, int firstPage, int pageCount)
    {
        Errno errno = await BeginSgx2(current, enclave);
        if (errno != Errno.Ok)
        {
            return new IoctlResult(errno, 0);
        }

        int count = 0;
        while (errno == Errno.Ok && count < pageCount)
        {
            errno = await RemovePage(current, enclave, firstPage + count);
            if (errno == Errno.Ok)
            {
                count++;
            }
        }

        await End(current, enclave);
        return new IoctlResult(errno, count);
    }

    private static async Routine<EnclaveProtocol.BeginIoctl> Begin(KernelTask current, int enclave)
    {
        await current.Spend(Activity.Syscall);
        return await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.BeginIoctl());
    }

    private static async Routine End(KernelTask current, int enclave) =>
        await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.EndIoctl());

    private static async Routine<Errno> CreateLocked(KernelTask current, int enclave)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        AllocResult va = await Encl.Grow(current, enclave, reclaim: true);
        if (va.Errno != Errno.Ok)
        {
            return va.Errno;
        }

        if (!va.Page.IsNone)
        {
            await current.Ask(encl, new EnclaveProtocol.LinkVaPage { VaPage = va.Page });
        }

        AllocResult secs = await Main.AllocEpcPage(current, reclaim: true);
        if (secs.Errno != Errno.Ok)
        {
            if (!va.Page.IsNone)
            {
                await current.Ask(encl, new EnclaveProtocol.UnlinkVaPage { VaPage = va.Page });
            }

            await Encl.Shrink(current, enclave, va.Page);
            return secs.Errno;
        }

        await current.Ask(encl, new EnclaveProtocol.Ecreate { EpcPage = secs.Page });
        await Encl.RecordUnreclaimable(current, secs.Page, enclave);
        return Errno.Ok;
    }

    /// <summary>sgx_encl_add_page.</summary>
    private static async Routine<Errno> AddPage(KernelTask current, int enclave, int page, bool isMeasured)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        AllocResult alloc = await Main.AllocEpcPage(current, reclaim: true);
        if (alloc.Errno != Errno.Ok)
        {
            return alloc.Errno;
        }

        AllocResult va = await Encl.Grow(current, enclave, reclaim: true);
        if (va.Errno != Errno.Ok)
        {
            await Main.EnclFreeEpcPage(current, alloc.Page);
            return va.Errno;
        }

        EnclaveProtocol.LockAndAddPage add = await current.Ask(
            encl,
            new EnclaveProtocol.LockAndAddPage { Page = page, EpcPage = alloc.Page, VaPage = va.Page, IsMeasured = isMeasured });
        if (!add.Exists && !add.HasFailed)
        {
            await Main.MarkReclaimable(current, alloc.Page);
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return Errno.Ok;
        }

        if (!va.Page.IsNone)
        {
            await current.Ask(encl, new EnclaveProtocol.UnlinkVaPage { VaPage = va.Page });
        }

        await Encl.Shrink(current, enclave, va.Page);
        await current.Ask(encl, new EnclaveProtocol.Unlock());
        await Main.EnclFreeEpcPage(current, alloc.Page);
        return add.Exists ? Errno.EBUSY : Errno.EIO;
    }

    private static async Routine<Errno> BeginSgx2(KernelTask current, int enclave)
    {
        if (current.Switches.Sgx2 == Fix.Absent)
        {
            return Errno.ENODEV;
        }

        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return Errno.EBUSY;
        }

        if (begin.IsOutOfMemory || !begin.IsInitialised)
        {
            await End(current, enclave);
            return begin.IsOutOfMemory ? Errno.ENOMEM : Errno.EINVAL;
        }

        return Errno.Ok;
    }

    private static async Routine<IoctlResult> Modify(KernelTask current, int enclave, int firstPage, int pageCount, bool toTrim)
    {
        Errno errno = await BeginSgx2(current, enclave);
        if (errno != Errno.Ok)
        {
            return new IoctlResult(errno, 0);
        }

        int count = 0;
        while (errno == Errno.Ok && count < pageCount)
        {
            errno = await ModifyPage(current, enclave, firstPage + count, toTrim);
            if (errno == Errno.Ok)
            {
                count++;
            }
        }

        await End(current, enclave);
        return new IoctlResult(errno, count);
    }

    private static async Routine<Errno> ModifyPage(KernelTask current, int enclave, int page, bool toTrim)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        await Main.ReclaimDirect(current);
        AllocResult load = await Encl.LockAndLoad(current, enclave, page);
        if (load.Errno != Errno.Ok)
        {
            return load.Errno == Errno.EBUSY ? Errno.EAGAIN : Errno.EFAULT;
        }

        EnclaveProtocol.ModifyPage modify = await current.Ask(
            encl, new EnclaveProtocol.ModifyPage { Page = page, ToTrim = toTrim });
        if (modify.IsRefused)
        {
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return Errno.EINVAL;
        }

        Errno tracked = await EnclaveEtrack(current, encl);
        await current.Ask(encl, new EnclaveProtocol.Unlock());
        return tracked;
    }

    /// <summary>sgx_enclave_etrack: ETRACK, on failure after an IPI again, then the IPI in any case. All under the mutex.</summary>
    private static async Routine<Errno> EnclaveEtrack(KernelTask current, ActorId encl)
    {
        EnclaveProtocol.Etrack track = await current.Ask(encl, new EnclaveProtocol.Etrack());
        if (track.Result != LeafResult.Done)
        {
            await current.Ask(encl, new EnclaveProtocol.SendIpi());
            track = await current.Ask(encl, new EnclaveProtocol.Etrack());
            if (track.Result != LeafResult.Done)
            {
                return Errno.EFAULT;
            }
        }

        await current.Ask(encl, new EnclaveProtocol.SendIpi());
        return Errno.Ok;
    }

    private static async Routine<Errno> RemovePage(KernelTask current, int enclave, int page)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        await Main.ReclaimDirect(current);
        AllocResult load = await Encl.LockAndLoad(current, enclave, page);
        if (load.Errno != Errno.Ok)
        {
            return load.Errno == Errno.EBUSY ? Errno.EAGAIN : Errno.EFAULT;
        }

        EnclaveProtocol.BeginRemove begin = await current.Ask(encl, new EnclaveProtocol.BeginRemove { Page = page });
        if (begin.IsRefused)
        {
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return Errno.EPERM;
        }

        if (!await Main.TryUnmark(current, load.Page))
        {
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return Errno.EBUSY;
        }

        await current.Ask(encl, new EnclaveProtocol.Unlock());
        await Encl.ZapPtes(current, enclave, page, 1);
        EnclaveProtocol.LockAndErase erase = await current.Ask(encl, new EnclaveProtocol.LockAndErase { Page = page });
        await Main.EnclFreeEpcPage(current, erase.EpcPage);
        await current.Ask(encl, new EnclaveProtocol.Unlock());
        return Errno.Ok;
    }
}
