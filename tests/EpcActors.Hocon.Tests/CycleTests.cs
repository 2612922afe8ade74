using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>
/// Values that lead back to themselves, with the results of the reference implementation (lightbend/config 2d9b9ee1).
/// </summary>
public sealed class CycleTests
{
    [Theory]
    [InlineData("a=${?b}foo,b=${?a}", """{"a":"foo","b":"foo"}""")]
    [InlineData("b=${?a},a=${?b}foo", """{"a":"foo","b":"foo"}""")]
    [InlineData("c = ${?d} [1], d = ${?c}", """{"c":[1],"d":[1]}""")]
    [InlineData("epc { b = ${?epc.a} 1, a = ${?epc.b} }", """{"epc":{"a":" 1","b":" 1"}}""")]
    [InlineData("a = ${?b} { x = 1 }, b = ${?a}", """{"a":{"x":1},"b":{"x":1}}""")]
    [InlineData("a=${?b}z,b=${?c},c=${?d},d=${?a}", """{"a":"z","b":"z","c":"z","d":"z"}""")]
    [InlineData("d=${?a},c=${?d},b=${?c},a=${?b}z", """{"a":"z","b":"z","c":"z","d":"z"}""")]
    [InlineData("p { q = ${?r.s} [7] }, r { s = ${?p.q} }", """{"p":{"q":[7]},"r":{"s":[7]}}""")]
    [InlineData("a = ${?b}x, b = ${?c}, c = ${?a}${?b}", """{"a":"x","b":"x","c":"x"}""")]
    [InlineData("a=1,a=${?b}x,b=${?a}y", """{"a":"1yx","b":"1y"}""")]
    public void A_key_of_an_optional_cycle_is_lost_only_when_nothing_defines_it(string text, string expected) =>
        AssertReads(text, expected);

    [Theory]
    [InlineData("a = [1]\na = ${a} [2]\na += 3\na += ${a}", """{"a":[1,2,3,[1,2,3]]}""")]
    [InlineData("a=[1]\na += ${?a}", """{"a":[1,[1]]}""")]
    [InlineData("a += ${?a}", """{"a":[]}""")]
    [InlineData("a=[1]\na += {x:${a}}", """{"a":[1,{"x":[1]}]}""")]
    [InlineData("a=[1]\na += [${a}]", """{"a":[1,[[1]]]}""")]
    [InlineData("a=[1]\na=[2] ${a} [${a}]", """{"a":[2,1,[1]]}""")]
    [InlineData("a=[1]\na=[2,${a}] ${b}\nb=[3]", """{"a":[2,[1],3],"b":[3]}""")]
    [InlineData("a=[1]\na=${?a}[${?a}]\na=${?a}[${?a}]", """{"a":[1,[1],[1,[1]]]}""")]
    [InlineData("a=[1]\na+=${b}\nb=${a}", """{"a":[1,[1]],"b":[1]}""")]
    [InlineData("a.b=[1]\na { b += ${a.b} }", """{"a":{"b":[1,[1]]}}""")]
    public void What_is_appended_may_hold_what_stood_there(string text, string expected) => AssertReads(text, expected);

    [Theory]
    [InlineData("a += ${a}")]
    [InlineData("a=1, a=[${a}, 2]")]
    [InlineData("a={x:1}, a={y:${a}}")]
    public void What_has_nothing_to_look_back_to_is_an_error(string text) => AssertFails(text, "cycle");

    [Fact]
    public void Many_optional_fields_that_all_refer_to_one_another_end_in_good_time()
    {
        string all = string.Concat(Enumerable.Range(0, 40).Select(i => $"${{?k{i}}}"));
        string text = string.Join('\n', Enumerable.Range(0, 40).Select(i => $"k{i} = {all}"));

        Assert.Empty((HoconObject)Resolve(text));
    }
}
