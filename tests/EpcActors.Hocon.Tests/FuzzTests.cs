using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>
/// Whatever the input: a value or a <see cref="HoconException"/>, in bounded time, the same each time; and a few laws
/// that hold for every valid text.
/// </summary>
[Trait("tier", "slow")] // Thousands of texts made at random.
public sealed class FuzzTests
{
    private static readonly TimeSpan LongestForOneText = TimeSpan.FromSeconds(10);

    private static readonly string[] Tokens =
    [
        "a",
        "b",
        "c",
        "a.b",
        "b.c",
        "\"a\"",
        "\"\"",
        "\"x.y\"",
        "1",
        "0",
        "-1.5e3",
        "true",
        "null",
        "x",
        "include ",
        "include \"f\"",
        "include required(\"g.conf\")",
        "include \"p.properties\"",
        "include file(\"j.json\")",
        "=",
        "=",
        ":",
        "+=",
        ",",
        ",",
        "\n",
        "\n",
        " ",
        " ",
        "{",
        "}",
        "{",
        "}",
        "[",
        "]",
        "${a}",
        "${b}",
        "${?a}",
        "${?b}",
        "${a.b}",
        "${?c.a}",
        "${",
        "#",
        "//",
        "\"",
        "\"\"\"",
        "\\",
        "$",
        ".",
        "-",
        "\t",
        "\uFEFF",
        "\u00A0",
        "\u2028",
        "\ud800",
        "\0",
        "(",
        ")",
        "?",
        "é",
    ];

    private static readonly HoconOptions Set = Options(
        Files(
            ("f.conf", "a = ${?b} x, b.c = 1"),
            ("g.conf", "include \"f\"\nc = [${?a}]\n c += ${b}"),
            ("p.properties", "a.b=1\na=2\n0=x"),
            ("j.json", "{\"b\":{\"a\":[1,null]}}")),
        new Dictionary<string, string> { ["c.a"] = "env" }) with
    { MaxResolvedNodes = 20_000 };

    [Fact]
    public void Any_row_of_tokens() => Check(
        TextOf(Gen.Elements(Tokens), 0, 40), 4000, AssertValueOrError);

    [Fact]
    public void Any_row_of_characters() => Check(
        TextOf(Gen.Choose(0, 0x2100).Select(c => ((char)c).ToString()), 0, 30), 1000, AssertValueOrError);

    [Fact]
    public void Any_row_of_fields() => Check(Documents(1, 12), 4000, AssertValueOrError);

    [Fact]
    public void A_document_after_another_is_a_document_over_another() => Check(
        from bottom in Documents(0, 5)
        from top in Documents(0, 5)
        select bottom + "\u0001" + top, 2000, both =>
        {
            string[] parts = both.Split('\u0001');
            string joined = Outcome(() => HoconConfig.ParseText(parts[0] + "\n" + parts[1], "t", Set).Resolve());
            string merged = Outcome(() => HoconConfig.ParseText(parts[1], "t", Set)
                .WithFallback(HoconConfig.ParseText(parts[0], "t", Set)).Resolve());
            Assert.Equal(Comparable(joined), Comparable(merged));
        });

    [Fact]
    public void Json_is_read_as_any_json_reader_reads_it() => Check(Json(4), 1000, text =>
    {
        AssertReads(text, text);
        HoconOptions file = Options(Files(("x.json", text)));
        HoconValue strict = HoconConfig.ParseFile("x.json", file).RootValue;
        Assert.True(strict.Equals(Resolve(text)), text);
    });

    [Fact]
    public void Units_never_throw() =>
        Check(
            TextOf(
                Gen.Elements("1", "9", ".", "-", "e", "E", "+", " ", "s", "m", "K", "i", "B", "d", "y", "\u00A0", "0"),
                0,
                8),
            2000,
            text =>
            {
                bool duration = HoconUnits.TryParseDuration(text, out _, out string? error);
                Assert.Equal(duration, error is null);
                Assert.Equal(HoconUnits.TryParseSize(text, out _, out error), error is null);
                Assert.Equal(HoconUnits.TryParsePeriod(text, out _, out error), error is null);
            });

    [Fact]
    public void Mutations_of_good_and_bad_texts()
    {
        string[] seeds =
        [
            .. ScoreBoardCases.MustFail,
            .. ScoreBoardCases.ValidJson,
            .. ScoreBoardCases.ValidHocon.Select(c => c.Text),
            "a=1, a=${a}x, b=${?b}[${a}, {c=${b}}], a=${?b}",
            "d={a=${?i.b}, b=2}, i.b=7, i=${d}{x=${i.a}}, i.b={c=${d.b}}, j=${i}${d}",
            "x = [ { include \"g\", a += ${c} } ], x += ${x}, c=${?x}",
            "a : \"\"\"q\"\"\"\" ${b.\"c d\".e} # z\n \"b\" { \"c d\".e = -1.0e+3 }",
        ];
        Watched(run =>
        {
            // Fixed, so that a failure comes back; FsCheck above draws anew each time.
            Random random = new(20_260_101);
            for (int i = 0; i < 15_000; i++)
            {
                StringBuilder text = new(seeds[random.Next(seeds.Length)]);
                for (int changes = random.Next(1, 5); changes > 0; changes--)
                {
                    Mutate(text, random, seeds);
                }

                run(text.ToString(), AssertValueOrError);
            }
        });
    }

    private static void Mutate(StringBuilder text, Random random, string[] seeds)
    {
        int at = random.Next(text.Length + 1);
        int length = Math.Min(random.Next(1, 6), text.Length - at);
        switch (random.Next(6))
        {
            case 0:
                text.Remove(at, length);
                break;
            case 1:
                text.Insert(at, Tokens[random.Next(Tokens.Length)]);
                break;
            case 2:
                text.Insert(random.Next(text.Length + 1), text.ToString(at, length));
                break;
            case 3 when length > 0:
                text[at] = (char)random.Next(0, 0x300);
                break;
            case 4:
                text.Insert(at, "\n" + seeds[random.Next(seeds.Length)] + "\n");
                break;
            default:
                text.Length = at;
                break;
        }
    }

    private static void AssertValueOrError(string text)
    {
        HoconValue? value = null;
        HoconException? error = null;
        try
        {
            value = HoconConfig.ParseText(text, "t", Set).Resolve().RootValue;
        }
        catch (HoconException e)
        {
            error = e;
        }

        if (error is not null)
        {
            Assert.NotEmpty(error.Detail);
            Assert.NotNull(error.Origin.Source);
            Assert.Equal(error.Message, Outcome(() => HoconConfig.ParseText(text, "t", Set).Resolve()));
            return;
        }

        foreach (HoconRenderOptions options in (HoconRenderOptions[])
            [HoconRenderOptions.Default with { OriginComments = true }, HoconRenderOptions.CompactJson])
        {
            HoconConfig config = HoconConfig.ParseText(text, "t", Set).Resolve();
            HoconValue readBack = HoconConfig.ParseText(config.Render(options), "rendered", Options()).RootValue;
            Assert.True(readBack.Equals(value), config.Render(options));
        }
    }

    private static string Outcome(Func<HoconConfig> read)
    {
        try
        {
            return read().RootValue.ToString();
        }
        catch (HoconException e)
        {
            return e.Message;
        }
    }

    // Lines of an error differ between one text and two.
    private static string Comparable(string outcome) =>
        outcome.StartsWith('{') ? outcome : "error";

    private static Gen<string> TextOf(Gen<string> piece, int least, int most) =>
        from count in Gen.Choose(least, most)
        from pieces in piece.ArrayOf(count)
        select string.Concat(pieces);

    /// <summary>Mostly valid: few keys, so that definitions meet, refer to one another and look back.</summary>
    private static Gen<string> Documents(int least, int most)
    {
        Gen<string> key = Gen.Elements("a", "b", "c", "a.b", "b.a", "a.b.c", "c.a");
        Gen<string> field =
            from k in key
            from separator in Gen.Frequency((8, Gen.Constant(" = ")), (2, Gen.Constant(" += ")))
            from value in Values(3)
            select k + separator + value + "\n";
        return TextOf(field, least, most);
    }

    private static Gen<string> Values(int depth)
    {
        Gen<string> path = Gen.Elements("a", "b", "c", "a.b", "b.a", "c.a", "a.b.c");
        Gen<string> simple = Gen.Frequency(
            (2, Gen.Elements("1", "x", "\"y\"", "null", "true")),
            (2, path.Select(p => "${" + p + "}")),
            (4, path.Select(p => "${?" + p + "}")));
        if (depth == 0)
        {
            return simple;
        }

        Gen<string> inner = Values(depth - 1);
        return Gen.Frequency(
            (4, simple),
            (1, inner.ArrayOf(2).Select(v => $"[{v[0]}, {v[1]}]")),
            (1, inner.ArrayOf(1).Select(v => $"[{v[0]}]")),
            (1, Gen.Constant("{}")),
            (3, inner.ArrayOf(2).Select(v => $"{{ b = {v[0]}, c = {v[1]} }}")),
            (1, inner.Select(v => $"{{ include \"f\", a += {v} }}")),
            (3, inner.ArrayOf(2).Select(v => $"{v[0]} {v[1]}")));
    }

    private static Gen<string> Json(int depth)
    {
        Gen<string> text = TextOf(
                Gen.Elements("a", "é", "\\n", "\\u00e9", "//", "#", "${x}", " ", "=", "\\\"", "."),
                0,
                5)
            .Select(s => $"\"{s}\"");
        Gen<string> simple = Gen.OneOf(
            text,
            Gen.Elements("1", "-0.5", "1e10", "2E-3", "true", "false", "null", "{}", "[]"));
        Gen<string> any = simple;
        for (int i = 0; i < depth; i++)
        {
            Gen<string> inner = any;
            any = Gen.Frequency((1, simple), (2, Containers(inner, text)));
        }

        return Containers(any, text);
    }

    private static Gen<string> Containers(Gen<string> inner, Gen<string> text)
    {
        Gen<string> array =
            from count in Gen.Choose(0, 3)
            from items in inner.ArrayOf(count)
            select "[" + string.Join(" ,\n", items) + "]";

        // Keys differ: to a repeated one JSON gives no meaning.
        Gen<string> o =
            from count in Gen.Choose(0, 3)
            from keys in text.ArrayOf(count)
            from items in inner.ArrayOf(count)
            select "{" + string.Join(", ", keys.Select((key, i) => $"{key[..^1]}{i}\"\t:{items[i]}")) + "}";
        return Gen.OneOf(array, o);
    }

    private static void Check(Gen<string> texts, int count, Action<string> property) => Watched(run =>
        Prop.ForAll(texts.ToArbitrary(), text => run(text, property))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess(true)));

    /// <summary>
    /// Runs texts in a thread of their own, so that one that hangs is named instead of hanging the tests.
    /// </summary>
    private static void Watched(Action<Action<string, Action<string>>> body)
    {
        string? current = null;
        long since = Stopwatch.GetTimestamp();
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                body(
                    (text, property) =>
                    {
                        Volatile.Write(ref since, Stopwatch.GetTimestamp());
                        Volatile.Write(ref current, text);
                        try
                        {
                            property(text);
                        }
                        catch (Exception e)
                        {
                            throw new InvalidOperationException(
                                $"the text was: {JsonValue.Create(text)!.ToJsonString()}",
                                e);
                        }
                    });
            }
#pragma warning disable CA1031 // Any exception at all is what these tests look for.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        })
        { IsBackground = true };
        thread.Start();
        while (!thread.Join(TimeSpan.FromMilliseconds(200)))
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(Volatile.Read(ref since));
            Assert.True(elapsed < LongestForOneText, $"no end after {elapsed} for: {Volatile.Read(ref current)}");
        }

        Assert.True(failure is null, failure?.ToString());
    }
}
