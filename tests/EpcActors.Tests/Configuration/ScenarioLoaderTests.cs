using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Text;

namespace EpcActors.Tests.Configuration;

/// <summary>Meaning of a scenario file.</summary>
public sealed partial class ScenarioLoaderTests
{
    private const long Ms = 1_000_000;
    private const long MiB = 1 << 20;

    [Fact]
    public void An_empty_file_is_the_default_kernel_on_the_default_machine()
    {
        LoadedScenario loaded = Loading.LoadWith("");
        Scenario scenario = loaded.Scenario;
        Assert.Equal("epc-cgroup-v8", scenario.Kernel);
        Assert.Equal(new KernelSwitches(), scenario.Switches);
        Assert.Equal("two-sockets-64mib", scenario.Machine.Name);
        Assert.Equal([8, 8], scenario.Machine.Nodes.Select(node => node.Cpus));
        Assert.Equal([16384, 16384], scenario.Machine.Nodes.Select(node => Assert.Single(node.SectionPages)));
        Assert.False(scenario.Machine.SanitisesAtBoot);
        Assert.Equal("xeon-icx", scenario.Costs.Name);
        Assert.Equal(1ul, scenario.Seed);
        Assert.Equal(new CgroupSpec("/", -1, Limit.Max, Limit.Max), Assert.Single(scenario.Cgroups));
        Assert.Equal("nothing will happen", Assert.Single(loaded.Notes).Message[^19..]);
    }

    [Fact]
    public void The_run_has_the_documented_defaults()
    {
        RunSpec run = Loading.Load("").Run;
        Assert.Equal(
            new RunSpec
            {
                DurationNs = 10_000 * Ms,
                SampleNs = 1 * Ms,
                QuantumNs = 500,
                JitterPercent = 10,
                MeasuresSlowdown = true,
                TraceEvents = 20_000,
                LivenessWindowNs = 20 * Ms,
                AuditEverySamples = 10,
            },
            run);
        Assert.Equal(1000, Loading.Load("epc.run.duration = 300 us").Run.SampleNs);
        Assert.Equal(5 * Ms, Loading.Load("epc.run.sample = 5 ms").Run.SampleNs);
    }

    [Fact]
    public void Later_layers_win()
    {
        // reference: atomic; kernel: racy; scenario: per-node; command line: atomic again.
        const string Switch = "epc.switches.free-page-counter";
        Assert.Equal(FreePageCounterMode.Atomic, Loading.Load("").Switches.FreePageCounter);
        Assert.Equal(FreePageCounterMode.Racy, Loading.Load("epc.kernel = linux-5.15").Switches.FreePageCounter);
        string scenario = $"epc.kernel = linux-5.15\n{Switch} = per-node";
        Assert.Equal(FreePageCounterMode.PerNode, Loading.Load(scenario).Switches.FreePageCounter);
        Assert.Equal(FreePageCounterMode.Atomic, Loading.Load(scenario, $"{Switch}=atomic").Switches.FreePageCounter);
        Assert.Equal(
            FreePageCounterMode.Racy,
            Loading.Load(scenario, $"{Switch}=atomic", $"{Switch}=racy").Switches.FreePageCounter);
    }

    [Fact]
    public void A_kernel_of_the_command_line_brings_its_switches()
    {
        Scenario scenario = Loading.Load("epc.kernel = linux-5.15", "epc.kernel=epc-cgroup-v17");
        Assert.Equal("epc-cgroup-v17", scenario.Kernel);
        Assert.Equal(ReclaimWalk.Cursor, scenario.Switches.ReclaimWalk);
        Assert.Equal(FreePageCounterMode.Atomic, scenario.Switches.FreePageCounter);
    }

    [Fact]
    public void Only_what_differs_from_the_kernel_file_counts_as_overridden()
    {
        Scenario scenario = Loading.Load(
            "epc { kernel = linux-5.15, switches { free-page-counter = atomic, epc-cgroup = off } }");
        Assert.Equal("free-page-counter", Assert.Single(scenario.SwitchList, s => s.IsOverridden).Name);
        Assert.Equal("off", scenario.SwitchList.Single(s => s.Name == "epc-cgroup").Value);
        Assert.Equal("off", scenario.SwitchList.Single(s => s.Name == "backing-pinned-under-mutex").Value);
        Assert.Equal(typeof(KernelSwitches).GetProperties().Length, scenario.SwitchList.Count);
    }

    [Fact]
    public void Every_switch_can_be_set_to_each_of_its_values()
    {
        foreach (SwitchKey key in SwitchKeys.All)
        {
            foreach (string value in key.Values)
            {
                Assert.Equal(value, key.ValueOf(Loading.Load($"epc.switches.{key.Key} = {value}").Switches));
            }
        }
    }

    [Fact]
    public void The_keys_of_the_switches_are_the_names_of_the_record()
    {
        Assert.Equal(
            typeof(KernelSwitches).GetProperties().Select(property => Words.Kebab(property.Name)).Order(),
            SwitchKeys.All.Select(key => key.Key).Order());
    }

    [Fact]
    public void The_seed_of_the_caller_wins()
    {
        ConfigEnvironment environment = Loading.Environment("epc.seed = 18446744073709551615");
        Assert.Equal(ulong.MaxValue, ScenarioLoader.Load(Loading.File, [], null, environment).Seed);
        Assert.Equal(7ul, ScenarioLoader.Load(Loading.File, [], 7, environment).Seed);
    }

    [Fact]
    public void A_machine_can_be_named_changed_or_made_up()
    {
        Assert.Equal("client-93mib", Loading.Load("epc.machine = client-93mib").Machine.Name);
        Assert.Equal(23936, Loading.Load("epc.machine = client-93mib").Machine.EpcPages);

        MachineSpec changed = Loading.Load("epc.machine { profile = client-93mib, sanitise-at-boot = on }").Machine;
        Assert.Equal("client-93mib", changed.Name);
        Assert.True(changed.SanitisesAtBoot);
        Assert.Equal(23936, changed.EpcPages);

        MachineSpec own = Loading
            .Load(
                "epc.machine { title = mine, nodes = [ { cpus = 8, epc = 64 MiB }, { cpus = 0, epc = [ 32 MiB, 16 MiB "
                    + "] }, { cpus = 4 } ] }")
            .Machine;
        Assert.Equal("mine", own.Name);
        Assert.Equal([8, 0, 4], own.Nodes.Select(node => node.Cpus));
        Assert.Equal([[16384], [8192, 4096], []], own.Nodes.Select(node => node.SectionPages));
        Assert.Equal("custom", Loading.Load("epc.machine.nodes = [ { cpus = 1, epc = 4 MiB } ]").Machine.Name);
    }

    [Fact]
    public void An_option_beneath_a_named_machine_keeps_the_name()
    {
        MachineSpec machine = Loading.Load("epc.machine = client-93mib", "epc.machine.sanitise-at-boot=on").Machine;
        Assert.Equal(23936, machine.EpcPages);
        Assert.True(machine.SanitisesAtBoot);
        CostProfile costs = Loading.Load("epc.costs = client-sgx1", "epc.costs.ewb=1").Costs;
        Assert.Equal("client-sgx1 (changed)", costs.Name);
        Assert.Equal(3600, costs.ClockMhz);
        Assert.Equal(1, costs.Cycles[(int)Activity.Ewb]);
    }

    [Fact]
    public void Costs_can_be_named_or_changed()
    {
        CostProfile costs = Loading
            .Load("epc.costs { profile = client-sgx1, ewb = 12345 cycles, clock = 3.5 GHz, remote = 170 % }")
            .Costs;
        Assert.Equal("client-sgx1 (changed)", costs.Name);
        Assert.Equal(12345, costs.Cycles[(int)Activity.Ewb]);
        Assert.Equal(8500, costs.Cycles[(int)Activity.Eldu]);
        Assert.Equal(3500, costs.ClockMhz);
        Assert.Equal(170, costs.RemotePercent);
        Assert.Equal(35_000, costs.MutexSpinCycles);
    }

    [Fact]
    public void Files_of_ones_own_are_found_beside_the_scenario()
    {
        LoadedScenario loaded = Loading.LoadWith(
            "epc { kernel = \"kernels/mine.conf\", machine = \"m.conf\", costs { profile = \"../c.conf\" } }",
            ("lab/kernels/mine.conf", "include \"base.conf\"\nswitches.at-limit = kill"),
            ("lab/kernels/base.conf", "include \"builtin:kernels/linux-5.15.conf\"\ntitle = base"),
            ("lab/m.conf", "nodes = [ { cpus = 3, epc = 4 MiB } ]"),
            ("c.conf", "include \"builtin:costs/client-sgx1.conf\"\newb = 1"));
        Assert.Equal("kernels/mine.conf", loaded.Scenario.Kernel);
        Assert.Equal(AtLimit.Kill, loaded.Scenario.Switches.AtLimit);
        Assert.Equal(FreePageCounterMode.Racy, loaded.Scenario.Switches.FreePageCounter);
        Assert.Equal("m.conf", loaded.Scenario.Machine.Name);
        Assert.Equal(3, Assert.Single(loaded.Scenario.Machine.Nodes).Cpus);
        Assert.Equal("../c.conf", loaded.Scenario.Costs.Name);
        Assert.Equal(1, loaded.Scenario.Costs.Cycles[(int)Activity.Ewb]);
        Assert.Equal(3600, loaded.Scenario.Costs.ClockMhz);
    }

    [Fact]
    public void Cgroups_nest_or_have_paths_and_parents_come_first()
    {
        const string Nested =
            "epc.cgroups { / { memory-max = 16 MiB }, /a { max = 8 MiB, memory-max = 1 MiB, /b { max = 4 MiB, /d {} } "
                + "}, /c {} }";
        const string Paths =
            "epc.cgroups { /a/b { max = 4 MiB }, /a { max = 8 MiB, memory-max = 1 MiB }, /a/b/d {}, / { memory-max = "
                + "16 MiB }, /c {} }";
        CgroupSpec[] expected =
        [
            new("/", -1, Limit.Max, Limit.OfBytes(16 * MiB)),
            new("/a", 0, Limit.OfBytes(8 * MiB), Limit.OfBytes(MiB)),
            new("/a/b", 1, Limit.OfBytes(4 * MiB), Limit.Max),
            new("/a/b/d", 2, Limit.Max, Limit.Max),
            new("/c", 0, Limit.Max, Limit.Max),
        ];
        Assert.Equal(expected, Loading.Load(Nested).Cgroups);
        Assert.Equal(expected, Loading.Load(Paths).Cgroups);
    }

    [Theory]
    [InlineData("\"epc-limit.nri.io/pod\" = \"67108864\"", 67108864)]
    [InlineData("\"epc-limit.nri.io/pod\" = 67108864", 67108864)]
    [InlineData("\"epc-limit.nri.io\" = \"5000\", \"epc-limit.nri.io/pod\" = \"6000\"", 6000)]
    [InlineData("\"epc-limit.nri.io/container.web\" = \"4000\", \"epc-limit.nri.io/pod\" = \"6000\"", 4000)]
    [InlineData("\"epc-limit.nri.io/pod\" = \"0\"", long.MaxValue)]
    [InlineData("\"kubernetes.io/config.source\" = api", long.MaxValue)]
    public void Annotations_set_the_limit_in_the_order_of_the_plug_in(string annotations, long bytes) =>
        Assert.Equal(
            bytes,
            Loading
                .Load($"epc.cgroups {{ /pods {{ /web {{ annotations {{ {annotations} }} }} }} }}")
                .Cgroups[2]
                .Max.Bytes);

    [Fact]
    public void A_container_can_be_called_otherwise_than_its_cgroup()
    {
        const string Annotations = "annotations { \"epc-limit.nri.io/container.c\" = 8192 }";
        Assert.Contains(
            "there is no container 'c' in /x",
            Assert.Single(Loading.Errors($"epc.cgroups {{ /x {{ {Annotations} }} }}")),
            StringComparison.Ordinal);
        Assert.Equal(
            8192,
            Loading.Load($"epc.cgroups {{ /x {{ container = c, {Annotations} }} }}").Cgroups[1].Max.Bytes);
    }

    [Theory]
    [InlineData("annotations { \"epc-limit.nri.io/pod\" = 64 MiB }", "powers of 1000): 64Mi")]
    [InlineData("annotations { \"epc-limit.nri.io/pod\" = \"-1\" }", "a quantity of bytes as Kubernetes writes it")]
    [InlineData("annotations { \"epc-limit.nri.io/pot\" = \"1\" }", "did you mean 'epc-limit.nri.io/pod'")]
    [InlineData("annotations { epc-limit.nri.io/pod = 1 }", "put the key between quotes")]
    [InlineData("max = 4 MiB, annotations { \"epc-limit.nri.io/pod\" = 1 }", "both max and annotations")]
    [InlineData("container = web", "only with annotations")]
    public void A_wrong_annotation_explains_the_trap(string cgroup, string words) =>
        Assert.Contains(
            words,
            Assert.Single(Loading.Errors($"epc.cgroups {{ /web {{ {cgroup} }} }}")),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("64 MiB", 16384)]
    [InlineData("64M", 16384)]
    [InlineData("12288 pages", 12288)]
    [InlineData("1 page", 1)]
    [InlineData("0.5 MiB", 128)]
    [InlineData("50 %", 16384)]
    [InlineData("0.1953125%", 64)]
    [InlineData("4096 B", 1)]
    public void Sizes_have_many_units(string size, int pages) =>
        Assert.Equal(pages, Loading.Load($"epc.enclaves.e.heap = \"{size}\"").Enclaves[0].HeapPages);

    [Fact]
    public void A_virtual_machine_has_defaults_and_settings()
    {
        Scenario scenario = Loading.Load(
            "epc { cgroups./p {}, virtual-machines { a { epc = 16 MiB }, b { epc = 8 MiB, cgroup = /p, touch = 50 %, "
                + "work = 2 us, hold = 5 ms, start = 1 ms, node = 1 } } }");
        Assert.Equal(
            [
                new VirtualMachineSpec
                {
                    Name = "a",
                    Cgroup = 0,
                    Pages = 4096,
                    TouchedPages = 4096,
                    WorkNs = 1000,
                    HoldNs = -1,
                },
                new VirtualMachineSpec
                {
                    Name = "b",
                    Cgroup = 1,
                    Node = 1,
                    StartNs = Ms,
                    Pages = 2048,
                    TouchedPages = 1024,
                    WorkNs = 2000,
                    HoldNs = 5 * Ms,
                },
            ],
            scenario.VirtualMachines);
    }

    [Fact]
    public void Expectations_of_the_kernel_replace_the_general_ones()
    {
        const string Text =
            "epc { expect = [ \"verdict == pass\" ], expect-on { \"linux-5.15\" = ${epc.expect} [ \"faults > 1\" ] } }";
        Assert.Equal(["verdict == pass"], Loading.Load(Text).Expectations);
        Assert.Equal(["verdict == pass", "faults > 1"], Loading.Load(Text, "epc.kernel=linux-5.15").Expectations);
    }

    [Fact]
    public void A_description_over_several_lines_becomes_prose()
    {
        const string Text = "epc.description = \"\"\"\n    One\n    line.\n\n    Another.\n  \"\"\"";
        Assert.Equal("One line.\n\nAnother.", Loading.Load(Text).Description);
    }

    [Fact]
    public void The_akka_block_is_passed_on()
    {
        Scenario scenario = Loading.Load("epc {}\nakka { actor { provider = cluster } }");
        Assert.DoesNotContain("\"loglevel\"", scenario.OwnAkkaBlock, StringComparison.Ordinal);
        HoconObject root = HoconConfig.ParseText(scenario.AkkaBlock).Resolve().Root;
        Assert.Equal("cluster", root.Require("akka.actor.provider").AsString());
        Assert.Equal("WARNING", root.Require("akka.loglevel").AsString());
        Assert.Equal($"{Loading.File}:2:27", scenario.AkkaOrigin);
    }

    [Fact]
    public void Without_an_akka_block_that_of_the_reference_counts()
    {
        Scenario scenario = Loading.Load("");
        Assert.Contains("\"loglevel\":\"WARNING\"", scenario.AkkaBlock, StringComparison.Ordinal);
        Assert.Equal("", scenario.OwnAkkaBlock);
        Assert.StartsWith("builtin:reference.conf:", scenario.AkkaOrigin, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("akka.loglevel = DEBUG", "1:17")]
    [InlineData("akka { }\nakka { log-dead-letters = off }", "2:27")]
    [InlineData("akka {\n  actor.deployment {\n    /a { dispatcher = d } } }", "3:23")]
    public void Errors_in_the_akka_block_lead_to_the_users_part_of_it(string text, string place) =>
        Assert.Equal($"{Loading.File}:{place}", Loading.Load(text).AkkaOrigin);

    /// <summary>The tests of the engine on Akka cover the part that Akka's reader reads.</summary>
    [Fact]
    public void The_akka_block_is_resolved_and_written_for_Akka()
    {
        Scenario scenario = Loading.Load(
            """
            epc.seed = 3
            akka {
              loglevel = null
              timeout = 5 s, size = 64 KiB
              actor.deployment { /cgroups/pods/web { dispatcher = ${akka.mine} } }
              mine = akka.actor."my.dispatcher"
              list = [ a, { b = 1 } ]
              list += 2.50
              text = "a \"quoted\"\n${not} one"
            }
            """);
        Assert.Contains(
            "\"timeout\":\"5 s\",\"size\":\"64 "
                + "KiB\",\"mine\":\"akka.actor.my.dispatcher\",\"list\":[\"a\",{\"b\":1},2.50],\"text\":\"a "
                + "\\\"quoted\\\"\\n${not} one\"",
            scenario.AkkaBlock,
            StringComparison.Ordinal);
        Assert.Contains(
            "\"deployment\":{\"/cgroups/pods/web\":{\"dispatcher\":\"akka.actor.my.dispatcher\"}}",
            scenario.AkkaBlock,
            StringComparison.Ordinal);
        Assert.DoesNotContain("loglevel", scenario.AkkaBlock, StringComparison.Ordinal);
    }

    [Fact]
    public void An_akka_key_that_is_no_block_is_an_error() => Loading.OnlyErrorAtMark("akka = ¦on", "akka { … }");

    [Fact]
    public void Loading_twice_gives_the_same()
    {
        string file = Loading.RepositoryPath("config/quickstart.conf");
        Scenario a = ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
        Scenario b = ScenarioLoader.Load(file, [], null, ConfigEnvironment.Default);
        Assert.Equal(a.Script, b.Script);
        Assert.Equal(a.Cgroups, b.Cgroups);
        Assert.Equal(a.Switches, b.Switches);
    }
}
