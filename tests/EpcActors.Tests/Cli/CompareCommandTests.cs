using System.Text.Json;
using EpcActors.Cli.Commands;

namespace EpcActors.Tests.Cli;

public sealed class CompareCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Kernels_stand_side_by_side_and_files_go_to_folders()
    {
        string folder = _cli.At("out");
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.GoodFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8",
            "--out",
            folder,
            "--no-slowdown");

        Assert.Equal(0, result.Code);
        Assert.Equal("linux-6.16: seed 7, kernel linux-6.16, engine simulation", result.OutLines[0]);
        Assert.Equal("epc-cgroup-v8: seed 7, kernel epc-cgroup-v8, engine simulation", result.OutLines[1]);
        Assert.Contains("2 runs, compared with the first: linux-6.16", result.Out, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder, "compare.html")));
        Assert.True(File.Exists(Path.Combine(folder, "linux-6.16", "report.html")));
        Assert.True(File.Exists(Path.Combine(folder, "epc-cgroup-v8", "trace.json")));
        Assert.Contains($"wrote compare.html to {folder}", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_is_an_array_with_labels_and_alone_on_standard_output()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.GoodFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8",
            "--vary",
            "epc.seed=1,2",
            "--json",
            "-",
            "--no-slowdown");

        using JsonDocument document = JsonDocument.Parse(result.Out);
        Assert.Equal(
            ["linux-6.16 seed=1", "linux-6.16 seed=2", "epc-cgroup-v8 seed=1", "epc-cgroup-v8 seed=2"],
            document.RootElement.EnumerateArray().Select(one => one.GetProperty("label").GetString()));
        Assert.Equal(
            [1UL, 2, 1, 2],
            document.RootElement.EnumerateArray().Select(one => one.GetProperty("seed").GetUInt64()));
        Assert.Equal("linux-6.16", document.RootElement[1].GetProperty("kernel").GetString());
        Assert.Contains("4 runs, compared", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Violation_in_one_run_exits_with_1_and_its_command_repeats_it()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.RacyFile,
            "--kernels",
            "linux-6.16,linux-5.15",
            "--no-slowdown");

        Assert.Equal(1, result.Code);
        Assert.Equal($"epc run {_cli.RacyFile} --seed 3 --set epc.kernel=linux-5.15 --no-slowdown", result.LastOutLine);
        CliResult replay = await CliHarness.Call([.. CliHarness.SplitAsShell(result.LastOutLine).Skip(1)]);
        Assert.Equal(1, replay.Code);
    }

    [Fact]
    public async Task Known_bad_kernel_that_fails_is_what_was_asked_for()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.RacyFile,
            "--kernels",
            "linux-5.15,linux-5.15-atomic-counter",
            "--known-bad",
            "linux-5.15",
            "--no-slowdown");

        Assert.Equal(0, result.Code);
        Assert.Equal("linux-5.15: known to be bad, and it was", result.LastOutLine);
    }

    [Fact]
    public async Task Known_bad_kernel_that_passes_proves_nothing()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.RacyFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8",
            "--known-bad",
            "linux-6.16",
            "--no-slowdown");

        Assert.Equal(2, result.Code);
        Assert.Contains("the comparison proves nothing", result.LastOutLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Known_bad_does_not_excuse_another_run()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.RacyFile,
            "--kernels",
            "linux-5.15,epc-cgroup-v8-racy-counter",
            "--known-bad",
            "linux-5.15",
            "--no-slowdown");

        Assert.Equal(1, result.Code);
        Assert.Contains("--set epc.kernel=epc-cgroup-v8-racy-counter", result.LastOutLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Expectations_count_with_expect_only()
    {
        string[] args = ["compare", _cli.DisappointedFile, "--kernels", "linux-6.16,epc-cgroup-v8", "--no-slowdown"];
        CliResult without = await CliHarness.Call(args);
        CliResult with = await CliHarness.Call([.. args, "--expect"]);

        Assert.Equal(0, without.Code);
        Assert.Equal(1, with.Code);
        Assert.Contains("epc-cgroup-v8: expected faults == 0, found ", with.Out, StringComparison.Ordinal);
        Assert.Equal(
            $"epc run {_cli.DisappointedFile} --seed 7 --set epc.kernel=linux-6.16 --no-slowdown --expect",
            with.LastOutLine);
    }

    [Fact]
    public async Task Quiet_is_a_line_for_each_run()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.GoodFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8",
            "--quiet",
            "--no-slowdown");

        Assert.Equal(2, result.OutLines.Count);
        Assert.StartsWith("linux-6.16: pass: ", result.OutLines[0], StringComparison.Ordinal);
        Assert.StartsWith("epc-cgroup-v8: pass: ", result.OutLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_comparison_is_inconclusive()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        CliResult result = await CliHarness.Call(
            source.Token,
            "compare",
            _cli.GoodFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8");

        Assert.Equal(2, result.Code);
        Assert.Contains("cancelled: 0 of 2 runs were started", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistake_in_the_last_kernel_is_found_before_the_first_runs()
    {
        CliResult result = await CliHarness.Call("compare", _cli.GoodFile, "--kernels", "linux-6.16,linux-6.61");

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.Contains("did you mean 'linux-6.16'", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is nothing to compare")]
    [InlineData("there is nothing to compare", "--kernels", "linux-6.16")]
    [InlineData("would run twice", "--kernels", "linux-6.16,linux-6.16")]
    [InlineData("an empty name", "--kernels", "linux-6.16,")]
    [InlineData("an empty value", "--vary", "epc.seed=1,")]
    [InlineData("write --vary key=value", "--vary", "epc.seed")]
    [InlineData("did you mean linux-6.16?", "--kernels", "linux-6.16,linux-5.15", "--known-bad", "linux-6.1")]
    public async Task Usage_errors_say_what_to_write(string message, params string[] options)
    {
        CliResult result = await CliHarness.Call(["compare", _cli.GoodFile, .. options]);

        Assert.Equal(64, result.Code);
        Assert.Empty(result.Out);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a,b", "a|b")]
    [InlineData("a", "a")]
    [InlineData(" a , b ", "a|b")]
    [InlineData("[1,2],[3]", "[1,2]|[3]")]
    [InlineData("{a=1,b=2},x", "{a=1,b=2}|x")]
    [InlineData("\"a,b\",c", "\"a,b\"|c")]
    [InlineData("\"a\\\",b\",c", "\"a\\\",b\"|c")]
    [InlineData("\"[\",c", "\"[\"|c")]
    public void Lists_split_at_their_own_commas_only(string text, string expected) =>
        Assert.Equal(expected.Split('|'), ListText.Split(text));
}
