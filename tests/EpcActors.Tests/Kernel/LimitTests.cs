using EpcActors.Kernel.Cgroups;

namespace EpcActors.Tests.Kernel;

/// <summary>A limit is a u64 whose greatest value is max, as in misc.c.</summary>
public sealed class LimitTests
{
    [Fact]
    public void Max_refuses_nothing_and_reads_max()
    {
        Assert.True(Limit.Max.IsMax);
        Assert.True(Limit.Max.Allows(ulong.MaxValue));
        Assert.Equal("max", Limit.Max.ToString());
        Assert.Equal((long.MaxValue, (long?)null), (Limit.Max.Bytes, Limit.Max.BytesOrNull));
        Assert.Equal(Limit.Max, Limit.Of(ulong.MaxValue));
    }

    [Theory]
    [InlineData(0UL, 0, 0)]
    [InlineData(4095UL, 4095, 0)]
    [InlineData(4096UL, 4096, 1)]
    [InlineData(1UL << 63, long.MaxValue, long.MaxValue / 4096)]
    [InlineData(ulong.MaxValue - 1, long.MaxValue, long.MaxValue / 4096)]
    public void A_number_is_kept_unrounded_and_counts_as_far_as_a_long_goes(ulong value, long bytes, long pages)
    {
        Limit limit = Limit.Of(value);
        Assert.False(limit.IsMax);
        Assert.Equal((value, bytes, pages), (limit.Value, limit.Bytes, limit.Pages));
        Assert.Equal(value.ToString(System.Globalization.CultureInfo.InvariantCulture), limit.ToString());
        Assert.True(limit.Allows(value));
        Assert.False(limit.Allows(value + 1));
    }

    [Fact]
    public void Limits_are_ordered_by_what_they_allow()
    {
        Assert.True(Limit.OfBytes(4096) < Limit.Max && Limit.Max >= Limit.Max);
        Assert.Equal(default, Limit.OfBytes(0));
    }

    [Theory]
    [InlineData(4095UL, 4096UL)]
    [InlineData(1UL << 62, 1UL << 63)]
    [InlineData(ulong.MaxValue - 1, ulong.MaxValue)]
    public void The_operators_agree_with_the_order(ulong less, ulong more)
    {
        (Limit small, Limit large, Limit same) = (Limit.Of(less), Limit.Of(more), Limit.Of(less));
        Assert.True(small.CompareTo(large) < 0 && large.CompareTo(small) > 0 && small.CompareTo(same) == 0);
        Assert.True(small < large && large > small && small <= large && large >= small);
        Assert.False(large < small || small > large || large <= small || small >= large);
        Assert.True(small <= same && small >= same);
        Assert.False(small < same || small > same);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void A_negative_limit_is_refused(long bytes)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Limit.OfBytes(bytes));
        Assert.Throws<ArgumentOutOfRangeException>(() => Limit.OfPages(bytes));
    }
}
