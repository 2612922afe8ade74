using EpcActors.Planted;
using EpcActors.Tests.Tidy;

namespace EpcActors.Tests.OracleTests;

/// <summary>
/// The planted defects of tests/EpcActors.Planted: what can be said of them without building the emulator twenty-seven
/// times.
/// </summary>
public sealed class PlantedDefectTests
{
    [Fact]
    public void Every_patch_still_applies_and_changes_something()
    {
        IReadOnlyList<Defect> all = Defect.All(Repository.Root);
        Assert.Equal(27, all.Count);
        foreach (Defect defect in all)
        {
            foreach ((string file, string text) in defect.Apply(Repository.Root))
            {
                Assert.StartsWith("src/", file, StringComparison.Ordinal);
                Assert.NotEqual(Repository.Text(file), text);
            }
        }
    }

    [Fact]
    public void The_document_has_a_row_for_each_and_at_least_24_break_a_rule()
    {
        string[] lines = Repository.Lines("docs/oracle.md");
        int broken = 0;
        foreach (Defect defect in Defect.All(Repository.Root))
        {
            string row = Assert.Single(lines, line => line.Contains($"| {defect.Title} |", StringComparison.Ordinal));
            Assert.DoesNotContain("not known", row, StringComparison.Ordinal);
            broken += row.Contains('`', StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.True(broken >= 24, $"{broken} planted defects break a rule");
    }

    [Fact]
    public void A_patch_that_does_not_apply_says_where_and_what_to_do()
    {
        Defect stale = Defect.Parse("28-stale", "# stale\nfile README.md\n<<<<\nno such text\n====\nother\n>>>>\n");
        DefectException failure = Assert.Throws<DefectException>(() => stale.Apply(Repository.Root));
        Assert.StartsWith(
            "28-stale no longer applies: README.md has no place that says",
            failure.Message,
            StringComparison.Ordinal);
        Defect vague = Defect.Parse("29-vague", "# vague\nfile README.md\n<<<<\nthe\n====\nother\n>>>>\n");
        Assert.Contains(
            "more than one place",
            Assert.Throws<DefectException>(() => vague.Apply(Repository.Root)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file README.md\n<<<<\na\n====\nb\n>>>>")]
    [InlineData("# t\n<<<<\na\n====\nb\n>>>>")]
    [InlineData("# t\nfile README.md\n<<<<\na\n====\nb")]
    [InlineData("# t\nfile README.md\n")]
    [InlineData("# t\nfile README.md\nwhat\n")]
    public void What_is_no_patch_is_refused(string text) =>
        Assert.Throws<DefectException>(() => Defect.Parse("x", text));
}
