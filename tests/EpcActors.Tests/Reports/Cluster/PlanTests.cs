using System.Text.Json;
using EpcActors.Cluster;
using EpcActors.Kernel.Cgroups;
using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Reports.Cluster;

/// <summary><c>epc cluster --plan</c>: what it says, and that it is right.</summary>
public sealed class PlanTests
{
    private const string Text = """
        epc {
          title = "Two tenants"
          machine.nodes = [ { cpus = 8, epc = 64 GiB }, { cpus = 8, epc = 64 GiB }, { cpus = 8, epc = 64 GiB },
              { cpus = 4, epc = 32 GiB }, { cpus = 2 } ]
          cgroups { /tenants { /a {}, /b {} }, /system {} }
          enclaves {
            a { cgroup = /tenants/a, node = 0, heap = 4 MiB, instances = 6, threads = 2 }
            b { cgroup = /tenants/b, node = 2, heap = 4 MiB }
            agent { cgroup = /system, heap = 1 MiB, instances = 3 }
          }
          virtual-machines { guest { cgroup = /tenants/b, node = 3, epc = 4 MiB } }
          cluster.faults = [
            { at = 2 s, kill = 2, when = reclaim }, { at = 1500 ms, partition = [ 0, 1 ], for = 2 s },
                { at = 3 s, pause = 1, for = 10 ms }, { at = 4 s, restart = 0 }
            { at = 5 s, kill = 1 }, { at = 6 s, partition = [ 0 ], for = 1 s }
          ]
        }
        """;

    [Fact]
    public void The_plan_at_100_columns()
    {
        const string Expected = """
            scenario  lab/test.conf: Two tenants
            kernel    epc-cgroup-v8
            plan      3 processes, 5 nodes, 224 GiB of EPC, 10 enclaves, 1 guest, 5 cgroups

            Processes
              process  nodes       EPC  cpus  enclaves  threads  guests  owned  for the machine
                    0  0-1, 4  128 GiB    18         8       14       0      1  ksgxd, counter
                    1  2        64 GiB     8         2        2       0      2
                    2  3        32 GiB     4         0        0       1      2

            Who is where: enclaves, guests, and owners of cgroups (misc.current and misc.max)
              process  enclaves and guests            owner of
                    0  a-0, a-1, a-2, a-3 and 4 more  /tenants/a
                    1  b, agent-2                     /, /tenants/b
                    2  guest                          /tenants, /system

            Round trips of a page fault on memory of its own process
              process  cgroup      users  levels  elsewhere  take  in batches  give back  in batches
                    0  /tenants/a      6       3          2     2        0.03          2        0.03
                    0  /system         2       2          2     2        0.03          2        0.03
                    1  /tenants/b      1       3          1     3        0.03          2        0.03
                    1  /system         1       2          1     3        0.03          2        0.03
                    2  /tenants/b      1       3          2     4        0.05          3        0.05
              Each level whose owner is elsewhere is one, and the free-page counter with its watermark one to
              three. They come one after the other, and more when something is reclaimed or a limit is near.
              This scenario charges 64 at once (epc.cluster.charge-batch), and counts free pages 64 at once
              (epc.cluster.counter-batch). The columns 'in batches' hold while the watermarks of ksgxd are far.

            What goes wrong on purpose
              - at 1500 ms: processes 0, 1 and the others do not reach each other for 2 s
              - at 2 s: process 2 is killed as soon as it is in the middle of a batch of reclaim
              - at 3 s: process 1 is stopped for 10 ms
              - at 4 s: process 0 is killed and started again
              - at 5 s: process 1 is killed
              - at 6 s: process 0 and the others do not reach each other for 1 s

            """;
        Assert.Equal(Expected, Render.Console(100, console => PlanText.Write(console, PlanOf(Text, 3))));
    }

    [Fact]
    public void What_cannot_run_says_so()
    {
        string text = Render.Console(100, console =>
            PlanText.Write(console, PlanOf("epc { cgroups { /a { memory-max = 1 MiB } }, enclaves.e.heap = 4 MiB }", 2))
        );
        Assert.Contains("\nIt cannot run like this\n  ✗ memory.max of /a: ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("What goes wrong on purpose", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_cgroups_are_cut_in_the_text_and_not_in_JSON()
    {
        Scenario scenario = Loading.Load("epc.enclaves { e { heap = 4 KiB, instances = 30, node = 0 } }");
        scenario = scenario with
        {
            Cgroups =
            [
                new CgroupSpec("/", -1, Limit.Max, Limit.Max),
                .. Enumerable.Range(1, 30).Select(i => new CgroupSpec($"/{i}", 0, Limit.Max, Limit.Max)),
            ],
            Enclaves = [.. scenario.Enclaves.Select((enclave, i) => enclave with { Cgroup = 1 + i })],
        };
        ClusterPlan plan = ClusterPlanner.Of(scenario, Placement.Of(scenario, 2));
        Assert.Equal(30, plan.Faults.Count);
        Assert.Contains(
            "… and 6 rows more: --json has all",
            Render.Console(100, console => PlanText.Write(console, plan)),
            StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(PlanJson.ToJson(plan));
        Assert.Equal(30, json.RootElement.GetProperty("faults").GetArrayLength());
    }

    [Fact]
    public void JSON_says_all_of_it()
    {
        ClusterPlan plan = PlanOf(Text, 3);
        using JsonDocument document = JsonDocument.Parse(PlanJson.ToJson(plan));
        JsonElement root = document.RootElement;
        Assert.Equal("Two tenants", root.GetProperty("title").GetString());
        Assert.Equal(
            (64, 64),
            (root.GetProperty("charge_batch").GetInt32(), root.GetProperty("counter_batch").GetInt32()));
        Assert.Equal(6, root.GetProperty("injected").GetArrayLength());
        Assert.Equal(0, root.GetProperty("problems").GetArrayLength());
        JsonElement[] processes = [.. root.GetProperty("processes").EnumerateArray()];
        Assert.Equal([0, 1, 2], processes.Select(process => process.GetProperty("member").GetInt32()));
        Assert.Equal([true, false, false], processes.Select(process => process.GetProperty("ksgxd").GetBoolean()));
        Assert.Equal(
            ["a-0", "a-1", "a-2", "a-3", "a-4", "a-5", "agent-0", "agent-1"],
            Strings(processes[0], "enclaves"));
        Assert.Equal(14, processes[0].GetProperty("threads").GetInt32());
        Assert.Equal(["guest"], Strings(processes[2], "guests"));
        Assert.Equal(plan.Processes[1].OwnedCgroups, Strings(processes[1], "owned_cgroups"));
        Assert.Equal(2L * 64 * 262144, processes[0].GetProperty("epc_pages").GetInt64());
        JsonElement fault = root.GetProperty("faults").EnumerateArray().Last();
        Assert.Equal(
            (2, "/tenants/b"),
            (fault.GetProperty("member").GetInt32(), fault.GetProperty("cgroup").GetString()));
        Assert.Equal(plan.Faults[^1].TakePage, fault.GetProperty("take_page").GetInt32());
    }

    /// <summary>
    /// The worked example: two processes; owners counter 0, root 1, /a 0, /a/b 1; so of the three levels of /a/b two
    /// are at 1.
    /// </summary>
    [Theory]
    [InlineData("free-page-counter = atomic", 0, 2, 0, 0, 2, 2)]
    [InlineData("free-page-counter = atomic", 1, 1, 2, 0, 3, 2)]
    [InlineData("free-page-counter = racy", 1, 1, 3, 0, 4, 3)]
    [InlineData("free-page-counter = per-node", 1, 1, 1, 0, 2, 1)]
    [InlineData("free-page-counter = per-node", 0, 2, 0, 0, 2, 2)]
    [InlineData("worker-queued = near-limit", 0, 2, 0, 2, 4, 2)]
    [InlineData("epc-cgroup = off", 0, 0, 0, 0, 0, 0)]
    [InlineData("epc-cgroup = off", 1, 0, 2, 0, 2, 1)]
    public void Round_trips_are_counted_as_the_routines_make_them(
        string switches,
        int member,
        int elsewhere,
        int counter,
        int limits,
        int take,
        int giveBack)
    {
        ClusterPlan plan = PlanOf(
            $"epc {{ switches {{ {switches} }}, cgroups {{ /a {{ /b {{}} }} }}, enclaves {{ x {{ cgroup = /a/b, node = "
                + $"0, heap = 1 MiB }}, y {{ cgroup = /a/b, node = 1, heap = 1 MiB }} }} }}",
            2);
        FaultPlan fault = plan.Faults[member];
        Assert.Equal(member, fault.Member);
        Assert.Equal((elsewhere, counter, limits), (fault.LevelsElsewhere, fault.CounterCalls, fault.LimitCalls));
        Assert.Equal((take, giveBack), (fault.TakePage, fault.GiveBack));

        // In batches an atomic counter is changed once for 64 pages, and no task reads it.
        bool isAhead =
            !switches.Contains("racy", StringComparison.Ordinal)
            && !switches.Contains("per-node", StringComparison.Ordinal)
            && member == 1;
        Assert.Equal(take - elsewhere + (elsewhere / 64.0) - (isAhead ? 2 - (1 / 64.0) : 0), fault.TakePageInBatch, 10);
        Assert.Equal(
            giveBack - elsewhere + (elsewhere / 64.0) - (isAhead ? 1 - (1 / 64.0) : 0),
            fault.GiveBackInBatch,
            10);
    }

    [Fact]
    public void One_process_sends_nothing()
    {
        ClusterPlan plan = PlanOf("epc { cgroups { /a {} }, enclaves { x { cgroup = /a, heap = 1 MiB } } }", 1);
        Assert.All(plan.Faults, fault => Assert.Equal((0, 0), (fault.TakePage, fault.GiveBack)));
        Assert.NotEmpty(plan.Faults);
    }

    [Fact]
    public void The_batches_of_the_scenario_are_the_ones_that_are_shown()
    {
        ClusterPlan plan = PlanOf(
            "epc { cluster { charge-batch = 16, counter-batch = 1 }, enclaves { x { node = 0, heap = 1 MiB } } }",
            2);
        Assert.Equal((16, 1), (plan.ChargeBatch, plan.CounterBatch));
        Assert.Equal(1 / 16.0, plan.Faults[0].TakePageInBatch, 10);
        string text = Render.Console(1000, console => PlanText.Write(console, plan));
        Assert.Contains(
            "This scenario charges 16 at once (epc.cluster.charge-batch), and counts free pages one by one, as the "
                + "kernel does (",
            text,
            StringComparison.Ordinal);
    }

    private static ClusterPlan PlanOf(string text, int members)
    {
        Scenario scenario = Loading.Load(text);
        return ClusterPlanner.Of(scenario, Placement.Of(scenario, members));
    }

    private static string[] Strings(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(one => one.GetString()!)];
}
