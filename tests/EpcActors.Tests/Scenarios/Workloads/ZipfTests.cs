using System.Numerics;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Workloads;
using EpcActors.Scenarios.Workloads;

namespace EpcActors.Tests.Scenarios.Workloads;

public sealed class ZipfTests
{
    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.8)]
    [InlineData(0.99)]
    [InlineData(1.0)]
    [InlineData(1.0000001)]
    [InlineData(1.2)]
    [InlineData(1.5)]
    [InlineData(3.0)]
    public void Ranks_follow_the_exact_probabilities(double theta)
    {
        foreach (int count in (int[])[1, 2, 3, 10, 100])
        {
            const int Draws = 300_000;
            ZipfDistribution zipf = new(count, theta);
            Prng prng = new(12345);
            long[] counts = new long[count];
            for (int i = 0; i < Draws; i++)
            {
                counts[zipf.Draw(ref prng)]++;
            }

            double sum = MissRatio.PowerSum(1, count, theta);
            double chiSquare = 0;
            int degrees = -1;
            double restExpected = 0;
            long restCount = 0;
            for (int rank = 0; rank < count; rank++)
            {
                double expected = Draws * Math.Pow(rank + 1, -theta) / sum;
                if (expected < 10)
                {
                    restExpected += expected;
                    restCount += counts[rank];
                    continue;
                }

                chiSquare += (counts[rank] - expected) * (counts[rank] - expected) / expected;
                degrees++;
            }

            if (restExpected > 0)
            {
                chiSquare += (restCount - restExpected) * (restCount - restExpected) / restExpected;
                degrees++;
            }

            // Mean: the degrees of freedom; variance: twice that. Four sigmas and a little, with a fixed seed.
            Assert.True(
                chiSquare < degrees + (4 * Math.Sqrt(2.0 * Math.Max(1, degrees))) + 6,
                $"theta {theta}, {count} ranks: chi-square {chiSquare} with {degrees} degrees of freedom");
        }
    }

    [Theory]
    [InlineData(0.8)]
    [InlineData(0.99)]
    [InlineData(1.2)]
    public void Large_heaps_follow_the_law_by_octaves(double theta)
    {
        // 64 GiB of pages: each octave of ranks against its exact probability.
        const int Pages = 1 << 24;
        const int Draws = 1_000_000;
        ZipfDistribution zipf = new(Pages, theta);
        Prng prng = new(77);
        long[] octaves = new long[25];
        for (int i = 0; i < Draws; i++)
        {
            octaves[BitOperations.Log2((ulong)zipf.Draw(ref prng) + 1)]++;
        }

        double sum = MissRatio.PowerSum(1, Pages, theta);
        double chiSquare = 0;
        for (int octave = 0; octave < 24; octave++)
        {
            double expected = Draws * MissRatio.PowerSum(1L << octave, (1L << (octave + 1)) - 1, theta) / sum;
            chiSquare += (octaves[octave] - expected) * (octaves[octave] - expected) / expected;
        }

        Assert.True(chiSquare < 23 + (4 * Math.Sqrt(46)), $"chi-square {chiSquare}");
    }

    [Theory]
    [InlineData(1000, 0.99, 13497612099771702161)]
    [InlineData(1 << 24, 0.99, 16257004736727902595)]
    [InlineData(1 << 24, 0.8, 849170833809258742)]
    [InlineData(23_936, 1.2, 5175773840044593611)]
    public void A_long_run_of_ranks_is_that_of_another_implementation(int pages, double theta, ulong expected)
    {
        // Computed by a program in another language, with the logarithms and powers of its own library.
        ZipfPattern pattern = new(
            pages, theta, PlacementOrder.ByRank, AccessMix.ReadOnly, new Prng(42).Split("workload"));
        ulong hash = 0;
        for (int i = 0; i < 100_000; i++)
        {
            hash = unchecked((hash * 1_000_003) + (ulong)pattern.Next().Page);
        }

        Assert.Equal(expected, hash);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(23936)]
    public void Scattering_gives_every_place_one_rank(int count)
    {
        Scattering scattering = new(PlacementOrder.Scattered, count);
        bool[] taken = new bool[count];
        long neighbours = 0;
        for (int rank = 0; rank < count; rank++)
        {
            long place = scattering.PlaceOf(rank);
            Assert.False(taken[place]);
            taken[place] = true;
            neighbours += rank > 0 && Math.Abs(place - scattering.PlaceOf(rank - 1)) == 1 ? 1 : 0;
        }

        // Hot pages do not lie side by side.
        Assert.True(count < 1000 || neighbours < count / 50, $"{neighbours} neighbours");
    }

    [Fact]
    public void Scattering_spreads_the_hottest_pages_evenly()
    {
        const int Count = 23936;
        Scattering scattering = new(PlacementOrder.Scattered, Count);
        long[] regions = new long[16];
        for (int rank = 0; rank < Count / 10; rank++)
        {
            regions[scattering.PlaceOf(rank) * 16 / Count]++;
        }

        foreach (long region in regions)
        {
            Assert.InRange(region, 90, 210);
        }
    }

    [Fact]
    public void Hashing_as_YCSB_leaves_a_share_of_the_places_empty()
    {
        const int Count = 23_936;
        Scattering scattering = new(PlacementOrder.HashedAsYcsb, Count);
        bool[] taken = new bool[Count];
        int used = 0;
        for (int rank = 0; rank < Count; rank++)
        {
            long place = scattering.PlaceOf(rank);
            used += taken[place] ? 0 : 1;
            taken[place] = true;
        }

        // Computed with another implementation of the hash.
        Assert.Equal(0.677097, (double)used / Count, 1e-6);
    }

    [Fact]
    public void Deterministic_logarithm_and_exponential_are_accurate()
    {
        Prng prng = new(1);
        for (int i = 0; i < 200_000; i++)
        {
            double x = Math.Pow(2.0, (prng.NextUnit() * 100) - 50);
            double ln = Math.Log(x);
            Assert.True(Math.Abs(DeterministicMath.Ln(x) - ln) <= 1e-15 * (1 + Math.Abs(ln)), $"ln {x:R}");
            double y = (prng.NextUnit() * 200) - 100;
            Assert.True(Math.Abs((DeterministicMath.Exp(y) / Math.Exp(y)) - 1) <= 1e-15, $"exp {y:R}");
        }

        Assert.Equal(1.0, DeterministicMath.Exp(0.0));
        Assert.Equal(DeterministicMath.Exp(700.0), DeterministicMath.Exp(1e9));
    }

    [Fact]
    public void Deterministic_logarithm_and_exponential_are_pinned_to_the_last_bit()
    {
        Assert.Equal("3FE62E42FEFA39EF", Bits(DeterministicMath.Ln(2.0)));
        Assert.Equal("40242A93EAD57E5F", Bits(DeterministicMath.Ln(23936.5)));
        Assert.Equal("BFF34378FCBDA720", Bits(DeterministicMath.Ln(0.3)));
        Assert.Equal("4005BF0A8B145769", Bits(DeterministicMath.Exp(1.0)));
        Assert.Equal("3FDFC80DB9DD5542", Bits(DeterministicMath.Exp(-0.7)));
        Assert.Equal("416EE207A1562434", Bits(DeterministicMath.Exp(16.6)));
    }

    private static string Bits(double value) => BitConverter.DoubleToUInt64Bits(value).ToString("X16");
}
