using System.Text;
using EpcActors.Kernel.Cgroups;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Kernel;

public sealed class MiscFilesTests
{
    private const ulong Capacity = 98041856;

    [Theory]
    // The rows of the specification.
    [InlineData("sgx_epc 4096", 4096)]
    [InlineData("sgx_epc 0x1000", 4096)]
    [InlineData("sgx_epc +4096", 4096)]
    [InlineData("sgx_epc 0", 0)]
    [InlineData("sgx_epc max", ulong.MaxValue)]
    [InlineData("sgx_epc 98041857", 98041857)]
    [InlineData("sgx_epc 4097", 4097)]
    // White space around the whole.
    [InlineData("sgx_epc 4096\n", 4096)]
    [InlineData("sgx_epc 4096\r\n\n", 4096)]
    [InlineData(" \t\n\v\f\rsgx_epc 4096 \t", 4096)]
    [InlineData("sgx_epc max\n", ulong.MaxValue)]
    // Radix.
    [InlineData("sgx_epc 0X1f", 31)]
    [InlineData("sgx_epc +0xAbCdEf", 0xABCDEF)]
    [InlineData("sgx_epc 010", 8)]
    [InlineData("sgx_epc 00", 0)]
    [InlineData("sgx_epc 0x0", 0)]
    // The ends of the range; 2^64 - 1 as a number reads back as max.
    [InlineData("sgx_epc 18446744073709551615", ulong.MaxValue)]
    [InlineData("sgx_epc 18446744073709551614", ulong.MaxValue - 1)]
    [InlineData("sgx_epc 0xffffffffffffffff", ulong.MaxValue)]
    [InlineData("sgx_epc 0x00000000000000000000001", 1)]
    [InlineData("sgx_epc 01777777777777777777777", ulong.MaxValue)]
    public void Accepted_writes_store_their_value(string text, ulong expected)
    {
        MiscWriteResult result = MiscFiles.ParseMaxWrite(text, Capacity, out MiscResource resource, out ulong value);
        Assert.Equal(MiscWriteResult.Ok, result);
        Assert.Equal(MiscResource.SgxEpc, resource);
        Assert.Equal(expected, value);
    }

    [Theory]
    // The rows of the specification.
    [InlineData("sgx_epc MAX")]
    [InlineData("sgx_epc")]
    [InlineData("4096")]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("  \t ")]
    [InlineData("epc 4096")]
    [InlineData("sgx_epc  4096")]
    [InlineData("sgx_epc\t4096")]
    [InlineData("sgx_epc 4096 x")]
    [InlineData("sgx_epc -1")]
    [InlineData("sgx_epc 4K")]
    // Names must match exactly and exist on the machine.
    [InlineData("SGX_EPC 4096")]
    [InlineData("sgx_ep 4096")]
    [InlineData("sgx_epcs 4096")]
    [InlineData("sgx_epc.max 4096")]
    [InlineData("sev 1")]
    [InlineData("sev max")]
    // One key per write.
    [InlineData("sgx_epc 4096\nsgx_epc 8192")]
    [InlineData("sgx_epc 4096 8192")]
    // Values that are no numbers.
    [InlineData("sgx_epc ")]
    [InlineData("sgx_epc  max")]
    [InlineData("sgx_epc max x")]
    [InlineData("sgx_epc +max")]
    [InlineData("sgx_epc +")]
    [InlineData("sgx_epc ++1")]
    [InlineData("sgx_epc + 1")]
    [InlineData("sgx_epc +-1")]
    [InlineData("sgx_epc 0x")]
    [InlineData("sgx_epc 0xg")]
    [InlineData("sgx_epc x10")]
    [InlineData("sgx_epc 08")]
    [InlineData("sgx_epc 0b1")]
    [InlineData("sgx_epc 1e3")]
    [InlineData("sgx_epc 4,096")]
    [InlineData("sgx_epc 4096.0")]
    [InlineData("sgx_epc \u0664")]
    [InlineData("sgx_epc 4096\u00A0")]
    public void Malformed_writes_are_EINVAL(string text)
    {
        Assert.Equal(MiscWriteResult.EINVAL, MiscFiles.ParseMaxWrite(text, Capacity, out _, out ulong value));
        Assert.Equal(0ul, value);
    }

    [Theory]
    [InlineData("sgx_epc 18446744073709551616")]
    [InlineData("sgx_epc +18446744073709551616\n")]
    [InlineData("sgx_epc 0x10000000000000000")]
    [InlineData("sgx_epc 02000000000000000000000")]
    [InlineData("sgx_epc 99999999999999999999999999")]
    // The digits are read, and found too many, before the rubbish behind them is seen.
    [InlineData("sgx_epc 18446744073709551616 x")]
    [InlineData("sgx_epc 18446744073709551616K")]
    public void Numbers_above_64_bits_are_ERANGE(string text) =>
        Assert.Equal(MiscWriteResult.ERANGE, MiscFiles.ParseMaxWrite(text, Capacity, out _, out _));

    [Fact]
    public void Without_capacity_a_good_write_is_EINVAL_but_too_large_a_number_still_ERANGE()
    {
        Assert.Equal(MiscWriteResult.EINVAL, MiscFiles.ParseMaxWrite("sgx_epc 4096", 0, out _, out _));
        Assert.Equal(MiscWriteResult.EINVAL, MiscFiles.ParseMaxWrite("sgx_epc max", 0, out _, out _));
        Assert.Equal(MiscWriteResult.ERANGE, MiscFiles.ParseMaxWrite("sgx_epc 18446744073709551616", 0, out _, out _));
    }

    [Fact]
    public void The_buffer_is_a_C_string_in_Latin_1()
    {
        Assert.Equal(MiscWriteResult.Ok, MiscFiles.ParseMaxWrite("sgx_epc 7\0 x"u8, Capacity, out _, out ulong value));
        Assert.Equal(7ul, value);
        byte[] text = [0xA0, .. "sgx_epc 8"u8, 0xA0];
        Assert.Equal(MiscWriteResult.Ok, MiscFiles.ParseMaxWrite(text, Capacity, out _, out value));
        Assert.Equal(8ul, value);
    }

    [Fact]
    public void Every_resource_is_known_by_its_name()
    {
        string[] names = ["sev", "sev_es", "tdx", "sgx_epc"];
        MiscResource[] resources = Enum.GetValues<MiscResource>();
        Assert.Equal(MiscValues.Count, resources.Length);
        for (int i = 0; i < names.Length; i++)
        {
            MiscWriteResult result = MiscFiles.ParseMaxWrite(
                names[i] + " 5", MiscValues.All(10), out MiscResource resource, out ulong value);
            Assert.Equal(MiscWriteResult.Ok, result);
            Assert.Equal(resources[i], resource);
            Assert.Equal(5ul, value);
        }
    }

    [Theory]
    [InlineData("10\n", 10)]
    [InlineData("0x1F\n", 31)]
    public void A_number_may_be_followed_by_one_newline(string text, ulong expected)
    {
        Assert.Equal(MiscWriteResult.Ok, MiscFiles.ParseUnsigned(Encoding.UTF8.GetBytes(text), out ulong value));
        Assert.Equal(expected, value);
        Assert.Equal(MiscWriteResult.EINVAL, MiscFiles.ParseUnsigned(Encoding.UTF8.GetBytes(text + "\n"), out _));
    }

    [Fact]
    public void Files_of_a_machine_with_EPC_only()
    {
        MiscValues capacity = MiscValues.OfSgxEpc(Capacity);

        Assert.Equal("sgx_epc 98041856\n", MiscFiles.FormatCapacity(capacity));
        Assert.Equal("sgx_epc max\n", MiscFiles.FormatMax(capacity, MiscValues.All(Limit.Max.Value)));
        Assert.Equal("sgx_epc 4097\n", MiscFiles.FormatMax(capacity, MiscValues.OfSgxEpc(4097)));
        Assert.Equal("sgx_epc 0\n", MiscFiles.FormatMax(capacity, MiscValues.OfSgxEpc(0)));
        Assert.Equal("sgx_epc 4096\n", MiscFiles.FormatCurrent(capacity, MiscValues.OfSgxEpc(4096)));
        Assert.Equal("sgx_epc 0\n", MiscFiles.FormatPeak(capacity, default));
        Assert.Equal("sgx_epc.max 3\n", MiscFiles.FormatEvents(capacity, MiscValues.OfSgxEpc(3)));
    }

    [Fact]
    public void Lines_come_in_the_order_of_the_kernel()
    {
        Assert.Equal("sev 1\nsev_es 1\ntdx 1\nsgx_epc 1\n", MiscFiles.FormatCapacity(MiscValues.All(1)));
        Assert.Equal(
            "sev.max 2\nsev_es.max 2\ntdx.max 2\nsgx_epc.max 2\n",
            MiscFiles.FormatEvents(MiscValues.All(1), MiscValues.All(2)));
    }

    [Fact]
    public void Without_capacity_only_current_peak_and_events_show_what_is_left()
    {
        MiscValues none = default;
        MiscValues some = MiscValues.OfSgxEpc(4096);

        Assert.Equal("", MiscFiles.FormatCapacity(none));
        Assert.Equal("", MiscFiles.FormatMax(none, some));
        Assert.Equal("", MiscFiles.FormatCurrent(none, none));
        Assert.Equal("sgx_epc 4096\n", MiscFiles.FormatCurrent(none, some));
        Assert.Equal("sgx_epc 4096\n", MiscFiles.FormatPeak(none, some));
        Assert.Equal("sgx_epc.max 4096\n", MiscFiles.FormatEvents(none, some));
    }

    [Fact]
    public void File_names_are_those_of_the_kernel()
    {
        string[] expected =
            ["misc.capacity", "misc.max", "misc.current", "misc.peak", "misc.events", "misc.events.local"];
        Assert.Equal(expected, Enum.GetValues<MiscFile>().Select(MiscFiles.NameOf));
    }

    [Fact]
    public void Which_files_exist_depends_on_kernel_and_level()
    {
        Assert.Equal(["misc.capacity"], FilesOf(MiscFileSet.First, isRoot: true));
        Assert.Equal(["misc.max", "misc.current"], FilesOf(MiscFileSet.First, isRoot: false));
        Assert.Equal(["misc.capacity", "misc.current"], FilesOf(MiscFileSet.BeforePeak, isRoot: true));
        Assert.Equal(["misc.max", "misc.current", "misc.events"], FilesOf(MiscFileSet.BeforePeak, isRoot: false));
        Assert.Equal(["misc.capacity", "misc.current", "misc.peak"], FilesOf(MiscFileSet.Newest, isRoot: true));
        Assert.Equal(
            ["misc.max", "misc.current", "misc.peak", "misc.events", "misc.events.local"],
            FilesOf(MiscFileSet.Newest, isRoot: false));
    }

    [Fact]
    public void What_misc_max_shows_can_be_written_back()
    {
        Prop.ForAll<ulong>(limit =>
        {
            string shown = MiscFiles.FormatMax(MiscValues.OfSgxEpc(Capacity), MiscValues.OfSgxEpc(limit));
            MiscWriteResult result = MiscFiles.ParseMaxWrite(
                shown, Capacity, out MiscResource resource, out ulong value);
            return result == MiscWriteResult.Ok
                && resource == MiscResource.SgxEpc
                && value == limit;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_radix_reads_back_what_was_written()
    {
        Prop.ForAll<ulong>(value =>
        {
            string octal = "0" + Octal(value);
            return Reads("sgx_epc " + value, value)
                && Reads($"sgx_epc +{value}\n", value)
                && Reads($"sgx_epc 0x{value:x}", value)
                && Reads($"sgx_epc 0X{value:X16}", value)
                && Reads("sgx_epc " + octal, value);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void No_text_makes_the_parser_fail_otherwise_than_by_its_result()
    {
        Prop.ForAll<byte[]>(text =>
        {
            MiscWriteResult result = MiscFiles.ParseMaxWrite(text ?? [], Capacity, out _, out ulong value);
            return result == MiscWriteResult.Ok || value == 0;
        }).QuickCheckThrowOnFailure();
    }

    private static bool Reads(string text, ulong expected) =>
        MiscFiles.ParseMaxWrite(text, Capacity, out _, out ulong value) == MiscWriteResult.Ok && value == expected;

    private static string Octal(ulong value)
    {
        string digits = "";
        do
        {
            digits = (char)('0' + (value & 7)) + digits;
            value >>= 3;
        }
        while (value != 0);
        return digits;
    }

    private static string[] FilesOf(MiscFileSet files, bool isRoot) =>
        [.. Enum.GetValues<MiscFile>().Where(file => files.Contains(file, isRoot)).Select(MiscFiles.NameOf)];
}
