using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using EpcActors.Cli;
using EpcActors.Cli.Commands;
using EpcActors.Cli.Commands.Cluster;
using EpcActors.Scenarios;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Reports.JUnit;

namespace EpcActors.Tests.Cluster;

/// <summary><c>epc cluster</c> and <c>epc node</c>: what they refuse, and runs with real processes.</summary>
[Trait("tier", "slow")] // Runs with processes of their own.
public sealed class ClusterCommandTests : IDisposable
{
    private const string NewToken = "00112233445566778899aabbccddeeff";

    private readonly CliHarness _cli = new();
    private readonly string _short;
    private readonly string _long;

    public ClusterCommandTests()
    {
        _short = _cli.Write("two.conf", """
            epc {
              machine { nodes = [ { cpus = 1, epc = 1 MiB }, { cpus = 1, epc = 1 MiB } ] }
              cgroups { "/a" { max = 1 MiB } }
              enclaves {
                x { cgroup = "/a", node = 0, heap = 64 KiB, steps = [ touch ] }
                y { cgroup = "/a", node = 1, heap = 64 KiB, steps = [ touch ] }
              }
              cluster { resend = 50 ms, failure-timeout = 10 s }
              run { duration = 10 m }
            }
            """);
        _long = _cli.Write("long.conf", File.ReadAllText(_short).Replace("steps = [ touch ]", "steps = [ { pause = 500 "
            + "s } ]", StringComparison.Ordinal));
    }

    public void Dispose() => _cli.Dispose();

    [Theory]
    [InlineData("kill:2@3s")]
    [InlineData("kill:2@1500ms:reclaim")]
    [InlineData("restart:0@0.5s")]
    [InlineData("pause:1@2s+500ms")]
    [InlineData("partition:0,1@2s+3s")]
    public void Faults_are_read(string text)
    {
        ClusterFault expected = text switch
        {
            "kill:2@3s" => new ClusterFault.Kill(3_000_000_000, 2),
            "kill:2@1500ms:reclaim" => new ClusterFault.Kill(1_500_000_000, 2, InReclaim: true),
            "restart:0@0.5s" => new ClusterFault.Restart(500_000_000, 0),
            "pause:1@2s+500ms" => new ClusterFault.Pause(2_000_000_000, 1, 500_000_000),
            _ => new ClusterFault.Partition(2_000_000_000, [0, 1], 3_000_000_000),
        };
        Assert.Equivalent(expected, FaultText.Parse(text), strict: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData("kill")]
    [InlineData("kill:2")]
    [InlineData("kill:x@3s")]
    [InlineData("kill:2@3")]
    [InlineData("kill:1,2@3s")]
    [InlineData("kill:1@99999999999999999999s")]
    [InlineData("kill:1@9999999999999999999999999999s")]
    [InlineData("kill:2@3s+1s")]
    [InlineData("pause:1@2s")]
    [InlineData("pause:1@2s+0s")]
    [InlineData("partition:0,0@2s+3s")]
    [InlineData("burn:0@2s")]
    [InlineData("kill:2@-3s")]
    public async Task Faults_that_are_none_are_a_mistake(string text)
    {
        Assert.Null(FaultText.Parse(text));
        CliResult result = await CliHarness.Call("cluster", _short, "--fault", text);
        Assert.Equal(64, result.Code);
        Assert.Contains("write kill:2@3s", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--processes 3: the machine of this scenario has 2 sockets", "--processes", "3")]
    [InlineData("--processes 0: a number of processes from 1 to 1024", "--processes", "0")]
    [InlineData("--port 70000: a port from 0 to 65535", "--port", "70000")]
    [InlineData("--workers 0: a number of threads", "--workers", "0")]
    [InlineData("--sockets 0,0: socket 0 is named twice", "--sockets", "0,0")]
    [InlineData("--sockets 5: there is no socket 5; the machine of this scenario has 2, 0 to 1", "--sockets", "5")]
    [InlineData(
        "--processes 2 --sockets 1: each process needs a socket of its own",
        "--sockets",
        "1",
        "--processes",
        "2")]
    [InlineData("the simulation engine runs in virtual time", "--engine", "simulation")]
    [InlineData("there is no member 2 among 2 processes", "--fault", "kill:2@1s")]
    [InlineData("--plan is for processes, and --simulate starts none", "--simulate", "--plan")]
    [InlineData("--fault is for processes, and --simulate starts none", "--simulate", "--fault", "kill:1@1s")]
    [InlineData(
        "forgotten-death: the coordinator leaves a dead life in the next view",
        "--simulate",
        "--defect",
        "nope")]
    [InlineData("--defect is not a valid defect; the valid ones are", "--simulate", "--defect")]
    public async Task Nonsense_is_refused_before_anything_is_started(string message, params string[] options)
    {
        CliResult result = await CliHarness.Call(["cluster", _short, .. options]);
        Assert.Equal(64, result.Code);
        Assert.Contains(message, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_needs_an_address()
    {
        CliResult none = await CliHarness.Call("node", _short);
        Assert.Equal(64, none.Code);
        Assert.Contains("--join HOST:PORT is missing", none.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_needs_the_token()
    {
        CliResult none = await CliHarness.Call("node", _short, "--join", "127.0.0.1:1");
        Assert.Equal(64, none.Code);
        Assert.Contains("--token-file FILE is missing", none.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "is not a valid token: it has 5 characters, and needs 16 to 1024")]
    [InlineData("two words of which one is long", "is not a valid token: it is one word without blanks")]
    public async Task A_token_is_one_long_word(string token, string message)
    {
        string file = _cli.Write("token", token);
        foreach (string[] command in (string[][])[["node", _short, "--join", "127.0.0.1:1"], ["cluster", _short]])
        {
            CliResult result = await CliHarness.Call([.. command, "--token-file", file]);
            Assert.Equal(64, result.Code);
            Assert.Contains($"--token-file {file} {message}", result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("nope")]
    [InlineData("nope:")]
    [InlineData(":4053")]
    [InlineData("first:0")]
    [InlineData("first:65536")]
    [InlineData("fi rst:4053")]
    public async Task An_address_that_is_none_is_a_mistake_in_one_line(string address)
    {
        CliResult result = await CliHarness.Call("node", _short, "--join", address);
        Assert.Equal(64, result.Code);
        Assert.Contains(
            $"--join {address}: is not a valid address of a coordinator; write HOST:PORT",
            result.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    /// <summary>No mistake of the user: the same words may succeed a moment later.</summary>
    [Fact]
    public async Task A_coordinator_that_is_silent_is_said()
    {
        CliResult result = await CliHarness.Call(
            "node",
            _short,
            "--join",
            "127.0.0.1:1",
            "--token-file",
            _cli.Write("token", NewToken),
            "--join-timeout",
            "500ms");
        Assert.Equal(2, result.Code);
        Assert.Contains("no coordinator answers at 127.0.0.1:1 within 0.5 s", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processes_that_come_too_late_end_the_run_and_are_no_mistake()
    {
        CliResult result = await CliHarness.Call("cluster", _short, "--workers", "1", "--join-timeout", "100ms");
        Assert.Equal(2, result.Code);
        Assert.Contains(
            "have no process after 0.1 s (epc.cluster.join-timeout, --join-timeout)",
            result.Error,
            StringComparison.Ordinal);
    }

    /// <summary>
    /// Nothing listens where another machine could come in, and the token of the run is in a file of this user alone,
    /// as long as the run goes on. The limit is for other processes: it does not end the start of the run's own node.
    /// </summary>
    [Fact]
    public async Task A_run_that_waits_for_others_listens_on_loopback_and_names_the_file_with_its_token()
    {
        CliResult result = await CliHarness.Call(
            "cluster",
            _short,
            "--workers",
            "1",
            "--sockets",
            "0",
            "--join-timeout",
            "1ms");
        Assert.Equal(2, result.Code);
        Match named = Regex.Match(result.Error, @"the token of this run is in (\S+), which only you can read");
        Assert.True(named.Success, result.Error);
        Assert.False(File.Exists(named.Groups[1].Value));
        Assert.Matches(@"epc node FILE --join 127\.0\.0\.1:[0-9]+ --token-file \S+ --sockets 1", result.Error);
    }

    [Fact]
    public void A_token_is_written_for_this_user_alone()
    {
        string path = ClusterToken.Write(NewToken);
        try
        {
            Assert.Equal(NewToken, File.ReadAllText(path).Trim());
            Assert.True(
                OperatingSystem.IsWindows()
                    || File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }
        finally
        {
            File.Delete(path);
        }

        Assert.NotEqual(ClusterToken.New(), ClusterToken.New());
    }

    [Fact]
    public async Task A_plan_runs_nothing()
    {
        CliResult result = await CliHarness.Call("cluster", _short, "--plan");
        Assert.Equal(0, result.Code);
        using JsonDocument plan = JsonDocument.Parse(
            (await CliHarness.Call("cluster", _short, "--plan", "--json", "-")).Out);
        Assert.Equal(JsonValueKind.Object, plan.RootElement.ValueKind);
    }

    [Fact]
    public async Task Two_processes_run_to_the_end_and_make_one_report()
    {
        CliResult result = await CliHarness.Call(
            "cluster",
            _short,
            "--workers",
            "1",
            "--engine",
            "threads",
            "--json",
            "-",
            "--junit",
            _cli.At("results.xml"),
            "--set",
            "epc.cluster.audit-every=50 ms");
        Assert.True(result.Code == 0, result.Error);
        JUnitDocument cases = JUnitDocument.Parse(await File.ReadAllTextAsync(_cli.At("results.xml")));
        Assert.Contains(cases.Cases, one => one.Attribute("name")!.Value == "rule cgroup-limit");
        Assert.Empty(cases.With("failure"));
        using JsonDocument report = JsonDocument.Parse(result.Out);
        Assert.Equal("pass", report.RootElement.GetProperty("verdict").GetString());
        JsonElement processes = report.RootElement.GetProperty("cluster").GetProperty("processes");
        Assert.Equal(2, processes.GetArrayLength());
        Assert.All(processes.EnumerateArray(), one => Assert.Equal("pass", one.GetProperty("verdict").GetString()));
        Assert.All(report.RootElement.GetProperty("enclaves").EnumerateArray(), one =>
            Assert.Equal("finished", one.GetProperty("outcome").GetString()));
        AssertGone(processes);
    }

    [Fact]
    public async Task A_process_that_is_killed_is_dead_in_the_report_and_the_others_go_on_to_the_end_of_the_duration()
    {
        CliResult result = await CliHarness.Call(
            "cluster",
            _long,
            "--workers",
            "1",
            "--engine",
            "threads",
            "--json",
            "-",
            "--fault",
            "kill:1@200ms",
            "--set",
            "epc.run.duration=10 s");

        // Their work is longer than the run, so nothing is proved. Most of the run is left for a busy host to notice
        // the death in.
        Assert.True(result.Code == 2, result.Error);
        using JsonDocument report = JsonDocument.Parse(result.Out);
        JsonElement cluster = report.RootElement.GetProperty("cluster");
        JsonElement death = Assert.Single(cluster.GetProperty("deaths").EnumerateArray());
        Assert.Equal("killed by the experiment (SIGKILL)", death.GetProperty("reason").GetString());
        Assert.True(death.GetProperty("known_to_all_ns").GetInt64() > 0);
        Assert.False(cluster.GetProperty("processes")[1].GetProperty("reported").GetBoolean());
        AssertGone(cluster.GetProperty("processes"));
    }

    [Fact]
    public async Task Ctrl_C_collects_the_results_and_leaves_no_process_behind()
    {
        using CancellationTokenSource stop = new();
        using SignalWriter error = new("running", stop.Cancel);
        using StringWriter output = new();
        int code = await EpcCommand.InvokeAsync(
            ["cluster", _long, "--workers", "1", "--engine", "threads", "--json", "-"],
            output,
            error,
            stop.Token);
        Assert.True(code == 2, error.ToString());
        using JsonDocument report = JsonDocument.Parse(output.ToString());
        Assert.Equal("inconclusive", report.RootElement.GetProperty("verdict").GetString());
        AssertGone(report.RootElement.GetProperty("cluster").GetProperty("processes"));
    }

    /// <summary>The built command, started by a shell with that limit.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    public async Task Too_few_file_handles_are_said_in_one_line(int limit)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        string epc = $"dotnet '{typeof(EpcCommand).Assembly.Location}'";
        (int code, _, string error) = await BashAsync($"ulimit -n {limit}; exec {epc} cluster '{_short}'");
        Assert.Equal(3, code);
        Assert.Equal(
            $"epc: epc cluster needs {FileHandles.Needed(0)} file handles, and this process may have {limit}: raise "
            + "the limit, with 'ulimit -n 1024' in this shell, LimitNOFILE= of the service "
            + "or --ulimit nofile= of the container",
            error.Trim());
    }

    [Fact]
    public async Task When_the_coordinator_is_killed_no_process_stays_behind()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(5));
        using Process coordinator = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(EpcCommand).Assembly.Location, "cluster", _long, "--workers", "1", "--engine", "threads"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        await LineAsync(coordinator, "running", patience.Token);
        Process[] alive = ChildrenOf(coordinator.Id);
        coordinator.Kill();
        Assert.Equal(2, alive.Length);
        foreach (Process child in alive)
        {
            await child.WaitForExitAsync(patience.Token);
            child.Dispose();
        }
    }

    /// <summary>The second one comes while the first is being obeyed: nothing is waited for any more.</summary>
    [Fact]
    public async Task A_second_Ctrl_C_ends_the_run_at_once_and_its_processes_with_it()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(5));
        using Process coordinator = Process.Start(
            new ProcessStartInfo(
                "dotnet",
                [typeof(EpcCommand).Assembly.Location, "cluster", _long, "--workers", "1", "--engine", "threads"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            }
        )!;
        Task<string> output = coordinator.StandardOutput.ReadToEndAsync(patience.Token);
        await LineAsync(coordinator, "running", patience.Token);
        Process[] children = ChildrenOf(coordinator.Id);
        Assert.Equal(2, children.Length);

        // Stopped, they send no results: else the first signal could be obeyed to its end, report and all, before the
        // second one comes. It kills them all the same.
        foreach (Process child in children)
        {
            await SignalAsync(child, "STOP");
        }

        await SignalAsync(coordinator, "INT");
        await LineAsync(coordinator, "epc: ending the run with what there is; once more to kill it", patience.Token);
        await SignalAsync(coordinator, "INT");
        await coordinator.WaitForExitAsync(patience.Token);
        Assert.Equal(2, coordinator.ExitCode);
        Assert.DoesNotContain("INCONCLUSIVE", await output, StringComparison.Ordinal);
        foreach (Process child in children)
        {
            await child.WaitForExitAsync(patience.Token);
            child.Dispose();
        }
    }

    private static async Task LineAsync(Process process, string expected, CancellationToken cancellationToken)
    {
        while (await process.StandardError.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line == expected)
            {
                return;
            }
        }

        Assert.Fail($"it ended and never said: {expected}");
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        await kill.WaitForExitAsync();
    }

    private static async Task<(int Code, string Out, string Error)> BashAsync(string script)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(5));
        using Process bash = Process.Start(
            new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardError = true, RedirectStandardOutput = true }
        )!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync(patience.Token);
        string error = await bash.StandardError.ReadToEndAsync(patience.Token);
        await bash.WaitForExitAsync(patience.Token);
        return (bash.ExitCode, await output, error);
    }

    private static Process[] ChildrenOf(int parent) =>
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(path => Path.GetFileName(path))
                .Where(name => name.All(char.IsAsciiDigit))
                .Where(name => ParentOf(name) == parent)
                .Select(name =>
                    Process.GetProcessById(int.Parse(name, System.Globalization.CultureInfo.InvariantCulture))),
        ];

    // The second word from the end of the name on is the parent.
    private static int ParentOf(string process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(
                stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
                System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }

    private static void AssertGone(JsonElement processes)
    {
        foreach (JsonElement process in processes.EnumerateArray())
        {
            int id = process.GetProperty("pid").GetInt32();
            Assert.True(id > 0);
            Assert.Throws<ArgumentException>(() => Process.GetProcessById(id));
        }
    }

    /// <summary>Does something when a certain line is written.</summary>
    private sealed class SignalWriter(string line, Action signal) : StringWriter
    {
        private int _done;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value == line && Interlocked.Exchange(ref _done, 1) == 0)
            {
                signal();
            }
        }
    }
}
