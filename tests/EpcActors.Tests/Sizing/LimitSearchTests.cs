using EpcActors.Kernel.Random;
using EpcActors.Runs.Sizing;

namespace EpcActors.Tests.Sizing;

/// <summary>The search over costs that are written down, so that the answer can be counted out.</summary>
public sealed class LimitSearchTests
{
    public static TheoryData<string> Shapes => ["line", "cliff", "hyperbola", "plateaus", "dies below", "flat"];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void The_least_point_that_keeps_is_found_for_every_shape_and_guess(string shape)
    {
        Func<int, double> cost = Shape(shape);
        foreach (double target in (double[])[1.0001, 1.01, 1.0526, 1.5, 3, 40])
        {
            int? expected = Enumerable.Range(2, 999).Where(at => cost(at) <= target).Select(at => (int?)at)
                .FirstOrDefault();
            foreach (int? guess in (int?[])[null, 0, 2, 499, 500, 501, 1000, 5000])
            {
                int asked = 0;
                LimitSearch search = new(at => { asked++; return cost(at); }, target, 2, 1000);
                int? found = search.Least(guess);
                Assert.Equal(expected, found);
                Assert.InRange(asked, 1, 24);
                Assert.True(
                    found is null or 2 || search.Known.Any(one => one.Key == found - 1),
                    $"{shape}, {target}: the point below {found} was never looked at");
            }
        }
    }

    [Fact]
    public void What_is_known_is_not_asked_for_again()
    {
        LimitSearch search = new(at => at >= 77 ? 1 : throw new InvalidOperationException($"{at}"), 1, 2, 1000);
        search.Know(76, 2);
        search.Know(1000, 1);
        search.Know(77, 1);
        Assert.Equal(77, search.Least());
    }

    /// <summary>
    /// A dip that keeps the share below points that do not: the answer lies above all that were seen.
    /// </summary>
    [Fact]
    public void A_cost_that_rises_again_is_answered_by_the_least_above_every_point_that_was_seen()
    {
        static double Cost(int at) => at is >= 200 and < 240 ? 1 : at is >= 600 and < 640 ? 1.2 : at < 500 ? 2 : 1;
        LimitSearch search = new(Cost, 1.05, 2, 1000);
        foreach (int at in (int[])[100, 220, 400, 620, 800])
        {
            search.Know(at, Cost(at));
        }

        Assert.Equal(640, search.Least(210));
    }

    /// <summary>Random costs, monotone or not: never an answer with a known point above it that is too slow.</summary>
    [Fact]
    public void No_answer_has_a_known_point_above_it_that_does_not_keep()
    {
        Prng random = new(41);
        for (int round = 0; round < 500; round++)
        {
            double[] costs = new double[200];
            for (int i = 0; i < costs.Length; i++)
            {
                costs[i] = 1 + (Math.Max(0, 120 - i) / 100.0) + (random.NextBelow(1000) / 5000.0);
            }

            costs[^1] = 1;
            LimitSearch search = new(at => costs[at], 1.1, 0, 199);
            int? found = search.Least(random.NextBelow(200));
            Assert.NotNull(found);
            Assert.All(search.Known.Where(one => one.Key >= found), one => Assert.True(one.Value <= 1.1));
            Assert.True(found == 0 || costs[found.Value - 1] > 1.1);
        }
    }

    [Fact]
    public void There_is_no_answer_when_the_last_point_does_not_keep() =>
        Assert.Null(new LimitSearch(_ => 1.2, 1.1, 2, 1000).Least(7));

    private static Func<int, double> Shape(string shape) => shape switch
    {
        "line" => at => 1 + ((1000 - at) / 400.0),
        "cliff" => at => at < 613 ? 50 : 1,
        "hyperbola" => at => 1 + Math.Max(0, (500.0 / at) - 0.5),
        "plateaus" => at => 1 + ((1000 - at) / 100 * 0.1),
        "dies below" => at => at < 300 ? double.PositiveInfinity : 1 + ((1000 - at) / 5000.0),
        "flat" => _ => 1.0,
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, null),
    };
}
