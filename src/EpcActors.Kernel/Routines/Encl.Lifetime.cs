using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;

namespace EpcActors.Kernel.Routines;

/// <content>References of an enclave: its open file, the address spaces on mm_list, and its release.</content>
internal static partial class Encl
{
    /// <summary>
    /// kref_put(&amp;encl->refcount, sgx_encl_release): the task that drops the last reference runs the release; that
    /// may be the reclaimer.
    /// </summary>
    [Linux("encl.c", "kref_put", IsPart = true)]
    public static async Routine PutRef(KernelTask current, int enclave)
    {
        EnclaveProtocol.PutRef put = await current.Ask(
            current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.PutRef());
        if (put.WasLast)
        {
            await Release(current, enclave);
        }
    }

    /// <summary>
    /// fput() of a process that has closed and unmapped the device; the last fput() runs sgx_release.
    /// </summary>
    [Linux("driver.c", "sgx_release")]
    public static async Routine CloseFile(KernelTask current, int enclave)
    {
        EnclaveProtocol.PutFile put = await current.Ask(
            current.Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.PutFile());
        if (put.WasLast)
        {
            await DrainMmList(current, enclave);
            await PutRef(current, enclave);
        }
    }

    /// <summary>
    /// dup_mmap() of a process with an enclave: under both mmap_locks the child gets the VMA and the open file, joins
    /// mm_list (sgx_vma_open), and then gets a copy of the old translations: the VMA is VM_PFNMAP, so they are copied
    /// and not faulted anew. A zap walk that began before the child joined has to come again (R26); one that finds the
    /// child waits until the copy is complete.
    /// </summary>
    [Linux("fork.c", "dup_mmap")]
    public static async Routine ForkMm(KernelTask current, ActorId parent, ActorId child, int enclave)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        await current.Ask(parent, new AddressSpaceProtocol.BeginFork());
        await current.Ask(child, new AddressSpaceProtocol.BeginFork { IsChild = true });
        await current.Ask(encl, new EnclaveProtocol.GetFile());
        await current.Ask(encl, new EnclaveProtocol.AddMm { Mm = child });
        int page = 0;
        while (true)
        {
            AddressSpaceProtocol.ReadPte pte = await current.Ask(
                parent,
                new AddressSpaceProtocol.ReadPte { Page = page });
            if (pte.EpcPage.IsNone)
            {
                break;
            }

            await current.Ask(child, new AddressSpaceProtocol.InsertPte { Page = pte.Page, EpcPage = pte.EpcPage });
            page = pte.Page + 1;
        }

        await current.Ask(child, new AddressSpaceProtocol.EndFork());
        await current.Ask(parent, new AddressSpaceProtocol.EndFork());
    }

    /// <summary>Takes every entry off mm_list, as the close of the file and the v5 out-of-memory killer do.</summary>
    [Linux("driver.c", "sgx_release", IsPart = true)]
    public static async Routine DrainMmList(KernelTask current, int enclave)
    {
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        while (true)
        {
            EnclaveProtocol.TakeFirstMm first = await current.Ask(encl, new EnclaveProtocol.TakeFirstMm());
            if (first.Mm.IsNone)
            {
                return;
            }

            await current.Ask(encl, new EnclaveProtocol.SynchronizeSrcu());
            if (current.Switches.MmListOwnsReference == Fix.Present)
            {
                await PutRef(current, enclave);
            }
        }
    }

    /// <summary>
    /// mmput(), sgx_mmu_notifier_release and exit_mmap: a process gives its address space up. After the first message
    /// mmget_not_zero fails for all. The page tables are torn down last.
    /// </summary>
    [Linux("encl.c", "sgx_mmu_notifier_release")]
    public static async Routine ExitMm(KernelTask current, ActorId mm, int enclave)
    {
        await current.Ask(mm, new AddressSpaceProtocol.BeginExit());
        ActorId encl = current.Machine.Enclaves[enclave].Enclave;
        EnclaveProtocol.RemoveMm remove = await current.Ask(encl, new EnclaveProtocol.RemoveMm { Mm = mm });
        if (remove.WasFound)
        {
            // R11: when the entry has no reference of its own, nothing but the file keeps the enclave while we wait
            // here.
            await current.Ask(encl, new EnclaveProtocol.SynchronizeSrcu());
        }

        await current.Ask(mm, new AddressSpaceProtocol.ExitMm());
        if (remove.WasFound && current.Switches.MmListOwnsReference == Fix.Present)
        {
            await PutRef(current, enclave);
        }
    }

    /// <summary>
    /// sgx_encl_release: frees all that the enclave still has. Runs in the context that dropped the last reference.
    /// </summary>
    [Linux("encl.c", "sgx_encl_release")]
    private static async Routine Release(KernelTask current, int enclave)
    {
        EnclavePlace place = current.Machine.Enclaves[enclave];
        ForReport<long> startNs = current.NowNs;
        ForReport<long> freed = 0;
        bool hasLeaked = false;
        int from = 0;
        while (true)
        {
            EnclaveProtocol.TakeEntry entry = await current.Ask(
                place.Enclave,
                new EnclaveProtocol.TakeEntry { From = from });
            if (entry.Page < 0)
            {
                break;
            }

            from = entry.Page + 1;
            if (!entry.EpcPage.IsNone)
            {
                bool unmarked = await Main.TryUnmark(current, entry.EpcPage);
                Invariant.That(unmarked, "a page of an enclave without references is in a reclaimer's hands");
                hasLeaked |= !await Main.EnclFreeEpcPage(current, entry.EpcPage);
                freed.Value++;
            }
        }

        EnclaveProtocol.TakeSecs secs = await current.Ask(place.Enclave, new EnclaveProtocol.TakeSecs());
        if (secs.HasChildren)
        {
            // D14: secs_child_cnt is above zero, so the kernel leaves the SECS where it is, warns, and frees the rest
            // of the enclave.
            current.Report(RunEvent.PageLeaked, current.NowNs, secs.EpcPage.Value);
        }
        else if (!secs.EpcPage.IsNone)
        {
            if (current.Switches.SecsReclaim == SecsReclaim.OnLru)
            {
                bool unmarked = await Main.TryUnmark(current, secs.EpcPage);
                Invariant.That(unmarked, "the SECS of an enclave without references is in a reclaimer's hands");
            }

            // A child that EREMOVE refused is still its child: SGX_CHILD_PRESENT.
            await Main.EnclFreeEpcPage(current, secs.EpcPage, mustLeak: hasLeaked);
            freed.Value++;
        }

        while (true)
        {
            EnclaveProtocol.TakeVaPage va = await current.Ask(place.Enclave, new EnclaveProtocol.TakeVaPage());
            if (va.EpcPage.IsNone)
            {
                break;
            }

            await Main.EnclFreeEpcPage(current, va.EpcPage);
            freed.Value++;
        }

        await TruncateAll(current, place);
        await current.Ask(place.Enclave, new EnclaveProtocol.FreeEnclave());
        current.Report(RunEvent.Release, startNs, freed);
    }

    /// <summary>The last reference to the backing file is put: all of it goes.</summary>
    [Linux("encl.c", "sgx_encl_release", IsPart = true)]
    private static async Routine TruncateAll(KernelTask current, EnclavePlace place)
    {
        int group = 0;
        while (group >= 0)
        {
            BackingStoreProtocol.TruncateBacking truncate = await current.Ask(
                place.Backing, new BackingStoreProtocol.TruncateBacking { From = group });
            group = truncate.From;
            if (truncate.Pages > 0)
            {
                await Shmem.Uncharge(current, truncate.Payer, truncate.Pages);
            }
        }
    }
}
