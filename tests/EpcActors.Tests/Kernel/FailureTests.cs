using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>Instructions that fail, memory that is not there, references that are missing.</summary>
public sealed class FailureTests
{
    [Fact]
    public void D3_a_page_whose_EWB_fails_is_lost_and_its_EPC_page_goes_back_while_the_processor_has_it()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [5])]);
        rig.Decide(ChoicePoint.EwbFails, true);
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1));
            Assert.Equal(
                (EnclavePageState.Swapped, -1),
                (rig.Enclave().Entries[0].State, rig.Enclave().Entries[0].VaSlot));
            Assert.Equal(0, rig.Enclave().VaPages.UsedSlots);

            // One page is free besides, and comes first: the next allocation gets the page that the EPCM still has.
            AllocResult first = await Main.AllocEpcPage(t, reclaim: false);
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 3));
            await Main.FreeEpcPage(t, first.Page);

            // EREMOVE on the error path has set the EPCM right; what the lost page held is gone for good.
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 3));
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
        });
        rig.Run(expectClean: false);
        Assert.Equal(
            [Rules.Contents, Rules.EpcmValid, Rules.WrongfulSignal],
            rig.Oracle.Violations.Select(violation => violation.Rule));
    }

    [Fact]
    public void D3_EPA_does_not_take_a_page_that_the_processor_has_and_the_next_attempt_does()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [4])], enclaves: 2);
        rig.Decide(ChoicePoint.EwbFails, true);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1, initialises: false);
            AllocResult last = await Main.AllocEpcPage(t, reclaim: false);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(Errno.EFAULT, await Ioctls.Create(t, 1));
            await Main.FreeEpcPage(t, last.Page);
            Assert.Equal(Errno.Ok, await Ioctls.Create(t, 1));
        });
        rig.Run(expectClean: false);
        Assert.Equal([Rules.EpcmValid], rig.Oracle.Violations.Select(violation => violation.Rule));
    }

    [Fact]
    public void D3_a_SECS_whose_EWB_fails_takes_the_enclave_with_it()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            rig.Decide(ChoicePoint.EwbFails, false, true);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.True(rig.Enclave().SecsPage.IsNone);
            Assert.Equal(-1, rig.Enclave().SecsSlot);
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            await rig.Exit(t);
        });
        rig.Run(expectClean: false);
        Assert.Equal([Rules.Contents], rig.Oracle.Violations.Select(violation => violation.Rule));
        Assert.Equal(256, rig.FreePages);
    }

    [Fact]
    public void D4_no_memory_for_the_SECS_leaves_it_until_a_child_was_loaded_and_evicted_again()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            rig.Decide(ChoicePoint.BackingFails, true);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1));
            Assert.False(rig.Enclave().SecsChildCount > 0);
            Assert.True(rig.Enclave().SecsPage.IsNone);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
        });
        rig.Run();
        Assert.Equal(1, rig.Reports.Count(report => report.What == RunEvent.BackingFailed));
    }

    [Fact]
    public void D10_an_ETRACK_that_fails_leaves_a_page_that_the_processor_has_trimmed_and_the_kernel_has_not()
    {
        KernelRig rig = new();
        rig.Decide(ChoicePoint.EtrackFails, true);
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.ModifyTypes(t, 0, 0, 1));

            // EMODT faults on a page that is TRIM already, accepted or not.
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(
                new IoctlResult(Errno.EFAULT, 0, Ioctls.SgxPageNotModifiable),
                await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.False(rig.Enclave().Entries[0].IsTrim);

            // EACCEPT believes the processor, REMOVE_PAGES the entry.
            await rig.Touch(t, 0, AccessKind.Eaccept);
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.EPERM, 0), await Ioctls.RemovePages(t, 0, 0, 1));
        });
        rig.Run();
    }

    [Fact]
    public void A_page_that_EREMOVE_refuses_is_leaked_and_its_SECS_with_it()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            rig.Decide(ChoicePoint.EremoveFails, true);
            await rig.Exit(t);
        });
        rig.Run(expectClean: false);
        Assert.Equal([Rules.PageConservation], rig.Oracle.Violations.Select(violation => violation.Rule));
        Assert.Equal(254, rig.FreePages);
        Assert.Equal(2, rig.Reports.Count(report => report.What == RunEvent.PageLeaked));
    }

    [Fact]
    public void A_guest_page_that_EREMOVE_refuses_becomes_a_zombie()
    {
        KernelRig rig = new(vepcPages: 4, vepcs: 1);
        rig.User("t", async t =>
        {
            ActorId vepc = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, i));
            }

            rig.Decide(ChoicePoint.EremoveFails, true);
            Assert.Equal(-(int)Errno.EBUSY, await Virt.RemoveAll(t, vepc, 4));

            // Both passes over the first page.
            rig.Decide(ChoicePoint.EremoveFails, true, false, false, false, true);
            await Virt.Release(t, vepc, 4);
        });
        rig.Run();
        Assert.Equal(1, rig.Topology.ZombieSecs.Count);
        Assert.Equal(255, rig.FreePages);
    }

    [Fact]
    public void A_CREATE_that_fails_gives_its_VA_page_back_and_may_come_again()
    {
        KernelRig rig = new();
        rig.Decide(ChoicePoint.EcreateFails, true);
        rig.User("t", async t =>
        {
            Assert.Equal(Errno.EIO, await Ioctls.Create(t, 0));
            Assert.False(rig.Enclave().IsCreated);
            Assert.Equal(256, rig.FreePages);
            Assert.Equal(0, rig.Enclave().PageCount);
            await rig.Build(t, 1);
        });
        rig.Run();
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R11_an_exit_that_waits_for_the_SRCU_while_another_closes_the_file(Fix fix)
    {
        // The child has closed and unmapped the device long ago, and exits now; its parent closes the file when the
        // child is between the list and the wait. No price makes time pass between those two, so the child's exit is
        // written out.
        KernelRig rig = new(KernelRig.Upstream with { MmListOwnsReference = fix });
        ActorId encl = rig.Enclave().Id;
        rig.User("parent", async t =>
        {
            await rig.Build(t, 2);
            await t.Ask(encl, new EnclaveProtocol.AddMm { Mm = rig.ChildMm().Id });
            await t.Sleep(100);
            await Encl.CloseFile(t, 0);
        });
        rig.User("child", async t =>
        {
            EnclaveProtocol.RemoveMm remove = await t.Ask(encl, new EnclaveProtocol.RemoveMm { Mm = rig.ChildMm().Id });
            Assert.True(remove.WasFound);
            await t.Sleep(100);
            await t.Ask(encl, new EnclaveProtocol.SynchronizeSrcu());
            if (fix == Fix.Present)
            {
                await Encl.PutRef(t, 0);
            }
        }, atNs: 50);
        rig.Run(expectClean: fix == Fix.Present);
        Assert.True(rig.Enclave().IsFreed);
        Assert.Equal(256, rig.FreePages);
        if (fix == Fix.Absent)
        {
            ViolationReport use = Assert.Single(rig.Oracle.Violations);
            Assert.Equal(Rules.UseAfterFree, use.Rule);
            Assert.Contains("child uses", use.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_exit_waits_for_the_SRCU_only_when_it_found_its_entry()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await Encl.CloseFile(t, 0);
            Assert.True(rig.Enclave().IsFreed);
            await Encl.ExitMm(t, rig.Mm().Id, 0);
        });
        rig.Run();
        Assert.Equal(1, rig.Count<EnclaveProtocol.SynchronizeSrcu>());
    }

    [Fact]
    public void R19_a_memory_failure_while_the_reclaimer_has_the_page_is_seen_by_EWB()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        EpcPageIndex page = EpcPageIndex.None;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            page = rig.Enclave().Entries[0].EpcPage;
            await KernelRig.ReclaimBatch(t);
        });
        rig.Other("failure", async t => await Main.MemoryFailure(t, page), atNs: 500);
        rig.Run(expectClean: false);
        Assert.Equal([Rules.PoisonReuse], rig.Oracle.Violations.Select(violation => violation.Rule));
    }
}
