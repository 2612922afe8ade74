using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Simulation;
using EpcActors.Exploration;

namespace EpcActors.Tests.Cluster;

/// <summary>Strategies that know nothing of clusters pick the steps of simulated ones.</summary>
public sealed class ClusterStrategyTests
{
    public static TheoryData<string> Strategies() => [.. StrategyNames.Portfolio, "pct10", "round-robin"];

    [Theory]
    [MemberData(nameof(Strategies))]
    public void NoFaultBreaksARule(string strategy)
    {
        ClusterSearchResult result = ClusterSearch.Run(
            new ClusterSearchPlan { Seeds = 24, From = 1000, Strategies = [strategy], StopsAtFirst = false });
        Assert.Empty(result.Broken);
        Assert.True(result.Counts.Crashes > 0 && result.Counts.Deaths > 0, "no process died");
    }

    [Theory]
    [InlineData("random", ClusterDefect.LostFence)]
    [InlineData("sticky", ClusterDefect.NoMemory)]
    [InlineData("pct3", ClusterDefect.DoubleRelease)]
    [InlineData("pos", ClusterDefect.LateReply)]
    [InlineData("delay2", ClusterDefect.ViewTwice)]
    [InlineData("fair-pct3", ClusterDefect.LostLoan)]
    public void ADefectIsFoundAndItsRecordReplays(string strategy, ClusterDefect defect)
    {
        ClusterSearchResult result = ClusterSearch.Run(
            new ClusterSearchPlan { Seeds = 200, Strategies = [strategy], Defect = defect, ShrinkRuns = 0 });
        Assert.NotNull(result.Found);
        SimulationOutcome found = result.Found.First;
        Assert.Equal(strategy, found.Case.Strategy);
        SimulationOutcome again = found.Case.Run();
        Assert.Equal(found.Hash, again.Hash);
        SimulationOutcome replayed = found.Case.Replay(again.Cluster.Engine.Log.ToArray());
        Assert.Equal(found.Finding!.Rule, replayed.Finding!.Rule);
        Assert.Equal(found.Hash, replayed.Hash);
    }

    [Fact]
    public void SeedsTakeTheStrategiesInTurn()
    {
        HashSet<ulong> hashes = [];
        foreach (string strategy in StrategyNames.Portfolio)
        {
            hashes.Add((SimulationCase.Of(3) with { Strategy = strategy }).Run().Hash);
        }

        hashes.Add(SimulationCase.Of(3).Run().Hash);
        Assert.Equal(StrategyNames.Portfolio.Count + 1, hashes.Count);
    }
}
