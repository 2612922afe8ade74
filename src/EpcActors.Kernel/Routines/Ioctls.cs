using EpcActors.Engine;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;

namespace EpcActors.Kernel.Routines;

/// <summary>
/// Result of an ioctl over a range: the error, the number of pages done (<c>count</c>, always written back), and the
/// SGX error code that stopped it (<c>result</c>; 0 when software did).
/// </summary>
internal readonly record struct IoctlResult(Errno Errno, int Count, int Result = 0);

/// <summary>arch/x86/kernel/cpu/sgx/ioctl.c. One ioctl at a time per enclave; no lock held on entry.</summary>
/// <remarks>
/// Ranges are whole pages by their type, so the tests of alignment and overflow have no counterpart; SECINFO,
/// signatures, attributes, the source of ADD_PAGES and permission bits are not modelled, nor is SGX_UNMASKED_EVENT:
/// EINIT succeeds at once.
/// </remarks>
internal static class Ioctls
{
    /// <summary>SGX_PAGE_NOT_MODIFIABLE: the page waits for an EACCEPT.</summary>
    public const int SgxPageNotModifiable = 20;

    /// <summary>SGX_IOC_ENCLAVE_CREATE: the first page of an enclave is a VA page, the second its SECS.</summary>
    [Linux("ioctl.c", "sgx_ioc_enclave_create")]
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
    [Linux("ioctl.c", "sgx_ioc_enclave_add_pages")]
    public static async Routine<IoctlResult> AddPages(
        KernelTask current, int enclave, int firstPage, int pageCount, bool isMeasured, bool isTcs = false)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return new IoctlResult(Errno.EBUSY, 0);
        }

        Errno errno =
            begin.IsOutOfMemory ? Errno.ENOMEM
            : !begin.IsCreated || begin.IsInitialised || !IsInRange(current, enclave, firstPage, pageCount)
                ? Errno.EINVAL
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

            errno = await AddPage(current, enclave, firstPage + count, isMeasured, isTcs);
            if (errno == Errno.Ok)
            {
                count++;
            }
        }

        await End(current, enclave);
        return new IoctlResult(errno, count);
    }

    /// <summary>SGX_IOC_ENCLAVE_INIT.</summary>
    [Linux("ioctl.c", "sgx_ioc_enclave_init")]
    public static async Routine<Errno> Init(KernelTask current, int enclave)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return Errno.EBUSY;
        }

        Errno errno = begin.IsOutOfMemory ? Errno.ENOMEM
            : !begin.IsCreated || begin.IsInitialised ? Errno.EINVAL
            : Errno.Ok;
        if (errno == Errno.Ok)
        {
            ActorId encl = current.Machine.Enclaves[enclave].Enclave;
            EnclaveProtocol.LockAndEinit einit = await current.Ask(encl, new EnclaveProtocol.LockAndEinit());
            await Reclaim.ListSecs(current, current.Machine.Enclaves[enclave]);
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            errno = einit.HasFailed ? Errno.EIO : Errno.Ok;
        }

        await End(current, enclave);
        return errno;
    }

    /// <summary>SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS: EMODPR, ETRACK and IPI per page.</summary>
    [Linux("ioctl.c", "sgx_ioc_enclave_restrict_permissions")]
    public static async Routine<IoctlResult> RestrictPermissions(
        KernelTask current,
        int enclave,
        int firstPage,
        int pageCount
    ) => await Modify(current, enclave, firstPage, pageCount, EnclavePageType.Reg);

    /// <summary>SGX_IOC_ENCLAVE_MODIFY_TYPES to TCS or TRIM: EMODT, ETRACK and IPI per page.</summary>
    /// <remarks>Another type is EINVAL, after the checks for another ioctl (EBUSY) and for SGX2 (ENODEV).</remarks>
    [Linux("ioctl.c", "sgx_ioc_enclave_modify_types")]
    public static async Routine<IoctlResult> ModifyTypes(
        KernelTask current, int enclave, int firstPage, int pageCount, EnclavePageType to = EnclavePageType.Trim)
    {
        if (to != EnclavePageType.Reg)
        {
            return await Modify(current, enclave, firstPage, pageCount, to);
        }

        Errno errno = await BeginSgx2(current, enclave, firstPage, pageCount);
        if (errno == Errno.Ok)
        {
            await End(current, enclave);
            errno = Errno.EINVAL;
        }

        return new IoctlResult(errno, 0);
    }

    /// <summary>
    /// SGX_IOC_ENCLAVE_REMOVE_PAGES. Between unmarking and erasing the mutex is dropped to zap the translations: R10's
    /// window.
    /// </summary>
    [Linux("ioctl.c", "sgx_ioc_enclave_remove_pages")]
    public static async Routine<IoctlResult> RemovePages(KernelTask current, int enclave, int firstPage, int pageCount)
    {
        Errno errno = await BeginSgx2(current, enclave, firstPage, pageCount);
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

    [Linux("ioctl.c", "sgx_ioctl", IsPart = true)]
    private static async Routine<EnclaveProtocol.BeginIoctl> Begin(KernelTask current, int enclave)
    {
        await current.Spend(Activity.Syscall);
        return await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.BeginIoctl());
    }

    [Linux("ioctl.c", "sgx_ioctl", IsPart = true)]
    private static async Routine End(KernelTask current, int enclave) =>
        await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.EndIoctl());

    [Linux("ioctl.c", "sgx_encl_create")]
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
        Errno errno = secs.Errno;
        if (errno == Errno.Ok)
        {
            EnclaveProtocol.Ecreate ecreate = await current.Ask(
                encl,
                new EnclaveProtocol.Ecreate
                {
                    EpcPage = secs.Page,
                    MustFail = current.Choose((int)ChoicePoint.EcreateFails),
                });
            if (!ecreate.HasFailed)
            {
                await Encl.RecordUnreclaimable(current, secs.Page, enclave);
                return Errno.Ok;
            }

            await Main.EnclFreeEpcPage(current, secs.Page);
            errno = Errno.EIO;
        }

        await UnlinkAndShrink(current, enclave, va.Page);
        return errno;
    }

    /// <summary>sgx_encl_add_page.</summary>
    [Linux("ioctl.c", "sgx_encl_add_page")]
    private static async Routine<Errno> AddPage(KernelTask current, int enclave, int page, bool isMeasured, bool isTcs)
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
            new EnclaveProtocol.LockAndAddPage
            {
                Page = page,
                EpcPage = alloc.Page,
                VaPage = va.Page,
                IsMeasured = isMeasured,
                IsTcs = isTcs,
                MustFailToExtend = isMeasured && current.Choose((int)ChoicePoint.EextendFails),
            });
        if (!add.Exists && !add.HasFailed)
        {
            await Main.MarkReclaimable(current, alloc.Page);
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return Errno.Ok;
        }

        await UnlinkAndShrink(current, enclave, va.Page);
        await current.Ask(encl, new EnclaveProtocol.Unlock());
        await Main.EnclFreeEpcPage(current, alloc.Page);
        return add.Exists ? Errno.EBUSY : Errno.EIO;
    }

    /// <summary>
    /// sgx_encl_shrink on the way out of an ioctl that failed: decrements page_cnt, and frees the VA page that it
    /// added.
    /// </summary>
    [Linux("ioctl.c", "sgx_encl_shrink", IsPart = true)]
    private static async Routine UnlinkAndShrink(KernelTask current, int enclave, EpcPageIndex va)
    {
        if (!va.IsNone)
        {
            await current.Ask(
                current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.UnlinkVaPage { VaPage = va });
        }

        await Encl.Shrink(current, enclave, va);
    }

    /// <summary>sgx_ioc_sgx2_ready and sgx_validate_offset_length, after the check for another ioctl.</summary>
    [Linux("ioctl.c", "sgx_ioc_sgx2_ready", IsPart = true)]
    private static async Routine<Errno> BeginSgx2(KernelTask current, int enclave, int firstPage, int pageCount)
    {
        EnclaveProtocol.BeginIoctl begin = await Begin(current, enclave);
        if (begin.IsBusy)
        {
            return Errno.EBUSY;
        }

        Errno errno = begin.IsOutOfMemory ? Errno.ENOMEM
            : current.Switches.Sgx2 == Fix.Absent ? Errno.ENODEV
            : !begin.IsInitialised || !IsInRange(current, enclave, firstPage, pageCount) ? Errno.EINVAL
            : Errno.Ok;
        if (errno != Errno.Ok)
        {
            await End(current, enclave);
        }

        return errno;
    }

    private static bool IsInRange(KernelTask current, int enclave, int firstPage, int pageCount) =>
        firstPage >= 0 && pageCount > 0 && pageCount <= current.Machine.Enclaves[enclave].PageCount - firstPage;

    [Linux("ioctl.c", "sgx_enclave_modify_types")]
    private static async Routine<IoctlResult> Modify(
        KernelTask current, int enclave, int firstPage, int pageCount, EnclavePageType to)
    {
        Errno errno = await BeginSgx2(current, enclave, firstPage, pageCount);
        if (errno != Errno.Ok)
        {
            return new IoctlResult(errno, 0);
        }

        int count = 0;
        int result = 0;
        while (errno == Errno.Ok && count < pageCount)
        {
            (errno, result) = await ModifyPage(current, enclave, firstPage + count, to);
            if (errno == Errno.Ok)
            {
                count++;
            }
        }

        await End(current, enclave);
        return new IoctlResult(errno, count, result);
    }

    [Linux("ioctl.c", "sgx_enclave_modify_types", IsPart = true)]
    private static async Routine<(Errno Errno, int Result)> ModifyPage(
        KernelTask current, int enclave, int page, EnclavePageType to)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        await Main.ReclaimDirect(current);
        AllocResult load = await Encl.LockAndLoad(current, enclave, page);
        if (load.Errno != Errno.Ok)
        {
            return (load.Errno == Errno.EBUSY ? Errno.EAGAIN : Errno.EFAULT, 0);
        }

        // Only REG pages have permissions to restrict and can become anything; a TCS can only be trimmed.
        EnclaveProtocol.ReadType entry = await current.Ask(encl, new EnclaveProtocol.ReadType { Page = page });
        if (entry.Type != EnclavePageType.Reg && !(entry.Type == EnclavePageType.Tcs && to == EnclavePageType.Trim))
        {
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return (Errno.EINVAL, 0);
        }

        if (to == EnclavePageType.Tcs)
        {
            // No translation may survive. Take the page off the LRU, so the reclaimer does not evict it while the mutex
            // is released (mmap_lock comes first).
            if (!await Main.TryUnmark(current, load.Page))
            {
                await current.Ask(encl, new EnclaveProtocol.Unlock());
                return (Errno.EAGAIN, 0);
            }

            await current.Ask(encl, new EnclaveProtocol.Unlock());
            await Encl.ZapPtes(current, enclave, page, 1);
            await current.Ask(encl, new EnclaveProtocol.Lock());
            await Main.MarkReclaimable(current, load.Page);
        }

        EnclaveProtocol.ModifyPage modify = await current.Ask(
            encl, new EnclaveProtocol.ModifyPage { Page = page, To = to });
        if (modify.HasFaulted || modify.IsNotModifiable)
        {
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return (Errno.EFAULT, modify.HasFaulted ? 0 : SgxPageNotModifiable);
        }

        if (current.Switches.TypeBeforeEtrack == Fix.Present)
        {
            await current.Ask(encl, new EnclaveProtocol.RecordType { Page = page, To = to });
        }

        if (await EnclaveEtrack(current, encl) != Errno.Ok)
        {
            // D10: the processor has changed the page, but the entry still has the old type.
            await current.Ask(encl, new EnclaveProtocol.Unlock());
            return (Errno.EFAULT, 0);
        }

        await current.Ask(encl, new EnclaveProtocol.RecordTypeAndUnlock { Page = page, To = to });
        if (current.Switches.EtrackHoldsMutex == Fix.Absent)
        {
            // R29: an epoch is still open, and the mutex is free.
            await current.Ask(encl, new EnclaveProtocol.SendIpi());
        }

        return (Errno.Ok, 0);
    }

    /// <summary>
    /// sgx_enclave_etrack: ETRACK, again after an IPI when it fails, then the IPI in any case. All under the mutex.
    /// </summary>
    [Linux("ioctl.c", "sgx_enclave_etrack")]
    private static async Routine<Errno> EnclaveEtrack(KernelTask current, ActorId encl)
    {
        if (current.Choose((int)ChoicePoint.EtrackFails))
        {
            // Both attempts fail; the kernel warns.
            await current.Ask(encl, new EnclaveProtocol.SendIpi());
            return Errno.EFAULT;
        }

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

        if (current.Switches.EtrackHoldsMutex == Fix.Present)
        {
            await current.Ask(encl, new EnclaveProtocol.SendIpi());
        }

        return Errno.Ok;
    }

    [Linux("ioctl.c", "sgx_encl_remove_pages")]
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

        await current.Ask(encl, new EnclaveProtocol.UnlockForRemoval { Page = page });
        await Encl.ZapPtes(current, enclave, page, 1);
        EnclaveProtocol.LockAndErase erase = await current.Ask(encl, new EnclaveProtocol.LockAndErase { Page = page });
        await Main.EnclFreeEpcPage(current, erase.EpcPage);
        await Reclaim.ListSecs(current, current.Machine.Enclaves[enclave]);
        if (current.Switches.RemoveFreesVaPage == Fix.Present)
        {
            EnclaveProtocol.TakeEmptyVaPage empty = await current.Ask(encl, new EnclaveProtocol.TakeEmptyVaPage());
            if (!empty.EpcPage.IsNone)
            {
                await Main.EnclFreeEpcPage(current, empty.EpcPage);
            }
        }

        await current.Ask(encl, new EnclaveProtocol.EraseAndUnlock());
        return Errno.Ok;
    }
}
