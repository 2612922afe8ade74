using EpcActors.Actors.VirtualEpcs;
using EpcActors.Domain.Epc;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Actors.Routines;

/// <summary>arch/x86/kernel/cpu/sgx/virt.c: EPC for guests.</summary>
internal static class Virt
{
    /// <summary>sgx_vepc_fault: allocates without reclaim; ENOMEM, the cgroup's limit included, is SIGBUS for the guest.</summary>
    public static async Routine<FaultResult> Fault(KernelTask current, ActorId vepc, int index)
    {
        await current.Spend(Activity.PageFault);
        VirtualEpcProtocol.LockAndLookUp look = await current.Ask(
            vepc, new VirtualEpcProtocol.LockAndLookUp { Index = index });
        if (!look.EpcPage.IsNone)
        {
            await current.Ask(vepc, new VirtualEpcProtocol.StoreAndUnlock { Index = index, EpcPage = EpcPageIndex.None });
            return FaultResult.Mapped;
        }

        AllocResult alloc = await Main.AllocEpcPage(current, reclaim: false);
        await current.Ask(vepc, new VirtualEpcProtocol.StoreAndUnlock { Index = index, EpcPage = alloc.Page });
        return alloc.Errno switch
        {
            Errno.Ok => FaultResult.Mapped,
            Errno.EBUSY => FaultResult.Retry,
            _ => FaultResult.Sigbus,
        };
    }

    /// <summary>sgx_vepc_release: EREMOVE and free; a SECS with children is tried again, and in the end becomes a zombie.</summary>
    public static async Routine Release(KernelTask current, ActorId vepc, int size)
    {
        // Children first, then the SECS pages that had some.
        for (int pass = 0; pass < 2; pass++)
        {
            for (int index = 0; index < size; index++)
            {
                VirtualEpcProtocol.EremoveGuestPage remove = await current.Ask(
                    vepc, new VirtualEpcProtocol.EremoveGuestPage { Index = index });
                if (remove.EpcPage.IsNone || (remove.HasChildren && pass == 0))
                {
                    continue;
                }

                VirtualEpcProtocol.TakeGuestPage take = await current.Ask(
                    vepc, new VirtualEpcProtocol.TakeGuestPage { Index = index });
                if (remove.HasChildren)
                {
                    await current.Ask(current.Machine.ZombieSecs, new VirtualEpcProtocol.AddZombie { EpcPage = take.EpcPage });
                }
                else
                {
                    await Main.FreeEpcPage(current, take.EpcPage);
                }
            }
        }
    }

    /// <summary>SGX_IOC_VEPC_REMOVE_ALL: EREMOVE in place; returns the number of SECS pages that still had children.</summary>
    public static async Routine<int> RemoveAll(KernelTask current, ActorId vepc, int size)
    {
        int failed = 0;
        for (int index = 0; index < size; index++)
        {
            VirtualEpcProtocol.EremoveGuestPage remove = await current.Ask(
                vepc, new VirtualEpcProtocol.EremoveGuestPage { Index = index });
            failed += remove.HasChildren ? 1 : 0;
        }

        return failed;
    }
}
