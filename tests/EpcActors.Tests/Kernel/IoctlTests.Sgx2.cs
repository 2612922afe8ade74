using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <content>EAUG, changes of type and permissions, removal.</content>
public sealed partial class IoctlTests
{
    [Fact]
    public void Permissions_types_and_removal_follow_the_types_of_pages()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 4, initialises: false);
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.AddPages(t, 0, 4, 1, false, isTcs: true));
            Assert.Equal(Errno.Ok, await Ioctls.Init(t, 0));

            // tcs_permissions: refused in software, before EMODPR.
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RestrictPermissions(t, 0, 4, 1));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.ModifyTypes(t, 0, 4, 1, EnclavePageType.Tcs));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.ModifyTypes(t, 0, 0, 1, EnclavePageType.Reg));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 4, 1, EnclavePageType.Trim));

            // Not trimmed, not accepted, accepted; trimmed once is trimmed for good.
            Assert.Equal(new IoctlResult(Errno.EPERM, 0), await Ioctls.RemovePages(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.EPERM, 0), await Ioctls.RemovePages(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.ModifyTypes(t, 0, 0, 1));
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RestrictPermissions(t, 0, 0, 1));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 0));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Eaccept));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 0));
            Assert.Equal(new IoctlResult(Errno.EPERM, 1), await Ioctls.RemovePages(t, 0, 0, 2));
            Assert.Equal(EnclavePageState.Absent, rig.Enclave().Entries[0].State);
            Assert.False(rig.Mm().Ptes[0].IsPresent);
        });
        rig.Run();
    }

    [Fact]
    public void A_page_that_becomes_a_TCS_loses_its_translations_and_keeps_its_type_over_an_eviction()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await rig.Touch(t, 0);
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 0, 1, EnclavePageType.Tcs));
            Assert.False(rig.Mm().Ptes[0].IsPresent);
            Assert.Equal(2, rig.LruPages);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0, AccessKind.Eaccept));
            await KernelRig.ReclaimBatch(t, ignoreAge: true);
            Assert.Equal(new IoctlResult(Errno.EINVAL, 0), await Ioctls.RestrictPermissions(t, 0, 0, 1));
        });
        rig.Run();
    }

    [Fact]
    public void SGX2_calls_say_ENODEV_without_SGX2_and_EBUSY_before_that_during_another()
    {
        KernelRig rig = new(KernelRig.Upstream with { Sgx2 = Fix.Absent });
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(Errno.ENODEV, (await Ioctls.ModifyTypes(t, 0, 0, 1)).Errno);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.BeginIoctl());
            Assert.Equal(Errno.EBUSY, (await Ioctls.ModifyTypes(t, 0, 0, 1)).Errno);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.EndIoctl());
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
        });
        rig.Run();
    }

    [Fact]
    public void SGX2_calls_reclaim_directly_below_32_free_pages()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [64])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 40);
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.ModifyTypes(t, 0, 39, 1));
        });
        rig.Run();
        Assert.Equal(16, rig.Reports.Count(report => report.What == RunEvent.Evicted));
    }

    [Fact]
    public void An_augmented_page_is_pending_until_EACCEPT()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 5, AccessKind.Write));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 5));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 5, AccessKind.Eaccept));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 5, AccessKind.Write));
        });
        rig.Run();
        Assert.Equal(1, rig.Count<EnclaveProtocol.Eaug>());
    }

    [Fact]
    public void EAUG_before_EINIT_is_SIGBUS()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1, initialises: false);
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 5));
        });
        rig.Run();
    }

    [Theory]
    [InlineData(Fix.Present, FaultResult.Mapped)]
    [InlineData(Fix.Absent, FaultResult.Sigbus)]
    public void R7_EAUG_brings_an_evicted_SECS_back_first(Fix fix, FaultResult expected)
    {
        KernelRig rig = new(KernelRig.Upstream with { EaugLoadsSecs = fix });
        FaultResult result = FaultResult.Retry;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await KernelRig.ReclaimBatch(t);
            result = await Encl.VmaFault(t, rig.Mm().Id, 0, 5);
        });
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(expected, result);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.WrongfulSignal);
        }
    }

    [Theory]
    [InlineData(Fix.Present, FaultResult.Retry)]
    [InlineData(Fix.Absent, FaultResult.Sigbus)]
    public void R8_no_page_for_a_VA_page_just_now_means_try_again(Fix fix, FaultResult expected)
    {
        // 511 pages and the SECS: page 512 needs a VA page. One page is free: it goes to the page itself.
        KernelRig rig = new(KernelRig.Upstream with { EaugVaBusyRetries = fix }, [new NodeSpec(1, [514])], pages: 1024);
        FaultResult result = FaultResult.Mapped;
        rig.User("t", async t =>
        {
            await rig.Build(t, 511);
            Assert.Equal(1, rig.FreePages);
            result = await Encl.VmaFault(t, rig.Mm().Id, 0, 600);
            Assert.Equal(1, rig.FreePages);
            Assert.Equal(512, rig.Enclave().PageCount);
        });
        rig.Run();
        Assert.Equal(expected, result);
    }

    [Theory]
    [InlineData(Fix.Present, FaultResult.Retry)]
    [InlineData(Fix.Absent, FaultResult.Sigbus)]
    public void R9_the_loser_of_two_EAUGs_of_one_page(Fix fix, FaultResult expected)
    {
        KernelRig rig = new(
            KernelRig.Upstream with { EaugRaceTolerated = fix },
            [new NodeSpec(1, [1024])],
            pages: 1024,
            prices: new Dictionary<Activity, long> { [Activity.Eaug] = 1000 });
        FaultResult winner = FaultResult.Retry;
        FaultResult loser = FaultResult.Mapped;
        rig.User("t", async t =>
        {
            // The winner's page takes page_cnt to 512: the loser grows a VA page, and has to give it back. Both looked
            // before either got the mutex.
            await rig.Build(t, 510);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.Lock());
            await t.Sleep(1000);
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.Unlock());
        });
        rig.User("u", async t => winner = await Encl.VmaFault(t, rig.Mm().Id, 0, 600), atNs: 400);
        rig.User("v", async t => loser = await Encl.VmaFault(t, rig.Mm().Id, 0, 600), atNs: 500);
        rig.Run();
        Assert.Equal(FaultResult.Mapped, winner);
        Assert.Equal(expected, loser);
        Assert.Equal(1, rig.Enclave().VaPages.Count);
        Assert.Equal(2, rig.Count<EnclaveProtocol.LinkVaPage>());
        Assert.Equal(512, rig.Enclave().PageCount);
        Assert.Equal(1024 - 513, rig.FreePages);
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R10_a_fault_between_the_zap_and_the_removal(Fix fix)
    {
        KernelRig rig = new(
            KernelRig.Upstream with
            {
                RemovalMarked = fix,
            },
            prices: new Dictionary<Activity, long> { [Activity.Pte] = 1000 });
        FaultResult during = FaultResult.Sigbus;
        AccessResult after = AccessResult.Hit;
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await Ioctls.ModifyTypes(t, 0, 0, 1);
            await rig.Touch(t, 0, AccessKind.Eaccept);
            await t.Sleep(10_000 - t.NowNs);
            Assert.Equal(Errno.Ok, (await Ioctls.RemovePages(t, 0, 0, 1)).Errno);
        });
        rig.User("f", async t =>
        {
            during = await Encl.VmaFault(t, rig.Mm().Id, 0, 0);
            await t.Sleep(10_000);
            after = await rig.Touch(t, 0, AccessKind.Eaccept);
        }, atNs: 10_500);
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(fix == Fix.Present ? FaultResult.Retry : FaultResult.Mapped, during);

        // With the fix a fresh page comes; without, the address is dead: a translation to a page that is not the
        // enclave's.
        Assert.Equal(fix == Fix.Present ? AccessResult.Hit : AccessResult.EpcmFault, after);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.ForeignPte);
        }
    }

    [Fact]
    public void R10s_mark_does_not_outlive_a_removal_that_found_the_page_isolated()
    {
        KernelRig rig = new(
            KernelRig.Upstream with
            {
                RemovalMarked = Fix.Present,
            },
            prices: new Dictionary<Activity, long> { [Activity.Age] = 1000 });
        IoctlResult removal = default;
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await Ioctls.ModifyTypes(t, 0, 0, 1);
            await rig.Touch(t, 0, AccessKind.Eaccept);
            Assert.Equal(0, await KernelRig.ReclaimBatch(t));
            Assert.Equal(new IoctlResult(Errno.Ok, 1), await Ioctls.RemovePages(t, 0, 0, 1));
        });
        rig.User("early", async t => removal = await Ioctls.RemovePages(t, 0, 0, 1), atNs: 500);
        rig.Run();
        Assert.Equal(new IoctlResult(Errno.EBUSY, 0), removal);
    }

    [Fact]
    public void D7_a_fault_that_saw_the_entry_before_it_was_erased_is_SIGBUS_and_not_EAUG()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eremove] = 1000 });
        FaultResult result = FaultResult.Mapped;
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await Ioctls.ModifyTypes(t, 0, 0, 1);
            await rig.Touch(t, 0, AccessKind.Eaccept);
            Assert.Equal(Errno.Ok, (await Ioctls.RemovePages(t, 0, 0, 1)).Errno);
        });
        rig.User("f", async t => result = await Encl.VmaFault(t, rig.Mm().Id, 0, 0), atNs: 500);
        rig.Run();
        Assert.Equal(FaultResult.Sigbus, result);
    }
}
