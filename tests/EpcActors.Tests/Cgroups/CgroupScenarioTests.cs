using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Cgroups;

/// <summary>Whole runs: threads, workers, an administrator and the oracle.</summary>
public class CgroupScenarioTests
{
    private const long Page = KernelConstants.PageSize;

    public static TheoryData<string, ulong> KernelsAndSeeds()
    {
        TheoryData<string, ulong> data = [];
        foreach (string kernel in new[] { "v5", "v6", "v8", "v10", "v13", "v17", "none" })
        {
            for (ulong seed = 1; seed <= 10; seed++)
            {
                data.Add(kernel, seed);
            }
        }

        return data;
    }

    /// <summary>C14: the parent is full because of a sibling that sits still. The faulting one has pages of its own, so
    /// it is told to try again; its worker looks at its own usage and goes back to sleep.</summary>
    [Theory]
    [InlineData("v6", true)]
    [InlineData("v8", true)]
    [InlineData("v13", true)]
    [InlineData("v17", true)]
    [InlineData("none", false)]
    public void A_limit_that_a_sibling_uses_up_makes_a_fault_loop_for_ever(string kernel, bool livelock)
    {
        CgroupSpec[] cgroups =
        [
            new("/", -1, Limit.Max, Limit.Max),
            new("/p", 0, Limit.OfBytes(100 * Page), Limit.Max),
            new("/p/idle", 1, Limit.Max, Limit.Max),
            new("/p/busy", 1, Limit.Max, Limit.Max),
        ];
        EnclaveSpec[] enclaves =
        [
            new()
            {
                Name = "idle",
                Cgroup = 2,
                HeapPages = 48,
                AddedHeapPages = 48,
                Steps = [new StepSpec.Pause(200_000_000)],
            },
            new()
            {
                Name = "busy",
                Cgroup = 3,
                StartNs = 1_000_000,
                HeapPages = 90,
                AddedHeapPages = 90,
                Steps = [new StepSpec.Touch(AccessKind.Write, 0)],
            },
        ];
        TimedRun run = new(Scenarios.Of(Kernels.Named(kernel), [400], cgroups, enclaves, []), "test", null);
        RunEnd end = run.Execute(CancellationToken.None);
        Assert.Equal(livelock ? [Rules.Liveness] : [], run.Oracle.Violations.Select(one => one.Rule));
        Assert.Equal(livelock ? RunEnd.Stopped : RunEnd.Finished, end);
        if (livelock)
        {
            // Every round through the fault handler was an event at the parent, and none at the one that faults (C16).
            Assert.InRange(run.Topology.Cgroups[1].Events, 1000, long.MaxValue);
            Assert.Equal(0, run.Topology.Cgroups[3].Events);
        }
    }

    /// <summary>
    /// Victim when nothing can be reclaimed: under v5 an enclave dies, and the one that asked lives; later the one that
    /// asked fails.
    /// </summary>
    [Theory]
    [InlineData("v8", 9)]
    [InlineData("v17", 9)]
    public void Unreclaimable_pages_fill_a_small_limit(string kernel, long limit)
    {
        CgroupSpec[] cgroups =
        [
            new("/", -1, Limit.Max, Limit.Max),
            new("/small", 0, Limit.OfBytes(limit * Page), Limit.Max),
        ];
        List<EnclaveSpec> enclaves = [];
        for (int i = 0; i < 5; i++)
        {
            enclaves.Add(new EnclaveSpec
            {
                Name = $"e{i}",
                Cgroup = 1,
                StartNs = i * 1_000_000,
                CodePages = 4,
                HeapPages = 4,
                AddedHeapPages = 4,
                Steps = [new StepSpec.Pause(100_000_000)],
            });
        }

        TimedRun run = new(Scenarios.Of(Kernels.Named(kernel), [400], cgroups, enclaves, []), "test", null);
        Assert.Equal(RunEnd.Finished, run.Execute(CancellationToken.None));
        Assert.Empty(run.Oracle.Violations);

        // An initialised enclave that is written out keeps its VA page only; one that is being built needs two more,
        // and the pages that it adds.
        Assert.All(run.Topology.Enclaves, one => Assert.Equal(ThreadOutcome.Finished, one.Process.Outcome));
        Assert.Equal(0, run.Topology.Cgroups[1].UsageBytes);
        Assert.Equal(limit * Page, run.Topology.Cgroups[1].PeakBytes);
    }

    /// <summary>The notes of the run name the administrator's refused writes.</summary>
    [Fact]
    public void A_refused_action_is_in_the_notes()
    {
        CgroupSpec[] cgroups = [new("/", -1, Limit.Max, Limit.Max), new("/a", 0, Limit.Max, Limit.Max)];
        EnclaveSpec[] enclaves =
        [
            new()
            {
                Name = "e",
                Cgroup = 1,
                HeapPages = 10,
                AddedHeapPages = 10,
                Steps = [new StepSpec.Pause(10_000_000)],
            },
        ];
        ScriptAction[] script = [new ScriptAction.RemoveCgroup(5_000_000, 1)];
        string[] notes =
        [
            .. new ScenarioRunner(Scenarios.Of(new KernelSwitches(), [400], cgroups, enclaves, script))
                .Run("", CancellationToken.None)
                .Notes,
        ];
        Assert.Contains("the script's \"rmdir /a\" at 5 ms failed: EBUSY", notes);
    }

    /// <summary>A forked child is charged where its parent was when it forked.</summary>
    [Fact]
    public void A_child_is_born_into_its_parents_cgroup()
    {
        CgroupSpec[] cgroups =
        [
            new("/", -1, Limit.Max, Limit.Max),
            new("/a", 0, Limit.Max, Limit.Max),
            new("/b", 0, Limit.Max, Limit.Max),
        ];
        EnclaveSpec[] enclaves =
        [
            new()
            {
                Name = "e",
                Cgroup = 1,
                HeapPages = 40,
                AddedHeapPages = 10,
                Steps =
                [
                    new StepSpec.Pause(2_000_000),
                    new StepSpec.Fork([new StepSpec.Touch(AccessKind.Write, 0)]),
                    new StepSpec.Pause(5_000_000),
                ],
            },
        ];
        TimedRun run = new(
            Scenarios.Of(new KernelSwitches(), [400], cgroups, enclaves, [new ScriptAction.Migrate(1_000_000, 0, 2)]),
            "test",
            null);
        Assert.Equal(RunEnd.Finished, run.Execute(CancellationToken.None));
        Assert.Empty(run.Oracle.Violations);
        Assert.Equal((22 * Page, 30 * Page), (run.Topology.Cgroups[1].PeakBytes, run.Topology.Cgroups[2].PeakBytes));
    }

    [Theory]
    [MemberData(nameof(KernelsAndSeeds))]
    public void Accounting_holds_whatever_the_administrator_does(string kernel, ulong seed)
    {
        TimedRun run = new(RandomScenario(kernel, seed), "test", null);
        RunEnd end = run.Execute(CancellationToken.None);

        // A livelock is a finding about the kernel (C14, all pages young); wrong accounts would be ours.
        Assert.DoesNotContain(run.Oracle.Violations, one => one.Rule is not (Rules.Liveness or Rules.WrongfulSignal));
        if (end == RunEnd.Finished)
        {
            Assert.All(run.Topology.Cgroups, one => Assert.Equal(0, one.UsageBytes));
            Assert.All(run.Topology.Cgroups, one => Assert.Equal(0, one.LruPages + one.UnreclaimablePages));
            Assert.All(run.Topology.MemoryCgroups, one => Assert.Equal(0, one.UsagePages));
            Assert.All(run.Topology.Cgroups, one => Assert.Equal(one.IsDying, one.IsFreed));
        }
    }

    private static Scenario RandomScenario(string kernel, ulong seed)
    {
        Prng prng = new(seed);
        int Next(int bound) => prng.NextBelow(bound);
        List<CgroupSpec> cgroups = [new("/", -1, Limit.Max, Limit.Max)];
        int count = 1 + Next(6);
        for (int i = 1; i <= count; i++)
        {
            cgroups.Add(
                new CgroupSpec(
                    $"/c{i}",
                    Next(i),
                    RandomLimit(),
                    Next(4) == 0 ? Limit.OfPages(20 + Next(200)) : Limit.Max)
            );
        }

        List<EnclaveSpec> enclaves = [];
        int enclaveCount = 3 + Next(4);
        for (int i = 0; i < enclaveCount; i++)
        {
            int heap = 16 + Next(120);
            enclaves.Add(
                new EnclaveSpec
                {
                    Name = $"e{i}",
                    Cgroup = 1 + Next(count),
                    Threads = 1 + Next(3),
                    StartNs = Next(1_000_000),
                    HeapPages = heap,
                    AddedHeapPages = Next(2) == 0 ? heap : Next(heap + 1),
                    Steps =
                    [
                        new StepSpec.Touch(AccessKind.Write, Next(2) * 500),
                        new StepSpec.Pattern(
                            (pages, stream) => new UniformPattern(pages, AccessMix.ReadOnly, stream),
                            200,
                            100,
                            "uniform"),
                        .. Next(3) == 0
                            ? [new StepSpec.Fork([new StepSpec.Touch(AccessKind.Read, 100)])]
                            : Array.Empty<StepSpec>(),
                        new StepSpec.Pause(Next(500_000)),
                    ],
                });
        }

        List<ScriptAction> script = [];
        int actions = Next(14);
        for (int i = 0; i < actions; i++)
        {
            long at = Next(4_000_000);
            script.Add(
                Next(7) switch
                {
                    0 or 1 => new ScriptAction.SetMax(at, 1 + Next(count), RandomLimit()),
                    2 => new ScriptAction.SetMemoryMax(
                        at,
                        1 + Next(count),
                        Next(2) == 0 ? Limit.Max : Limit.OfPages(Next(150))),
                    3 => new ScriptAction.KillEnclave(at, Next(enclaveCount)),
                    4 => new ScriptAction.Migrate(at, Next(enclaveCount), Next(count + 1)),
                    5 => new ScriptAction.CreateCgroup(at, 1 + Next(count)),
                    _ => new ScriptAction.RemoveCgroup(at, 1 + Next(count)),
                });
        }

        script.Sort((a, b) => a.AtNs.CompareTo(b.AtNs));
        return Scenarios.Of(
            Kernels.Named(kernel),
            [100 + Next(300)],
            cgroups,
            enclaves,
            script,
            seed,
            jitterPercent: 16,
            durationNs: 100_000_000,
            livenessNs: 5_000_000);

        Limit RandomLimit() => Next(3) == 0 ? Limit.Max : Limit.OfPages(Next(3) == 0 ? Next(20) : 20 + Next(180));
    }
}
