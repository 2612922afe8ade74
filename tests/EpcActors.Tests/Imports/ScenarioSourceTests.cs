using EpcActors.Imports;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Tests.Imports;

/// <summary>One entry for all inputs.</summary>
public sealed class ScenarioSourceTests
{
    private const string Scenario = "epc { enclaves { a { heap = 16 pages } } }";

    [Theory]
    [InlineData("a.conf", Scenario)]
    [InlineData("a", Scenario)]
    [InlineData("a.json", """{ "epc": { "enclaves": { "a": { "heap": "16 pages" } } } }""")]
    [InlineData("a.txt", "epc.enclaves.a.heap = 16 pages")]
    public void A_scenario_is_the_one_of_the_file(string name, string text)
    {
        ScenarioText source = Importing.Text(name, text);

        Assert.False(source.IsImported);
        Assert.Equal(name, source.SourceName);
        Assert.Equal(text, source.Text);
        Assert.Same(ConfigEnvironment.Default, source.In(ConfigEnvironment.Default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("{ }")]
    [InlineData("<a/>")]
    public void A_file_of_no_kind_is_refused(string text) => Assert.Contains(
        "a.txt: cannot tell what this file is", Importing.Errors("a.txt", text), StringComparison.Ordinal);

    [Theory]
    [InlineData("kind: Pod\nmetadata: { name: \u001b[31m }", "k.yaml:2:19: the text has the control character U+001B")]
    [InlineData("kind: Pod # \u202e", "k.yaml:1:13: the text has the control character U+202E")]
    [InlineData("kind: Pod\nmetadata: { name: \"\\x1b[31m\" }", "'\\u001b[31m' is not a name of an object")]
    public void Control_characters_are_refused_and_never_printed(string text, string expected)
    {
        string errors = Importing.Errors("k.yaml", text);

        Assert.Contains(expected, errors, StringComparison.Ordinal);
        Assert.DoesNotContain(errors, one => char.IsControl(one) && one != '\n');
        Assert.DoesNotContain('\u202e', errors);
    }

    [Fact]
    public void Names_are_used_once()
    {
        EpcActors.Imports.Drafts.UniqueNames names = new();

        Assert.Equal("web", names.Next("web"));
        Assert.Equal("web-0.2", names.Next("web-0"));
        Assert.Equal("web.2", names.Next("web"));
        Assert.Equal("a-b", names.Next("-a b"));
    }
}
