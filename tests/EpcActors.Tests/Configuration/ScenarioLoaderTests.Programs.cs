using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Configuration;

/// <content>Enclaves, their steps and patterns.</content>
public sealed partial class ScenarioLoaderTests
{
    [Fact]
    public void An_enclave_has_the_documented_defaults()
    {
        EnclaveSpec enclave = Assert.Single(Loading.Load("epc.enclaves.web.heap = 4 MiB").Enclaves);
        Assert.Equal(
            ("web", 0, -1, 1, 0L, 10, 1024, 1024, false),
            (
                enclave.Name,
                enclave.Cgroup,
                enclave.Node,
                enclave.Threads,
                enclave.StartNs,
                enclave.CodePages,
                enclave.HeapPages,
                enclave.AddedHeapPages,
                enclave.IsHeapMeasured));
        Assert.Equal(new StepSpec.Touch(AccessKind.Write, 0), Assert.Single(enclave.Steps));
    }

    [Fact]
    public void Instances_are_numbered_and_start_one_after_the_other()
    {
        Scenario scenario = Loading.Load(
            "epc { cgroups { /p {} }, enclaves.web { cgroup = /p, heap = 4 MiB, added = 25 %, measured = on, threads = "
                + "4, node = 1, start = 1 ms, instances = 3, start-spread = 2 ms } }");
        Assert.Equal(["web-0", "web-1", "web-2"], scenario.Enclaves.Select(e => e.Name));
        Assert.Equal([1 * Ms, 3 * Ms, 5 * Ms], scenario.Enclaves.Select(e => e.StartNs));
        Assert.All(scenario.Enclaves, e =>
            Assert.Equal(
                (1, 1, 4, 256, true, 13),
                (e.Cgroup, e.Node, e.Threads, e.AddedHeapPages, e.IsHeapMeasured, e.CodePages)));
    }

    [Fact]
    public void Defaults_of_the_scenario_reach_all_its_enclaves_and_steps()
    {
        Scenario scenario = Loading.Load(
            """
            epc {
              defaults { enclave { threads = 3, steps = [ { run { pattern = uniform } } ] },
                  run { accesses = 5, work = 1 us }, cgroup.max = 4 MiB }
              cgroups { /a {}, /b { max = 8 MiB } }
              enclaves { x { heap = 4 MiB }, y { heap = 4 MiB, threads = 1 } }
            }
            """);
        Assert.Equal([3, 1], scenario.Enclaves.Select(e => e.Threads));
        Assert.All(scenario.Enclaves,
            e => Assert.Equal((5, 1000), Assert.IsType<StepSpec.Pattern>(Assert.Single(e.Steps)) is { } p
            ? (p.WarmUp + p.Accesses, p.WorkNs) : default));
        Assert.Equal([4 * MiB, 8 * MiB], scenario.Cgroups.Skip(1).Select(c => c.Max.Bytes));
    }

    [Theory]
    [InlineData("300 ns", 300)]
    [InlineData("2 us", 2000)]
    [InlineData("2 µs", 2000)]
    [InlineData("1.5 ms", 1_500_000)]
    [InlineData("2900 cycles", 1000)]
    [InlineData("1 cycle", 0)]
    [InlineData("0", 0)]
    public void Durations_have_units_and_cycles_follow_the_clock(string work, long ns)
    {
        string text = $"epc.enclaves.e {{ heap = 4 MiB, steps = [ {{ touch {{ work = {work} }} }} ] }}";
        Assert.Equal(ns, Assert.IsType<StepSpec.Touch>(Loading.Load(text).Enclaves[0].Steps[0]).WorkNs);
        if (work == "2900 cycles")
        {
            Assert.Equal(
                806,
                Assert
                    .IsType<StepSpec.Touch>(Loading.Load("epc.costs = client-sgx1\n" + text).Enclaves[0].Steps[0])
                    .WorkNs);
        }
    }

    [Fact]
    public void All_steps_arrive_in_order()
    {
        IReadOnlyList<StepSpec> steps = Loading.Load(
            """
            epc.enclaves.e { heap = 4 MiB, steps = [
              { touch { access = execute, work = 10 ns } }, { run { pattern = sweep, accesses = 3 passes } },
                  { pause = 10 ms },
              change-type, accept, restrict, remove, { fork = [ touch, { pause = 1 ms } ] }
            ] }
            """).Enclaves[0].Steps;
        Assert.Equal(new StepSpec.Touch(AccessKind.Execute, 10), steps[0]);
        Assert.Equal(1536, Assert.IsType<StepSpec.Pattern>(steps[1]).Accesses);
        Assert.Equal(1536, Assert.IsType<StepSpec.Pattern>(steps[1]).WarmUp);
        Assert.Equal(new StepSpec.Pause(10 * Ms), steps[2]);
        Assert.IsType<StepSpec.ChangeType>(steps[3]);
        Assert.IsType<StepSpec.Accept>(steps[4]);
        Assert.IsType<StepSpec.Restrict>(steps[5]);
        Assert.IsType<StepSpec.Remove>(steps[6]);
        Assert.Equal(
            [new StepSpec.Touch(AccessKind.Write, 0), new StepSpec.Pause(Ms)],
            Assert.IsType<StepSpec.Fork>(steps[7]).Steps);
        Assert.Equal(8, steps.Count);
    }

    [Fact]
    public void A_preset_brings_its_own_work_unless_the_step_says_otherwise()
    {
        WorkloadPreset preset = WorkloadPresets.Find("ycsb-b")!;
        Assert.Equal((preset.UsefulCyclesPerAccess * 1000 + 1450) / 2900, Run("preset = ycsb-b").WorkNs);
        Assert.Equal(50, Run("preset = ycsb-b, work = 50 ns").WorkNs);
        Assert.Equal("ycsb-b", Run("preset = ycsb-b").Text);
        Assert.Equal(-1, Run("preset = ycsb-b, accesses = forever").Accesses);
        Assert.Equal(
            Accesses(preset.CreatePattern(1024, new Prng(3))),
            Accesses(Run("preset = ycsb-b").Factory(1024, new Prng(3))));
    }

    [Fact]
    public void Each_pattern_is_the_one_of_its_name()
    {
        AccessMix tenth = new(900, 100);
        Prng prng = new(5);
        Same("pattern = uniform", new UniformPattern(1024, tenth, prng));
        Same("pattern = uniform, writes = 100 %", new UniformPattern(1024, AccessMix.WriteOnly, prng));
        Same(
            "pattern = uniform, writes = 0 %, executes = 100 %",
            new UniformPattern(1024, new AccessMix(0, 0, 1), prng));
        Same("pattern = zipf", new ZipfPattern(1024, 0.99, PlacementOrder.Scattered, tenth, prng));
        Same(
            "pattern = zipf, theta = 0.5, order = by-rank",
            new ZipfPattern(1024, 0.5, PlacementOrder.ByRank, tenth, prng));
        Same("pattern = sweep, stride = 8 pages", new SweepPattern(1024, tenth, prng, 8));
        Same("pattern = hotspot, hot = 1 MiB, hot-accesses = 80 %", new HotspotPattern(1024, 256, 800, tenth, prng));
        Same(
            "pattern = phased, working-set = 25 %, phase = 7, move = 16 pages",
            new PhasedPattern(1024, new UniformPattern(256, tenth, prng), 7, 16, prng));
        Same(
            "pattern = phased, working-set = 25 %, phase = 7, within { pattern = sweep, writes = 0 % }",
            new PhasedPattern(1024, new SweepPattern(256, AccessMix.ReadOnly, prng), 7, 0, prng));
        Same(
            "pattern = records, record = 2 KiB, keys = uniform, order = by-rank, reads = 1, updates = 1, scans = 1, "
                + "max-scan = 9",
            new RecordPattern(
                1024,
                new RecordWorkload
                {
                    RecordBytes = 2048,
                    Keys = KeyChoice.Uniform,
                    Order = PlacementOrder.ByRank,
                    Reads = 1,
                    Updates = 1,
                    Scans = 1,
                    MaxScanRecords = 9,
                },
                prng));
        Same(
            "pattern = mixed, parts = [ { weight = 3, first = 0 %, pages = 25 %, pattern = uniform }, { weight = 1, "
                + "first = 512 pages, pages = 50 %, pattern = sweep } ]",
            new MixedPattern(
                1024,
                [
                    new(new UniformPattern(256, tenth, prng.Split(0)), 0, 3),
                    new(new SweepPattern(512, tenth, prng.Split(1)), 512, 1),
                ],
                prng));

        void Same(string run, AccessPattern expected) =>
            Assert.Equal(Accesses(expected), Accesses(Run(run).Factory(1024, new Prng(5))));
    }

    private static StepSpec.Pattern Run(string run) => Assert.IsType<StepSpec.Pattern>(
        Loading.Load($"epc.enclaves.e {{ heap = 4 MiB, steps = [ {{ run {{ {run} }} }} ] }}").Enclaves[0].Steps[0]);

    private static List<PageAccess> Accesses(AccessPattern pattern) =>
        [.. Enumerable.Range(0, 200).Select(_ => pattern.Next())];
}
