using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>The order of looks and steps in a fault, and what others see meanwhile.</summary>
public sealed class FaultTests
{
    [Fact]
    public void An_entry_that_EAUG_has_inserted_is_seen_before_its_page_is_there()
    {
        // Who looks between xa_insert() and EAUG goes for the mutex and gets the page then, instead of going for EAUG
        // himself (R9).
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            ActorId encl = rig.Enclave().Id;
            EnclaveProtocol.LookUpPage look = new() { Page = 5 };
            AllocResult page = await Main.AllocEpcPage(t, reclaim: false);
            await t.Ask(encl, new EnclaveProtocol.Lock());
            Assert.False((await t.Ask(encl, look)).Exists);
            await t.Ask(encl, new EnclaveProtocol.InsertEntry { Page = 5 });
            Assert.True((await t.Ask(encl, look)).Exists);
            Assert.Equal(EnclavePageState.Absent, rig.Enclave().Entries[5].State);
            await t.Ask(encl, new EnclaveProtocol.Eaug { Page = 5, EpcPage = page.Page });
            await Main.MarkReclaimable(t, page.Page);
            await t.Ask(encl, new EnclaveProtocol.Unlock());
            Assert.True((await t.Ask(encl, look)).Exists);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
        });
        rig.Run();
        Assert.Equal(1, rig.Count<EnclaveProtocol.Eaug>());
    }

    [Fact]
    public void An_entry_whose_EAUG_failed_is_gone_again()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [5])]);
        rig.Decide(ChoicePoint.EwbFails, true);
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1));
            AllocResult first = await Main.AllocEpcPage(t, reclaim: false);

            // D3: the page that comes is one that the processor has as valid.
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 3));
            Assert.False((await t.Ask(rig.Enclave().Id, new EnclaveProtocol.LookUpPage { Page = 3 })).Exists);
            await Main.FreeEpcPage(t, first.Page);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 3));
        });
        rig.Run(expectClean: false);
        Assert.Equal(EnclavePageState.Resident, rig.Enclave().Entries[3].State);
    }

    [Fact]
    public void EAUG_before_EINIT_does_not_wait_for_the_mutex()
    {
        KernelRig rig = new();
        long endNs = -1;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1, initialises: false);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.Lock());
            await t.Sleep(1000);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.Unlock());
        });
        rig.User("u", async t =>
        {
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
            endNs = t.NowNs;
        }, atNs: 100);
        rig.Run();
        Assert.Equal(100, endNs);
    }

    [Fact]
    public void A_vEPC_fault_that_may_not_be_tried_again_is_SIGBUS_when_no_page_is_free_just_now()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [3])], vepcs: 1, vepcPages: 1);
        ActorId vepc = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(FaultResult.Retry, await Virt.Fault(t, vepc, 0));
            Assert.Equal(FaultResult.Sigbus, await Virt.Fault(t, vepc, 0, canRetry: false));
        });
        rig.Run();
    }

    [Fact]
    public void A_release_puts_its_own_SECS_on_the_list_before_the_zombies_that_failed_again()
    {
        KernelRig rig = new(vepcs: 3, vepcPages: 2);
        ActorId[] guests = [.. rig.Topology.VirtualMachines.Select(vm => vm.VirtualEpc.Id)];
        List<int> zombies = [];
        rig.User("t", async t =>
        {
            await Virt.Fault(t, guests[0], 0);
            await Virt.Fault(t, guests[1], 0);
            await Virt.Fault(t, guests[2], 0);
            await Virt.Fault(t, guests[2], 1);
            await t.Ask(guests[0], new VirtualEpcProtocol.GuestUse { Index = 0, Secs = 0 });
            await t.Ask(guests[1], new VirtualEpcProtocol.GuestUse { Index = 0, Secs = 0 });
            for (int i = 0; i < 2; i++)
            {
                EpcPageIndex secs = new(i);
                await t.Ask(guests[2], new VirtualEpcProtocol.GuestUse { Index = i, Secs = -1, ForeignSecs = secs });
            }

            await Virt.Release(t, guests[0], 2);
            await Virt.Release(t, guests[1], 2);
            rig.Topology.ZombieSecs.ForEachPage(zombies.Add);
            await Virt.Release(t, guests[2], 2);
        });
        rig.Run();
        Assert.Equal([1, 0], zombies);
        Assert.Equal(0, rig.Topology.ZombieSecs.Count);
    }

    [Fact]
    public void MODIFY_TYPES_to_REG_is_EBUSY_then_ENODEV_then_EINVAL()
    {
        foreach (Fix sgx2 in new[] { Fix.Present, Fix.Absent })
        {
            KernelRig rig = new(KernelRig.Upstream with { Sgx2 = sgx2 });
            rig.User("t", async t =>
            {
                await rig.Build(t, 1);
                await t.Ask(rig.Enclave().Id, new EnclaveProtocol.BeginIoctl());
                Assert.Equal(Errno.EBUSY, (await Ioctls.ModifyTypes(t, 0, 0, 1, EnclavePageType.Reg)).Errno);
                await t.Ask(rig.Enclave().Id, new EnclaveProtocol.EndIoctl());
                Errno expected = sgx2 == Fix.Present ? Errno.EINVAL : Errno.ENODEV;
                Assert.Equal(expected, (await Ioctls.ModifyTypes(t, 0, 0, 1, EnclavePageType.Reg)).Errno);

                // It has let go of the enclave.
                Assert.Equal(expected, (await Ioctls.ModifyTypes(t, 0, 0, 1, EnclavePageType.Reg)).Errno);
            });
            rig.Run();
        }
    }
}
