using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Calibration;

/// <summary><c>epc calibrate</c> from the command line to a run with its file.</summary>
public sealed class CalibrateCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Trait("tier", "slow")] // Fits a profile, then simulates and sizes with it.
    [Fact]
    public async Task The_file_is_taken_by_a_run_and_by_a_sizing_in_the_line_that_is_shown()
    {
        string file = _cli.At("my machine.conf");
        CliResult result = await CliHarness.Call(
            "calibrate", "--access", "90ns", "--fault", "12 us", "--profile", "xeon-icx", "--out", file);
        Assert.Equal(0, result.Code);
        Assert.Contains("90.0 ns measured; in the model 27.0 ns with the profile, 90.", result.Out,
            StringComparison.Ordinal);
        Assert.Contains("12.0 us measured", result.Out, StringComparison.Ordinal);
        string[] line = [.. CliHarness.SplitAsShell(result.LastOutLine.Trim())];
        Assert.Equal(["epc", "size"], line[..2]);
        CliResult run = await CliHarness.Call(["run", _cli.GoodFile, .. line[^2..]]);
        Assert.Equal(0, run.Code);
        CliResult shown = await CliHarness.Call(["config", "show", _cli.GoodFile, "--all", .. line[^2..]]);
        Assert.Contains("touch = 261", shown.Out, StringComparison.Ordinal);
        Assert.StartsWith(
            "# Costs of one machine, made by\n"
                + "#   epc calibrate --access 90ns --fault '12 us' --profile xeon-icx --out ",
            await File.ReadAllTextAsync(file, CancellationToken.None),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_file_standard_output_is_the_profile_and_nothing_else()
    {
        CliResult result = await CliHarness.Call("calibrate", "--fault", "5.2us", "--kind", "first-touch");
        Assert.Equal(0, result.Code);
        string file = _cli.Write("piped.conf", result.Out);
        CliResult run = await CliHarness.Call("run", _cli.GoodFile, "--set", $"epc.costs={file}");
        Assert.Equal(0, run.Code);
        Assert.Contains("5.20 us measured", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_ones_own_is_a_profile_to_begin_with()
    {
        string mine = _cli.Write("mine.conf", "include \"builtin:costs/client-sgx1.conf\"\neldu = 12345\n");
        CliResult result = await CliHarness.Call(
            "calibrate", "--access", "40ns", "--profile", mine, "--out", _cli.At("next.conf"));
        Assert.Equal(0, result.Code);
        CliResult shown = await CliHarness.Call(
            "config", "show", _cli.GoodFile, "--all", "--set", $"epc.costs={_cli.At("next.conf")}");
        Assert.Contains("eldu = 12345", shown.Out, StringComparison.Ordinal);
        Assert.Matches("touch = 14[4-7]", shown.Out);
        CliResult itself = await CliHarness.Call("calibrate", "--access", "40ns", "--profile", mine, "--out", mine);
        Assert.Equal(64, itself.Code);
        Assert.Contains("write to another file", itself.Error, StringComparison.Ordinal);
    }

    /// <summary>
    /// Locks stay as they are: a time that they exceed alone is not reached, however small the rest, and that is said.
    /// </summary>
    [Trait("tier", "slow")] // Tries until it gives up.
    [Fact]
    public async Task A_time_that_scaling_does_not_reach_is_said()
    {
        string slow = _cli.Write("slow.conf", "include \"builtin:costs/xeon-icx.conf\"\nspin-lock = 20000\n");
        CliResult result = await CliHarness.Call("calibrate", "--fault", "5us", "--profile", slow);
        Assert.Equal(0, result.Code);
        Assert.Contains("note: fault: the model takes", result.Error, StringComparison.Ordinal);
        Assert.Contains("at best", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--fault 12", "no unit; write 12ns or 12us")]
    [InlineData("--fault 12parsecs", "'parsecs' is not a unit of time")]
    [InlineData("--fault=-12us", "a time is above 0")]
    [InlineData("--fault 0us", "a time is above 0")]
    [InlineData("--fault quick", "it begins with no number")]
    [InlineData("--access 260cycles", "cycles of which clock?")]
    [InlineData("--access 90ns --clock 2.4", "write for example 2.4GHz")]
    [InlineData("--access 90ns --clock 24GHz", "a clock is between")]
    [InlineData("--fault 50ns --access 90ns", "a fault ends with the access")]
    [InlineData("--fault 12ms", "did you mean 12 us?")]
    [InlineData("", "no measurement: give --access")]
    [InlineData("--fault 12us --kind swp", "did you mean swap?")]
    [InlineData("--fault 12us --profile xeon-icy", "did you mean xeon-icx?")]
    [InlineData("--fault 12us --profile none.conf", "there is no such file")]
    [InlineData("--fault 12us --out machine", "write --out machine.conf")]
    public async Task A_mistake_is_told_with_its_remedy(string words, string message)
    {
        CliResult result = await CliHarness.Call(["calibrate", .. CliHarness.SplitAsShell(words)]);
        Assert.Equal(64, result.Code);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Out);
    }

    [Fact]
    public async Task The_help_says_what_to_measure()
    {
        CliResult help = await CliHarness.Call("calibrate", "--help");
        Assert.All(
            (string[])["heap of twice the EPC", "random places", "first-touch", "memory-backend-epc"],
            words => Assert.Contains(words, help.Out.ReplaceLineEndings(" "), StringComparison.Ordinal));
    }
}
