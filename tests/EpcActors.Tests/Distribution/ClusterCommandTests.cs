using System.Diagnostics;
using System.Text.Json;
using EpcActors.Cli.Commands;
using EpcActors.Lab.Scenarios;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Distribution;

/// <summary><c>epc cluster</c> and <c>epc node</c>: what they refuse, and runs with real processes.</summary>
public sealed class ClusterCommandTests : IDisposable
{
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
              run { duration = 60 s }
            }
            """);
        _long = _cli.Write("long.conf", File.ReadAllText(_short).Replace("steps = [ touch ]", "steps = [ { pause = 50 s } ]", StringComparison.Ordinal));
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
    [InlineData("--processes 2 --sockets 1: each process needs a socket of its own", "--sockets", "1", "--processes", "2")]
    [InlineData("the simulation engine runs in virtual time", "--engine", "simulation")]
    [InlineData("there is no member 2 among 2 processes", "--fault", "kill:2@1s")]
    [InlineData("--plan is for processes, and --simulate starts none", "--simulate", "--plan")]
    [InlineData("--fault is for processes, and --simulate starts none", "--simulate", "--fault", "kill:1@1s")]
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
    public async Task A_coordinator_that_is_silent_is_said()
    {
        CliResult result = await CliHarness.Call("node", _short, "--join", "127.0.0.1:1");
        Assert.Equal(64, result.Code);
        Assert.Contains("127.0.0.1:1", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_runs_nothing()
    {
        CliResult result = await CliHarness.Call("cluster", _short, "--plan");
        Assert.Equal(0, result.Code);
        using JsonDocument plan = JsonDocument.Parse((await CliHarness.Call("cluster", _short, "--plan", "--json", "-")).Out);
        Assert.Equal(JsonValueKind.Object, plan.RootElement.ValueKind);
    }

    [Fact]
    public async Task Two_processes_run_to_the_end_and_make_one_report()
    {
        CliResult result = await CliHarness.Call("cluster", _short, "--workers", "1", "--engine", "threads", "--json", "-", "--set", "epc.cluster.audit-every=50 ms");
        Assert.True(result.Code == 0, result.Error);
        using JsonDocument report = JsonDocument.Parse(result.Out);
        Assert.Equal("pass", report.RootElement.GetProperty("verdict").GetString());
        JsonElement processes = report.RootElement.GetProperty("cluster").GetProperty("processes");
        Assert.Equal(2, processes.GetArrayLength());
        Assert.All(processes.EnumerateArray(), one => Assert.Equal("pass", one.GetProperty("verdict").GetString()));
        Assert.All(report.RootElement.GetProperty("enclaves").EnumerateArray(), one => Assert.Equal("finished", one.GetProperty("outcome").GetString()));
        AssertGone(processes);
    }

    [Fact]
    public async Task A_process_that_is_killed_is_dead_in_the_report_and_the_others_pass()
    {
        CliResult result = await CliHarness.Call(
            "cluster", _long, "--workers", "1", "--engine", "threads", "--json", "-", "--fault", "kill:1@200ms", "--set", "epc.run.duration=2 s");
        Assert.True(result.Code == 0, result.Error);
        using JsonDocument report = JsonDocument.Parse(result.Out);
        JsonElement cluster = report.RootElement.GetProperty("cluster");
        JsonElement death = Assert.Single(cluster.GetProperty("deaths").EnumerateArray());
        Assert.Equal("killed by the experiment (SIGKILL)", death.GetProperty("reason").GetString());
        Assert.True(death.GetProperty("known_to_all_ns").GetInt64() > 0);
        Assert.False(cluster.GetProperty("processes")[1].GetProperty("reported").GetBoolean());
        AssertGone(cluster.GetProperty("processes"));
    }

    [Fact]
    public async Task Ctrl_C_collects_what_there_is_and_leaves_nobody_behind()
    {
        using CancellationTokenSource stop = new();
        using SignalWriter error = new("running", stop.Cancel);
        using StringWriter output = new();
        int code = await EpcActors.Cli.EpcCommand.InvokeAsync(["cluster", _long, "--workers", "1", "--engine", "threads", "--json", "-"], output, error, stop.Token);
        Assert.True(code == 2, error.ToString());
        using JsonDocument report = JsonDocument.Parse(output.ToString());
        Assert.Equal("inconclusive", report.RootElement.GetProperty("verdict").GetString());
        AssertGone(report.RootElement.GetProperty("cluster").GetProperty("processes"));
    }

    [Fact]
    public async Task When_the_coordinator_is_killed_no_process_stays_behind()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        using Process coordinator = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(EpcActors.Cli.EpcCommand).Assembly.Location, "cluster", _long, "--workers", "1", "--engine", "threads"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        while (await coordinator.StandardError.ReadLineAsync(patience.Token) is { } line && line != "running")
        {
        }

        // The second word from the end of the name on is the parent.
        int[] children = [.. Directory.EnumerateDirectories("/proc").Select(path => Path.GetFileName(path)).Where(name => name.All(char.IsAsciiDigit)).Where(name => ParentOf(name) == coordinator.Id)
            .Select(name => int.Parse(name, System.Globalization.CultureInfo.InvariantCulture))];
        Process[] alive = [.. children.Select(Process.GetProcessById)];
        coordinator.Kill();
        Assert.Equal(2, alive.Length);
        foreach (Process child in alive)
        {
            await child.WaitForExitAsync(patience.Token);
            child.Dispose();
        }
    }

    private static int ParentOf(string process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
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
