using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Waiting;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Tests.Cgroups;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// Rules on what a task owes by what it saw, on order, and on references: a task of the test does the wrong thing by
/// messages, that rule and no other is reported. What no message of a task
/// can do, a defect in the kernel's own code does: tests/EpcActors.Planted.
/// </summary>
public sealed class RoutineRuleTests
{
    [Fact]
    public void A_page_on_the_free_list_of_another_node()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            TwoNodes(),
            run => run.Sabotage(1 * Ms, async task => await Free(task, await Take(task, 0), node: 1)),
            Rules.NodeList);
        Assert.Contains(
            "saboteur puts epc:0 of node 0 on the free list of node-1",
            found[0].Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_walk_that_begins_at_another_node()
    {
        IReadOnlyList<ViolationReport> found = Expect(
            TwoNodes(),
            run => run.Sabotage(1 * Ms, async task => await Free(task, await Take(task, 1), node: 1)),
            Rules.NodeOrder);
        Assert.Contains(
            "saboteur on node 0 asks node-1 for a page; its walk begins at node 0",
            found[0].Detail,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_walk_that_leaves_a_node_out()
    {
        NodeSpec large = new(1, [4]);
        Scenario three = Make([], [new NodeSpec(1, [1]), large, large], durationNs: 10 * Ms);
        Expect(three, run => run.Sabotage(1 * Ms, task => TakeTwo(task, 1)), []);
        Expect(three, run => run.Sabotage(1 * Ms, task => TakeTwo(task, 2)), Rules.NodeOrder);

        static async Routine TakeTwo(Saboteur task, int second)
        {
            EpcPageIndex first = await Take(task, 0);
            await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.TakePage());
            EpcPageIndex page = await Take(task, second);
            await Free(task, first, node: 0);
            await Free(task, page, node: second);
        }
    }

    /// <summary>The mark is 32, and only a task that sees a page to reclaim has to wake ksgxd.</summary>
    [Theory]
    [InlineData(32, false, true, false)]
    [InlineData(31, false, true, true)]
    [InlineData(31, true, true, false)]
    [InlineData(31, false, false, true)]
    public void An_allocator_that_does_not_wake_ksgxd(int left, bool wakes, bool looks, bool isBroken)
    {
        // The enclaves have 144 pages and sleep.
        EnclaveSpec sleeper = Enclave("a", 64, [new StepSpec.Pause(5 * Ms)]);
        Scenario scenario = Make([sleeper], [new NodeSpec(4, [512])], durationNs: 20 * Ms);
        Expect(
            scenario,
            run => run.Sabotage(1 * Ms, async task =>
            {
                List<EpcPageIndex> held = [];
                while (run.Topology.Nodes[0].FreePages > left)
                {
                    held.Add((await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.TakePage())).Page);
                    await Count(task, -1);
                    FreePageCounterProtocol.ReadPages read = await task.Ask(
                        task.Machine.FreePageCounter, new FreePageCounterProtocol.ReadPages());
                    if (read.Pages < KernelConstants.NrLowPages && looks)
                    {
                        await task.Ask(task.Machine.Cgroups[0], new CgroupProtocol.ReadLru());
                        await task.Ask(task.Machine.Cgroups[1], new CgroupProtocol.ReadLru());
                        if (wakes)
                        {
                            await task.Ask(task.Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());
                        }
                    }
                }

                // The next allocation, from which on the last one must have woken it.
                held.Add((await task.Ask(task.Machine.Nodes[0], new NumaNodeProtocol.TakePage())).Page);
                await Count(task, -1);
                foreach (EpcPageIndex page in held)
                {
                    await Free(task, page, node: 0);
                }
            }),
            isBroken ? [Rules.KsgxdMarks] : []);
    }

    [Fact]
    public void A_reference_to_a_cgroup_that_is_never_put() =>
        Expect(
            Roomy(),
            run => run.Sabotage(
                5 * Ms, async task => await task.Ask(run.Topology.Cgroups[1].Id, new CgroupProtocol.TryGetCss())),
            Rules.CssReferences);

    [Fact]
    public void A_reference_to_an_enclave_that_is_never_put() =>
        Expect(
            Roomy(),
            run => run.Sabotage(
                5 * Ms,
                async task => await task.Ask(run.Topology.Enclaves[0].Enclave.Id, new EnclaveProtocol.TryGetRef())),
            Rules.EnclaveReferences);

    [Fact]
    public void An_event_that_no_level_refused() =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task => await task.Ask(
                run.Topology.Cgroups[1].Id, new CgroupProtocol.CountMaxEvent { IsHierarchical = true })),
            Rules.CgroupEvents);

    [Theory]
    [InlineData(1, true, true, false)]
    [InlineData(1, false, true, true)]
    [InlineData(1, true, false, true)]
    [InlineData(2, true, true, true)]
    public void An_event_at_another_level_or_in_another_file(
        int level, bool isLocal, bool isHierarchical, bool isBroken) =>
        Expect(
            Roomy(),
            run => run.Sabotage(5 * Ms, async task =>
            {
                ActorId cgroup = run.Topology.Cgroups[1].Id;
                await task.Ask(cgroup, new CgroupProtocol.WriteMax { Max = default });
                await task.Ask(cgroup, new CgroupProtocol.Charge { Bytes = KernelConstants.PageSize });
                await task.Ask(
                    run.Topology.Cgroups[level].Id,
                    new CgroupProtocol.CountMaxEvent { IsLocal = isLocal, IsHierarchical = isHierarchical });
                await task.Ask(cgroup, new CgroupProtocol.Uncharge { Bytes = KernelConstants.PageSize });
                await task.Ask(cgroup, new CgroupProtocol.WriteMax { Max = Limit.Max });
            }),
            isBroken ? [Rules.CgroupEvents] : []);

    [Fact]
    public void Backing_at_the_expense_of_another_memory_cgroup()
    {
        BackingStoreProtocol.PinBacking pin = new() { Index = 3, Payer = 2 };
        IReadOnlyList<ViolationReport> found = Execute(Roomy(), run => run.Sabotage(
            5 * Ms, async task => await task.Ask(run.Topology.Enclaves[0].Backing.Id, pin))).Violations;
        Assert.Contains(
            "saboteur pins page 3 of backing:a at the expense of memcg:/b, and has to pay by itself, as "
            + "memcg:/", Assert.Single(found).Detail, StringComparison.Ordinal);
    }

    /// <summary>
    /// v8: a limit of 10 pages leaves the worker 9, one of 100 leaves it 91; from v10 on 9 and 99, and 67 pages fewer
    /// than 200 is 167.
    /// </summary>
    [Theory]
    [InlineData("v8", 10, 9)]
    [InlineData("v8", 33, 32)]
    [InlineData("v8", 34, 25)]
    [InlineData("v8", 100, 91)]
    [InlineData("v17", 10, 9)]
    [InlineData("v17", 100, 99)]
    [InlineData("v17", 200, 167)]
    public void A_worker_that_stops_above_its_target_or_goes_on_at_it(string kernel, int limit, int target)
    {
        Assert.Empty(Work(kernel, limit, target, goesOn: false));
        Assert.Equal(Rules.WorkerTarget, Assert.Single(Work(kernel, limit, target, goesOn: true)).Rule);
        Assert.Empty(Work(kernel, limit, target + 1, goesOn: true));
        Assert.Equal(Rules.WorkerTarget, Assert.Single(Work(kernel, limit, target + 1, goesOn: false)).Rule);
    }

    [Fact]
    public void An_lru_is_first_in_first_out_whatever_is_taken_out_of_its_middle()
    {
        OrderBook order = new(10_000, 2);
        order.List(0, 5);
        order.List(0, 9_000);
        order.List(0, 7);
        order.List(1, 6);
        Assert.True(order.Take(0, 5));
        Assert.True(order.Take(1, 6));
        order.List(1, 5);
        Assert.True(order.Take(0, 7));
        Assert.False(order.Take(0, 9_000));
        Assert.True(order.Take(1, 5));
    }

    [Fact]
    public void Ewb_waits_for_the_etrack_behind_eblock_and_for_who_was_inside()
    {
        EnclaveBook book = new(64);
        Assert.Equal("which was not blocked", book.WhyNotWritable(3));
        book.Enter(0);
        book.Block(3, Epcm.Valid | Epcm.Blocked);
        book.Enter(1);
        Assert.Contains("without an ETRACK", book.WhyNotWritable(3), StringComparison.Ordinal);
        book.Track();
        Assert.Contains("thread 0 is inside", book.WhyNotWritable(3), StringComparison.Ordinal);
        book.Exit(0);
        Assert.Contains("thread 1 is inside", book.WhyNotWritable(3), StringComparison.Ordinal);
        book.Enter(0);
        book.Interrupt();
        Assert.Null(book.WhyNotWritable(3));
        book.Block(64, Epcm.Valid | Epcm.Blocked);
        Assert.Contains("without an ETRACK", book.WhyNotWritable(64), StringComparison.Ordinal);
    }

    private static Scenario TwoNodes() => Make([], [new NodeSpec(1, [4]), new NodeSpec(1, [4])], durationNs: 10 * Ms);

    /// <summary>A worker that reads usage and limits, and then looks for pages or not.</summary>
    private static IReadOnlyList<ViolationReport> Work(string kernel, int limit, int charged, bool goesOn)
    {
        CgroupLab lab = new(Kernels.Named(kernel), 600, [(0, limit)], []);
        lab.Kernel(TaskKind.CgroupWorker, ActorId.None, async task =>
        {
            for (int i = 0; i < charged; i++)
            {
                Assert.Equal(MiscCharge.Charged, await Misc.TryCharge(task, 1, takeReference: false));
            }

            await task.Ask(lab[1].Id, new CgroupProtocol.ReadUsage());
            await task.Ask(lab[0].Id, new CgroupProtocol.ReadUsage());
            if (goesOn)
            {
                await task.Ask(lab[1].Id, new CgroupProtocol.ReadLru());
            }

            for (int i = 0; i < charged; i++)
            {
                await task.Ask(lab[1].Id, new CgroupProtocol.Uncharge { Bytes = CgroupLab.Page });
                await task.Ask(lab[0].Id, new CgroupProtocol.Uncharge { Bytes = CgroupLab.Page });
            }

            await task.Ask(lab.Machine.CgroupWork[1], new WaitChannelProtocol.PrepareToWait());
            await task.Ask(lab.Machine.CgroupWork[1], new WaitChannelProtocol.FinishWait());
        });
        lab.Execute();
        return lab.Run.Oracle.Violations;
    }

    private static async Routine<EpcPageIndex> Take(Saboteur task, int node)
    {
        NumaNodeProtocol.TakePage take = await task.Ask(task.Machine.Nodes[node], new NumaNodeProtocol.TakePage());
        await Count(task, -1);
        await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.ReadPages());
        await task.Ask(task.Machine.Cgroups[0], new CgroupProtocol.ReadLru());
        return take.Page;
    }

    private static async Routine Free(Saboteur task, EpcPageIndex page, int node)
    {
        await task.Ask(task.Machine.Nodes[node], new NumaNodeProtocol.FreePage { Page = page });
        await Count(task, 1);
    }

    private static async Routine Count(Saboteur task, long pages) =>
        await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.AddPages { Pages = pages });
}
