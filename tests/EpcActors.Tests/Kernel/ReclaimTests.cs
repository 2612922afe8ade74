using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Routines;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>main.c and encl.c: ageing, write-out, VA slots, SECS, backing, reload.</summary>
public sealed partial class ReclaimTests
{
    [Theory]
    [InlineData(511, 1)]
    [InlineData(512, 2)]
    [InlineData(1023, 2)]
    [InlineData(1024, 3)]
    public void An_enclave_of_N_pages_has_a_VA_page_for_each_512_of_N_and_one(int pages, int vaPages)
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [2048])], pages: 1024);
        rig.User("t", async t => await rig.Build(t, pages));
        rig.Run();
        Assert.Equal(vaPages, rig.Enclave().VaPages.Count);
        Assert.Equal(pages + 1, rig.Enclave().PageCount);
    }

    [Fact]
    public void D1_adding_and_removing_across_a_boundary_takes_a_VA_page_each_time()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [1024])], pages: 512);
        rig.User("t", async t =>
        {
            await rig.Build(t, 511);
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 511));
                Assert.Equal(AccessResult.Hit, await rig.Touch(t, 511, AccessKind.Eaccept));
                Assert.Equal(Errno.Ok, (await Ioctls.ModifyTypes(t, 0, 511, 1)).Errno);
                Assert.Equal(AccessResult.Hit, await rig.Touch(t, 511, AccessKind.Eaccept));
                Assert.Equal(Errno.Ok, (await Ioctls.RemovePages(t, 0, 511, 1)).Errno);
                Assert.Equal(2 + round, rig.Enclave().VaPages.Count);
                Assert.Equal(512, rig.Enclave().PageCount);
            }
        });
        rig.Run();
    }

    [Fact]
    public void A_batch_is_aged_and_pinned_as_a_whole_then_blocked_then_written()
    {
        KernelRig rig = new();
        int start = 0;
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            start = rig.Steps.Count;
            await KernelRig.ReclaimBatch(t, limit: 3);
        });
        rig.Run();
        List<string> phases =
        [
            .. rig
                .Steps.Skip(start)
                .Select(step => step.Message)
                .Where(name =>
                    name
                        is "AgePage"
                            or "MarkReclaimedAndUnlock"
                            or "BlockPage"
                            or "LockForWrite"
                            or "Etrack"
                            or "FinishWrite"),
        ];
        Assert.Equal(
            [
                "AgePage",
                "MarkReclaimedAndUnlock",
                "AgePage",
                "MarkReclaimedAndUnlock",
                "AgePage",
                "MarkReclaimedAndUnlock",
                "BlockPage",
                "BlockPage",
                "BlockPage",
                "LockForWrite",
                "Etrack",
                "FinishWrite",
                "LockForWrite",
                "FinishWrite",
                "LockForWrite",
                "FinishWrite",
            ],
            phases);
    }

    [Fact]
    public void Each_enclave_of_a_batch_pays_one_ETRACK()
    {
        KernelRig rig = new(enclaves: 2);
        rig.User("a", async t => await rig.Build(t, 6));
        rig.User("b", async t => await rig.Build(t, 6, enclave: 1), enclave: 1);
        rig.Other("r", async t => await KernelRig.ReclaimBatch(t, 12), atNs: 10);
        rig.Run();
        Assert.Equal(
            ["enclave:a", "enclave:b"],
            rig.Steps.Where(step => step.Content is EnclaveProtocol.Etrack).Select(step => step.Resource));
        Assert.Equal(0, rig.Count<EnclaveProtocol.SendIpi>());
    }

    [Fact]
    public void A_thread_inside_since_before_the_ETRACK_costs_an_IPI_and_one_that_enters_later_does_not()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 8);
            EnclaveProtocol.EnterEnclave enter = await t.Ask(rig.Enclave().Id, new EnclaveProtocol.EnterEnclave());
            await KernelRig.ReclaimBatch(t, 4);
            Assert.Equal(1, rig.Count<EnclaveProtocol.SendIpi>());
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.ExitEnclave { Epoch = enter.Epoch });
            await KernelRig.ReclaimBatch(t, 2);
            Assert.Equal(1, rig.Count<EnclaveProtocol.SendIpi>());
            Assert.Equal(2, rig.Count<EnclaveProtocol.Etrack>());
        });
        rig.Run();
    }

    [Fact]
    public void A_young_page_goes_to_the_tail_and_is_old_the_next_time()
    {
        KernelRig rig = new();
        List<int> swapped = [];
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 0));
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 2));
            Assert.Equal(EnclavePageState.Resident, rig.Enclave().Entries[0].State);
            Assert.Equal(EnclavePageState.Swapped, rig.Enclave().Entries[1].State);
            rig.Topology.Cgroups[0]
                .ForEachLruPage(page => swapped.Add(rig.Machine.Space.PageOf(rig.Machine.Pages[page].Owner)));
            Assert.Equal(3, await KernelRig.ReclaimBatch(t));
        });
        rig.Run();
        Assert.Equal([2, 3, 0], swapped);
    }

    [Fact]
    public void A_page_just_loaded_is_old_and_one_just_augmented_is_young()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await KernelRig.ReclaimBatch(t);
            await Encl.VmaFault(t, rig.Mm().Id, 0, 0);
            await Encl.VmaFault(t, rig.Mm().Id, 0, 1);
            Assert.False(rig.Mm().Ptes[0].IsAccessed);
            Assert.True(rig.Mm().Ptes[1].IsAccessed);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.Equal(EnclavePageState.Swapped, rig.Enclave().Entries[0].State);
            Assert.Equal(EnclavePageState.Resident, rig.Enclave().Entries[1].State);
        });
        rig.Run();
    }

    [Fact]
    public void Ageing_stops_at_the_first_young_process_and_later_ones_keep_their_accessed_bit()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await Encl.ForkMm(t, rig.Mm().Id, rig.ChildMm().Id, 0);
            await rig.Touch(t, 0);
            await rig.Touch(t, 0, mm: rig.ChildMm());
            Assert.Equal(0, await KernelRig.ReclaimBatch(t));

            // The child joined last and stands first.
            Assert.False(rig.ChildMm().Ptes[0].IsAccessed);
            Assert.True(rig.Mm().Ptes[0].IsAccessed);
            Assert.Equal(0, await KernelRig.ReclaimBatch(t));
            Assert.Equal(1, await KernelRig.ReclaimBatch(t));
            Assert.False(rig.Mm().Ptes[0].IsPresent || rig.ChildMm().Ptes[0].IsPresent);
        });
        rig.Run();
    }

    [Fact]
    public void The_SECS_goes_with_the_last_child_of_an_initialised_enclave_only()
    {
        KernelRig rig = new(enclaves: 2);
        rig.User("a", async t =>
        {
            await rig.Build(t, 3, initialises: false);
            await KernelRig.ReclaimBatch(t);
            Assert.Equal(0, rig.Enclave().SecsChildCount);
            Assert.False(rig.Enclave().SecsPage.IsNone);
        });
        rig.User("b", async t =>
        {
            await rig.Build(t, 3, enclave: 1);
            await KernelRig.ReclaimBatch(t, 2);
            Assert.False(rig.Enclave(1).SecsPage.IsNone);
            await KernelRig.ReclaimBatch(t);
            Assert.True(rig.Enclave(1).SecsPage.IsNone);
            Assert.True(rig.Backing(1).HasContents(64));
            Assert.Equal(4, rig.Enclave(1).VaPages.UsedSlots);
        }, atNs: 10, enclave: 1);
        rig.Run();

        // 256 less VA and SECS of a and VA of b.
        Assert.Equal(253, rig.FreePages);
    }

    [Fact]
    public void A_child_of_an_evicted_SECS_takes_two_pages_and_leaves_the_SECS_in_when_there_is_only_one()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [8])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await KernelRig.ReclaimBatch(t);
            Assert.Equal(7, rig.FreePages);
            List<EpcPageIndex> held = [];
            for (int i = 0; i < 6; i++)
            {
                held.Add((await Main.AllocEpcPage(t, false)).Page);
            }

            // The LRU is empty and so is the EPC after the SECS: ENOMEM, that is SIGBUS.
            Assert.Equal(FaultResult.Sigbus, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            Assert.False(rig.Enclave().SecsPage.IsNone);
            Assert.Equal(EnclavePageState.Swapped, rig.Enclave().Entries[0].State);
            await Main.FreeEpcPage(t, held[0]);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            for (int i = 1; i < 6; i++)
            {
                await Main.FreeEpcPage(t, held[i]);
            }
        });
        rig.Run();
        Assert.Equal(0, rig.Backing().AllocatedPages);
        Assert.Equal(0, rig.Enclave().VaPages.UsedSlots);
    }

    [Fact]
    public void A_fault_on_a_page_that_is_being_reclaimed_says_try_again()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        FaultResult result = FaultResult.Mapped;
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await KernelRig.ReclaimBatch(t, 1);
        });
        rig.User("fault", async t => result = await Encl.VmaFault(t, rig.Mm().Id, 0, 0), atNs: 500);
        rig.Run();
        Assert.Equal(FaultResult.Retry, result);
    }

    [Fact]
    public void What_waits_for_an_EACCEPT_waits_for_it_after_a_reload_too()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 1));
            Assert.Equal(2, await KernelRig.ReclaimBatch(t, ignoreAge: true));
            Assert.Equal(AccessResult.EpcmFault, await rig.Touch(t, 1));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 1, AccessKind.Eaccept));
            Assert.Equal(AccessResult.Hit, await rig.Touch(t, 1));
            Assert.Equal(Errno.Ok, (await Ioctls.ModifyTypes(t, 0, 1, 1)).Errno);
            Assert.Equal(1, await KernelRig.ReclaimBatch(t, 1, ignoreAge: true));
            Assert.Equal(new IoctlResult(Errno.EPERM, 0), await Ioctls.RemovePages(t, 0, 1, 1));
        });
        rig.Run();
    }

    [Fact]
    public void The_reclaimer_can_drop_the_last_reference_and_then_releases_the_enclave()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        rig.User("t", async t => await rig.Build(t, 20));
        rig.Other("r", async t => await KernelRig.ReclaimBatch(t), atNs: 100);
        rig.User("exit", async t => await rig.Exit(t), atNs: 500);
        rig.Run();
        Assert.Contains("TakeEntry", rig.MessagesOf("r"));
        Assert.DoesNotContain("TakeEntry", rig.MessagesOf("exit"));
        Assert.Equal(256, rig.FreePages);
        Assert.Equal(0, rig.Backing().AllocatedPages);
    }

    [Fact]
    public void A_page_of_a_dying_enclave_is_forgotten_by_the_reclaimer_and_freed_by_the_release()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eremove] = 1000 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 20);
            await rig.Exit(t);
        });
        rig.Other("r", async t => Assert.Equal(0, await KernelRig.ReclaimBatch(t)), atNs: 500);
        rig.Run();
        Assert.Equal(256, rig.FreePages);
        Assert.Equal(0, rig.LruPages);
    }

    [Fact]
    public void An_enclave_with_everything_swapped_out_is_released_to_the_last_page()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 16);
            await KernelRig.ReclaimBatch(t);
            Assert.Equal(255, rig.FreePages);
            await rig.Exit(t);
        });
        rig.Run();
        Assert.Equal(256, rig.FreePages);
        Assert.Equal(0, rig.Backing().AllocatedPages);
        Assert.Equal(0, rig.Enclave().SwappedPages);
    }

    /// <summary>
    /// A child goes to the free list as EWB left it; the SECS goes by sgx_encl_free_epc_page, whose EREMOVE has nothing
    /// to do and takes its time.
    /// </summary>
    [Fact]
    public void EREMOVE_follows_the_EWB_of_a_SECS_and_of_no_other_page()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Eremove] = 1000 });
        long childrenNs = -1;
        long lastNs = -1;
        rig.User("t", async t =>
        {
            await rig.Build(t, 20);
            long startNs = t.NowNs;
            Assert.Equal(16, await KernelRig.ReclaimBatch(t));
            childrenNs = t.NowNs - startNs;
            startNs = t.NowNs;
            Assert.Equal(4, await KernelRig.ReclaimBatch(t));
            lastNs = t.NowNs - startNs;
            Assert.Equal(255, rig.FreePages);
            await rig.Exit(t);
        });
        rig.Run();
        Assert.Equal((0L, 1000L), (childrenNs, lastNs));
        Assert.Equal(256, rig.FreePages);
    }

    [Fact]
    public void D5_pages_in_the_hands_of_another_reclaimer_make_an_allocator_fail_with_ENOMEM()
    {
        KernelRig rig = new(
            nodes: [new NodeSpec(1, [8])],
            prices: new Dictionary<Activity, long> { [Activity.Eblock] = 1000 });
        Errno during = Errno.Ok;
        rig.User("t", async t => await rig.Build(t, 6));
        rig.Other("r", async t => await KernelRig.ReclaimBatch(t), atNs: 100);
        rig.User("alloc", async t => during = (await Main.AllocEpcPage(t, true)).Errno, atNs: 500);
        rig.Run();
        Assert.Equal(Errno.ENOMEM, during);
    }

    [Fact]
    public void D12_a_touch_of_the_only_page_moves_the_SECS_with_it()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            for (int i = 0; i < 5; i++)
            {
                await KernelRig.ReclaimBatch(t, ignoreAge: true);
                await rig.Touch(t, 0);
            }
        });
        rig.Run();
        Assert.Equal(10, rig.Count<EnclaveProtocol.Eldu>());
        Assert.Equal(10, rig.Steps.Count(step => step.Content is EnclaveProtocol.Ewb { Result: LeafResult.Done }));
    }

    [Fact]
    public void A_debugger_loads_a_page_and_D6_spins_while_it_is_busy()
    {
        KernelRig rig = new(prices: new Dictionary<Activity, long> { [Activity.Pte] = 1000 });
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await KernelRig.ReclaimBatch(t, 1);
        });
        rig.Other("gdb", async t => Assert.Equal(Errno.Ok, await Encl.VmaAccess(t, 0, 0)), atNs: 500);
        rig.Other("gdb2", async t => Assert.Equal(Errno.EFAULT, await Encl.VmaAccess(t, 0, 40)), atNs: 500);
        rig.Run();
        Assert.True(rig.Reports.Count(report => report is { Task: "gdb", What: RunEvent.FaultRetry }) > 100);
        Assert.Equal(EnclavePageState.Resident, rig.Enclave().Entries[0].State);
    }
}
