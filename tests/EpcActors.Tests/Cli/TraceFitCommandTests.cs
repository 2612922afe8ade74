using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Cli;

/// <summary><c>epc trace fit</c> by its exit codes and what it prints and writes.</summary>
[Trait("tier", "slow")] // Millions of accesses.
public sealed class TraceFitCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    private string Write(string name, AccessPattern pattern, int accesses) => _cli.Write(
        name, string.Concat(Enumerable.Range(0, accesses).Select(i => $"{i} web {pattern.Next().Page} r\n")));

    private static MixedPattern Loops() => new(
        1200,
        [
            new MixedPart(new SweepPattern(200, AccessMix.ReadOnly, new Prng(1)), 0, 1),
            new MixedPart(new SweepPattern(1000, AccessMix.ReadOnly, new Prng(1)), 200, 1),
        ],
        new Prng(2));

    [Fact]
    public async Task What_is_written_runs_and_is_sized()
    {
        string trace = Write(
            "w.trace", new ZipfPattern(600, 0.9, PlacementOrder.Scattered, AccessMix.ReadOnly, new Prng(3)), 20_000);
        CliResult fit = await CliHarness.Call("trace", "fit", trace, "--out", _cli.At("w.conf"));
        CliResult printed = await CliHarness.Call("trace", "fit", trace);

        Assert.Equal((0, ""), (fit.Code, fit.Error));
        Assert.Matches(@"^web: zipf with a skew of 0\.(89|9|91)\d* over 600 pages", fit.Out);
        Assert.Equal($"wrote {_cli.At("w.conf")}; next: epc size {_cli.At("w.conf")}", fit.LastOutLine);
        Assert.Equal(await File.ReadAllTextAsync(_cli.At("w.conf")), printed.Out);
        Assert.Equal(fit.OutLines[0], printed.Error.Split('\n')[0]);
        CliResult run = await CliHarness.Call("run", _cli.At("w.conf"), "--quiet", "--no-slowdown");
        CliResult size = await CliHarness.Call("size", _cli.At("w.conf"), "--seeds", "1", "--keep", "95");
        Assert.Equal((0, 0), (run.Code, size.Code));
    }

    [Fact]
    public async Task A_trace_that_no_preset_fits_is_told_so_and_nothing_is_written()
    {
        CliResult fit = await CliHarness.Call(
            "trace", "fit", Write("loops.trace", Loops(), 40_000), "-o", _cli.At("no.conf"));

        Assert.Equal(2, fit.Code);
        Assert.StartsWith("web: no preset fits\n", fit.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains(
            "a fit is 2 % off on average at most, and 5 % at a size within 2 %", fit.Out, StringComparison.Ordinal);
        Assert.Equal(
            "use the trace itself, as a step of an enclave: { trace = \"loops.trace\" }", fit.LastOutLine);
        Assert.False(File.Exists(_cli.At("no.conf")));
    }

    [Fact]
    public async Task A_recording_in_another_format_is_read_and_made_a_trace_first_where_nothing_fits()
    {
        CliResult fit = await CliHarness.Call(
            "trace", "fit", "--from", "bpftrace", "config/samples/bpftrace.txt", "--machine", "client-93mib");

        Assert.Equal((2, ""), (fit.Code, fit.Out));
        Assert.Contains("too short to fit: ", fit.Error, StringComparison.Ordinal);
        Assert.Contains("note: this is a recording of faults", fit.Error, StringComparison.Ordinal);
        Assert.Contains("make a trace of it: epc trace import", fit.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--machine", "no-such", "there is no machine 'no-such'")]
    [InlineData("--from", "zip", "--from zip: there is no such format")]
    public async Task Mistakes_are_told(string option, string value, string message)
    {
        CliResult fit = await CliHarness.Call("trace", "fit", "config/samples/store.trace", option, value);

        Assert.Equal((64, ""), (fit.Code, fit.Out));
        Assert.Contains(message, fit.Error, StringComparison.Ordinal);
    }
}
