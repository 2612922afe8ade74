using System.Text;
using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>Includes and errors with files on disk.</summary>
public sealed class FileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hocon-tests").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Includes_are_adjacent_to_the_including_file()
    {
        Write("main.conf", "a = 1\ninclude \"sub/part\"\ninclude \"sub/part.json\"");
        Write("sub/part.conf", "b = ${a}\ninclude \"deeper.properties\"\ninclude \"../up.conf\"");
        Write("sub/part.json", "{ \"j\" : [1, true, null] }");
        Write("sub/deeper.properties", "c.d = 5\n");
        Write("up.conf", "up = \"\u00e4\u20ac\"");

        HoconConfig config = HoconConfig.ParseFile(PathOf("main.conf")).Resolve();

        AssertJson("""{"a":1,"b":1,"c":{"d":"5"},"up":"\u00e4\u20ac","j":[1,true,null]}""", config.Root, "files");
        Assert.Equal(PathOf("main.conf"), config.Root["a"].Origin.Source);
        Assert.Equal(PathOf("up.conf"), config.Root["up"].Origin.Source);
    }

    [Fact]
    public void Absolute_names_stay_absolute_and_a_text_has_a_place_too()
    {
        Write("x.conf", "x = 1");
        string name = PathOf("x.conf").Replace("\\", "/", StringComparison.Ordinal);
        Assert.Equal(1, HoconConfig.ParseText($"include \"{name}\"").Resolve().Root["x"].AsInt64());
        Assert.Equal(1, HoconConfig.ParseText("include \"x\"", PathOf("text")).Resolve().Root["x"].AsInt64());
    }

    [Fact]
    public void The_format_follows_the_extension()
    {
        Write("a.json", "{ a : 1 }");
        Write("b.properties", "a.b = { x\n");
        Write("c.other", "a = ${b}, b = 2");

        HoconException e = Assert.Throws<HoconException>(() => HoconConfig.ParseFile(PathOf("a.json")));
        Assert.Equal(3, e.Origin.Column);
        Assert.Equal("{ x", HoconConfig.ParseFile(PathOf("b.properties")).Root.Require("a.b").AsString());
        Assert.Equal(2, HoconConfig.ParseFile(PathOf("c.other")).Resolve().Root["a"].AsInt64());
    }

    [Fact]
    public void A_missing_file_a_folder_and_bad_utf8_are_errors_with_a_position()
    {
        File.WriteAllBytes(PathOf("latin1.conf"), [(byte)'a', (byte)'=', 0xE4]);
        Write("includes-latin1.conf", "\n include \"latin1\"");
        Write("includes-folder.conf", "include \"dir.conf\"");
        Directory.CreateDirectory(PathOf("dir.conf"));

        AssertFileFails("nowhere.conf", "there is no such file", 1, 1);
        AssertFileFails("dir.conf", "it is a directory", 1, 1);
        AssertFileFails("latin1.conf", "not valid UTF-8", 1, 1);
        AssertFileFails("includes-latin1.conf", "not valid UTF-8", 2, 10);
        AssertFileFails("includes-folder.conf", "it is a directory", 1, 9);
        Assert.Throws<HoconException>(() => HoconConfig.ParseFile("a\0b"));
        Assert.Throws<HoconException>(() => HoconConfig.ParseFile(""));
    }

    [Fact]
    public void A_byte_order_mark_is_white_space()
    {
        foreach (string name in (string[])["bom.conf", "bom.json", "bom.properties"])
        {
            string text = name.EndsWith(".json", StringComparison.Ordinal) ? "{\"foo\":\"bar\"}" : "foo=bar";
            File.WriteAllText(PathOf(name), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
            Assert.Equal("bar", HoconConfig.ParseFile(PathOf(name)).Root["foo"].AsString());
        }
    }

    [Fact]
    public void A_cycle_is_seen_however_the_file_is_named()
    {
        Write("one.conf", "include \"sub/../sub/two.conf\"");
        Write("sub/two.conf", "include \"../one\"");
        HoconException e = Assert.Throws<HoconException>(() => HoconConfig.ParseFile(PathOf("one.conf")));
        Assert.Contains("include cycle", e.Message, StringComparison.Ordinal);
    }

    private void AssertFileFails(string name, string message, int line, int column)
    {
        HoconException e = Assert.Throws<HoconException>(() => HoconConfig.ParseFile(PathOf(name)));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal(new HoconOrigin(PathOf(name), line, column), e.Origin);
    }

    private string PathOf(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllText(PathOf(name), text);
    }
}
