using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

public sealed class ExamplesTests
{
    /// <summary>Texts on which the two other .NET readers give a wrong value, hang or crash.</summary>
    [Theory]
    [InlineData("", "{}")]
    [InlineData("# only a comment", "{}")]
    [InlineData("{ a : b  \n  , \n }", """{"a":"b"}""")]
    [InlineData("[1,2,3  , ]", "[1,2,3]")]
    [InlineData("{ include\n\"foo\" }", "{}")]
    [InlineData("a : \"\"\"hello\"\"\"\"", """{"a":"hello\""}""")]
    [InlineData("a=[1], a=${a} [2]", """{"a":[1,2]}""")]
    [InlineData("p=x, p=${p}y", """{"p":"xy"}""")]
    [InlineData("a=[1,${?x}]", """{"a":[1]}""")]
    [InlineData("a += 1, a += 2", """{"a":[1,2]}""")]
    [InlineData("\uFEFFa=1", """{"a":1}""")]
    [InlineData("b={x=${a.x}}, a={x=1}, a=${c}, c={x=2}", """{"b":{"x":2},"a":{"x":2},"c":{"x":2}}""")]
    [InlineData("a={b=${c.d}}, c=${a2}, a2={d=1}", """{"a":{"b":1},"c":{"d":1},"a2":{"d":1}}""")]
    public void Read_by_few(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("{")]
    [InlineData("}")]
    [InlineData("10")]
    [InlineData("[ \"hello ]")]
    [InlineData("a=http://x")]
    [InlineData("a=${b} b=${a}")]
    [InlineData("a=${b}, b=${a}")]
    public void Refused_by_few(string text) => AssertFails(text);

    /// <summary>The example of the library's README.</summary>
    [Fact]
    public void Of_the_readme()
    {
        HoconOptions options = Options(Files(("emulator.conf", "epc { size = 32 MiB }\n\nclock.tick = ${tick}")));
        HoconConfig config = HoconConfig.ParseFile("emulator.conf", options)
            .WithFallback(HoconConfig.ParseText("tick = 10 us, epc.sections = 2", "defaults", options))
            .WithOverride("epc.size", "64 MiB", "--set")
            .Resolve();

        HoconObject root = config.Root;
        Assert.Equal(67_108_864, root.Require("epc.size").AsSizeBytes());
        Assert.Equal(10_000, root.Require("clock.tick").AsDurationNs());
        Assert.Equal("emulator.conf:3:1", root.KeyOrigin("clock").ToString());
        Assert.Contains(
            "# --set:1:1\n  size",
            config.Render(new HoconRenderOptions { OriginComments = true }),
            StringComparison.Ordinal);
    }
}
