using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;
using EpcActors.Results;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <content>Pages with a memory failure.</content>
public sealed partial class AllocatorTests
{
    [Fact]
    public void Sanitising_puts_a_poisoned_page_aside_and_does_not_count_it()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [8])], sanitises: true);
        rig.Other("mce", async t =>
        {
            await Main.MemoryFailure(t, new EpcPageIndex(3));
            await Main.MemoryFailure(t, new EpcPageIndex(3));
            rig.Engine.Start(rig.Topology.Ksgxd, 0);
        });
        rig.Run();
        Assert.Equal(7, rig.FreePages);
        Assert.Equal(1, rig.Topology.Nodes[0].PoisonedPages);
        Assert.Equal(7, rig.Topology.FreePageCounter.Pages);
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void A_memory_failure_takes_the_page_off_the_LRU_under_the_nodes_lock(Fix fix)
    {
        KernelRig rig = new(KernelRig.Upstream with { PoisonUnmarks = fix });
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await Main.MemoryFailure(t, rig.Enclave().Entries[0].EpcPage);
            await Main.MemoryFailure(t, rig.Enclave().Entries[0].EpcPage);
            await Main.MemoryFailure(t, new EpcPageIndex(200));
            AllocResult alloc = await Main.AllocEpcPage(t, false);
            await Main.FreeEpcPage(t, alloc.Page);
        });
        rig.Run();
        string[] expected = fix == Fix.Present
            ? ["PoisonPage", "Unmark", "UnlockNode", "PoisonPage", "PoisonPage"]
            : ["PoisonPage", "PoisonPage", "PoisonPage"];
        Assert.Equal(
            expected, rig.MessagesOf("t").SkipWhile(message => message != "PoisonPage").Take(expected.Length));
    }

    [Fact]
    public void A_free_page_that_is_poisoned_is_never_allocated_and_still_counts_as_free()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [4])]);
        List<int> got = [];
        rig.Other("mce", async t =>
        {
            await Main.MemoryFailure(t, new EpcPageIndex(1));
            AllocResult alloc;
            while ((alloc = await Main.AllocEpcPage(t, false)).Errno == Errno.Ok)
            {
                got.Add(alloc.Page.Value);
            }

            // D2: the counter says one page, the lists have none.
            Assert.Equal(1, rig.Topology.FreePageCounter.Pages);
            foreach (int page in got)
            {
                await Main.FreeEpcPage(t, new EpcPageIndex(page));
            }
        });
        rig.Run();
        Assert.Equal([0, 2, 3], got);
    }

    [Fact]
    public void D2_poisoned_free_pages_hide_an_empty_EPC_from_ksgxd()
    {
        KernelRig rig = new(nodes: [new NodeSpec(1, [64])], pages: 64);
        Errno errno = Errno.Ok;
        rig.User("t", async t =>
        {
            for (int page = 32; page < 64; page++)
            {
                await Main.MemoryFailure(t, new EpcPageIndex(page));
            }

            await rig.Build(t, 30);
            errno = (await Main.AllocEpcPage(t, false)).Errno;
        });
        rig.Run();
        Assert.Equal(0, rig.FreePages);
        Assert.Equal(Errno.EBUSY, errno);
        Assert.Equal(0, rig.Count<WaitChannelProtocol.Wake>());
    }

    [Theory]
    [InlineData(Fix.Present, 1)]
    [InlineData(Fix.Absent, 0)]
    public void R18_a_memory_failure_takes_a_page_in_use_off_the_LRU(Fix fix, int poisonedThatStay)
    {
        KernelRig rig = new(KernelRig.Upstream with { PoisonUnmarks = fix });
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            await Main.MemoryFailure(t, rig.Enclave().Entries[2].EpcPage);
            await KernelRig.ReclaimBatch(t);
        });
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(
            fix == Fix.Present ? EnclavePageState.Resident : EnclavePageState.Swapped,
            rig.Enclave().Entries[2].State);
        Assert.Equal(poisonedThatStay, rig.Enclave().SecsChildCount);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.PoisonReuse);
        }
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R17_the_reclaimer_puts_a_poisoned_page_aside(Fix fix)
    {
        // The page is isolated when the failure hits: R19's window, in which it is written out whatever the kernel.
        KernelRig rig = new(KernelRig.Upstream with { ReclaimerRespectsPoison = fix });
        EpcPageIndex hit = EpcPageIndex.None;
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            hit = rig.Enclave().Entries[2].EpcPage;
            await Reclaim.Isolate(t, 0, 16);
            await Main.MemoryFailure(t, hit);
            await Reclaim.ReclaimPages(t, Reclaim.IsIsolated, 0);
        });
        rig.Run(expectClean: false);
        Assert.Equal(fix == Fix.Present ? 1 : 0, rig.Topology.Nodes[0].PoisonedPages);
        Assert.Equal(rig.Machine.CapacityPages - 1 - (fix == Fix.Present ? 1 : 0), rig.FreePages);
    }

    [Fact]
    public void A_poisoned_page_in_use_goes_to_the_poison_list_when_its_enclave_dies()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 4);
            await Main.MemoryFailure(t, rig.Enclave().Entries[1].EpcPage);
            await Main.MemoryFailure(t, rig.Enclave().SecsPage);
            await rig.Exit(t);
        });
        rig.Run();
        Assert.Equal(2, rig.Topology.Nodes[0].PoisonedPages);
        Assert.Equal(254, rig.FreePages);
        Assert.Equal(256, rig.Topology.FreePageCounter.Pages);
    }
}
