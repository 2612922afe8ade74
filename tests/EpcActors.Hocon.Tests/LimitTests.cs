using System.Globalization;
using System.Text;
using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Input that grows without end, or nests without end, is refused in good time; large input is read.</summary>
[Trait("tier", "slow")] // Texts of megabytes.
public sealed class LimitTests
{
    [Theory]
    [InlineData("[", 100_000)]
    [InlineData("{a:", 100_000)]
    [InlineData("a:[{b:", 100_000)]
    [InlineData("a{", 100_000)]
    [InlineData("a+={", 100_000)]
    [InlineData("a.", 100_000)]
    [InlineData("${", 100_000)]
    [InlineData("a=${", 100_000)]
    [InlineData("a=${a", 100_000)]
    [InlineData("a=\"\"\"", 1)]
    [InlineData("include required(", 100_000)]
    public void Endless_nesting(string piece, int times) => AssertFails(string.Concat(Enumerable.Repeat(piece, times)));

    [Fact]
    public void Nesting_ends_at_the_limit()
    {
        foreach ((string open, string close) in (ReadOnlySpan<(string, string)>)[("[", "]"), ("{a:", "}")])
        {
            Resolve("a:" + Nested(open, "1", close, 200));
            AssertFails("a:" + Nested(open, "1", close, 201), "nested more than 200 levels");
        }

        string keys = string.Join('.', Enumerable.Repeat("k", 201));
        Resolve(keys + "=1");
        AssertFails("k." + keys + "=1", "nested more than 200 levels");
        Options(Files(("deep.json", Nested("[", "", "]", 201))));
        Assert.Throws<HoconException>(() =>
            HoconConfig.ParseFile("deep.json", Options(Files(("deep.json", Nested("[", "", "]", 201))))));
        Assert.Throws<HoconException>(() =>
            HoconConfig.ParseFile("x.properties", Options(Files(("x.properties", "k." + keys + "=1")))));
        Assert.Throws<HoconException>(() => HoconConfig.ParseText("").WithOverride("k." + keys, "1", "cli"));
    }

    [Fact]
    public void Substitutions_cannot_nest_deeper_than_text()
    {
        StringBuilder text = new("v0 = 1\n");
        for (int i = 1; i <= 300; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"v{i} = {{ k = ${{v{i - 1}}} }}\n");
        }

        AssertFails(text.ToString(), "nested more than 200 levels");
    }

    [Theory]
    [InlineData("[${v#}, ${v#}]")]
    [InlineData("${v#} ${v#}")]
    [InlineData("{ l = ${v#}, r = ${v#} }")]
    [InlineData("[{ l = ${v#}, r = ${v#} }]")]
    public void A_billion_laughs_are_refused(string value)
    {
        StringBuilder text = new(value.StartsWith("${", StringComparison.Ordinal) ? "v0 = [1]\n" : "v0 = 1\n");
        for (int i = 1; i <= 60; i++)
        {
            string below = (i - 1).ToString(CultureInfo.InvariantCulture);
            text.Append(
                CultureInfo.InvariantCulture,
                $"v{i} = {value.Replace("#", below, StringComparison.Ordinal)}\n");
        }

        AssertFails(text.ToString(), "more than 250000 values");
    }

    [Fact]
    public void A_billion_characters_are_refused()
    {
        StringBuilder text = new("v0 = lol\n");
        for (int i = 1; i <= 60; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"v{i} = ${{v{i - 1}}}${{v{i - 1}}}\n");
        }

        AssertFails(text.ToString(), "characters");
    }

    [Fact]
    public void Many_large_strings_are_refused()
    {
        StringBuilder text = new("big = " + new string('x', 500_000) + "\na = [");
        text.Insert(text.Length, "${big}y,", 300).Append(']');
        AssertFails(text.ToString(), "characters");
    }

    [Fact]
    public void A_long_text_is_refused() =>
        AssertFails("a = 1", "at most 4 are read", Options() with { MaxSourceLength = 4 });

    [Fact]
    public void Chains_of_substitutions_end()
    {
        string forward =
            string.Join('\n', Enumerable.Range(0, 2000).Select(i => $"v{i} = ${{v{i + 1}}}")) + "\nv2000 = 1";
        AssertFails(forward, "wait for one another");
        string backward =
            string.Join('\n', Enumerable.Range(1, 2000).Select(i => $"v{i} = ${{v{i - 1}}}")) + "\nv0 = 1";
        Assert.Equal(1, Resolve(backward).AsObject()["v2000"].AsInt64());
        string some = string.Join('\n', Enumerable.Range(0, 300).Select(i => $"v{i} = ${{v{i + 1}}}")) + "\nv300 = 1";
        Assert.Equal(1, Resolve(some).AsObject()["v0"].AsInt64());
    }

    [Theory]
    [InlineData("a = ${a} { k#: 1 }")]
    [InlineData("a = { k#: 1 } ${a}")]
    [InlineData("a = ${?none} { k#: 1 } ${a} { l: ${?none} }")]
    public void A_long_row_of_objects_that_look_back_is_read(string line)
    {
        IEnumerable<string> lines = Enumerable.Range(0, 5000)
            .Select(i => line.Replace("#", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        HoconObject a = (HoconObject)((HoconObject)Resolve("a = {}\n" + string.Join('\n', lines)))["a"];

        Assert.Equal(5000, a.Keys.Count);
        Assert.Equal(1, a["k0"].AsInt64());
        Assert.Equal(1, a["k4999"].AsInt64());
    }

    [Fact]
    public void What_is_written_out_is_not_too_much()
    {
        string text = string.Join('\n', Enumerable.Range(0, 300_000).Select(i => $"k{i}=1"));

        Assert.Equal(300_000, ((HoconObject)Resolve(text)).Keys.Count);
    }

    [Fact]
    public void Chains_of_merged_objects_do_not_exhaust_the_stack()
    {
        StringBuilder text = new("probe = [");
        for (int i = 1; i <= 5000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"${{?o{i}.z}},");
        }

        text.Append("${?o5000.q}]\no0 {}\n");
        for (int i = 1; i <= 5000; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"o{i} = ${{o{i - 1}}} {{}}\n");
        }

        OnSmallStack(() =>
        {
            try
            {
                Resolve(text.ToString());
            }
            catch (HoconException e)
            {
                Assert.Contains("chain", e.Message, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void A_small_stack_gives_an_error_not_a_crash()
    {
        HoconOptions deep = Options() with { MaxNesting = 100_000, MaxSubstitutionDepth = 100_000 };
        string[] texts =
        [
            new string('[', 100_000),
            string.Concat(Enumerable.Repeat("a{", 100_000)),
            string.Join('\n', Enumerable.Range(0, 50_000).Select(i => $"v{i} = ${{v{i + 1}}}")) + "\nv50000 = 1",
            string.Join('\n', Enumerable.Range(0, 50_000).Select(i => $"v{i} = ${{v{i + 1}}} {{ a = 1 }}"))
                + "\nv50000 {}",
        ];
        foreach (string text in texts)
        {
            OnSmallStack(() => AssertFails(text, options: deep));
        }
    }

    [Fact]
    public void Long_rows_of_appends_and_self_references_are_fine()
    {
        string appends = string.Concat(Enumerable.Range(0, 5000).Select(i => $"a += {i}\n"));
        Assert.Equal(5000, Resolve(appends).AsObject()["a"].AsArray().Count);
        string concatenations = "s = x\n" + string.Concat(Enumerable.Repeat("s = ${s}y\n", 2000));
        Assert.Equal(2001, Resolve(concatenations).AsObject()["s"].AsString().Length);
        string arrays = "p.l = []\n" + string.Concat(Enumerable.Repeat("p.l = ${p.l} [1]\n", 3000));
        Assert.Equal(3000, Resolve(arrays).AsObject().Require("p.l").AsArray().Count);
        string objects =
            "o = {}\n" + string.Concat(Enumerable.Range(0, 1000).Select(i => $"o = ${{o}} {{ k{i} = {i} }}\n"));
        Assert.Equal(1000, Resolve(objects).AsObject()["o"].AsObject().Count);
    }

    /// <summary>
    /// Twice the text costs about twice the memory traffic, which a busy machine does not change as it changes the
    /// time.
    /// </summary>
    [Fact]
    public void What_a_plain_file_costs_grows_with_its_length_only()
    {
        AssertLinear(10_000, n =>
            string.Concat(Enumerable.Range(0, n).Select(i => $"group{i % 100}.key{i} = \"value {i}\"\n")));
        AssertLinear(20_000, n => "a = [" + string.Concat(Enumerable.Range(0, n).Select(i => $"{i}\n")) + "]");
        AssertLinear(10_000, n => "v = 1\n" + string.Concat(Enumerable.Range(0, n).Select(i => $"r{i} = ${{v}}\n")));
        AssertLinear(10_000, n => string.Concat(Enumerable.Range(0, n).Select(i => $"k = {i}, o.k = {i}\n")));
    }

    private static void AssertLinear(int lines, Func<int, string> text)
    {
        string once = text(lines);
        string twice = text(2 * lines);
        _ = Resolve(once);
        double ratio = (double)BytesToResolve(twice) / BytesToResolve(once);
        Assert.True(ratio < 2.6, $"twice the text costs {ratio:0.00} times the memory: {once.AsSpan(0, 40)}");
    }

    private static long BytesToResolve(string text)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        _ = Resolve(text);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static string Nested(string open, string inner, string close, int times) =>
        string.Concat(Enumerable.Repeat(open, times)) + inner + string.Concat(Enumerable.Repeat(close, times));

    private static void OnSmallStack(Action action)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception e) when (e is HoconException or Xunit.Sdk.XunitException)
            {
                failure = e;
            }
        }, 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Null(failure);
    }
}
