using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Tests.Kernel;

namespace EpcActors.Tests.Cgroups;

/// <summary>Cgroups and enclaves that are freed while a task walks, works or kills: C3, C7, C8, C19.</summary>
public sealed class LifetimeTests
{
    [Fact]
    public void C8_a_round_goes_on_where_the_last_one_ended_unless_that_cgroup_died()
    {
        CgroupLab lab = new(Kernels.Named("v15"), 400, [(0, -1), (1, -1), (1, -1), (1, -1)], [2, 4]);
        lab.Task(0, async task => Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40)));
        lab.Task(1, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 1, 40));

            // The first round ends behind 2; the second goes on there and reaches 4, which the first cgroup's pages
            // would have hidden (C6).
            Assert.Equal((16, 3), await EpcCgroup.ReclaimFrom(task, 1, -1));
            Assert.Equal((26, 42), (lab.Current(2), lab.Current(4)));
            Assert.Equal((16, -1), await EpcCgroup.ReclaimFrom(task, 1, 3));
            Assert.Equal((26, 26), (lab.Current(2), lab.Current(4)));

            // The place is kept without a reference: with the cgroup the round is lost, and the next robs the first
            // cgroup again.
            Assert.Equal((16, 3), await EpcCgroup.ReclaimFrom(task, 1, -1));
            Assert.Equal(Errno.Ok, await CgroupCore.Rmdir(task, 3));
            Assert.Equal((0, -1), await EpcCgroup.ReclaimFrom(task, 1, 3));
            Assert.Equal((24, -1), await EpcCgroup.ReclaimFrom(task, 1, -1));
            Assert.Equal((1, 10), (lab.Current(2), lab.Current(4)));
        }, startNs: 10_000_000);
        lab.Execute();
        Assert.Empty(lab.Run.Oracle.Violations);
    }

    [Theory]
    [InlineData("v13")]
    [InlineData("v15")]
    [InlineData("v17")]
    public void A_worker_comes_to_its_target_whatever_the_walk(string kernel)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 400, [(0, -1), (1, -1), (1, -1)], [2, 3]);
        lab.Task(0, async task => Assert.Equal(Errno.Ok, await lab.Build(task, 0, 60)));
        lab.Task(1, async task => Assert.Equal(Errno.Ok, await lab.Build(task, 1, 60)));
        lab.Admin(async task =>
        {
            Assert.Equal(Errno.Ok, await CgroupCore.WriteMiscMax(task, 1, Limit.OfPages(64)));
            await EpcCgroup.Work(task, 1);
        }, startNs: 20_000_000);
        lab.ExecuteCleanly();
        Assert.InRange(lab.Current(1), 1, 63);
    }

    [Theory]
    [InlineData(Fix.Present)]
    [InlineData(Fix.Absent)]
    public void C7_a_cursor_on_a_cgroup_that_is_going_away(Fix fix)
    {
        KernelRig rig = new(Kernels.Named("v17") with { CursorSkipsDying = fix });
        int reclaimed = -1;
        rig.User("t", async t =>
        {
            Assert.Equal(Errno.Ok, await CgroupCore.Attach(t, t.Process, 0, 0));
            await rig.Build(t, 20);
            await t.Ask(rig.Machine.CgroupTree, new CgroupTreeProtocol.LockCursor { Root = 0 });
            await t.Ask(rig.Machine.CgroupTree, new CgroupTreeProtocol.SetCursor { Root = 0, Next = 1 });

            // rmdir in slow motion: the last reference is gone, and the free has not begun.
            await t.Ask(rig.Machine.Cgroups[1], new CgroupProtocol.KillCss());
            await t.Sleep(1000);
            await Misc.FreeCss(t, 1);
        });
        rig.Other("reclaimer", async t => (reclaimed, _) = await EpcCgroup.ReclaimSubtree(t, 0, 1, false), atNs: 500);
        RunEnd end = rig.Run(expectClean: fix == Fix.Present);
        if (fix == Fix.Present)
        {
            Assert.Equal(16, reclaimed);
            return;
        }

        Assert.NotEqual(RunEnd.Finished, end);
        ViolationReport hang = Assert.Single(rig.Oracle.Violations, violation => violation.Rule == Rules.Liveness);
        Assert.Contains("asks for a cgroup that is going away", hang.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Fix.Present, false)]
    [InlineData(Fix.Present, true)]
    [InlineData(Fix.Absent, false)]
    [InlineData(Fix.Absent, true)]
    public void C19_reclaim_work_of_a_cgroup_that_is_freed(Fix fix, bool isRunning)
    {
        KernelRig rig = new(Kernels.Named("v17") with { CancelWorkOnFree = fix });
        ActorId work = rig.Machine.CgroupWork[1];
        bool ran = false;
        bool wasCancelled = false;
        ScriptTask worker = rig.Kernel("worker", TaskKind.CgroupWorker, async t =>
        {
            await t.Ask(work, new WaitChannelProtocol.PrepareToWait());
            await t.Sleep(200);
            await t.Ask(work, new WaitChannelProtocol.SleepUntilWoken());
            ran = true;
            await t.Sleep(1000);
            await EpcCgroup.Work(t, 1);
            WaitChannelProtocol.PrepareToWait prepare = await t.Ask(work, new WaitChannelProtocol.PrepareToWait());
            wasCancelled = prepare.WasCancelled;
            if (wasCancelled)
            {
                await Misc.FinishFree(t, 1);
            }
        });
        rig.Other("admin", async t =>
        {
            await EpcCgroup.QueueWork(t, 1);
            await t.Sleep(isRunning ? 500 : 100);
            await t.Ask(rig.Machine.Cgroups[1], new CgroupProtocol.KillCss());
            await Misc.FreeCss(t, 1);
        });
        rig.Run(expectClean: false);
        Assert.Equal(fix == Fix.Absent || isRunning, ran);
        Assert.Equal(fix == Fix.Present && isRunning, wasCancelled);
        Assert.Equal(ran, worker.HasStopped);
        if (fix == Fix.Absent)
        {
            rig.AssertViolation(Rules.UseAfterFree);
        }
        else
        {
            Assert.DoesNotContain(rig.Oracle.Violations, violation => violation.Rule == Rules.UseAfterFree);
        }

        Assert.Equal(1, rig.Count<CgroupTreeProtocol.RemoveCgroup>());
    }

    [Theory]
    [InlineData(Fix.Present, 1)]
    [InlineData(Fix.Absent, 2)]
    public void C3_a_second_round_finds_the_victim_of_the_first(Fix fix, int killed)
    {
        // The oldest pages are VA page and SECS of one enclave, then those of the other.
        CgroupLab lab = new(Kernels.Named("v5") with { OomCountsDying = fix }, 400, [(0, -1)], [1, 1]);
        lab.Task(0, async task => Assert.Equal(Errno.Ok, await lab.Build(task, 0, 4)));
        lab.Task(1, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 1, 4));
            Assert.True(await EpcCgroup.OomKill(task, 1));
            Assert.True(await EpcCgroup.OomKill(task, 1));
        }, startNs: 10_000_000);
        lab.ExecuteCleanly();
        Assert.Equal(
            killed,
            (lab.Enclave(0).Enclave.IsOutOfMemory ? 1 : 0) + (lab.Enclave(1).Enclave.IsOutOfMemory ? 1 : 0));
    }
}
