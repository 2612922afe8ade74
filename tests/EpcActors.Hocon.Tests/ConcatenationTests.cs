using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Sections "Value concatenation", "The += field separator" and numeric keys.</summary>
public sealed class ConcatenationTests
{
    [Theory]
    [InlineData("a :  true \"xyz\" 123 foo  ", """{"a":"true xyz 123 foo"}""")]
    [InlineData("a : null bar 42 baz true 3.14 \"hi\"", """{"a":"null bar 42 baz true 3.14 hi"}""")]
    [InlineData("a = foo   bar\t baz", """{"a":"foo   bar\t baz"}""")]
    [InlineData("a = foo\"bar\"", """{"a":"foobar"}""")]
    [InlineData("a = \"foo\" bar", """{"a":"foo bar"}""")]
    [InlineData("a = \"4\" \"5\" \"6\"", """{"a":"4 5 6"}""")]
    [InlineData("a = \"  x  \" ", """{"a":"  x  "}""")]
    [InlineData("a = 1e5 x", """{"a":"1e5 x"}""")]
    [InlineData("a = 1.50x", """{"a":"1.50x"}""")]
    [InlineData("a = truefoo", """{"a":"truefoo"}""")]
    [InlineData("a = footrue", """{"a":"footrue"}""")]
    [InlineData("a = 10.0bar", """{"a":"10.0bar"}""")]
    [InlineData("a = bar10.0", """{"a":"bar10.0"}""")]
    [InlineData("a = -foo", """{"a":"-foo"}""")]
    [InlineData("a = 2024-01-01", """{"a":"2024-01-01"}""")]
    [InlineData("a = 10.0.0.1", """{"a":"10.0.0.1"}""")]
    [InlineData("a = 5 s", """{"a":"5 s"}""")]
    [InlineData("a = /usr/bin", """{"a":"/usr/bin"}""")]
    [InlineData("a = x // no", """{"a":"x"}""")]
    [InlineData("a = x# no", """{"a":"x"}""")]
    [InlineData("a = (x) <y> 'z' |%;~", """{"a":"(x) <y> 'z' |%;~"}""")]
    [InlineData("a = true", """{"a":true}""")]
    [InlineData("a = null", """{"a":null}""")]
    [InlineData("a = \"\"\"x\"\"\" y", """{"a":"x y"}""")]
    [InlineData("123 foo : v", """{"123 foo":"v"}""")]
    [InlineData("a \"b.c\" d : v", """{"a b.c d":"v"}""")]
    [InlineData("a=[ foo bar 10 ]", """{"a":["foo bar 10"]}""")]
    [InlineData("a=[ 1 2 3 4 ]", """{"a":["1 2 3 4"]}""")]
    [InlineData("a=[ foo\n bar\n 10 ]", """{"a":["foo","bar",10]}""")]
    [InlineData("a=[ 1\n 2\n 3 ]", """{"a":[1,2,3]}""")]
    public void Of_text(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a : ${x}foo, x = 1", """{"a":"1foo","x":1}""")]
    [InlineData("a : ${x}foo${x}, x = 1", """{"a":"1foo1","x":1}""")]
    [InlineData("a : start<${x}>end, x = 3.140", """{"a":"start<3.140>end","x":3.14}""")]
    [InlineData("a : <${x}>, x = null", """{"a":"<null>","x":null}""")]
    [InlineData("a : <${x}>, x = false", """{"a":"<false>","x":false}""")]
    [InlineData("a : <${?x}>", """{"a":"<>"}""")]
    [InlineData("a : ${x} ${y}, x = abc, y = def", """{"a":"abc def","x":"abc","y":"def"}""")]
    [InlineData("a : ${x}  \"  \" ${y}, x = 1, y = 2", """{"a":"1     2","x":1,"y":2}""")]
    [InlineData("a : ${x}${y}, x = 1, y = 2", """{"a":"12","x":1,"y":2}""")]
    [InlineData("a : ${x}${?y}, x = 1", """{"a":"1","x":1}""")]
    [InlineData("a : ${?x} ${?y}", """{"a":" "}""")]
    [InlineData("a : \"\"${?x}${?y}", """{"a":""}""")]
    [InlineData("a : foo${?x}", """{"a":"foo"}""")]
    [InlineData("a : foo${?x}, x = bar", """{"a":"foobar","x":"bar"}""")]
    [InlineData("a : [ abc  xyz  ${foo.bar}  qrs tuv ], foo.bar = 1",
        """{"a":["abc  xyz  1  qrs tuv"],"foo":{"bar":1}}""")]
    [InlineData("a : \"${x}\", x = 1", """{"a":"${x}","x":1}""")]
    [InlineData("a : [ ${?x}${?y}, 1 ]", """{"a":[1]}""")]
    public void Of_text_with_substitutions(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a : [1,2] [3,4]", """{"a":[1,2,3,4]}""")]
    [InlineData("a : [1,2][3,4]", """{"a":[1,2,3,4]}""")]
    [InlineData("a : [1,2\n] [3,4]", """{"a":[1,2,3,4]}""")]
    [InlineData("a : [] []", """{"a":[]}""")]
    [InlineData("a : ${x} [3,4] ${y}, x : [1,2], y : [5,6]", """{"a":[1,2,3,4,5,6],"x":[1,2],"y":[5,6]}""")]
    [InlineData("x=[1], y=[2], a=${x} ${y}", """{"x":[1],"y":[2],"a":[1,2]}""")]
    [InlineData("x=[1], y=[2], a=${x}${y}", """{"x":[1],"y":[2],"a":[1,2]}""")]
    [InlineData("a = [1] ${?x}", """{"a":[1]}""")]
    [InlineData("x=[2], a = [1] ${?x}", """{"x":[2],"a":[1,2]}""")]
    [InlineData("a : [ [1, 2] [3, 4] ]", """{"a":[[1,2,3,4]]}""")]
    [InlineData("a : [ [1, 2]\n [3, 4] ]", """{"a":[[1,2],[3,4]]}""")]
    [InlineData("x=[1], a=[ ${x} ${x}, ${x} ]", """{"x":[1],"a":[[1,1],[1]]}""")]
    public void Of_arrays(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a : { b : c } { x : y }", """{"a":{"b":"c","x":"y"}}""")]
    [InlineData("a : { b : c\n } { x : y }", """{"a":{"b":"c","x":"y"}}""")]
    [InlineData("a { b : c } { x : y }", """{"a":{"b":"c","x":"y"}}""")]
    [InlineData("a : { b : 1 } { b : 2 } { b : 3 } { b : 4 }", """{"a":{"b":4}}""")]
    [InlineData("a : { b : { c : 1 } } { b : { d : 2 } }", """{"a":{"b":{"c":1,"d":2}}}""")]
    [InlineData("a : ${x} { b : 1 } ${y}, x : { a : 0 }, y : { c : 2 }",
        """{"a":{"a":0,"b":1,"c":2},"x":{"a":0},"y":{"c":2}}""")]
    [InlineData("x={a:1}, y={b:2}, z=${x}${y}", """{"x":{"a":1},"y":{"b":2},"z":{"a":1,"b":2}}""")]
    [InlineData("x={a:1}, y={b:2}, z=${x} ${y}", """{"x":{"a":1},"y":{"b":2},"z":{"a":1,"b":2}}""")]
    [InlineData("a = { x : foo } ${?y}", """{"a":{"x":"foo"}}""")]
    [InlineData("y = { z : 1 }, a = { x : foo } ${?y}", """{"y":{"z":1},"a":{"x":"foo","z":1}}""")]
    [InlineData("a : [ { b : c } { x : y } ]", """{"a":[{"b":"c","x":"y"}]}""")]
    [InlineData("a : [ { b : c }\n { x : y } ]", """{"a":[{"b":"c"},{"x":"y"}]}""")]
    [InlineData("x={a:{p:1}}, z=${x} {a:{q:2}}", """{"x":{"a":{"p":1}},"z":{"a":{"p":1,"q":2}}}""")]
    public void Of_objects(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a : abc { x : y }")]
    [InlineData("a : { x : y } abc")]
    [InlineData("a : null { x : y }")]
    [InlineData("a : abc [1, 2]")]
    [InlineData("a : [1, 2] abc")]
    [InlineData("a : \"\" [1, 2]")]
    [InlineData("a : abc ${x}, x : { y : z }")]
    [InlineData("a : abc ${x}, x : [1,2]")]
    [InlineData("a : ${x} ${y}, x : [1,2], y : { z : 1 }")]
    [InlineData("a : [1] {}")]
    [InlineData("a : [1] { x : 1 }")]
    [InlineData("x={a:1}, y={b:2}, z=${x}\"  \"${y}")]
    [InlineData("x=[1], y=[2], z=${x}\"  \"${y}")]
    [InlineData("{ \"a\" : [1,2], \"b\" : y${a}z }")]
    [InlineData("{ \"a\" : { \"c\" : 2 }, \"b\" : y${a}z }")]
    public void Of_mixed_types_is_an_error(string text) => AssertFails(text, "cannot concatenate");

    [Theory]
    [InlineData("a : ${x}\n foo, x = 1", 2, 5)]
    [InlineData("a :  [1,2]\n [3,4]", 2, 2)]
    [InlineData("a :  { b : c }\n { x : y }", 2, 2)]
    [InlineData("{ { a : 1 } : v }", 1, 3)]
    [InlineData("{ [ a ] : v }", 1, 3)]
    [InlineData("a [ b ] : v", 1, 3)]
    [InlineData("a ${b} : v", 1, 3)]
    public void Does_not_span_lines_nor_make_keys(string text, int line, int column)
    {
        HoconException e = AssertFails(text);
        Assert.Equal(new HoconOrigin("test", line, column), e.Origin);
    }

    [Theory]
    [InlineData("a = [], a += 2", """{"a":[2]}""")]
    [InlineData("a += 2", """{"a":[2]}""")]
    [InlineData("a = [1], a += 2", """{"a":[1,2]}""")]
    [InlineData("a += 1, a += 2, a += 3", """{"a":[1,2,3]}""")]
    [InlineData("a += [1], a += [2]", """{"a":[[1],[2]]}""")]
    [InlineData("a += b c", """{"a":["b c"]}""")]
    [InlineData("a.b.c = [1], a.b.c += 2", """{"a":{"b":{"c":[1,2]}}}""")]
    [InlineData("a{b{c=[1]}}, a{b{c+=2}}", """{"a":{"b":{"c":[1,2]}}}""")]
    [InlineData("a{b{c=[1], c+=2}}", """{"a":{"b":{"c":[1,2]}}}""")]
    [InlineData("a = ${x}, a += ${y}, x = [1], y = 2", """{"a":[1,2],"x":[1],"y":2}""")]
    [InlineData("x { a += 1, a += 2, a += 3 }", """{"x":{"a":[1,2,3]}}""")]
    [InlineData("a += {b:1}, a += {b:2}, a += {b:3}", """{"a":[{"b":1},{"b":2},{"b":3}]}""")]
    [InlineData("x { a += {b:1}, a += {b:2} }", """{"x":{"a":[{"b":1},{"b":2}]}}""")]
    [InlineData("x = [ { a += 1, a += 2, a += 3 } ]", """{"x":[{"a":[1,2,3]}]}""")]
    [InlineData("x += { a += 1, a += 2 }", """{"x":[{"a":[1,2]}]}""")]
    [InlineData("d { x = [] }, c : ${d}, c { x += 1, x += 2 }", """{"d":{"x":[]},"c":{"x":[1,2]}}""")]
    [InlineData("a += ${?x}", """{"a":[]}""")]
    [InlineData("a += 1, a = [5], a += 2", """{"a":[5,2]}""")]
    [InlineData("a = ${?x}, a += 2", """{"a":[2]}""")]
    [InlineData("a.0 = x, a.1 = y, a += z", """{"a":["x","y","z"]}""")]
    [InlineData("a+=1\na+=2", """{"a":[1,2]}""")]
    [InlineData("1+=2", """{"1":[2]}""")]
    public void Append(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a = 10, a += 2", "text")]
    [InlineData("a = abc, a += 2", "text")]
    [InlineData("a = null, a += 2", "text")]
    [InlineData("a = { x : y }, a += 2", "an object")]
    [InlineData("a = {}, a += 2", "an object")]
    public void Append_to_anything_else_is_an_error(string text, string kind) =>
        AssertFails(text, "cannot append with '+=' to " + kind);

    [Theory]
    [InlineData("x={0:a, 1:b}, y=${x} [c]", """{"x":{"0":"a","1":"b"},"y":["a","b","c"]}""")]
    [InlineData("x={0:a, 1:b}, y=[c] ${x}", """{"x":{"0":"a","1":"b"},"y":["c","a","b"]}""")]
    [InlineData("x={10:a, 2:b, foo:c}, y=[] ${x}", """{"x":{"10":"a","2":"b","foo":"c"},"y":["b","a"]}""")]
    [InlineData("y=[c] {\"5\" : d}", """{"y":["c","d"]}""")]
    [InlineData("x=${z}, z={1:a}, y=${x} [${?no}]", """{"x":{"1":"a"},"z":{"1":"a"},"y":["a"]}""")]
    public void Numeric_keys_stand_for_an_array(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("x={-1:a}, y=[] ${x}")]
    [InlineData("x={foo:a}, y=[] ${x}")]
    [InlineData("x={}, y=[] ${x}")]
    public void Other_keys_do_not(string text) => AssertFails(text, "cannot concatenate");
}
