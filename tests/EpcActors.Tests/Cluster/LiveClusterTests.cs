using EpcActors.Cluster;
using EpcActors.Cluster.Coordination;
using EpcActors.Cluster.Members;
using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Transport;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>Members on live engines: real threads, a network in memory.</summary>
[Trait("tier", "slow")] // Whole runs over several members in real time.
public sealed class LiveClusterTests
{
    /// <summary>
    /// Two sockets of 8 MiB with a tree over both: one cgroup at its limit, one that spills over to the other socket.
    /// </summary>
    private const string TwoSockets = """
        epc {
          seed = 3
          machine { nodes = [ { cpus = 4, epc = 8 MiB }, { cpus = 4, epc = 8 MiB } ] }
          cgroups { /tight { max = 2 MiB }, /wide { } }
          enclaves {
            tight-a { cgroup = /tight, node = 0, heap = 2 MiB, steps = [ touch, touch ] }
            tight-b { cgroup = /tight, node = 1, heap = 2 MiB, steps = [ touch, touch ] }
            wide-a { cgroup = /wide, node = 0, heap = 9 MiB, steps = [ touch, touch ] }
            wide-b { cgroup = /wide, node = 1, heap = 1 MiB, steps = [ touch ] }
          }
          run { duration = 10 m }
        }
        """;

    [Theory]
    [InlineData("")]
    [InlineData("epc.cluster.charge-batch = 1")]
    [InlineData("epc.cluster.charge-batch = 8")]
    [InlineData("epc.switches.free-page-counter = per-node")]
    [InlineData("epc.kernel = epc-cgroup-v17")]
    [InlineData("epc.kernel = linux-6.16")]
    public async Task Two_members_do_the_work_of_one_machine(string setting)
    {
        await using LocalCluster cluster = new(Load(setting), 2);
        cluster.Start();
        cluster.AwaitDone();
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();

        Assert.All(results, result => Assert.Empty(result.Report.Violations));
        Assert.Equal(
            ["tight-a: Finished ", "tight-b: Finished ", "wide-a: Finished ", "wide-b: Finished "],
            results
                .SelectMany(result => result.Report.Enclaves)
                .Select(enclave => $"{enclave.Name}: {enclave.Outcome} {enclave.Detail}")
                .Order(StringComparer.Ordinal));
        AssertSettled(results, cluster.View);

        // Frames went both ways for it, and the nodes have all of their pages back.
        Assert.All(results, result =>
            Assert.True(
                result.Wire.FramesOut > (setting.Contains("charge-batch = 1", StringComparison.Ordinal) ? 1000 : 10)));
        Assert.Equal(4096, results.Sum(result => result.Rest.Nodes.Sum(node => node.Free)));
        Assert.All(results.SelectMany(result => result.Rest.Nodes), node =>
            Assert.Equal((0, 0), (node.Lent, node.Borrowed)));
    }

    [Fact]
    public async Task Memory_spills_over_to_the_other_process_and_comes_back()
    {
        // 9 MiB on a socket of 8: without the neighbour's pages it would have to reclaim for ever.
        await using LocalCluster cluster = new(Load(""), 2, framesBetweenCuts: 100);
        int most = 0;
        cluster.Start();
        while (!cluster.Alive.All(member => member.Status is { IsDone: true }))
        {
            IReadOnlyList<ControlMessage.CutPart> parts = cluster.Cut();
            most = Math.Max(most, parts.Sum(part => part.Nodes.Sum(node => node.Lent)));
        }

        cluster.AwaitDone();
        Assert.True(most > 100, $"at most {most} pages were lent");
        AssertSettled(cluster.Stop(), cluster.View);
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "")]
    [InlineData(0, "epc.cluster.charge-batch = 1")]
    [InlineData(1, "epc.cluster.charge-batch = 1")]
    public async Task When_a_process_dies_the_other_goes_on_and_everything_of_the_dead_is_released(
        int victim,
        string setting)
    {
        await using LocalCluster cluster = new(Load(setting), 2);
        cluster.Start();
        cluster.Await(
            () =>
                cluster[victim].Status?.Live is { Faults: > 500 }
                && cluster[1 - victim].Status?.Live is { Faults: > 300 },
            "the first faults");
        cluster.Silence(victim);
        cluster.Change(dead: [victim]);
        cluster.AwaitDone();
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();

        ControlMessage.Result left = Assert.Single(results);
        Assert.Empty(left.Report.Violations);
        AssertSettled(results, cluster.View);
        Assert.Equal(2048, left.Rest.Nodes.Sum(node => node.Free));

        // All shared counters have their owner with the survivor now.
        Assert.Equal(cluster.View.CounterCount, left.Rest.Gateway.Owners.Count);
    }

    [Fact]
    public async Task A_process_that_was_only_slow_is_fenced_when_it_comes_back()
    {
        // A request of it is on its way: without one it would have nothing to ask when it comes back.
        await using LocalCluster cluster = new(Load(""), 2);
        cluster.SilenceAtRequest(1, 20);
        cluster.Start();
        cluster.Await(() => cluster[1].IsSilent, "it is silent");
        cluster.Change(dead: [1]);
        cluster.Await(() => cluster[0].Status is { Epoch: 2 }, "the view is installed");
        cluster.Unsilence(1);

        Assert.Equal(MemberEnd.Fenced, await cluster[1].Run!.WaitAsync(TimeSpan.FromMinutes(5)));
        cluster.AwaitDone();
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();
        Assert.True(results[0].FencedFrames > 0);
        Assert.Empty(results[0].Report.Violations);
        AssertSettled(results, cluster.View);
    }

    [Fact]
    public async Task A_process_that_is_slow_and_not_given_up_goes_on_as_if_nothing_had_been()
    {
        await using LocalCluster cluster = new(Load(""), 2);
        cluster.SilenceAtRequest(1, 20);
        cluster.Start();
        cluster.Await(() => cluster.HasHeldTwice, "a request is sent again");
        cluster.Unsilence(1);
        cluster.AwaitDone();
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();

        // What was held came late and twice: it was sent again meanwhile.
        Assert.True(results.Sum(result => result.SentAgain) > 0);
        Assert.All(results, result => Assert.Empty(result.Report.Violations));
        AssertSettled(results, cluster.View);
    }

    [Fact]
    public async Task A_new_life_of_a_process_brings_its_socket_back()
    {
        await using LocalCluster cluster = new(Load(""), 2);
        cluster.Start();
        cluster.Await(() => cluster.Alive.All(member => member.Status?.Live is { Faults: > 300 }), "the first faults");
        cluster.Silence(1);
        cluster.Change(dead: [1]);
        cluster.Await(() => cluster[0].Status is { Epoch: 2 }, "the view is installed");
        cluster.Change(dead: [], reborn: [1]);
        cluster.AwaitDone();
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();

        Assert.Equal(2, results.Count);
        Assert.All(results, result => Assert.Empty(result.Report.Violations));
        Assert.Equal(2, results[1].Rest.Gateway.Incarnation);
        AssertSettled(results, cluster.View);
        Assert.Equal(4096, results.Sum(result => result.Rest.Nodes.Sum(node => node.Free)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_cut_that_begins_at_one_process_is_begun_by_the_other_before_it_hears_more(int first)
    {
        Scenario scenario = Load("");
        ClusterAuditRules rules = ClusterAuditRules.Of(scenario, Placement.Of(scenario, 2));
        await using LocalCluster cluster = new(scenario, 2, framesBetweenCuts: 100);
        cluster.Start();
        int cuts = 0;
        while (!cluster.Alive.All(member => member.Status is { IsDone: true }))
        {
            // Only its peer tells the other one.
            if (cluster.CutAt(first) is not { } parts)
            {
                break;
            }

            cuts++;
            Assert.Empty(ClusterAudit.Check(parts, cluster.View, rules, atRest: false));
        }

        Assert.True(cuts > 3, $"only {cuts} cuts");
        cluster.AwaitDone();
        AssertSettled(cluster.Stop(), cluster.View);
    }

    [Fact]
    public async Task A_written_limit_outlives_all_members_of_the_time_of_the_write()
    {
        Scenario scenario = Loading.Load("""
            epc {
              machine { nodes = [ { cpus = 4, epc = 8 MiB }, { cpus = 4, epc = 8 MiB } ] }
              cgroups { /a { max = 2 MiB }, /b { max = 2 MiB } }
              enclaves {
                a { cgroup = /a, node = 0, heap = 1 MiB, steps = [ touch ] }
                b { cgroup = /b, node = 1, heap = 1 MiB, steps = [ touch ] }
              }
              script = [ { at = 1 ms, set-max { cgroup = /a, max = 3 MiB } },
                  { at = 1 ms, set-max { cgroup = /b, max = 3 MiB } } ]
              run { duration = 10 m }
            }
            """);
        await using LocalCluster cluster = new(scenario, 2);
        cluster.Start();
        cluster.AwaitDone();
        Assert.All([1, 2], counter =>
            Assert.Equal(3ul << 20, MaxOf(cluster.Cut().Select(part => part.Gateway), counter)));
        for (int victim = 1; victim >= 0; victim--)
        {
            cluster.Silence(victim);
            cluster.Change(dead: [victim]);
            cluster.AwaitDone();
            cluster.Change(dead: [], reborn: [victim]);
            cluster.AwaitDone();
        }

        // Both are new lives, and neither wrote anything.
        IReadOnlyList<ControlMessage.Result> results = cluster.Stop();
        Assert.All(results, result => Assert.Equal(2, result.Rest.Gateway.Incarnation));
        Assert.All([1, 2], counter =>
            Assert.Equal(3ul << 20, MaxOf(results.Select(result => result.Rest.Gateway), counter)));

        static ulong MaxOf(IEnumerable<GatewaySnapshot> members, int counter) =>
            members.SelectMany(member => member.Owners).Single(owner => owner.Counter == counter).Max;
    }

    /// <summary>No task is under way: each owner agrees with the members, and nothing is charged any more.</summary>
    private static void AssertSettled(IReadOnlyList<ControlMessage.Result> results, ClusterView view)
    {
        GatewaySnapshot[] members = [.. results.Select(result => result.Rest.Gateway)];
        Assert.All(members, member => Assert.Empty(member.Calls));
        int freePages = view.CounterCount - 1;
        for (int counter = 0; counter < view.CounterCount; counter++)
        {
            OwnedCounter owner = members.SelectMany(member => member.Owners).Single(one => one.Counter == counter);
            foreach (int member in Enumerable.Range(0, view.MemberCount))
            {
                long granted = members.SingleOrDefault(one => one.Member == member)?.Granted[counter] ?? 0;
                Assert.Equal(granted, owner.Parts[member]);
            }

            Assert.Equal(owner.Parts.Sum(), owner.Value);
            Assert.All(members, member =>
                Assert.Equal(member.Granted[counter], member.Used[counter] + member.Stock[counter]));
            Assert.All(members, member =>
                Assert.Equal(counter == freePages ? member.Used[counter] : 0, member.Used[counter]));
        }
    }

    private static Scenario Load(string setting) =>
        setting.Length == 0
            ? Loading.Load(TwoSockets)
            : Loading.Load(TwoSockets, setting.Replace(" = ", "=", StringComparison.Ordinal));
}
