using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;
using EpcActors.Results;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>main.c: allocation, free lists, nodes, watermarks, sanitising, poison.</summary>
public sealed partial class AllocatorTests
{
    [Fact]
    public void The_first_page_of_an_enclave_is_a_VA_page_and_the_second_its_SECS()
    {
        KernelRig rig = new();
        rig.User("t", async t => await rig.Build(t, 1));
        rig.Run();
        List<int> va = [];
        rig.Enclave().VaPages.ForEach(page => va.Add(page.Value));
        Assert.Equal([0], va);
        Assert.Equal(1, rig.Enclave().SecsPage.Value);
        Assert.Equal(2, rig.Enclave().Entries[0].EpcPage.Value);
    }

    [Fact]
    public void Free_pages_are_used_again_in_the_order_in_which_they_were_freed()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [4])]);
        List<int> got = [];
        rig.User("t", async t =>
        {
            List<EpcPageIndex> held = [];
            for (int i = 0; i < 4; i++)
            {
                held.Add((await Main.AllocEpcPage(t, false)).Page);
            }

            foreach (int i in new[] { 2, 0, 3, 1 })
            {
                await Main.FreeEpcPage(t, held[i]);
            }

            for (int i = 0; i < 4; i++)
            {
                got.Add((await Main.AllocEpcPage(t, false)).Page.Value);
            }

            foreach (int page in got)
            {
                await Main.FreeEpcPage(t, new EpcPageIndex(page));
            }
        });
        rig.Run();
        Assert.Equal([2, 0, 3, 1], got);
    }

    [Fact]
    public void Without_anything_to_reclaim_the_answer_is_ENOMEM_and_ksgxd_is_not_woken()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [2])]);
        Errno last = Errno.Ok;
        rig.User("t", async t =>
        {
            EpcPageIndex first = (await Main.AllocEpcPage(t, true)).Page;
            EpcPageIndex second = (await Main.AllocEpcPage(t, true)).Page;
            last = (await Main.AllocEpcPage(t, true)).Errno;
            await Main.FreeEpcPage(t, first);
            await Main.FreeEpcPage(t, second);
        });
        rig.Run();
        Assert.Equal(Errno.ENOMEM, last);
        Assert.Equal(0, rig.Count<WaitChannelProtocol.Wake>());
    }

    [Fact]
    public void EBUSY_wakes_ksgxd_and_so_does_success_below_32_free_pages_but_not_at_32()
    {
        // 40 pages: VA, SECS and six children leave 32.
        KernelRig rig = new(nodes: [new NodeSpec(1, [40])]);
        List<int> wakes = [];
        Errno busy = Errno.Ok;
        rig.User("t", async t =>
        {
            await rig.Build(t, 6);
            wakes.Add(rig.Count<WaitChannelProtocol.Wake>());
            List<EpcPageIndex> held = [];
            for (int i = 0; i < 32; i++)
            {
                held.Add((await Main.AllocEpcPage(t, false)).Page);
                wakes.Add(rig.Count<WaitChannelProtocol.Wake>());
            }

            busy = (await Main.AllocEpcPage(t, false)).Errno;
            wakes.Add(rig.Count<WaitChannelProtocol.Wake>());
            foreach (EpcPageIndex page in held)
            {
                await Main.FreeEpcPage(t, page);
            }
        });
        rig.Run();
        Assert.Equal(0, wakes[0]);
        Assert.Equal(1, wakes[1]);
        Assert.Equal(Errno.EBUSY, busy);
        Assert.Equal(33, wakes[^1]);
    }

    [Fact]
    public void Ksgxd_reclaims_from_below_32_free_pages_up_to_64()
    {
        KernelRig rig = new(nodes: [new NodeSpec(4, [128])], pages: 128, withKsgxd: true);
        rig.User("t", async t => await rig.Build(t, 100));

        // 128 - VA - SECS - 100 = 26 free: woken at 31; five batches of 16 would be 31 -> 111, three are enough.
        rig.Run();
        int written = rig.Reports.Count(report => report.What == RunEvent.Evicted);
        Assert.True(rig.FreePages >= 64, $"{rig.FreePages} free");
        Assert.Equal(0, written % 16);
        Assert.InRange(rig.FreePages, 64, 64 + 15);
    }

    /// <summary>
    /// The mark is a comparison of one number, in every way of keeping that number and with charges or without.
    /// </summary>
    [Theory]
    [InlineData(FreePageCounterMode.Atomic, EpcCgroupMode.Off, 32, 0)]
    [InlineData(FreePageCounterMode.Atomic, EpcCgroupMode.Off, 31, 1)]
    [InlineData(FreePageCounterMode.Racy, EpcCgroupMode.Off, 32, 0)]
    [InlineData(FreePageCounterMode.Racy, EpcCgroupMode.Off, 31, 1)]
    [InlineData(FreePageCounterMode.PerNode, EpcCgroupMode.Off, 32, 0)]
    [InlineData(FreePageCounterMode.PerNode, EpcCgroupMode.Off, 31, 1)]
    [InlineData(FreePageCounterMode.Atomic, EpcCgroupMode.On, 32, 0)]
    [InlineData(FreePageCounterMode.Atomic, EpcCgroupMode.On, 31, 1)]
    public void The_allocator_that_leaves_31_free_pages_wakes_ksgxd(
        FreePageCounterMode counter, EpcCgroupMode cgroups, int left, int wakes)
    {
        KernelRig rig = new(
            switches: KernelRig.Upstream with { FreePageCounter = counter, EpcCgroup = cgroups },
            nodes: [new NodeSpec(1, [20]), new NodeSpec(1, [20])]);
        rig.User("t", async t =>
        {
            await rig.Build(t, 40 - 2 - left);
            Assert.Equal(left, rig.FreePages);
        });
        rig.Run();
        Assert.Equal(wakes, rig.Count<WaitChannelProtocol.Wake>());
    }

    [Fact]
    public void Ksgxd_sleeps_at_64_free_pages_and_not_at_63()
    {
        // Woken once, by hand, with so many free pages: below the high mark it reclaims a batch, at it none.
        Assert.Equal(16, Evicted(free: 63));
        Assert.Equal(16, Evicted(free: 48));
        Assert.Equal(0, Evicted(free: 64));

        static int Evicted(int free)
        {
            KernelRig rig = new(nodes: [new NodeSpec(4, [128])], pages: 128, withKsgxd: true);
            rig.User("t", async t =>
            {
                await rig.Build(t, 128 - 2 - free);
                await t.Ask(rig.Topology.KsgxdWaitQueue.Id, new WaitChannelProtocol.Wake());
            });
            rig.Run();
            return rig.Reports.Count(report => report.What == RunEvent.Evicted);
        }
    }

    [Theory]
    [InlineData(0, new[] { 0 })]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 2 })]
    [InlineData(3, new[] { 1 })]
    public void A_node_with_a_free_page_is_asked_first_and_alone(int home, int[] asked)
    {
        // Node 3 has no EPC, nor has node 0 below: the next that has is asked.
        KernelRig rig = new(
            nodes:
            [
                new NodeSpec(1, home == 0 ? [4] : []), new NodeSpec(1, [4]), new NodeSpec(1, [4]), new NodeSpec(1, []),
            ]);
        rig.User("t", async t => await Main.FreeEpcPage(t, (await Main.AllocEpcPage(t, false)).Page), node: home);
        rig.Run();
        Assert.Equal(
            asked.Select(node => $"node-{node}"),
            rig.Steps.Where(step => step.Content is NumaNodeProtocol.TakePage).Select(step => step.Resource));
    }

    [Fact]
    public void The_walk_over_the_nodes_begins_at_home_and_goes_up_and_around()
    {
        KernelRig rig = new(
            nodes: [new NodeSpec(1, [1]), new NodeSpec(1, []), new NodeSpec(1, [1]), new NodeSpec(1, [1])]);
        rig.User(
            "t",
            async t =>
            {
                List<EpcPageIndex> held = [];
                for (int i = 0; i < 3; i++)
                {
                    held.Add((await Main.AllocEpcPage(t, false)).Page);
                }

                Assert.Equal(Errno.ENOMEM, (await Main.AllocEpcPage(t, false)).Errno);
                foreach (EpcPageIndex page in held)
                {
                    await Main.FreeEpcPage(t, page);
                }
            },
            node: 1);
        rig.Run();
        Assert.Equal(
            ["node-2", "node-2", "node-3", "node-2", "node-3", "node-0", "node-2", "node-3", "node-0"],
            rig.Steps.Where(step => step.Content is NumaNodeProtocol.TakePage).Select(step => step.Resource));
    }

    [Fact]
    public void R13_the_walk_of_old_kernels_never_ends_on_a_node_without_EPC_and_that_is_found()
    {
        KernelRig rig = new(
            KernelRig.Upstream with { NodeWalkTerminates = Fix.Absent }, [new NodeSpec(1, []), new NodeSpec(1, [1])]);
        rig.User("t", async t =>
        {
            await Main.AllocEpcPage(t, false);
            await Main.AllocEpcPage(t, false);
        });
        Assert.Equal(RunEnd.Stopped, rig.Run(expectClean: false));
        rig.AssertViolation(Rules.Liveness);
    }

    [Fact]
    public void R13_the_walk_of_old_kernels_ends_on_a_node_with_EPC()
    {
        KernelRig rig = new(
            KernelRig.Upstream with { NodeWalkTerminates = Fix.Absent }, [new NodeSpec(1, [1]), new NodeSpec(1, [1])]);
        Errno last = Errno.Ok;
        rig.User("t", async t =>
        {
            EpcPageIndex a = (await Main.AllocEpcPage(t, false)).Page;
            EpcPageIndex b = (await Main.AllocEpcPage(t, false)).Page;
            last = (await Main.AllocEpcPage(t, false)).Errno;
            await Main.FreeEpcPage(t, a);
            await Main.FreeEpcPage(t, b);
        });
        rig.Run();
        Assert.Equal(Errno.ENOMEM, last);
    }

    [Fact]
    public void Several_sections_of_a_node_follow_one_another()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [2, 3])]);
        List<int> got = [];
        rig.User("t", async t =>
        {
            for (int i = 0; i < 5; i++)
            {
                got.Add((await Main.AllocEpcPage(t, false)).Page.Value);
            }

            foreach (int page in got)
            {
                await Main.FreeEpcPage(t, new EpcPageIndex(page));
            }
        });
        rig.Run();
        Assert.Equal([0, 1, 2, 3, 4], got);
        Assert.Equal(5, rig.Topology.Nodes[0].CapacityPages);
    }

    [Fact]
    public void Before_sanitising_has_got_anywhere_an_allocation_fails_with_ENOMEM_at_once()
    {
        KernelRig rig = new(sanitises: true);
        Errno before = Errno.Ok;
        int after = 0;
        rig.User("early", async t => before = (await Main.AllocEpcPage(t, true)).Errno);
        rig.User("late", async t =>
        {
            rig.Engine.Start(rig.Topology.Ksgxd, 0);
            await t.Sleep(1000);
            after = rig.FreePages;
        }, atNs: 10);
        rig.Run();
        Assert.Equal(Errno.ENOMEM, before);
        Assert.Equal(256, after);
        Assert.Equal(256, rig.Topology.FreePageCounter.Pages);
    }

    [Fact]
    public void Pages_that_are_sanitised_after_the_free_list_ran_dry_are_found()
    {
        FreeList list = new(new EpcPageTable(8));
        list.AddFresh(0, 2);
        Assert.Equal([0, 1, -1], [list.PopHead().Value, list.PopHead().Value, list.PopHead().Value]);
        list.AddFresh(2, 4);
        Assert.Equal(2, list.Count);
        Assert.Equal([2, 3, -1], [list.PopHead().Value, list.PopHead().Value, list.PopHead().Value]);
    }

    [Theory]
    [InlineData(FreePageCounterMode.Racy)]
    [InlineData(FreePageCounterMode.Atomic)]
    [InlineData(FreePageCounterMode.PerNode)]
    public void Each_sanitised_page_is_counted_before_the_next_by_5_15_under_the_lock(FreePageCounterMode mode)
    {
        KernelSwitches switches = KernelRig.Upstream with { FreePageCounter = mode };
        KernelRig rig = new(switches, [new NodeSpec(1, [4])], sanitises: true, withKsgxd: true);
        rig.Run();
        string[] ofOne = mode switch
        {
            FreePageCounterMode.Racy => ["SanitisePage", "LoadPages", "StorePages", "UnlockNode"],
            FreePageCounterMode.Atomic => ["SanitisePage", "AddPages"],
            FreePageCounterMode.PerNode => ["SanitisePage"],
        };
        Assert.Equal(
            [.. ofOne, .. ofOne, .. ofOne, .. ofOne, "SanitisePage", "PrepareToWait"],
            rig.MessagesOf("ksgxd").Take((4 * ofOne.Length) + 2));
        Assert.Equal(4, rig.FreePages);
        bool isPerNode = mode == FreePageCounterMode.PerNode;
        Assert.Equal(4, isPerNode ? rig.Topology.Nodes[0].OwnCounter : rig.Topology.FreePageCounter.Pages);
    }

    [Theory]
    [InlineData(EpcCgroupMode.Off, false)]
    [InlineData(EpcCgroupMode.On, true)]
    public void ENOMEM_of_the_series_uncharges_and_looks_at_ksgxd_where_upstream_returns(EpcCgroupMode mode, bool looks)
    {
        // Room in the misc capacity, none in the node: one of two pages in hand is uncharged for the moment.
        KernelRig rig = new(new KernelSwitches { EpcCgroup = mode }, [new NodeSpec(1, [2])]);
        rig.User("t", async t =>
        {
            AllocResult first = await Main.AllocEpcPage(t, true);
            AllocResult second = await Main.AllocEpcPage(t, true);
            if (mode == EpcCgroupMode.On)
            {
                await Misc.Uncharge(t, 1);
            }

            int before = rig.Steps.Count;
            Assert.Equal(Errno.ENOMEM, (await Main.AllocEpcPage(t, true)).Errno);
            List<string> after = [.. rig.Steps.Skip(before).Select(step => step.Message)];
            Assert.Equal(looks, after.Contains("ReadPages"));
            Assert.Equal(looks, after.Contains("Uncharge"));
            if (looks)
            {
                Assert.True(after.IndexOf("Uncharge") < after.IndexOf("ReadPages"));
                await Misc.TryCharge(t, 1, takeReference: true);
            }

            await Main.FreeEpcPage(t, first.Page);
            await Main.FreeEpcPage(t, second.Page);
        });
        rig.Run(expectClean: mode == EpcCgroupMode.Off);
    }

    [Fact]
    public void A_pending_signal_ends_the_synchronous_path_only_after_a_failed_attempt()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [8])]);
        Errno withFree = Errno.EIO;
        Errno withoutFree = Errno.Ok;
        Errno without = Errno.Ok;
        rig.User("t", async t =>
        {
            await rig.Build(t, 5);
            await t.Ask(t.Process, new ProcessProtocol.Kill());
            await t.Ask(
                t.Process,
                new ProcessProtocol.Kill { Reason = KillReason.Scenario });
            AllocResult alloc = await Main.AllocEpcPage(t, true);
            withFree = alloc.Errno;
            withoutFree = (await Main.AllocEpcPage(t, true)).Errno;
            without = (await Main.AllocEpcPage(t, false)).Errno;
            await Main.FreeEpcPage(t, alloc.Page);
        });
        rig.Run();
        Assert.Equal(Errno.Ok, withFree);
        Assert.Equal(Errno.ERESTARTSYS, withoutFree);
        Assert.Equal(Errno.EBUSY, without);
    }
}
