using EpcActors.Kernel;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Configuration;

/// <summary>Every file that comes with the project loads, and says what its name says.</summary>
public sealed class ShippedFilesTests
{
    public static TheoryData<string> Kernels => [.. BuiltInFiles.Names("kernels")];

    public static TheoryData<string> Costs => [.. BuiltInFiles.Names("costs")];

    public static TheoryData<string> Machines => [.. BuiltInFiles.Names("machines")];

    public static TheoryData<string> Scenarios =>
        [
            .. Directory
                .GetFiles(Loading.RepositoryPath("config/scenarios"), "*.conf")
                .Select(file => Path.GetFileName(file))
                .Order(StringComparer.Ordinal),
        ];

    public static TheoryData<string> Workloads => [.. BuiltInFiles.Names("workloads")];

    public static TheoryData<string, string> AllFiles
    {
        get
        {
            TheoryData<string, string> files = [];
            foreach (string set in (string[])["kernels", "costs", "machines", "workloads"])
            {
                foreach (string name in BuiltInFiles.Names(set))
                {
                    files.Add(set, name);
                }
            }

            return files;
        }
    }

    [Fact]
    public void The_quickstart_has_two_sockets_a_tree_of_cgroups_a_dozen_enclaves_and_a_guest()
    {
        LoadedScenario loaded = Shipped("config/quickstart.conf");
        Assert.Empty(loaded.Notes);
        Assert.Equal("epc-cgroup-v8", loaded.Scenario.Kernel);
        Assert.Equal(2, loaded.Scenario.Machine.Nodes.Count(node => node.SectionPages.Count > 0));
        Assert.Contains(loaded.Scenario.Cgroups, cgroup => cgroup.Path.Count(c => c == '/') >= 3);
        Assert.True(loaded.Scenario.Enclaves.Count >= 12);
        Assert.NotEmpty(loaded.Scenario.VirtualMachines);
        Assert.NotEmpty(loaded.Scenario.Script);
        Assert.NotEmpty(loaded.Scenario.Expectations);
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Every_scenario_loads_and_expects_something(string scenario)
    {
        Assert.NotEmpty(Shipped($"config/scenarios/{scenario}").Scenario.Expectations);
        Assert.NotEqual("", Shipped($"config/scenarios/{scenario}").Scenario.Title);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_loads_and_nothing_counts_as_overridden(string kernel)
    {
        Scenario scenario = Loading.Load($"epc.kernel = \"{kernel}\"");
        Assert.Equal(kernel, scenario.Kernel);
        Assert.DoesNotContain(scenario.SwitchList, s => s.IsOverridden);
    }

    [Theory]
    [MemberData(nameof(Costs))]
    public void Every_cost_profile_loads(string costs)
    {
        Scenario scenario = Loading.Load($"epc.costs = \"{costs}\"");
        Assert.Equal(costs, scenario.Costs.Name);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void Every_machine_loads(string machine)
    {
        Scenario scenario = Loading.Load($"epc.machine = \"{machine}\"");
        Assert.Equal(machine, scenario.Machine.Name);
        Assert.True(scenario.Machine.EpcPages > 0);
    }

    [Fact]
    public void The_kernels_of_the_documents_are_there() =>
        Assert.Empty(((string[])["linux-5.15", "linux-5.17", "linux-6.16", "epc-cgroup-v5", "epc-cgroup-v8",
            "epc-cgroup-v17"]).Except(BuiltInFiles.Names("kernels")));

    [Fact]
    public void Kernels_are_what_the_history_says()
    {
        KernelSwitches v8 = Switches("epc-cgroup-v8");
        Assert.Equal(new KernelSwitches(), v8);
        Assert.Equal(
            v8 with
            {
                AtLimit = AtLimit.Kill,
                LimitLowered = LimitLowered.Worker,
                ReclaimWalk = ReclaimWalk.SharedBatch,
                AgeEscalation = AgeEscalation.AfterFiveFailedRounds,
                BackingCharge = BackingCharge.KsgxdRule,
            },
            Switches("epc-cgroup-v5"));
        Assert.Equal(
            v8 with
            {
                ReclaimWalk = ReclaimWalk.Cursor,
                WorkerTarget = WorkerTarget.MaxMinusLow,
                DirectReclaim = DirectReclaim.OwnCgroupToo,
            },
            Switches("epc-cgroup-v17"));
        Assert.Equal(
            v8 with
            {
                EpcCgroup = EpcCgroupMode.Off,
                BackingCharge = BackingCharge.KsgxdRule,
            },
            Switches("linux-6.16"));
        Assert.Equal(
            v8 with
            {
                FreePageCounter = FreePageCounterMode.Racy,
                EpcCgroup = EpcCgroupMode.Off,
                DirectReclaim = DirectReclaim.None,
                BackingCharge = BackingCharge.Root,
                EventLevels = EventLevels.IncludingRoot,
                NodeWalkTerminates = Fix.Absent,
                BackingPinnedUnderMutex = Fix.Absent,
                PcmdTruncateChecked = Fix.Absent,
                PcmdClearDirties = Fix.Absent,
                DirtySetWithWrite = Fix.Absent,
                BackingFreedAfterLoad = Fix.Absent,
                EaugLoadsSecs = Fix.Absent,
                EaugVaBusyRetries = Fix.Absent,
                MemoryFailure = Fix.Absent,
                ReclaimerRespectsPoison = Fix.Absent,
                PoisonUnmarks = Fix.Absent,
                WideUsage = Fix.Absent,
            },
            Switches("linux-5.15"));
        Assert.Equal(
            Switches("linux-5.15") with
            {
                FreePageCounter = FreePageCounterMode.Atomic,
                MemoryFailure = Fix.Present,
                ReclaimerRespectsPoison = Fix.Present,
                BackingFreedAfterLoad = Fix.Present,
            },
            Switches("linux-5.17"));
    }

    [Theory]
    [InlineData("epc-cgroup-v8-racy-counter", "epc-cgroup-v8", "free-page-counter")]
    [InlineData("epc-cgroup-v8-per-node-counter", "epc-cgroup-v8", "free-page-counter")]
    [InlineData("linux-5.15-atomic-counter", "linux-5.15", "free-page-counter")]
    [InlineData("linux-5.15-per-node-counter", "linux-5.15", "free-page-counter")]
    [InlineData("epc-cgroup-v17-pre-order", "epc-cgroup-v17", "reclaim-walk")]
    [InlineData("epc-cgroup-v17-head-room", "epc-cgroup-v17", "worker-queued")]
    public void A_variant_differs_in_one_switch(string variant, string original, string key)
    {
        KernelSwitches a = Switches(variant);
        KernelSwitches b = Switches(original);
        Assert.Equal([key], SwitchKeys.All.Where(k => k.Get(a) != k.Get(b)).Select(k => k.Key));
    }

    [Fact]
    public void The_client_costs_add_up_to_what_was_measured()
    {
        CostProfile c = Loading.Load("epc.costs = client-sgx1").Costs;
        double evict = Sum(c, Activity.Ewb, Activity.Eblock)
            + ((Sum(c, Activity.Etrack, Activity.Ipi) + (4 * Sum(c, Activity.IpiPerCpu))) / KernelConstants.NrToScan);
        Assert.InRange(evict, 11_200 * 0.9, 11_200 * 1.1);
        double swapIn =
            Sum(c, Activity.Aex, Activity.PageFault, Activity.Eldu, Activity.Backing, Activity.Eresume) + evict;
        Assert.InRange(swapIn, 33_200 * 0.9, 33_200 * 1.1);
        Assert.Equal(12_000, Sum(c, Activity.Aex, Activity.PageFault, Activity.Eresume));
        Assert.Equal(3600, c.ClockMhz);
    }

    [Fact]
    public void The_server_costs_add_up_to_what_was_measured()
    {
        CostProfile c = Loading.Load("epc.costs = xeon-icx").Costs;
        double edmm = Sum(c, Activity.Aex, Activity.PageFault, Activity.Eaug, Activity.Eresume, Activity.Eaccept);
        Assert.Equal(31_000, edmm);
        double contended = edmm + (2.5 * Sum(c, Activity.MutexHandOver));
        Assert.InRange(contended, 35_045 * 0.9, 35_045 * 1.1);
        Assert.Equal(11_000, Sum(c, Activity.Aex, Activity.PageFault, Activity.Eresume));

        // Adding and measuring a page takes 22 to 30 us of a CPU at about 4 GHz.
        Assert.InRange(
            Sum(c, Activity.Eadd) + (KernelConstants.EextendsPerPage * Sum(c, Activity.Eextend)),
            88_000,
            120_000);
        Assert.Equal((2900, 140, 30_000), (c.ClockMhz, c.RemotePercent, c.MutexSpinCycles));
    }

    [Theory]
    [InlineData("nuc-22mib", 5_632)]
    [InlineData("client-93mib", 23_936)]
    [InlineData("xeon-e-188mib", 48_128)]
    [InlineData("icx-8gib-x2", 4_194_304)]
    [InlineData("two-sockets-512gib-x2", 268_435_456)]
    [InlineData("azure-dc4sv3", 4_194_304)]
    public void Machines_have_the_pages_that_were_seen(string machine, long pages) =>
        Assert.Equal(pages, Loading.Load($"epc.machine = \"{machine}\"").Machine.EpcPages);

    [Theory]
    [MemberData(nameof(Workloads))]
    public void A_workload_can_be_included_in_an_enclave(string workload)
    {
        EnclaveSpec enclave = Assert.Single(
            Loading
                .Load(
                    $"epc {{ machine = icx-8gib-x2, cgroups./p {{}}, enclaves {{ app {{ include "
                        + $"\"builtin:workloads/{workload}.conf\"\n cgroup = /p }} }} }}")
                .Enclaves);
        Assert.Equal(1, enclave.Cgroup);
        WorkloadPreset preset = WorkloadPresets.Find(workload)!;
        Assert.Equal(preset.HeapPagesFor(4_194_304), enclave.HeapPages);
        Assert.True(
            workload == "kernel-oversub" || enclave.Steps.OfType<StepSpec.Pattern>().Single().Text == workload,
            "it runs another preset than its name says");
    }

    [Fact]
    public void Every_preset_has_a_workload() =>
        Assert.Equal(
            WorkloadPresets.All.Select(preset => preset.Name).Order(StringComparer.Ordinal),
            BuiltInFiles.Names("workloads"));

    [Theory]
    [MemberData(nameof(AllFiles))]
    public void Every_file_begins_with_what_it_stands_for_and_has_a_title(string set, string name)
    {
        string text = BuiltInFiles.Read(BuiltInFiles.FileName(set, name))!;
        Assert.StartsWith("# ", text, StringComparison.Ordinal);
        Assert.True(set == "workloads" || text.Contains("\ntitle = \"", StringComparison.Ordinal), "it has no title");
    }

    private static LoadedScenario Shipped(string path) =>
        ScenarioLoader.LoadWithNotes(Loading.RepositoryPath(path), [], null, ConfigEnvironment.Default);

    private static KernelSwitches Switches(string kernel) => Loading.Load($"epc.kernel = \"{kernel}\"").Switches;

    private static double Sum(CostProfile costs, params Activity[] activities) =>
        activities.Sum(activity => (double)costs.Cycles[(int)activity]);
}
