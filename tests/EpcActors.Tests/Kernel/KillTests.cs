using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Workloads;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Kernel;

/// <summary>SIGKILL at any moment: whatever the process was doing, nothing of it stays.</summary>
public sealed class KillTests
{
    /// <summary>
    /// Moments from before the process starts over its build, its faults and reclaim, a barrier and a pause, to its
    /// long run.
    /// </summary>
    public static TheoryData<long, int> Moments
    {
        get
        {
            TheoryData<long, int> moments = [];
            for (int i = 0; i < 40; i++)
            {
                moments.Add(1 + (i * 37_003L), 64);
                moments.Add(2 + (i * 401_003L), 64);
                moments.Add(1 + (i * 1_201_003L), 512);
            }

            return moments;
        }
    }

    [Theory]
    [MemberData(nameof(Moments))]
    public void A_killed_enclave_leaves_no_page_and_no_charge(long killNs, int epcPages)
    {
        EnclaveSpec enclave = new()
        {
            Name = "victim",
            Cgroup = 1,
            Threads = 2,
            StartNs = 20_000,
            CodePages = 4,
            HeapPages = 120,
            AddedHeapPages = 80,
            Steps =
            [
                new StepSpec.Touch(AccessKind.Write, 0),
                new StepSpec.ChangeType(),
                new StepSpec.Accept(),
                new StepSpec.Remove(),
                new StepSpec.Fork([new StepSpec.Touch(AccessKind.Read, 0)]),
                new StepSpec.Pause(2_000_000),

                // For ever; with enough EPC without a single fault.
                new StepSpec.Pattern(
                    (pages, prng) => new UniformPattern(pages, AccessMix.ReadOnly, prng),
                    -1,
                    100,
                    "uniform"),
            ],
        };
        TimedRun run = new(
            TestScenarios.Make(
                new KernelSwitches(),
                [new NodeSpec(4, [epcPages])],
                [enclave],
                [],
                [
                    new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                    new CgroupSpec("/a", 0, Limit.Max, Limit.Max),
                ],
                script: [new ScriptAction.KillEnclave(killNs, 0)],
                durationNs: 2_000_000_000),
            "test",
            null);
        run.Execute(CancellationToken.None);
        Assert.Empty(run.Oracle.Violations);
        Assert.True(run.EndNs < 2_000_000_000, "it lives on");
        Assert.True(run.Topology.Enclaves[0].Process.HasExited);
        Assert.NotEqual(KillReason.None, run.Topology.Enclaves[0].Process.Killed);
        Assert.Equal(epcPages, run.Topology.Nodes[0].FreePages);
        Assert.Equal(epcPages, run.Topology.FreePageCounter.Pages);
        Assert.All(run.Topology.Cgroups, cgroup => Assert.Equal(0, cgroup.UsageBytes));
        Assert.All(run.Topology.MemoryCgroups, cgroup => Assert.Equal(0, cgroup.UsagePages));
        Assert.Equal(0, run.Topology.Enclaves[0].Enclave.References);
    }
}
