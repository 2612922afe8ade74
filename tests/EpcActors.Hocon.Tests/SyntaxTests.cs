using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>The parts of section "Syntax" that need no resolving.</summary>
public sealed class SyntaxTests
{
    [Theory]
    [InlineData("a", "a")]
    [InlineData("a.b", "a|b")]
    [InlineData("\"a.b\"", "a.b")]
    [InlineData("\"a.\"", "a.")]
    [InlineData("\".b\"", ".b")]
    [InlineData("true", "true")]
    [InlineData(" a ", "a")]
    [InlineData(" a .b", "a |b")]
    [InlineData(" a . b", "a | b")]
    [InlineData(" a  b", "a  b")]
    [InlineData("a.\"b.c\".d", "a|b.c|d")]
    [InlineData("3.14", "3|14")]
    [InlineData("3.14.159", "3|14|159")]
    [InlineData("a3.14", "a3|14")]
    [InlineData("\"\"", "")]
    [InlineData("a.\"\".b", "a||b")]
    [InlineData("a.\"\"", "a|")]
    [InlineData("\"\".b", "|b")]
    [InlineData("\"\".\"\".\"\"", "||")]
    [InlineData("a-c", "a-c")]
    [InlineData("a_c", "a_c")]
    [InlineData("\"-\"", "-")]
    [InlineData("-", "-")]
    [InlineData("-foo", "-foo")]
    [InlineData("-10", "-10")]
    [InlineData("foo10.0", "foo10|0")]
    [InlineData("10.0foo", "10|0foo")]
    [InlineData("foo\"10.0\"", "foo10.0")]
    [InlineData("1.2.3.4", "1|2|3|4")]
    [InlineData("1e5", "1e5")]
    [InlineData("/a/b.c", "/a/b|c")]
    public void Path_expressions(string expression, string keys)
    {
        string[] path = keys.Split('|');
        HoconObject inKey = (HoconObject)Resolve($"{expression} : 42");
        Assert.True(inKey.TryGetPath(path, out HoconValue? value), $"as a key: {inKey}");
        Assert.Equal(42, value.AsInt64());
        Assert.True(inKey.TryGetPath(expression, out _));

        HoconObject inSubstitution = (HoconObject)Resolve($"{expression} : 42, x-y-z : ${{{expression}}}");
        Assert.Equal(42, inSubstitution["x-y-z"].AsInt64());
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("  \n   \n  ")]
    [InlineData("a.")]
    [InlineData(".b")]
    [InlineData("a..b")]
    [InlineData(".")]
    [InlineData("a${b}c")]
    [InlineData("\"\".")]
    [InlineData(".\"\"")]
    [InlineData("a\nb")]
    [InlineData("a:b")]
    [InlineData("a[0]")]
    [InlineData("\"a")]
    public void Bad_path_expressions(string expression)
    {
        AssertFails($"{{ {expression} : 42 }}");
        AssertFails($"[ ${{{expression}}} ]");
        Assert.Throws<HoconException>(() => new Func<bool>(() =>
            HoconConfig.ParseText("").Root.TryGetPath(expression, out _))());
    }

    [Theory]
    [InlineData("3 : 42", """{"3":42}""")]
    [InlineData("a.b : 1, a.c : 2", """{"a":{"b":1,"c":2}}""")]
    [InlineData("a b c : 42", """{"a b c":42}""")]
    [InlineData("/a/b/c=42, x/y/z : 32", """{"/a/b/c":42,"x/y/z":32}""")]
    [InlineData("0.1.2.3=v", """{"0":{"1":{"2":{"3":"v"}}}}""")]
    [InlineData("\"\" : 1", """{"":1}""")]
    [InlineData("a . b = 1", """{"a ":{" b":1}}""")]
    [InlineData("\"k\\n\\u0041\" = 1", """{"k\nA":1}""")]
    [InlineData("\"\"\"k\"\"\" = 1", """{"k":1}""")]
    public void Keys(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a:10, a:11", """{"a":11}""")]
    [InlineData("a:{x:1,y:2}, a:{x:42,z:100}", """{"a":{"x":42,"y":2,"z":100}}""")]
    [InlineData("a:{b:{x:1,y:2}}, a:{b:{x:42,z:100}}", """{"a":{"b":{"x":42,"y":2,"z":100}}}""")]
    [InlineData("a:{b:1}, a:null, a:{c:2}", """{"a":{"c":2}}""")]
    [InlineData("a:{b:1}, a:42, a:{c:2}", """{"a":{"c":2}}""")]
    [InlineData("a:{b:1}, a:[1], a:{c:2}", """{"a":{"c":2}}""")]
    [InlineData("a:[1], a:[2]", """{"a":[2]}""")]
    [InlineData("a.b.c:1, a.b:5", """{"a":{"b":5}}""")]
    [InlineData("a:5, a.b:1", """{"a":{"b":1}}""")]
    [InlineData("\"foo\":{\"a\":42}, \"foo\":{\"b\":43}", """{"foo":{"a":42,"b":43}}""")]
    public void Repeated_keys(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("{\n  a : y, b : z, c : [ 1, 2, 3 ]\n}")]
    [InlineData("{\n  a : y,\n  b : z,\n  c : [\n 1,\n 2,\n 3,\n ],\n}")]
    [InlineData("{\n  a : y\n  b : z\n  c : [\n 1\n 2\n 3\n ]\n}")]
    public void Commas_and_newlines(string text)
    {
        string noBraces = text[1..^1];
        foreach (string start in (string[])[text, noBraces])
        {
            string[] variants =
            [
                start,
                start.Replace("\n", "\n\n\n", StringComparison.Ordinal),
                start.Replace(",\n", "\n,\n", StringComparison.Ordinal),
                start.Replace(",\n", "  \n  \n  ,  \n  \n  ", StringComparison.Ordinal),
                start.Replace("\n", " \n ", StringComparison.Ordinal),
                start.Replace("\n", "\r\n", StringComparison.Ordinal),
                start.Replace("\n", " # c, }\n", StringComparison.Ordinal),
                start.Replace("\n", "// c\n# d\n", StringComparison.Ordinal),
            ];
            foreach (string variant in variants)
            {
                AssertReads(variant, """{"a":"y","b":"z","c":[1,2,3]}""");
            }
        }
    }

    [Theory]
    [InlineData("\u00A0\u2007\u202F\uFEFF\u1680\u2028\u2029\u3000")]
    [InlineData("\t\v\f\r\u001C\u001D\u001E\u001F")]
    public void White_space_is_unicode(string space)
    {
        foreach (char c in space)
        {
            AssertReads($"{c}a{c}={c}b{c}", """{"a":"b"}""");
            AssertReads($"{c}[{c}1{c},{c}2{c}]{c}", "[1,2]");
            HoconObject inside = (HoconObject)Resolve($"a=b{c}c");
            Assert.Equal($"b{c}c", inside["a"].AsString());
        }
    }

    [Theory]
    [InlineData('\u0085')]
    [InlineData('\u200B')]
    [InlineData('\u0001')]
    [InlineData('\u007F')]
    public void Other_characters_are_text(char c)
    {
        HoconObject root = (HoconObject)Resolve($"a={c}b");
        Assert.Equal($"{c}b", root["a"].AsString());
    }

    [Theory]
    [InlineData(@"""\""\\\/\b\f\n\r\t""", "\"\\/\b\f\n\r\t")]
    [InlineData(@"""\u00e9\u20AC\ud83d\ude00""", "\u00e9\u20ac\U0001F600")]
    [InlineData("\"\u00e9 # // ${x} {}[]:=,\"", "\u00e9 # // ${x} {}[]:=,")]
    [InlineData("\"\uFEFF\"", "\uFEFF")]
    [InlineData("\"\"", "")]
    [InlineData("\"\u007F\u0085\"", "\u007F\u0085")]
    public void Quoted_strings(string text, string value)
    {
        HoconString s = (HoconString)((HoconObject)Resolve("a=" + text))["a"];
        Assert.Equal(value, s.Value);
        Assert.True(s.IsQuoted);
    }

    [Theory]
    [InlineData("\"\\x\"", 1, 4)]
    [InlineData("\"\\u12G4\"", 1, 4)]
    [InlineData("\"ab\\u123", 1, 6)]
    [InlineData("\"a\tb\"", 1, 5)]
    [InlineData("\"a\nb\"", 1, 5)]
    [InlineData("\"a\0b\"", 1, 5)]
    [InlineData("\"ab", 1, 3)]
    [InlineData("\"ab\\", 1, 6)]
    [InlineData("\"\"\"ab\"\"", 1, 3)]
    [InlineData("\"\"\"\"", 1, 3)]
    [InlineData("\"\"\"\"\"", 1, 3)]
    public void Bad_quoted_strings(string text, int line, int column)
    {
        HoconException e = AssertFails("a=" + text);
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("12")]
    [InlineData("-12.50")]
    [InlineData("1e5")]
    [InlineData("1E+5")]
    [InlineData("1.5e-3")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("1e999")]
    public void Numbers_keep_their_text(string text)
    {
        HoconNumber number = (HoconNumber)((HoconObject)Resolve("a=" + text))["a"];
        Assert.Equal(text, number.Text);
    }

    [Theory]
    [InlineData("01")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("-")]
    [InlineData("1e")]
    [InlineData("1.e5")]
    [InlineData("0x10")]
    [InlineData("--1")]
    [InlineData("NaN")]
    [InlineData("-Infinity")]
    [InlineData("1_000")]
    public void What_is_no_json_number_is_text(string text)
    {
        HoconString s = (HoconString)((HoconObject)Resolve("a=" + text))["a"];
        Assert.Equal(text, s.Value);
        Assert.False(s.IsQuoted);
    }

    [Theory]
    [InlineData("a=http://x.org/y", 1, 7)]
    [InlineData("a=b:c", 1, 4)]
    [InlineData("a=b=c", 1, 4)]
    [InlineData("a=c:\\dir", 1, 4)]
    [InlineData("a=x@y", 1, 4)]
    [InlineData("a=1+1", 1, 4)]
    [InlineData("a=$x", 1, 3)]
    [InlineData("a=b\\c", 1, 4)]
    [InlineData("a=wh?t", 1, 5)]
    [InlineData("a=*", 1, 3)]
    [InlineData("a=b, \n\n   !c=d", 3, 4)]
    public void Reserved_characters_are_never_cut_off_silently(string text, int line, int column)
    {
        HoconException e = AssertFails(text);
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
        Assert.Contains("quotes", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("}", 1, 1)]
    [InlineData("\n\n}\n", 3, 1)]
    [InlineData("foo", 1, 4)]
    [InlineData("\n  foo", 2, 6)]
    [InlineData("\n\"foo\"", 2, 6)]
    [InlineData("a : \"\"\"foo\"\"\"}", 1, 14)]
    [InlineData("a : \"\"\"foo\n\"\"\"}", 2, 4)]
    [InlineData("a : \"\"\"foo\nbar\nbaz\n\"\"\"\n\n}", 6, 1)]
    [InlineData("a : \"\"\"foo\n\n\nbar\n", 1, 5)]
    [InlineData("a {\n  b = 1\n  c = 2 3 : 4\n}", 3, 11)]
    [InlineData("a {\n  b = [1, 2\n", 2, 7)]
    [InlineData("a {\n  b = 1\n", 1, 3)]
    [InlineData("a = 1,, b = 2", 1, 7)]
    [InlineData("a = [1, 2, , 3]", 1, 12)]
    [InlineData("# c\n# d\na b", 3, 4)]
    [InlineData("a = [1 2}", 1, 9)]
    [InlineData("a = {b : 1]", 1, 11)]
    [InlineData("a = ${b", 1, 8)]
    [InlineData("a = ${b\n}", 1, 8)]
    [InlineData("a = ${b.}", 1, 5)]
    [InlineData("a = ${b..c}", 1, 7)]
    [InlineData("a..b = 1", 1, 1)]
    [InlineData("a = ${${b}}", 1, 7)]
    [InlineData("a = ${?z} {}\n b = 1, c = ${d}", 2, 13)]
    [InlineData("a = x ${b}\n b = {}", 1, 7)]
    public void Errors_point_at_the_place(string text, int line, int column)
    {
        HoconException e = AssertFails(text);
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
        Assert.Equal($"test:{line}:{column}: {e.Detail}", e.Message);
    }

    [Fact]
    public void Values_and_keys_know_their_places()
    {
        HoconObject root = (HoconObject)Resolve("a = 1\n  b.c : [ x,\n   y ]\nd = ${a}\na = 2 x, b { e = {} }");
        Assert.Equal(new HoconOrigin("test", 5, 5), root["a"].Origin);
        Assert.Equal(new HoconOrigin("test", 5, 1), root.KeyOrigin("a"));
        Assert.Equal(new HoconOrigin("test", 5, 10), root.KeyOrigin("b"));
        HoconObject b = root["b"].AsObject();
        Assert.Equal(new HoconOrigin("test", 2, 3), b.KeyOrigin("c"));
        Assert.Equal(new HoconOrigin("test", 2, 9), b["c"].Origin);
        Assert.Equal(new HoconOrigin("test", 3, 4), b["c"].AsArray()[1].Origin);
        Assert.Equal(new HoconOrigin("test", 5, 18), b["e"].Origin);
        Assert.Equal(root["a"].Origin, root["d"].Origin);
        Assert.Equal(new HoconOrigin("test", 4, 1), root.KeyOrigin("d"));
        Assert.Equal("test:4:1", root.KeyOrigin("d").ToString());
        Assert.Throws<HoconException>(() => root.KeyOrigin("nowhere"));
    }

    [Fact]
    public void The_key_reported_is_the_one_whose_value_counts()
    {
        HoconObject root = (HoconObject)Resolve("a = 1\na = ${?x}\nb = 1\nb = ${?a}\nc = {}\nc = ${a} \nc {d=1}");
        Assert.Equal(1, root.KeyOrigin("a").Line);
        Assert.Equal(4, root.KeyOrigin("b").Line);
        Assert.Equal(7, root.KeyOrigin("c").Line);
    }
}
