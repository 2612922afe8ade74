using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;

namespace EpcActors.Tests.Cgroups;

/// <summary>epc_cgroup.c in its versions: table 4.1 and sections 4.3 to 4.5.</summary>
public class ReclaimTests
{
    /// <summary>An allocation that may reclaim makes room by itself, 16 pages for each refusal.</summary>
    [Theory]
    [InlineData("v5")]
    [InlineData("v6")]
    [InlineData("v8")]
    [InlineData("v10")]
    public void Building_beyond_the_limit_costs_one_event_and_sixteen_pages_each_time(string kernel)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 400, [(0, 64)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 100));
            Assert.Equal((102 - 48, 3, 64), (lab.Current(1), lab[1].Events, lab.Peak(1)));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
        Assert.Equal((0, 0), (lab.Current(0), lab.Current(1)));
    }

    /// <summary>
    /// v11 and later mean to keep clear of a limit above 128 pages: 32 pages below it the worker starts, before any
    /// charge fails. As posted they do not.
    /// </summary>
    [Theory]
    [InlineData("v10", 200)]
    [InlineData("v13", 200)]
    [InlineData("v17", 200)]
    [InlineData("v13-head-room", 167)]
    [InlineData("v17-head-room", 167)]
    public void Only_the_intent_of_v11_queues_the_worker_near_the_limit(string kernel, long most)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, 200)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 198));
            await task.Sleep(10_000_000);
            Assert.InRange(lab.Current(1), most - 16, most);
            Assert.Equal(0, lab[1].Events);
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>Point at which a worker stops, from 100 pages; batch sizes: max(16, over) up to 32, or 16.</summary>
    [Theory]
    [InlineData("v5", 60, 51)]
    [InlineData("v6", 60, 51)]
    [InlineData("v8", 60, 36)]
    [InlineData("v10", 60, 52)]
    [InlineData("v13", 60, 52)]
    [InlineData("v17", 60, 52)]
    [InlineData("v5", 100, 84)]
    [InlineData("v6", 34, 20)]
    [InlineData("v8", 101, 84)]
    [InlineData("v8", 109, 100)]
    [InlineData("v10", 101, 100)]
    [InlineData("v17", 100, 84)]
    [InlineData("v17", 129, 84)]
    [InlineData("v17", 132, 84)]
    [InlineData("v17", 133, 100)]
    [InlineData("v17", 128, 100)]
    public void The_worker_stops_at_its_target(string kernel, int limit, int end)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, -1), (1, -1)], [2]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 98));

            // The limit of an ancestor counts like its own.
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = Limit.OfBytes(limit * CgroupLab.Page) });
            await EpcCgroup.QueueWork(task, 2);
            await task.Sleep(10_000_000);
            Assert.Equal(end, lab.Current(2));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// v2 to v9: one page less, and eight more only when what is left is above 32; a limit of 0 stays 0.
    /// </summary>
    [Theory]
    [InlineData(33, 32)]
    [InlineData(34, 16)]
    public void Small_limits_have_no_head_room(int limit, int end)
    {
        CgroupLab lab = new(Kernels.Named("v6"), 600, [(0, -1)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 30));
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = Limit.OfBytes(limit * CgroupLab.Page) });
            await EpcCgroup.QueueWork(task, 1);
            await task.Sleep(10_000_000);
            Assert.Equal(end, lab.Current(1));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>One round over a parent with 5 pages, a child with 5 and a child with 40.</summary>
    [Theory]
    [InlineData("v5", 16, 0, 0, 34)]
    [InlineData("v5", 30, 0, 0, 20)]
    [InlineData("v5", 99, 0, 0, 18)]
    [InlineData("v6", 16, 0, 0, 34)]
    [InlineData("v8", 16, 0, 0, 34)]
    [InlineData("v8", 32, 0, 0, 34)]
    [InlineData("v10", 16, 0, 0, 24)]
    [InlineData("v13", 16, 0, 0, 24)]
    [InlineData("v17", 16, 0, 0, 24)]
    [InlineData("v17", 1, 0, 5, 40)]
    public void A_round_takes_its_pages_from_the_subtree_in_the_way_of_the_version(
        string kernel,
        int wanted,
        int p,
        int c1,
        int c2)
    {
        CgroupLab lab = Family(kernel);
        lab.Task(0, async task =>
        {
            await BuildFamily(lab, task);
            await EpcCgroup.ReclaimSubtree(task, 1, wanted, false);
            Assert.Equal((p, c1, c2), (lab[1].LruPages, lab[2].LruPages, lab[3].LruPages));
            await ExitFamily(lab, task);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// A worker wants 16 pages a round, however little it is over: small lists before a long one all go, and a SECS
    /// goes with its last child.
    /// </summary>
    [Theory]
    [InlineData("v13")]
    [InlineData("v17")]
    public void A_worker_asks_for_sixteen_pages_a_round(string kernel)
    {
        CgroupLab lab = Family(kernel);
        lab.Task(0, async task =>
        {
            await BuildFamily(lab, task);
            Assert.Equal(56, lab.Current(1));
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = Limit.OfBytes(55 * CgroupLab.Page) });
            await EpcCgroup.QueueWork(task, 1);
            await task.Sleep(10_000_000);
            Assert.Equal(28, lab.Current(1));
            await ExitFamily(lab, task);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// C6: without a cursor every round begins at the top, where pages that are used all the time take up the whole of
    /// it.
    /// </summary>
    [Theory]
    [InlineData("v6", false)]
    [InlineData("v8", false)]
    [InlineData("v13", false)]
    [InlineData("v17", true)]
    public void Young_pages_at_the_top_hide_the_rest_unless_a_cursor_goes_on(string kernel, bool reachesTheRest)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, -1), (1, -1)], [1, 2]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 16));
            await Inherit(lab, task, 1, 2, 40);
            for (int round = 0; round < 3; round++)
            {
                for (int page = 0; page < 16; page++)
                {
                    await lab.Touch(task, 0, page);
                    await lab.Touch(task, 0, page);
                }

                await EpcCgroup.ReclaimSubtree(task, 1, 16, false);
            }

            Assert.Equal(16, lab[1].LruPages);
            Assert.Equal(reachesTheRest, lab[2].LruPages < 40);
            await lab.Exit(task, 0);
            await lab.Exit(task, 1);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// v2 to v5 stop to spare young pages after more than five rounds that freed nothing; later versions never do.
    /// </summary>
    [Theory]
    [InlineData("v5", 7)]
    [InlineData("v6", 0)]
    public void Age_counts_for_nothing_after_five_failed_rounds(string kernel, int expectedRounds)
    {
        // The whole LRU is touched between any two rounds.
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, 18)], [1]);
        bool done = false;
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 16));
            for (int page = 0; page < 16; page++)
            {
                await lab.Touch(task, 0, page);
            }

            AllocResult more = await Main.AllocEpcPage(task, reclaim: true);
            done = true;
            Assert.Equal(Errno.Ok, more.Errno);
            await Main.FreeEpcPage(task, more.Page);
            await lab.Exit(task, 0);
        });
        lab.Admin(async task =>
        {
            while (!done && task.NowNs < 3_000_000)
            {
                for (int page = 0; page < 16; page++)
                {
                    await task.Ask(
                        lab.Enclave(0).Mm.Id,
                        new AddressSpaceProtocol.Access
                        {
                            Page = page,
                            Kind = AccessKind.Read,
                        });
                }

                await task.Sleep(100);
            }

            // A version without escalation frees pages only because the touching ends.
            Assert.Equal(expectedRounds > 0, done);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>Answers to an allocation: the same four in every version.</summary>
    [Theory]
    [InlineData("v5")]
    [InlineData("v6")]
    [InlineData("v8")]
    [InlineData("v13")]
    [InlineData("v17")]
    public void An_allocation_at_the_limit_fails_in_the_right_way(string kernel)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, 18), (0, 2)], [1, 2]);
        lab.Task(0, async task =>
        {
            // The worker would make room: let it find the limit raised.
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 10));
            await task.Sleep(1_000_000);
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = Limit.OfPages(lab.Current(1)) });
            Assert.Equal(Errno.EBUSY, (await Main.AllocEpcPage(task, reclaim: false)).Errno);
            Assert.Equal(1, lab[1].Events);
            long before = lab.Current(1);
            await task.Sleep(1_000_000);
            Assert.True(lab.Current(1) < before);

            // Nothing left on the LRU: never.
            while (lab[1].LruPages > 0)
            {
                await EpcCgroup.ReclaimSubtree(task, 1, 16, false);
            }

            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = default });
            Assert.Equal(Errno.ENOMEM, (await Main.AllocEpcPage(task, reclaim: true)).Errno);
            Assert.Equal(Errno.ENOMEM, (await Main.AllocEpcPage(task, reclaim: false)).Errno);
            Assert.Equal(3, lab[1].Events);
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = Limit.Max });
            Assert.Equal(FaultResult.Mapped, await lab.Touch(task, 0, 0));

            // A signal: only one that comes to a full cgroup with something to reclaim.
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = default });
            await task.Ask(task.Process, new ProcessProtocol.Kill { Reason = KillReason.Scenario });
            Assert.Equal(Errno.ERESTARTSYS, (await Main.AllocEpcPage(task, reclaim: true)).Errno);
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
        Assert.Equal(1, lab[1].References);
    }

    /// <summary>C16: every attempt is an event.</summary>
    [Fact]
    public void Every_retry_counts_an_event()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 600, [(0, 30), (1, -1), (1, -1)], [2, 3]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 10));
            await Inherit(lab, task, 1, 3, 16);
            Assert.Equal(30, lab.Current(1));
            for (int i = 1; i <= 50; i++)
            {
                Assert.Equal(Errno.EBUSY, (await Main.AllocEpcPage(task, reclaim: false)).Errno);
                await task.Sleep(100_000);
                Assert.Equal((i, i, 0), (lab[1].Events, lab[1].EventsLocal, lab[2].Events));
            }

            // C14: the worker has looked fifty times and found nothing to do.
            Assert.Equal((12, 18), (lab.Current(2), lab.Current(3)));
            Assert.Equal(13, lab.Peak(2));
            await lab.Exit(task, 0);
            await lab.Exit(task, 1);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>C5: v6 to v10 end the walk at a cgroup whose last reference is gone but that is still linked.</summary>
    [Theory]
    [InlineData(Fix.Absent, Errno.ENOMEM)]
    [InlineData(Fix.Present, Errno.Ok)]
    public void A_dying_cgroup_hides_what_comes_after_it(Fix fix, Errno expected)
    {
        foreach (string kernel in new[] { "v6", "v8", "v10" })
        {
            CgroupLab lab = new(
                Kernels.Named(kernel) with
                {
                    WalkSkipsDying = fix,
                },
                600,
                [(0, 42), (1, -1), (1, -1)],
                [3, 1]);
            lab.Task(1, async task =>
            {
                await Inherit(lab, task, 0, 3, 40);
                await task.Ask(lab[2].Id, new CgroupProtocol.KillCss());
                AllocResult page = await Main.AllocEpcPage(task, reclaim: true);
                Assert.Equal(expected, page.Errno);
                if (page.Errno == Errno.Ok)
                {
                    Assert.Equal(27, lab.Current(1));
                    await Main.FreeEpcPage(task, page.Page);
                }

                await Misc.FreeCss(task, 2);
                await lab.Exit(task, 0);
            });
            lab.ExecuteCleanly();
        }
    }

    /// <summary>
    /// C25: the worker, queued when the usage came near the limit, and the charger that met the limit both reclaim.
    /// </summary>
    [Theory]
    [InlineData("v10", 27)]
    [InlineData("v13", 27)]
    [InlineData("v13-head-room", 11)]
    public void Worker_and_charger_reclaim_at_the_same_time(string kernel, long left)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, 42)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 40));
            AllocResult page = await Main.AllocEpcPage(task, reclaim: true);
            Assert.Equal(left, lab.Current(1));
            await Main.FreeEpcPage(task, page.Page);
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>A reclaimer that has isolated everything makes a cgroup look empty (C15).</summary>
    [Fact]
    public void Pages_in_a_reclaimers_hands_do_not_count()
    {
        CgroupLab lab = new(Kernels.Named("v8"), 600, [(0, 18)], [1]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 16));
            await Reclaim.Isolate(task, 1, 16);
            Assert.Equal(Errno.ENOMEM, (await Main.AllocEpcPage(task, reclaim: true)).Errno);
            await Reclaim.ReclaimPages(task, Reclaim.IsIsolated, 0);
            AllocResult page = await Main.AllocEpcPage(task, reclaim: true);
            Assert.Equal(Errno.Ok, page.Errno);
            await Main.FreeEpcPage(task, page.Page);
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// v3 to v5: a write of misc.max queues the worker, whose subtree counts. When nothing is left to reclaim, it
    /// kills.
    /// </summary>
    [Theory]
    [InlineData("v5", 20, 20)]
    [InlineData("v6", 60, 0)]
    public void Lowering_the_limit_reclaims_only_up_to_v5(string kernel, long after, long lessThanBefore)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, -1), (1, -1)], [2]);
        lab.Task(0, async task =>
        {
            Assert.Equal(Errno.Ok, await lab.Build(task, 0, 58));
            Assert.Equal(Errno.Ok, await CgroupCore.WriteMiscMax(task, 1, Limit.OfPages(30)));
            await task.Sleep(10_000_000);
            Assert.Equal(lessThanBefore > 0 ? 29 : after, lab.Current(1));
            await lab.Exit(task, 0);
        });
        lab.ExecuteCleanly();
    }

    /// <summary>
    /// v5: the oldest unreclaimable page decides, in the first cgroup in pre-order that has one; one enclave at a time
    /// (C3).
    /// </summary>
    [Fact]
    public void The_oldest_unreclaimable_page_decides_who_is_killed()
    {
        CgroupLab lab = new(Kernels.Named("v5"), 600, [(0, -1), (1, -1), (1, -1)], [2, 3, 3, 2]);
        List<int> victims = [];
        lab.Task(0, async task =>
        {
            // In /c2: one enclave that was never created, whose VA page is the oldest of all. In /c3: the second was
            // built before the first.
            await task.Ask(lab.Enclave(3).Process.Id, new ProcessProtocol.ReadCss());
            AllocResult va = await Encl.Grow(task, 3, reclaim: true);
            await Inherit(lab, task, 2, 3, 5);
            await Inherit(lab, task, 1, 3, 5);
            await task.Ask(lab[1].Id, new CgroupProtocol.WriteMax { Max = default });
            Assert.Equal((0, 2, 2), (Unreclaimable(1), Unreclaimable(2) + 1, Unreclaimable(3) - 2));

            // Everything that can be reclaimed goes, SECS pages with it; then VA pages decide.
            await EpcCgroup.QueueWork(task, 1);
            await task.Sleep(10_000_000);
            Assert.Equal((true, true, false), (IsMarked(1), IsMarked(2), IsMarked(3)));
            Assert.Equal((0, 0), (Unreclaimable(2), Unreclaimable(3)));
            Assert.Equal([2, 1], victims);
            await Encl.Shrink(task, 3, va.Page);
            await lab.Exit(task, 1);
            await lab.Exit(task, 2);
        });
        lab.Admin(async task =>
        {
            while (victims.Count < 2)
            {
                for (int enclave = 0; enclave < 4; enclave++)
                {
                    if (IsMarked(enclave) && !victims.Contains(enclave))
                    {
                        victims.Add(enclave);
                    }
                }

                await task.Sleep(50);
            }
        });
        lab.ExecuteCleanly();
        Assert.Equal(0, lab.Current(0));

        int Unreclaimable(int cgroup) => lab[cgroup].UnreclaimablePages;
        bool IsMarked(int enclave) => lab.Enclave(enclave).Enclave.IsOutOfMemory;
    }

    /// <summary>An enclave in another cgroup, built by the same task: charges follow the process's cgroup.</summary>
    private static async Routine Inherit(CgroupLab lab, ScriptedTask task, int enclave, int cgroup, int pages)
    {
        ProcessProtocol.ReadCss own = await task.Ask(task.Process, new ProcessProtocol.ReadCss());
        Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, cgroup, cgroup));
        Assert.Equal(Errno.Ok, await lab.Build(task, enclave, pages));
        Assert.Equal(Errno.Ok, await CgroupCore.Attach(task, task.Process, own.Cgroup, own.MemoryCgroup));
    }

    private static CgroupLab Family(string kernel) =>
        new(Kernels.Named(kernel), 600, [(0, -1), (1, -1), (1, -1)], [1, 2, 3]);

    private static async Routine BuildFamily(CgroupLab lab, ScriptedTask task)
    {
        Assert.Equal(Errno.Ok, await lab.Build(task, 0, 5));
        await Inherit(lab, task, 1, 2, 5);
        await Inherit(lab, task, 2, 3, 40);
    }

    private static async Routine ExitFamily(CgroupLab lab, ScriptedTask task)
    {
        for (int i = 0; i < 3; i++)
        {
            await lab.Exit(task, i);
        }
    }
}
