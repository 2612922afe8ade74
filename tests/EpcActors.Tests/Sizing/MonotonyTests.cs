using EpcActors.Results;
using EpcActors.Runs.Sizing;

namespace EpcActors.Tests.Sizing;

public sealed class MonotonyTests
{
    [Fact]
    public void Slowdowns_that_only_fall_say_nothing() =>
        Assert.Empty(Monotony.Judge([Point(16, 3), Point(32, 2), Point(48, 2), Point(64, 1)]));

    [Fact]
    public void A_rise_is_told_with_both_limits()
    {
        string told = Monotony.Judge([Point(16, 3), Point(32, 1.2), Point(48, 1.5), Point(64, 1)]);
        Assert.StartsWith("48 pages (192 KiB) is slower (1.500x) than 32 pages (128 KiB) (1.200x)", told,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_at_which_an_enclave_dies_is_slower_than_any_other() =>
        Assert.Contains(
            "48 pages (192 KiB) is slower (SIGBUS)",
            Monotony.Judge([Point(32, 9), Point(48, null), Point(64, 1)]),
            StringComparison.Ordinal);

    /// <summary>Seeds that differ by a tenth at one limit make a rise of a twentieth no finding.</summary>
    [Fact]
    public void A_rise_within_what_the_seeds_differ_by_is_none()
    {
        SizePoint[] points = [Point(16, 1.20), Point(16, 1.32, seed: 2), Point(32, 1.26), Point(48, 1)];
        Assert.Empty(Monotony.Judge(points));
        Assert.NotEmpty(Monotony.Judge(points[..1].Concat(points[2..]).ToArray()));
    }

    [Theory]
    [InlineData(new[] { 0.2, 0.6, 0.8, 0.9, 0.95, 1.0 }, 2)]
    [InlineData(new[] { 0.2, 0.8, 0.85, 0.9, 0.95, 1.0 }, 1)]
    [InlineData(new[] { 0.5, 0.5, 0.5, 0.5 }, -1)]
    [InlineData(new[] { 0.0, 0.25, 0.5, 0.75, 1.0 }, -1)]
    [InlineData(new[] { 0.0, 0.0, 0.0, 1.0, 1.0 }, 3)]
    public void The_knee_is_where_the_curve_is_farthest_above_its_chord(double[] speeds, int knee) =>
        Assert.Equal(knee, CurveKnee.Of([.. speeds.Select((speed, i) => ((double)i, speed))]));

    private static SizePoint Point(long limit, double? slowdown, ulong seed = 1) => new()
    {
        LimitPages = limit,
        Seed = seed,
        Slowdown = slowdown,
        Death = slowdown is null ? "SIGBUS" : "",
    };
}
