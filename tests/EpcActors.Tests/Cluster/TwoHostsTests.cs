using System.Globalization;
using System.Text.Json;
using EpcActors.Tests.Cli;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// A run over two hosts: <c>epc cluster</c> on the first has sockets 0 and 1, <c>epc node</c> on the second 2 and 3.
/// </summary>
[Trait("tier", "slow")] // Processes of their own; a host that is cut off is known by silence alone, for seconds.
public sealed class TwoHostsTests : IDisposable
{
    /// <summary>Longer than any run here takes on a machine with other work, and none waits for it.</summary>
    private static readonly TimeSpan LongestRun = TimeSpan.FromSeconds(150);

    private readonly CliHarness _cli = new();

    public void Dispose() => _cli.Dispose();

    [TwoHostsFact]
    public async Task A_run_over_two_hosts_passes_with_every_counter_in_order()
    {
        using Spread run = new(this, busy: "", "2,3");
        HostProcess node = Assert.Single(run.Nodes);

        JsonElement report = await PassedAsync(run.Cluster, run.Patience);
        JsonElement[] processes = [.. report.GetProperty("cluster").GetProperty("processes").EnumerateArray()];
        Assert.Equal(["0", "1", "2,3"], processes.Select(Sockets));
        Assert.All(processes, one => Assert.True(one.GetProperty("frames_in").GetInt64() > 0));
        Assert.Equal(node.Id, processes[2].GetProperty("pid").GetInt32());
        Assert.Empty(report.GetProperty("cluster").GetProperty("deaths").EnumerateArray());
        Assert.Equal(["finished", "finished", "finished", "finished"], Outcomes(report));
        await LeftInOrderAsync(node, run.Patience);
    }

    /// <summary>No connection breaks: packets are lost, and each side has nothing but silence to judge by.</summary>
    [TwoHostsFact]
    public async Task A_host_that_is_cut_off_is_dead_to_the_other_and_stops_itself()
    {
        using Spread run = new(this, busy: "23", "2", "3");
        await run.Cluster.RunningAsync(run.Patience);
        run.Hosts.Cut();

        foreach (HostProcess node in run.Nodes)
        {
            (int code, _, string error) = await node.EndAsync(run.Patience);
            Assert.True(code == 2, error);
            Assert.Contains("coordinator", error.Split('\n')[^1], StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        }

        JsonElement report = await PassedAsync(run.Cluster, run.Patience);
        AssertDead(report, "2", "3");
    }

    [TwoHostsFact]
    public async Task A_node_that_is_killed_leaves_the_books_and_the_others_go_on()
    {
        using Spread run = new(this, busy: "3", "2", "3");
        (HostProcess stays, HostProcess dies) = (run.Nodes[0], run.Nodes[1]);
        await run.Cluster.RunningAsync(run.Patience);
        dies.Kill();
        Assert.Equal(128 + 9, (await dies.EndAsync(run.Patience)).Code);

        JsonElement report = await PassedAsync(run.Cluster, run.Patience);
        AssertDead(report, "3");
        await LeftInOrderAsync(stays, run.Patience);
    }

    /// <summary>
    /// Four enclaves that want more than their cgroup may have, one on each socket: they make room on both hosts. Those
    /// on busy sockets have work for longer than the run goes on, so that the run can end by their death alone.
    /// </summary>
    private string Scenario(string busy)
    {
        IEnumerable<string> enclaves = Enumerable.Range(0, 4).Select(socket =>
        {
            bool isBusy = busy.Contains(socket.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
            string pause = isBusy ? "300 s" : "1 s";
            return $$"""
                x{{socket}} {
                  cgroup = /a, node = {{socket}}, heap = 384 KiB
                  steps = [ touch, { pause = {{pause}} }, { run { pattern = uniform, accesses = 50 } } ]
                }
                """;
        });
        return _cli.Write("two-hosts.conf", $$"""
            epc {
              machine { nodes = [
                { cpus = 1, epc = 2 MiB }, { cpus = 1, epc = 2 MiB }
                { cpus = 1, epc = 2 MiB }, { cpus = 1, epc = 2 MiB }
              ] }
              cgroups { /a { max = 1 MiB } }
              enclaves {
              {{string.Join('\n', enclaves)}}
              }
              cluster { failure-timeout = 5 s, audit-every = 200 ms }
              run { duration = 120 s }
            }
            """);
    }

    /// <summary>
    /// A run that has begun: the coordinator and sockets 0 and 1 on the first host, a process for each of the others on
    /// the second.
    /// </summary>
    private sealed class Spread : IDisposable
    {
        private readonly CancellationTokenSource _patience = new(LongestRun);

        public Spread(TwoHostsTests test, string busy, params string[] sockets)
        {
            string scenario = test.Scenario(busy);
            Cluster = Hosts.OnFirst(test.ClusterOf(scenario));
            Nodes = [.. sockets.Select(one => Hosts.OnSecond(test.NodeOf(scenario, one)))];
        }

        public TwoHosts Hosts { get; } = new();

        public HostProcess Cluster { get; }

        public IReadOnlyList<HostProcess> Nodes { get; }

        public CancellationToken Patience => _patience.Token;

        public void Dispose()
        {
            Hosts.Dispose();
            _patience.Dispose();
        }
    }

    private string[] ClusterOf(string scenario) =>
    [
        "cluster", scenario, "--sockets", "0,1", "--processes", "2", "--host", TwoHosts.FirstAddress, "--port", "4053",
        "--token-file", Token(), "--engine", "threads", "--workers", "1", "--json", "-",
    ];

    private string[] NodeOf(string scenario, string sockets) =>
        [
            "node",
            scenario,
            "--join",
            $"{TwoHosts.FirstAddress}:4053",
            "--host",
            TwoHosts.SecondAddress,
            "--sockets",
            sockets,
            "--token-file",
            Token(),
            "--engine",
            "threads",
            "--workers",
            "1",
        ];

    private string Token() => _cli.Write("token", "00112233445566778899aabbccddeeff");

    private static async Task<JsonElement> PassedAsync(HostProcess cluster, CancellationToken cancellationToken)
    {
        (int code, string output, string error) = await cluster.EndAsync(cancellationToken);
        Assert.True(code == 0, error + output);
        using JsonDocument document = JsonDocument.Parse(output);
        JsonElement report = document.RootElement.Clone();
        Assert.Equal("pass", report.GetProperty("verdict").GetString());
        Assert.Empty(report.GetProperty("violations").EnumerateArray());
        Assert.True(report.GetProperty("cluster").GetProperty("audited_at_the_end").GetBoolean());
        return report;
    }

    private static async Task LeftInOrderAsync(HostProcess node, CancellationToken cancellationToken)
    {
        (int code, _, string error) = await node.EndAsync(cancellationToken);
        Assert.True(code == 0, error);
        Assert.EndsWith("the run is over; the coordinator has the report", error, StringComparison.Ordinal);
    }

    /// <summary>The processes of these sockets died, no other did, and what they had is out of every counter.</summary>
    private static void AssertDead(JsonElement report, params string[] sockets)
    {
        JsonElement cluster = report.GetProperty("cluster");
        Dictionary<int, string> owners = cluster.GetProperty("processes").EnumerateArray()
            .ToDictionary(one => one.GetProperty("process").GetInt32(), Sockets);
        JsonElement[] deaths = [.. cluster.GetProperty("deaths").EnumerateArray()];
        Assert.Equal(
            sockets,
            deaths.Select(one => owners[one.GetProperty("process").GetInt32()]).Order(StringComparer.Ordinal));
        Assert.All(deaths, one => Assert.True(one.GetProperty("clean_audit_ns").GetInt64() > 0, report.ToString()));
        Assert.All(cluster.GetProperty("processes").EnumerateArray(), one =>
            Assert.Equal(!sockets.Contains(Sockets(one)), one.GetProperty("reported").GetBoolean()));
    }

    private static string Sockets(JsonElement process) =>
        string.Join(',', process.GetProperty("sockets").EnumerateArray());

    private static IEnumerable<string?> Outcomes(JsonElement report) =>
        report.GetProperty("enclaves").EnumerateArray().Select(one => one.GetProperty("outcome").GetString());
}
