namespace EpcActors.Hocon;

/// <summary>
/// How a text is read and resolved. The limits bound what hostile or mistaken input can cost; each has its own error.
/// </summary>
public sealed record HoconOptions
{
    /// <summary>Files from disk, the process environment, the usual limits.</summary>
    public static HoconOptions Default { get; } = new();

    /// <summary>
    /// Where a substitution looks when the configuration has no such path; null result means undefined.
    /// The process environment if left null.
    /// </summary>
    public Func<string, string?>? Environment { get; init; }

    /// <summary>Where files come from; the file system if left null.</summary>
    public IHoconIncluder? Includer { get; init; }

    /// <summary>Levels of objects and arrays, those made by dotted keys included, in the text and in the result.</summary>
    public int MaxNesting { get; init; } = 200;

    /// <summary>Files that may be open inside one another.</summary>
    public int MaxIncludeDepth { get; init; } = 50;

    /// <summary>Files that one parse may read in all.</summary>
    public int MaxIncludedFiles { get; init; } = 1_000;

    /// <summary>UTF-16 units of one file or text.</summary>
    public int MaxSourceLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>Values in the resolved tree, counting a value once for each place where it appears.</summary>
    public long MaxResolvedNodes { get; init; } = 250_000;

    /// <summary>UTF-16 units of a string that is put together from parts, and of all of them, times 64.</summary>
    public int MaxStringLength { get; init; } = 1024 * 1024;

    /// <summary>Substitutions that may wait for one another.</summary>
    public int MaxSubstitutionDepth { get; init; } = 400;

    internal string? LookUpEnvironment(string name)
    {
        // The process API rejects these names with exceptions of its own.
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        return Environment is null ? System.Environment.GetEnvironmentVariable(name) : Environment(name);
    }
}
