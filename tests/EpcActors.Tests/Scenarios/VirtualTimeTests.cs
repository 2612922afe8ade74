using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;
using EpcActors.Tests.Conformance;
using EpcActors.Tests.Kernel;
using Mutex = EpcActors.Engine.Mutex;

namespace EpcActors.Tests.Scenarios;

/// <summary>
/// Virtual time of whole scenarios: the same run at every quantum, locks that exclude, and faults that get in each
/// other's way as much as was measured.
/// </summary>
[Trait("tier", "slow")] // Whole scenarios at every quantum.
public sealed class VirtualTimeTests
{
    private const string ByMany = "tests/EpcActors.Tests/Scenarios/first-touch-by-many.conf";
    private const string Preset = "tests/EpcActors.Tests/Scenarios/first-touch-preset.conf";
    private const int Faults = 16_384;

    /// <summary>vmf_insert_pfn under the enclave's mutex: 500 cycles at 2.9 GHz.</summary>
    private const long SectionNs = 172;

    public static TheoryData<string> Files => [.. ShippedScenarios.WithKernels().Select(one => one.File).Distinct()];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_scenario_is_the_same_run_at_every_quantum(string file)
    {
        TimedRun exact = Run(file, ("epc.run.quantum", "0 ns"));
        foreach (string quantum in (string[])["100 ns", "500 ns"])
        {
            TimedRun run = Run(file, ("epc.run.quantum", quantum));
            Assert.Equal((exact.EndNs, exact.Steps, exact.TraceHash), (run.EndNs, run.Steps, run.TraceHash));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(32)]
    [InlineData(128)]
    [InlineData(256)]
    public void A_mutex_is_never_faster_than_the_sum_of_its_sections(int threads)
    {
        (TimedRun run, long touchNs) = FirstTouch(threads, "500 ns");
        Assert.Equal(touchNs, FirstTouch(threads, "0 ns").TouchNs);
        Assert.Equal(touchNs, FirstTouch(threads, "100 ns").TouchNs);

        // Costs vary by a tenth, their mean over so many faults does not.
        Assert.InRange(touchNs, Faults * SectionNs * 99 / 100, long.MaxValue);
        Assert.Equal(Faults, run.Metrics.Faults);

        // Few threads hardly meet, so they share the work.
        if (threads <= 4)
        {
            Assert.InRange(touchNs, 60_000_000 / threads, 72_000_000 / threads);
        }
    }

    [Fact]
    public void A_fault_among_256_threads_takes_four_times_the_system_time_of_one_alone()
    {
        double alone = SystemNsPerFault(FirstTouch(1, "500 ns").Run);
        double among = SystemNsPerFault(FirstTouch(256, "500 ns").Run);

        Assert.InRange(among / alone, 3.5, 4.7);
    }

    [Fact]
    public void Threads_of_the_preheat_preset_divide_the_heap_and_one_that_was_there_before_spares_them_the_faults()
    {
        const string Preheated =
            "[ { touch { threads = one } }, { run { preset = graphene-preheat, accesses = 1 pass } } ]";
        TimedRun together = Run(Preset);
        TimedRun preheated = Run(Preset, ("epc.enclaves.a.steps", Preheated));
        const int Pages = 256 * 256;

        // Each page is touched by one thread of the 128, and faults once; with pre-heating all faults are thread 0's.
        Assert.Equal(Pages, together.Metrics.Faults);
        Assert.Equal(Pages, preheated.Metrics.Faults);
        Assert.InRange(SystemNsPerFault(together) / SystemNsPerFault(preheated), 3.5, 4.7);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(23)]
    [InlineData(31)]
    [InlineData(44)]
    [InlineData(52)]
    public void Sections_of_the_kernels_locks_never_overlap(int seed)
    {
        LockWatch watch = new();
        Scenario scenario = ScenarioPropertyTests.Generate((ulong)seed);
        Watch(scenario, watch);
        Assert.True(watch.Sections > 50, $"{watch.Sections} sections were seen");
    }

    [Theory]
    [InlineData("config/scenarios/sgx2-storm.conf")]
    [InlineData("config/scenarios/vepc.conf")]
    [InlineData("config/scenarios/free-page-counter.conf")]
    [InlineData(ByMany)]
    public void Sections_of_the_locks_of_a_file_never_overlap(string file)
    {
        LockWatch watch = new();
        Watch(Load(file, ("epc.expect", "[]")), watch);
        Assert.True(watch.Sections > 1000, $"{watch.Sections} sections were seen");
    }

    private static void Watch(Scenario scenario, LockWatch watch)
    {
        TimedRun run = new(scenario, "test", null);
        watch.Inner = run;
        run.Engine.Observe(watch);
        run.Execute(CancellationToken.None);
    }

    private static (TimedRun Run, long TouchNs) FirstTouch(int threads, string quantum)
    {
        TimedRun run = Run(ByMany, ("epc.enclaves.a.threads", $"{threads}"), ("epc.run.quantum", quantum));
        IReadOnlyList<EnclaveActors> enclaves = run.Topology.Enclaves;
        long fromNs = enclaves[0].Threads.Min(thread => thread.ProgramStartNs);
        return (run, enclaves[0].Threads.Max(thread => thread.ProgramEndNs) - fromNs);
    }

    /// <summary>Time in the kernel, the processor's exit and entry included, of all faults.</summary>
    private static double SystemNsPerFault(TimedRun run)
    {
        string[] system =
        [
            "AEX",
            "ERESUME",
            "asm_exc_page_fault",
            "vmf_insert_pfn / zap",
            "mutex_lock",
            "mutex_unlock_slowpath",
            "schedule",
        ];
        return run.Profile().Where(one => system.Contains(one.Activity)).Sum(one => (double)one.TimeNs)
            / run.Metrics.Faults;
    }

    private static TimedRun Run(string file, params (string Key, string Value)[] settings)
    {
        TimedRun run = new(Load(file, settings), "test", null);
        run.Execute(CancellationToken.None);
        return run;
    }

    private static Scenario Load(string file, params (string Key, string Value)[] settings) =>
        ScenarioLoader.Load(
            Loading.RepositoryPath(file),
            [.. settings.Select(one => KeyValuePair.Create(one.Key, one.Value))],
            null,
            ConfigEnvironment.Default);

    /// <summary>Looks at the locks of a resource after each of its steps.</summary>
    private sealed class LockWatch : IRunObserver
    {
        private readonly Dictionary<(ActorId Resource, int Lock), (long SinceNs, long EndNs)> _seen = [];

        public IRunObserver Inner { get; set; } = null!;

        public int Sections { get; private set; }

        public void OnStep(Envelope envelope, Resource resource, long nowNs)
        {
            Inner.OnStep(envelope, resource, nowNs);
            switch (resource)
            {
                case Enclave enclave:
                    Look(enclave, 0, in LockOf(enclave));
                    break;
                case NumaNode node:
                    Look(node, 0, in LockOf(node));
                    break;
                case Cgroup cgroup:
                    Look(cgroup, 0, in LockOf(cgroup));
                    break;
                case VirtualEpc vepc:
                    Look(vepc, 0, in LockOf(vepc));
                    break;
                case ZombieSecsList zombies:
                    Look(zombies, 0, in LockOf(zombies));
                    break;
                default:
                    break;
            }
        }

        public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail) =>
            Inner.OnReport(task, what, startNs, endNs, detail);

        private void Look(Resource resource, int number, in Mutex mutex)
        {
            (long sinceNs, long endNs) = _seen.GetValueOrDefault((resource.Id, number), (-1, 0));
            if (mutex.SinceNs != sinceNs && (mutex.IsHeld || mutex.EndNs > endNs))
            {
                Assert.True(
                    mutex.SinceNs >= endNs,
                    $"{resource.Name}: a section begins at {mutex.SinceNs} ns, the one before it ended at {endNs} ns");
                Sections++;
            }

            _seen[(resource.Id, number)] = (mutex.SinceNs, mutex.EndNs);
        }

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
        private static extern ref Mutex LockOf(Enclave enclave);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
        private static extern ref Mutex LockOf(NumaNode node);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lruLock")]
        private static extern ref Mutex LockOf(Cgroup cgroup);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
        private static extern ref Mutex LockOf(VirtualEpc vepc);

        [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_lock")]
        private static extern ref Mutex LockOf(ZombieSecsList zombies);
    }
}
