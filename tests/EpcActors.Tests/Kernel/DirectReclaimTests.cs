using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Routines;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Kernel;

/// <summary>
/// sgx_reclaim_direct: an SGX2 call reclaims a batch by itself before it takes the enclave's mutex, when fewer than 32
/// pages are free.
/// </summary>
public sealed class DirectReclaimTests
{
    public enum Call
    {
        Restrict,
        ChangeType,
        Remove,
    }

    [Theory]
    [InlineData(Call.Restrict)]
    [InlineData(Call.ChangeType)]
    [InlineData(Call.Remove)]
    public void Every_sgx2_call_reclaims_a_batch_by_itself_below_32_free_pages(Call call)
    {
        // No ksgxd: what is evicted, the caller evicts.
        Assert.Equal(16, Evicted(call, DirectReclaim.Global, free: 31));
        Assert.Equal(16, Evicted(call, DirectReclaim.Global, free: 4));
        Assert.Equal(16, Evicted(call, DirectReclaim.OwnCgroupToo, free: 31));
    }

    [Theory]
    [InlineData(Call.Restrict)]
    [InlineData(Call.ChangeType)]
    [InlineData(Call.Remove)]
    public void At_32_free_pages_it_evicts_nothing(Call call) =>
        Assert.Equal(0, Evicted(call, DirectReclaim.Global, free: 32));

    /// <summary>R30: before December 2021 nothing stood between these calls and an empty free list.</summary>
    [Theory]
    [InlineData(Call.Restrict)]
    [InlineData(Call.ChangeType)]
    [InlineData(Call.Remove)]
    public void Without_it_the_caller_evicts_nothing(Call call) =>
        Assert.Equal(0, Evicted(call, DirectReclaim.None, free: 4));

    [Fact]
    public void It_reclaims_before_each_page()
    {
        // 4 free pages: the first batch makes 20, of which the page itself takes one; so the second page has a batch of
        // its own.
        KernelRig rig = Rig(DirectReclaim.Global, free: 4);
        rig.User("t", async t =>
        {
            await rig.Build(t, Pages(4));
            await Ioctls.RestrictPermissions(t, 0, Pages(4) - 2, 2);
        });
        rig.Run();
        Assert.Equal(2, rig.Reports.Count(report => report is { Task: "t", What: RunEvent.ReclaimBatch }));
    }

    /// <summary>The oracle sees a call that leaves it out, on a task that looks at nothing.</summary>
    [Fact]
    public void A_call_that_does_not_look_breaks_the_rule()
    {
        KernelRig rig = Rig(DirectReclaim.Global, free: 4);
        rig.User("t", async t =>
        {
            await rig.Build(t, Pages(4));
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.BeginIoctl());
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.LockAndReadPage { Page = 0 });
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.ReadType { Page = 0 });
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.Unlock());
            await t.Ask(rig.Enclave().Id, new EnclaveProtocol.EndIoctl());
        });
        rig.Run(expectClean: false);
        Assert.Equal(Rules.DirectReclaim, Assert.Single(rig.Oracle.Violations).Rule);
    }

    private static int Pages(int free) => 64 - 2 - free;

    private static KernelRig Rig(DirectReclaim reclaim, int free) => new(
        switches: KernelRig.Upstream with
        {
            DirectReclaim = reclaim,
            EpcCgroup = reclaim == DirectReclaim.OwnCgroupToo ? EpcCgroupMode.On : EpcCgroupMode.Off,
        },
        nodes: [new NodeSpec(1, [64])],
        pages: Pages(free));

    private static int Evicted(Call call, DirectReclaim reclaim, int free)
    {
        KernelRig rig = Rig(reclaim, free);
        int last = Pages(free) - 1;
        rig.User("t", async t =>
        {
            await rig.Build(t, last + 1);
            Assert.Equal(free, rig.FreePages);
            IoctlResult result = call switch
            {
                Call.Restrict => await Ioctls.RestrictPermissions(t, 0, last, 1),
                Call.ChangeType => await Ioctls.ModifyTypes(t, 0, last, 1),
                Call.Remove => await Ioctls.RemovePages(t, 0, last, 1),
                _ => throw new ArgumentOutOfRangeException(nameof(call)),
            };

            // A page that was not trimmed is not removed; what comes before is the same.
            Assert.Equal(call == Call.Remove ? Errno.EPERM : Errno.Ok, result.Errno);
        });
        rig.Run();
        return rig.Reports.Count(report => report is { Task: "t", What: RunEvent.Evicted });
    }
}
