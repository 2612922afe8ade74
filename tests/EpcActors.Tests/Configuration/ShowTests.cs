using System.Text.Json;
using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary><c>epc config show</c>.</summary>
public sealed class ShowTests
{
    private const string Text = """
        epc {
          kernel = linux-5.15
          machine = client-93mib
          title = "a \"title\""
          cgroups { "/pods" { max = 16 MiB, /web { max = 8 MiB } } }
          enclaves { web { heap = 12 MiB, cgroup = /pods/web, instances = 2,
              steps = [ touch, { run { pattern = zipf, accesses = 10 } } ] } }
          run.duration = 1 s
          expect-on { "linux-5.15" = [ "verdict == violation" ] }
        }
        akka { loglevel = INFO }
        """;

    [Fact]
    public void What_differs_from_the_reference_is_shown_and_nothing_else()
    {
        string shown = Show(
            "epc { seed = 7, run.duration = 10 s, costs.ewb = 1, machine.sanitise-at-boot = on }",
            new ConfigurationShowOptions());
        Assert.Equal(
            """
            epc {
              seed = 7
              machine {
                sanitise-at-boot = "on"
              }
              costs {
                ewb = 1
              }
            }

            """,
            shown);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void What_is_shown_reads_back_as_the_same_scenario(bool all, bool origins)
    {
        string shown = Show(Text, new ConfigurationShowOptions { All = all, Origins = origins });
        Same(Loading.Load(Text), Loading.Load(shown));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void As_JSON_it_is_JSON_and_reads_back_too(bool all)
    {
        string shown = Show(
            Text,
            new ConfigurationShowOptions
            {
                All = all,
                Origins = true,
                Format = HoconFormat.Json,
            });
        using JsonDocument json = JsonDocument.Parse(shown);
        Assert.Equal("linux-5.15", json.RootElement.GetProperty("epc").GetProperty("kernel").GetString());
        Same(Loading.Load(Text), Loading.Load(shown));
    }

    [Fact]
    public void Origins_name_the_layer_that_set_a_value()
    {
        string shown = Show(
            "epc {\n  kernel = linux-5.15\n  machine = client-93mib\n  switches.at-limit = kill\n}",
            new ConfigurationShowOptions { All = true, Origins = true },
            "epc.run.duration=3 s");
        Assert.Contains("  # lab/test.conf:2:12\n  kernel = \"linux-5.15\"", shown, StringComparison.Ordinal);
        Assert.Contains("    # lab/test.conf:3:13\n    profile = \"client-93mib\"", shown, StringComparison.Ordinal);
        Assert.Contains("    # lab/test.conf:4:23\n    at-limit = \"kill\"", shown, StringComparison.Ordinal);
        Assert.Contains("    # --set epc.run.duration\n    duration = \"3 s\"", shown, StringComparison.Ordinal);
        Assert.Matches("    # builtin:kernels/linux-5.15.conf:[0-9]+:[0-9]+\n    free-page-counter = \"racy\"", shown);
        Assert.Matches("    # builtin:machines/client-93mib.conf:[0-9]+:[0-9]+\n    nodes = ", shown);
        Assert.Matches("    # builtin:reference.conf:[0-9]+:[0-9]+\n    jitter = \"10 %\"", shown);
    }

    [Fact]
    public void Nothing_is_shown_of_what_is_wrong() =>
        Assert.Throws<ConfigurationException>(() => Show("epc.seed = x", new ConfigurationShowOptions()));

    private static string Show(string text, ConfigurationShowOptions options, params string[] overrides) =>
        ScenarioLoader.Show(Loading.File, Loading.Overrides(overrides), Loading.Environment(text), options);

    private static void Same(Scenario a, Scenario b)
    {
        Assert.Equal(a.Title, b.Title);
        Assert.Equal(a.Kernel, b.Kernel);
        Assert.Equal(a.SwitchList, b.SwitchList);
        Assert.Equal(a.Machine.Name, b.Machine.Name);
        Assert.Equal(a.Machine.EpcPages, b.Machine.EpcPages);
        Assert.Equal(a.Costs.Name, b.Costs.Name);
        Assert.Equal(a.Costs.Cycles, b.Costs.Cycles);
        Assert.Equal(a.Cgroups, b.Cgroups);
        Assert.Equal(
            a.Enclaves.Select(e => (e.Name, e.HeapPages, e.Cgroup, e.Steps.Count)),
            b.Enclaves.Select(e => (e.Name, e.HeapPages, e.Cgroup, e.Steps.Count)));
        Assert.Equal(a.Run, b.Run);
        Assert.Equal(a.Expectations, b.Expectations);
    }
}
