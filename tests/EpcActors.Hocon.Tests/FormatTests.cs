using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Files whose extension says that they are JSON or Java properties.</summary>
public sealed class FormatTests
{
    [Theory]
    [InlineData("""{"a":{"b":[1,-2.5e3,"x",true,false,null]},"c.d":{}}""")]
    [InlineData(" \t\r\n[ ] \n")]
    [InlineData("""{ "${a}" : "${b}", "include" : "\u0041\n" }""")]
    [InlineData("\uFEFF{}")]
    public void Json(string text) => AssertJson(text.TrimStart('\uFEFF'), ReadAs("x.json", text), text);

    [Fact]
    public void Json_with_a_repeated_key_merges() =>
        AssertJson("""{"a":{"b":1,"c":2}}""", ReadAs("x.json", """{"a":{"b":1},"a":{"c":2}}"""), "repeated");

    [Theory]
    [InlineData("", 1, 1)]
    [InlineData("1", 1, 1)]
    [InlineData("\"a\" : 1", 1, 1)]
    [InlineData("{a:1}", 1, 2)]
    [InlineData("{\"a\"=1}", 1, 5)]
    [InlineData("{\"a\":b}", 1, 6)]
    [InlineData("{\"a\":1,}", 1, 8)]
    [InlineData("{\"a\":1\n\"b\":2}", 2, 1)]
    [InlineData("[1,]", 1, 4)]
    [InlineData("[1 2]", 1, 4)]
    [InlineData("[1\n2]", 2, 1)]
    [InlineData("[01]", 1, 2)]
    [InlineData("[+1]", 1, 2)]
    [InlineData("[${a}]", 1, 2)]
    [InlineData("[\"\"\"a\"\"\"]", 1, 4)]
    [InlineData("{} # c", 1, 4)]
    [InlineData("{} // c", 1, 4)]
    [InlineData("{}{}", 1, 3)]
    [InlineData("{\"a\" {}}", 1, 6)]
    [InlineData("{\"a\":[1}", 1, 8)]
    [InlineData("{\"a\":1", 1, 7)]
    [InlineData("[", 1, 2)]
    [InlineData("[\u00A01]", 1, 2)]
    public void Json_is_strict(string text, int line, int column)
    {
        HoconException e = Assert.Throws<HoconException>(() => ReadAs("x.json", text));
        Assert.Equal(new HoconOrigin("x.json", line, column), e.Origin);
    }

    [Theory]
    [InlineData("a=1\nb:2\nc 3\n", """{"a":"1","b":"2","c":"3"}""")]
    [InlineData("# c\n! d\n\n  \t a = b \n", """{"a":"b "}""")]
    [InlineData("a.b=1\na.c=2", """{"a":{"b":"1","c":"2"}}""")]
    [InlineData("a=hello\na.b=world", """{"a":{"b":"world"}}""")]
    [InlineData("a.b=world\na=hello", """{"a":{"b":"world"}}""")]
    [InlineData("a=1\na=2", """{"a":"2"}""")]
    [InlineData(".=x", """{"":{"":"x"}}""")]
    [InlineData("a.=x", """{"a":{"":"x"}}""")]
    [InlineData(".a=x", """{"":{"a":"x"}}""")]
    [InlineData("a..b=x", """{"a":{"":{"b":"x"}}}""")]
    [InlineData("a", """{"a":""}""")]
    [InlineData("a=", """{"a":""}""")]
    [InlineData("=x", """{"":"x"}""")]
    [InlineData("a = b = c : d", """{"a":"b = c : d"}""")]
    [InlineData("a b\\ c", """{"a":"b c"}""")]
    [InlineData("a\\ b\\=\\:c = d", """{"a b=:c":"d"}""")]
    [InlineData("a = x\\\n   y\\\r\n  z\nb=1", """{"a":"xyz","b":"1"}""")]
    [InlineData("a = \\t\\n\\r\\f\\u0041\\q\\\\", """{"a":"\t\n\r\fAq\\"}""")]
    [InlineData("a=1\r\nb=2\rc=3", """{"a":"1","b":"2","c":"3"}""")]
    [InlineData("a = # no comment", """{"a":"# no comment"}""")]
    [InlineData("a=x\\", """{"a":"x"}""")]
    [InlineData("", "{}")]
    [InlineData("a=${b}", """{"a":"${b}"}""")]
    public void Properties(string text, string expected) => AssertJson(expected, ReadAs("x.properties", text), text);

    [Fact]
    public void Properties_have_positions_and_bad_escapes()
    {
        HoconObject root = ReadAs("x.properties", "# c\n a.b = v\n").AsObject();
        Assert.Equal(new HoconOrigin("x.properties", 2, 2), root["a"].AsObject().KeyOrigin("b"));
        Assert.Equal(new HoconOrigin("x.properties", 2, 8), root.Require("a.b").Origin);

        HoconException e = Assert.Throws<HoconException>(() => ReadAs("x.properties", "a=1\nb=x\\u12"));
        Assert.Equal(new HoconOrigin("x.properties", 2, 4), e.Origin);
    }

    private static HoconValue ReadAs(string name, string text) =>
        HoconConfig.ParseFile(name, Options(Files((name, text)))).Resolve().RootValue;
}
