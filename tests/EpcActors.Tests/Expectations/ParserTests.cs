using EpcActors.Scenarios.Expectations;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Expectations;

/// <summary>Expectations as they are written: what is read, and what is said of a mistake, at its place.</summary>
public sealed class ParserTests
{
    private static readonly ExpectationNames Names =
        new(["/", "/pods", "/pods/web", "/pods/db"], ["web-0", "web-1", "db"], ["guest"], 2)
        {
            StepsOf = name => name == "db" ? ["load", "touch", "1", "exit"] : ["load", "run", "1", "exit"],
        };

    [Theory]
    [InlineData("cgroup /pods/web peak <= 24 MiB", 25165824)]
    [InlineData("cgroup /pods/web peak<=24MiB", 25165824)]
    [InlineData("cgroup /pods/web peak <= 6144 pages", 25165824)]
    [InlineData("cgroup /pods/web peak <= 24 MB", 24000000)]
    [InlineData("cgroup /pods/web peak <= 25165824", 25165824)]
    [InlineData("cgroup * current == 0.5 KiB", 512)]
    [InlineData("node 1 free-pages == 16 MiB", 4096)]
    [InlineData("node 1 free_pages == 4096", 4096)]
    [InlineData("free-pages == 4096 pages", 4096)]
    [InlineData("machine free pages >= 1 page", 1)]
    [InlineData("fault p99 < 50 us", 50000)]
    [InlineData("fault_p99 < 50 µs", 50000)]
    [InlineData("fault p99.9 < 1.5 ms", 1500000)]
    [InlineData("cgroup /pods/db fault p50 < 0", 0)]
    [InlineData("machine time <= 2 s", 2000000000)]
    [InlineData("enclave web-* slowdown < 1.1x", 1.1)]
    [InlineData("enclave web-* step run slowdown < 1.1", 1.1)]
    [InlineData("enclave * step touch time < 1 ms", 1000000)]
    [InlineData("enclave db step 1 fault-mean < 9 us", 9000)]
    [InlineData("ksgxd busy-share < 20 %", 0.2)]
    [InlineData("ksgxd busy_share < 0.2", 0.2)]
    [InlineData("memory /pods oom-kills == 3", 3)]
    [InlineData("count enclave web-* evictions > 10 == 2", 10)]
    public void A_value_carries_its_unit(string text, double expected) =>
        Assert.Equal((decimal)expected, ExpectationParser.Parse(text, Names).Value.Number);

    [Fact]
    public void A_limit_may_be_max()
    {
        ExpectedValue max = ExpectationParser.Parse("cgroup /pods max == max", Names).Value;
        Assert.True(max.Holds(">", ExpectedValue.Of(long.MaxValue)));
        Assert.Equal("max", max.Text(ValueKind.Bytes));
    }

    /// <summary>The place of the mistake is marked with <c>¦</c>.</summary>
    [Theory]
    [InlineData("¦", "is empty")]
    [InlineData("¦cgruop /pods peak < 1", "'cgruop' is neither", "did you mean 'cgroup'?")]
    [InlineData("¦enclav web-0 outcome == finished", "'enclav' is neither", "did you mean 'enclave'?")]
    [InlineData("¦fualts > 3", "'fualts'", "did you mean 'faults'?")]
    [InlineData("¦free_page_countr == 3", "did you mean 'free-page-counter'?")]
    [InlineData("¦verdict_is pass", "'verdict_is pass' is neither")]
    [InlineData("¦/pods/web peak < 1", "is not a quantity of the machine", "write 'cgroup /pods/web peak'")]
    [InlineData("¦web misc events < 1", "'web misc events'")]
    [InlineData("¦db faults < 1", "is not a quantity of the machine", "write 'enclave db faults'")]
    [InlineData("¦web outcome == finished", "is not a quantity of the machine", "write 'enclave web-* outcome'")]
    [InlineData("¦busy-share < 1", "is not a quantity of the machine", "write 'ksgxd busy-share'")]
    [InlineData("machine ¦peak < 1", "is not a quantity of the machine", "write 'cgroup ")]
    [InlineData("cgroup ¦/pods/wbe peak < 1", "there is no cgroup '/pods/wbe'", "did you mean '/pods/web'?")]
    [InlineData("cgroup ¦/pods/x* peak < 1", "no cgroup is named like '/pods/x*'")]
    [InlineData("memory ¦/pod current < 1", "there is no cgroup '/pod'", "did you mean '/pods'?")]
    [InlineData("enclave ¦web outcome == finished", "there is no enclave 'web'", "write web-* for its 2 instances")]
    [InlineData("enclave db step ¦run time < 1 s", "there is no step 'run' in db", "allowed: load, touch, 1, exit")]
    [InlineData("enclave db step ¦lod time < 1 s", "did you mean 'load'?")]
    [InlineData("enclave db step¦", "'step' needs the name")]
    [InlineData("enclave db step load ¦evictions < 1", "has no quantity 'evictions'")]
    [InlineData("vm ¦gest outcome == finished", "there is no vm 'gest'", "did you mean 'guest'?")]
    [InlineData("node ¦2 free-pages > 0", "there is no node '2'", "allowed: 0, 1")]
    [InlineData("cgroup¦", "'cgroup' needs a name", "cgroup PATH")]
    [InlineData("cgroup ¦<= 3", "'cgroup' needs a name")]
    [InlineData("cgroup /pods ¦<= 3", "needs a quantity", "peak")]
    [InlineData("cgroup /pods ¦peek <= 3", "a cgroup has no quantity 'peek'", "did you mean 'peak'?")]
    [InlineData("enclave db ¦outcom == finished", "an enclave has no quantity 'outcom'", "did you mean 'outcome'?")]
    [InlineData("ksgxd ¦busy < 1", "ksgxd has no quantity 'busy'", "busy-share")]
    [InlineData("cgroup /pods peak ¦= 3", "'=' is not a comparison", "did you mean '=='?")]
    [InlineData("cgroup /pods peak ¦=< 3", "did you mean '<='?")]
    [InlineData("cgroup /pods peak¦", "the comparison is missing")]
    [InlineData("cgroup /pods peak <=¦", "the value is missing", "24 MiB")]
    [InlineData("cgroup /pods peak <= ¦lots", "'lots' is not a value of peak")]
    [InlineData("cgroup /pods peak <= 24 ¦Mi", "there is no unit 'Mi'", "did you mean 'MiB'?")]
    [InlineData("cgroup /pods peak <= 24 ¦mib", "did you mean 'MiB'?")]
    [InlineData("cgroup /pods peak <= 24 ¦ms", "there is no unit 'ms'", "units of peak")]
    [InlineData("cgroup /pods peak <= ¦0.3 B", "not a whole number of bytes")]
    [InlineData("free-pages == ¦1 KiB", "not a whole number of pages")]
    [InlineData("fault p99 < ¦50", "the duration 50 has no unit", "write '50 us'")]
    [InlineData("fault p99 < 50 ¦usec", "there is no unit 'usec'")]
    [InlineData("faults > 3 ¦pages", "faults has no unit 'pages'")]
    [InlineData("faults > ¦1.5", "not a whole number")]
    [InlineData("faults > ¦-1", "faults is never negative")]
    [InlineData("faults > ¦99999999999999999999", "is too large")]
    [InlineData("enclave db slowdown < 1.1 ¦%", "slowdown has no unit '%'")]
    [InlineData("enclave db outcome == ¦finish", "outcome is never 'finish'", "did you mean 'finished'?")]
    [InlineData("verdict == ¦ok", "verdict is never 'ok'", "allowed: pass, violation, inconclusive")]
    [InlineData("verdict ¦> pass", "verdict is a word")]
    [InlineData("verdict == pass ¦== 3", "nothing may follow the value")]
    [InlineData("violation¦", "the rule is missing", "liveness")]
    [InlineData("violation ¦livness", "there is no rule 'livness'", "did you mean 'liveness'?")]
    [InlineData("no ¦liveness", "'no' stands before violation only")]
    [InlineData("violation liveness ¦twice", "nothing may follow a rule")]
    [InlineData("count¦", "what to count is missing")]
    [InlineData("count ¦faults > 3 > 1", "nothing to count")]
    [InlineData("count enclave * outcome == finished¦", "how many is missing")]
    [InlineData("count enclave * outcome == finished >= ¦many", "'many' is not a number of things")]
    public void A_mistake_is_told_at_its_place(string marked, params string[] words)
    {
        int at = marked.IndexOf('¦', StringComparison.Ordinal);
        ExpectationException e = Assert.Throws<ExpectationException>(
            () => ExpectationParser.Parse(marked.Replace("¦", "", StringComparison.Ordinal), Names));
        Assert.Equal(at, e.Position);
        foreach (string word in words)
        {
            Assert.Contains(word, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("epc { cgroups { /a {} }\n  expect = [ \"verdict == pass\",\n    \"cgroup ¦/b peak == 0\" ] }",
        "did you mean '/a'?")]
    [InlineData("epc.expect-on { \"linux-5.15\" = [ \"¦verdikt == pass\" ] }", "did you mean 'verdict'?")]
    [InlineData("epc.expect = [ \"node ¦7 free-pages > 1\" ]", "there is no node '7'")]
    public void A_scenario_is_refused_at_the_word_that_is_wrong_for_other_kernels_too(string marked, string words) =>
        Loading.OnlyErrorAtMark(marked, words);

    [Fact]
    public void A_slowdown_that_nothing_measures_is_noted()
    {
        const string Text =
            "epc { enclaves { a { heap = 1 MiB } }, run.slowdown = off, expect = [ \"enclave a slowdown < 2\" ] }";
        Assert.Contains(Loading.LoadWith(Text).Notes, note =>
            note.Message.Contains("epc.run.slowdown is off", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("*", "", true)]
    [InlineData("web-*", "web-", true)]
    [InlineData("web-*", "web", false)]
    [InlineData("*-0", "web-0", true)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*b*c", "axxbyyc", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("web", "web-0", false)]
    public void A_star_stands_for_any_text(string pattern, string name, bool isMatch) =>
        Assert.Equal(isMatch, (ExpectationParser.Parse("verdict == pass") with { Name = pattern }).Matches(name));
}
