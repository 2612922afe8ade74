using System.Text.Json;
using System.Text.RegularExpressions;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Sizing;

/// <summary><c>epc size</c> as a user types it.</summary>
public sealed class SizeCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    private string PodFile => _cli.Write("pod.conf", SizerTests.Small);

    [Fact]
    public async Task The_answer_has_the_limit_the_lines_to_paste_and_the_command_that_repeats_it()
    {
        CliResult result = await CliHarness.Call("size", PodFile, "--keep", "95", "--seeds", "2");
        Assert.Equal(0, result.Code);
        string bytes = Regex.Match(result.Out, "sgx_epc ([0-9]+)").Groups[1].Value;
        long pages = long.Parse(bytes, System.Globalization.CultureInfo.InvariantCulture) / 4096;
        Assert.Contains($"echo \"sgx_epc {bytes}\" > /sys/fs/cgroup/pod/misc.max", result.Out,
            StringComparison.Ordinal);
        Assert.Contains($"epc-limit.nri.io/container.pod: \"{bytes}\"", result.Out, StringComparison.Ordinal);
        Assert.Contains($"sgx.intel.com/epc: {bytes}", result.Out, StringComparison.Ordinal);
        Assert.Contains($"epc.cgroups./pod.max = {pages} pages", result.Out, StringComparison.Ordinal);
        Assert.Contains("SIZED: /pod keeps 95 % of its speed", result.Out, StringComparison.Ordinal);
        Assert.StartsWith("epc size", result.LastOutLine, StringComparison.Ordinal);

        // The line is one that the loader takes, and the run keeps what was promised.
        CliResult run = await CliHarness.Call(
            "run", PodFile, "--set", $"epc.cgroups./pod.max={pages} pages", "--set",
            "epc.enclaves.a.steps.1.run.accesses=40000", "--json", "-");
        double slowdown = JsonDocument.Parse(run.Out).RootElement.GetProperty("enclaves")[0]
            .GetProperty("slowdown").GetDouble();
        Assert.InRange(slowdown, 1.02, (1 / 0.95) + 0.005);
    }

    /// <summary>The keys are a contract with scripts: this is the list of them.</summary>
    [Fact]
    public async Task The_document_has_every_key_that_scripts_know()
    {
        CliResult result = await CliHarness.Call("size", PodFile, "--keep", "90,95", "--seeds", "1", "--json", "-");
        Assert.Equal(0, result.Code);
        using JsonDocument document = JsonDocument.Parse(result.Out);
        SortedSet<string> keys = new(StringComparer.Ordinal);
        Collect(document.RootElement, "", keys);
        string golden = Loading.RepositoryPath("tests/EpcActors.Tests/Sizing/size-json-keys.txt");
        Assert.Equal(File.ReadAllLines(golden), keys);
    }

    [Fact]
    public async Task Files_of_a_sizing_appear_together()
    {
        string folder = _cli.At("out");
        CliResult result = await CliHarness.Call("size", PodFile, "--keep", "95", "--seeds", "1", "--out", folder,
            "--csv", _cli.At("points.csv"));
        Assert.Equal(0, result.Code);
        Assert.Equal(
            EpcActors.Cli.Running.SizingFiles.All.Select(file => file.Name).Order(StringComparer.Ordinal),
            Directory.GetFiles(folder).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        string[] rows = File.ReadAllLines(_cli.At("points.csv"));
        Assert.StartsWith("cgroup,limit_pages,limit_bytes,seed,slowdown,", rows[0], StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(_cli.At("points.csv")), File.ReadAllText(Path.Combine(folder, "size.csv")));
        Assert.All(rows[1..], row => Assert.Equal(15, row.Split(',').Length));
    }

    [Theory]
    [InlineData("--keep 0", "not a percentage from 1 to 100")]
    [InlineData("--keep 101", "not a percentage from 1 to 100")]
    [InlineData("--keep fast", "not a percentage from 1 to 100")]
    [InlineData("--seeds 0", "a number from 1 to 64")]
    [InlineData("--jobs none", "a number from 1 to 1024")]
    [InlineData("/podd", "did you mean /pod?")]
    [InlineData("/", "the root cgroup takes no limit")]
    [InlineData("--until speed", "epc config quantities")]
    [InlineData("--until 'cgroup /pood reloads < 3'", "there is no cgroup '/pood'")]
    [InlineData("--kernel linux-6.16", "has no limits on EPC; choose one that has: --kernel epc-cgroup-v8")]
    [InlineData("--kernel linux-9", "there is no 'linux-9' among the kernels")]
    [InlineData("--json - --csv -", "standard output takes one document")]
    public async Task Mistakes_are_told_with_a_remedy_before_anything_runs(string words, string told)
    {
        CliResult result = await CliHarness.Call(["size", PodFile, .. CliHarness.SplitAsShell(words)]);
        Assert.Equal(64, result.Code);
        Assert.Contains(told, result.Error, StringComparison.Ordinal);
        Assert.Empty(result.Out);
    }

    [Fact]
    public async Task Enclaves_of_the_root_cannot_be_sized_and_the_way_out_is_told()
    {
        CliResult result = await CliHarness.Call("size", _cli.GoodFile);
        Assert.Equal(64, result.Code);
        Assert.Contains("give them one: epc.cgroups { /pod {} }", result.Error, StringComparison.Ordinal);
    }

    /// <summary>A memory limit below what evicted pages take: at any EPC the kernel kills.</summary>
    [Fact]
    public async Task Where_no_limit_keeps_the_share_the_exit_code_says_so()
    {
        string file = _cli.Write("dear.conf", """
            epc {
              machine { nodes = [ { cpus = 4, epc = 2 MiB } ] }
              cgroups { /pod {} }
              enclaves {
                a { cgroup = /pod, heap = 3 MiB, steps = [ touch, { run { pattern = uniform, accesses = 1000,
                    work = 1 us } } ] }
              }
            }
            """);
        CliResult result = await CliHarness.Call("size", file, "--keep", "99", "--seeds", "1");
        Assert.Equal(2, result.Code);
        Assert.Contains("NOT KEPT: /pod does not keep 99 % of its speed on this machine", result.Out,
            StringComparison.Ordinal);
    }

    [Trait("tier", "slow")] // Each example is run.
    [Fact]
    public async Task Help_teaches_with_examples_that_work()
    {
        CliResult help = await CliHarness.Call("size", "--help");
        Assert.Equal(0, help.Code);
        Assert.Contains("Exit codes:", help.Out, StringComparison.Ordinal);
        string[] examples = [.. help.OutLines.Select(line => line.Trim())
            .Where(line => line.StartsWith("epc size config", StringComparison.Ordinal))];
        Assert.Equal(4, examples.Length);
        foreach (string example in examples)
        {
            string line = Regex.Replace(example, @"\S*\.conf", PodFile).Replace("/kubepods/web", "/pod",
                StringComparison.Ordinal).Replace("--out results", $"--out {_cli.At("results")}",
                    StringComparison.Ordinal);
            CliResult result = await CliHarness.Call([.. CliHarness.SplitAsShell(line).Skip(1), "--seeds", "1"]);
            Assert.True(result.Code is 0 or 2, $"{line}\n{result.Error}");
        }
    }

    private static void Collect(JsonElement element, string path, SortedSet<string> keys)
    {
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                keys.Add($"{path}{property.Name}");
                Collect(property.Value, $"{path}{property.Name}.", keys);
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                Collect(item, path, keys);
            }
        }
    }
}
