using EpcActors.Tests.Imports;

namespace EpcActors.Tests.Cli;

/// <summary>What <c>epc run</c> takes, the other commands that load a scenario take as well.</summary>
public sealed class InputsEverywhereTests : IDisposable
{
    private const string Pod = """
        kind: Pod
        metadata: { name: p, annotations: { epc-limit.nri.io/pod: "1048576", heap.epcactors.dev: 2Mi } }
        spec: { containers: [ { name: c, resources: { limits: { sgx.intel.com/epc: 1Mi } } } ] }
        """;

    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Config_validate_says_whether_a_manifest_can_be_run()
    {
        string pod = _cli.Write("p.yaml", Pod);
        string wrong = _cli.Write("w.yaml", Pod.Replace("\"1048576\"", "\"1Mi\"", StringComparison.Ordinal));
        CliResult good = await CliHarness.Call("config", "validate", pod, "--machine", "nuc-22mib");
        CliResult both = await CliHarness.Call("config", "validate", pod, wrong, "--machine", "nuc-22mib");

        Assert.Equal((0, ""), (good.Code, good.Error));
        Assert.StartsWith($"{pod}: ok: kernel epc-cgroup-v8, machine nuc-22mib, ", good.Out, StringComparison.Ordinal);
        Assert.Equal(64, both.Code);
        Assert.StartsWith($"{wrong}:2:", both.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Config_show_shows_what_a_manifest_becomes()
    {
        string pod = _cli.Write("p.yaml", Pod);
        CliResult shown = await CliHarness.Call("config", "show", pod, "--machine", "nuc-22mib");
        CliResult imported = await CliHarness.Call(
            "import", "k8s", pod, "--machine", "nuc-22mib", "-o", _cli.At("p.conf"));
        CliResult file = await CliHarness.Call("config", "show", _cli.At("p.conf"));

        Assert.Equal((0, 0, 0), (shown.Code, imported.Code, file.Code));
        Assert.Equal(file.Out, shown.Out);
    }

    /// <summary>An option that says what the file says itself is a mistake here as it is for a run.</summary>
    [Theory]
    [InlineData("config", "validate")]
    [InlineData("config", "show")]
    [InlineData("check", "")]
    [InlineData("cluster", "")]
    public async Task Options_of_an_import_are_refused_for_a_scenario(string command, string verb)
    {
        string[] words = verb.Length == 0 ? [command] : [command, verb];
        CliResult result = await CliHarness.Call([.. words, _cli.GoodFile, "--workload", "ycsb-a"]);

        Assert.Equal(64, result.Code);
        Assert.Contains("is a scenario and says this itself", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_takes_a_command_line_of_QEMU()
    {
        CliResult result = await CliHarness.Call(
            "check", Importing.SamplePath("qemu.txt"), "--machine", "icx-8gib-x2", "--budget", "1", "--steps", "2000");

        Assert.NotEqual(64, result.Code);
        Assert.Contains("qemu.txt: kernel epc-cgroup-v8", result.Out, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Cluster_plans_a_manifest_over_the_sockets()
    {
        CliResult result = await CliHarness.Call(
            "cluster", _cli.Write("p.yaml", Pod), "--plan", "--machine", "two-sockets-64mib");

        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Contains("p/c", result.Out, StringComparison.Ordinal);
    }
}
