namespace EpcActors.Tests.Cli;

/// <summary><c>epc import</c>, and inputs where a scenario is expected.</summary>
public sealed class ImportCommandTests : IDisposable
{
    private const string Pod = """
        kind: Pod
        metadata: { name: p, annotations: { epc-limit.nri.io/pod: "1048576", heap.epcactors.dev: 2Mi } }
        spec: { containers: [ { name: c, resources: { limits: { sgx.intel.com/epc: 1Mi } } } ] }
        """;

    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task What_is_printed_runs()
    {
        string pod = _cli.Write("p.yaml", Pod);
        CliResult printed = await CliHarness.Call("import", "k8s", pod, "--machine", "nuc-22mib");
        CliResult written = await CliHarness.Call(
            "import", "k8s", pod, "--machine", "nuc-22mib", "-o", _cli.At("p.conf"));

        Assert.Equal(0, printed.Code);
        Assert.Equal(await File.ReadAllTextAsync(_cli.At("p.conf")), printed.Out);
        Assert.Equal($"wrote {_cli.At("p.conf")}; next: epc run {_cli.At("p.conf")}\n", written.Out);

        CliResult run = await CliHarness.Call("run", _cli.At("p.conf"), "--quiet", "--no-slowdown");
        CliResult direct = await CliHarness.Call(
            "run", pod, "--quiet", "--no-slowdown", "--machine", "nuc-22mib");
        Assert.Equal(0, run.Code);
        Assert.Equal(
            run.LastOutLine.Replace("p.conf", "p.yaml (imported)", StringComparison.Ordinal), direct.LastOutLine);
    }

    [Fact]
    public async Task A_run_that_fails_is_repeated_with_the_same_options()
    {
        CliResult result = await CliHarness.Call(
            "run", _cli.Write("p.yaml", Pod), "--workload", "ycsb-a", "--machine", "nuc-22mib", "--no-slowdown",
            "--expect", "--quiet", "--set", "epc.expect=[ \"faults == 0\" ]");

        Assert.Equal(1, result.Code);
        Assert.EndsWith("--machine nuc-22mib --workload ycsb-a", result.LastOutLine, StringComparison.Ordinal);
        CliResult again = await CliHarness.Call([.. CliHarness.SplitAsShell(result.LastOutLine).Skip(1), "--quiet"]);
        Assert.Equal(result.OutLines[0], again.OutLines[0]);
    }

    [Fact]
    public async Task Errors_have_a_place_and_a_remedy_and_notes_stand_beside_the_output()
    {
        CliResult wrong = await CliHarness.Call(
            "import", "k8s", _cli.Write("w.yaml", Pod.Replace("\"1048576\"", "\"1Mi\"", StringComparison.Ordinal)));
        Assert.Equal(64, wrong.Code);
        Assert.Empty(wrong.Out);
        Assert.StartsWith($"{_cli.At("w.yaml")}:2:", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("write \"1048576\"", wrong.Error, StringComparison.Ordinal);

        CliResult noted = await CliHarness.Call(
            "import", "k8s", _cli.Write("n.yaml", Pod.Replace("\"1048576\"", "2097152", StringComparison.Ordinal)));
        Assert.Equal(0, noted.Code);
        Assert.StartsWith("note: ", noted.Error, StringComparison.Ordinal);
        Assert.StartsWith("# Made of n.yaml", noted.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--workload", "ycsb-a")]
    [InlineData("--claims", "bookkeeping")]
    public async Task Options_of_imports_are_refused_for_a_scenario(string option, string value)
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, option, value);

        Assert.Equal(64, result.Code);
        Assert.Contains($"{option}: {_cli.GoodFile} is a scenario", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_with_a_wrong_word_are_told()
    {
        string pod = _cli.Write("p.yaml", Pod);
        foreach ((string option, string expected) in ((string, string)[])
            [
                ("--workload", "--workload: there is no workload 'x'"),
                ("--machine", "--machine: there is no machine 'x'"),
                ("--node", "--node: there is no Node object 'x'"),
                ("--claims", "--claims x: write limits or bookkeeping"),
            ])
        {
            CliResult result = await CliHarness.Call("import", "k8s", pod, option, "x");

            Assert.Equal(64, result.Code);
            Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Samples_come_with_the_command()
    {
        CliResult result = await CliHarness.Call("import", "k8s", "config/samples/azure.yaml");

        Assert.Equal(0, result.Code);
        Assert.Contains("/kubepods/oe-server/oe-server", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_file_is_told()
    {
        CliResult missing = await CliHarness.Call("import", "k8s", _cli.At("none.yaml"));
        Assert.Equal(64, missing.Code);
        Assert.Contains("there is no such file", missing.Error, StringComparison.Ordinal);

        CliResult folder = await CliHarness.Call("import", "k8s", _cli.Folder);
        Assert.Equal(64, folder.Code);
        Assert.Contains("it is a directory, not a file", folder.Error, StringComparison.Ordinal);
        if (File.Exists("/dev/zero"))
        {
            CliResult device = await CliHarness.Call("import", "k8s", "/dev/zero");
            Assert.Equal(64, device.Code);
            Assert.Contains("it is a device, not a regular file", device.Error, StringComparison.Ordinal);
        }
    }
}
