using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary>
/// Limits as Kubernetes hands them down: annotations of pods, its quantities, and the bytes that misc.max takes.
/// </summary>
public sealed class KubernetesTests
{
    private const string Pod = "\"epc-limit.nri.io/pod\"";

    [Fact]
    public void Annotations_of_a_pod_limit_its_containers_and_not_the_pod()
    {
        Assert.Equal(
            [("/", long.MaxValue), ("/pod1", long.MaxValue), ("/pod1/c0", 8388608), ("/pod1/c1", 4194304)],
            Limits(Case("trust/52-pod-annotation-two-containers.conf")));
        Assert.Equal(
            [("/", long.MaxValue), ("/pod1", long.MaxValue), ("/pod1/c0", long.MaxValue), ("/pod1/c1", 4194304)],
            Limits(Case("trust/52c.conf")));
    }

    [Fact]
    public void A_container_has_its_own_name_or_that_of_its_cgroup()
    {
        Scenario scenario = Loading.Load("""
            epc.cgroups./pod {
              max = 16 MiB
              annotations { "epc-limit.nri.io/container.web" = 4Mi, "epc-limit.nri.io" = 1Mi }
              "/cri-0.scope" { container = web }
              /log {}
            }
            """);

        Assert.Equal(
            [("/", long.MaxValue), ("/pod", 16777216), ("/pod/cri-0.scope", 4194304), ("/pod/log", 1048576)],
            Limits(scenario));
    }

    [Theory]
    [InlineData(
        "/pod { annotations { \"epc-limit.nri.io/container.c2\" = 4096 }, /c0 {}, /c1 {} }",
        "no container 'c2' in /pod; did you mean 'c0'?")]
    [InlineData("/pod { annotations { \"epc-limit.nri.io/container.c1\" = 4096 } }", "no container 'c1' in /pod")]
    [InlineData(
        "/pod { annotations { \"epc-limit.nri.io/pod\" = 4096 }, /c { max = 1 MiB } }",
        "both max and the annotations of the pod")]
    [InlineData(
        "/pod { annotations { \"epc-limit.nri.io/pod\" = 4096 }, /c { annotations { \"epc-limit.nri.io\" = 1 } } }",
        "drop one")]
    [InlineData("/kubepods.slice { max = 4 MiB }", "quote it: \"/kubepods.slice\"")]
    [InlineData("/kubepods.slice/pod1.slice { max = 4 MiB }", "quote it: \"/kubepods.slice/pod1.slice\"")]
    [InlineData("/a { /cri-x.scope { max = 4 MiB } }", "quote it: \"/a/cri-x.scope\"")]
    public void A_mistake_is_told_with_its_remedy(string cgroups, string words) =>
        Assert.Contains(words, Assert.Single(Loading.Errors($"epc.cgroups {{ {cgroups} }}")), StringComparison.Ordinal);

    [Fact]
    public void Annotations_pasted_into_each_container_of_a_pod_may_name_the_others()
    {
        const string Both =
            "annotations { \"epc-limit.nri.io/container.a\" = 4096, \"epc-limit.nri.io/container.b\" = 8192 }";

        Assert.Equal(
            [4096, 8192],
            Limits(Loading.Load($"epc.cgroups./pod {{ /a {{ {Both} }}, /b {{ {Both} }} }}"))[2..].Select(one => one.Max)
        );
    }

    [Theory]
    [InlineData("64Mi", 67108864)]
    [InlineData("24M", 24_000_000)]
    [InlineData("1.5Gi", 1610612736)]
    [InlineData("128974848", 128974848)]
    [InlineData("129e6", 129_000_000)]
    [InlineData("500k", 500_000)]
    [InlineData("0.5", 1)]
    [InlineData("0", long.MaxValue)]
    public void A_quantity_is_what_Kubernetes_makes_of_it(string quantity, long bytes) =>
        Assert.Equal(
            bytes,
            Loading.Load($"epc.cgroups {{ /w {{ annotations {{ {Pod} = \"{quantity}\" }} }} }}").Cgroups[1].Max.Bytes);

    [Theory]
    [InlineData("64 MiB")]
    [InlineData("64K")]
    [InlineData("64mi")]
    [InlineData("-1")]
    [InlineData("99999999999Ei")]
    [InlineData("max")]
    public void What_is_no_quantity_is_refused(string quantity) => Assert.Contains(
        "expected a quantity of bytes as Kubernetes writes it",
        Assert.Single(Loading.Errors($"epc.cgroups {{ /w {{ annotations {{ {Pod} = \"{quantity}\" }} }} }}")),
        StringComparison.Ordinal);

    [Fact]
    public void Powers_of_a_thousand_are_noted_where_HOCON_has_powers_of_1024()
    {
        string text =
            $"epc.cgroups {{ /w {{ annotations {{ {Pod} = 24M }} }}, /v {{ annotations {{ {Pod} = 24Mi }} }} }}";

        ConfigurationNote note = Assert.Single(Loading.LoadWith(text).Notes, one =>
            one.Key.Contains("nri", StringComparison.Ordinal));
        Assert.Contains("24M is 24,000,000 bytes, as Kubernetes counts", note.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("32Mi", false)]
    [InlineData("33Mi", true)]
    public void Limits_above_what_the_node_has_are_noted(string quantity, bool isNoted)
    {
        LoadedScenario loaded = Loading.LoadWith($$"""
            epc.machine.nodes = [ { cpus = 1, epc = 64 MiB } ]
            epc.cgroups { /p { annotations { {{Pod}} = {{quantity}} }, /c0 {}, /c1 {} } }
            """);

        Assert.Equal(
            isNoted,
            loaded.Notes.Any(note => note.Message.Contains("add up to 66 MiB", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(
        "/a { max = 40 MiB }, /b { max = 40 MiB }",
        "the limits of 2 cgroups add up to 80 MiB, and the machine has 64 MiB")]
    [InlineData(
        "/p { /a { max = 40 MiB }, /q { /b { max = 40 MiB } } }, /c { max = 1 MiB }",
        "3 cgroups add up to 81 MiB")]
    [InlineData("/p { max = 60 MiB, /a { max = 40 MiB }, /b { max = 40 MiB } }, /c {}", null)]
    [InlineData("/a { max = 90 MiB }, /b {}", null)]
    [InlineData("/a { max = 32 MiB }, /b { max = 32 MiB }", null)]
    public void Limits_side_by_side_above_the_capacity_are_noted(string cgroups, string? note)
    {
        LoadedScenario loaded = Loading.LoadWith(
            "epc.machine.nodes = [ { cpus = 1, epc = 64 MiB } ]\nepc.cgroups { " + cgroups + " }");

        Assert.Equal(note is not null, loaded.Notes.Any(one =>
            one.Message.Contains(note ?? "add up to", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("18446744073709551615 B")]
    [InlineData("9223372036854775808B")]
    [InlineData("18446744073709551615")]
    public void Misc_max_above_a_long_is_none(string number)
    {
        LoadedScenario loaded = Loading.LoadWith($"epc.cgroups {{ /a {{ max = {number} }} }}");

        Assert.True(loaded.Scenario.Cgroups[1].Max.IsMax);
        Assert.Contains(loaded.Notes, note => note.Message.Contains("as max", StringComparison.Ordinal));
        Assert.NotEmpty(Loading.Errors("epc.cgroups { /a { max = 18446744073709551616 B } }"));
    }

    [Fact]
    public void Misc_max_takes_any_number_of_bytes()
    {
        LoadedScenario loaded = ScenarioLoader.LoadWithNotes(
            CaseFile.PathOf("trust/22-unaligned-max.conf"), [], null, ConfigEnvironment.Default);

        Assert.Equal(10_000_000, loaded.Scenario.Cgroups[1].Max.Bytes);
        Assert.Contains(loaded.Notes, note =>
            note.Message.Contains("2441 pages are in effect", StringComparison.Ordinal));
    }

    [Fact]
    public void A_limit_that_is_written_while_it_runs_takes_any_number_of_bytes_too()
    {
        Scenario scenario = Loading.Load("""
            epc.cgroups { /a {} }
            epc.script = [
              { at = 1 ms, set-max { cgroup = /a, max = 10000000 B } }
              { at = 2 ms, set-memory-max { cgroup = /a, max = 10000000 B } }
            ]
            """);

        Assert.Equal(
            [10_000_000, 2441 * 4096],
            [
                ((ScriptAction.SetMax)scenario.Script[0]).Max.Bytes,
                ((ScriptAction.SetMemoryMax)scenario.Script[1]).Max.Bytes,
            ]);
    }

    private static Scenario Case(string name) =>
        ScenarioLoader.Load(CaseFile.PathOf(name), [], null, ConfigEnvironment.Default);

    private static (string Path, long Max)[] Limits(Scenario scenario) =>
        [.. scenario.Cgroups.Select(cgroup => (cgroup.Path, cgroup.Max.Bytes))];
}
