namespace EpcActors.Hocon.Tests;

/// <summary>Sections "Units format", "Duration format", "Period Format" and "Size in bytes format".</summary>
public sealed class UnitTests
{
    [Theory]
    [InlineData("ns nano nanos nanosecond nanoseconds", 1)]
    [InlineData("us micro micros microsecond microseconds", 1_000)]
    [InlineData("ms milli millis millisecond milliseconds", 1_000_000)]
    [InlineData("s second seconds", 1_000_000_000)]
    [InlineData("m minute minutes", 60_000_000_000)]
    [InlineData("h hour hours", 3_600_000_000_000)]
    [InlineData("d day days", 86_400_000_000_000)]
    public void Every_name_of_a_duration(string names, long nanoseconds)
    {
        foreach (string name in names.Split(' '))
        {
            AssertDuration("3" + name, 3 * nanoseconds);
            AssertDuration($" \u00A0-3 \t{name}\n ", -3 * nanoseconds);
            AssertNoDuration("3" + name.ToUpperInvariant());
            AssertNoDuration("3" + name + "x");
        }
    }

    [Theory]
    [InlineData("10", 10_000_000)]
    [InlineData("0.5", 500_000)]
    [InlineData("1.5s", 1_500_000_000)]
    [InlineData("1.5 us", 1_500)]
    [InlineData("0.1s", 100_000_000)]
    [InlineData("0.3 ns", 0)]
    [InlineData("1e3 ms", 1_000_000_000)]
    [InlineData("2e-3s", 2_000_000)]
    [InlineData("0", 0)]
    [InlineData("9223372036854775807 ns", long.MaxValue)]
    [InlineData("-9223372036854775808 ns", long.MinValue)]
    [InlineData("106751 d", 106_751 * 86_400_000_000_000)]
    public void Durations(string text, long nanoseconds) => AssertDuration(text, nanoseconds);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("ms")]
    [InlineData("10 mss")]
    [InlineData("10 KiB")]
    [InlineData("ten s")]
    [InlineData("1 2 s")]
    [InlineData("1.s")]
    [InlineData("+1s")]
    [InlineData("1s1")]
    [InlineData("9223372036854775808 ns")]
    [InlineData("106752 d")]
    [InlineData("1e30 s")]
    [InlineData("1e400 s")]
    public void No_durations(string text) => AssertNoDuration(text);

    [Theory]
    [InlineData("B b byte bytes", 1)]
    [InlineData("kB kilobyte kilobytes", 1_000)]
    [InlineData("MB megabyte megabytes", 1_000_000)]
    [InlineData("GB gigabyte gigabytes", 1_000_000_000)]
    [InlineData("TB terabyte terabytes", 1_000_000_000_000)]
    [InlineData("PB petabyte petabytes", 1_000_000_000_000_000)]
    [InlineData("EB exabyte exabytes", 1_000_000_000_000_000_000)]
    [InlineData("K k Ki KiB kibibyte kibibytes", 1L << 10)]
    [InlineData("M m Mi MiB mebibyte mebibytes", 1L << 20)]
    [InlineData("G g Gi GiB gibibyte gibibytes", 1L << 30)]
    [InlineData("T t Ti TiB tebibyte tebibytes", 1L << 40)]
    [InlineData("P p Pi PiB pebibyte pebibytes", 1L << 50)]
    [InlineData("E e Ei EiB exbibyte exbibytes", 1L << 60)]
    public void Every_name_of_a_size(string names, long bytes)
    {
        foreach (string name in names.Split(' '))
        {
            AssertSize("3" + name, 3 * bytes);
            AssertSize($" 0.5 {name} ", bytes / 2);
            AssertNoSize("3" + name + "x");
        }
    }

    [Theory]
    [InlineData("ZB zettabyte zettabytes Z z Zi ZiB zebibyte zebibytes")]
    [InlineData("YB yottabyte yottabytes Y y Yi YiB yobibyte yobibytes")]
    public void The_largest_units_are_known_but_overflow(string names)
    {
        foreach (string name in names.Split(' '))
        {
            Assert.False(HoconUnits.TryParseSize("1" + name, out _, out string? error));
            Assert.Contains("does not fit 64 bits", error, StringComparison.Ordinal);
            AssertSize("0 " + name, 0);
        }

        AssertSize("0.001ZB", 1_000_000_000_000_000_000);
    }

    [Theory]
    [InlineData("1024", 1024)]
    [InlineData("1.5", 1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("7.5E", 8_646_911_284_551_352_320)]
    [InlineData("128K", 131_072)]
    [InlineData("1e3 kB", 1_000_000)]
    public void Sizes(string text, long bytes) => AssertSize(text, bytes);

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("KB 1")]
    [InlineData("1 KB")]
    [InlineData("1 Kb")]
    [InlineData("1 mb")]
    [InlineData("1 kib")]
    [InlineData("1 ms")]
    [InlineData("1 bit")]
    [InlineData("-1")]
    [InlineData("-1 K")]
    [InlineData("8 E")]
    [InlineData("10 EB")]
    [InlineData("9223372036854775808")]
    public void No_sizes(string text) => AssertNoSize(text);

    [Theory]
    [InlineData("5", 0, 0, 5)]
    [InlineData("5d", 0, 0, 5)]
    [InlineData("1 day", 0, 0, 1)]
    [InlineData("-3 days", 0, 0, -3)]
    [InlineData("2w", 0, 0, 14)]
    [InlineData("1 week", 0, 0, 7)]
    [InlineData("2 weeks", 0, 0, 14)]
    [InlineData("2m", 0, 2, 0)]
    [InlineData("2mo", 0, 2, 0)]
    [InlineData("1 month", 0, 1, 0)]
    [InlineData("2 months", 0, 2, 0)]
    [InlineData("3y", 3, 0, 0)]
    [InlineData("1 year", 1, 0, 0)]
    [InlineData("3 years", 3, 0, 0)]
    public void Periods(string text, int years, int months, int days)
    {
        Assert.True(HoconUnits.TryParsePeriod(text, out HoconPeriod period, out string? error), error);
        Assert.Equal(new HoconPeriod(years, months, days), period);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.5 d")]
    [InlineData("1 h")]
    [InlineData("1 D")]
    [InlineData("3000000000 d")]
    [InlineData("400000000 w")]
    [InlineData("week")]
    public void No_periods(string text)
    {
        Assert.False(HoconUnits.TryParsePeriod(text, out HoconPeriod period, out string? error));
        Assert.Equal(default, period);
        Assert.NotEmpty(error);
    }

    private static void AssertDuration(string text, long expected)
    {
        Assert.True(HoconUnits.TryParseDuration(text, out long nanoseconds, out string? error), error);
        Assert.Equal(expected, nanoseconds);
    }

    private static void AssertNoDuration(string text)
    {
        Assert.False(HoconUnits.TryParseDuration(text, out long nanoseconds, out string? error), text);
        Assert.Equal(0, nanoseconds);
        Assert.Contains($"'{text}'", error, StringComparison.Ordinal);
    }

    private static void AssertSize(string text, long expected)
    {
        Assert.True(HoconUnits.TryParseSize(text, out long bytes, out string? error), error);
        Assert.Equal(expected, bytes);
    }

    private static void AssertNoSize(string text)
    {
        Assert.False(HoconUnits.TryParseSize(text, out long bytes, out string? error), text);
        Assert.Equal(0, bytes);
        Assert.Contains($"'{text}'", error, StringComparison.Ordinal);
    }
}
