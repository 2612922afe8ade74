using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Section "Automatic type conversions".</summary>
public sealed class ConversionTests
{
    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("\"abc\"", "abc")]
    [InlineData("42", "42")]
    [InlineData("1e5", "1e5")]
    [InlineData("true", "true")]
    [InlineData("false", "false")]
    public void To_string(string text, string expected) => Assert.Equal(expected, Value(text).AsString());

    [Theory]
    [InlineData("42", 42)]
    [InlineData("\"42\"", 42)]
    [InlineData("-7", -7)]
    [InlineData("1e3", 1000)]
    [InlineData("5.0", 5)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("-9.223372036854775808e18", long.MinValue)]
    public void To_whole_number(string text, long expected) => Assert.Equal(expected, Value(text).AsInt64());

    [Theory]
    [InlineData("42.5", 42.5)]
    [InlineData("\"42.5\"", 42.5)]
    [InlineData("-1e-3", -0.001)]
    [InlineData("7", 7.0)]
    public void To_double(string text, double expected) => Assert.Equal(expected, Value(text).AsDouble());

    [Theory]
    [InlineData("true", true)]
    [InlineData("yes", true)]
    [InlineData("on", true)]
    [InlineData("\"true\"", true)]
    [InlineData("false", false)]
    [InlineData("no", false)]
    [InlineData("off", false)]
    public void To_boolean(string text, bool expected) => Assert.Equal(expected, Value(text).AsBoolean());

    [Theory]
    [InlineData("[1,2]", "[1,2]")]
    [InlineData("{0:a,1:b}", """["a","b"]""")]
    [InlineData("{10:a,9:b,\"007\":c,x:d}", """["c","b","a"]""")]
    public void To_array(string text, string expected) => AssertJson(expected, Value(text).AsArray(), text);

    [Fact]
    public void To_object() => Assert.Equal(1, Value("{x:1}").AsObject()["x"].AsInt64());

    [Fact]
    public void To_units()
    {
        Assert.Equal(5_000_000, Value("5").AsDurationNs());
        Assert.Equal(5_000, Value("5 us").AsDurationNs());
        Assert.Equal(5_000, Value("\"5us\"").AsDurationNs());
        Assert.Equal(5, Value("5").AsSizeBytes());
        Assert.Equal(5 * 1024 * 1024, Value("5MiB").AsSizeBytes());
        Assert.Equal(new HoconPeriod(0, 0, 14), Value("2w").AsPeriod());
    }

    public static TheoryData<string, string> Refused
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach ((string conversion, string texts) in (ReadOnlySpan<(string, string)>)
            [
                ("string", "null|[1]|{a:1}"),
                ("int", "null|true|[1]|{a:1}|abc|1.5|\"0x10\"|\"\"|\" 1\"|1e30|9223372036854775808|1e-40|01"),
                ("double", "null|true|[1]|{a:1}|abc|\"NaN\"|\"Infinity\"|1e999|\".5\""),
                ("boolean", "null|1|0|[true]|{a:1}|True|YES|\"\"|t"),
                ("array", "null|1|abc|true|{}|{a:1}|{\"-1\":a}|{\"1.5\":a}|{\"+1\":a}"),
                ("object", "null|1|abc|true|[1]"),
                ("duration", "null|true|[1]|{a:1}|abc|5 parsecs|\"\""),
                ("size", "null|true|[1]|{a:1}|abc|5 Kb|-1"),
                ("period", "null|true|[1]|{a:1}|abc|1.5d|5 h"),
            ])
            {
                foreach (string text in texts.Split('|'))
                {
                    data.Add(conversion, text);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Nothing_else(string conversion, string text)
    {
        HoconValue value = Value(text);
        HoconException e = Assert.Throws<HoconException>(() => Convert(conversion, value));
        Assert.Equal(new HoconOrigin("test", 2, 5), e.Origin);
    }

    [Fact]
    public void The_message_says_what_was_found_and_expected()
    {
        HoconException e = Assert.Throws<HoconException>(() => Value("abc").AsInt64());
        Assert.Equal("test:2:5: found the string \"abc\"; expected a whole number", e.Message);
        e = Assert.Throws<HoconException>(() => Value("null").AsString());
        Assert.Equal("test:2:5: found null; expected a string", e.Message);
        e = Assert.Throws<HoconException>(() => ((HoconObject)Resolve("a=1")).Require("b.c"));
        Assert.Contains("'b.c'", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<HoconException>(() => ((HoconObject)Resolve("a=1"))["b"]);
        Assert.Contains("'b'", e.Message, StringComparison.Ordinal);
    }

    private static HoconValue Value(string text) => ((HoconObject)Resolve($"# c\nv = {text}"))["v"];

    private static object Convert(string conversion, HoconValue value) => conversion switch
    {
        "string" => value.AsString(),
        "int" => value.AsInt64(),
        "double" => value.AsDouble(),
        "boolean" => value.AsBoolean(),
        "array" => value.AsArray(),
        "object" => value.AsObject(),
        "duration" => value.AsDurationNs(),
        "size" => value.AsSizeBytes(),
        _ => value.AsPeriod(),
    };
}
