using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Benchmarks;

/// <summary>Scenarios made in code, so that a benchmark measures the engine and not a file.</summary>
internal static class BenchmarkScenarios
{
    /// <summary>
    /// Threads that touch more pages than there is EPC, without pause: every access is a fault with a reload and an
    /// eviction.
    /// </summary>
    public static Scenario Thrash(int threads, long accesses, KernelSwitches? switches = null, long quantumNs = 500)
    {
        int heap = 4096;
        int epc = 2048;
        EnclaveSpec enclave = new()
        {
            Name = "thrash",
            Cgroup = 1,
            Threads = threads,
            HeapPages = heap,
            AddedHeapPages = heap,
            Steps =
            [
                new StepSpec.Pattern(
                    (pages, prng) => new UniformPattern(pages, AccessMix.ReadOnly, prng), accesses, 0, "uniform"),
            ],
        };
        return Make([enclave], [new NodeSpec(8, [epc])], switches ?? new KernelSwitches(), quantumNs);
    }

    /// <summary>Threads that touch every page of a heap that fits, once.</summary>
    public static Scenario FirstTouch(int threads, int pages, KernelSwitches switches) => Make(
        [
            new EnclaveSpec
            {
                Name = "first-touch",
                Cgroup = 1,
                Threads = threads,
                HeapPages = pages,
                AddedHeapPages = pages,
                Steps = [new StepSpec.Touch(AccessKind.Read, 0)],
            },
        ],
        [new NodeSpec(8, [pages + (pages / 256) + 64])],
        switches,
        500);

    /// <summary>
    /// Four enclaves on two sockets, each in a cgroup of its own and with more pages than its limit allows, so that
    /// each pages against itself: what they share is the root's charge and the free lists of their socket.
    /// </summary>
    /// <param name="theta">0: every page alike, so that a third of the accesses fault; 0.99: a working set as of YCSB,
    /// a few in a hundred fault.</param>
    /// <param name="passes">Accesses of each, as multiples of its pages.</param>
    public static Scenario TwoSockets(double theta, int passes)
    {
        const int Heap = 2048;
        List<CgroupSpec> cgroups = [new("/", -1, Limit.Max, Limit.Max)];
        List<EnclaveSpec> enclaves = [];
        for (int i = 0; i < 4; i++)
        {
            cgroups.Add(
                new CgroupSpec($"/{(char)('a' + i)}", 0, Limit.OfPages(Heap * 2 / 3), Limit.Max));
            enclaves.Add(
                new EnclaveSpec
                {
                    Name = $"{(char)('a' + i)}",
                    Cgroup = i + 1,
                    Node = i % 2,
                    HeapPages = Heap,
                    AddedHeapPages = Heap,
                    Steps =
                    [
                        new StepSpec.Pattern(
                            (pages, prng) =>
                                new ZipfPattern(pages, theta, PlacementOrder.Scattered, AccessMix.ReadOnly, prng),
                            (long)passes * Heap,
                            0,
                            "zipf"),
                    ],
                });
        }

        return Make(
            enclaves,
            [new NodeSpec(8, [8192]), new NodeSpec(8, [8192])],
            new KernelSwitches { FreePageCounter = FreePageCounterMode.PerNode },
            500
        ) with
        {
            Cgroups = cgroups,
        };
    }

    /// <summary>Pods of four enclaves each on eight sockets; each pod pages against its own limit.</summary>
    public static Scenario Pods(int pods, long accesses)
    {
        const int Heap = 1024;
        List<CgroupSpec> cgroups =
        [
            new("/", -1, Limit.Max, Limit.Max),
            new("/pods", 0, Limit.Max, Limit.Max),
        ];
        List<EnclaveSpec> enclaves = [];
        for (int pod = 0; pod < pods; pod++)
        {
            cgroups.Add(new CgroupSpec($"/pods/p{pod}", 1, Limit.OfPages(3 * Heap), Limit.Max));
            for (int i = 0; i < 4; i++)
            {
                enclaves.Add(
                    new EnclaveSpec
                    {
                        Name = $"e{pod}-{i}",
                        Cgroup = cgroups.Count - 1,
                        HeapPages = Heap,
                        AddedHeapPages = Heap,
                        Steps =
                        [
                            new StepSpec.Touch(AccessKind.Write, 0),
                            new StepSpec.Pattern(
                                (pages, prng) =>
                                    new ZipfPattern(pages, 0.99, PlacementOrder.Scattered, AccessMix.ReadOnly, prng),
                                accesses,
                                5_000,
                                "zipf"),
                        ],
                    });
            }
        }

        NodeSpec[] nodes = [.. Enumerable.Repeat(new NodeSpec(32, [1_048_576]), 8)];
        return Make(enclaves, nodes, new KernelSwitches(), 500) with { Cgroups = cgroups };
    }

    /// <summary>Two sockets of 512 GiB and an enclave of 16 MiB.</summary>
    public static Scenario OneTebibyte() => Make(
        [new EnclaveSpec { Name = "small", Cgroup = 1, HeapPages = 4096, AddedHeapPages = 4096 }],
        [new NodeSpec(8, [134_217_727]), new NodeSpec(8, [134_217_727])],
        new KernelSwitches(),
        500);

    /// <summary>
    /// An enclave that fills the EPC to the last page but the reclaimer's watermark, touches all of it and stays.
    /// </summary>
    public static Scenario FillAndHold(int epcPages)
    {
        int heap = epcPages - (epcPages / 512) - 128;
        Scenario scenario = Make(
            [
                new EnclaveSpec
                {
                    Name = "full",
                    Cgroup = 1,
                    HeapPages = heap,
                    AddedHeapPages = heap,
                    Steps = [new StepSpec.Touch(AccessKind.Read, 0), new StepSpec.Pause(3_600_000_000_000)],
                },
            ],
            [new NodeSpec(8, [epcPages])],
            new KernelSwitches(),
            500);
        return scenario with { Run = scenario.Run with { DurationNs = 60_000_000_000 } };
    }

    public static Scenario Make(
        IReadOnlyList<EnclaveSpec> enclaves,
        IReadOnlyList<NodeSpec> nodes,
        KernelSwitches switches,
        long quantumNs) =>
        new()
        {
            File = "benchmark",
            Kernel = "epc-cgroup-v8",
            Switches = switches,
            SwitchList = [],
            Seed = 1,
            Machine = new MachineSpec { Name = "benchmark", Nodes = nodes },
            Costs = Costs(),
            Cgroups =
            [
                new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                new CgroupSpec("/a", 0, Limit.Max, Limit.Max),
            ],
            Enclaves = enclaves,
            Run = new RunSpec
            {
                DurationNs = 600_000_000_000,
                SampleNs = 10_000_000,
                QuantumNs = quantumNs,
                JitterPercent = 10,
                MeasuresSlowdown = false,
                TraceEvents = 0,
                LivenessWindowNs = 50_000_000,
                AuditEverySamples = 0,
            },
        };

    private static CostProfile Costs()
    {
        int[] cycles = new int[Activities.Count];
        cycles[(int)Activity.MutexHandOver] = 1500;
        cycles[(int)Activity.Touch] = 60;
        cycles[(int)Activity.Aex] = 5000;
        cycles[(int)Activity.Eresume] = 5000;
        cycles[(int)Activity.PageFault] = 2000;
        cycles[(int)Activity.Syscall] = 700;
        cycles[(int)Activity.SpinLock] = 80;
        cycles[(int)Activity.Atomic] = 40;
        cycles[(int)Activity.SharedLine] = 300;
        cycles[(int)Activity.Pte] = 400;
        cycles[(int)Activity.Age] = 400;
        cycles[(int)Activity.Backing] = 700;
        cycles[(int)Activity.Eblock] = 800;
        cycles[(int)Activity.Etrack] = 600;
        cycles[(int)Activity.Ipi] = 4000;
        cycles[(int)Activity.IpiPerCpu] = 500;
        cycles[(int)Activity.Ewb] = 10000;
        cycles[(int)Activity.EwbNotTracked] = 600;
        cycles[(int)Activity.Eldu] = 8500;
        cycles[(int)Activity.Eadd] = 10000;
        cycles[(int)Activity.Eextend] = 5500;
        cycles[(int)Activity.Eaug] = 10000;
        cycles[(int)Activity.Eaccept] = 10000;
        cycles[(int)Activity.Eremove] = 4500;
        cycles[(int)Activity.Epa] = 6000;
        cycles[(int)Activity.Ecreate] = 28000;
        cycles[(int)Activity.Einit] = 88000;
        cycles[(int)Activity.Emod] = 8500;
        cycles[(int)Activity.Schedule] = 2000;
        return new CostProfile
        {
            Name = "benchmark",
            ClockMhz = 3600,
            Cycles = cycles,
            RemotePercent = 140,
            MutexSpinCycles = 30000,
        };
    }
}
