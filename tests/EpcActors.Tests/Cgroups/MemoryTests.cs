using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Tests.Cgroups;

/// <summary>Charges for backing, and out-of-memory kills because of it.</summary>
public class MemoryTests
{
    /// <summary>
    /// A user task pays for itself, also for pages of others; ksgxd for the enclave's process unless the kernel knows
    /// only the root.
    /// </summary>
    [Theory]
    [InlineData(BackingCharge.Root, TaskKind.User, 2)]
    [InlineData(BackingCharge.Root, TaskKind.Ksgxd, 0)]
    [InlineData(BackingCharge.KsgxdRule, TaskKind.User, 2)]
    [InlineData(BackingCharge.KsgxdRule, TaskKind.Ksgxd, 1)]
    [InlineData(BackingCharge.KsgxdRule, TaskKind.CgroupWorker, 0)]
    [InlineData(BackingCharge.Indirect, TaskKind.User, 2)]
    [InlineData(BackingCharge.Indirect, TaskKind.Ksgxd, 1)]
    [InlineData(BackingCharge.Indirect, TaskKind.CgroupWorker, 1)]
    public void The_payer_follows_the_rule(BackingCharge rule, TaskKind kind, int payer)
    {
        CgroupLab lab = new(new KernelSwitches { BackingCharge = rule }, 400, [(0, -1), (0, -1)], [1, 2]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 20));
            lab.Kernel(
                kind,
                kind == TaskKind.User ? lab.Enclave(1).Process.Id : EpcActors.Engine.ActorId.None,
                async other =>
                {
                    // 16 pages of contents and one of PCMD.
                    await EpcCgroup.ReclaimSubtree(other, 1, 16, false);
                    for (int i = 0; i < 3; i++)
                    {
                        Assert.Equal(i == payer || i == 0 ? 17 : 0, lab.Run.Topology.MemoryCgroups[i].UsagePages);
                    }
                });
            await task.Sleep(10_000_000);
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
        Assert.All(lab.Run.Topology.MemoryCgroups, one => Assert.Equal(0, one.UsagePages));
    }

    /// <summary>A charge that fails at a parent is taken back below it, and one process dies, once.</summary>
    [Fact]
    public void A_full_memory_cgroup_skips_the_page_and_kills_one_process_once()
    {
        CgroupLab lab = new(new KernelSwitches(), 400, [(0, -1), (1, -1)], [2, 2], memoryMaxPages: 10);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 20));
            Assert.Equal(Errno.Ok, await lab.Build(task, 1, 20));
            for (int i = 0; i < 3; i++)
            {
                await EpcCgroup.ReclaimSubtree(task, 2, 16, false);
                Assert.Equal((10, 10), (Memory(1).UsagePages, Memory(2).UsagePages));
            }

            // Nine of 16 pages and their PCMD page found room; the process with the largest file is the victim, and
            // stays it.
            Assert.Equal(33, lab.Current(2) - 2);
            Assert.Equal(
                (KillReason.MemoryOom, KillReason.None),
                (lab.Enclave(0).Process.Killed, lab.Enclave(1).Process.Killed));
            Assert.Equal((0, 1, 1), (Memory(0).OomKills, Memory(1).OomKills, Memory(2).OomKills));
            await lab.Exit(task, 0);
            await lab.Exit(task, 1);
        });
        lab.ExecuteCleanly();

        MemoryCgroup Memory(int index) => lab.Run.Topology.MemoryCgroups[index];
    }

    /// <summary>memory.max, unlike misc.max, is enforced when it is written.</summary>
    [Fact]
    public void Lowering_memory_max_kills_until_the_rest_fits()
    {
        CgroupLab lab = new(new KernelSwitches(), 400, [(0, -1)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 20));
            await EpcCgroup.ReclaimSubtree(task, 1, 16, false);
            while (!await Main.SignalPending(task))
            {
                await task.Sleep(10_000);
            }

            await lab.Exit(task, 0);
        });
        lab.Admin(
            async task =>
            {
                await Shmem.WriteMemoryMax(task, 1, Limit.OfPages(17));
                Assert.Equal(KillReason.None, lab.Enclave(0).Process.Killed);
                await Shmem.WriteMemoryMax(task, 1, Limit.OfPages(16));
                Assert.Equal(0, lab.Run.Topology.MemoryCgroups[1].UsagePages);
            },
            startNs: 5_000_000);
        lab.ExecuteCleanly();
        Assert.Equal(1, lab.Run.Topology.MemoryCgroups[1].OomKills);
    }
}
