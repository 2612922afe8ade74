using EpcActors.Hocon;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Configuration;

/// <summary><c>epc.cluster</c>: what it says, and each mistake with its place and remedy.</summary>
public sealed class ClusterTests
{
    private const string Machine =
        "epc.machine.nodes = [ { cpus = 1, epc = 4 MiB }, { cpus = 1, epc = 4 MiB }, { cpus = 1, epc = 4 MiB }, { cpus "
            + "= 1 } ]\n";

    [Fact]
    public void The_reference_documents_the_defaults_of_the_record()
    {
        ClusterSpec fromReference = Loading.Load("").Cluster;
        Assert.Equal(new ClusterSpec() with { Faults = fromReference.Faults }, fromReference);
        Assert.Empty(fromReference.Faults);
    }

    [Fact]
    public void Every_key_arrives()
    {
        ClusterSpec cluster = Loading.Load(Machine + """
            epc.cluster {
              processes = 3, charge-batch = 32, counter-batch = 16, window = 16, resend = 50 ms, failure-timeout = 2 s,
                  join-timeout = 7 s, audit-every = 0, restart = on
              faults = [
                { at = 4 s, restart = 2 }
                { at = 2 s, kill = 2 }
                { at = 2 s, kill = 1, when = reclaim }
                { at = 3 s, pause = 1, for = 500 ms }
                { at = 3 s, partition = [ 2, 0 ], for = 2 s }
              ]
            }
            """).Cluster;
        Assert.Equal(
            new ClusterSpec
            {
                Processes = 3,
                ChargeBatch = 32,
                CounterBatch = 16,
                Window = 16,
                ResendNs = 50_000_000,
                FailureTimeoutNs = 2_000_000_000,
                JoinTimeoutNs = 7_000_000_000,
                AuditEveryNs = 0,
                Restarts = true,
                Faults = cluster.Faults,
            },
            cluster);

        // By time; those of the same time as in the list.
        Assert.Equal(
            ["Kill 2000 2 False", "Kill 2000 1 True", "Pause 3000 1 500", "Partition 3000 0,2 2000", "Restart 4000 2"],
            cluster.Faults.Select(Text));
    }

    [Fact]
    public void What_is_shown_reads_back()
    {
        const string Text =
            "epc { cluster { processes = 2, charge-batch = 8, faults = [ { at = 1 s, partition = [ 0 ], for = 20 ms } "
                + "] } }";
        foreach (HoconFormat format in (HoconFormat[])[HoconFormat.Hocon, HoconFormat.Json])
        {
            string shown = ScenarioLoader.Show(
                Loading.File,
                [],
                Loading.Environment(Text),
                new ConfigurationShowOptions { Format = format });
            Assert.Contains("charge-batch", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("failure-timeout", shown, StringComparison.Ordinal);
            ClusterSpec read = Loading.Load(shown).Cluster;
            Assert.Equal(8, read.ChargeBatch);
            Assert.Equal(["Partition 1000 0 20"], read.Faults.Select(ClusterTests.Text));
        }

        string all = ScenarioLoader.Show(
            Loading.File,
            [],
            Loading.Environment(""),
            new ConfigurationShowOptions { All = true });
        foreach (
            string key in (string[])
                [
                    "processes",
                    "charge-batch",
                    "counter-batch",
                    "window",
                    "resend",
                    "failure-timeout",
                    "join-timeout",
                    "audit-every",
                    "restart",
                    "faults",
                ])
        {
            Assert.Contains(
                $"\n    {key} = ",
                all[all.IndexOf("  cluster {", StringComparison.Ordinal)..],
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("¦proceses = 2", "there is no key 'proceses' of a cluster; did you mean 'processes'")]
    [InlineData("processes = ¦many", "found 'many'; expected a whole number")]
    [InlineData("processes = ¦0", "out of range")]
    [InlineData("processes = ¦4", "4 processes for 3 NUMA nodes with EPC: each needs one; write at most 3, or auto")]
    [InlineData("charge-batch = ¦0", "allowed: 1 to 1024")]
    [InlineData("charge-batch = ¦1025", "allowed: 1 to 1024")]
    [InlineData("window = ¦0", "allowed: 1 to 65536")]
    [InlineData("resend = ¦200", "write '200 ms'")]
    [InlineData("resend = ¦10 us", "write at least 1000000 ns")]
    [InlineData("resend = ¦2 s, failure-timeout = 2 s", "make resend shorter than failure-timeout")]
    [InlineData("failure-timeout = ¦150 ms", "make resend shorter than failure-timeout")]
    [InlineData("failure-timeout = ¦10 ms", "write at least 100000000 ns")]
    [InlineData("failure-timeout = ¦5", "write '5 s'")]
    [InlineData("audit-every = ¦-1 s", "is negative")]
    [InlineData("restart = ¦always", "write on or off")]
    [InlineData("faults = ¦{ at = 1 s }", "expected a list of faults")]
    public void A_wrong_value_is_reported(string keys, string words) => Wrong(keys, words);

    [Theory]
    [InlineData("¦kill", "found 'kill'; expected a fault; write for example { at = 2 s, kill = 2 }")]
    [InlineData("¦{ kill = 1 }", "the key 'at' is missing; write for example at = 2 s")]
    [InlineData("¦{ at = 1 s }", "the fault does nothing; add one of: kill, pause, partition, restart")]
    [InlineData("¦{ at = 1 s, for = 1 s }", "the fault does nothing")]
    [InlineData(
        "¦{ at = 1 s, kill = 1, pause = 2, for = 1 s }",
        "a fault is one thing; this one is kill and pause; write two faults")]
    [InlineData("{ at = 1 s, ¦kil = 1 }", "there is no key 'kil' of a fault; did you mean 'kill'")]
    [InlineData("{ at = ¦1, kill = 1 }", "write '1 s'")]
    [InlineData("{ at = ¦-1 s, kill = 1 }", "is negative")]
    [InlineData("{ at = 1 s, kill = ¦3 }", "3 is out of range; allowed: 0 to 2")]
    [InlineData("{ at = 1 s, kill = ¦-1 }", "allowed: 0 to 2")]
    [InlineData("{ at = 1 s, kill = ¦[ 1 ] }", "expected a whole number")]
    [InlineData("{ at = 1 s, kill = 1, when = ¦swapping }", "'swapping' is not a moment to wait for; allowed: reclaim")]
    [InlineData("{ at = 1 s, kill = 1, ¦for = 1 s }", "'for' has no place in this fault; a killed process stays dead")]
    [InlineData("¦{ at = 1 s, pause = 1 }", "the key 'for' is missing; write for example for = 2 s")]
    [InlineData("{ at = 1 s, pause = 1, for = ¦0 s }", "it must be longer than 0")]
    [InlineData(
        "{ at = 1 s, pause = 1, for = 1 s, ¦when = reclaim }",
        "'when' has no place in this fault; only kill waits for a moment")]
    [InlineData("{ at = 1 s, restart = 1, ¦for = 1 s }", "a restarted process comes back at once")]
    [InlineData("{ at = 1 s, restart = 1, ¦when = reclaim }", "only kill waits for a moment")]
    [InlineData("{ at = 1 s, partition = ¦1, for = 1 s }", "expected a list of members")]
    [InlineData("{ at = 1 s, partition = ¦[], for = 1 s }", "no process is on this side of the partition")]
    [InlineData("{ at = 1 s, partition = ¦[ 0, 1, 2 ], for = 1 s }", "all processes are on this side of the partition")]
    [InlineData("{ at = 1 s, partition = [ 0, ¦0 ], for = 1 s }", "member 0 is on this side twice")]
    [InlineData("{ at = 1 s, partition = [ 0, ¦3 ], for = 1 s }", "allowed: 0 to 2")]
    [InlineData("¦{ at = 1 s, partition = [ 0 ] }", "the key 'for' is missing")]
    [InlineData("{ at = 1 s, partition = [ 0 ], for = 1 s, ¦when = reclaim }", "only kill waits for a moment")]
    public void A_fault_must_make_sense(string fault, string words) => Wrong($"faults = [ {fault} ]", words);

    [Fact]
    public void A_fault_knows_the_number_of_processes_when_the_file_says_it()
    {
        Assert.Single(Loading.Errors(Machine + "epc.cluster { processes = 2, faults = [ { at = 1 s, kill = 2 } ] }"));
        Assert.Single(Loading.Load(Machine + "epc.cluster { faults = [ { at = 1 s, kill = 2 } ] }").Cluster.Faults);
    }

    [Fact]
    public void A_fault_after_the_end_of_the_run_is_noted()
    {
        LoadedScenario loaded = Loading.LoadWith(
            Machine + "epc { run.duration = 1 s, enclaves.e.heap = 4 MiB, cluster.faults = [ { at = 1 s, kill = 0 } ] }"
        );
        ConfigurationNote note = Assert.Single(loaded.Notes);
        Assert.Contains("it never happens", note.Message, StringComparison.Ordinal);
    }

    private static void Wrong(string keys, string words) =>
        Loading.OnlyErrorAtMark($"epc.cluster {{ {keys} }}\n{Machine}", words);

    private static string Text(ClusterFault fault) =>
        fault switch
        {
            ClusterFault.Kill kill => $"Kill {Ms(kill.AtNs)} {kill.Member} {kill.InReclaim}",
            ClusterFault.Pause pause => $"Pause {Ms(pause.AtNs)} {pause.Member} {Ms(pause.ForNs)}",
            ClusterFault.Partition partition =>
                $"Partition {Ms(partition.AtNs)} {string.Join(',', partition.Side)} {Ms(partition.ForNs)}",
            ClusterFault.Restart restart => $"Restart {Ms(restart.AtNs)} {restart.Member}",
            _ => throw new InvalidOperationException("a fault of a new kind"),
        };

    private static long Ms(long ns) => ns / 1_000_000;
}
