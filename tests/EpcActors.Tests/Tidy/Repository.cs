namespace EpcActors.Tests.Tidy;

/// <summary>The repository that these tests were built from: its root and its text files.</summary>
internal static class Repository
{
    private static readonly string[] NoSource = [".git", "artifacts", "bin", "obj", "TestResults", ".vs", ".idea"];

    private static readonly HashSet<string> TextExtensions = new(StringComparer.OrdinalIgnoreCase)
    {
        ".cs",
        ".csproj",
        ".props",
        ".targets",
        ".sln",
        ".md",
        ".conf",
        ".json",
        ".yml",
        ".yaml",
        ".ps1",
        ".sh",
        ".txt",
        ".css",
        ".js",
        ".editorconfig",
        ".gitignore",
        ".gitattributes",
        ".schedule",
        ".csv",
        "",
    };

    public static string Root { get; } = FindRoot();

    /// <summary>Text files by their path from the root with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(Root).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> FilesOf(params string[] extensions) =>
        Files.Where(f => Array.Exists(extensions, e => f.EndsWith(e, StringComparison.Ordinal)));

    public static string Text(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "EpcActors.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("EpcActors.sln is in no directory above the tests");
    }

    private static IEnumerable<string> Walk(string directory)
    {
        foreach (string file in Directory.EnumerateFiles(directory))
        {
            if (TextExtensions.Contains(Path.GetExtension(file)))
            {
                yield return Path.GetRelativePath(Root, file).Replace('\\', '/');
            }
        }

        foreach (string child in Directory.EnumerateDirectories(directory))
        {
            if (!NoSource.Contains(Path.GetFileName(child)))
            {
                foreach (string file in Walk(child))
                {
                    yield return file;
                }
            }
        }
    }
}
