using System.Text.Json;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Terminal;
using EpcActors.Engine;
using EpcActors.Runs;

namespace EpcActors.Tests.Cli;

public sealed class RunCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task First_line_names_seed_kernel_and_engine_and_the_report_follows()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile);

        Assert.Equal(0, result.Code);
        Assert.Equal("seed 7, kernel epc-cgroup-v8, engine simulation", result.OutLines[0]);
        Assert.Contains("EPC of each cgroup", result.Out, StringComparison.Ordinal);
        Assert.StartsWith("PASS: ", result.LastOutLine, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Seed_and_set_win_over_the_file()
    {
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--seed",
            "18446744073709551615",
            "--set",
            "epc.kernel=linux-6.16",
            "--set=epc.title=\"a=b\"",
            "--no-slowdown");

        Assert.Equal(0, result.Code);
        Assert.Equal("seed 18446744073709551615, kernel linux-6.16, engine simulation", result.OutLines[0]);
        Assert.Contains(": a=b", result.OutLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Later_set_wins_and_an_overridden_switch_is_announced()
    {
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--set",
            "epc.kernel=linux-5.15",
            "--set",
            "epc.kernel=epc-cgroup-v8",
            "--set",
            "epc.switches.sgx2=off",
            "--no-slowdown");

        Assert.Equal("seed 7, kernel epc-cgroup-v8 with 1 switch of its own, engine simulation", result.OutLines[0]);
    }

    [Fact]
    public async Task Slowdowns_are_measured_unless_told_not_to()
    {
        using JsonDocument with = JsonDocument.Parse((await CliHarness.Call("run", _cli.GoodFile, "--json", "-")).Out);
        using JsonDocument without = JsonDocument.Parse(
            (await CliHarness.Call("run", _cli.GoodFile, "--json", "-", "--no-slowdown")).Out);

        Assert.True(with.RootElement.GetProperty("enclaves")[0].GetProperty("slowdown").GetDouble() > 1);
        Assert.Equal(
            JsonValueKind.Null,
            without.RootElement.GetProperty("enclaves")[0].GetProperty("slowdown").ValueKind);
        Assert.Equal(
            with.RootElement.GetProperty("trace_hash").GetString(),
            without.RootElement.GetProperty("trace_hash").GetString());
    }

    [Fact]
    public async Task Json_to_standard_output_is_alone_there()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--json", "-", "--out", _cli.At("out"));

        Assert.Equal(0, result.Code);
        Assert.StartsWith("{", result.Out, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(result.Out);
        Assert.Equal("pass", document.RootElement.GetProperty("verdict").GetString());
        Assert.StartsWith("seed 7, kernel", result.Error, StringComparison.Ordinal);
        Assert.Contains("PASS: ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_to_a_file_leaves_the_report_on_standard_output()
    {
        string file = _cli.At("run.json");
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--json", file, "--no-slowdown");

        using JsonDocument document = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        Assert.Equal(7UL, document.RootElement.GetProperty("seed").GetUInt64());
        Assert.Contains($"wrote {file}", result.Out, StringComparison.Ordinal);
        Assert.StartsWith("PASS: ", result.LastOutLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Out_writes_every_file_and_says_so()
    {
        string folder = _cli.At("a/b");
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--out", folder);

        Assert.Equal(0, result.Code);
        Assert.Equal(
            ["metrics.csv", "metrics.txt", "report.html", "report.json", "steps.csv", "trace.json"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Contains(
            $"wrote report.html, metrics.csv, steps.csv, trace.json, metrics.txt, report.json to {folder}",
            result.Out,
            StringComparison.Ordinal);
        Assert.Contains(
            "</html>",
            await File.ReadAllTextAsync(Path.Combine(folder, "report.html")),
            StringComparison.Ordinal);
        Assert.EndsWith(
            "# EOF\n",
            await File.ReadAllTextAsync(Path.Combine(folder, "metrics.txt")),
            StringComparison.Ordinal);
        Assert.True((await File.ReadAllLinesAsync(Path.Combine(folder, "metrics.csv"))).Length > 2);
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "trace.json"))).Dispose();
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "report.json"))).Dispose();
    }

    [Fact]
    public async Task Quiet_is_one_line()
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--quiet", "--out", _cli.At("out"));

        string line = Assert.Single(result.OutLines);
        Assert.StartsWith(
            $"pass: {_cli.GoodFile}: seed 7, kernel epc-cgroup-v8, engine simulation, trace ",
            line,
            StringComparison.Ordinal);
        Assert.Empty(result.Error);
        Assert.True(File.Exists(_cli.At("out/report.html")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Violation_exits_with_1_and_its_last_line_repeats_it(bool isQuiet)
    {
        // A name and a value that a shell would take apart.
        string file = _cli.Write("it's a $(race).conf", await File.ReadAllTextAsync(_cli.RacyFile));
        List<string> args =
        [
            "run",
            file,
            "--seed",
            "12",
            "--set",
            "epc.kernel=linux-5.15",
            "--set",
            "epc.title=\"it's `a` $HOME = \\\\ b\"",
            "--no-slowdown",
            "--out",
            _cli.At("out"),
        ];
        CliResult first = await CliHarness.Call([.. args, .. isQuiet ? ["--quiet"] : Array.Empty<string>()]);

        Assert.Equal(1, first.Code);
        Assert.StartsWith("epc run ", first.LastOutLine, StringComparison.Ordinal);
        IReadOnlyList<string> replay = CliHarness.SplitAsShell(first.LastOutLine);
        Assert.Equal(file, replay[2]);
        Assert.DoesNotContain("--out", replay);

        CliResult second = await CliHarness.Call([.. replay.Skip(1), "--json", "-"]);
        Assert.Equal(1, second.Code);
        using JsonDocument before = JsonDocument.Parse(await File.ReadAllTextAsync(_cli.At("out/report.json")));
        using JsonDocument after = JsonDocument.Parse(second.Out);
        Assert.Equal(
            before.RootElement.GetProperty("trace_hash").GetString(),
            after.RootElement.GetProperty("trace_hash").GetString());
        Assert.Equal("it's `a` $HOME = \\ b", after.RootElement.GetProperty("title").GetString());
        Assert.Equal(first.LastOutLine, after.RootElement.GetProperty("replay_command").GetString());
    }

    [Fact]
    public async Task Replay_command_stands_last_on_standard_error_when_the_document_has_standard_output()
    {
        CliResult result = await CliHarness.Call("run", _cli.RacyFile, "--set", "epc.kernel=linux-5.15", "--json", "-");

        Assert.Equal(1, result.Code);
        Assert.Equal($"epc run {_cli.RacyFile} --seed 3 --set epc.kernel=linux-5.15", result.ErrorLines[^1]);
        JsonDocument.Parse(result.Out).Dispose();
    }

    [Fact]
    public async Task Unmet_expectation_fails_only_with_expect()
    {
        CliResult without = await CliHarness.Call("run", _cli.DisappointedFile, "--no-slowdown");
        CliResult with = await CliHarness.Call("run", _cli.DisappointedFile, "--no-slowdown", "--expect");
        CliResult met = await CliHarness.Call("run", _cli.GoodFile, "--no-slowdown", "--expect");

        Assert.Equal(0, without.Code);
        Assert.StartsWith("PASS: ", without.LastOutLine, StringComparison.Ordinal);
        Assert.Equal(1, with.Code);
        Assert.Equal($"epc run {_cli.DisappointedFile} --seed 7 --no-slowdown --expect", with.LastOutLine);
        Assert.Equal(0, met.Code);
    }

    [Fact]
    public async Task Violation_stays_a_violation_when_it_was_expected()
    {
        CliResult result = await CliHarness.Call(
            "run",
            _cli.RacyFile,
            "--set",
            "epc.kernel=linux-5.15",
            "--expect",
            "--quiet");

        Assert.Equal(1, result.Code);
        Assert.DoesNotContain("expectations not met", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_run_is_inconclusive_and_keeps_what_it_has()
    {
        using CancellationTokenSource source = new();
        await source.CancelAsync();
        CliResult result = await CliHarness.Call(
            source.Token,
            "run",
            _cli.GoodFile,
            "--out",
            _cli.At("out"),
            "--json",
            _cli.At("run.json"));

        Assert.Equal(2, result.Code);
        Assert.StartsWith("INCONCLUSIVE: ", result.OutLines[^1], StringComparison.Ordinal);
        Assert.True(File.Exists(_cli.At("out/report.html")));
        Assert.Contains(
            "\"verdict\": \"inconclusive\"",
            await File.ReadAllTextAsync(_cli.At("run.json")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_cut_while_slowdowns_are_measured_is_inconclusive_too()
    {
        using CancellationTokenSource source = new();
        EngineRegistry engines = new(
        [
            new EngineEntry
            {
                Name = "simulation",
                Purpose = "tests",
                Guarantees = "none",
                Run = (scenario, replay, progress, token) => new ScenarioRunner(scenario, step =>
                {
                    if (step.Stage != "scenario")
                    {
                        source.Cancel();
                    }
                }).Run(replay, token),
            },
        ]);

        // Enough work that the second run is at its first sample long before its end.
        string file = _cli.Write("longer.conf", (await File.ReadAllTextAsync(_cli.GoodFile))
            .Replace("accesses = 200", "accesses = 10000", StringComparison.Ordinal)
            .Replace("duration = 10 s", "duration = 10 s, sample = 100 us", StringComparison.Ordinal));
        using StringWriter output = new();
        await using CommandShell shell = CommandShell.Plain(output, TextWriter.Null, engines);
        int code = await EpcActors.Cli.EpcCommand.InvokeAsync(["run", file], shell, source.Token);

        Assert.Equal(2, code);
        Assert.Contains("while slowdowns were measured", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Emulator_error_exits_with_70_and_its_last_line_repeats_it()
    {
        EngineRegistry engines = CliHarness.Engines((_, _) => throw new InvariantViolation("page 5 is in two places"));
        CliResult result = await CliHarness.CallWith(engines, null, "run", _cli.GoodFile, "--seed", "9");

        Assert.Equal(70, result.Code);
        Assert.Contains("page 5 is in two places", result.Error, StringComparison.Ordinal);
        Assert.Contains("seed 9, kernel epc-cgroup-v8", result.Error, StringComparison.Ordinal);
        Assert.Equal($"epc run {_cli.GoodFile} --seed 9", result.ErrorLines[^1]);
    }

    [Fact]
    public async Task Error_in_the_command_itself_exits_with_70_and_says_where()
    {
        EngineRegistry engines = CliHarness.Engines((_, _) => throw new InvalidOperationException("never thought of"));
        CliResult result = await CliHarness.CallWith(engines, null, "run", _cli.GoodFile);

        Assert.Equal(70, result.Code);
        Assert.Contains("never thought of", result.Error, StringComparison.Ordinal);
        Assert.Equal($"epc run {_cli.GoodFile}", result.ErrorLines[^1]);
    }

    [Fact]
    public async Task Results_that_cannot_be_written_do_not_cost_the_report()
    {
        // The folder goes away while the run is under way.
        EngineRegistry engines = CliHarness.Engines((_, _) => Directory.Delete(_cli.At("out"), true));
        CliResult result = await CliHarness.CallWith(engines, null, "run", _cli.GoodFile, "--out", _cli.At("out"));

        Assert.Equal(74, result.Code);
        Assert.StartsWith("PASS: ", result.LastOutLine, StringComparison.Ordinal);
        Assert.StartsWith("epc: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }
}
