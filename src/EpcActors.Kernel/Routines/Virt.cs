using EpcActors.Engine;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.VirtualEpcs;

namespace EpcActors.Kernel.Routines;

/// <summary>arch/x86/kernel/cpu/sgx/virt.c: EPC for guests.</summary>
internal static class Virt
{
    /// <summary>
    /// sgx_vepc_fault: allocates without reclaim; ENOMEM, the cgroup's limit included, is SIGBUS for the guest. A page
    /// that is there already is a success for the kernel, which then inserts no translation: a second mapping of it
    /// faults for ever (D8).
    /// </summary>
    /// <param name="current">Task that faults.</param>
    /// <param name="vepc">The instance.</param>
    /// <param name="index">Page of it.</param>
    /// <param name="mapping">The mapping that faults.</param>
    /// <param name="canRetry">FAULT_FLAG_ALLOW_RETRY, as with every fault of user space; without it "no page just now"
    /// is SIGBUS as well.</param>
    [Linux("virt.c", "sgx_vepc_fault")]
    public static async Routine<FaultResult> Fault(
        KernelTask current,
        ActorId vepc,
        int index,
        int mapping = 0,
        bool canRetry = true)
    {
        await current.Spend(Activity.PageFault);
        VirtualEpcProtocol.LockAndLookUp look = await current.Ask(
            vepc, new VirtualEpcProtocol.LockAndLookUp { Index = index, Mapping = mapping });
        if (!look.EpcPage.IsNone)
        {
            bool maps = current.Switches.VepcMapsExisting == Fix.Present;
            await current.Ask(
                vepc,
                new VirtualEpcProtocol.StoreAndUnlock
                {
                    Index = index,
                    Mapping = maps ? mapping : 0,
                    EpcPage = EpcPageIndex.None,
                    Maps = maps,
                });
            return look.IsMapped || maps ? FaultResult.Mapped : FaultResult.Retry;
        }

        AllocResult alloc = await Main.AllocEpcPage(current, reclaim: false);
        await current.Ask(
            vepc,
            new VirtualEpcProtocol.StoreAndUnlock
            {
                Index = index,
                Mapping = mapping,
                EpcPage = alloc.Page,
            });
        return alloc.Errno switch
        {
            Errno.Ok => FaultResult.Mapped,
            Errno.EBUSY when canRetry => FaultResult.Retry,
            _ => FaultResult.Sigbus,
        };
    }

    /// <summary>
    /// sgx_vepc_release: EREMOVE and free; a SECS with children is tried again, and becomes a zombie when they live in
    /// another instance. Every release also tries the zombies of earlier releases, whose last child may have gone with
    /// this one.
    /// </summary>
    [Linux("virt.c", "sgx_vepc_release")]
    public static async Routine Release(KernelTask current, ActorId vepc, int size)
    {
        // Children first, then the SECS pages that had some.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int index = 0; index < size; index++)
            {
                VirtualEpcProtocol.EremoveGuestPage remove = await current.Ask(
                    vepc,
                    new VirtualEpcProtocol.EremoveGuestPage
                    {
                        Index = index,
                        MustFail = current.Choose((int)ChoicePoint.EremoveFails),
                    });
                if (remove.EpcPage.IsNone || remove.HasChildren || remove.HasFailed)
                {
                    continue;
                }

                VirtualEpcProtocol.TakeGuestPage take = await current.Ask(
                    vepc, new VirtualEpcProtocol.TakeGuestPage { Index = index });
                await Main.FreeEpcPage(current, take.EpcPage);
            }
        }

        ActorId zombies = current.Machine.ZombieSecs;
        VirtualEpcProtocol.LockZombies locked = await current.Ask(zombies, new VirtualEpcProtocol.LockZombies());
        for (int index = 0; index < size; index++)
        {
            // A page that is left here has children elsewhere, or EREMOVE failed: the kernel warns, and takes it for a
            // SECS with children. These pages come first on its list of new zombies, before those that fail once more
            // below.
            bool mayFree = false;
            if (current.Switches.VepcRetriesUnderLock == Fix.Present)
            {
                // C22: the last child may have gone since, with a release that found the list empty.
                VirtualEpcProtocol.EremoveGuestPage again = await current.Ask(
                    vepc, new VirtualEpcProtocol.EremoveGuestPage { Index = index });
                mayFree = !again.HasChildren;
            }

            VirtualEpcProtocol.TakeGuestPage take = await current.Ask(
                vepc, new VirtualEpcProtocol.TakeGuestPage { Index = index });
            if (!take.EpcPage.IsNone && mayFree)
            {
                await Main.FreeEpcPage(current, take.EpcPage);
            }
            else if (!take.EpcPage.IsNone)
            {
                await current.Ask(zombies, new VirtualEpcProtocol.AddZombie { EpcPage = take.EpcPage });
            }
        }

        for (int i = 0; i < locked.Count; i++)
        {
            VirtualEpcProtocol.TakeZombie zombie = await current.Ask(zombies, new VirtualEpcProtocol.TakeZombie());
            if (zombie.HasChildren)
            {
                await current.Ask(zombies, new VirtualEpcProtocol.AddZombie { EpcPage = zombie.EpcPage });
            }
            else
            {
                await Main.FreeEpcPage(current, zombie.EpcPage);
            }
        }

        await current.Ask(zombies, new VirtualEpcProtocol.UnlockZombies());
    }

    /// <summary>SGX_IOC_VEPC_REMOVE_ALL: EREMOVE in place.</summary>
    /// <returns>Number of SECS pages that still have children; -EBUSY when EREMOVE failed for another reason.</returns>
    [Linux("virt.c", "sgx_vepc_remove_all")]
    public static async Routine<int> RemoveAll(KernelTask current, ActorId vepc, int size)
    {
        int failed = 0;
        for (int index = 0; index < size; index++)
        {
            VirtualEpcProtocol.EremoveGuestPage remove = await current.Ask(
                vepc,
                new VirtualEpcProtocol.EremoveGuestPage
                {
                    Index = index,
                    MustFail = current.Choose((int)ChoicePoint.EremoveFails),
                });
            if (remove.HasFailed)
            {
                return -(int)Errno.EBUSY;
            }

            failed += remove.HasChildren ? 1 : 0;
        }

        return failed;
    }
}
