using EpcActors.Cluster;
using EpcActors.Kernel;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>Scenarios that cannot run over several processes are refused with the reason.</summary>
public sealed class ClusterCheckTests
{
    private const string Machine =
        "epc.machine.nodes = [ { cpus = 2, epc = 4 MiB }, { cpus = 2, epc = 4 MiB }, { cpus = 2 } ]\n";

    [Theory]
    [InlineData("")]
    [InlineData(
        "epc.script = [ { at = 1 s, set-max { cgroup = /a, max = 1 MiB } }, { at = 1 s, set-memory-max { cgroup = /a, "
            + "max = max } } ]")]
    [InlineData(
        "epc.script = [ { at = 1 s, migrate { enclave = e, cgroup = / } }, { at = 1 s, kill = e }, { at = 1 s, poison "
            + "{ node = 0, first = 0, count = 1 } } ]")]
    [InlineData("epc { kernel = linux-5.15 }")]
    [InlineData("epc { kernel = epc-cgroup-v17 }")]
    [InlineData("epc.cluster.faults = [ { at = 1 s, kill = 1 }, { at = 1 s, pause = 0, for = 2 s } ]")]
    [InlineData("epc.cluster.faults = [ { at = 1 s, restart = 1 }, { at = 2 s, restart = 0 } ]")]
    [InlineData("epc.cluster { restart = on, faults = [ { at = 1 s, kill = 1 }, { at = 2 s, kill = 0 } ] }")]
    [InlineData("epc.cluster.faults = [ { at = 1 s, partition = [ 1 ], for = 20 s } ]")]
    public void What_can_is_not(string text) => Assert.Empty(Problems(text, 2));

    [Theory]
    [InlineData(
        "",
        3,
        "3 processes for 2 NUMA nodes with EPC: a node is in one process, and each needs one with EPC; ask for at most "
            + "2")]
    [InlineData("", 0, "0 processes: at least one is needed")]
    [InlineData(
        "epc.cgroups { /a { memory-max = 1 MiB } }",
        2,
        "memory.max of /a: backing memory is counted in each process by itself")]
    [InlineData(
        "epc.cgroups { /b { memory-max = 1 MiB }, /c { memory-max = 1 MiB }, /d { memory-max = 1 MiB }, /e { "
            + "memory-max = 1 MiB }, /f { memory-max = 1 MiB } }",
        2,
        "memory.max of /b, /c, /d and 2 more: ")]
    [InlineData(
        "epc.script = [ { at = 1500 ms, rmdir = /b } ], epc.cgroups { /b {} }",
        2,
        "epc.script, at 1500 ms: rmdir /b: every process has the directories for itself")]
    [InlineData(
        "epc.script = [ { at = 2 s, set-memory-max { cgroup = /a, max = 1 MiB } } ]",
        2,
        "epc.script, at 2 s: memory.max of /a: backing memory is counted")]
    [InlineData(
        "epc.switches.wide-usage = off",
        2,
        "epc.switches.wide-usage = off: the owner of a cgroup's usage sums in 64 bits")]
    [InlineData(
        "epc.kernel = epc-cgroup-v15",
        2,
        "epc.switches.reclaim-walk = resume-node: where a caller's last round ended")]
    [InlineData(
        "epc.cluster.faults = [ { at = 1 s, kill = 1 } ]",
        1,
        "epc.cluster.faults, at 1 s: there is no member 1 among 1 process; name one from 0 to 0, or run more "
            + "processes")]
    [InlineData(
        "epc.cluster.faults = [ { at = 1 s, partition = [ 0 ], for = 1 s } ]",
        1,
        "all are on one side of the partition")]
    [InlineData(
        "epc.cluster.faults = [ { at = 1 s, kill = 0 } ]",
        1,
        "epc.cluster.faults, at 1 s: no process is left alive; spare a process, or set epc.cluster.restart = on")]
    [InlineData("epc.cluster.faults = [ { at = 1 s, restart = 0 } ]", 1, "no process is left alive")]
    [InlineData(
        "epc.cluster.faults = [ { at = 3 s, kill = 0 }, { at = 1 s, kill = 1 } ]", 2,
        "epc.cluster.faults, at 3 s: no process is left alive")]
    [InlineData(
        "epc.cluster.faults = [ { at = 1 s, pause = 1, for = 6 s }, { at = 2 s, kill = 0 } ]", 2,
        "epc.cluster.faults, at 2 s: no process is left alive")]
    [InlineData(
        "epc.cluster.faults = [ { at = 1 s, kill = 1 }, { at = 2 s, restart = 0 } ]", 2,
        "epc.cluster.faults, at 2 s: no process is left alive")]
    public void What_cannot_is_refused_with_the_reason_and_the_remedy(string text, int members, string words)
    {
        string problem = Assert.Single(Problems(text, members));
        Assert.Contains(words, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_race_is_for_the_laboratory() =>
        Assert.Contains(
            ClusterCheck.Problems(
                Loading.Load(
                    "epc { machine.nodes = [ { cpus = 1, epc = 16 pages } ], enclaves.a.heap = 4 pages, race.tasks.T { "
                        + "process = a, do = [ \"build 1\" ] } }"),
                1),
            problem => problem.StartsWith("a file with a race block", StringComparison.Ordinal));

    [Fact]
    public void Nothing_is_charged_where_the_kernel_has_no_EPC_cgroup()
    {
        // linux-5.15 has the narrow sum and charges nothing to it.
        Scenario scenario = Load("epc.kernel = linux-5.15");
        Assert.Equal((Fix.Absent, EpcCgroupMode.Off), (scenario.Switches.WideUsage, scenario.Switches.EpcCgroup));
        Assert.Empty(ClusterCheck.Problems(scenario, 2));
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("epc.cluster.processes = 1", 1)]
    public void The_number_of_processes_comes_from_the_file_or_the_sockets(string text, int members) =>
        Assert.Equal(members, ClusterCheck.MembersOf(Load(text)));

    private static IReadOnlyList<string> Problems(string text, int members) =>
        ClusterCheck.Problems(Load(text), members);

    private static Scenario Load(string text) =>
        Loading.Load($"{Machine}epc {{ cgroups {{ /a {{}} }}, enclaves.e {{ cgroup = /a, heap = 1 MiB }} }}\n{text}");
}
