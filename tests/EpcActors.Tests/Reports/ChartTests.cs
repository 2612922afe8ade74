using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Tests.Reports;

public sealed class ChartTests
{
    [Fact]
    public void Down_sampling_keeps_the_spike_of_one_sample()
    {
        double[] x = new double[10_000];
        double[] y = new double[10_000];
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = i / 100.0;
            y[i] = i % 7;
        }

        y[4_321] = 1_000;
        y[8_765] = -1_000;
        List<int> kept = Downsampling.Indices(x, y);
        Assert.InRange(kept.Count, 100, 400);
        Assert.Contains(4_321, kept);
        Assert.Contains(8_765, kept);
        Assert.Contains(0, kept);
        Assert.Contains(9_999, kept);
        Assert.Equal(kept.Order().Distinct(), kept);
    }

    [Fact]
    public void Down_sampling_keeps_gaps_and_the_values_beside_them()
    {
        double nan = double.NaN;
        List<int> kept = Downsampling.Indices([0, 0.1, 0.2, 0.3, 1.0], [nan, 5, nan, 7, nan]);
        Assert.Equal([0, 1, 3, 4], kept);
        Assert.Equal([0, 2], Downsampling.Indices([0, 0.1, 0.2], [nan, nan, nan]));
        Assert.Empty(Downsampling.Indices([], []));
    }

    [Fact]
    public void A_stepped_line_keeps_its_changes() =>
        Assert.Equal([0, 2, 4], Downsampling.Changes([1, 1, 2, 2, 2]));

    [Fact]
    public void The_watermarks_can_be_told_apart_beside_a_large_EPC()
    {
        Scale scale = Scale.SymLog(0, 134_217_728, 16, [new Tick(32, "32"), new Tick(64, "64")]);
        Assert.True(scale.Map(64) - scale.Map(32) > 0.03);
        Assert.True(scale.Map(32) - scale.Map(0) > 0.05);
        Assert.True(scale.Map(134_217_728) > 0.99);
        Assert.InRange(scale.Ticks.Count, 5, 13);
    }

    [Fact]
    public void A_counter_below_nought_has_a_place()
    {
        Scale scale = Scale.SymLog(-200, 1_000, 16, []);
        Assert.True(scale.Map(-200) < scale.Map(-10) && scale.Map(-10) < scale.Map(0) && scale.Map(0) < scale.Map(5));
        Assert.InRange(scale.Map(-200), 0, 0.05);
    }

    [Theory]
    [InlineData(2_000_000_000, 4, "0|0.5 s|1 s|1.5 s|2 s")]
    [InlineData(350_000, 4, "0|100 µs|200 µs|300 µs")]
    [InlineData(600_000_000_000, 4, "0|5 min|10 min")]
    public void Time_axes_have_round_ticks(long endNs, int most, string labels) =>
        Assert.Equal(labels, string.Join('|', Scale.Time(endNs, most).Ticks.Select(t => t.Label)));

    [Theory]
    [InlineData(100_000_000, "0|32 MiB|64 MiB|96 MiB")]
    [InlineData(4096, "0|1 KiB|2 KiB|3 KiB|4 KiB")]
    public void Byte_axes_have_binary_ticks(double max, string labels) =>
        Assert.Equal(labels, string.Join('|', Scale.Bytes(max, 4).Ticks.Select(t => t.Label)));

    [Fact]
    public void Latency_axes_are_logarithmic()
    {
        Scale scale = Scale.LogDuration(3_100, 2_000_000);
        Assert.Equal(["1 µs", "10 µs", "100 µs", "1 ms"], scale.Ticks.Select(t => t.Label));
        Assert.Equal(scale.Map(100_000) - scale.Map(10_000), scale.Map(10_000) - scale.Map(1_000), 9);
    }

    [Fact]
    public void Rates_are_per_second_of_virtual_time()
    {
        Timeline t = new() { AtNs = [500_000_000, 1_000_000_000, 1_000_000_000], Faults = [10, 20, 30] };
        Assert.Equal([20.0, 40.0, 0.0], RunCharts.PerSecond(t, t.Faults));
    }

    [Theory]
    [InlineData(10, 20, 20)]
    [InlineData(10, 1_000_000, 10)]
    [InlineData(30, 20, 30)]
    [InlineData(10, -1, 10)]
    public void A_limit_far_above_the_usage_does_not_press_it_flat(long used, long limit, double expected)
    {
        long unit = SampleReports.MiB;
        CgroupTimeline c = new()
        {
            Path = "/",
            CurrentBytes = [used * unit],
            MaxBytes = [limit < 0 ? null : limit * unit],
        };
        Assert.Equal(expected * unit, RunCharts.BytesToShow(c));
    }

    [Fact]
    public void The_tree_of_paths_is_indented_by_ancestors_that_are_there()
    {
        IReadOnlyList<(int, string)> tree = CgroupTree.Of(["/", "/a", "/a/b", "/a-long", "/c/d"]);
        Assert.Equal([(0, "/"), (1, "a"), (2, "b"), (1, "a-long"), (1, "c/d")], tree);
    }

    [Fact]
    public void The_cut_keeps_the_order_and_counts_all_enclaves()
    {
        IReadOnlyList<EnclaveReport> all = SampleReports.Crowd().Enclaves;
        EnclaveCut cut = EnclaveCut.Of(all, 10);
        Assert.Equal(10, cut.Shown.Count);
        Assert.Equal(290, cut.LeftOutCount);
        Assert.Equal(cut.Shown.OrderBy(e => e.StartNs), cut.Shown);
        Assert.Equal(all.Sum(e => e.Faults), cut.Shown.Sum(e => e.Faults) + cut.LeftOut.Sum(g => g.Faults));
        Assert.Contains(cut.Shown, e => e.Outcome == EnclaveOutcome.Enomem);
    }
}
