namespace EpcActors.Hocon;

/// <summary>
/// Options to read and resolve a text. The limits bound the cost of hostile or mistaken input; each has its own error.
/// </summary>
public sealed record HoconOptions
{
    /// <summary>Files from disk, the process environment, the usual limits.</summary>
    public static HoconOptions Default { get; } = new();

    /// <summary>
    /// Lookup for a substitution when the configuration has no such path; a null result means undefined. Null: the
    /// process environment.
    /// </summary>
    public Func<string, string?>? Environment { get; init; }

    /// <summary>Source of included files. Null: the file system.</summary>
    public IHoconIncluder? Includer { get; init; }

    /// <summary>
    /// Levels of objects and arrays, those made by dotted keys included, in the text and in the result.
    /// </summary>
    public int MaxNesting { get; init; } = 200;

    /// <summary>Files that may be open inside one another.</summary>
    public int MaxIncludeDepth { get; init; } = 50;

    /// <summary>Files that one parse may read in all.</summary>
    public int MaxIncludedFiles { get; init; } = 1_000;

    /// <summary>UTF-16 units of one file or text.</summary>
    public int MaxSourceLength { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// Values in the resolved tree, counting a value once for each place where it appears. A text that is larger by
    /// itself may double.
    /// </summary>
    public long MaxResolvedNodes { get; init; } = 250_000;

    /// <summary>UTF-16 units of a string that is put together from parts, and of all of them, times 64.</summary>
    public int MaxStringLength { get; init; } = 1024 * 1024;

    /// <summary>Substitutions that may wait for one another.</summary>
    public int MaxSubstitutionDepth { get; init; } = 400;

    /// <summary>
    /// Splits a key into several, given the first key of its path; null for a key that stays whole. Two spellings of
    /// one path are one path then: in the keys of a file, in substitutions and in overrides. Not asked inside arrays.
    /// </summary>
    public Func<string, string, IReadOnlyList<string>?>? SplitKey { get; init; }

    /// <summary>
    /// An object whose keys are all whole numbers, on top of an array, changes these elements, where HOCON lets it
    /// replace the array: <c>nodes.0.size = 4</c> leaves all else of <c>nodes = [ … ]</c> as it is. The number behind
    /// the last appends an element, a larger one is an error.
    /// </summary>
    public bool NumericKeysChangeElements { get; init; }

    /// <summary>
    /// Told of each include of a file that does not exist, which brings nothing, by its place and name.
    /// </summary>
    public Action<HoconOrigin, string>? OnMissingInclude { get; init; }

    /// <summary>A path as <see cref="SplitKey"/> has it.</summary>
    internal string[] Split(string top, string[] path)
    {
        if (SplitKey is null)
        {
            return path;
        }

        List<string> keys = [];
        foreach (string key in path)
        {
            keys.AddRange(SplitKey(top, key) ?? [key]);
        }

        return [.. keys];
    }

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
