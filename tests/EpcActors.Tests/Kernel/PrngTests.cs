using EpcActors.Kernel.Random;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Kernel;

public sealed class PrngTests
{
    [Fact]
    public void State_1_2_3_4_yields_the_published_reference_values()
    {
        Prng prng = Prng.FromState(new PrngState(1, 2, 3, 4));
        ulong[] expected =
        [
            11520, 0, 1509978240, 1215971899390074240, 1216172134540287360, 607988272756665600,
            16172922978634559625, 8476171486693032832, 10595114339597558777, 2904607092377533576,
        ];

        foreach (ulong value in expected)
        {
            Assert.Equal(value, prng.NextUInt64());
        }
    }

    [Fact]
    public void Seed_0_is_expanded_by_SplitMix64()
    {
        Prng prng = new(0);

        // The first outputs of the SplitMix64 reference code for seed 0.
        Assert.Equal(
            new PrngState(0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC),
            prng.State);
        Assert.Equal(11091344671253066420ul, prng.NextUInt64());
        Assert.Equal(13793997310169335082ul, prng.NextUInt64());
        Assert.Equal(1900383378846508768ul, prng.NextUInt64());
        Assert.Equal(7684712102626143532ul, prng.NextUInt64());
    }

    [Fact]
    public void Seed_42_yields_its_golden_sequence()
    {
        Prng prng = new(42);

        Assert.Equal(1546998764402558742ul, prng.NextUInt64());
        Assert.Equal(6990951692964543102ul, prng.NextUInt64());
        Assert.Equal(12544586762248559009ul, prng.NextUInt64());
        Assert.Equal(17057574109182124193ul, prng.NextUInt64());
    }

    [Fact]
    public void Bounded_draws_have_golden_sequences()
    {
        Prng prng = new(42);
        Assert.Equal([0u, 3u, 6u, 9u, 9u, 7u, 7u, 8u], Draw(8, () => prng.NextBelow(10u)));
        prng = new Prng(42);
        Assert.Equal([0, 3, 6, 9, 9, 7, 7, 8], Draw(8, () => prng.NextBelow(10)));
        prng = new Prng(42);
        Assert.Equal([83862L, 378980L, 680043L, 924692L], Draw(4, () => prng.NextBelow(1_000_000L)));
    }

    [Fact]
    public void Fnv1a_matches_the_published_values()
    {
        // FNV-1a of the empty string is the offset basis; of the bytes 61 00 ("a" in UTF-16LE) computed from its
        // definition.
        Assert.Equal(0xCBF29CE484222325ul, StableHash.Fnv1a(""));
        Assert.Equal(0x089BE207B544F1E4ul, StableHash.Fnv1a("a"));
        Assert.Equal(0xA8C7F832281A39C5ul, StableHash.Fnv1a(0ul));
    }

    [Fact]
    public void Split_streams_are_golden_and_leave_the_parent_alone()
    {
        Prng root = new(1);
        PrngState before = root.State;
        Prng schedule = root.Split("schedule");
        Prng workload = root.Split("workload");

        Assert.Equal(before, root.State);
        Assert.Equal(schedule.State, root.Split("schedule").State);
        Assert.NotEqual(schedule.State, workload.State);
        Assert.NotEqual(schedule.State, new Prng(2).Split("schedule").State);
        Assert.Equal(
            [11407978208801330029ul, 9614164652254665609ul, 1978410881362715231ul],
            Draw(3, () => schedule.NextUInt64()));
        Assert.Equal(10656318089896413700ul, root.Split(7).NextUInt64());
    }

    [Fact]
    public void Neighbouring_labels_give_unrelated_streams()
    {
        Prng root = new(99);
        HashSet<ulong> firsts = [];
        int bitsThatDiffer = 0;
        ulong previous = 0;
        for (ulong label = 0; label < 1000; label++)
        {
            ulong first = root.Split(label).NextUInt64();
            Assert.True(firsts.Add(first));
            bitsThatDiffer += System.Numerics.BitOperations.PopCount(first ^ previous);
            previous = first;
        }

        Assert.InRange(bitsThatDiffer / 1000.0, 31.0, 33.0);
    }

    [Fact]
    public void A_restored_state_repeats_the_sequence()
    {
        Prng prng = new(7);
        for (int i = 0; i < 100; i++)
        {
            prng.NextUInt64();
        }

        Prng restored = Prng.FromState(prng.State);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(prng.NextUInt64(), restored.NextUInt64());
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    [InlineData(97)]
    public void Bounded_draws_are_uniform(int bound)
    {
        const int Draws = 200_000;
        Prng prng = new(2024);
        long[] counts32 = new long[bound];
        long[] counts64 = new long[bound];
        for (int i = 0; i < Draws; i++)
        {
            counts32[prng.NextBelow(bound)]++;
            counts64[prng.NextBelow((long)bound)]++;
        }

        // Mean of chi-square is the degrees of freedom, its variance twice that: five sigmas and a little.
        double limit = bound - 1 + (5 * Math.Sqrt(2.0 * (bound - 1))) + 10;
        Assert.True(ChiSquare(counts32, Draws / (double)bound) < limit);
        Assert.True(ChiSquare(counts64, Draws / (double)bound) < limit);
    }

    [Fact]
    public void A_bound_of_three_quarters_of_the_range_is_not_biased()
    {
        // Plain modulo or an unchecked multiply would favour a part of the range by a factor of two here.
        const uint Bound = 3u << 30;
        Prng prng = new(5);
        int inLowerHalf = 0;
        for (int i = 0; i < 100_000; i++)
        {
            uint value = prng.NextBelow(Bound);
            Assert.True(value < Bound);
            inLowerHalf += value < Bound / 2 ? 1 : 0;
        }

        Assert.InRange(inLowerHalf, 49_000, 51_000);

        const long LongBound = 3L << 61;
        inLowerHalf = 0;
        for (int i = 0; i < 100_000; i++)
        {
            inLowerHalf += prng.NextBelow(LongBound) < LongBound / 2 ? 1 : 0;
        }

        Assert.InRange(inLowerHalf, 49_000, 51_000);
    }

    [Fact]
    public void Chance_follows_the_ratio()
    {
        Prng prng = new(11);
        int hits = 0;
        for (int i = 0; i < 100_000; i++)
        {
            hits += prng.Chance(1, 8) ? 1 : 0;
            Assert.True(prng.Chance(8, 8));
            Assert.False(prng.Chance(0, 8));
        }

        Assert.InRange(hits, 12_000, 13_000);
    }

    [Fact]
    public void NextUnit_stays_in_the_half_open_interval()
    {
        Prng prng = new(3);
        double sum = 0;
        for (int i = 0; i < 100_000; i++)
        {
            double value = prng.NextUnit();
            Assert.True(value is >= 0 and < 1);
            sum += value;
        }

        Assert.InRange(sum / 100_000, 0.495, 0.505);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        Assert.Throws<InvalidOperationException>(() => default(Prng).NextUInt64());
        Assert.Throws<ArgumentException>(() => Prng.FromState(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).NextBelow(0u));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).NextBelow(0L));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).NextBelow(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).Chance(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).Chance(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Prng(1).Chance(0, 0));
    }

    [Fact]
    public void Any_seed_and_bound_stay_in_range()
    {
        Prop.ForAll<ulong, uint, long>((seed, bound, longBound) =>
        {
            Prng prng = new(seed);
            uint bound32 = Math.Max(bound, 1);
            long bound64 = Math.Max(longBound & long.MaxValue, 1);
            long value = prng.NextBelow(bound64);
            return prng.NextBelow(bound32) < bound32 && value >= 0 && value < bound64;
        }).QuickCheckThrowOnFailure();
    }

    private static T[] Draw<T>(int count, Func<T> next)
    {
        T[] values = new T[count];
        for (int i = 0; i < count; i++)
        {
            values[i] = next();
        }

        return values;
    }

    private static double ChiSquare(long[] counts, double expected)
    {
        double sum = 0;
        foreach (long count in counts)
        {
            sum += (count - expected) * (count - expected) / expected;
        }

        return sum;
    }
}
