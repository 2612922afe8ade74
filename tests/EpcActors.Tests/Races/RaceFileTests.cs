using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Races;
using EpcActors.Results;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Races;

/// <summary>
/// Race files: what they say arrives, what is wrong in them has its place, and those that come with the project load in
/// every variant.
/// </summary>
public sealed class RaceFileTests
{
    private const string Everything = """
        epc {
          kernel = linux-6.16, title = "the file's title", description = "what is raced"
          machine { nodes = [ { cpus = 1, epc = 4 pages }, { cpus = 1, epc = 8 pages } ] }
          cgroups { /a { max = 4 pages } }
          enclaves { a { cgroup = /a, heap = 3 pages, node = 1 } }
          virtual-machines { vm { epc = 2 pages } }
          race {
            id = R99, title = "a title", source = s, symptom = y, fix = f, rule = "finally signals(a) == 0",
                status = fixed, verdict = confirmed
            ksgxd = off, workers = on, max-steps = 77, ignore-rules = [ contents, va-slots ]
            setup = [ "a: build 2", "CPU0: write 0", "admin: set-max /a 2 pages" ]
            tasks {
              CPU0 { process = a, do = [ "write 0", "fork C" ] }
              C { process = a, node = 0, do = [ read 0 ] }
              admin { do = [ "kill a" ], optional = on }
              guest { process = vm, do = [] }
              outside { process = /a, do = [ allocate ] }
            }
            choices = { ewb-fails = 1, backing-fails = 2 }
            properties = [ "always usage(/a) <= max(/a)", "finally signals(a) == 0" ]
            show = [ counter, "usage(/a)" ]
            bound { exhaustive = off, preemptions = 3, states = 5, schedules = 6 }
            variants {
              buggy { switches { eaug-race-tolerated = off }, race { max-steps = 88, tasks { CPU0 { node = 0 } } } }
              fixed { switches { eaug-race-tolerated = on }, cgroups { /a { max = max } } }
            }
          }
        }
        """;

    public static TheoryData<string> Files => [.. BuiltInFiles.Names("races")];

    [Fact]
    public void All_that_a_file_says_arrives()
    {
        RaceDefinition race = RaceFile.LoadText(Everything);
        Assert.Equal(("R99", "a title", "s", "y", "f"), (race.Id, race.Title, race.Source, race.Symptom, race.Fix));
        Assert.Equal(
            ("what is raced", "property: finally signals(a) == 0", ""),
            (race.Description, race.Rule, race.Variant));
        Assert.Equal((RaceStatus.Fixed, RaceVerdict.Confirmed), (race.Status, race.Verdict));
        Assert.Equal(new RaceBound(false, 3, 5, 6), race.Bound);
        Assert.Equal(["counter", "usage(/a)"], race.Show);
        Assert.Equal(["buggy", "fixed"], race.Variants);
        RaceSpec spec = race.Scenario.Race!;
        Assert.Equal((false, true, 77), (spec.HasKsgxd, spec.HasWorkers, spec.MaxSteps));
        Assert.Equal([Rules.Contents, Rules.VaSlots], spec.IgnoredRules);
        Assert.Equal(2, spec.Choices.Count);
        Assert.Equal((1, 2), (spec.Choices[ChoicePoint.EwbFails], spec.Choices[ChoicePoint.BackingFails]));
        Assert.Equal(
            ["always usage(/a) <= max(/a)", "finally signals(a) == 0"],
            spec.Properties.Select(property => property.Text));
        Assert.Equal(["CPU0", "C", "admin", "guest", "outside"], spec.Tasks.Select(task => task.Name));
        Assert.Equal(["a", "a", "", "vm", "/a"], spec.Tasks.Select(task => task.Process));
        Assert.Equal([-1, 0, -1, -1, -1], spec.Tasks.Select(task => task.Node));
        Assert.Equal([false, false, true, false, false], spec.Tasks.Select(task => task.IsOptional));
        Assert.Equal<Operation>(
            [new Operation.Touch("read 0", EpcActors.Kernel.AddressSpaces.AccessKind.Read, 0, 1)],
            spec.Tasks[1].Operations);
        Assert.Equal([("a", "a"), ("CPU0", "a"), ("admin", "")], spec.Setup.Select(task => (task.Name, task.Process)));
        EnclaveSpec enclave = Assert.Single(race.Scenario.Enclaves);
        Assert.Equal((0, 3, 1), (enclave.CodePages, enclave.HeapPages, enclave.Node));
    }

    [Fact]
    public void A_variant_lies_on_top_of_the_file_and_below_the_command_line()
    {
        RaceDefinition buggy = RaceFile.LoadText(Everything, "buggy");
        Assert.Equal(
            (88, 0, "buggy"),
            (buggy.Scenario.Race!.MaxSteps, buggy.Scenario.Race.Tasks[0].Node, buggy.Variant));
        Assert.Equal((Fix.Absent, "linux-6.16"), (buggy.Scenario.Switches.EaugRaceTolerated, buggy.Kernel));
        RaceDefinition fixedOne = RaceFile.LoadText(
            Everything,
            "fixed",
            Loading.Overrides(["epc.race.max-steps=99", "epc.cgroups./a.max=3 pages"]));
        Assert.Equal(
            (99, "linux-6.16 (eaug-race-tolerated = on)"),
            (fixedOne.Scenario.Race!.MaxSteps, fixedOne.Kernel));
        Assert.Equal(3 * 4096, fixedOne.Scenario.Cgroups[1].Max.Bytes);
        Assert.Equal(["buggy", "fixed"], fixedOne.Variants);
    }

    [Fact]
    public void What_a_file_does_not_say_is_as_the_reference_has_it()
    {
        RaceDefinition race = RaceFile.LoadText("epc { title = t, race { tasks { T { do = [ pause ] } } } }");
        Assert.Equal(
            ("race", "t", "", RaceStatus.Open, RaceVerdict.None),
            (race.Id, race.Title, race.Rule, race.Status, race.Verdict));
        Assert.Equal(new RaceBound(true, 2, 200_000, 20_000), race.Bound);
        Assert.Equal(
            (true, false, 2000, 0),
            (
                race.Scenario.Race!.HasKsgxd,
                race.Scenario.Race.HasWorkers,
                race.Scenario.Race.MaxSteps,
                race.Scenario.Race.Choices.Count));
    }

    [Fact]
    public void The_loader_of_scenarios_takes_a_race_file_too()
    {
        Assert.NotNull(Loading.Load(Everything).Race);
        Assert.Null(Loading.Load("epc.enclaves.a.heap = 1 MiB").Race);
    }

    [Theory]
    [InlineData("tasks { T { process = a, do = [ \"write 0\", \"write ¦9\" ] } }", "9 is out of range")]
    [InlineData("tasks { T { process = a, do = [ \"¦wirte 0\" ] } }", "did you mean 'write'")]
    [InlineData("tasks { T { process = a, do = [ read ¦9 ] } }", "9 is out of range")]
    [InlineData("tasks { T { process = a, do = [ ¦{} ] } }", "expected")]
    [InlineData("tasks { T { process = a, do = ¦pause } }", "a list of operations")]
    [InlineData("tasks { ¦T { process = a } }", "the key 'do' is missing")]
    [InlineData("tasks { T { process = ¦b, do = [] } }", "there is no enclave, virtual machine or cgroup 'b'")]
    [InlineData("tasks { T { process = a, node = ¦2, do = [] } }", "2 is out of range")]
    [InlineData("tasks { T { proces = a, do = [] } }", "", "proces")]
    [InlineData("tasks { ¦a { do = [] } }", "there is an enclave or virtual machine called 'a'")]
    [InlineData("tasks { T { process = a, do = [ ¦\"fork T\" ] } }", "a task cannot fork itself")]
    [InlineData("tasks { T { do = [] } }, setup = [ \"a: build ¦9\" ]", "9 is out of range")]
    [InlineData("tasks { T { do = [] } }, setup = [ \"¦b: build 1\" ]", "there is no task and no process 'b'")]
    [InlineData("tasks { T { do = [] } }, setup = [ ¦1 ]", "expected a text")]
    [InlineData("tasks { T { do = [] } }, properties = [ \"always ¦conter == 0\" ]", "did you mean 'counter'")]
    [InlineData("tasks { T { do = [] } }, show = [ ¦conter ]", "did you mean 'counter'")]
    [InlineData("tasks { T { do = [] } }, rule = ¦free-page-count", "did you mean 'free-page-counter'")]
    [InlineData("tasks { T { do = [] } }, ignore-rules = [ ¦content ]", "did you mean 'contents'")]
    [InlineData("tasks { T { do = [] } }, choices { ¦ewb-fail = 1 }", "did you mean 'ewb-fails'")]
    [InlineData("tasks { T { do = [] } }, choices { ewb-fails = ¦-1 }", "out of range")]
    [InlineData("tasks { T { do = [] } }, bound { ¦state = 1 }", "did you mean 'states'")]
    [InlineData("tasks { T { do = [] } }, status = ¦fixd", "did you mean 'fixed'")]
    [InlineData("tasks { T { do = [] } }, ¦task { }", "did you mean 'tasks'")]
    [InlineData("tasks { T { do = [] } }, variants { buggy = ¦1 }", "expected an object")]
    [InlineData("¦tasks { }", "there is no task")]
    public void An_error_has_its_place(string race, string words, string? key = null)
    {
        string text =
            $"epc {{ machine {{ nodes = [ {{ cpus = 1, epc = 4 pages }} ] }}, enclaves {{ a {{ heap = 4 pages }} }}\n "
                + $"race {{ {race} }} }}";
        if (key is null)
        {
            Loading.OnlyErrorAtMark(text, words);
        }
        else
        {
            Loading.OnlyErrorAtMark(text.Replace(key, $"¦{key}", StringComparison.Ordinal), $"there is no key '{key}'");
        }
    }

    [Theory]
    [InlineData(
        "epc { race { tasks { T { do = [] } } }, script = [ { at = 1 ms, kill = a } ], enclaves { a { heap = 4 pages } "
            + "} }",
        "has no clock")]
    [InlineData(
        "epc { race { tasks { T { do = [] } } }, enclaves { a { heap = 4 pages, steps = [ touch ] } } }",
        "no program of its own")]
    public void A_race_has_no_programs_and_no_script(string text, string words) =>
        Assert.Contains(words, Assert.Single(Loading.Errors(text)), StringComparison.Ordinal);

    [Fact]
    public void An_unknown_variant_and_a_file_without_a_race_are_errors_like_others()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => RaceFile.LoadText(Everything, "fixd"));
        Assert.StartsWith(
            "race.conf:23:14: epc.race.variants: there is no variant 'fixd'; did you mean 'fixed'",
            e.Message,
            StringComparison.Ordinal);
        e = Assert.Throws<ConfigurationException>(() => RaceFile.LoadText("epc.title = t"));
        Assert.StartsWith(
            "race.conf:1:1: epc.race: there is no race in this file",
            e.Message,
            StringComparison.Ordinal);
        e = Assert.Throws<ConfigurationException>(() =>
            RaceFile.LoadText("epc.race { tasks { T { do = [] } }, variants { x { switches { sgx3 = on } } } }", "x"));
        Assert.StartsWith(
            "race.conf:1:63: epc.switches.sgx3: there is no key 'sgx3'",
            e.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_race_loads_in_every_variant_and_runs(string name)
    {
        string file = Loading.RepositoryPath($"config/races/{name}.conf");
        RaceDefinition race = RaceFile.Load(file);
        Assert.NotEmpty(race.Variants);
        Assert.NotEqual("", race.Title);
        Assert.NotEqual("", race.Rule);
        foreach (string variant in race.Variants)
        {
            RaceDefinition one = RaceFile.Load(file, variant);
            Assert.Equal(race.Variants, one.Variants);

            // A variant may add a task; one that it takes away is there with nothing to do.
            Assert.Equal(
                race.Scenario.Race!.Tasks.Select(task => task.Name),
                one.Scenario.Race!.Tasks.Take(race.Scenario.Race!.Tasks.Count).Select(task => task.Name));
            Assert.All(one.Show, quantity =>
                new Quantities(new Topology(one.Scenario), new RunCounts(), one.Scenario).Get(
                    quantity
                )());
        }
    }

    [Fact]
    public void The_laboratory_finds_R1_where_it_is_and_nowhere_else()
    {
        string file = Loading.RepositoryPath("config/races/R01.conf");
        foreach (string variant in RaceFile.Load(file).Variants)
        {
            RaceDefinition race = RaceFile.Load(file, variant);
            HuntResult result = Hunt.Run(
                new HuntPlan
                {
                    NewWorld = () => new RaceWorld(race.Scenario),
                    MaxSchedules = 2000,
                    Workers = 1,
                },
                null,
                CancellationToken.None);
            Assert.Equal(variant == "buggy" ? race.Rule : null, result.Found?.Finding.Rule);
        }
    }

    [Fact]
    public void The_counter_of_R1_is_right_in_an_order_without_a_race()
    {
        RaceDefinition race = RaceFile.Load(Loading.RepositoryPath("config/races/R01.conf"), "fixed");
        RaceRig rig = new(race.Scenario);
        Assert.Equal("Finished", rig.Run().ToString());
        Assert.Empty(rig.Oracle.Violations);
        Assert.Equal((6, 6, 3, 3), (rig["counter"], rig["free-pages"], rig["free-pages(0)"], rig["free-pages(1)"]));
        Assert.All(
            race.Scenario.Race!.Properties.Where(property => property.Kind != PropertyKind.Sometimes),
            property => Assert.True(new PropertyCheck(property, rig.Quantities).Holds()));
    }
}
