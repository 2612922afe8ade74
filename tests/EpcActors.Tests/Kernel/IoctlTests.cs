using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Results;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>main.c and encl.c: ageing, write-out, VA slots, SECS, backing, reload.</summary>

/// <summary>ioctl.c and encl.c: system calls, EAUG, fork, exit.</summary>
public sealed partial class IoctlTests
{
    [Fact]
    public void Calls_out_of_order_and_bad_ranges_are_refused()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.AddPages(t, 0, 0, 1, false));
            Assert.Equal(Errno.EINVAL, await Ioctls.Init(t, 0));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(Errno.Ok, await Ioctls.Create(t, 0));
            Assert.Equal(Errno.EINVAL, await Ioctls.Create(t, 0));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.AddPages(t, 0, 0, 0, false));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.AddPages(t, 0, 60, 5, false));
            Assert.Equal(new IoctlResult(Errno.Ok, 4), await Ioctls.AddPages(t, 0, 60, 4, false));
            Assert.Equal(new IoctlResult(Errno.EBUSY, 1), await Ioctls.AddPages(t, 0, 59, 2, false));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RestrictPermissions(t, 0, 60, 1));
            Assert.Equal(Errno.Ok, await Ioctls.Init(t, 0));
            Assert.Equal(Errno.EINVAL, await Ioctls.Init(t, 0));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.AddPages(t, 0, 0, 1, false));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RestrictPermissions(t, 0, 60, 0));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.ModifyTypes(t, 0, 60, 5));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RemovePages(t, 0, -1, 1));
            Assert.Equal(new IoctlResult(Errno.EFAULT, 0), await Ioctls.RemovePages(t, 0, 0, 1));
        });
        rig.Run();
    }

    [Fact]
    public void A_page_that_was_refused_leaves_nothing_behind()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 3, initialises: false);
            int free = rig.FreePages;
            Assert.Equal(Errno.EBUSY, (await Ioctls.AddPages(t, 0, 2, 1, false)).Errno);
            Assert.Equal(free, rig.FreePages);
            Assert.Equal(4, rig.Enclave().PageCount);
            Assert.Equal(3, rig.Enclave().SecsChildCount);
        });
        rig.Run();
    }

    [Theory]
    [InlineData(Fix.Present, Errno.EBUSY, 1)]
    [InlineData(Fix.Absent, Errno.Ok, 2)]
    public void R27_two_calls_at_once_on_one_enclave(Fix fix, Errno second, int vaPages)
    {
        // 511 pages are there; both calls see that the next one needs a VA page.
        KernelRig rig = new(
            KernelRig.Upstream with { IoctlExclusive = fix },
            [new NodeSpec(1, [1024])],
            pages: 1024,
            prices: new Dictionary<Activity, long> { [Activity.Epa] = 1000 });
        Errno errno = Errno.EIO;
        rig.User("t", async t =>
        {
            await rig.Build(t, 511, initialises: false);
            await t.Sleep(8000 - t.NowNs);
            Assert.Equal(Errno.Ok, (await Ioctls.AddPages(t, 0, 511, 1, false)).Errno);
        });
        rig.User("u", async t => errno = (await Ioctls.AddPages(t, 0, 512, 1, false)).Errno, atNs: 8500);
        rig.Run();
        Assert.Equal(second, errno);
        Assert.Equal(vaPages + 1, rig.Enclave().VaPages.Count);
    }

    [Fact]
    public void D9_a_signal_after_the_first_page_makes_a_short_ADD_PAGES_and_before_it_ERESTARTSYS()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eadd] = 1000 });
        IoctlResult result = default;
        IoctlResult next = default;
        rig.User("t", async t =>
        {
            await rig.Build(t, 0, initialises: false);
            result = await Ioctls.AddPages(t, 0, 0, 10, false);
            next = await Ioctls.AddPages(t, 0, 10, 1, false);
        });
        rig.Other("kill", async t => await t.Ask(
            rig.Topology.Enclaves[0].Process.Id,
            new ProcessProtocol.Kill { Reason = KillReason.Scenario }), atNs: 2500);
        rig.Run();
        Assert.Equal(new IoctlResult(Errno.Ok, 3), result);
        Assert.Equal(new IoctlResult(Errno.ERESTARTSYS, 0), next);
    }

    [Fact]
    public void A_call_on_a_page_that_is_being_reclaimed_says_EAGAIN_and_removal_of_an_isolated_one_EBUSY()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000, [Activity.Age] = 1000 });
        IoctlResult isolated = default;
        IoctlResult marked = default;
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            Assert.Equal(2, (await Ioctls.ModifyTypes(t, 0, 0, 2)).Count);
            await rig.Touch(t, 0, AccessKind.Eaccept);
            await rig.Touch(t, 1, AccessKind.Eaccept);
            await KernelRig.ReclaimBatch(t);
        });
        rig.User("early", async t => isolated = await Ioctls.RemovePages(t, 0, 0, 1), atNs: 500);
        rig.Run();
        Assert.Equal(new IoctlResult(Errno.EBUSY, 0), isolated);

        rig = new(prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await KernelRig.ReclaimBatch(t);
        });
        rig.User("late", async t => marked = await Ioctls.ModifyTypes(t, 0, 0, 1), atNs: 500);
        rig.Run();
        Assert.Equal(new IoctlResult(Errno.EAGAIN, 0), marked);
    }

    [Fact]
    public void EINIT_holds_the_mutex_while_it_runs()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Einit] = 1000 });
        long faultedNs = 0;
        rig.User("t", async t => await rig.Build(t, 2));
        rig.User("f", async t =>
        {
            await Encl.VmaFault(t, rig.Mm().Id, 0, 0);
            faultedNs = t.NowNs;
        }, atNs: 500);
        rig.Run();
        Assert.Equal(1000, faultedNs);
    }

    [Fact]
    public void A_forked_child_has_its_parents_translations_and_keeps_the_enclave_alive()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            await rig.Touch(t, 1);
            await Encl.ForkMm(t, rig.Mm().Id, rig.ChildMm().Id, 0);
            Assert.True(rig.ChildMm().Ptes[1].IsPresent);
            Assert.False(rig.ChildMm().Ptes[1].IsAccessed);
            Assert.False(rig.ChildMm().Ptes[0].IsPresent);
            await rig.Exit(t);
            Assert.Equal(1, rig.Enclave().MmCount);
            Assert.Equal(250, rig.FreePages);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, mm: rig.ChildMm()));
            Assert.Equal(4, await KernelRig.ReclaimBatch(t, ignoreAge: true));
            Assert.Equal(0, rig.ChildMm().Ptes.PresentCount);
            await Encl.ExitMm(t, rig.ChildMm().Id, 0);
            await Encl.CloseFile(t, 0);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R26_a_child_that_is_forked_behind_the_zap_walk(Fix fix)
    {
        // The walk has read that the parent is the first process; the fork holds the parent's mmap_lock, so the zap
        // waits for it; then the child joins and copies the parent's translation.
        KernelRig rig = new(KernelRig.Upstream with { ZapRepeats = fix });
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            await rig.Touch(t, 0);
            await t.Ask(rig.Mm().Id, new AddressSpaceProtocol.BeginFork());
            await t.Sleep(1000);
            await t.Ask(rig.ChildMm().Id, new AddressSpaceProtocol.BeginFork { IsChild = true });
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.GetFile());
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.AddMm { Mm = rig.ChildMm().Id });
            AddressSpaceProtocol.ReadPte pte = await t.Ask(rig.Mm().Id, new AddressSpaceProtocol.ReadPte());
            await t.Ask(rig.ChildMm().Id, new AddressSpaceProtocol.InsertPte { Page = 0, EpcPage = pte.EpcPage });
            await t.Ask(rig.ChildMm().Id, new AddressSpaceProtocol.EndFork());
            await t.Ask(rig.Mm().Id, new AddressSpaceProtocol.EndFork());
        });
        rig.Other("r", async t => Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1, ignoreAge: true)), atNs: 500);
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(fix == Fix.Absent, rig.ChildMm().Ptes[0].IsPresent);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.ForeignPte);
        }
    }

    [Fact]
    public void A_walk_that_finds_the_child_of_a_fork_waits_for_the_end_of_the_copy()
    {
        // Page 1 is the first on the LRU and the second to be copied: at 10500 the child has page 0 only.
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Pte] = 1000 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 0, initialises: false);
            await Ioctls.AddPages(t, 0, 1, 1, false);
            await Ioctls.AddPages(t, 0, 0, 1, false);
            await Ioctls.Init(t, 0);
            await rig.Touch(t, 0);
            await rig.Touch(t, 1);
            await t.Sleep(10_000 - t.NowNs);
            await Encl.ForkMm(t, rig.Mm().Id, rig.ChildMm().Id, 0);
        });
        rig.Other("r", async t => Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1, ignoreAge: true)), atNs: 10_500);
        rig.Run();
        Assert.True(rig.ChildMm().Ptes[0].IsPresent);
        Assert.False(rig.ChildMm().Ptes[1].IsPresent);
    }

    [Fact]
    public void A_process_that_leaves_while_a_walk_stands_on_it_does_not_hide_the_next_one()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Pte] = 1000 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await rig.Touch(t, 0);
            await Encl.ForkMm(t, rig.Mm().Id, rig.ChildMm().Id, 0);
            Assert.True(rig.Mm().Ptes[0].IsPresent);
            await t.Sleep(10_000 - t.NowNs);
            await Encl.ZapPtes(t, 0, 0, 1);
            Assert.False(rig.Mm().Ptes[0].IsPresent);
        });
        rig.User("child", async t =>
        {
            await Encl.ExitMm(t, rig.ChildMm().Id, 0);
            await Encl.CloseFile(t, 0);
        }, atNs: 10_500);
        rig.Run();
    }
}

/// <summary>virt.c.</summary>
public sealed class VirtualEpcTests
{
    [Fact]
    public void A_guest_gets_SIGBUS_when_nothing_can_be_reclaimed_and_tries_again_when_something_can()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [4])], vepcs: 1, vepcPages: 8);
        ActorId vepc = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, 0));
            Assert.Equal(FaultResult.Retry, await Virt.Fault(t, vepc, 1));
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, 1));
            Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, 2));
            Assert.Equal(FaultResult.Sigbus, await Virt.Fault(t, vepc, 3));
            await Virt.Release(t, vepc, 8);
        });
        rig.Run();
        Assert.Equal(3, rig.FreePages);
    }

    [Fact]
    public void D8_a_second_mapping_of_a_page_faults_for_ever()
    {
        KernelRig rig = new(vepcs: 1, vepcPages: 4);
        ActorId vepc = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, 0));
            Assert.Equal(FaultResult.Mapped, await Virt.Fault(t, vepc, 0));
            for (int i = 0; i < 3; i++)
            {
                Assert.Equal(FaultResult.Retry, await Virt.Fault(t, vepc, 0, mapping: 1));
            }

            await Virt.Release(t, vepc, 4);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
    }

    [Fact]
    public void REMOVE_ALL_counts_SECS_pages_with_children_and_keeps_every_page()
    {
        KernelRig rig = new(vepcs: 1, vepcPages: 4);
        ActorId vepc = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            for (int i = 0; i < 4; i++)
            {
                await Virt.Fault(t, vepc, i);
                await t.Ask(vepc, new VirtualEpcProtocol.GuestUse { Index = i, Secs = 0 });
            }

            Assert.Equal(1, await Virt.RemoveAll(t, vepc, 4));
            Assert.Equal(0, await Virt.RemoveAll(t, vepc, 4));
            Assert.Equal(252, rig.FreePages);
            await Virt.Release(t, vepc, 4);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
    }

    [Fact]
    public void A_SECS_with_a_child_in_another_instance_is_a_zombie_until_that_one_is_released()
    {
        KernelRig rig = new(vepcs: 2, vepcPages: 2);
        ActorId first = rig.Topology.VirtualMachines[0].VirtualEpc.Id;
        ActorId second = rig.Topology.VirtualMachines[1].VirtualEpc.Id;
        rig.User("t", async t =>
        {
            await Virt.Fault(t, first, 0);
            await Virt.Fault(t, first, 1);
            await Virt.Fault(t, second, 0);
            await t.Ask(first, new VirtualEpcProtocol.GuestUse { Index = 0, Secs = 0 });
            await t.Ask(first, new VirtualEpcProtocol.GuestUse { Index = 1, Secs = 0 });
            await t.Ask(
                second,
                new VirtualEpcProtocol.GuestUse
                {
                    Index = 0,
                    Secs = -1,
                    ForeignSecs = new EpcPageIndex(0),
                });
            await Virt.Release(t, first, 2);
            Assert.Equal(1, rig.Topology.ZombieSecs.Count);
            Assert.Equal(254, rig.FreePages);
            await Virt.Release(t, second, 2);
            Assert.Equal(0, rig.Topology.ZombieSecs.Count);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
    }
}
