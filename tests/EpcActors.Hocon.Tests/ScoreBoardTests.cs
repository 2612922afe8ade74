using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>
/// Each case alone, and with the white space around and inside it changed in ways that keep it (in)valid.
/// </summary>
public sealed class ScoreBoardTests
{
    private static readonly HoconOptions WithVariables = Options(environment: new Dictionary<string, string>
    {
        ["foo"] = "F",
        ["foo.bar"] = "FB",
        ["foobar"] = "FOB",
        ["foo  bar  baz"] = "FBB",
        ["true"] = "T",
    });

    // A variant changes the names in substitutions too.
    private static readonly HoconOptions AnyVariable = Options() with { Environment = _ => "any" };

    public static TheoryData<string> MustFail => [.. ScoreBoardCases.MustFail];

    // One of them is in the list twice.
    public static TheoryData<string> ValidJson => [.. ScoreBoardCases.ValidJson.Distinct()];

    public static TheoryData<string, string> ValidHocon
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach ((string text, string json) in ScoreBoardCases.ValidHocon)
            {
                data.Add(text, json);
            }

            return data;
        }
    }

    [Fact]
    public void The_board_is_complete()
    {
        Assert.Equal(82, ScoreBoardCases.MustFail.Length);
        Assert.Equal(22, ScoreBoardCases.ValidJson.Length);
        Assert.Equal(86, ScoreBoardCases.ValidHocon.Length);
    }

    [Theory]
    [MemberData(nameof(MustFail))]
    public void Fails(string text)
    {
        foreach (string variant in Variants(text))
        {
            AssertFails(variant, options: Options());
        }
    }

    [Theory]
    [MemberData(nameof(ValidJson))]
    public void Reads_json(string text)
    {
        AssertReads(text, text);
        HoconOptions files = Options(Files(("x.json", text)));
        AssertJson(text, HoconConfig.ParseFile("x.json", files).Resolve().RootValue, text);
        AssertVariants(text);
    }

    [Theory]
    [MemberData(nameof(ValidHocon))]
    public void Reads_hocon(string text, string json)
    {
        AssertReads(text, json, WithVariables);
        AssertVariants(text);
    }

    [Theory]
    [MemberData(nameof(ValidHocon))]
    public void Is_no_json(string text, string json)
    {
        // One of them is JSON after all: a repeated key is for HOCON to judge.
        HoconOptions files = Options(Files(("x.json", text)));
        if (text == """{ "foo" : "bar", "foo" : "bar2" }""")
        {
            AssertJson(json, HoconConfig.ParseFile("x.json", files).RootValue, text);
        }
        else
        {
            Assert.Throws<HoconException>(() => HoconConfig.ParseFile("x.json", files));
        }
    }

    [Fact]
    public void Invalid_texts_are_no_json_either()
    {
        foreach (string text in ScoreBoardCases.MustFail)
        {
            // Substitutions fail for HOCON only when resolved; to JSON "$" is an error at once.
            HoconOptions files = Options(Files(("x.json", text)));
            Assert.Throws<HoconException>(() => HoconConfig.ParseFile("x.json", files));
        }
    }

    private static void AssertVariants(string text)
    {
        foreach (string variant in Variants(text))
        {
            HoconValue value = Resolve(variant, AnyVariable);
            string rendered = HoconConfig
                .ParseText(variant, "test", AnyVariable)
                .Resolve()
                .Render(HoconRenderOptions.Default);
            Assert.Equal(value, Resolve(rendered));
        }
    }

    private static IEnumerable<string> Variants(string text)
    {
        yield return text;
        yield return " " + text;
        yield return text + " ";
        yield return " " + text + " ";
        if (text.StartsWith("[${", StringComparison.Ordinal))
        {
            yield break; // white space matters in there
        }

        yield return text.Replace(" ", "", StringComparison.Ordinal);
        yield return text.Replace(":", " : ", StringComparison.Ordinal);
        yield return text.Replace(",", " , ", StringComparison.Ordinal);
        yield return text.Replace(' ', '\u2003');
        yield return text.Replace(' ', '\u00A0');
        yield return text.Replace(' ', '\uFEFF');
        if (!text.Contains("hello world", StringComparison.Ordinal))
        {
            yield return text.Replace(' ', '\t'); // no tab may stand between quotes
        }

        yield return text.Replace("\n", "\r\n", StringComparison.Ordinal);
    }
}
