using EpcActors.Cluster.Delays;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// A cluster in virtual time: what crosses the wire, what waiting for it costs, and what is at its limit.
/// </summary>
public sealed class DelayClusterTests
{
    private const long Rack = 50_000;
    private const long Region = 1_000_000;

    [Fact]
    public void The_same_setup_gives_the_same_run()
    {
        DelayResult first = Run(PageByPage(2), 2, Rack);
        DelayResult again = Run(PageByPage(2), 2, Rack);
        Assert.Equal((first.Hash, first.EndNs, first.Frames), (again.Hash, again.EndNs, again.Frames));
        Assert.NotEqual(first.Hash, Run(PageByPage(2), 2, Rack + 1).Hash);
    }

    [Fact]
    public void One_process_sends_nothing()
    {
        DelayResult one = Run(PageByPage(2), 1, Region);
        Assert.Equal((0, 0, 0, 0), (one.Frames, one.Writes, one.Calls, one.BusiestWireNs));
        Assert.Equal(one.EndNs, Run(PageByPage(2), 1, Rack).EndNs);
    }

    /// <summary>The cost model of docs/cluster.md: 2 (2L + 3) e frames for a fault, here with L = 3 levels.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Page_by_page_the_frames_are_those_of_the_cost_model(int processes)
    {
        double elsewhere = (processes - 1.0) / processes;
        DelayResult result = Run(PageByPage(processes, heap: 256), processes, Rack);
        double model = 2 * ((2 * 3) + 3) * elsewhere;
        Assert.InRange(result.FramesPerFault, model, model * 1.06);
        Assert.Equal(result.FramesPerFault, 2 * result.RoundTripsPerFault, 0.001);
        Assert.Equal(0, result.SentAgain);
    }

    [Theory]
    [InlineData(Rack)]
    [InlineData(Region)]
    public void A_call_takes_two_delays_and_the_work_of_both_ends(long delayNs)
    {
        // One thread in each process: a call waits for nothing but its own way, or for the other one's.
        DelayResult result = Run(PageByPage(2, enclaves: 1), 2, delayNs);
        WireCosts wire = WireCosts.Measured;
        double alone = 2 * (delayNs + wire.WriteNs + wire.FrameOutNs + wire.ReadNs + wire.FrameInNs);
        Assert.InRange(result.MeanCallNs, alone * 0.999, alone + (2 * (wire.WriteNs + wire.ReadNs)));

        // Each thread waits for its calls one after the other: the run is as long as they are.
        Assert.InRange(result.CallNs, 2 * result.EndNs * 0.8, 2 * result.EndNs);
    }

    [Fact]
    public void Frames_that_wait_for_the_wire_share_a_write()
    {
        DelayResult few = Run(PageByPage(2, enclaves: 1), 2, Rack);
        DelayResult many = Run(PageByPage(2, enclaves: 16), 2, Rack);
        Assert.InRange(few.FramesPerWrite, 1, 1.2);
        Assert.InRange(many.FramesPerWrite, 4, 32);
    }

    [Fact]
    public void A_wire_that_is_slow_is_what_holds_the_run_up()
    {
        WireCosts slow = new(WriteNs: 1_000, FrameOutNs: 100, ReadNs: 1_000, FrameInNs: 100_000);
        DelayResult result = Run(PageByPage(4, enclaves: 16), 4, 0, slow);
        Assert.InRange(result.BusiestWire, 0.8, 1);

        // Member 0 has the counter of free pages, which every page asks four times.
        Assert.Equal(0, result.BusiestMember);
    }

    /// <summary>Leases: fewer frames, a run that hardly knows that it is spread, and no limit exceeded.</summary>
    [Fact]
    public void Leases_spare_the_way_and_exceed_no_limit()
    {
        Scenario leased = Machine(4, "{ max = 32 MiB }", "charge-batch = 64, counter-batch = 64", heap: 256);
        DelayResult with = Run(leased, 4, Rack);
        DelayResult without = Run(PageByPage(4, heap: 256), 4, Rack);
        Assert.InRange(with.FramesPerFault, 0.01, without.FramesPerFault / 5);
        Assert.True(with.FaultsPerSecond > 2 * without.FaultsPerSecond);
    }

    [Fact]
    public void A_limit_that_is_met_is_found_right_at_every_process()
    {
        Scenario scenario = Machine(2, "{ max = 3 MiB }", "charge-batch = 64, counter-batch = 64", heap: 256);
        DelayResult result = Run(scenario, 2, Rack);
        Assert.InRange(result.Evictions, 1000, 100_000);
    }

    [Fact]
    public void A_machine_is_repeated_with_its_work_and_its_limits()
    {
        Scenario two = Machine(2, "{ max = 8 MiB }", "charge-batch = 1, counter-batch = 1");
        Scenario sixteen = RepeatedMachine.Of(two, 15);
        Assert.Equal(16, sixteen.Machine.NodesWithEpc);
        Assert.Equal(8 * two.Enclaves.Count, sixteen.Enclaves.Count);
        Assert.Equal(sixteen.Enclaves.Count, sixteen.Enclaves.Select(one => one.Name).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, 16), sixteen.Enclaves.Select(one => one.Node).Distinct().Order());
        Assert.Equal(8 * two.Cgroups[2].Max.Bytes, sixteen.Cgroups[2].Max.Bytes);
        Assert.True(sixteen.Cgroups[1].Max.IsMax);
        Assert.Same(two, RepeatedMachine.Of(two, 2));

        // The same work for each process, so no less in the same time than the wire costs.
        DelayResult result = Run(sixteen, 16, Rack);
        Assert.Equal(8 * Run(two, 2, Rack).Faults, result.Faults);
    }

    private static Scenario PageByPage(int sockets, int enclaves = 4, int heap = 64) =>
        Machine(sockets, "{ }", "charge-batch = 1, counter-batch = 1", enclaves, heap);

    /// <summary>Sockets with enclaves on each, all in one cgroup two levels below the root.</summary>
    private static Scenario Machine(
        int sockets, string cgroup, string batches, int enclaves = 4, int heap = 64)
    {
        string nodes = string.Join(", ", Enumerable.Repeat("{ cpus = 16, epc = 16 MiB }", sockets));
        string list = string.Join('\n', Enumerable.Range(0, sockets).Select(node =>
            $"on-{node} {{ cgroup = /all/a, node = {node}, instances = {enclaves}, "
            + $"heap = {4 * heap} KiB, steps = [ touch ] }}"));
        return Loading.Load($$"""
            epc {
              kernel = "epc-cgroup-v8"
              seed = 1
              machine { nodes = [ {{nodes}} ] }
              cgroups { /all { /a {{cgroup}} } }
              enclaves { {{list}} }
              run { duration = 120 s, slowdown = off }
              cluster { {{batches}} }
            }
            """);
    }

    /// <summary>A run that came to its end, with every rule held.</summary>
    private static DelayResult Run(Scenario scenario, int processes, long delayNs, WireCosts? wire = null)
    {
        DelayResult result = new DelayCluster(new DelaySetup
        {
            Scenario = scenario,
            Processes = processes,
            LinkDelayNs = delayNs,
            Wire = wire ?? WireCosts.Measured,
        }).Run(CancellationToken.None);
        Assert.Empty(result.Findings);
        Assert.True(result.IsFinished);
        return result;
    }
}
