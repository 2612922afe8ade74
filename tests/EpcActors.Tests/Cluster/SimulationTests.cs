using EpcActors.Cluster.Sharing;
using EpcActors.Cluster.Simulation;
using EpcActors.Kernel;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Cluster;

/// <summary>
/// The protocol between processes under simulated faults: without a defect nothing is found, with each of them
/// something is.
/// </summary>
[Trait("tier", "slow")] // Thousands of clusters in virtual time.
public sealed class SimulationTests
{
    private const long Seeds = 400;

    /// <summary>Seeds within which each planted defect has to be found.</summary>
    public static TheoryData<ClusterDefect, long> Defects => new()
    {
        { ClusterDefect.LostFence, 40 },
        { ClusterDefect.DoubleRelease, 20 },
        { ClusterDefect.ForgottenStock, 30 },
        { ClusterDefect.NoMemory, 20 },
        { ClusterDefect.LostLoan, 150 },
        { ClusterDefect.LateReply, 20 },
        { ClusterDefect.EarlyOwner, 20 },
        { ClusterDefect.QuickReturn, 200 },
        { ClusterDefect.LazyDrain, 60 },
        { ClusterDefect.ViewTwice, 20 },
        { ClusterDefect.ForgottenDeath, 200 },
        { ClusterDefect.ReusedIncarnation, 20 },
    };

    [Fact]
    public void NoFaultBreaksARule()
    {
        ClusterSearchResult result = ClusterSearch.Run(new ClusterSearchPlan { Seeds = Seeds, StopsAtFirst = false });

        Assert.True(result.Found is null, Describe(result));
        Assert.Equal(Seeds, result.Seeds);
        SimulationCounts counts = result.Counts;
        Assert.Equal(Seeds, counts.Runs);

        // A search that never meets what it is for would be clean too.
        Assert.All(
            (long[])
                [
                    counts.Crashes,
                    counts.Deaths,
                    counts.Suspicions,
                    counts.BrokenLines,
                    counts.LateLines,
                    counts.Views,
                    counts.Refusals,
                    counts.Audits,
                    counts.Restarts,
                    counts.Pauses,
                    counts.Partitions,
                    counts.OwnersLost,
                    counts.FencedProcesses,
                    counts.FencedFrames,
                    counts.SkippedViews,
                    counts.BorrowedPages,
                    counts.ClosedLoans,
                    counts.DrainedStocks,
                    counts.RemoteReclaims,
                    counts.RefusedCharges,
                    counts.LostSockets,
                    .. counts.Frames,
                ],
            count => Assert.True(count > 0));
    }

    [Theory]
    [MemberData(nameof(Defects))]
    public void EachDefectIsFoundAndTheSameSeedsAreCleanWithoutIt(ClusterDefect defect, long seeds)
    {
        ClusterSearchResult with = ClusterSearch.Run(
            new ClusterSearchPlan
            {
                Seeds = seeds,
                Defect = defect,
                ShrinkRuns = 0,
            });
        ClusterSearchResult without = ClusterSearch.Run(new ClusterSearchPlan { Seeds = seeds, ShrinkRuns = 0 });

        Assert.NotNull(with.Found);
        Assert.True(without.Found is null, Describe(without));
    }

    /// <summary>
    /// Effects of a coordinator's defect on the cluster: found by wrong shared counters and work that does not end,
    /// without a look at its views.
    /// </summary>
    [Theory]
    [InlineData(ClusterDefect.ViewTwice)]
    [InlineData(ClusterDefect.ForgottenDeath)]
    [InlineData(ClusterDefect.ReusedIncarnation)]
    public void ADefectOfTheCoordinatorHarmsTheClusterToo(ClusterDefect defect)
    {
        for (ulong seed = 1; seed <= 2 * Seeds; seed++)
        {
            SimulationCase it = SimulationCase.Of(seed, null, defect);
            SimulationOutcome blind = (it with { Setup = it.Setup with { WatchesViews = false } }).Run();
            if (blind.Finding is { } harm)
            {
                Assert.NotEqual(ClusterRules.Views, harm.Rule);
                Assert.Equal(ClusterRules.Views, it.Run().Finding!.Rule);
                return;
            }
        }

        Assert.Fail($"{defect} does no harm in {2 * Seeds} seeds");
    }

    [Theory]
    [InlineData("its line broke")]
    [InlineData("nothing was heard of it for")]
    [InlineData("do not reach one another")]
    [InlineData("was killed by signal")]
    public void TheCoordinatorDeclaresDeathsForEachOfItsReasons(string reason)
    {
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            if (
                SimulationCase
                    .Of(seed)
                    .Run()
                    .Cluster.History.Any(line =>
                        line.Contains("the coordinator declares process", StringComparison.Ordinal)
                        && line.Contains(reason, StringComparison.Ordinal)))
            {
                return;
            }
        }

        Assert.Fail($"no death with the reason '{reason}' in {Seeds} seeds");
    }

    [Fact]
    public void EveryDefectHasAName()
    {
        Assert.All(DefectText.All, defect => Assert.Equal(defect, DefectText.Find(DefectText.NameOf(defect))));
        Assert.Equal(DefectText.All.Count, DefectText.All.Select(DefectText.SentenceOf).Distinct().Count());
        Assert.Null(DefectText.Find("none"));
    }

    [Fact]
    public void EveryDefectIsInTheList()
    {
        Assert.Equal(
            Enum.GetValues<ClusterDefect>().Where(defect => defect != ClusterDefect.None).Order(),
            Defects.Select(row => (ClusterDefect)row[0]).Order());
    }

    [Theory]
    [InlineData(2, ClusterDefect.None)]
    [InlineData(5, ClusterDefect.ForgottenStock)]
    [InlineData(44, ClusterDefect.LostLoan)]
    [InlineData(75, ClusterDefect.ForgottenDeath)]
    public void ASeedIsTheSameEveryTimeAndSoIsItsRecord(ulong seed, ClusterDefect defect)
    {
        SimulationCase it = SimulationCase.Of(seed, null, defect);
        SimulationOutcome first = it.Run();
        SimulationOutcome second = SimulationCase.Of(seed, null, defect).Run();
        SimulationOutcome replayed = it.Replay(first.Cluster.Engine.Log.ToArray());

        Assert.Equal((first.Steps, first.Hash), (second.Steps, second.Hash));
        Assert.Equal((first.Steps, first.Hash), (replayed.Steps, replayed.Hash));
        Assert.Equal(first.Finding?.ToString(), second.Finding?.ToString());
        Assert.Equal(first.Finding?.Rule, replayed.Finding?.Rule);
        Assert.Equal(defect == ClusterDefect.None, first.Finding is null);
        Assert.True(first.Cluster.Engine.Log.SequenceEqual(second.Cluster.Engine.Log));
    }

    [Fact]
    public void ASmallerFindingBreaksTheSameRuleWithLess()
    {
        ClusterSearchResult result = ClusterSearch.Run(
            new ClusterSearchPlan { Seeds = 40, Defect = ClusterDefect.DoubleRelease });

        FoundSeed found = Assert.IsType<FoundSeed>(result.Found);
        FaultPlan before = found.First.Case.Setup.Plan;
        FaultPlan after = found.Smallest.Case.Setup.Plan;
        Assert.Equal(found.First.Finding!.Rule, found.Smallest.Finding!.Rule);
        Assert.True(after.Faults.Count <= before.Faults.Count);
        Assert.True(after.Losses + after.Doubles + after.Overtakes < before.Losses + before.Doubles + before.Overtakes);
        Assert.Equal(0, after.Losses);

        // A part that stays needs a death; the smallest plan has one and says so.
        Assert.Single(after.Faults);
        Assert.Contains(found.Smallest.Cluster.History, line =>
            line.Contains("the coordinator declares process", StringComparison.Ordinal));
        SimulationOutcome again = found.Smallest.Case.Run();
        Assert.Equal(found.Smallest.Hash, again.Hash);
        Assert.NotEmpty(again.Cluster.FramesBefore(8));
    }

    [Fact]
    public void WhatIsFoundDoesNotDependOnTheThreads()
    {
        ClusterSearchPlan plan = new() { Seeds = 60, From = 30, Defect = ClusterDefect.LostLoan, ShrinkRuns = 0 };
        FoundSeed one = ClusterSearch.Run(plan with { Workers = 1 }).Found!;
        FoundSeed three = ClusterSearch.Run(plan with { Workers = 3 }).Found!;

        Assert.Equal(one.First.Case.Seed, three.First.Case.Seed);
        Assert.Equal(one.First.Hash, three.First.Hash);
    }

    [Fact]
    public void WithoutFaultsEveryMachineComesToItsEnd()
    {
        ulong seed = 1;
        foreach (Scenario scenario in SimulationScenarios.All)
        {
            SimulationCase it = SimulationCase.Of(seed++, [scenario]);
            SimulationOutcome outcome = (it with { Setup = it.Setup with { Plan = new FaultPlan() } }).Run();

            Assert.Null(outcome.Finding);
            Assert.Equal(0, outcome.Cluster.Counts.Frames[(int)FrameFate.Lost]);
            Assert.Equal(0, outcome.Cluster.Counts.OwnersLost);
        }

        Assert.Contains(SimulationScenarios.All, scenario => scenario.Switches.EpcCgroup == EpcCgroupMode.Off);
    }

    private static string Describe(ClusterSearchResult result) =>
        string.Join(
            "; ",
            result
                .Broken.Select(one => $"{one.Key}: seeds {string.Join(",", one.Value)}")
                .Append(
                    result.Found is { } found
                        ? $"{found.Smallest.Finding}: {string.Join(", ", found.Smallest.Case.Setup.Plan.Faults)}"
                        : ""));
}
