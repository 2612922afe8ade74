using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Kernel;

/// <summary>
/// EEXTEND that fails, and an EPC that is lost as a whole: every leaf fails from then on, and everything comes back.
/// </summary>
public sealed class LostEpcTests
{
    [Theory]
    [InlineData(Fix.Absent, 255)]
    [InlineData(Fix.Present, 256)]
    public void D14_an_EEXTEND_that_fails_leaves_a_child_counted_and_the_SECS_is_leaked(Fix fix, int free)
    {
        KernelRig rig = new(KernelRig.Upstream with { EextendErrorUncounts = fix });
        rig.Decide(ChoicePoint.EextendFails, false, true);
        rig.User("t", async t =>
        {
            await rig.Build(t, 0, initialises: false);
            Assert.Equal(new IoctlResult(Errno.EIO, 1), await Ioctls.AddPages(t, 0, 0, 2, isMeasured: true));
            Assert.Equal(EnclavePageState.Absent, rig.Enclave().Entries[1].State);
            Assert.Equal(fix == Fix.Present ? 1 : 2, rig.Enclave().SecsChildCount);

            // The page itself is not lost: EREMOVE takes it, and the next call adds it.
            Assert.Equal(253, rig.FreePages);
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.AddPages(t, 0, 1, 1, isMeasured: true));
            Assert.Equal(Errno.Ok, await Ioctls.Init(t, 0));

            // And the SECS does not go with its last child.
            Assert.Equal(2, await KernelRig.ReclaimBatch(t));
            Assert.Equal(fix == Fix.Absent, !rig.Enclave().SecsPage.IsNone);
            await rig.Exit(t);
        });
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(free, rig.FreePages);
        Assert.Equal(256 - free, rig.Reports.Count(report => report.What == RunEvent.PageLeaked));
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.PageConservation);
            rig.AssertViolation(Rules.SecsChildCount);
        }
    }

    [Fact]
    public void A_page_that_is_not_measured_knows_no_EEXTEND()
    {
        KernelRig rig = new();
        rig.Decide(ChoicePoint.EextendFails, true);
        rig.User("t", async t => await rig.Build(t, 2));
        rig.Run();
    }

    [Fact]
    public void A_lost_EPC_kills_what_was_there_and_gives_every_page_back()
    {
        KernelRig rig = new(enclaves: 2);
        rig.User("t", async t =>
        {
            await rig.Build(t, 6);
            Assert.Equal(2, await KernelRig.ReclaimBatch(t, 2));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 5));
            await Main.LoseEpc(t);
            ActorId mm = rig.Mm().Id;

            // What is mapped faults with the SGX bit, what is resident is mapped and faults too, what was evicted
            // cannot be loaded, nothing is made.
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 5));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 5, AccessKind.Eaccept));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 4));
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, mm, 0, 0));
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, mm, 0, 9));
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.RestrictPermissions(t, 0, 3, 1));
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.ModifyTypes(t, 0, 3, 1));

            // Reclaim goes through it like a knife: every EWB fails, and nothing is freed while valid.
            int free = rig.FreePages;
            Assert.Equal(4, await KernelRig.ReclaimBatch(t, ignoreAge: true));
            Assert.Equal(free + 5, rig.FreePages);
            Assert.True(rig.Enclave().SecsPage.IsNone);
            Assert.Equal(-1, rig.Enclave().Entries[3].VaSlot);

            // An enclave that is made now lives.
            await rig.Build(t, 2, enclave: 1);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 1, enclave: 1));
            Assert.Equal(2, await KernelRig.ReclaimBatch(t, ignoreAge: true));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 1, enclave: 1));
            await rig.Exit(t);
            await rig.Exit(t, 1);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
        Assert.Equal(0, rig.LruPages);
    }

    [Fact]
    public void An_enclave_that_loses_its_EPC_while_it_is_built_fails_to_add_and_to_initialise_and_goes_clean()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2, initialises: false);
            await Main.LoseEpc(t);
            Assert.Equal(new IoctlResult(Errno.EIO, 0), await Ioctls.AddPages(t, 0, 2, 1, false));
            Assert.Equal(Errno.EIO, await Ioctls.Init(t, 0));
            Assert.False(rig.Enclave().IsInitialised);
            await rig.Exit(t);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_loss_between_the_phases_of_a_batch_lets_its_write_outs_fail_and_nothing_else(int phase)
    {
        // 1: the pages are being blocked. 2: all are, and EWB has asked for an ETRACK.
        Dictionary<Activity, long> prices = new() { [Activity.Eblock] = 100, [Activity.Etrack] = 1000 };
        KernelRig rig = new(prices: prices);
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await t.Sleep(10_000 - t.NowNs);
            Assert.Equal(3, await KernelRig.ReclaimBatch(t));
        });
        rig.Other("suspend", async t => await Main.LoseEpc(t), atNs: phase == 1 ? 10_150 : 10_900);
        rig.Run();
        Assert.All(Enumerable.Range(0, 3), page => Assert.Equal(-1, rig.Enclave().Entries[page].VaSlot));
        Assert.Equal(0, rig.Enclave().VaPages.UsedSlots);
    }

    [Fact]
    public void A_lost_EPC_frees_the_zombies_of_guests()
    {
        KernelRig rig = new(vepcs: 2, vepcPages: 2);
        ActorId first = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        ActorId second = rig.Topology.VirtualMachines[1].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            await Virt.Fault(t, first, 0);
            await Virt.Fault(t, second, 0);
            await t.Ask(first, new VirtualEpcProtocol.GuestUse { Index = 0, Secs = 0 });
            EpcPageIndex secs = new(0);
            await t.Ask(second, new VirtualEpcProtocol.GuestUse { Index = 0, Secs = -1, ForeignSecs = secs });
            await Virt.Release(t, first, 2);
            Assert.Equal(1, rig.Topology.ZombieSecs.Count);
            await Main.LoseEpc(t);
            await Virt.Release(t, second, 2);
        });
        rig.Run();
        Assert.Equal(0, rig.Topology.ZombieSecs.Count);
        Assert.Equal(256, rig.FreePages);
    }

    [Fact]
    public void All_nodes_lose_theirs_at_once_and_the_kernels_part_of_the_descriptors_stays()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [4]), new NodeSpec(1, [4])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            await Main.LoseEpc(t);
        });
        rig.Run();
        Assert.All(Enumerable.Range(0, 8), page => Assert.Equal(Epcm.None, rig.Machine.Pages[page].Epcm));
        Assert.Equal(4, rig.LruPages);
        Assert.Equal(2, rig.FreePages);
    }
}
