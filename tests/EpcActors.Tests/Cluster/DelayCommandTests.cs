using System.Globalization;
using EpcActors.Cluster.Simulation;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Cluster;

/// <summary><c>epc cluster FILE --simulate --link-delay</c>.</summary>
public sealed class DelayCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();
    private readonly string _file;

    public DelayCommandTests() => _file = _cli.Write("two.conf", """
        epc {
          machine { nodes = [ { cpus = 2, epc = 8 MiB }, { cpus = 2, epc = 8 MiB } ] }
          cgroups { /a {} }
          enclaves {
            x { cgroup = /a, node = 0, heap = 512 KiB, steps = [ touch ] }
            y { cgroup = /a, node = 1, heap = 512 KiB, steps = [ touch ] }
          }
          run { duration = 60 s }
        }
        """);

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_table_for_each_delay_has_a_row_for_each_size()
    {
        CliResult result = await Simulate(
            "--link-delay", "rack,2ms", "--sizes", "1,2,4", "--set", "epc.cluster.charge-batch=1");
        Assert.True(result.Code == 0, result.Error);
        Assert.Contains("links of 50 us in one direction (hosts of one rack)", result.OutLines);
        Assert.Contains("links of 2 ms in one direction", result.OutLines);
        string[][] rows = [.. result.OutLines.Select(Words).Where(IsRow)];
        Assert.Equal(["1 2", "2 2", "4 4", "1 2", "2 2", "4 4"], rows.Select(words => $"{words[0]} {words[1]}"));

        // One process is the measure; the farther the others, the slower they are.
        Assert.Equal("1.000", rows[0][3]);
        Assert.Equal(rows[0], rows[3]);
        double[] shares = [.. rows.Select(words => double.Parse(words[3], CultureInfo.InvariantCulture))];
        Assert.True(shares[4] < shares[1] && shares[1] < 1, string.Join(' ', shares));
        Assert.Equal("waiting for answers", string.Join(' ', rows[^1][^3..]));
    }

    [Fact]
    public async Task A_run_that_its_duration_cuts_off_is_inconclusive()
    {
        CliResult result = await Simulate(
            "--link-delay", "region", "--sizes", "2", "--set", "epc.run.duration=5 ms");
        Assert.Equal(2, result.Code);
        Assert.Contains("cut off by epc.run.duration with work left", result.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--sizes goes with --link-delay", "--sizes", "2")]
    [InlineData("--seeds is for faults", "--link-delay", "rack", "--seeds", "5")]
    [InlineData("--processes is for processes", "--link-delay", "rack", "--processes", "2")]
    [InlineData("--link-delay far: write host, rack, region", "--link-delay", "far")]
    [InlineData("--link-delay 2s: write host, rack, region", "--link-delay", "2s")]
    [InlineData("--sizes 0: numbers of processes from 1 to 256", "--link-delay", "rack", "--sizes", "0")]
    [InlineData("--sizes 257: numbers of processes from 1 to 256", "--link-delay", "rack", "--sizes", "257")]
    public async Task A_mistake_is_said(string error, params string[] words)
    {
        CliResult result = await Simulate(words);
        Assert.Equal(64, result.Code);
        Assert.Contains(error, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delays_need_a_file_and_a_simulation()
    {
        CliResult noFile = await CliHarness.Call("cluster", "--simulate", "--link-delay", "rack");
        Assert.Equal(64, noFile.Code);
        Assert.Contains("--link-delay needs a FILE", noFile.Error, StringComparison.Ordinal);
        CliResult live = await CliHarness.Call("cluster", _file, "--link-delay", "rack");
        Assert.Equal(64, live.Code);
        Assert.Contains("--link-delay goes with --simulate", live.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_has_each_defect_on_a_line_of_its_own()
    {
        IReadOnlyList<string> lines = (await CliHarness.Call("cluster", "--help")).OutLines;
        string first = lines.First(line => line.StartsWith("  --defect", StringComparison.Ordinal));
        string margin = new(' ', first.IndexOf("with --simulate", StringComparison.Ordinal) + 2);
        foreach (string start in DefectText.All.Select(defect => $"{margin}{DefectText.NameOf(defect)}: "))
        {
            Assert.Contains(lines, line => line.StartsWith(start, StringComparison.Ordinal));
        }

        Assert.All(
            lines.Where(line => !line.StartsWith("  epc ", StringComparison.Ordinal)),
            line => Assert.True(line.Length <= 100, line));
    }

    private Task<CliResult> Simulate(params string[] words) =>
        CliHarness.Call(["cluster", _file, "--simulate", .. words]);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsRow(string[] words) => words.Length > 8 && int.TryParse(words[0], out _);
}
