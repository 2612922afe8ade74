using EpcActors.Kernel.Workloads;
using EpcActors.Results;
using EpcActors.Runs;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Scenarios;

/// <summary>Miss ratios of whole runs against what they must be.</summary>
[Trait("tier", "slow")] // Millions of accesses.
public sealed class MissRatioTests
{
    private const int Heap = 4096;
    private const int Accesses = 120_000;

    /// <summary>Uniform access: whatever the policy, a page is in with the probability resident/heap.</summary>
    [Theory]
    [InlineData(1024)]
    [InlineData(2048)]
    [InlineData(3072)]
    public void Uniform_access_misses_by_the_share_that_is_not_resident(int epcPages)
    {
        double ratio = Miss(epcPages, (pages, prng) => new UniformPattern(pages, AccessMix.ReadOnly, prng));

        // VA pages, SECS and code take some EPC, and ksgxd keeps 32 to 64 pages free.
        double resident = epcPages - 9 - 48;
        Assert.InRange(ratio, 1 - (resident / Heap) - 0.03, 1 - (resident / Heap) + 0.03);
    }

    /// <summary>
    /// A cyclic sweep over more than fits misses always, with FIFO, LRU and second chance alike: the cliff.
    /// </summary>
    [Fact]
    public void A_cyclic_sweep_over_more_than_fits_misses_always() =>
        Assert.InRange(Miss(Heap - 400, (pages, prng) => new SweepPattern(pages, AccessMix.ReadOnly, prng)), 0.98, 1.0);

    /// <summary>
    /// Zipf: an ideal cache that holds the hottest pages is the lower bound; one reference bit stays within twice of
    /// it.
    /// </summary>
    [Theory]
    [InlineData(0.99, 0.25)]
    [InlineData(0.99, 0.50)]
    [InlineData(0.80, 0.50)]
    public void Zipf_lies_between_the_ideal_cache_and_twice_of_it(double theta, double share)
    {
        int epcPages = (int)(Heap * share) + 57;
        double ratio = Miss(epcPages, (pages, prng) =>
            new ZipfPattern(pages, theta, PlacementOrder.Scattered, AccessMix.ReadOnly, prng));

        double ideal = MissRatio.Zipf(Heap, theta, (int)(Heap * share));
        Assert.InRange(ratio, ideal * 0.98, ideal * 2);
    }

    private static double Miss(int epcPages, PatternFactory pattern)
    {
        Scenario scenario = TestScenario.One(epcPages, Heap, new StepSpec.Pattern(pattern, Accesses, 5_000, "test"));
        Scenario warmUp = TestScenario.One(epcPages, Heap, new StepSpec.Pattern(pattern, Accesses / 4, 5_000, "test"));

        // The same seed makes the same beginning: the difference of the two runs is the steady state.
        RunReport whole = Run(scenario);
        RunReport head = Run(warmUp);
        return (double)(whole.Cgroups[0].Reloads - head.Cgroups[0].Reloads) / (Accesses - (Accesses / 4));
    }

    private static RunReport Run(Scenario scenario)
    {
        RunReport report = new ScenarioRunner(scenario).Run("", CancellationToken.None);
        Assert.Equal(Verdict.Pass, report.Verdict);
        return report;
    }
}
