using EpcActors.Imports.Kubernetes;

namespace EpcActors.Tests.Imports;

/// <summary>Quantities of Kubernetes, by the examples of its own documentation and by its arithmetic.</summary>
public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0L)]
    [InlineData("33554432", 33554432L)]
    [InlineData("+5", 5L)]
    [InlineData("1k", 1000L)]
    [InlineData("1Ki", 1024L)]
    [InlineData("1M", 1000000L)]
    [InlineData("1Mi", 1048576L)]
    [InlineData("1G", 1000000000L)]
    [InlineData("1Gi", 1073741824L)]
    [InlineData("1T", 1000000000000L)]
    [InlineData("1Ti", 1099511627776L)]
    [InlineData("1P", 1000000000000000L)]
    [InlineData("1Pi", 1125899906842624L)]
    [InlineData("1E", 1000000000000000000L)]
    [InlineData("1Ei", 1152921504606846976L)]
    [InlineData("1e3", 1000L)]
    [InlineData("1E3", 1000L)]
    [InlineData("12e+2", 1200L)]
    [InlineData("1500e-3", 2L)]
    [InlineData("1.5Gi", 1610612736L)]
    [InlineData(".5Mi", 524288L)]
    [InlineData("2.Ki", 2048L)]
    [InlineData("7910m", 8L)]
    [InlineData("1u", 1L)]
    [InlineData("1n", 1L)]
    [InlineData("128974848000m", 128974848L)]
    [InlineData("0.1Ki", 103L)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("100Ei", long.MaxValue)]
    [InlineData("-1", -1L)]
    public void A_quantity_is_rounded_up_to_whole_bytes(string text, long bytes)
    {
        Assert.True(Quantity.TryParse(text, out Quantity quantity));
        Assert.Equal(bytes, quantity.Ceiling);
    }

    [Theory]
    [InlineData("1.5", false)]
    [InlineData("1.5Ki", true)]
    [InlineData("0.1Ki", false)]
    [InlineData("500m", false)]
    [InlineData("2000m", true)]
    [InlineData("1e-1", false)]
    public void Parts_of_a_byte_are_known(string text, bool isWhole)
    {
        Assert.True(Quantity.TryParse(text, out Quantity quantity));
        Assert.Equal(isWhole, quantity.IsWhole);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData(".")]
    [InlineData("1K")]
    [InlineData("1mi")]
    [InlineData("1 Mi")]
    [InlineData("1MB")]
    [InlineData("1MiB")]
    [InlineData("0x10")]
    [InlineData("1e3Mi")]
    [InlineData("1e99")]
    [InlineData("1_000")]
    [InlineData("max")]
    [InlineData("99999999999999999999999999999999999999999999999999999999999999999999")]
    public void What_is_none_is_refused(string text) => Assert.False(Quantity.TryParse(text, out _));

    [Theory]
    [InlineData("64K", "write 64Ki (powers of 1024) or 64k (powers of 1000)")]
    [InlineData("64 MiB", "write 64Mi")]
    [InlineData("many", "write a number, alone or with Ki, Mi, Gi")]
    public void The_remedy_is_what_was_meant(string text, string remedy) =>
        Assert.StartsWith(remedy, Quantity.Remedy(text), StringComparison.Ordinal);
}
