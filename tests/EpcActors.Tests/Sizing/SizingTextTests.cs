using EpcActors.Reports;
using EpcActors.Results;
using EpcActors.Tests.Reports;

namespace EpcActors.Tests.Sizing;

public sealed class SizingTextTests
{
    [Theory]
    [InlineData("three")]
    [InlineData("crowd")]
    [InlineData("none")]
    [InlineData("hostile")]
    [InlineData("guests")]
    public void It_says_what_was_found_without_a_control_character(string name)
    {
        SizingReport report = SampleSizings.Of(name);
        string text = Write(report, 120);
        Assert.DoesNotContain(text, c => char.IsControl(c) && c != '\n');
        Assert.Contains(report.Verdict == SizingVerdict.Sized ? "SIZED: " : "NOT KEPT: ", text,
            StringComparison.Ordinal);
        Assert.All(
            report.Cgroups.Where(one => one.Chosen?.LimitPages is not null && one.Path.All(char.IsAsciiLetterOrDigit)),
            one => Assert.Contains(
                LimitLines.MiscMax(one.Path, one.Chosen!.LimitPages!.Value), text, StringComparison.Ordinal));
    }

    /// <summary>Ten pods are one screen: a row each in two tables, a line each to paste.</summary>
    [Fact]
    public void Ten_cgroups_are_answered_in_one_screen()
    {
        SizingReport crowd = SampleSizings.Of("crowd");
        SizingReport ten = crowd with
        {
            Cgroups = [.. crowd.Cgroups.Take(10)],
            Together = crowd.Together! with { Rows = [.. crowd.Together.Rows.Take(10)] },
        };
        string[] lines = Write(ten, 120).Split('\n');
        Assert.InRange(lines.Length, 30, 52);
        Assert.All(lines, line => Assert.True(line.Length <= 120, line));
    }

    /// <summary>Cut in their middle, pods of one parent all looked alike.</summary>
    [Theory]
    [InlineData("/kubepods/cache-0/redis", "/kubepods/cache-1/redis", "/kubepods/")]
    [InlineData("/pods/a", "/pods/ab", "/pods/")]
    [InlineData("/pods", "/pods/a", "/")]
    [InlineData("/a", "/b", "/")]
    [InlineData("a", "b", "/")]
    public void Cgroups_of_one_parent_are_told_apart_by_the_rest(string first, string second, string parent)
    {
        SizingReport crowd = SampleSizings.Of("crowd");
        SizingReport two = crowd with
        {
            Cgroups = [crowd.Cgroups[0] with { Path = first }, crowd.Cgroups[1] with { Path = second }],
            Together = null,
        };
        Assert.Equal(parent, SizingWords.CommonParent(two));
        string[] lines = Write(two, 160).Split('\n');
        int table = Array.FindIndex(lines, line => line.TrimStart().StartsWith("cgroup ", StringComparison.Ordinal));
        IEnumerable<string> shown = lines
            .Skip(table + 1)
            .Take(2)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]);
        Assert.Equal(parent == "/" ? [first, second] : [first[parent.Length..], second[parent.Length..]], shown);
        Assert.Equal(
            parent != "/",
            lines.Any(line => line.Contains($"The cgroups are those of {parent[..^1]}.", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_terminal_that_knows_letters_only_gets_letters_only() =>
        Assert.DoesNotContain(Write(SampleSizings.Of("three"), 100, isUnicode: false), c => c > '~');

    /// <summary>A name with a space or a quote must not become two words of a shell, nor two keys.</summary>
    [Theory]
    [InlineData("/pods/web", "/sys/fs/cgroup/pods/web/misc.max", "epc.cgroups./pods/web.max = 16 pages")]
    [InlineData("/a.slice", "/sys/fs/cgroup/a.slice/misc.max", "epc.cgroups.\"/a.slice\".max = 16 pages")]
    [InlineData("/a b", "'/sys/fs/cgroup/a b/misc.max'", "epc.cgroups.\"/a b\".max = 16 pages")]
    [InlineData("/it's", "'/sys/fs/cgroup/it'\\''s/misc.max'", "epc.cgroups.\"/it's\".max = 16 pages")]
    [InlineData("/q\"", "'/sys/fs/cgroup/q\"/misc.max'", "epc.cgroups.\"/q\\\"\".max = 16 pages")]
    public void Lines_to_paste_are_quoted(string path, string file, string hocon)
    {
        Assert.Equal($"echo \"sgx_epc 65536\" > {file}", LimitLines.MiscMax(path, 16));
        Assert.Equal(hocon, LimitLines.Hocon(path, 16));
    }

    private static string Write(SizingReport report, int width, bool isUnicode = true) =>
        Render.Console(width, console => SizingText.Write(console, report), isUnicode);
}
