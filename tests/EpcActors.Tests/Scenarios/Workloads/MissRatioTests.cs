using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class MissRatioTests
{
    private static readonly int[] ResidentPercent = [5, 10, 25, 50, 75, 90];

    /// <summary>
    /// Misses in percent when 5, 10, 25, 50, 75, 90 % of the pages are resident; plain sums of all terms, made
    /// elsewhere.
    /// </summary>
    public static TheoryData<int, double, double[]> Table => new()
    {
        { 23_936, 0.99, [29.1868, 22.5098, 13.6133, 6.8303, 2.8406, 1.0415] },
        { 262_144, 0.99, [24.1146, 18.5992, 11.2491, 5.6440, 2.3472, 0.8605] },
        { 2_097_152, 0.80, [47.3589, 38.7767, 25.4428, 13.6018, 5.8749, 2.1910] },
        { 2_097_152, 0.99, [21.0137, 16.2074, 9.8025, 4.9182, 2.0454, 0.7498] },
        { 2_097_152, 1.20, [4.1965, 2.9912, 1.6340, 0.7605, 0.3029, 0.1089] },
        { 16_777_216, 0.99, [18.6631, 14.3944, 8.7060, 4.3681, 1.8166, 0.6659] },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Zipf_agrees_with_the_table(int pages, double theta, double[] expected)
    {
        for (int i = 0; i < expected.Length; i++)
        {
            double percent = 100 * MissRatio.Zipf(pages, theta, (long)pages * ResidentPercent[i] / 100);
            Assert.Equal(expected[i], percent, 0.000051);
        }
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.99)]
    [InlineData(1.2)]
    public void The_generator_agrees_with_the_formula(double theta)
    {
        const int Pages = 23_936;
        const int Accesses = 2_000_000;
        ZipfPattern pattern = new(Pages, theta, PlacementOrder.ByRank, AccessMix.ReadOnly, new Prng(2026));
        long[] counts = new long[Pages];
        for (int i = 0; i < Accesses; i++)
        {
            counts[pattern.Next().Page]++;
        }

        foreach (int resident in ResidentPercent)
        {
            // The hottest pages by the law, not by the counts: these would make the best of chance.
            long residentPages = (long)Pages * resident / 100;
            long missed = 0;
            for (long page = residentPages; page < Pages; page++)
            {
                missed += counts[page];
            }

            double expected = MissRatio.Zipf(Pages, theta, residentPages);
            double sigma = Math.Sqrt(expected * (1 - expected) / Accesses);
            Assert.Equal(expected, (double)missed / Accesses, (4 * sigma) + 1e-12);
        }
    }

    [Fact]
    public void Scattering_leaves_the_miss_ratio_and_hashing_flattens_it()
    {
        const int Pages = 23_936;
        const long Resident = Pages / 4;
        double expected = MissRatio.Zipf(Pages, 0.99, Resident);
        Assert.Equal(expected, Measured(PlacementOrder.Scattered), 0.01);

        // Four hashed keys a page: the same skew over the records is a much flatter load of the pages.
        RecordPattern records = new(Pages, new RecordWorkload { Reads = 1 }, new Prng(3));
        Assert.True(MissRatio.OfCounts(Count(records), Resident) > expected * 1.3);

        double Measured(PlacementOrder order) => MissRatio.OfCounts(
            Count(new ZipfPattern(Pages, 0.99, order, AccessMix.ReadOnly, new Prng(3))), Resident);
    }

    [Fact]
    public void Power_sums_agree_with_plain_addition()
    {
        foreach (double theta in (double[])[0.0, 0.1, 0.5, 0.8, 0.99, 0.999999, 1.0, 1.000001, 1.2, 1.5, 4.0])
        {
            (long, long)[] ranges = [(1, 1), (1, 31), (1, 33), (5, 100_000), (1, 1_000_000), (40, 41)];
            foreach ((long first, long last) in ranges)
            {
                double sum = 0;
                for (long k = last; k >= first; k--)
                {
                    sum += Math.Pow(k, -theta);
                }

                Assert.Equal(1.0, MissRatio.PowerSum(first, last, theta) / sum, 1e-12);
            }
        }

        Assert.Equal(0.0, MissRatio.PowerSum(100, 99, 1.0));
    }

    [Fact]
    public void The_other_formulas()
    {
        Assert.Equal(0.75, MissRatio.Uniform(100, 25));
        Assert.Equal(0.0, MissRatio.Uniform(100, 200));
        Assert.Equal(1.0, MissRatio.Cyclic(100, 99));
        Assert.Equal(0.0, MissRatio.Cyclic(100, 100));
        Assert.Equal(0.0, MissRatio.Zipf(100, 0.99, 100));
        Assert.Equal(1.0, MissRatio.Zipf(100, 0.99, 0), 1e-12);
        Assert.Equal(MissRatio.Uniform(1000, 300), MissRatio.Zipf(1000, 0.0, 300), 1e-12);
        Assert.Equal(0.1, MissRatio.Hotspot(100, 10, 900, 10), 1e-12);
        Assert.Equal(0.55, MissRatio.Hotspot(100, 10, 900, 5), 1e-12);
        Assert.Equal(0.05, MissRatio.Hotspot(100, 10, 900, 55), 1e-12);
        Assert.Equal(0.5, MissRatio.Hotspot(100, 100, 900, 50), 1e-12);
        Assert.Equal(0.0, MissRatio.Hotspot(100, 100, 900, 100), 1e-12);
        Assert.Equal(0.3, MissRatio.OfCounts([1, 7, 2], 1), 1e-12);
        Assert.Equal(0.0, MissRatio.OfCounts([1, 7, 2], 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => MissRatio.Uniform(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MissRatio.Zipf(1, 1, -1));
    }

    [Fact]
    public void Hotspot_and_uniform_generators_agree_with_their_formulas()
    {
        const int Pages = 2000;
        HotspotPattern hotspot = new(Pages, 200, 800, AccessMix.ReadOnly, new Prng(1));
        Assert.Equal(MissRatio.Hotspot(Pages, 200, 800, 200), MissRatio.OfCounts(Count(hotspot), 200), 0.005);
        UniformPattern uniform = new(Pages, AccessMix.ReadOnly, new Prng(1));
        Assert.Equal(MissRatio.Uniform(Pages, 1000), MissRatio.OfCounts(Count(uniform), 1000), 0.03);
    }

    private static long[] Count(AccessPattern pattern)
    {
        long[] counts = new long[pattern.PageCount];
        for (int i = 0; i < 1_000_000; i++)
        {
            counts[pattern.Next().Page]++;
        }

        return counts;
    }
}
