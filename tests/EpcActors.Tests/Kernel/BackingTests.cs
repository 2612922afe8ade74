using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>
/// The backing file under memory pressure: what is dirty survives, what is clean is dropped, what is pinned stays (R2,
/// R4, R5).
/// </summary>
public sealed class BackingTests
{
    [Fact]
    public void A_dirty_page_comes_back_from_swap_and_a_clean_one_as_swap_has_it()
    {
        BackingFile file = new(64);
        (int contents, int pcmd) = (file.AddContents(3, payer: 1), file.AddPcmdPage(3, payer: 2));
        Assert.True(file.Write(3, 7, contents, pcmd));
        file.MarkDirty(3, contents, pcmd);
        Assert.True(file.SwapOut(3, isPcmd: false, evenPinned: false, out int payer));
        Assert.Equal(1, payer);
        Assert.True(file.SwapOut(5, isPcmd: true, evenPinned: false, out payer));
        Assert.Equal(2, payer);
        Assert.Equal((0, false, false), (file.AllocatedPages, file.HasContents(3), file.HasPcmdPage(3)));
        Assert.False(file.SwapOut(3, isPcmd: true, evenPinned: false, out payer));
        Assert.Equal(-1, payer);

        int again = file.AddContents(3, 1);
        Assert.NotEqual(contents, again);
        Assert.Equal((7u, 0u), (file.ContentsVersion(3), file.PcmdVersion(3)));
        pcmd = file.AddPcmdPage(3, 2);
        Assert.Equal(7u, file.PcmdVersion(3));

        // Written and not marked: the drop loses it.
        Assert.True(file.Write(3, 8, again, pcmd));
        Assert.True(file.SwapOut(3, isPcmd: false, evenPinned: false, out _));
        file.AddContents(3, 1);
        Assert.Equal((7u, 8u), (file.ContentsVersion(3), file.PcmdVersion(3)));
    }

    [Fact]
    public void A_clean_page_that_swap_never_had_comes_back_empty()
    {
        BackingFile file = new(64);
        (int contents, int pcmd) = (file.AddContents(0, 0), file.AddPcmdPage(0, 0));
        file.Write(0, 1, contents, pcmd);
        Assert.True(file.SwapOut(0, isPcmd: true, evenPinned: false, out _));
        file.AddPcmdPage(0, 0);
        Assert.True(file.IsPcmdPageEmpty(0));
    }

    [Fact]
    public void A_pinned_page_stays_and_one_that_was_truncated_under_a_pin_swallows_what_is_written()
    {
        BackingFile file = new(64);
        (int contents, int pcmd) = (file.AddContents(0, 0), file.AddPcmdPage(0, 0));
        file.Pin(0);
        Assert.False(file.SwapOut(0, isPcmd: false, evenPinned: false, out _));
        Assert.False(file.SwapOut(0, isPcmd: true, evenPinned: false, out _));
        Assert.Equal(0, file.TruncatePcmdPage(0));
        Assert.False(file.Write(0, 1, contents, pcmd));
        int later = file.AddPcmdPage(0, 0);
        Assert.True(file.IsPcmdPageEmpty(0));

        // The old pin is not a pin of the new page.
        file.Unpin(0, contents, pcmd);
        Assert.True(file.SwapOut(0, isPcmd: false, evenPinned: false, out _));
        Assert.True(file.SwapOut(0, isPcmd: true, evenPinned: false, out _));
        Assert.NotEqual(pcmd, later);
    }

    [Fact]
    public void The_close_of_the_file_forgets_what_is_in_swap()
    {
        BackingFile file = new(64);
        for (int index = 0; index < 3; index++)
        {
            (int contents, int pcmd) = (file.AddContents(index, 0), file.AddPcmdPage(index, 0));
            file.MarkDirty(index, contents, pcmd);
        }

        file.SwapOut(1, isPcmd: false, evenPinned: false, out _);
        file.SwapOut(1, isPcmd: true, evenPinned: false, out _);
        int from = 0;
        Assert.Equal(2, file.TruncateNext(ref from, out int payer));
        Assert.Equal((0, -1, 0), (payer, from, file.AllocatedPages));
        file.AddPcmdPage(0, 0);
        Assert.True(file.IsPcmdPageEmpty(0));
    }

    [Fact]
    public void A_page_whose_backing_was_swapped_out_loads_and_both_swaps_are_uncharged()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await KernelRig.ReclaimBatch(t, 2);
            Assert.True(await Shmem.SwapOut(t, 0, 0, isPcmd: false));
            Assert.True(await Shmem.SwapOut(t, 0, 0, isPcmd: true));
            Assert.False(await Shmem.SwapOut(t, 0, 0, isPcmd: true));
            Assert.Equal(1, rig.Backing().AllocatedPages);
            Assert.Equal(1, rig.Topology.MemoryCgroups[1].UsagePages);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 1));
            Assert.Equal(0, rig.Topology.MemoryCgroups[1].UsagePages);
        });
        rig.Run();
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R4_a_zeroed_record_that_is_not_dirty_comes_back_and_the_PCMD_page_is_never_given_back(Fix fix)
    {
        KernelRig rig = new(KernelRig.Upstream with { PcmdClearDirties = fix });
        rig.User("t", async t =>
        {
            await rig.Build(t, 3);
            await KernelRig.ReclaimBatch(t, 2);
            Assert.True(await Shmem.SwapOut(t, 0, 0, isPcmd: true));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
            Assert.True(await Shmem.SwapOut(t, 0, 0, isPcmd: true));
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 1));
        });
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(fix == Fix.Present ? 0 : 1, rig.Backing().AllocatedPages);
        if (fix == Fix.Absent)
        {
            Assert.Equal(Rules.BackingLeak, Assert.Single(rig.Oracle.Violations).Rule);
        }
    }

    [Theory]
    [InlineData(Fix.Present, true, true)]
    [InlineData(Fix.Absent, false, true)]
    [InlineData(Fix.Absent, true, false)]
    public void R5_only_the_pin_keeps_what_is_written_and_not_dirty_yet(Fix fix, bool evenPinned, bool loads)
    {
        KernelRig rig = new(KernelRig.Upstream with { DirtySetWithWrite = fix });
        FaultResult result = FaultResult.Retry;
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await KernelRig.ReclaimBatch(t, 1);

            // Once more, by hand: the pin, the write, and memory pressure before the pages are put.
            BackingPin pin = await Shmem.Pin(t, 0, 1, 1);
            await t.Ask(
                rig.Topology.Enclaves[0].Backing.Id,
                new BackingStoreProtocol.WriteBacking
                {
                    Index = 1,
                    Version = 9,
                    ContentsGeneration = pin.ContentsGeneration,
                    PcmdGeneration = pin.PcmdGeneration,
                    IsWriteOnly = true,
                });
            bool isDirtied = fix == Fix.Present;
            if (isDirtied)
            {
                rig.Backing().MarkDirty(1, pin.ContentsGeneration, pin.PcmdGeneration);
            }

            Assert.Equal(evenPinned, await Shmem.SwapOut(t, 0, 1, isPcmd: false, evenPinned));
            Assert.Equal(loads ? 9u : 0u, rig.Backing().ContentsVersion(1));
            await t.Ask(
                rig.Topology.Enclaves[0].Backing.Id,
                new BackingStoreProtocol.PutBacking
                {
                    Index = 1,
                    ContentsGeneration = pin.ContentsGeneration,
                    PcmdGeneration = pin.PcmdGeneration,
                    IsDirtied = true,
                });
            await t.Ask(rig.Topology.Enclaves[0].Backing.Id, new BackingStoreProtocol.FinishLoad { Index = 1 });
            await Shmem.Uncharge(t, 1, 1);
            result = await Encl.VmaFault(t, rig.Mm().Id, 0, 0);
        });
        rig.Run();
        Assert.Equal(FaultResult.Mapped, result);
    }

    [Fact]
    public void R5_without_the_fix_the_pages_are_put_after_the_mutex_is_released()
    {
        KernelRig rig = new(KernelRig.Upstream with { DirtySetWithWrite = Fix.Absent });
        rig.User("t", async t =>
        {
            await rig.Build(t, 1);
            await KernelRig.ReclaimBatch(t);
            Assert.Equal(FaultResult.Mapped, await Encl.VmaFault(t, rig.Mm().Id, 0, 0));
        });
        rig.Run();
        Assert.Equal(2, rig.Count<BackingStoreProtocol.PutBacking>());
        List<string> messages = [.. rig.MessagesOf("t")];
        int put = messages.LastIndexOf("PutBacking");
        Assert.Equal("Unlock", messages[put - 1]);
        Assert.Equal("PutRef", messages[put + 1]);
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void R2_a_PCMD_page_pinned_outside_the_mutex_is_truncated_by_a_fault_that_sees_no_mark(Fix fix)
    {
        // Page 0 is out. The reclaimer takes its time between pinning page 1's backing and the mutex; a fault loads
        // page 0 then.
        KernelRig rig = new(
            KernelRig.Upstream with { BackingPinnedUnderMutex = fix },
            prices: new Dictionary<Activity, long> { [Activity.Backing] = 1000 });
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
        rig.User("later", async t => result = await Encl.VmaFault(t, rig.Mm().Id, 0, 1), atNs: 9000);
        rig.Run(expectClean: fix == Fix.Present);
        Assert.Equal(fix == Fix.Present ? FaultResult.Mapped : FaultResult.Sigbus, result);
        if (fix == Fix.Absent)
        {
            ViolationReport lost = Assert.Single(rig.Oracle.Violations);
            Assert.Equal(Rules.Contents, lost.Rule);
            Assert.Contains("truncated since it was pinned", lost.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_first_live_process_pays_and_one_whose_threads_have_ended_does_not()
    {
        KernelRig rig = new();
        rig.User("t", async t =>
        {
            await rig.Build(t, 2);
            await t.Sleep(50);
            ProcessProtocol.ThreadExit exit = await t.Ask(t.Process, new ProcessProtocol.ThreadExit());
            Assert.True(exit.WasLast);
        });
        rig.Kernel("before", TaskKind.Ksgxd, async t => Assert.Equal(1, await Shmem.Payer(t, 0)), atNs: 10);
        rig.Kernel("after", TaskKind.Ksgxd, async t => Assert.Equal(0, await Shmem.Payer(t, 0)), atNs: 100);
        rig.Run();
    }

    [Fact]
    public void Who_pays_for_the_backing_store_is_found_under_the_enclaves_mutex()
    {
        KernelRig rig = new();
        rig.User("t", async t => await rig.Build(t, 1));
        rig.Kernel("ksgxd2", TaskKind.Ksgxd, async t => Assert.Equal(1, await KernelRig.ReclaimBatch(t)), atNs: 10);
        rig.Run();
        List<string> messages = [.. rig.MessagesOf("ksgxd2")];
        int read = messages.IndexOf("ReadCss");
        Assert.InRange(read, messages.IndexOf("Lock") + 1, messages.IndexOf("PinBacking") - 1);
    }
}
