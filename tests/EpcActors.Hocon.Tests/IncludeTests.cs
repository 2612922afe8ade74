using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Section "Includes", with files in memory.</summary>
public sealed class IncludeTests
{
    private static readonly Dictionary<string, string> Set = Files(
        ("foo.conf", "x : 10, y : ${x}"),
        ("base.conf", "from = conf, conf = 1"),
        ("base.json", "{ \"from\" : \"json\", \"json\" : 1 }"),
        ("base.properties", "from=properties\nproperties=1\n"),
        ("array.conf", "[1,2]"),
        ("array.json", "[1,2]"),
        ("odd.name", "odd = 1"),
        ("rows.conf", "x = 1, rows = [ { y = ${x}, r = [${x}] } ]"),
        ("list.conf", "l += c, l += d"),
        ("self.conf", "p = ${p} [b]"),
        ("outer.conf", "name = outer, inner { include \"inner.conf\" }"),
        ("inner.conf", "a = ${name}, b = ${?other}, c = ${z}, z = in"),
        ("sub/one.conf", "include \"two.conf\"\none = 1"),
        ("sub/two.conf", "include \"../foo.conf\"\ntwo = 2"),
        ("env.conf", "h = ${HOME}"),
        ("bad.conf", "a = 1\nb = ]"),
        ("missing-inner.conf", "include \"nowhere\", k = 1"),
        ("cycle-a.conf", "include \"cycle-b.conf\""),
        ("cycle-b.conf", "a = 1\n  include \"cycle-a\""),
        ("app.conf", "t = ${x.y}\nx = {y : 5}"));

    [Theory]
    [InlineData("include \"foo.conf\"", """{"x":10,"y":10}""")]
    [InlineData("include \"foo\"", """{"x":10,"y":10}""")]
    [InlineData("{ include \"foo.conf\" }", """{"x":10,"y":10}""")]
    [InlineData("include\n  \"foo.conf\"", """{"x":10,"y":10}""")]
    [InlineData("include\"foo.conf\",a=1", """{"x":10,"y":10,"a":1}""")]
    [InlineData("include \"foo.conf\" # c\na=1", """{"x":10,"y":10,"a":1}""")]
    [InlineData("include file(\"foo.conf\")", """{"x":10,"y":10}""")]
    [InlineData("include file( \n \"foo.conf\"  \n )", """{"x":10,"y":10}""")]
    [InlineData("include required(\"foo.conf\")", """{"x":10,"y":10}""")]
    [InlineData("include required( \"foo\" )", """{"x":10,"y":10}""")]
    [InlineData("include required(file(\"foo.conf\"))", """{"x":10,"y":10}""")]
    [InlineData("include required( file( \"foo.conf\" ) )", """{"x":10,"y":10}""")]
    [InlineData("include \"\"\"foo.conf\"\"\"", """{"x":10,"y":10}""")]
    [InlineData("include \"odd.name\"", """{"odd":1}""")]
    [InlineData("include \"base.json\"", """{"from":"json","json":1}""")]
    [InlineData("include \"base.properties\"", """{"from":"properties","properties":"1"}""")]
    [InlineData("include \"base\"", """{"from":"conf","conf":1,"json":1,"properties":"1"}""")]
    [InlineData("include \"sub/one\"", """{"x":10,"y":10,"two":2,"one":1}""")]
    [InlineData("include \"./sub/../foo.conf\"", """{"x":10,"y":10}""")]
    public void Reads_the_file(string text, string expected) => AssertReads(text, expected, Options(Set));

    [Theory]
    [InlineData("include \"nowhere\", a=1", """{"a":1}""")]
    [InlineData("include \"nowhere.conf\"", "{}")]
    [InlineData("include \"foo.json\"", "{}")]
    [InlineData("include file(\"nowhere\")", "{}")]
    [InlineData("include required(\"missing-inner\")", """{"k":1}""")]
    public void A_missing_file_is_ignored(string text, string expected) => AssertReads(text, expected, Options(Set));

    [Theory]
    [InlineData("include required(\"nowhere\")", 1, 18)]
    [InlineData("a=1\n include required(file(\"nowhere.conf\"))", 2, 24)]
    public void Unless_it_is_required(string text, int line, int column)
    {
        HoconException e = AssertFails(text, "required file 'nowhere", Options(Set));
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
    }

    [Theory]
    [InlineData("{ foo include : 42 }", """{"foo include":42}""")]
    [InlineData("{ foo : include }", """{"foo":"include"}""")]
    [InlineData("{ foo : include x }", """{"foo":"include x"}""")]
    [InlineData("[ include ]", """["include"]""")]
    [InlineData("{ \"include\" : 42 }", """{"include":42}""")]
    [InlineData("include.x : 42", """{"include":{"x":42}}""")]
    [InlineData("includes : 42", """{"includes":42}""")]
    [InlineData("a.include : 42", """{"a":{"include":42}}""")]
    public void The_word_is_special_at_the_start_of_a_key_only(string text, string expected) =>
        AssertReads(text, expected, Options(Set));

    [Theory]
    [InlineData("include foo", 1, 9)]
    [InlineData("include", 1, 8)]
    [InlineData("include : 1", 1, 9)]
    [InlineData("include \"foo\" : 1", 1, 15)]
    [InlineData("include \"foo\" x = 1", 1, 15)]
    [InlineData("include \"foo\" \"bar\"", 1, 15)]
    [InlineData("include file (\"foo\")", 1, 9)]
    [InlineData("include file(foo)", 1, 14)]
    [InlineData("include file(:foo)", 1, 14)]
    [InlineData("include file(\"foo\" x", 1, 20)]
    [InlineData("include file(\"foo\"", 1, 19)]
    [InlineData("include required(\"foo\"", 1, 23)]
    [InlineData("include required(required(\"foo\"))", 1, 18)]
    [InlineData("include package(\"foo\")", 1, 9)]
    [InlineData("include ${foo}", 1, 9)]
    [InlineData("include \"\"", 1, 9)]
    [InlineData("include foo include \"foo\"", 1, 9)]
    public void Anything_but_a_quoted_name_is_an_error(string text, int line, int column)
    {
        HoconException e = AssertFails(text, options: Options(Set));
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
    }

    [Theory]
    [InlineData("include url(\"http://localhost/foo.conf\")", "URL includes are not supported")]
    [InlineData("include \"http://localhost/foo.conf\"", "URL includes are not supported")]
    [InlineData("include \"HTTPS://localhost/foo.conf\"", "URL includes are not supported")]
    [InlineData("include \"file:///foo.conf\"", "URL includes are not supported")]
    [InlineData("include classpath(\"foo.conf\")", "classpath() includes are not supported")]
    [InlineData("include required(classpath(\"foo.conf\"))", "classpath() includes are not supported")]
    [InlineData("include required(url(\"foo.conf\"))", "URL includes are not supported")]
    public void Other_kinds_of_resource_say_so(string text, string message) => AssertFails(text, message, Options(Set));

    [Theory]
    [InlineData("x=1, include \"foo\"", """{"x":10,"y":10}""")]
    [InlineData("include \"foo\", x=1", """{"x":1,"y":1}""")]
    [InlineData("a={x:1,k:2}, a={include \"foo\"}", """{"a":{"x":10,"k":2,"y":10}}""")]
    [InlineData("a={include \"foo\"}, a={x:42}", """{"a":{"x":42,"y":42}}""")]
    [InlineData("l=[a], l+=b, include \"list\", l+=e", """{"l":["a","b","c","d","e"]}""")]
    [InlineData("p=[a], include \"self\"", """{"p":["a","b"]}""")]
    [InlineData("q { p=[a], include \"self\" }", """{"q":{"p":["a","b"]}}""")]
    [InlineData("q.l=[a], q { include \"list\" }", """{"q":{"l":["a","c","d"]}}""")]
    public void Merges_like_repeated_keys(string text, string expected) => AssertReads(text, expected, Options(Set));

    [Theory]
    [InlineData("a { include \"foo.conf\" }", """{"a":{"x":10,"y":10}}""")]
    [InlineData("x = root, a { include \"foo.conf\" }", """{"x":"root","a":{"x":10,"y":10}}""")]
    [InlineData("a.b { include \"foo.conf\" }", """{"a":{"b":{"x":10,"y":10}}}""")]
    [InlineData("a { b { include \"foo.conf\" } }, a.b.x = 7", """{"a":{"b":{"x":7,"y":7}}}""")]
    [InlineData("a : ${e} { include \"foo\" }, e={x:1}", """{"a":{"x":10,"y":10},"e":{"x":1}}""")]
    // first next to the include, then at the root, then in the files between
    [InlineData("name=root, o { include \"outer\" }",
        """{"name":"root","o":{"name":"outer","inner":{"a":"root","c":"in","z":"in"}}}""")]
    [InlineData("o { include \"outer\" }", """{"o":{"name":"outer","inner":{"a":"outer","c":"in","z":"in"}}}""")]
    [InlineData("other=1, o { include \"outer\", inner.name=near }",
        """{"other":1,"o":{"name":"outer","inner":{"name":"near","a":"near","b":1,"c":"in","z":"in"}}}""")]
    [InlineData("d { include \"app\" }, e = ${d}, e.x.y = 6", """{"d":{"t":5,"x":{"y":5}},"e":{"t":5,"x":{"y":6}}}""")]
    // inside arrays there is no path, yet the element's own values are found
    [InlineData("a = [ { include \"foo\" } ]", """{"a":[{"x":10,"y":10}]}""")]
    [InlineData("a = [ { x=1, b { include \"foo\" } } ]", """{"a":[{"x":1,"b":{"x":10,"y":10}}]}""")]
    [InlineData("a = [ [ { include \"foo\" }, { include \"foo\", x=3 } ] ]",
        """{"a":[[{"x":10,"y":10},{"x":3,"y":3}]]}""")]
    [InlineData("a += { include \"foo\" }, a += { include \"foo\" } { x=5 }",
        """{"a":[{"x":10,"y":10},{"x":5,"y":5}]}""")]
    [InlineData("name=root, a = [ { include \"outer\" } ]",
        """{"name":"root","a":[{"name":"outer","inner":{"a":"root","c":"in","z":"in"}}]}""")]
    [InlineData("a = [ { include \"rows\" } ]", """{"a":[{"x":1,"rows":[{"y":1,"r":[1]}]}]}""")]
    [InlineData("a = { include \"rows\" }, a.x = 2", """{"a":{"x":2,"rows":[{"y":2,"r":[2]}]}}""")]
    [InlineData("a = [ { include \"list\" } ]", """{"a":[{"l":["c","d"]}]}""")]
    public void Substitutions_are_relative_to_the_including_object_first(string text, string expected) =>
        AssertReads(text, expected, Options(Set));

    [Fact]
    public void The_environment_knows_the_path_as_it_was_written()
    {
        HoconOptions options = Options(Set, new Dictionary<string, string> { ["HOME"] = "/root", ["a.HOME"] = "no" });
        AssertReads("a { include \"env\" }", """{"a":{"h":"/root"}}""", options);
        AssertReads("a { include \"env\" }, HOME=null", """{"a":{"h":null},"HOME":null}""", options);
        AssertReads("a { include \"env\", HOME=1 }", """{"a":{"h":1,"HOME":1}}""", options);
    }

    [Theory]
    [InlineData("include \"array.conf\"", "holds an array")]
    [InlineData("include \"array.json\"", "holds an array")]
    [InlineData("a { include \"array\" }", "holds an array")]
    [InlineData("include \"cycle-a\"", "include cycle: 'cycle-a.conf' → 'cycle-b.conf' → 'cycle-a.conf'")]
    public void Bad_files_are_errors(string text, string message) => AssertFails(text, message, Options(Set));

    [Fact]
    public void An_error_in_an_included_file_names_that_file()
    {
        HoconException e = AssertFails("a { include \"bad\" }", options: Options(Set));
        Assert.Equal(new HoconOrigin("bad.conf", 2, 5), e.Origin);

        e = AssertFails("include \"sub/../cycle-b\"", options: Options(Set));
        Assert.Equal(new HoconOrigin("cycle-a.conf", 1, 9), e.Origin);
    }

    [Fact]
    public void A_text_that_includes_its_own_name_is_a_cycle()
    {
        HoconOptions options = Options(Files(("me.conf", "include \"me\"")));
        HoconException e = Assert.Throws<HoconException>(() => HoconConfig.ParseFile("me.conf", options));
        Assert.Contains("include cycle: 'me.conf' → 'me.conf'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_and_number_of_files_are_bounded()
    {
        Dictionary<string, string> chain = [];
        for (int i = 0; i < 60; i++)
        {
            chain[$"c{i}.conf"] = $"include \"c{i + 1}.conf\"\nk{i} = 1";
        }

        AssertFails("include \"c0.conf\"", "nested more than 50 files", Options(chain));
        Assert.Equal(40, Resolve("include \"c20.conf\"", Options(chain)).AsObject().Count);

        Dictionary<string, string> doubling = [];
        for (int i = 0; i < 40; i++)
        {
            doubling[$"d{i}.conf"] = $"a {{ include \"d{i + 1}.conf\" }}, b {{ include \"d{i + 1}.conf\" }}";
        }

        AssertFails("include \"d0.conf\"", "more than 1000 files", Options(doubling));
    }

    [Fact]
    public void Positions_point_into_the_included_file()
    {
        HoconObject root = (HoconObject)Resolve("a {\n  include \"foo\"\n}", Options(Set));
        HoconObject a = root["a"].AsObject();
        Assert.Equal(new HoconOrigin("foo.conf", 1, 5), a["x"].Origin);
        Assert.Equal(new HoconOrigin("foo.conf", 1, 9), a.KeyOrigin("y"));
    }
}
