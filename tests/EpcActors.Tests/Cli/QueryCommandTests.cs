using System.Text.Json;
using EpcActors.Cli.Engines;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Configuration;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Cli;

/// <summary>The commands that run nothing.</summary>
public sealed class QueryCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Show_prints_what_differs_or_everything()
    {
        CliResult some = await CliHarness.Call("config", "show", _cli.GoodFile, "--set", "epc.run.duration=3s");
        CliResult all = await CliHarness.Call("config", "show", _cli.GoodFile, "--all");

        Assert.Equal(0, some.Code);
        Assert.Contains("duration = \"3s\"", some.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("free-page-counter", some.Out, StringComparison.Ordinal);
        Assert.Contains("free-page-counter", all.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shown_configuration_runs_as_the_same_one()
    {
        string shown = _cli.Write(
            "shown.conf",
            (await CliHarness.Call("config", "show", _cli.GoodFile, "--all", "--set", "epc.kernel=linux-6.16")).Out);
        CliResult result = await CliHarness.Call("run", shown, "--quiet", "--no-slowdown");
        CliResult original = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--quiet",
            "--no-slowdown",
            "--set",
            "epc.kernel=linux-6.16");

        Assert.Equal(
            original.Out[original.Out.IndexOf("seed", StringComparison.Ordinal)..],
            result.Out[result.Out.IndexOf("seed", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task Show_tells_where_values_come_from()
    {
        CliResult result = await CliHarness.Call(
            "config",
            "show",
            _cli.GoodFile,
            "--origins",
            "--set",
            "epc.run.duration=3s");

        Assert.Contains($"# {_cli.GoodFile}:3:", result.Out, StringComparison.Ordinal);
        Assert.Contains("# --set epc.run.duration", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_speaks_json()
    {
        CliResult result = await CliHarness.Call("config", "show", _cli.GoodFile, "--json");

        using JsonDocument document = JsonDocument.Parse(result.Out);
        Assert.Equal(7, document.RootElement.GetProperty("epc").GetProperty("seed").GetInt32());
        CliResult both = await CliHarness.Call("config", "show", _cli.GoodFile, "--json", "--origins");
        Assert.Equal(64, both.Code);
        Assert.Contains("--origins are comments", both.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_judges_each_file()
    {
        string wrong = _cli.Write("wrong.conf", "epc { seeed = 1 }");
        CliResult result = await CliHarness.Call("config", "validate", wrong, _cli.At("god.conf"), _cli.GoodFile);
        CliResult right = await CliHarness.Call("config", "validate", _cli.GoodFile, _cli.RacyFile);

        Assert.Equal(64, result.Code);
        Assert.StartsWith(
            $"{_cli.GoodFile}: ok: kernel epc-cgroup-v8",
            Assert.Single(result.OutLines),
            StringComparison.Ordinal);
        Assert.Equal(2, result.ErrorLines.Count);
        Assert.StartsWith($"{wrong}:1:7: epc.seeed: ", result.ErrorLines[0], StringComparison.Ordinal);
        Assert.StartsWith(_cli.At("god.conf"), result.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal(0, right.Code);
        Assert.Equal(2, right.OutLines.Count);
    }

    [Fact]
    public async Task Odd_but_allowed_is_noted_once()
    {
        string empty = _cli.Write("empty.conf", "epc { title = x }");

        Assert.StartsWith(
            "note: ",
            (await CliHarness.Call("config", "validate", empty)).OutLines[1],
            StringComparison.Ordinal);
        Assert.Contains(
            "nothing will happen",
            Assert.Single((await CliHarness.Call("run", empty)).ErrorLines),
            StringComparison.Ordinal);
        Assert.Single((await CliHarness.Call("compare", empty, "--kernels", "linux-6.16,epc-cgroup-v8")).ErrorLines);
    }

    [Theory]
    [InlineData("kernels", "kernels", "epc-cgroup-v8")]
    [InlineData("machines", "machines", "two-sockets-64mib")]
    [InlineData("costs", "costs", "xeon-icx")]
    public async Task Lists_have_a_line_with_a_title_for_each_and_mark_the_default(
        string command,
        string set,
        string standard)
    {
        CliResult result = await CliHarness.Call("config", command);

        Assert.Equal(0, result.Code);
        Assert.Equal(BuiltInFiles.Names(set), result.OutLines.Select(line => line.Split(' ')[0]));
        Assert.All(result.OutLines, line => Assert.Matches(@"^\S+ {2,}\S.+", line));
        Assert.StartsWith(
            standard + " ",
            Assert.Single(result.OutLines, line => line.EndsWith("(default)", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Presets_are_listed_with_one_sentence_each()
    {
        CliResult result = await CliHarness.Call("config", "presets");

        Assert.Equal(WorkloadPresets.All.Select(one => one.Name), result.OutLines.Select(line => line.Split(' ')[0]));
        Assert.All(result.OutLines, line => Assert.DoesNotContain(". ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Engines_tell_what_they_are_for_and_which_akka_they_run_on()
    {
        CliResult result = await CliHarness.Call("engines");

        Assert.Equal(0, result.Code);
        Assert.Contains(result.OutLines, line =>
            line.StartsWith("simulation", StringComparison.Ordinal)
            && line.EndsWith(" the default", StringComparison.Ordinal));
        Assert.Contains(result.OutLines, line =>
            line.StartsWith("threads", StringComparison.Ordinal)
            && line.EndsWith(" for live runs (--live)", StringComparison.Ordinal));
        string akka = Assert.Single(result.OutLines, line => line.StartsWith("akka", StringComparison.Ordinal));
        Assert.EndsWith(" the default of live runs (--live)", akka, StringComparison.Ordinal);
        Assert.Contains(
            $"built on: Akka.NET {typeof(Akka.Actor.ActorSystem).Assembly.GetName().Version!.ToString(3)}",
            result.Out,
            StringComparison.Ordinal);
        Assert.All(result.OutLines, line => Assert.True(line.Length <= 120, line));
    }

    [Fact]
    public async Task Engine_that_registers_itself_is_listed_and_runs()
    {
        EngineRegistry engines = new(
        [
            .. EngineRegistry.All().Entries,
            EngineRegistry.All().Default with { Name = "made-up", Purpose = "showing that an entry is enough" },
        ]);
        CliResult listed = await CliHarness.CallWith(engines, null, "engines");
        CliResult run = await CliHarness.CallWith(
            engines,
            null,
            "run",
            _cli.GoodFile,
            "--engine",
            "made-up",
            "--no-slowdown");
        CliResult missing = await CliHarness.CallWith(engines, null, "run", _cli.GoodFile, "--engine", "not-here");
        CliResult failed = await CliHarness.CallWith(
            engines, null, "run", _cli.RacyFile, "--engine", "made-up", "--set", "epc.kernel=linux-5.15", "--quiet");

        Assert.Contains("showing that an entry is enough", listed.Out, StringComparison.Ordinal);
        Assert.Equal("seed 7, kernel epc-cgroup-v8, engine made-up", run.OutLines[0]);
        Assert.Contains("threads, made-up", missing.Error, StringComparison.Ordinal);
        Assert.EndsWith(" --engine made-up", failed.LastOutLine, StringComparison.Ordinal);
    }
}
