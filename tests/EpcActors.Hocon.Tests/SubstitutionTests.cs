using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Section "Substitutions" of the specification, without includes.</summary>
public sealed class SubstitutionTests
{
    [Theory]
    // one value of each type, type preserved
    [InlineData("a=42, b=${a}", """{"a":42,"b":42}""")]
    [InlineData("a=true, b=${a}", """{"a":true,"b":true}""")]
    [InlineData("a=null, b=${a}", """{"a":null,"b":null}""")]
    [InlineData("a=hello, b=${a}", """{"a":"hello","b":"hello"}""")]
    [InlineData("a=3.14, b=${a}", """{"a":3.14,"b":3.14}""")]
    [InlineData("a=[1,2], b=${a}", """{"a":[1,2],"b":[1,2]}""")]
    [InlineData("a={x:1}, b=${a}", """{"a":{"x":1},"b":{"x":1}}""")]
    // paths
    [InlineData("a.b.c=5, d=${a.b.c}", """{"a":{"b":{"c":5}},"d":5}""")]
    [InlineData("\"a.b\"=5, d=${\"a.b\"}", """{"a.b":5,"d":5}""")]
    [InlineData("a.\"b.c\".d=5, d=${a.\"b.c\".d}", """{"a":{"b.c":{"d":5}},"d":5}""")]
    [InlineData("a b=5, d=${ a b }", """{"a b":5,"d":5}""")]
    [InlineData("3.14=5, d=${3.14}", """{"3":{"14":5},"d":5}""")]
    [InlineData("true=5, d=${true}", """{"true":5,"d":5}""")]
    [InlineData("a.\"\".b=5, d=${a.\"\".b}", """{"a":{"":{"b":5}},"d":5}""")]
    [InlineData("foobar=5, d=${\"foo\"\"bar\"}", """{"foobar":5,"d":5}""")]
    [InlineData("foo  bar  baz=5, d=${foo  \"bar\"  baz}", """{"foo  bar  baz":5,"d":5}""")]
    // forward, backward, chains
    [InlineData("a=${b}, b=1", """{"a":1,"b":1}""")]
    [InlineData("a=1,b=${a},a=2", """{"a":2,"b":2}""")]
    [InlineData("foo=${bar}, bar=${a.b.c}, a.b.c=57", """{"foo":57,"bar":57,"a":{"b":{"c":57}}}""")]
    [InlineData("a=${b.x}, b=${c}, c={x:7}", """{"a":7,"b":{"x":7},"c":{"x":7}}""")]
    [InlineData("[ { a : 1 } ]", """[{"a":1}]""")]
    // a later merge shows in an earlier substitution
    [InlineData("a={x:1}, b=${a}, a={y:2}", """{"a":{"x":1,"y":2},"b":{"x":1,"y":2}}""")]
    [InlineData("base={n:6}, east=${base} {name:e}", """{"base":{"n":6},"east":{"n":6,"name":"e"}}""")]
    [InlineData("base={n:6}, east={n:1}, east=${base}", """{"base":{"n":6},"east":{"n":6}}""")]
    [InlineData("base={n:6,o:{p:1}}, east=${base}, east.o.q=2",
        """{"base":{"n":6,"o":{"p":1}},"east":{"n":6,"o":{"p":1,"q":2}}}""")]
    public void Gives_the_value(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a=${?x}", "{}")]
    [InlineData("a=1, a=${?x}", """{"a":1}""")]
    [InlineData("a={b:42}, a=${?x}", """{"a":{"b":42}}""")]
    [InlineData("x=43, a=42, a=${?x}", """{"x":43,"a":43}""")]
    [InlineData("x=43, a={b:42}, a=${?x}", """{"x":43,"a":43}""")]
    [InlineData("a=[1,2,${?x}]", """{"a":[1,2]}""")]
    [InlineData("a=[${?x},${?y.z}]", """{"a":[]}""")]
    [InlineData("x=4, a=[1,${?x}]", """{"x":4,"a":[1,4]}""")]
    [InlineData("a=${?x}, b=${?y.z}, c=${?b}, d=${?c}", "{}")]
    [InlineData("a={b:${?x}}", """{"a":{}}""")]
    [InlineData("a={b:${?x}, c:1}", """{"a":{"c":1}}""")]
    [InlineData("a=1, b=${?a.b}", """{"a":1}""")]
    [InlineData("a=[1], b=${?a.0}", """{"a":[1]}""")]
    [InlineData("a=${?x}${?y}", "{}")]
    [InlineData("a=${?x}{b:1}", """{"a":{"b":1}}""")]
    [InlineData("a=[1]${?x}", """{"a":[1]}""")]
    [InlineData("a=foo${?x}bar", """{"a":"foobar"}""")]
    [InlineData("a=${?x}, a=${?y}, a=5, a=${?z}", """{"a":5}""")]
    [InlineData("a={x:1}, a=${?n}, a={y:2}", """{"a":{"x":1,"y":2}}""")]
    [InlineData("a.b=${?x}, c=${?a.b}", """{"a":{}}""")]
    public void Optional_and_undefined_vanishes(string text, string expected) => AssertReads(text, expected);

    [Theory]
    // the field alone
    [InlineData("a=1, a=${a}", """{"a":1}""")]
    [InlineData("a=1, a=${?a}", """{"a":1}""")]
    [InlineData("a=${?a}", "{}")]
    [InlineData("a.b=1, a.b=${a.b}", """{"a":{"b":1}}""")]
    [InlineData("a.b.c=1, a.b.c=${a.b.c}", """{"a":{"b":{"c":1}}}""")]
    [InlineData("a={b=5}, a=${a}", """{"a":{"b":5}}""")]
    [InlineData("a.b={c=5}, a.b=${a.b}", """{"a":{"b":{"c":5}}}""")]
    [InlineData("a=1,a=${a},a=${a},a=${a}", """{"a":1}""")]
    [InlineData("a=1, a=2, a=${a}", """{"a":2}""")]
    [InlineData("a=1, a=2, a=${?a}", """{"a":2}""")]
    // overridden again, or nothing before
    [InlineData("a=1, a=${a}, a=2", """{"a":2}""")]
    [InlineData("a=1, a=${?a}, a=2", """{"a":2}""")]
    [InlineData("a=${a}, a=1, a=2", """{"a":2}""")]
    [InlineData("a=${?a}, a=1, a=2", """{"a":2}""")]
    [InlineData("a=${?a}, a={b:1}", """{"a":{"b":1}}""")]
    [InlineData("a={b=5}, a=${a}, a={c=6}", """{"a":{"b":5,"c":6}}""")]
    // concatenations
    [InlineData("path=\"a:b:c\", path=${path}\":d\"", """{"path":"a:b:c:d"}""")]
    [InlineData("a=1, a=${a}foo", """{"a":"1foo"}""")]
    [InlineData("a=1,a=${a}x,a=${a}y,a=${a}z", """{"a":"1xyz"}""")]
    [InlineData("a=${?a}foo", """{"a":"foo"}""")]
    [InlineData("a=${?a}foo${?a}", """{"a":"foo"}""")]
    [InlineData("a=1,a=${?a}foo${?a}", """{"a":"1foo1"}""")]
    [InlineData("path=[/bin], path=${path} [/usr/bin]", """{"path":["/bin","/usr/bin"]}""")]
    [InlineData("a=[1,2], a=${a} [3,4], a=${a} [5,6]", """{"a":[1,2,3,4,5,6]}""")]
    [InlineData("a={a:0}, a=${a} {b:1}, a=${a} {c:2}", """{"a":{"a":0,"b":1,"c":2}}""")]
    [InlineData("a={b:3}, a={b:2} ${a}", """{"a":{"b":3}}""")]
    // along a path: looks at what is below
    [InlineData("foo={a:{c:1}}, foo=${foo.a}, foo={a:2}", """{"foo":{"a":2,"c":1}}""")]
    [InlineData("a={b={c=5}}, a=${a.b}, a={b=2}", """{"a":{"b":2,"c":5}}""")]
    // through other fields
    [InlineData("a=1, b=${a}, a=${b}", """{"a":1,"b":1}""")]
    [InlineData("a=1, b=${c}, c=${a}, a=${b}", """{"a":1,"b":1,"c":1}""")]
    [InlineData("a=1, b=${a}foo, a=${b}", """{"a":"1foo","b":"1foo"}""")]
    [InlineData("a=1, b=2, a=${b}, b=${a}", """{"a":1,"b":1}""")]
    [InlineData("a=1, b={c=5}, b=${a}, a=${b}", """{"a":1,"b":1}""")]
    // nested objects, the same way
    [InlineData("x{a=1}, x{a=${x.a}2}", """{"x":{"a":"12"}}""")]
    [InlineData("x.a=[1], x{a=${x.a}[2]}", """{"x":{"a":[1,2]}}""")]
    public void Self_reference_looks_back(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("bar={foo:42, baz:${bar.foo}}", """{"bar":{"foo":42,"baz":42}}""")]
    [InlineData("bar={foo:42, baz:${bar.foo}}, bar={foo:43}", """{"bar":{"foo":43,"baz":43}}""")]
    [InlineData("bar={foo:43}, bar={foo:42, baz:${bar.foo}}", """{"bar":{"foo":42,"baz":42}}""")]
    [InlineData("bar=101, bar={foo:42, baz:${bar.foo}}", """{"bar":{"foo":42,"baz":42}}""")]
    [InlineData("x=0, bar=[${x},1], bar={foo:42, baz:${bar.foo}}", """{"x":0,"bar":{"foo":42,"baz":42}}""")]
    [InlineData("a={x:42, y:${a.x}}", """{"a":{"x":42,"y":42}}""")]
    [InlineData("a=1, a={x:42, y:${a.x}}", """{"a":{"x":42,"y":42}}""")]
    [InlineData("a={b={c=5}}, a={x:${a.b}}, a={b=2}", """{"a":{"b":2,"x":2}}""")]
    [InlineData("bar={a:${foo.d}, b:1}, bar.b=3, foo={c:${bar.b}, d:2}, foo.d=4",
        """{"bar":{"a":4,"b":3},"foo":{"c":3,"d":4}}""")]
    [InlineData("foo=${a.b.c}, a={b:{c:42, cycle:${foo}}, cycle:${foo}}",
        """{"foo":42,"a":{"b":{"c":42,"cycle":42},"cycle":42}}""")]
    [InlineData("i.a=10, i.b=${j.d}, j.c=12, j.d=14, j.e=${i.a}, j.f=${i.b}, j.g=${j.f}",
        """{"i":{"a":10,"b":14},"j":{"c":12,"d":14,"e":10,"f":14,"g":14}}""")]
    [InlineData("x={a=${y.b}, b=5}, y=${x}", """{"x":{"a":5,"b":5},"y":{"a":5,"b":5}}""")]
    [InlineData("y=${x}, x={a=${y.b}, b=5}", """{"x":{"a":5,"b":5},"y":{"a":5,"b":5}}""")]
    [InlineData("a={y:1}, a=${b}{x:${a.y}}, a.y=2, b={}", """{"a":{"y":2,"x":2},"b":{}}""")]
    [InlineData("s=${d}, s{host=y}, d{host=x, url=${s.host}/p}",
        """{"s":{"host":"y","url":"y/p"},"d":{"host":"x","url":"y/p"}}""")]
    public void Inside_an_object_looks_forward(string text, string expected) => AssertReads(text, expected);

    [Theory]
    // a value on top of a substituted object is known without it
    [InlineData("d={a:1,b:2}, i=${d}, i.b=3, j.b=${i.b}",
        """{"d":{"a":1,"b":2},"i":{"a":1,"b":3},"j":{"b":3}}""")]
    [InlineData("d={a:1,b:2}, i=${d}, i.b={c:43}, j.b=${i.b}",
        """{"d":{"a":1,"b":2},"i":{"a":1,"b":{"c":43}},"j":{"b":{"c":43}}}""")]
    [InlineData("d={a:1,b:2}, i.b=7, i=${d}, j.b=${i.b}",
        """{"d":{"a":1,"b":2},"i":{"a":1,"b":2},"j":{"b":2}}""")]
    // what is substituted in leads back to the field it is substituted into
    [InlineData("i.b.c=100, d={a=${i.b.c}, b=2}, i=${d}, i.b={c:43}, j.b=${i.b}",
        """{"i":{"a":100,"b":{"c":43}},"d":{"a":100,"b":2},"j":{"b":{"c":43}}}""")]
    [InlineData("d={a=${i.b}, b=2}, i.b=7, i=${d}, j.b=${i.b}",
        """{"d":{"a":7,"b":2},"i":{"a":7,"b":2},"j":{"b":2}}""")]
    [InlineData("z=${?none}, z=${a.x}, a=${z}, a.x=1", """{"z":1,"a":{"x":1}}""")]
    // two that embrace each other
    [InlineData("d={a=1,b=2}, i=${d}, i.c=${j.d}, i.x=${j.y}, j=${d}, j.d=${i.a}, j.y=15",
        """{"d":{"a":1,"b":2},"i":{"a":1,"b":2,"c":1,"x":15},"j":{"a":1,"b":2,"d":1,"y":15}}""")]
    // seven layers
    [InlineData("z=15, ddd={m=${z}, n.o.p=${z}}, dd={x=10,y=11,q=${z}}, d={a=1,b=2}, al=${d}, "
        + "i=345, i=${?NO}, i=${ddd}, i={}, i=${dd}, i=${al}, i=${d}, i.b={c:43}, i.xyz=101, j.b=${i.b}",
        """
        {"z":15,"ddd":{"m":15,"n":{"o":{"p":15}}},"dd":{"x":10,"y":11,"q":15},"d":{"a":1,"b":2},"al":{"a":1,"b":2},
         "i":{"m":15,"n":{"o":{"p":15}},"x":10,"y":11,"q":15,"a":1,"b":{"c":43},"xyz":101},"j":{"b":{"c":43}}}
        """)]
    [InlineData("foo=${bar}, bar=${a.b.c}, a={b:{c:57, d:${foo}, e:{f:${foo}}}}, oa=${a}, ob=${a.b}, oe=${a.b.e}, "
        + "\"foo.bar\"=37, arr=[${foo}, ${a.b.c}, ${\"foo.bar\"}, ${ob.d}, ${oa.b.e.f}, ${oe.f}], p=${arr}, x.y.q=${p}",
        """
        {"foo":57,"bar":57,"a":{"b":{"c":57,"d":57,"e":{"f":57}}},"oa":{"b":{"c":57,"d":57,"e":{"f":57}}},
         "ob":{"c":57,"d":57,"e":{"f":57}},"oe":{"f":57},"foo.bar":37,"arr":[57,57,37,57,57,57],
         "p":[57,57,37,57,57,57],"x":{"y":{"q":[57,57,37,57,57,57]}}}
        """)]
    [InlineData("d={x=[0]}, d={x=${d.x}[1]}, c=${d}, c={x=${c.x}[2]}", """{"d":{"x":[0,1]},"c":{"x":[0,1,2]}}""")]
    [InlineData("d={x=[9]}, c={x=[0]}, c=${d}{x=${c.x}[1]}", """{"d":{"x":[9]},"c":{"x":[9,1]}}""")]
    [InlineData("c={x:[], x:${c.x}[1], x:${c.x}[2]}", """{"c":{"x":[1,2]}}""")]
    [InlineData("d={x=[]}, c=${d}, c={x:${c.x}[1], x:${c.x}[2]}", """{"d":{"x":[]},"c":{"x":[1,2]}}""")]
    [InlineData("r:{d.x=[]}, q:${r}, q:{d{x=[]}, c:${q.d}, c{x:${q.c.x}[1], x:${q.c.x}[2]}}",
        """{"r":{"d":{"x":[]}},"q":{"d":{"x":[]},"c":{"x":[1,2]}}}""")]
    public void Merged_with_substituted_objects(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a=${nonexistent}, a=42", """{"a":42}""")]
    [InlineData("a=${nonexistent}, a=[1]", """{"a":[1]}""")]
    [InlineData("a=${nonexistent}, a=null", """{"a":null}""")]
    [InlineData("a=${nonexistent}, a=x, a={b:1}", """{"a":{"b":1}}""")]
    [InlineData("a=${a}, a=42", """{"a":42}""")]
    [InlineData("a=${b}, b=${a}, a=1, b=2", """{"a":1,"b":2}""")]
    [InlineData("a.x=${no}, a=1", """{"a":1}""")]
    [InlineData("x={k:1}, a=${no}, a=[], a=${x}", """{"x":{"k":1},"a":{"k":1}}""")]
    public void Hidden_substitutions_are_not_evaluated(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a=${b}", "${b}")]
    [InlineData("a=${b.c}, b=1", "${b.c}")]
    [InlineData("a=[${b}]", "${b}")]
    [InlineData("a=x${b}", "${b}")]
    [InlineData("a=${nonexistent}, a={b:42}", "${nonexistent}")]
    [InlineData("a=${b}, b=${?c}", "${b}")]
    public void Required_and_undefined_is_an_error(string text, string substitution)
    {
        HoconException e = AssertFails(text, "could not resolve " + substitution);
        Assert.DoesNotContain("cycle", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=${a}", "${a}")]
    [InlineData("a=${a}, a={b:1}", "${a}")]
    [InlineData("a=${a}bc", "${a}")]
    [InlineData("a:${b}, b:${a}", "${b} → ${a}")]
    [InlineData("a:${b},b:${c},c:${d},d:${a}", "${b} → ${c} → ${d} → ${a}")]
    [InlineData("foo=${bar}, bar=${a.b.c}, a.b.c=${foo}", "${bar} → ${a.b.c} → ${foo}")]
    [InlineData("foo=${bar}, bar=${a.b.c}, a.b.c=${foo}, x=${?foo}", "${bar} → ${a.b.c} → ${foo}")]
    [InlineData("a=[${a}]", "${a}")]
    [InlineData("a={x:${a}}", "${a}")]
    [InlineData("a=1, a=[${a}, 2]", "${a}")]
    [InlineData("a=1, a={x:${a}}", "${a}")]
    [InlineData("a={b:{c:${a.b}}}", "${a.b}")]
    [InlineData("a={b:${c}}, c=${a}", "${c}): it resolves to 'a', which contains it")]
    [InlineData("a={b:${c}}, c={d:${a}}", "a → a.b → c.d → a)")]
    [InlineData("a=[${b}], b=[${a}]", "a → a[0] → b[0] → a)")]
    [InlineData("a={b:[{c:${a}}]}", "${a}")]
    [InlineData("a=${b}{x:1}, b={y:${a}}", "b.y")]
    public void Cycles_are_errors_that_show_the_chain(string text, string chain)
    {
        HoconException e = AssertFails(text, "cycle");
        Assert.Contains(chain, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cycle_that_merging_hides_ends_too() => AssertFails(
        "b.a = { b = ${?a.b} ${a} }\na = ${?b.a} {}\na.b = {}\nb = { c = ${?b.a} }", "cycle");

    [Theory]
    [InlineData("foo=${?bar}, bar=${?a.b.c}, a.b.c=${?foo}", """{"a":{"b":{}}}""")]
    [InlineData("a=[1,${?a}]", """{"a":[1]}""")]
    [InlineData("a={x:1, y:${?a}}", """{"a":{"x":1}}""")]
    [InlineData("a={x:${?b}}, b={y:${?a}}", """{"a":{"x":{}},"b":{}}""")]
    [InlineData("a={x:${?a}{y:1}}", """{"a":{"x":{"y":1}}}""")]
    [InlineData("a={x:{y:{z:${?a.x}}, v:1}}", """{"a":{"x":{"y":{},"v":1}}}""")]
    public void Optional_cycles_are_undefined(string text, string expected) => AssertReads(text, expected);

    [Fact]
    public void Optional_indirect_self_reference_is_undefined()
    {
        HoconObject root = (HoconObject)Resolve("a=${?b}foo, b=${?a}");
        Assert.Equal("foo", root["a"].AsString());
    }

    [Theory]
    [InlineData("a=${HOME}", """{"a":"/root"}""")]
    [InlineData("a=${?HOME}/x", """{"a":"/root/x"}""")]
    [InlineData("a=${?NO_SUCH}", "{}")]
    [InlineData("a=${EMPTY}", """{"a":""}""")]
    [InlineData("a=${EMPTY}x", """{"a":"x"}""")]
    [InlineData("HOME=here, a=${HOME}", """{"HOME":"here","a":"here"}""")]
    [InlineData("HOME=null, a=${HOME}", """{"HOME":null,"a":null}""")]
    [InlineData("HOME=null, a=${?HOME}", """{"HOME":null,"a":null}""")]
    [InlineData("a=${home}, home=1", """{"a":1,"home":1}""")]
    [InlineData("a=${with.dot}", """{"a":"dotted"}""")]
    [InlineData("a=${LIST}", """{"a":["p","q"]}""")]
    [InlineData("a=[x] ${?LIST}", """{"a":["x","p","q"]}""")]
    [InlineData("HOME=${HOME}\":/bin\"", """{"HOME":"/root:/bin"}""")]
    [InlineData("HOME=${?HOME}", """{"HOME":"/root"}""")]
    [InlineData("HOME+=x", """{"HOME":["x"]}""")]
    [InlineData("n=${NUMBER}", """{"n":"12"}""")]
    public void Falls_back_to_the_environment(string text, string expected)
    {
        Dictionary<string, string> environment = new()
        {
            ["HOME"] = "/root",
            ["EMPTY"] = "",
            ["with.dot"] = "dotted",
            ["LIST.0"] = "p",
            ["LIST.1"] = "q",
            ["NUMBER"] = "12",
        };
        AssertReads(text, expected, Options(environment: environment));
    }

    [Fact]
    public void The_environment_is_case_sensitive_and_the_process_one_by_default()
    {
        HoconOptions options = Options(environment: new Dictionary<string, string> { ["Path"] = "x" });
        AssertFails("a=${PATH}", "${PATH}", options);

        string? path = Environment.GetEnvironmentVariable("PATH");
        Assert.Equal(path, HoconConfig.ParseText("a=${PATH}").Resolve().Root["a"].AsString());
    }

    [Fact]
    public void The_origin_of_a_variable_names_it()
    {
        HoconOptions options = Options(environment: new Dictionary<string, string> { ["N"] = "x" });
        HoconException e = Assert.Throws<HoconException>(() => Resolve("a=${N}", options).AsObject()["a"].AsInt64());
        Assert.StartsWith("environment variable N: ", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[${a}]")]
    [InlineData("[{a:1, b:${a}}]")]
    public void A_root_array_has_no_paths(string text) => AssertFails(text, "${a}");

    [Fact]
    public void Order_of_the_keys_is_that_of_first_definition()
    {
        HoconObject root = (HoconObject)Resolve("c=1, a=${d}, b=2, d={z:1,y:2}, a={x:3,y:4}, c=5");
        Assert.Equal(["c", "a", "b", "d"], root.Keys);
        Assert.Equal(["z", "y", "x"], root["a"].AsObject().Keys);
    }
}
