using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.OracleTests;

/// <summary>Small scenarios made in code, and runs of them with a defect planted.</summary>
internal static class PlantedRun
{
    public const long Ms = 1_000_000;

    /// <summary>Everything fits: nothing is ever evicted. The enclave sleeps for most of the run.</summary>
    public static Scenario Roomy(KernelSwitches? switches = null, long durationNs = 60 * Ms, long pauseNs = 20 * Ms) =>
        Make(
            [
                Enclave("a", 64, [new StepSpec.Touch(AccessKind.Write, 0), new StepSpec.Pause(pauseNs)]),
                Enclave("b", 64, [new StepSpec.Touch(AccessKind.Write, 0), new StepSpec.Pause(pauseNs)]),
            ],
            [new NodeSpec(4, [1024])],
            switches,
            durationNs);

    /// <summary>Twice as many pages as there is EPC, and every access is a fault.</summary>
    public static Scenario Tight(
        KernelSwitches? switches = null,
        long durationNs = 2_000 * Ms,
        long accesses = 400,
        int threads = 2,
        ulong seed = 1) =>
        Make(
            [
                Enclave("a", 192, [Uniform(accesses)]) with
                {
                    Threads = threads,
                },
                Enclave("b", 192, [Uniform(accesses)]) with
                {
                    Threads = threads,
                },
            ],
            [new NodeSpec(4, [128]), new NodeSpec(4, [128])],
            switches,
            durationNs,
            seed);

    public static StepSpec Uniform(long accesses, long workNs = 0) => new StepSpec.Pattern(
        (pages, prng) => new UniformPattern(pages, AccessMix.ReadOnly, prng), accesses, workNs, "uniform");

    public static EnclaveSpec Enclave(string name, int heap, IReadOnlyList<StepSpec> steps, int cgroup = 1) => new()
    {
        Name = name,
        Cgroup = cgroup,
        HeapPages = heap,
        AddedHeapPages = heap,
        Steps = steps,
    };

    public static Scenario Make(
        IReadOnlyList<EnclaveSpec> enclaves,
        IReadOnlyList<NodeSpec> nodes,
        KernelSwitches? switches = null,
        long durationNs = 2_000 * Ms,
        ulong seed = 1) => new()
        {
            File = "test",
            Kernel = "test",
            Switches = switches ?? new KernelSwitches(),
            SwitchList = [],
            Seed = seed,
            Machine = new MachineSpec { Name = "test", Nodes = nodes },
            Costs = Costs(),
            Cgroups =
        [
            new CgroupSpec("/", -1, Limit.Max, Limit.Max),
            new CgroupSpec("/a", 0, Limit.Max, Limit.Max),
            new CgroupSpec("/b", 0, Limit.Max, Limit.Max),
        ],
            Enclaves = enclaves,
            Run = new RunSpec
            {
                DurationNs = durationNs,
                SampleNs = Ms,
                QuantumNs = 500,
                JitterPercent = 10,
                MeasuresSlowdown = false,
                TraceEvents = 0,
                LivenessWindowNs = 20 * Ms,
                AuditEverySamples = 1,
            },
        };

    /// <summary>Runs with whatever <paramref name="plant"/> adds.</summary>
    public static (RunEnd End, TimedRun Run, IReadOnlyList<ViolationReport> Violations) Execute(
        Scenario scenario,
        Action<TimedRun>? plant = null)
    {
        TimedRun run = new(scenario, "test", null);
        plant?.Invoke(run);
        RunEnd end = run.Execute(CancellationToken.None);
        return (end, run, run.Oracle.Violations);
    }

    /// <summary>The run breaks these rules and no other, and the same run without the defect breaks none.</summary>
    public static IReadOnlyList<ViolationReport> Expect(
        Scenario clean,
        Scenario planted,
        Action<TimedRun>? plant,
        params string[] rules)
    {
        (RunEnd _, TimedRun _, IReadOnlyList<ViolationReport> none) = Execute(clean);
        Assert.Empty(none);
        (RunEnd _, TimedRun _, IReadOnlyList<ViolationReport> found) = Execute(planted, plant);
        Assert.Equal(rules.Order(StringComparer.Ordinal), found.Select(v => v.Rule).Order(StringComparer.Ordinal));
        return found;
    }

    public static IReadOnlyList<ViolationReport> Expect(
        Scenario scenario,
        Action<TimedRun> plant,
        params string[] rules
    ) => Expect(scenario, scenario, plant, rules);

    /// <summary>Adds a task that does what it is told at a moment of virtual time.</summary>
    public static Saboteur Sabotage(
        this TimedRun run,
        long atNs,
        Func<Saboteur, Routine> what,
        string name = "saboteur",
        bool isDaemon = false)
    {
        Saboteur saboteur = new(new ActorId(FreeId(run)), name, run.Topology.Machine, what, isDaemon);
        run.Add(saboteur, atNs);
        run.Topology.Tasks.Add((saboteur, -1));
        return saboteur;
    }

    private static int FreeId(TimedRun run) =>
        Math.Max(run.Topology.Resources.Max(r => r.Id.Index), run.Topology.Tasks.Max(t => t.Task.Id.Index)) + 1;

    private static CostProfile Costs()
    {
        int[] cycles = new int[Activities.Count];
        Array.Fill(cycles, 500);
        cycles[(int)Activity.MutexWait] = 0;
        cycles[(int)Activity.SpinWait] = 0;
        cycles[(int)Activity.Work] = 0;
        cycles[(int)Activity.Touch] = 60;
        cycles[(int)Activity.SpinLock] = 80;
        cycles[(int)Activity.Atomic] = 40;
        cycles[(int)Activity.Ewb] = 10000;
        cycles[(int)Activity.Eldu] = 8500;
        cycles[(int)Activity.Ipi] = 4000;
        return new CostProfile
        {
            Name = "test",
            ClockMhz = 4000,
            Cycles = cycles,
            RemotePercent = 140,
            MutexSpinCycles = 30000,
        };
    }
}

/// <summary>A task of the tests that sends what no kernel would.</summary>
internal sealed class Saboteur(ActorId id, string name, Machine machine, Func<Saboteur, Routine> what, bool isDaemon)
    : KernelTask(id, name, -1, 0, machine, TaskKind.Other, ActorId.None)
{
    public override bool IsDaemon => isDaemon;

    protected override Routine Run() => what(this);
}
