using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;
using EpcActors.Scenarios.Workloads.Fitting;

namespace EpcActors.Tests.Scenarios.Workloads;

/// <summary>Workloads are recovered from their accesses; what is not a workload of the grammar is told so.</summary>
[Trait("tier", "slow")] // Searches of workloads for traces of hundreds of thousands of accesses.
public sealed class WorkloadFitterTests
{
    private const int Accesses = 150_000;

    private static AccessPattern Zipf(int pages, double theta, ulong seed) => theta == 0
        ? new UniformPattern(pages, AccessMix.ReadOnly, new Prng(seed))
        : new ZipfPattern(pages, theta, PlacementOrder.Scattered, AccessMix.ReadOnly, new Prng(seed));

    private static SweepPattern Sweep(int pages) => new(pages, AccessMix.ReadOnly, new Prng(1));

    private static AccessPattern Mixed(int pages, double theta, int scanPerMille, int scanPages, int at, ulong seed) =>
        new MixedPattern(
            Math.Max(pages, at + scanPages),
            [
                new MixedPart(Zipf(pages, theta, seed), 0, 1000 - scanPerMille),
                new MixedPart(Sweep(scanPages), at, scanPerMille),
            ],
            new Prng(seed));

    private static int[] Take(AccessPattern pattern, int accesses = Accesses)
    {
        int[] pages = new int[accesses];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = pattern.Next().Page;
        }

        return pages;
    }

    private static WorkloadFit Fit(params int[] pages) => WorkloadFitter.Fit(new AccessSequence(pages, []));

    private static FittedWorkload Fitting(int[] pages)
    {
        WorkloadFit fit = Fit(pages);
        Assert.Equal(FitVerdict.Fits, fit.Verdict);
        Assert.InRange(fit.MeanDifference, 0, 0.008);
        Assert.InRange(fit.FittedPagesForHits, fit.PagesForHits * 0.95, (fit.PagesForHits * 1.05) + 2);
        return fit.Workload!;
    }

    private static void Near(int wanted, int pages, double part) =>
        Assert.InRange(pages, wanted * (1 - part), wanted * (1 + part));

    [Theory]
    [InlineData(3000, 0.0, 1)]
    [InlineData(3000, 0.3, 2)]
    [InlineData(20_000, 0.6, 3)]
    [InlineData(1000, 0.8, 4)]
    [InlineData(8000, 0.99, 5)]
    [InlineData(50_000, 0.99, 6)]
    [InlineData(2500, 1.3, 7)]
    public void Zipf_is_recovered(int pages, double theta, ulong seed)
    {
        FittedWorkload workload = Fitting(Take(Zipf(pages, theta, seed)));

        Assert.Equal((PopularityShape.Zipf, 0, ""), (workload.Shape, workload.ScanPerMille, workload.Preset));
        Assert.InRange(workload.Theta, theta - 0.05, theta + 0.05);
        Near(pages, workload.Pages, 0.02);
    }

    [Theory]
    [InlineData(2000, 0.99, 200, 2000, 11)]
    [InlineData(1000, 0.8, 500, 8000, 12)]
    [InlineData(8000, 0.6, 100, 2000, 13)]
    [InlineData(3000, 0.0, 250, 4000, 14)]
    [InlineData(300, 0.9, 800, 6000, 15)]
    public void A_scan_beside_popular_pages_is_recovered(
        int pages, double theta, int scanPerMille, int scanPages, ulong seed)
    {
        FittedWorkload workload = Fitting(Take(Mixed(pages, theta, scanPerMille, scanPages, pages, seed)));

        Assert.InRange(workload.Theta, theta - 0.05, theta + 0.05);
        Near(pages, workload.Pages, 0.02);
        Near(scanPages, workload.ScanPages, 0.02);
        Assert.InRange(workload.ScanPerMille, scanPerMille - 30, scanPerMille + 30);
        Assert.Equal(workload.Pages, workload.ScanFirstPage);
    }

    [Theory]
    [InlineData(1500, 0.9, 300, 6000)]
    [InlineData(3000, 0.9, 200, 3000)]
    public void A_scan_over_all_pages_is_recovered(int pages, double theta, int scanPerMille, int scanPages)
    {
        FittedWorkload workload = Fitting(Take(Mixed(pages, theta, scanPerMille, scanPages, 0, 21)));

        Assert.InRange(workload.Theta, theta - 0.05, theta + 0.05);
        Near(pages, workload.Pages, 0.02);
        Assert.Equal((scanPages, 0), (workload.ScanPages, workload.ScanFirstPage));
        Assert.InRange(workload.ScanPerMille, scanPerMille - 30, scanPerMille + 30);
    }

    [Fact]
    public void A_hot_part_is_recovered()
    {
        FittedWorkload workload = Fitting(
            Take(new HotspotPattern(5000, 500, 900, AccessMix.ReadOnly, new Prng(31))));

        Assert.Equal((PopularityShape.Hotspot, 0), (workload.Shape, workload.ScanPerMille));
        Near(5000, workload.Pages, 0.02);
        Near(500, workload.HotPages, 0.03);
        Assert.InRange(workload.HotPerMille, 880, 920);
    }

    [Theory]
    [InlineData("ycsb-a")]
    [InlineData("ycsb-c")]
    public void Ycsb_is_a_store_of_records_with_its_skew(string preset)
    {
        FittedWorkload workload = Fitting(Take(WorkloadPresets.Find(preset)!.CreatePattern(5000, new Prng(41))));

        Assert.Equal((PopularityShape.Records, 1024, 5000), (workload.Shape, workload.RecordBytes, workload.Pages));
        Assert.InRange(workload.Theta, 0.94, 1.04);
    }

    /// <summary>What the parameters cannot say, a published workload may.</summary>
    [Theory]
    [InlineData("ycsb-d")]
    [InlineData("ycsb-f")]
    public void A_published_workload_is_known_by_its_name(string preset) =>
        Assert.Equal(
            preset, Fitting(Take(WorkloadPresets.Find(preset)!.CreatePattern(4000, new Prng(42)))).Preset);

    [Fact]
    public void A_hash_join_is_a_scan_beside_uniform_pages()
    {
        FittedWorkload workload = Fitting(
            Take(WorkloadPresets.Find("teebench-cache-exceed")!.CreatePattern(5000, new Prng(43))));

        Assert.Equal(0, workload.Theta);
        Near(2500, workload.Pages, 0.02);
        Near(2500, workload.ScanPages, 0.02);
        Assert.InRange(workload.ScanPerMille, 470, 530);
    }

    [Fact]
    public void A_sweep_is_a_scan_alone()
    {
        FittedWorkload workload = Fitting(Take(Sweep(3000)));

        Assert.Equal((1000, 3000, 0), (workload.ScanPerMille, workload.ScanPages, workload.Pages));
    }

    [Fact]
    public void One_page_is_uniform_over_one_page()
    {
        WorkloadFit fit = Fit(new int[5000]);

        Assert.Equal((FitVerdict.Fits, 1L, 1L), (fit.Verdict, fit.PagesForHits, fit.FittedPagesForHits));
        Assert.Equal((1, 0.0), (fit.Workload!.Pages, fit.MeanDifference));
    }

    [Fact]
    public void All_pages_once_are_a_pass_of_a_scan()
    {
        WorkloadFit fit = Fit([.. Enumerable.Range(0, 5000)]);

        Assert.Equal(FitVerdict.Fits, fit.Verdict);
        Assert.Equal((1000, 5000), (fit.Workload!.ScanPerMille, fit.Workload.ScanPages));
    }

    [Theory]
    [InlineData(4000, 900)]
    [InlineData(100_000, 30_000)]
    public void Too_few_accesses_say_nothing(int pages, int accesses)
    {
        WorkloadFit fit = Fit(Take(Zipf(pages, 0.2, 51), accesses));

        Assert.Equal((FitVerdict.TooShort, null), (fit.Verdict, fit.Workload));
    }

    /// <summary>Two cliffs: the grammar of one popular part and one scan has no such curve.</summary>
    [Fact]
    public void Two_loops_fit_no_workload()
    {
        MixedPattern loops = new(
            6000, [new MixedPart(Sweep(1000), 0, 1), new MixedPart(Sweep(5000), 1000, 1)], new Prng(61));
        WorkloadFit fit = Fit(Take(loops));

        Assert.Equal(FitVerdict.NoneFits, fit.Verdict);
        Assert.True(fit.LargestNearby > WorkloadFitter.MostLargest, $"{fit.LargestNearby}");
    }

    /// <summary>A program that reads on within a page: three accesses in four stay where they are.</summary>
    [Fact]
    public void Accesses_that_follow_one_another_on_a_page_count_as_one_where_that_is_nearer()
    {
        int[] visits = Take(Mixed(1000, 0.8, 300, 3000, 1000, 65), 60_000);
        WorkloadFit fit = Fit([.. visits.SelectMany(page => Enumerable.Repeat(page, 4))]);

        Assert.Equal(FitVerdict.Fits, fit.Verdict);
        Assert.InRange(fit.Accesses, 59_000, 60_000);
        Near(1000, fit.Workload!.Pages, 0.02);
        Near(3000, fit.Workload.ScanPages, 0.02);
        Assert.InRange(fit.Workload.Theta, 0.75, 0.85);
    }

    /// <summary>Numbers of pages that say nothing of the heap: the count of pages that are touched does.</summary>
    [Fact]
    public void Pages_may_have_any_numbers()
    {
        int[] pages = [.. Take(Zipf(3000, 0.9, 71)).Select(page => 7 + (page * 41))];
        FittedWorkload workload = Fitting(pages);

        Near(3000, workload.Pages, 0.02);
        Assert.InRange(workload.Theta, 0.85, 0.95);
    }

    [Fact]
    public void Threads_that_do_the_same_are_fitted_each_by_itself()
    {
        AccessPattern[] threads =
        [
            .. Enumerable.Range(81, 4).Select(seed => Mixed(2000, 0.9, 300, 2000, 2000, (ulong)seed)),
        ];
        int[] pages = [.. Enumerable.Range(0, 4 * 60_000).Select(i => threads[i % 4].Next().Page)];
        int[] numbers = [.. Enumerable.Range(0, pages.Length).Select(i => i % 4)];
        WorkloadFit fit = WorkloadFitter.Fit(new AccessSequence(pages, numbers));

        Assert.Equal((FitVerdict.Fits, 4), (fit.Verdict, fit.Workload!.Threads));
        Near(2000, fit.Workload.Pages, 0.02);
        Near(2000, fit.Workload.ScanPages, 0.02);
        Assert.InRange(fit.Workload.ScanPerMille, 270, 330);
    }

    [Fact]
    public void Threads_with_a_job_each_are_one_thread_that_does_all()
    {
        AccessPattern popular = Zipf(2000, 0.9, 91);
        SweepPattern scan = Sweep(3000);
        int[] pages = [.. Enumerable.Range(0, Accesses).Select(i =>
            i % 4 == 0 ? 2000 + scan.Next().Page : popular.Next().Page)];
        int[] numbers = [.. Enumerable.Range(0, pages.Length).Select(i => i % 4 == 0 ? 1 : 0)];
        WorkloadFit fit = WorkloadFitter.Fit(new AccessSequence(pages, numbers));

        Assert.Equal((FitVerdict.Fits, 1), (fit.Verdict, fit.Workload!.Threads));
        Assert.InRange(fit.Workload.ScanPerMille, 220, 280);
        Near(2000, fit.Workload.Pages, 0.02);
    }

    [Fact]
    public void The_same_accesses_get_the_same_answer()
    {
        int[] pages = Take(Mixed(1500, 0.7, 150, 2500, 1500, 95));

        Assert.Equal(Fit(pages), Fit(pages));
    }
}
