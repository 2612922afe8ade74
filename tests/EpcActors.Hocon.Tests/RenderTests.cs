using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

public sealed class RenderTests
{
    private const string Sample =
        "b = 1.50\na { x = [1, {y = \"z\"}, []], e = {} }\n\"k.l\" = null, s = \"q\\\"\\n\\u0001\", t = yes";

    [Fact]
    public void Hocon() => AssertRenders(HoconRenderOptions.Default, """
        b = 1.50
        a {
          x = [
            1
            {
              y = "z"
            }
            []
          ]
          e {}
        }
        "k.l" = null
        s = "q\"\n\u0001"
        t = "yes"

        """);

    [Fact]
    public void Hocon_with_origins() => AssertRenders(HoconRenderOptions.Default with { OriginComments = true }, """
        # test:1:5
        b = 1.50
        # test:2:3
        a {
          # test:2:9
          x = [
            1
            {
              # test:2:18
              y = "z"
            }
            []
          ]
          # test:2:33
          e {}
        }
        # test:3:9
        "k.l" = null
        # test:3:19
        s = "q\"\n\u0001"
        # test:3:38
        t = "yes"

        """);

    [Fact]
    public void Hocon_on_one_line() => AssertRenders(HoconRenderOptions.Default with { Pretty = false },
        """b=1.50,a={x=[1,{y="z"},[]],e={}},"k.l"=null,s="q\"\n\u0001",t="yes" """.TrimEnd());

    [Fact]
    public void Json() => AssertRenders(new HoconRenderOptions { Format = HoconFormat.Json, OriginComments = true }, """
        {
          "b": 1.50,
          "a": {
            "x": [
              1,
              {
                "y": "z"
              },
              []
            ],
            "e": {}
          },
          "k.l": null,
          "s": "q\"\n\u0001",
          "t": "yes"
        }

        """);

    [Fact]
    public void Json_on_one_line() => AssertRenders(HoconRenderOptions.CompactJson,
        """{"b":1.50,"a":{"x":[1,{"y":"z"},[]],"e":{}},"k.l":null,"s":"q\"\n\u0001","t":"yes"}""");

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("[1,[2,{a:3}]]")]
    [InlineData(
        "include-x=1, \"include\"=2, \"\"=3, \"a b\"=4, true=5, null=6, 10=7, \"-\"=8, \"\u00e4\"=9, \"a\\nb\"=10")]
    [InlineData("a=\"\\ud83d\\ude00\\ud800\u2028\u0085\uFEFF\"")]
    [InlineData("a=\"\"\" \"\"\"\"\"")]
    public void Reads_back_equal(string text)
    {
        HoconConfig config = HoconConfig.ParseText(text, "a\nb", Options());
        foreach (HoconFormat format in Enum.GetValues<HoconFormat>())
        {
            foreach (bool pretty in (bool[])[true, false])
            {
                HoconRenderOptions options = new() { Format = format, Pretty = pretty, OriginComments = true };
                string rendered = config.Render(options);
                Assert.Equal(config.RootValue, Resolve(rendered));
                if (format == HoconFormat.Json)
                {
                    HoconOptions file = Options(Files(("r.json", rendered)));
                    Assert.Equal(config.RootValue, HoconConfig.ParseFile("r.json", file).RootValue);
                }
            }
        }
    }

    private static void AssertRenders(HoconRenderOptions options, string expected)
    {
        HoconConfig config = HoconConfig.ParseText(Sample, "test", Options());
        Assert.Equal(expected.ReplaceLineEndings("\n"), config.Render(options));
        Assert.Equal(config.Root, Resolve(config.Render(options)));
    }
}
