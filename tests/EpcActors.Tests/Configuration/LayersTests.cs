using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>
/// One value over another, however each is written: in a file, in an included one, on the command line.
/// </summary>
public sealed class LayersTests
{
    private const string Base = """
        epc {
          machine { nodes = [ { cpus = 2, epc = 16 MiB }, { cpus = 4, epc = 32 MiB } ] }
          cgroups { /pods { /web { max = 4 MiB } } }
          enclaves { web { cgroup = /pods/web, heap = 1 MiB, steps = [ touch ] } }
        }
        """;

    [Theory]
    [InlineData("epc.cgroups.\"/pods/web\".max = 3 MiB")]
    [InlineData("epc.cgroups./pods/web.max = 3 MiB")]
    [InlineData("epc.cgroups { /pods { /web { max = 3 MiB } } }")]
    [InlineData("epc.cgroups { /pods/web { max = 3 MiB } }")]
    [InlineData("epc.cgroups.\"/pods\".\"/web\".max = 3 MiB")]
    [InlineData("epc.cgroups { \"/pods/web\" { max = 9 MiB }, /pods { /web { max = 3 MiB } } }")]
    [InlineData("epc.cgroups { /pods { /web { max = 9 MiB } }, \"/pods/web\" { max = 3 MiB } }")]
    [InlineData("epc.cgroups { \"/pods/web\" { max = 3 MiB }, /pods { /web { memory-max = 9 MiB } } }")]
    [InlineData(
        "epc.cgroups.\"/pods/web\".max = 3 MiB, epc.cgroups.\"/pods/web\".memory-max = ${epc.cgroups.\"/pods/web\".max}"
    )]
    public void A_cgroup_is_the_same_however_its_path_is_written(string text)
    {
        Assert.Equal(3 << 20, MaxOf(Loading.Load($"{Base}\n{text}"), "/pods/web"));
        Assert.Equal(
            3 << 20,
            MaxOf(Loading.LoadWith($"include \"base\"\n{text}", ("lab/base.conf", Base)).Scenario, "/pods/web"));
    }

    [Theory]
    [InlineData("epc.cgroups.\"/pods/web\".max=3 MiB")]
    [InlineData("epc.cgroups./pods./web.max=3 MiB")]
    [InlineData("epc.cgroups./pods/web.max=3 MiB")]
    public void The_command_line_names_a_cgroup_in_any_way(string setting)
    {
        Assert.Equal(3 << 20, MaxOf(Loading.Load(Base, setting), "/pods/web"));
        Assert.Equal(
            3 << 20,
            MaxOf(
                Loading.Load(Base.Replace("/pods { /web { max = 4 MiB } }", "\"/pods/web\".max = 4 MiB"), setting),
                "/pods/web"));
    }

    [Fact]
    public void Cgroups_come_from_files_of_any_format()
    {
        const string Json =
            "{ \"epc\": { \"cgroups\": { \"/pods/web\": { \"max\": \"2 MiB\" }, \"/pods/db\": { \"max\": \"1 MiB\" } } "
                + "} }";
        Scenario scenario = Loading
            .LoadWith(
                "include \"base\"\ninclude \"limits.json\"\nepc.cgroups { /pods { /db { max = 5 MiB } } }",
                ("lab/base.conf", Base),
                ("lab/limits.json", Json))
            .Scenario;

        Assert.Equal([2 << 20, 5 << 20], [MaxOf(scenario, "/pods/web"), MaxOf(scenario, "/pods/db")]);
    }

    [Fact]
    public void Paths_of_actors_stay_whole() =>
        Assert.Contains(
            "\"/user/web/db\"",
            Loading.Load("akka.actor.deployment { \"/user/web/db\" { router = x } }").AkkaBlock,
            StringComparison.Ordinal);

    [Fact]
    public void The_block_vars_is_free()
    {
        Scenario scenario = Loading.Load(
            Base
                + "\nvars { limit = 2 MiB, any { thing = [ 1, { goes = yes } ] } }\nepc.cgroups./pods./web.max = "
                + "${vars.limit}",
            "vars.limit=3 MiB");

        Assert.Equal(3 << 20, MaxOf(scenario, "/pods/web"));
    }

    [Theory]
    [InlineData("limit = 2 MiB", "vars { … }: write vars.limit and use it as ${vars.limit}")]
    [InlineData("\"my limit\" = 2 MiB", "${vars.\"my limit\"}")]
    [InlineData("variables {}", "epc, akka, vars")]
    [InlineData("var {}", "did you mean 'vars'?")]
    [InlineData("vars = 5", "write vars { … }")]
    public void A_key_of_ones_own_at_the_root_is_shown_its_place(string text, string words) =>
        Assert.Contains(words, Assert.Single(Loading.Errors(text)), StringComparison.Ordinal);

    [Theory]
    [InlineData("epc.machine.nodes.0.epc = 8 MiB", "2:8 4:32")]
    [InlineData("epc.machine.nodes.1 { cpus = 1 }", "2:16 1:32")]
    [InlineData("epc.machine.nodes { 1.epc = 8 MiB, 0.cpus = 3 }", "3:16 4:8")]
    [InlineData("epc.machine.nodes.2 { cpus = 1, epc = 4 MiB }", "2:16 4:32 1:4")]
    [InlineData("epc.machine.nodes.2 { cpus = 1 }, epc.machine.nodes.2.epc = 4 MiB", "2:16 4:32 1:4")]
    [InlineData("epc.machine.nodes += { cpus = 1, epc = 4 MiB }", "2:16 4:32 1:4")]
    [InlineData("epc.machine.nodes += { cpus = 1, epc = 4 MiB }, epc.machine.nodes.2.cpus = 7", "2:16 4:32 7:4")]
    [InlineData("epc.machine.nodes = ${epc.machine.nodes} [ { cpus = 1, epc = 4 MiB } ]", "2:16 4:32 1:4")]
    [InlineData("epc.machine = null, epc.machine.nodes { 0 { cpus = 2, epc = 16 MiB } }", "2:16")]
    [InlineData(
        "epc.machine = null, epc.machine.nodes { 10 { cpus = 1, epc = 2 MiB }, 9 { cpus = 5, epc = 1 MiB } }",
        "5:1 1:2")]
    [InlineData("epc.machine.nodes = [ { cpus = 6, epc = 1 MiB } ]", "6:1")]
    public void A_list_is_changed_in_part_or_appended_to(string text, string nodes)
    {
        Assert.Equal(nodes, Nodes(Loading.Load($"{Base}\n{text}")));
        Assert.Equal(nodes, Nodes(Loading.LoadWith($"include \"base\"\n{text}", ("lab/base.conf", Base)).Scenario));
    }

    [Theory]
    [InlineData("epc.machine.nodes.0.epc=8 MiB", "2:8 4:32")]
    [InlineData("epc.machine.nodes+={ cpus = 1, epc = 4 MiB }", "2:16 4:32 1:4")]
    public void A_list_is_changed_from_the_command_line(string setting, string nodes) =>
        Assert.Equal(nodes, Nodes(Loading.Load(Base, setting)));

    [Theory]
    [InlineData("epc.enclaves.web.steps += touch", 2)]
    [InlineData("epc.enclaves.web.steps += { run { pattern = uniform, accesses = 5 } }", 2)]
    [InlineData("epc.enclaves.web.steps.0 = { run { pattern = uniform, accesses = 5 } }", 1)]
    [InlineData("epc.enclaves.web.steps { 0 = touch, 1 = touch, 2 = touch }", 3)]
    public void Steps_are_appended_and_replaced(string text, int count) =>
        Assert.Equal(count, Loading.Load($"{Base}\n{text}").Enclaves[0].Steps.Count);

    [Theory]
    [InlineData(
        "epc.machine.nodes.5.epc = 8 MiB",
        "has no element 5: it has the elements 0 to 1; write 2 to append one")]
    [InlineData("epc.machine.nodes { a { epc = 8 MiB } }", "expected a list of nodes")]
    public void An_element_that_is_not_there_is_told(string text, string words) =>
        Assert.Contains(words, Assert.Single(Loading.Errors($"{Base}\n{text}")), StringComparison.Ordinal);

    [Theory]
    [InlineData("epc.machine.nodes=[ { cpus = 2", "--set epc.machine.nodes: ", "is not closed")]
    [InlineData("epc.enclaves={ a { heap = 1 MiB }", "--set epc.enclaves: ", "is not closed")]
    [InlineData("epc.title=${vars.x", "--set epc.title: ", "")]
    [InlineData("epc.title=\"half", "--set epc.title: ", "")]
    [InlineData("epc.machine.nodes[0].epc=8 MiB", "--set epc.machine.nodes[0].epc: ", "is written with a dot: list.0")]
    public void What_is_wrong_with_a_setting_is_told(string setting, string place, string words)
    {
        string error = Assert.Single(Loading.Errors(Base, setting));

        Assert.StartsWith(place, error, StringComparison.Ordinal);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_include_of_a_file_that_is_not_there_is_noted()
    {
        LoadedScenario loaded = Loading.LoadWith(Base + "\ninclude \"basee\"");

        ConfigurationNote note = Assert.Single(loaded.Notes, one =>
            one.Message.Contains("basee", StringComparison.Ordinal));
        Assert.StartsWith(
            "lab/test.conf:6:9: include \"basee\" brings nothing",
            note.ToString(),
            StringComparison.Ordinal);
        Assert.DoesNotContain(Loading.LoadWith("include \"base\"", ("lab/base.conf", Base)).Notes, one =>
            one.Message.Contains("include", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("hocon/01-optional-cycle-drops-key.conf", """{"a":"foo","b":"foo"}""")]
    [InlineData("hocon/02-optional-cycle-other-order.conf", """{"b":"foo","a":"foo"}""")]
    [InlineData("hocon/03-optional-cycle-list.conf", """{"c":[1],"d":[1]}""")]
    [InlineData("hocon/06-optional-cycle-keys.conf", """{"epc":{"b":" 1","a":" 1"}}""")]
    [InlineData("hocon/07-append-of-itself.conf", """{"a":[1,2,3,[1,2,3]]}""")]
    [InlineData("hocon/08-append-of-itself-optional.conf", """{"a":[1,[1]]}""")]
    public void A_case_resolves(string file, string expected) =>
        Assert.Equal(
            expected,
            HoconConfig
                .ParseFile(CaseFile.PathOf(file))
                .Resolve()
                .Root.ToString()
                .Replace(" ", "", StringComparison.Ordinal),
            ignoreAllWhiteSpace: true);

    [Theory]
    [InlineData("hocon/11-cgroup-flat-over-nested.conf", 3 << 20, "2:16")]
    [InlineData("hocon/12-list-from-numeric-keys.conf", 4 << 20, "2:16")]
    public void A_case_loads(string file, long max, string nodes)
    {
        Scenario scenario = ScenarioLoader.Load(CaseFile.PathOf(file), [], null, ConfigEnvironment.Default);

        Assert.Equal(max, MaxOf(scenario, "/pods/web"));
        Assert.Equal(nodes, Nodes(scenario));
    }

    [Theory]
    [InlineData("hocon/09-leading-dot-hint.conf", "write '0.5 MiB'")]
    [InlineData("hocon/10-user-variable.conf", "write vars.limit and use it as ${vars.limit}")]
    public void A_case_is_refused_with_a_remedy(string file, string remedy)
    {
        ConfigurationException wrong = Assert.Throws<ConfigurationException>(
            () => ScenarioLoader.Load(CaseFile.PathOf(file), [], null, ConfigEnvironment.Default));

        Assert.Contains(remedy, Assert.Single(wrong.Errors).ToString(), StringComparison.Ordinal);
    }

    private static long MaxOf(Scenario scenario, string path) =>
        scenario.Cgroups.Single(cgroup => cgroup.Path == path).Max.Bytes;

    private static string Nodes(Scenario scenario) =>
        string.Join(' ', scenario.Machine.Nodes.Select(node => $"{node.Cpus}:{node.SectionPages.Sum() / 256}"));
}
