using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cli;

/// <summary><c>epc compare-driver</c>, as a maintainer of the driver types it.</summary>
public sealed class CompareDriverCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task An_equal_recording_is_said_to_be_equal()
    {
        CliResult result = await CliHarness.Call("compare-driver", Data("lim_17_4.txt"));
        Assert.Equal(0, result.Code);
        Assert.Contains("lim_17_4.txt: equal (29 leaves, 1 operation, ", result.Out, StringComparison.Ordinal);
        Assert.Contains("  driver:   series v17, code as posted", result.Out, StringComparison.Ordinal);
        Assert.Contains("  emulator: epc-cgroup-v17", result.Out, StringComparison.Ordinal);
        Assert.Equal("1 of 1 equal", result.LastOutLine);
    }

    [Fact]
    public async Task The_first_leaf_that_differs_stands_between_its_neighbours()
    {
        string text = await File.ReadAllTextAsync(Data("lim_17_4.txt"));
        string file = _cli.Write(
            "victim.txt", text.Replace("EBLOCK a 4 epc=0:6", "EBLOCK a 3 epc=0:5", StringComparison.Ordinal));
        CliResult result = await CliHarness.Call("compare-driver", file);
        Assert.Equal(1, result.Code);
        Assert.Contains("victim.txt: DIFFERS", result.Out, StringComparison.Ordinal);
        Assert.Contains("leaf 21, operation 1 (init a): driver EBLOCK a 3 epc=0:5, emulator EBLOCK a 4 epc=0:6",
            result.Out, StringComparison.Ordinal);
        Assert.Matches(@"    >     21  EBLOCK a 3 epc=0:5 +EBLOCK a 4 epc=0:6\r?\n", result.Out);
        Assert.Matches(@"          22  EBLOCK a 5 epc=0:7 +EBLOCK a 5 epc=0:7\r?\n", result.Out);
        Assert.Equal("0 of 1 equal", result.LastOutLine);
    }

    [Fact]
    public async Task A_switch_shows_where_it_changes_the_order_of_things()
    {
        CliResult result = await CliHarness.Call(
            "compare-driver", Data("lim_8_4.txt"), "--set", "epc.switches.epc-cgroup=off", "--quiet");
        Assert.Equal(1, result.Code);
        Assert.Contains("emulator: epc-cgroup-v8 (epc-cgroup = off)", result.Out, StringComparison.Ordinal);
        Assert.Matches(
            @"leaf \d+, operation 1 \(init a\): driver EBLOCK a 0 epc=0:2, emulator EADD a \d+ epc=0:\d+", result.Out);
    }

    [Fact]
    public async Task Folders_hold_recordings_and_timed_runs()
    {
        CliResult folder = await CliHarness.Call("compare-driver", Data("timed/sequential"));
        Assert.Equal(0, folder.Code);
        Assert.Contains("sequential: equal (", folder.Out, StringComparison.Ordinal);
        CliResult all = await CliHarness.Call("compare-driver", Data("older"), "--quiet");
        Assert.Equal(("31 of 31 equal", 1), (all.LastOutLine, all.OutLines.Count));
    }

    [Theory]
    [InlineData("no-such-file.txt", "no-such-file.txt: there is no such file or folder")]
    [InlineData("empty", "there is no recording of the driver in this folder")]
    [InlineData("mine.txt", "this is not a recording of the driver: it has no section [scenario]")]
    [InlineData("wrong.txt", "wrong.txt:2:16: epc.kernel: there is no 'linux-5.14' among the kernels")]
    public async Task What_is_no_recording_is_a_mistake_of_the_user(string name, string problem)
    {
        _cli.Write("mine.txt", "hello\n");
        const string Race = "race { tasks { A { do = [ pause ] } } }";
        _cli.Write("wrong.txt", $"[scenario]\nepc {{ kernel = linux-5.14, {Race} }}\n[leaves]\n[end]\nfree=0\n");
        Directory.CreateDirectory(_cli.At("empty"));
        CliResult result = await CliHarness.Call("compare-driver", _cli.At(name));
        Assert.Equal(64, result.Code);
        Assert.Contains(problem, result.Error, StringComparison.Ordinal);
    }

    private static string Data(string name) => Loading.RepositoryPath("tests/EpcActors.Tests/Golden/data/" + name);
}
