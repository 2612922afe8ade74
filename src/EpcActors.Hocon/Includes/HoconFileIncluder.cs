namespace EpcActors.Hocon;

/// <summary>Files on disk, in UTF-8. Relative names are adjacent to the including file.</summary>
public sealed class HoconFileIncluder : IHoconIncluder
{
    /// <summary>The only instance needed: it has no state.</summary>
    public static HoconFileIncluder Instance { get; } = new();

    public string Locate(string includingSource, string name)
    {
        ArgumentNullException.ThrowIfNull(includingSource);
        ArgumentNullException.ThrowIfNull(name);
        if (Path.IsPathRooted(name))
        {
            return name;
        }

        string? folder = Path.GetDirectoryName(includingSource);
        return SourceNames.Combine(folder ?? "", name);
    }

    public string? Read(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return TextFiles.Read(source);
    }
}
