using EpcActors.Scenarios.Expectations;
using EpcActors.Tests.Cli;
using EpcActors.Tests.Configuration;

namespace EpcActors.Tests.Expectations;

/// <summary>The documents say what the table says.</summary>
public sealed class DocumentTests
{
    [Fact]
    public void The_reference_lists_every_quantity() => Assert.Contains(
        string.Join('\n', ExpectationHelp.Lines().Select(line => $"  #   {line}")),
        File.ReadAllText(Loading.RepositoryPath("config/reference.conf")),
        StringComparison.Ordinal);

    [Fact]
    public void The_document_has_a_table_for_each_subject() => Assert.Contains(
        "<!-- quantities -->\n\n" + string.Join('\n', ExpectationHelp.Markdown()) + "\n<!-- /quantities -->",
        File.ReadAllText(Loading.RepositoryPath("docs/expectations.md")),
        StringComparison.Ordinal);

    [Fact]
    public async Task The_command_prints_the_same_lines()
    {
        CliResult result = await CliHarness.Call("config", "quantities");
        Assert.Equal(0, result.Code);
        Assert.Equal(ExpectationHelp.Lines(), result.Out.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void No_line_is_too_long() =>
        Assert.All(ExpectationHelp.Lines(), line => Assert.True(line.Length <= 115, line));
}
