using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Putting configurations together: fallbacks, overrides, resolving.</summary>
public sealed class ConfigTests
{
    [Theory]
    [InlineData("a=1", "a=2, b=3", """{"a":1,"b":3}""")]
    [InlineData("a={x:1}", "a={x:2,y:3}", """{"a":{"x":1,"y":3}}""")]
    [InlineData("a=${a} [2]", "a=[1]", """{"a":[1,2]}""")]
    [InlineData("a+=2", "a=[1]", """{"a":[1,2]}""")]
    [InlineData("a=${b}", "b=5", """{"a":5,"b":5}""")]
    [InlineData("b=6", "a=${b}, b=5", """{"a":6,"b":6}""")]
    [InlineData("a=1", "a=${missing}", """{"a":1}""")]
    [InlineData("a=${?missing}", "a=1", """{"a":1}""")]
    [InlineData("a=null", "a=1", """{"a":null}""")]
    [InlineData("a={x:1}", "a=${b}, b={y:2}", """{"a":{"x":1,"y":2},"b":{"y":2}}""")]
    [InlineData("a=${a}{z:1}, a.w=2", "a=${b}, b={y:2}", """{"a":{"y":2,"z":1,"w":2},"b":{"y":2}}""")]
    [InlineData("p.a=${p.a}x", "p.a=${p.a}y, p.b=1", null)]
    [InlineData("a=[${x}]", "x=1", """{"a":[1],"x":1}""")]
    public void Fallback_is_what_stood_before(string top, string bottom, string? expected)
    {
        HoconConfig merged = Parse(top).WithFallback(Parse(bottom));
        if (expected is null)
        {
            Assert.Throws<HoconException>(merged.Resolve);
            AssertFails(bottom + "\n" + top);
            return;
        }

        AssertJson(expected, merged.Resolve().Root, top + " over " + bottom);
        AssertReads(bottom + "\n" + top, expected);
    }

    [Fact]
    public void Objects_merge_only_with_what_is_next_to_them()
    {
        HoconConfig first = Parse("a : { x : 1 }");
        HoconConfig second = Parse("a : 42");
        HoconConfig third = Parse("a : { y : 2 }");

        AssertJson("""{"a":{"x":1}}""", first.WithFallback(second).WithFallback(third).Root, "42 between");
        AssertJson("""{"a":{"x":1}}""", first.WithFallback(second.WithFallback(third)).Root, "42 between, too");
        AssertJson("""{"a":{"x":1,"y":2}}""", first.WithFallback(third).WithFallback(second).Root, "42 last");
        AssertJson("""{"a":{"x":1,"y":2}}""", first.WithFallback(third.WithFallback(second)).Root, "42 last, too");
    }

    [Fact]
    public void Merging_changes_none_of_its_parts()
    {
        HoconConfig top = Parse("a { b { c = 1 } }, s = ${?x}");
        HoconConfig bottom = Parse("a { b { d = 2 } }, s = {}");
        AssertJson("""{"a":{"b":{"d":2,"c":1}},"s":{}}""", top.WithFallback(bottom).Resolve().Root, "merged");
        AssertJson("""{"a":{"b":{"d":2,"c":1}},"s":{}}""", top.WithFallback(bottom).Resolve().Root, "merged again");
        AssertJson("""{"a":{"b":{"c":1}}}""", top.Resolve().Root, "top");
        AssertJson("""{"a":{"b":{"d":2}},"s":{}}""", bottom.Resolve().Root, "bottom");
    }

    [Fact]
    public void What_is_resolved_keeps_its_values()
    {
        HoconConfig reference = Parse("host = here, url = ${host}/x, list = [${host}]").Resolve();
        HoconConfig application = Parse("host = there, mine = ${url}").WithFallback(reference);
        Assert.False(application.IsResolved);
        AssertJson(
            """{"host":"there","url":"here/x","list":["here"],"mine":"here/x"}""",
            application.Resolve().Root,
            "app");
        Assert.Equal("test", application.Resolve().Root["url"].Origin.Source);
    }

    [Fact]
    public void An_array_at_the_root_cannot_merge()
    {
        HoconConfig array = Parse("[1]");
        Assert.IsType<HoconArray>(array.RootValue);
        Assert.Throws<HoconException>(() => array.Root);
        Assert.Throws<HoconException>(() => array.WithFallback(Parse("a=1")));
        Assert.Throws<HoconException>(() => Parse("a=1").WithFallback(array));
        Assert.Throws<HoconException>(() => array.WithOverride("a", "1", "cli"));
    }

    [Fact]
    public void The_root_needs_resolving_only_when_there_is_a_substitution()
    {
        HoconConfig plain = Parse("a=1, b={c:2}, b={d:3}, e+=1");
        Assert.False(plain.IsResolved);
        AssertJson("""{"a":1,"b":{"c":2,"d":3},"e":[1]}""", plain.Root, "plain");

        HoconConfig open = Parse("a=1\nb={c:[x ${?a}]}");
        HoconException e = Assert.Throws<HoconException>(() => open.Root);
        Assert.Equal(new HoconOrigin("test", 2, 9), e.Origin);
        Assert.Contains("Resolve()", e.Message, StringComparison.Ordinal);
        Assert.Throws<HoconException>(() => open.Render(HoconRenderOptions.Default));

        HoconConfig resolved = open.Resolve();
        Assert.True(resolved.IsResolved);
        Assert.Same(resolved, resolved.Resolve());
        Assert.Same(resolved.Root, resolved.Root);
    }

    [Theory]
    [InlineData("a", "5", """{"a":5,"o":{"p":2}}""")]
    [InlineData("a", "text", """{"a":"text","o":{"p":2}}""")]
    [InlineData("a", "", """{"a":"","o":{"p":2}}""")]
    [InlineData("a", " two words ", """{"a":"two words","o":{"p":2}}""")]
    [InlineData("a", "[1, 2]", """{"a":[1,2],"o":{"p":2}}""")]
    [InlineData("a", "null", """{"a":null,"o":{"p":2}}""")]
    [InlineData("a", "\"5\"", """{"a":"5","o":{"p":2}}""")]
    [InlineData("a", "{x=1, y=${o.p}}", """{"a":{"x":1,"y":2},"o":{"p":2}}""")]
    [InlineData("a", "${a}0", """{"a":"10","o":{"p":2}}""")]
    [InlineData("a", "1 # not cut", """{"a":"1 # not cut","o":{"p":2}}""")]
    [InlineData("a", "x//y", """{"a":"x//y","o":{"p":2}}""")]
    [InlineData("a", "http://x", """{"a":"http://x","o":{"p":2}}""")]
    [InlineData("a", "1, 2", """{"a":"1, 2","o":{"p":2}}""")]
    [InlineData("a", "x{", """{"a":"x{","o":{"p":2}}""")]
    [InlineData("l+", "5", """{"a":1,"o":{"p":2},"l":[5]}""")]
    [InlineData("a", "C:\\dir", """{"a":"C:\\dir","o":{"p":2}}""")]
    [InlineData("o.p", "7", """{"a":1,"o":{"p":7}}""")]
    [InlineData("o.q.r", "7", """{"a":1,"o":{"p":2,"q":{"r":7}}}""")]
    [InlineData("o", "{q:7}", """{"a":1,"o":{"p":2,"q":7}}""")]
    [InlineData("\"x.y\"", "7", """{"a":1,"o":{"p":2},"x.y":7}""")]
    public void Override(string path, string value, string expected)
    {
        HoconConfig config = Parse("a=1, o={p:2}");
        AssertJson(expected, config.WithOverride(path, value, "--set").Resolve().Root, $"{path}={value}");
        AssertJson("""{"a":1,"o":{"p":2}}""", config.Root, "unchanged");
    }

    [Fact]
    public void An_override_has_the_origin_it_was_given()
    {
        HoconConfig config = Parse("a=1").WithOverride("a", "x", "--set a");
        HoconException e = Assert.Throws<HoconException>(() => config.Root["a"].AsInt64());
        Assert.StartsWith("--set a:1:1: ", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<HoconException>(() => Parse("a=1").WithOverride("a..b", "x", "--set"));
        Assert.StartsWith("--set:1:1: ", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_override_can_be_undone_by_a_later_one()
    {
        HoconConfig config = Parse("a=${missing}").WithOverride("a", "1", "x").WithOverride("a", "2", "x");
        Assert.Equal(2, config.Resolve().Root["a"].AsInt64());
    }

    [Fact]
    public void Paths_are_looked_up_by_expression_or_by_keys()
    {
        HoconObject root = Parse("a.b.\"c.d\" = 1, e = [1]").Root;
        Assert.True(root.TryGetPath("a.b.\"c.d\"", out HoconValue? value));
        Assert.Equal(1, value.AsInt64());
        Assert.True(root.TryGetPath(["a", "b", "c.d"], out _));
        Assert.False(root.TryGetPath("a.b.c.d", out value));
        Assert.Null(value);
        Assert.False(root.TryGetPath("e.0", out _));
        Assert.False(root.TryGet("a.b", out _));
        Assert.Equal(1, root.Require("a.b.\"c.d\"").AsInt64());
        Assert.Equal(2, root.Count);
        Assert.Equal(["a", "e"], root.Select(field => field.Key));
    }

    [Fact]
    public void Equal_means_the_same_content()
    {
        AssertEqual(true, "a=1, b=[x, {c=1.0}]", "b = [\"x\", {c : 1}]\na = 1e0");
        AssertEqual(true, "a=1e999", "a=1e999");
        AssertEqual(false, "a=1", "a=\"1\"");
        AssertEqual(false, "a=1", "a=2");
        AssertEqual(false, "a=1", "a=1, b=1");
        AssertEqual(false, "a=1", "b=1");
        AssertEqual(false, "a=[1,2]", "a=[2,1]");
        AssertEqual(false, "a=[1,2]", "a=[1]");
        AssertEqual(false, "a=null", "");
        AssertEqual(false, "a=true", "a=false");
        AssertEqual(false, "a=123456789012345678901234567890", "a=123456789012345678901234567891");
        AssertEqual(false, "a=1e400", "a=1e401");
        AssertEqual(false, "a=1", "a=-1");
        AssertEqual(true, "a=1200e-2", "a=1.2e+01");
        AssertEqual(true, "a=0.0", "a=-0e7");
    }

    private static void AssertEqual(bool equal, string one, string other)
    {
        HoconValue a = Parse(one).RootValue;
        HoconValue b = Parse(other).RootValue;
        Assert.Equal(equal, a.Equals(b));
        Assert.Equal(equal, b.Equals((object)a));
        Assert.True(!equal || a.GetHashCode() == b.GetHashCode());
    }

    private static HoconConfig Parse(string text) => HoconConfig.ParseText(text, "test", Options());
}
