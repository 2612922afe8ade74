using System.Reflection;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// The folder config/ as it was when the program was built: the reference configuration, the named kernels, costs,
/// machines, races and workloads, and the scenarios.
/// They are part of the assembly, so the command works from any directory.
/// </summary>
public static class BuiltInFiles
{
    /// <summary>Prefix of the names of these files, in includes and in error messages.</summary>
    public const string Prefix = "builtin:";

    /// <summary>The reference configuration.</summary>
    public const string Reference = Prefix + "reference.conf";

    private const string Folder = "config/";
    private const string Extension = ".conf";

    private static readonly Assembly Home = typeof(BuiltInFiles).Assembly;

    /// <summary>Names of a set, in alphabetical order.</summary>
    /// <param name="set"><c>kernels</c>, <c>costs</c>, <c>machines</c>, <c>races</c> or <c>workloads</c>.</param>
    public static IReadOnlyList<string> Names(string set)
    {
        string prefix = $"{Prefix}{set}/";
        List<string> names = [];
        foreach (string resource in Home.GetManifestResourceNames())
        {
            if (
                resource.StartsWith(prefix, StringComparison.Ordinal)
                && resource.EndsWith(Extension, StringComparison.Ordinal))
            {
                names.Add(resource[prefix.Length..^Extension.Length]);
            }
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>Full name of a file of a set.</summary>
    public static string FileName(string set, string name) => $"{Prefix}{set}/{name}{Extension}";

    /// <summary>
    /// Text of a file that the project ships, by its path in the repository: the command works from any directory. Null
    /// for any other path, and for an absolute one.
    /// </summary>
    /// <param name="path">For example <c>config/scenarios/vepc.conf</c>.</param>
    public static string? ReadShipped(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string name = path.Replace('\\', '/');
        return name.StartsWith(Folder, StringComparison.Ordinal) ? Read(Prefix + name[Folder.Length..]) : null;
    }

    /// <summary>Text of a file, or null when there is none of that name.</summary>
    public static string? Read(string fileName)
    {
        using Stream? stream = Home.GetManifestResourceStream(fileName);
        if (stream is null)
        {
            return null;
        }

        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>Finds built-in files beside those of the user: <c>include "builtin:kernels/linux-5.15.conf"</c>.</summary>
internal sealed class BuiltInIncluder(IHoconIncluder files) : IHoconIncluder
{
    public string Locate(string includingSource, string name)
    {
        if (IsBuiltIn(name))
        {
            return name;
        }

        // A setting of the command line may name a file of the user, whatever scenario it goes with.
        if (!IsBuiltIn(includingSource) || Path.IsPathRooted(name))
        {
            return files.Locate(includingSource, name);
        }

        int slash = includingSource.LastIndexOf('/');
        return slash < 0 ? BuiltInFiles.Prefix + name : string.Concat(includingSource.AsSpan(0, slash + 1), name);
    }

    public string? Read(string source) =>
        IsBuiltIn(source) ? BuiltInFiles.Read(source) : files.Read(source) ?? BuiltInFiles.ReadShipped(source);

    private static bool IsBuiltIn(string name) => name.StartsWith(BuiltInFiles.Prefix, StringComparison.Ordinal);
}
