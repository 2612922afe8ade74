using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <content>The backing store of what was written out, and its slots in VA pages.</content>
public sealed partial class ReclaimTests
{
    [Fact]
    public void Every_write_out_has_a_version_of_its_own_and_the_load_wants_that_one()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            for (uint round = 1; round <= 3; round++)
            {
                await KernelRig.ReclaimBatch(t, 1);
                int page = rig.Enclave().Entries[0].State == EnclavePageState.Swapped ? 0 : 1;
                Assert.Equal(round, rig.Backing().ContentsVersion(page));
                Assert.Equal(round, rig.Backing().PcmdVersion(page));
                Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, page));
            }
        });
        rig.Run();
    }

    [Fact]
    public void The_PCMD_page_goes_with_the_last_record_on_it_and_the_SECS_of_a_small_enclave_shares_it()
    {
        // 16 pages: contents 0 to 15, SECS at 16, all records on PCMD page 0.
        KernelRig rig = new(pages: 16);
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await KernelRig.ReclaimBatch(t);
            Assert.Equal(4, rig.Backing().AllocatedPages);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            Assert.Equal(2, rig.Backing().AllocatedPages);
            Assert.True(rig.Backing().HasPcmdPage(0));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 1));
            Assert.Equal(0, rig.Backing().AllocatedPages);
        });
        rig.Run();
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R3_a_PCMD_page_stays_while_the_reclaimer_is_about_to_write_to_it(Fix fix)
    {
        // Page 0 is out. The reclaimer pins page 1's backing and spends time on the EBLOCK; a fault loads page 0 then.
        KernelRig rig = new(
            KernelRig.Upstream with { PcmdTruncateChecked = fix },
            prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        FaultResult result = FaultResult.Retry;
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await KernelRig.ReclaimBatch(t, 1);
            await KernelRig.ReclaimBatch(t, 1);
        });
        rig.User(
            "fault",
            async t => Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0)),
            atNs: 1500);
        rig.User("later", async t => result = await Encl.VmaFault(t, rig.Mm().Id, 0, 1), atNs: 5000);
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(fix == Fix.Present ? FaultResult.Mapped : FaultResult.Sigbus, result);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.Contents);
        }
    }

    [Theory]
    [InlineData(Fix.Present, 0)]
    [InlineData(Fix.Absent, 3)]
    public void R24_the_backing_goes_when_the_page_is_loaded(Fix fix, int pagesLeft)
    {
        KernelRig rig = new(KernelRig.Upstream with { BackingFreedAfterLoad = fix });
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await KernelRig.ReclaimBatch(t, 2);
            await rig.Touch(t, 0);
            await rig.Touch(t, 1);
        });
        rig.Run();
        Assert.Equal(pagesLeft, rig.Backing().AllocatedPages);
    }

    [Fact]
    public void VA_slots_are_taken_lowest_first_a_full_page_goes_to_the_tail_and_one_with_room_to_the_head()
    {
        VaPages pages = new();
        pages.AddHead(new EpcPageIndex(10));
        pages.AddHead(new EpcPageIndex(11));
        for (int i = 0; i < 512; i++)
        {
            Assert.Equal(512 + i, pages.TakeSlot());
        }

        Assert.Equal(10, pages.First.Value);
        Assert.Equal(0, pages.TakeSlot());
        pages.FreeSlot(512 + 7);
        Assert.Equal(11, pages.First.Value);
        Assert.Equal(512 + 7, pages.TakeSlot());
        Assert.Equal(10, pages.First.Value);
    }

    [Fact]
    public void A_page_whose_backing_cannot_be_charged_is_skipped_and_D4_the_SECS_stays_for_the_same_reason()
    {
        // Room for one contents page and its PCMD page: the child goes, the SECS (PCMD page 2) stays.
        KernelRig rig = new(memoryMaxPages: 2);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(0, rig.Enclave().SecsChildCount);
            Assert.False(rig.Enclave().SecsPage.IsNone);
            Assert.Equal(1, rig.Enclave().VaPages.UsedSlots);
        });
        rig.Run();
    }
}
