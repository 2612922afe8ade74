using System.Text.RegularExpressions;

namespace EpcActors.Tests.Tidy;

/// <summary>
/// The folders of a project refer to each other in one direction, too: what one reads below does not change with what
/// is above. Builds fail on a using that is not needed, so the usings are the references.
/// </summary>
public sealed partial class FolderTests
{
    [Fact]
    public void Folders_of_a_project_refer_to_each_other_in_one_direction_only()
    {
        string[] projects = [.. Repository
            .FilesOf(".csproj")
            .Where(f => f.StartsWith("src/", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f))];
        Assert.Contains("EpcActors.Runs", projects);
        string[] cycles = [.. projects.SelectMany(project => CyclesIn(project, ReferencesIn(project)))];
        Assert.True(cycles.Length == 0, string.Join('\n', cycles));
    }

    [Fact]
    public void The_folders_of_scenarios_runs_and_races_are_as_documented()
    {
        string[] actual =
        [
            .. new[] { "Scenarios", "Runs", "Races" }.SelectMany(project => ReferencesIn($"EpcActors.{project}")
                .Select(one => $"{project}/{one.Key}"
                    + (one.Value.Count == 0 ? "" : $" -> {string.Join(", ", one.Value)}"))),
        ];
        string[] documented =
            [.. Folders().Match(Repository.Text("docs/code.md")).Groups[1].Value.Trim().Split('\n')];
        Assert.Equal(
            actual.Order(StringComparer.Ordinal),
            documented.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("A -> B; B -> C", "")]
    [InlineData("A -> B; B -> C; C -> A", "P: A -> B -> C -> A")]
    [InlineData("A -> C; B -> C; C -> B", "P: B -> C -> B")]
    public void Cycles_are_found(string references, string expected)
    {
        SortedDictionary<string, SortedSet<string>> all = new(StringComparer.Ordinal);
        foreach (string[] one in references.Split("; ").Select(text => text.Split(" -> ")))
        {
            all.TryAdd(one[0], new SortedSet<string>(StringComparer.Ordinal));
            all.TryAdd(one[1], new SortedSet<string>(StringComparer.Ordinal));
            all[one[0]].Add(one[1]);
        }

        Assert.Equal(expected, string.Join('\n', CyclesIn("P", all)));
    }

    private static SortedDictionary<string, SortedSet<string>> ReferencesIn(string project)
    {
        SortedDictionary<string, SortedSet<string>> references = new(StringComparer.Ordinal);
        string root = $"src/{project}/";
        string[] files = [.. Repository.FilesOf(".cs").Where(f => f.StartsWith(root, StringComparison.Ordinal))];
        foreach (string file in files.Where(f => f[root.Length..].Contains('/', StringComparison.Ordinal)))
        {
            references.TryAdd(FolderOf(file, root), new SortedSet<string>(StringComparer.Ordinal));
        }

        foreach (string file in files.Where(f => f[root.Length..].Contains('/', StringComparison.Ordinal)))
        {
            foreach (Match match in Using().Matches(Repository.Text(file)))
            {
                if (!match.Groups[1].Value.StartsWith(project + ".", StringComparison.Ordinal))
                {
                    continue;
                }

                string used = match.Groups[1].Value[(project.Length + 1)..].Split('.')[0];
                if (references.ContainsKey(used) && used != FolderOf(file, root))
                {
                    references[FolderOf(file, root)].Add(used);
                }
            }
        }

        return references;
    }

    private static string FolderOf(string file, string root) => file[root.Length..].Split('/')[0];

    /// <summary>One cycle for each folder that is the first of it in the alphabet.</summary>
    private static IEnumerable<string> CyclesIn(
        string project, SortedDictionary<string, SortedSet<string>> references) => references.Keys
        .Select(first => WayBack(references, first, [first]))
        .OfType<List<string>>()
        .Where(cycle => string.Equals(cycle[0], cycle.Min(StringComparer.Ordinal), StringComparison.Ordinal))
        .Select(cycle => $"{project}: {string.Join(" -> ", cycle)}");

    /// <summary>The way back to the first folder of a path; null when there is none.</summary>
    private static List<string>? WayBack(
        SortedDictionary<string, SortedSet<string>> references, string from, List<string> path)
    {
        foreach (string next in references[from])
        {
            if (next == path[0])
            {
                return [.. path, next];
            }

            if (!path.Contains(next) && WayBack(references, next, [.. path, next]) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    [GeneratedRegex(@"^using (?:static )?(EpcActors\.[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();

    [GeneratedRegex(@"```folders\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Folders();
}
