using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using static EpcActors.Tests.OracleTests.PlantedRun;

namespace EpcActors.Tests.OracleTests;

/// <summary>Hangs, livelocks and deadlocks, each planted, and each run without it clean.</summary>
public sealed class LivenessRuleTests
{
    [Fact]
    public void Faults_that_never_end_because_the_counter_never_falls_below_the_watermark()
    {
        // R1's end: the counter is too high, so no task wakes ksgxd.
        Scenario scenario = Tight(new KernelSwitches { EpcCgroup = EpcCgroupMode.Off }, accesses: 2000);
        Assert.Empty(Execute(scenario).Violations);
        (RunEnd end, TimedRun run, IReadOnlyList<ViolationReport> found) = Execute(scenario, run =>
            run.Sabotage(3 * Ms, async task =>
                await task.Ask(task.Machine.FreePageCounter, new FreePageCounterProtocol.AddPages { Pages = 1000 })));
        Assert.Equal(RunEnd.Stopped, end);
        Assert.True(run.Oracle.IsHopeless);
        Assert.Equal([Rules.Liveness, Rules.FreePageCounter], found.Select(v => v.Rule));
        Assert.Contains("ksgxd sleeps", found[0].Detail, StringComparison.Ordinal);
        Assert.NotEmpty(run.Oracle.Hung);
    }

    [Fact]
    public void Reclaim_that_finds_every_page_young_for_ever()
    {
        Scenario scenario = Make(
            [Enclave("young", 200, [Uniform(20_000)])],
            [new NodeSpec(4, [64])],
            durationNs: 1_000 * Ms);
        Assert.Empty(Execute(scenario).Violations);
        (RunEnd end, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(
            scenario, run => run.Sabotage(5 * Ms, task => KeepYoung(task, run.Topology.Enclaves[0]), isDaemon: true));
        Assert.Equal(RunEnd.Stopped, end);
        Assert.Equal(Rules.Liveness, Assert.Single(found).Rule);
    }

    [Fact]
    public void A_charge_that_is_refused_for_ever_without_a_batch_ever_being_reported()
    {
        // The limit stands, pages are listed, and the LRU gives none: a walk that comes out empty each time.
        Scenario scenario = Roomy(durationNs: 1_000 * Ms, pauseNs: 500 * Ms);
        (RunEnd end, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(scenario, run =>
            run.Sabotage(5 * Ms, async task =>
            {
                ActorId cgroup = run.Topology.Cgroups[2].Id;
                await task.Ask(cgroup, new CgroupProtocol.WriteMax { Max = default });
                while (true)
                {
                    await task.Ask(cgroup, new CgroupProtocol.Charge { Bytes = 4096 });
                    await task.Ask(
                        cgroup,
                        new CgroupProtocol.CountMaxEvent { IsLocal = true, IsHierarchical = true });
                    await task.Ask(cgroup, new CgroupProtocol.Uncharge { Bytes = 4096 });
                    await task.SpendNs(3, 10_000);
                }
            }));
        Assert.Equal(RunEnd.Stopped, end);
        ViolationReport hang = Assert.Single(found);
        Assert.Equal(Rules.Liveness, hang.Rule);
        Assert.Contains("saboteur is refused a charge again and again", hang.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_tasks_that_lock_two_mutexes_crosswise()
    {
        Scenario scenario = Roomy();
        Assert.Equal(RunEnd.Finished, Execute(scenario).End);
        (RunEnd end, TimedRun run, IReadOnlyList<ViolationReport> found) = Execute(scenario, run =>
        {
            ActorId a = run.Topology.Enclaves[0].Enclave.Id;
            ActorId b = run.Topology.Enclaves[1].Enclave.Id;
            run.Sabotage(5 * Ms, task => LockBoth(task, a, b), "ab");
            run.Sabotage(5 * Ms, task => LockBoth(task, b, a), "ba");
        });
        Assert.Equal(RunEnd.Deadlock, end);
        ViolationReport deadlock = Assert.Single(found);
        Assert.Equal(Rules.Deadlock, deadlock.Rule);
        Assert.Contains(
            "ab (holds lock of enclave:a) for Lock of enclave:b",
            deadlock.Detail,
            StringComparison.Ordinal);
        Assert.Contains(
            "ba (holds lock of enclave:b) for Lock of enclave:a",
            deadlock.Detail,
            StringComparison.Ordinal);
        Assert.Contains(run.Oracle.Hung, t => t.Name == "ab");
    }

    [Fact]
    public void Two_tasks_that_lock_in_the_same_order_are_no_deadlock()
    {
        (RunEnd end, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(Roomy(), run =>
        {
            ActorId a = run.Topology.Enclaves[0].Enclave.Id;
            ActorId b = run.Topology.Enclaves[1].Enclave.Id;
            run.Sabotage(5 * Ms, task => LockBoth(task, a, b), "first");
            run.Sabotage(5 * Ms, task => LockBoth(task, a, b), "second");
        });
        Assert.Equal(RunEnd.Finished, end);
        Assert.Empty(found);
    }

    [Fact]
    public void A_daemon_that_waits_for_a_lock_that_is_never_released_is_a_deadlock_too()
    {
        (RunEnd end, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(
            Make([], [new NodeSpec(4, [64])]),
            run =>
            {
                ActorId tree = run.Topology.Machine.CgroupTree;
                run.Sabotage(
                    1 * Ms,
                    async task => await task.Ask(tree, new CgroupTreeProtocol.LockCursor()),
                    "holder");
                run.Sabotage(
                    2 * Ms,
                    async task => await task.Ask(tree, new CgroupTreeProtocol.LockCursor()),
                    "waiter",
                    isDaemon: true);
            });
        Assert.Equal(RunEnd.Deadlock, end);
        Assert.Equal(Rules.Deadlock, Assert.Single(found).Rule);
    }

    private static async Routine LockBoth(Saboteur task, ActorId first, ActorId second)
    {
        await task.Ask(first, new EnclaveProtocol.Lock());
        await task.SpendNs(3, 100_000);
        await task.Ask(second, new EnclaveProtocol.Lock());
        await task.Ask(second, new EnclaveProtocol.Unlock());
        await task.Ask(first, new EnclaveProtocol.Unlock());
    }

    /// <summary>Sets the accessed bits as threads do that touch all of the enclave all the time.</summary>
    private static async Routine KeepYoung(Saboteur task, EnclaveActors young)
    {
        while (true)
        {
            for (int page = 0; page < young.Enclave.Entries.PageCount; page++)
            {
                if (young.Mm.Ptes[page].IsPresent)
                {
                    await task.Ask(young.Mm.Id, new AddressSpaceProtocol.Access { Page = page });
                }
            }

            await task.SpendNs(3, 10);
        }
    }
}
