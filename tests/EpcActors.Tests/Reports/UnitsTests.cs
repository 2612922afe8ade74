using EpcActors.Reports;

namespace EpcActors.Tests.Reports;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.0 KiB")]
    [InlineData(1_048_524, "1023.9 KiB")]
    [InlineData(1_048_575, "1.0 MiB")]
    [InlineData(66_248_704, "63.2 MiB")]
    [InlineData(98_041_856, "93.5 MiB")]
    [InlineData(549_755_813_888, "512.0 GiB")]
    [InlineData(-4096, "-4.0 KiB")]
    [InlineData(long.MinValue, "-8.0 EiB")]
    public void Bytes_have_a_binary_prefix(long bytes, string expected) => Assert.Equal(expected, Units.Bytes(bytes));

    [Theory]
    [InlineData(67_108_864, "64 MiB")]
    [InlineData(98_041_856, "93.5 MiB")]
    public void Short_bytes_drop_a_needless_decimal(long bytes, string expected) =>
        Assert.Equal(expected, Units.BytesShort(bytes));

    [Fact]
    public void A_limit_that_is_not_set_is_max()
    {
        Assert.Equal("max", Units.Limit(null));
        Assert.Equal("0 B", Units.Limit(0));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1000, "1 000")]
    [InlineData(1_234_567, "1 234 567")]
    [InlineData(-100, "-100")]
    [InlineData(-1_234_567, "-1 234 567")]
    [InlineData(long.MaxValue, "9 223 372 036 854 775 807")]
    [InlineData(long.MinValue, "-9 223 372 036 854 775 808")]
    public void Counts_are_grouped_by_three(long count, string expected) => Assert.Equal(expected, Units.Count(count));

    [Theory]
    [InlineData(0, "0 ns")]
    [InlineData(999, "999 ns")]
    [InlineData(1000, "1.00 µs")]
    [InlineData(12_400, "12.4 µs")]
    [InlineData(999_499, "999 µs")]
    [InlineData(999_600, "1.00 ms")]
    [InlineData(1_250_000_000, "1.25 s")]
    [InlineData(75_300_000_000, "75.3 s")]
    [InlineData(999_800_000_000, "16 min 40 s")]
    [InlineData(10_000_000_000_000, "2 h 46 min")]
    [InlineData(-12_400, "-12.4 µs")]
    [InlineData(long.MinValue, "-2562047 h 47 min")]
    public void Durations_have_three_digits(long ns, string expected) => Assert.Equal(expected, Units.Duration(ns));

    [Theory]
    [InlineData(0, "0.0 %")]
    [InlineData(0.0004, "<0.1 %")]
    [InlineData(-0.0004, ">-0.1 %")]
    [InlineData(0.0005, "0.1 %")]
    [InlineData(0.41234, "41.2 %")]
    [InlineData(1, "100.0 %")]
    [InlineData(double.NaN, "-")]
    public void Percent_never_hides_what_is_there(double share, string expected) =>
        Assert.Equal(expected, Units.Percent(share));

    [Theory]
    [InlineData(100, 112.5, "+12.5 %")]
    [InlineData(100, 97, "-3.0 %")]
    [InlineData(100, 100, "=")]
    [InlineData(100_000, 100_001, "≈")]
    [InlineData(2, 50, "×25.0")]
    [InlineData(1, 102_881, ">×1000")]
    [InlineData(0, 5, "-")]
    [InlineData(0, 0, "=")]
    public void Changes_are_against_the_base(double from, double to, string expected) =>
        Assert.Equal(expected, Units.Change(from, to));

    [Theory]
    [InlineData(845, "845/s")]
    [InlineData(0.5, "0.50/s")]
    [InlineData(12_400, "12.4 k/s")]
    [InlineData(999_600, "1.00 M/s")]
    public void Rates_have_a_decimal_prefix(double rate, string expected) => Assert.Equal(expected, Units.Rate(rate));

    [Theory]
    [InlineData(1.01, "1.01×")]
    [InlineData(14.5, "14.50×")]
    [InlineData(250.4, "250×")]
    [InlineData(null, "-")]
    [InlineData(double.PositiveInfinity, "-")]
    public void Slowdown_is_a_factor(double? factor, string expected) => Assert.Equal(expected, Units.Slowdown(factor));

    [Fact]
    public void Pages_say_their_bytes()
    {
        Assert.Equal("23 936 pages (93.5 MiB)", Units.Pages(23_936));
        Assert.Equal("1 page (4.0 KiB)", Units.Pages(1));
    }

    [Fact]
    public void Latency_without_a_fault_is_a_dash()
    {
        Assert.Equal("-", Units.Latency(0, 0));
        Assert.Equal("0 ns", Units.Latency(0, 1));
    }
}
