using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Kernel;

/// <summary>
/// Small scenarios at random, on kernels with every fix in place: whatever happens, no rule is broken, and at the end
/// every page is back and no charge is left.
/// </summary>
public sealed class ScenarioPropertyTests
{
    public static TheoryData<int> Seeds
    {
        get
        {
            TheoryData<int> seeds = [];
            for (int seed = 1; seed <= 60; seed++)
            {
                seeds.Add(seed);
            }

            return seeds;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Any_small_scenario_passes_and_gives_everything_back(int seed) => Check(Generate((ulong)seed));

    internal static void Check(Scenario scenario)
    {
        TimedRun run = new(scenario, "test", null);
        run.Execute(CancellationToken.None);
        string where = Describe(scenario);

        // R19 is in every kernel: a memory failure hits a page that is isolated, or on its way to the LRU, and EWB
        // meets it later.
        List<ViolationReport> violations =
        [
            .. run.Oracle.Violations.Where(one =>
                one.Rule != Rules.PoisonReuse || !one.Detail.Contains("EWB", StringComparison.Ordinal)),
        ];
        Assert.True(violations.Count == 0, $"{where}\n{string.Join('\n', violations)}");
        Assert.True(run.EndNs < scenario.Run.DurationNs, $"{where}\nnot finished");
        int free = run.Topology.Nodes.Sum(node => node.FreePages + node.PoisonedPages);
        Assert.True(
            free == scenario.Machine.EpcPages,
            $"{where}\n{free} of {scenario.Machine.EpcPages} pages are back");
        Assert.All(run.Topology.Cgroups, cgroup => Assert.Equal(0, cgroup.UsageBytes));
        Assert.All(run.Topology.MemoryCgroups, cgroup => Assert.Equal(0, cgroup.UsagePages));
        Assert.All(run.Topology.Cgroups, cgroup => Assert.Equal(0, cgroup.LruPages));
        Assert.All(run.Topology.Enclaves, enclave =>
            Assert.True(enclave.Enclave.References == 0, $"{where}\n{enclave.Enclave.Name} lives"));
    }

    internal static Scenario Generate(ulong seed)
    {
        Prng prng = new(seed);
        int epc = 64 << prng.NextBelow(4);
        List<NodeSpec> nodes =
            prng.NextBelow(2) == 0
                ? [new NodeSpec(2 + prng.NextBelow(3), [epc])]
                :
                [
                    new NodeSpec(2, [epc / 2]),
                    new NodeSpec(1 + prng.NextBelow(2), prng.NextBelow(3) == 0 ? [] : [epc / 4, epc / 4]),
                ];
        long total = nodes.Sum(node => node.SectionPages.Sum());
        List<EnclaveSpec> enclaves = [];
        List<ScriptAction> script = [];
        int count = 1 + prng.NextBelow(4);
        List<CgroupSpec> cgroups = [new CgroupSpec("/", -1, Limit.Max, Limit.Max)];
        for (int i = 0; i < count; i++)
        {
            Limit max = prng.NextBelow(3) == 0 ? Limit.OfPages(24 + prng.NextBelow((int)total)) : Limit.Max;
            cgroups.Add(
                new CgroupSpec(
                    $"/{(char)('a' + i)}",
                    prng.NextBelow(3) == 0 ? cgroups.Count - 1 : 0,
                    max,
                    Limit.Max));
        }

        for (int i = 0; i < count; i++)
        {
            enclaves.Add(Enclave(prng, i, cgroups.Count, (int)total));
            if (prng.NextBelow(3) == 0)
            {
                script.Add(new ScriptAction.KillEnclave(1 + prng.NextBelow(20_000_000), i));
            }
        }

        if (prng.NextBelow(4) == 0)
        {
            script.Add(
                new ScriptAction.Poison(1 + prng.NextBelow(5_000_000), 0, prng.NextBelow(20), 1 + prng.NextBelow(3)));
        }

        script.Sort((a, b) => a.AtNs.CompareTo(b.AtNs));
        List<VirtualMachineSpec> guests =
            prng.NextBelow(3) == 0
                ?
                [
                    new VirtualMachineSpec
                    {
                        Name = "vm",
                        Cgroup = 0,
                        Pages = 16,
                        TouchedPages = 8,
                        HoldNs = prng.NextBelow(3_000_000),
                    },
                ]
                : [];
        return TestScenarios.Make(
            Switches(prng),
            nodes,
            enclaves,
            guests,
            cgroups,
            sanitises: prng.NextBelow(4) == 0,
            script,
            seed,
            durationNs: 120_000_000_000);
    }

    private static EnclaveSpec Enclave(Prng prng, int index, int cgroups, int epc)
    {
        int heap = 1 + prng.NextBelow(epc * 3 / 2);
        int code = 1 + prng.NextBelow(5);
        List<StepSpec> steps = [];
        int stepCount = 1 + prng.NextBelow(5);
        bool trimmed = false;
        for (int i = 0; i < stepCount; i++)
        {
            switch (prng.NextBelow(7))
            {
                case 0 when !trimmed:
                    steps.Add(new StepSpec.ChangeType());
                    steps.Add(new StepSpec.Accept());
                    steps.Add(new StepSpec.Remove());
                    trimmed = prng.NextBelow(2) == 0;
                    break;
                case 1:
                    steps.Add(new StepSpec.Restrict());
                    steps.Add(new StepSpec.Accept());
                    break;
                case 2:
                    steps.Add(new StepSpec.Pause(prng.NextBelow(2_000_000)));
                    break;
                case 3:
                    steps.Add(new StepSpec.Fork([new StepSpec.Touch(AccessKind.Read, 0)]));
                    break;
                case 4:
                    steps.Add(new StepSpec.Touch(AccessKind.Write, prng.NextBelow(2000)));
                    break;
                default:
                    long accesses = 50 + prng.NextBelow(800);
                    steps.Add(
                        new StepSpec.Pattern(
                            (pages, stream) => new UniformPattern(pages, AccessMix.ReadOnly, stream),
                            accesses,
                            prng.NextBelow(1000),
                            "uniform"));
                    break;
            }
        }

        return new EnclaveSpec
        {
            Name = $"e{index}",
            Cgroup = prng.NextBelow(cgroups),
            Threads = 1 + prng.NextBelow(3),
            StartNs = prng.NextBelow(2_000_000),
            CodePages = code,
            HeapPages = heap,
            AddedHeapPages = prng.NextBelow(heap + 1),
            IsHeapMeasured = prng.NextBelow(4) == 0,
            Steps = steps,
        };
    }

    /// <summary>
    /// The choices of design vary; everything that is a fix is in place, those that were only proposed too.
    /// </summary>
    private static KernelSwitches Switches(Prng prng) => new()
    {
        EpcCgroup = (EpcCgroupMode)prng.NextBelow(2),
        FreePageCounter = prng.NextBelow(2) == 0 ? FreePageCounterMode.Atomic : FreePageCounterMode.PerNode,
        ReclaimWalk = (ReclaimWalk)prng.NextBelow(4),
        WorkerTarget = (WorkerTarget)prng.NextBelow(2),
        WorkerQueued = (WorkerQueued)prng.NextBelow(2),
        DirectReclaim = (DirectReclaim)prng.NextBelow(3),
        BackingCharge = (BackingCharge)prng.NextBelow(3),
        EaugRaceTolerated = Fix.Present,
        RemovalMarked = Fix.Present,
    };

    private static string Describe(Scenario scenario) =>
        $"seed {scenario.Seed}: EPC "
        + $"{string.Join(" + ", scenario.Machine.Nodes.Select(node => $"[{string.Join(',', node.SectionPages)}]"))}, "
        + $"{scenario.Switches}\n"
        + string.Join(
            '\n',
            scenario.Enclaves.Select(one =>
                $"  {one.Name}: {one.Threads} threads, {one.AddedHeapPages} of {one.HeapPages} pages, cgroup "
                    + $"{scenario.Cgroups[one.Cgroup]}, "
                    + $"{string.Join(", ", one.Steps.Select(step => step.GetType().Name))}"))
        + "\n  "
        + string.Join(", ", scenario.Script);
}
