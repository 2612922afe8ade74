namespace EpcActors.Planted;

/// <summary>One place of a defect: a text that a source file has once, and what stands there instead.</summary>
internal sealed record Edit(string File, string Search, string Replacement);

/// <summary>A patch that cannot be read, or no longer applies.</summary>
internal sealed class DefectException(string message) : Exception(message);

/// <summary>
/// A defect as a source patch, read from a file of <c>defects</c>: a line <c># what is wrong</c>, then <c>file PATH</c>
/// and for each place <c>&lt;&lt;&lt;&lt;</c>, what stands there,
/// <c>====</c>, what the defect makes of it, <c>&gt;&gt;&gt;&gt;</c>. The text that is sought must stand in the file
/// exactly once, or the defect is out of date.
/// </summary>
internal sealed record Defect(string Name, string Title, IReadOnlyList<Edit> Edits)
{
    public const string Folder = "tests/EpcActors.Planted/defects";

    /// <summary>All of them, in the order of their numbers.</summary>
    /// <exception cref="DefectException">when one cannot be read.</exception>
    public static IReadOnlyList<Defect> All(string root) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(root, Folder), "*.patch")
            .Order(StringComparer.Ordinal)
            .Select(file => Parse(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file))),
    ];

    /// <exception cref="DefectException">when the text is not a patch.</exception>
    public static Defect Parse(string name, string text)
    {
        string title = "";
        string file = "";
        List<Edit> edits = [];
        List<string>? search = null;
        List<string>? replacement = null;
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            switch (line)
            {
                case "<<<<" when search is null:
                    search = [];
                    break;
                case "====" when search is not null && replacement is null:
                    replacement = [];
                    break;
                case ">>>>" when search is { Count: > 0 } && replacement is not null:
                    edits.Add(new Edit(file, string.Join('\n', search), string.Join('\n', replacement)));
                    search = null;
                    replacement = null;
                    break;
                default:
                    if ((replacement ?? search) is { } lines)
                    {
                        lines.Add(line);
                    }
                    else if (line.StartsWith("# ", StringComparison.Ordinal))
                    {
                        title = line[2..];
                    }
                    else if (line.StartsWith("file ", StringComparison.Ordinal))
                    {
                        file = line[5..];
                    }
                    else if (line.Length > 0)
                    {
                        throw new DefectException($"{name}: '{line}' is neither a title, nor a file, nor part of an "
                            + "edit");
                    }

                    break;
            }
        }

        if (title.Length == 0 || edits.Count == 0 || search is not null || edits.Exists(edit => edit.File.Length == 0))
        {
            throw new DefectException($"{name}: a patch has a title, a file and at least one whole edit");
        }

        return new Defect(name, title, edits);
    }

    /// <summary>True when <paramref name="name"/> is this defect's name or a prefix of it.</summary>
    public bool IsCalled(string name) => Name.StartsWith(name, StringComparison.Ordinal);

    /// <summary>The files that it changes, with their texts changed.</summary>
    /// <exception cref="DefectException">when a text that is sought is not there once.</exception>
    public IReadOnlyDictionary<string, string> Apply(string root)
    {
        Dictionary<string, string> changed = new(StringComparer.Ordinal);
        foreach (Edit edit in Edits)
        {
            string path = Path.Combine(root, edit.File);
            if (!changed.TryGetValue(edit.File, out string? text))
            {
                text = File.Exists(path) ? File.ReadAllText(path) : throw new DefectException($"{Name}: there is no "
                    + $"{edit.File}");
            }

            int at = text.IndexOf(edit.Search, StringComparison.Ordinal);
            if (at < 0 || text.IndexOf(edit.Search, at + 1, StringComparison.Ordinal) >= 0)
            {
                throw new DefectException(
                    $"{Name} no longer applies: {edit.File} has {(at < 0 ? "no" : "more than one")} place that "
                    + $"says\n{edit.Search}\nchange {Folder}/{Name}.patch so that it plants the same defect again");
            }

            ReadOnlySpan<char> rest = text.AsSpan(at + edit.Search.Length);
            changed[edit.File] = string.Concat(text.AsSpan(0, at), edit.Replacement, rest);
        }

        return changed;
    }
}
