using System.Text.Json;
using EpcActors.Cli.Engines;
using EpcActors.Cli.Running;
using EpcActors.Cli.Terminal;
using EpcActors.Kernel.Cgroups;
using EpcActors.Runs.Live;
using EpcActors.Tests.Live;
using Spectre.Console;

namespace EpcActors.Tests.Cli;

/// <summary>Live runs by the command.</summary>
public sealed class LiveCommandTests : IDisposable
{
    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task Live_run_says_so_and_reports_real_time()
    {
        string folder = _cli.At("out");
        CliResult result = await CliHarness.Call(
            "run",
            _cli.GoodFile,
            "--engine",
            "threads",
            "--workers",
            "2",
            "--out",
            folder);

        Assert.Equal(0, result.Code);
        Assert.Equal("seed 7, kernel epc-cgroup-v8, engine threads", result.OutLines[0]);
        Assert.Contains("threads (live, 2 workers), seed 7 for workloads only", result.Out, StringComparison.Ordinal);
        Assert.Contains("elapsed", result.Out, StringComparison.Ordinal);
        Assert.StartsWith("PASS: every rule held for ", result.LastOutLine, StringComparison.Ordinal);
        Assert.Contains("of real time", result.LastOutLine, StringComparison.Ordinal);
        string html = await File.ReadAllTextAsync(Path.Combine(folder, "report.html"));
        Assert.Contains("Over real time", html, StringComparison.Ordinal);
        Assert.DoesNotContain("virtual time", html, StringComparison.Ordinal);
        Assert.Contains("A live run cannot be repeated exactly", html, StringComparison.Ordinal);
        Assert.DoesNotContain(
            "virtual_time",
            await File.ReadAllTextAsync(Path.Combine(folder, "metrics.txt")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_of_a_live_run_has_null_where_there_is_no_virtual_time()
    {
        using JsonDocument live = JsonDocument.Parse(
            (await CliHarness.Call("run", _cli.GoodFile, "--live", "--json", "-")).Out);
        using JsonDocument simulated = JsonDocument.Parse(
            (await CliHarness.Call("run", _cli.GoodFile, "--no-slowdown", "--json", "-")).Out);
        JsonElement root = live.RootElement;

        Assert.True(root.GetProperty("live").GetBoolean());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("trace_hash").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("virtual_time_ns").ValueKind);
        Assert.Equal(JsonValueKind.Null, root.GetProperty("ksgxd").GetProperty("busy_share").ValueKind);
        Assert.True(root.GetProperty("elapsed_ns").GetInt64() > 0);
        Assert.True(root.GetProperty("live_run").GetProperty("tasks").GetInt32() >= 3);
        Assert.False(simulated.RootElement.GetProperty("live").GetBoolean());
        Assert.Equal(
            simulated.RootElement.GetProperty("virtual_time_ns").GetInt64(),
            simulated.RootElement.GetProperty("elapsed_ns").GetInt64());

        // What a script reads of the one is there in the other.
        Assert.Empty(
            simulated
                .RootElement.EnumerateObject()
                .Select(one => one.Name)
                .Except(root.EnumerateObject().Select(one => one.Name)));
    }

    [Fact]
    public async Task The_default_of_live_runs_is_akka_and_else_the_first_live_engine()
    {
        EngineRegistry all = EngineRegistry.All();
        EngineEntry threads = all.Entries.Single(one => one.Name == "threads");
        EngineRegistry two = new([all.Default, threads with { Name = "first" }, threads]);

        Assert.Equal("akka", all.DefaultLive.Name);
        Assert.Contains(
            "engine first",
            (await CliHarness.CallWith(two, null, "run", _cli.GoodFile, "--live")).OutLines[0],
            StringComparison.Ordinal);
        Assert.Matches("(?m)^first +the default of live runs", (await CliHarness.CallWith(two, null, "engines")).Out);
    }

    [Theory]
    [InlineData(
        "--live --engine simulation: the simulation engine runs in virtual time",
        "--live",
        "--engine",
        "simulation")]
    [InlineData("--workers 4: the simulation engine runs on one thread", "--workers", "4")]
    public async Task Options_that_contradict_each_other_are_a_mistake(string message, params string[] options)
    {
        CliResult result = await CliHarness.Call(["run", _cli.GoodFile, .. options]);

        Assert.Equal(64, result.Code);
        Assert.StartsWith($"epc: {message}", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("4097")]
    [InlineData("many")]
    [InlineData("1.5")]
    public async Task Workers_are_a_number_of_threads(string workers)
    {
        CliResult result = await CliHarness.Call("run", _cli.GoodFile, "--live", "--workers", workers);

        Assert.Equal(64, result.Code);
        Assert.StartsWith(
            $"epc: --workers {workers}: a number of threads from 1 to 4096",
            result.ErrorLines[0],
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--live")]
    [InlineData("--engine", "threads")]
    public async Task Check_needs_the_simulation_and_says_why(params string[] options)
    {
        CliResult result = await CliHarness.Call(["check", _cli.GoodFile, .. options]);

        Assert.Equal(64, result.Code);
        Assert.Contains(
            "epc check decides which critical section comes next, which only the simulation can",
            result.Error,
            StringComparison.Ordinal);
        Assert.Contains($"epc run {_cli.GoodFile} {string.Join(' ', options)}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_runs_live_too()
    {
        CliResult result = await CliHarness.Call(
            "compare",
            _cli.GoodFile,
            "--kernels",
            "linux-6.16,epc-cgroup-v8",
            "--live",
            "--workers",
            "2");

        Assert.Equal(0, result.Code);
        Assert.Equal(
            "linux-6.16: seed 7, kernel linux-6.16, engine threads",
            result.OutLines[0].Replace("akka", "threads", StringComparison.Ordinal));
        Assert.Contains("real time", result.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Actor_that_fails_exits_with_70_its_reason_and_the_command()
    {
        EngineRegistry all = EngineRegistry.All();
        EngineRegistry engines = new(
        [
            all.Default,
            all.Entries.Single(one => one.Name == "threads") with { NewEngine = LiveRunTests.WithBrokenActor },
        ]);
        string file = _cli.Write("forever.conf", """
            epc {
              machine { nodes = [ { cpus = 2, epc = 1 MiB } ] }
              enclaves { a { heap = 512 KiB, steps = [ { run { pattern = uniform } } ] } }
            }
            """);
        CliResult result = await CliHarness.CallWith(engines, null, "run", file, "--live", "--workers", "3");

        Assert.Equal(70, result.Code);
        Assert.Contains("saboteur failed", result.Error, StringComparison.Ordinal);
        Assert.Contains("page 5 is in two places", result.Error, StringComparison.Ordinal);
        Assert.Equal($"epc run {file} --seed 1 --engine threads --workers 3", result.ErrorLines[^1]);
    }

    [Fact]
    public void Lines_come_every_five_seconds_of_the_run()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        CommandShell shell = CommandShell.Plain(output, error);
        new LiveRunDisplay(shell, isQuiet: false).Follow("", watch =>
        {
            for (int i = 1; i <= 44; i++)
            {
                watch!(Status(i * 250_000_000L, cgroups: 3));
            }

            return 0;
        });

        Assert.Equal(
            [
                "5.00 s elapsed, 2.00 M messages/s, 1.00 k faults/s, 500 evictions/s, 3 of 5 tasks under way, 2 "
                    + "waiting, 700 pages free, 4 audits, the last 250 ms ago in 2.00 ms",
                "10.0 s elapsed, 2.00 M messages/s, 1.00 k faults/s, 500 evictions/s, 3 of 5 tasks under way, 2 "
                    + "waiting, 700 pages free, 4 audits, the last 250 ms ago in 2.00 ms",
            ],
            error.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Null(new LiveRunDisplay(shell, isQuiet: true).Follow<Action<LiveStatus>?>("", watch => watch));
    }

    [Fact]
    public void A_terminal_shows_a_table_of_the_busiest_cgroups_that_is_gone_in_the_end()
    {
        using StringWriter output = new();
        using StringWriter error = new();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(error),
        });
        console.Profile.Width = 120;
        console.Profile.Height = 60;
        CommandShell shell = CommandShell.Terminal(output, error, console, EngineRegistry.All(), TimeProvider.System);
        new LiveRunDisplay(shell, isQuiet: false).Follow("", watch =>
        {
            watch!(Status(250_000_000, cgroups: 30));
            watch!(Status(500_000_000, cgroups: 30));
            return 0;
        });

        string drawn = error.ToString();
        Assert.Contains("and 10 more", drawn, StringComparison.Ordinal);
        Assert.Contains("sgx_nr_free_pages", drawn, StringComparison.Ordinal);
        Assert.Contains("3 of 5 tasks under way, 2 waiting", drawn, StringComparison.Ordinal);

        // The busiest are those with the highest numbers, and the root is always there.
        Assert.Contains("/g29", drawn, StringComparison.Ordinal);
        Assert.DoesNotContain("/g9 ", drawn, StringComparison.Ordinal);
        Assert.EndsWith("\u001b[?25h", drawn, StringComparison.Ordinal);
        Assert.Empty(output.ToString());
    }

    private static LiveStatus Status(long nowNs, int cgroups) =>
        new()
        {
            NowNs = nowNs,
            LimitNs = 60_000_000_000,
            Steps = nowNs / 500,
            Faults = nowNs / 1_000_000,
            Evictions = nowNs / 2_000_000,
            Tasks = 5,
            GoingTasks = 3,
            Cgroups =
            [
                .. Enumerable
                    .Range(0, cgroups)
                    .Select(i => new LiveCgroup(i == 0 ? "/" : $"/g{i}", 4096 * i, Limit.Max, i, i * nowNs / 1000)),
            ],
            Nodes = [new LiveNode(0, 300, 1024), new LiveNode(1, 400, 1024)],
            FreePageCounter = 700,
            Audits = 4,
            LastAuditNs = nowNs - 250_000_000,
            LastAuditTookNs = 2_000_000,
            Violations = 0,
        };
}
