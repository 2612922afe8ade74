using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;

namespace EpcActors.Kernel.Routines;

/// <summary>Result of a page fault, as user space sees it.</summary>
public enum FaultResult
{
    /// <summary>The page is mapped.</summary>
    Mapped,

    /// <summary>VM_FAULT_NOPAGE without a page: the instruction runs again.</summary>
    Retry,

    /// <summary>VM_FAULT_SIGBUS.</summary>
    Sigbus,

    /// <summary>No VMA there: SIGSEGV, before the call of the driver.</summary>
    Sigsegv,
}

/// <summary>arch/x86/kernel/cpu/sgx/encl.c: loading, faults, mm lists, release.</summary>
internal static partial class Encl
{
    /// <summary>
    /// sgx_vma_fault. Context: called with nothing held; takes mmap_lock for reading, then the enclave's mutex.
    /// </summary>
    [Linux("encl.c", "sgx_vma_fault")]
    public static async Routine<FaultResult> VmaFault(KernelTask current, ActorId mm, int enclave, int page)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        await current.Spend(Activity.PageFault);
        AddressSpaceProtocol.BeginFault begin = await current.Ask(mm, new AddressSpaceProtocol.BeginFault());
        FaultResult result = begin.IsUnmapped ? FaultResult.Sigsegv
            : begin.HasNoEnclave ? FaultResult.Sigbus
            : await FaultUnderMmapLock(current, mm, enclave, place, page);
        await current.Ask(mm, new AddressSpaceProtocol.EndFault());
        if (result == FaultResult.Retry && current.Switches.FaultReclaims == Fix.Present)
        {
            await Main.ReclaimForFault(current);
        }

        return result;
    }

    /// <summary>
    /// __sgx_encl_load_page, which takes the mutex here. On Ok the mutex is held and the page resident; else it is
    /// released.
    /// </summary>
    /// <param name="current">Task that loads.</param>
    /// <param name="enclave">Index of the enclave.</param>
    /// <param name="page">The page.</param>
    /// <param name="wasThere">A fault has seen the entry without the mutex: where it is gone now, the fault comes again
    /// (switch fault-looks-again, D7).</param>
    [Linux("encl.c", "__sgx_encl_load_page")]
    public static async Routine<AllocResult> LockAndLoad(
        KernelTask current, int enclave, int page, bool wasThere = false)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        EnclaveProtocol.LockAndReadPage entry = await current.Ask(
            place.Enclave, new EnclaveProtocol.LockAndReadPage { Page = page });
        AllocResult result = entry.State switch
        {
            EnclavePageState.Absent => AllocResult.Failed(
                wasThere && current.Switches.FaultLooksAgain == Fix.Present ? Errno.EBUSY : Errno.EFAULT),
            EnclavePageState.Resident => new AllocResult(entry.EpcPage, Errno.Ok),
            EnclavePageState.BeingReclaimed => AllocResult.Failed(Errno.EBUSY),
            EnclavePageState.BeingRemoved => AllocResult.Failed(Errno.EBUSY),
            EnclavePageState.Swapped => await LoadSwapped(current, enclave, place, page, entry.IsSecsResident),
        };
        if (result.Errno != Errno.Ok)
        {
            await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        }

        return result;
    }

    /// <summary>sgx_zap_enclave_ptes: zaps the page in every process, and again when the list of processes changed
    /// meanwhile: else a child forked behind the walk would keep a translation.</summary>
    [Linux("encl.c", "sgx_zap_enclave_ptes")]
    public static async Routine ZapPtes(KernelTask current, int enclave, int firstPage, int pageCount)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        int version;
        EnclaveProtocol.ReadMm mm;
        do
        {
            mm = await current.Ask(encl, new EnclaveProtocol.ReadMm());
            version = mm.Version;
            while (!mm.Mm.IsNone)
            {
                await current.Ask(
                    mm.Mm, new AddressSpaceProtocol.ZapPtes { FirstPage = firstPage, PageCount = pageCount });
                mm = await current.Ask(encl, new EnclaveProtocol.ReadMm { Position = mm.Position });
            }
        }
        while (mm.Version != version && current.Switches.ZapRepeats == Fix.Present);
    }

    /// <summary>
    /// sgx_vma_access and sgx_encl_reserve_page: a debugger reads or writes a page. It loads the page in a loop without
    /// sleep, back-off or a check for signals while the load returns EBUSY (D6). The loop runs in the debugger's
    /// context, so the debugger's cgroup is charged.
    /// </summary>
    /// <remarks>SGX_ENCL_DEBUG is not modelled: every enclave can be debugged.</remarks>
    [Linux("encl.c", "sgx_vma_access")]
    public static async Routine<Errno> VmaAccess(KernelTask current, int enclave, int page)
    {
        ForReport<long> startNs = current.NowNs;
        while (true)
        {
            AllocResult load = await LockAndLoad(current, enclave, page);
            if (load.Errno == Errno.EBUSY && !await MustLeave(current))
            {
                current.Report(RunEvent.FaultRetry, startNs, page);
                await current.SpendNs((int)Activity.SpinLock, 1);
                continue;
            }

            if (load.Errno == Errno.Ok)
            {
                await current.Spend(Activity.Touch);
                await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.Unlock());
            }

            return load.Errno;
        }
    }

    /// <summary>Whether a debugger's access gives up a page that is busy just now (switch debug-access).</summary>
    [Linux("encl.c", "sgx_encl_reserve_page", IsPart = true)]
    private static async Routine<bool> MustLeave(KernelTask current) => current.Switches.DebugAccess switch
    {
        DebugAccess.Loops => false,
        DebugAccess.StopsAtFatalSignal => await Main.FatalSignalPending(current),
        DebugAccess.TriesOnce => true,
    };

    /// <summary>sgx_encl_grow: a VA page when the page count comes to a multiple of 512.</summary>
    /// <returns>The VA page (none when none was needed), or the error.</returns>
    [Linux("ioctl.c", "sgx_encl_grow")]
    public static async Routine<AllocResult> Grow(KernelTask current, int enclave, bool reclaim)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        EnclaveProtocol.TestGrow test = await current.Ask(encl, new EnclaveProtocol.TestGrow());
        EpcPageIndex va = EpcPageIndex.None;
        if (test.NeedsVaPage)
        {
            AllocResult alloc = await Main.AllocEpcPage(current, reclaim);
            if (alloc.Errno != Errno.Ok)
            {
                return alloc;
            }

            va = alloc.Page;
            await current.Spend(Activity.Epa);
            if ((current.Machine.Pages[va].Epcm & Epcm.Valid) != 0)
            {
                // D3: the processor still has this page as valid. EREMOVE corrects that.
                await Main.EnclFreeEpcPage(current, va);
                return AllocResult.Failed(Errno.EFAULT);
            }

            current.Machine.Pages[va].Epcm = Epcm.Valid | Epcm.VersionArray;
            await RecordUnreclaimable(current, va, enclave);
        }

        await current.Ask(encl, new EnclaveProtocol.CountGrow());
        return new AllocResult(va, Errno.Ok);
    }

    /// <summary>sgx_encl_shrink on an error path: gives the VA page that was just added back.</summary>
    [Linux("ioctl.c", "sgx_encl_shrink")]
    public static async Routine Shrink(KernelTask current, int enclave, EpcPageIndex va)
    {
        await current.Ask(current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.Shrink());
        if (!va.IsNone)
        {
            await Main.EnclFreeEpcPage(current, va);
        }
    }

    /// <summary>
    /// Series v1 to v5: SECS and VA pages are on a list of their cgroup, where the out-of-memory killer finds them.
    /// </summary>
    [Linux("main.c", "sgx_record_epc_page")]
    public static async Routine RecordUnreclaimable(KernelTask current, EpcPageIndex page, int enclave)
    {
        if (current.Switches.AtLimit == AtLimit.Kill && current.Switches.EpcCgroup == EpcCgroupMode.On)
        {
            await current.Ask(
                current.Machine.Cgroups[current.Machine.LruOf(page)],
                new CgroupProtocol.AddUnreclaimable { Page = page, Enclave = enclave });
        }
    }

    [Linux("encl.c", "sgx_vma_fault", IsPart = true)]
    private static async Routine<FaultResult> FaultUnderMmapLock(
        KernelTask current, ActorId mm, int enclave, EnclavePlace place, int page)
    {
        EnclaveProtocol.LookUpPage look = await current.Ask(
            place.Enclave,
            new EnclaveProtocol.LookUpPage { Page = page });
        if (look.IsOutOfMemory)
        {
            return FaultResult.Sigbus;
        }

        if (!look.Exists && current.Switches.Sgx2 == Fix.Present)
        {
            return look.IsInitialised ? await EaugPage(current, mm, enclave, place, page) : FaultResult.Sigbus;
        }

        AllocResult load = await LockAndLoad(current, enclave, page, wasThere: look.Exists);
        if (load.Errno != Errno.Ok)
        {
            return load.Errno == Errno.EBUSY ? FaultResult.Retry : FaultResult.Sigbus;
        }

        // A page just loaded starts old: reclaim may take it first (the kernel clears the accessed bit after the
        // insertion).
        await current.Ask(mm, new AddressSpaceProtocol.InsertPte { Page = page, EpcPage = load.Page });
        if (current.Switches.FaultAround > 1)
        {
            await MapAround(current, mm, place, page);
        }

        await current.Ask(place.Enclave, new EnclaveProtocol.Unlock());
        return FaultResult.Mapped;
    }

    /// <summary>The swapped half of __sgx_encl_load_page: SECS first, then the page. Two allocations that may not
    /// reclaim; a SECS that was loaded stays when the page then fails. Mutex held.</summary>
    [Linux("encl.c", "__sgx_encl_load_page", IsPart = true)]
    private static async Routine<AllocResult> LoadSwapped(
        KernelTask current, int enclave, EnclavePlace place, int page, bool isSecsResident)
    {
        if (!isSecsResident)
        {
            Errno secs = await LoadSecs(current, enclave, place);
            if (secs != Errno.Ok)
            {
                return AllocResult.Failed(secs);
            }
        }

        AllocResult load = await EldUPage(current, enclave, place, page);
        if (load.Errno == Errno.Ok)
        {
            await Main.MarkReclaimable(current, load.Page);
            current.Report(RunEvent.Reloaded, current.NowNs, enclave);
        }
        else
        {
            // D4: a SECS that was loaded for it stays.
            await Reclaim.ListSecs(current, place);
        }

        return load;
    }

    [Linux("encl.c", "sgx_encl_load_secs")]
    private static async Routine<Errno> LoadSecs(KernelTask current, int enclave, EnclavePlace place)
    {
        AllocResult load = await EldUPage(current, enclave, place, place.PageCount);
        if (load.Errno == Errno.Ok)
        {
            await RecordUnreclaimable(current, load.Page, enclave);
        }

        return load.Errno;
    }

    /// <summary>sgx_encl_eldu into a fresh page: allocate, pin, ELDU, clean the backing up in any case.</summary>
    [Linux("encl.c", "sgx_encl_eldu")]
    private static async Routine<AllocResult> EldUPage(KernelTask current, int enclave, EnclavePlace place, int page)
    {
        AllocResult alloc = await Main.AllocEpcPage(current, reclaim: false);
        if (alloc.Errno != Errno.Ok)
        {
            return alloc;
        }

        int payer = await Shmem.Payer(current, enclave);
        BackingPin pin = await Shmem.Pin(current, enclave, page, payer);
        if (pin.Errno != Errno.Ok)
        {
            await Main.EnclFreeEpcPage(current, alloc.Page);
            return AllocResult.Failed(pin.Errno);
        }

        EnclaveProtocol.Eldu eldu = await current.Ask(
            place.Enclave,
            new EnclaveProtocol.Eldu
            {
                Page = page,
                EpcPage = alloc.Page,
                ContentsVersion = pin.ContentsVersion,
                PcmdVersion = pin.PcmdVersion,
            });
        await DropBacking(current, place, page, pin, eldu.IsPcmdPageInUse);
        if (eldu.HasFailed)
        {
            current.Report(RunEvent.LoadFailed, current.NowNs, page);
            await Main.EnclFreeEpcPage(current, alloc.Page);
            return AllocResult.Failed(Errno.EFAULT);
        }

        return alloc;
    }

    /// <summary>
    /// __sgx_encl_eldu behind the instruction: the PCMD record is zeroed, the pin ends, and the contents page and a
    /// PCMD page without a record go. Mutex held.
    /// </summary>
    [Linux("encl.c", "sgx_encl_eldu", IsPart = true)]
    public static async Routine DropBacking(
        KernelTask current, EnclavePlace place, int page, BackingPin pin, bool isPcmdPageInUse)
    {
        BackingStoreProtocol.FinishLoad finish = await current.Ask(
            place.Backing,
            new BackingStoreProtocol.FinishLoad
            {
                Index = page,
                KeepPcmdPage = isPcmdPageInUse && current.Switches.PcmdTruncateChecked == Fix.Present,
                KeepAll = current.Switches.BackingFreedAfterLoad == Fix.Absent,
                LeavesPcmdClean = current.Switches.PcmdClearDirties == Fix.Absent,
                ContentsGeneration = pin.ContentsGeneration,
                PcmdGeneration = pin.PcmdGeneration,
            });
        if (finish.ContentsPayer >= 0)
        {
            await Shmem.Uncharge(current, finish.ContentsPayer, 1);
        }

        if (finish.PcmdPayer >= 0)
        {
            await Shmem.Uncharge(current, finish.PcmdPayer, 1);
        }
    }
}
