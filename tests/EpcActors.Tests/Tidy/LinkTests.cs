using System.Text.RegularExpressions;

namespace EpcActors.Tests.Tidy;

/// <summary>Links of the documents to files, folders and headings of the repository.</summary>
public sealed partial class LinkTests
{
    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        string[] documents = [.. Repository.FilesOf(".md")];
        Dictionary<string, HashSet<string>> anchors = documents.ToDictionary(
            file => Path.GetFullPath(Path.Combine(Repository.Root, file)), file => AnchorsOf(Repository.Text(file)));
        List<string> broken = [];
        int followed = 0;
        foreach (string file in documents)
        {
            foreach (string target in LinksOf(Repository.Text(file)))
            {
                string[] parts = Uri.UnescapeDataString(target).Split('#', 2);
                string path = Path.GetFullPath(parts[0].Length == 0
                    ? Path.Combine(Repository.Root, file)
                    : Path.Combine(Repository.Root, Path.GetDirectoryName(file)!, parts[0]));
                bool isThere = File.Exists(path) || Directory.Exists(path);
                bool isInText = parts.Length == 1 || !anchors.TryGetValue(path, out HashSet<string>? headings)
                    || headings.Contains(parts[1]);
                followed++;
                if (!isThere || !isInText)
                {
                    broken.Add($"{file}: {target}");
                }
            }
        }

        Assert.Empty(broken);
        Assert.True(followed > 100, $"only {followed} links were found");
    }

    [Theory]
    [InlineData("[a](b.md) and [c](d.md#e \"f\")", "b.md d.md#e")]
    [InlineData("[a](https://b) and [c](mailto:d)", "")]
    [InlineData("```\n[a](b.md)\n```\n![c](d.png)", "d.png")]
    public void Links_are_found(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', LinksOf(text)));

    [Fact]
    public void A_heading_is_a_place_to_link_to() =>
        Assert.Equal(
            ["what-it-costs", "epc-new-and-a_link", "twice", "twice-1"],
            AnchorsOf("# What it costs?\n## `epc new`, and [a_link](b.md)\n```\n# no heading\n```\n# Twice\n# Twice"));

    private static IEnumerable<string> LinksOf(string text) => Link().Matches(CodeFence().Replace(text, ""))
        .Select(link => link.Groups[1].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal)
            && !target.StartsWith("mailto:", StringComparison.Ordinal));

    /// <summary>Names that GitHub gives to the headings of a document.</summary>
    private static HashSet<string> AnchorsOf(string text)
    {
        HashSet<string> anchors = [];
        foreach (Match heading in Heading().Matches(CodeFence().Replace(text, "")))
        {
            string words = Link().Replace(heading.Groups[1].Value, link => link.Value[1..link.Value.IndexOf(']')]);
            string plain = NoPartOfAnchor().Replace(words.Trim().ToLowerInvariant(), "").Replace(' ', '-');
            string anchor = plain;
            for (int i = 1; !anchors.Add(anchor); i++)
            {
                anchor = $"{plain}-{i}";
            }
        }

        return anchors;
    }

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)[^)]*\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoPartOfAnchor();

    [GeneratedRegex(@"```.*?```", RegexOptions.Singleline)]
    private static partial Regex CodeFence();
}
