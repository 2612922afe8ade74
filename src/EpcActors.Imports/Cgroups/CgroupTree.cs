using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Imports.Reading;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Cgroups;

/// <summary>A number of a file such as misc.max, or <c>max</c>, and where it stands.</summary>
/// <param name="Number">The number.</param>
/// <param name="Origin">Its place.</param>
internal readonly record struct FileValue(Limit Number, HoconOrigin Origin)
{
    /// <summary>No limit: max, or more than any machine has.</summary>
    public bool IsMax => Number.Bytes == long.MaxValue;

    public long Bytes => Number.Bytes;
}

/// <summary>A cgroup of a copied tree.</summary>
internal sealed record TreeCgroup(string Path)
{
    public FileValue? Max { get; init; }

    public FileValue? Current { get; init; }

    public FileValue? Peak { get; init; }

    public FileValue? Capacity { get; init; }

    public FileValue? MemoryMax { get; init; }

    /// <summary>Refusals counted in misc.events.</summary>
    public long Events { get; init; }
}

/// <summary>Reads a copied /sys/fs/cgroup: what misc and memory files say of each folder.</summary>
internal sealed class CgroupTree(ConfigEnvironment environment, ImportLog log)
{
    private const string Resource = "sgx_epc";
    private const string MaxWord = "max";
    private const int MostDepth = 64;

    /// <summary>The loader's most cgroups.</summary>
    private const int MostCgroups = 65_000;

    private readonly List<TreeCgroup> _cgroups = [];

    /// <summary>Cgroups from the root on, parents first, siblings by name.</summary>
    public static IReadOnlyList<TreeCgroup> Read(string root, ConfigEnvironment environment, ImportLog log)
    {
        CgroupTree tree = new(environment, log);
        try
        {
            tree.Walk(root, "/", 0);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw log.Fail(
                new HoconOrigin(root, 0, 0), "", $"cannot read it: {error.Message}", "copy the tree to another folder");
        }

        return tree._cgroups;
    }

    /// <summary>A folder that looks like a cgroup.</summary>
    public static bool IsCgroup(string path)
    {
        try
        {
            return Directory.Exists(path)
                && (File.Exists(Path.Combine(path, "misc.capacity"))
                    || File.Exists(Path.Combine(path, "misc.max"))
                    || File.Exists(Path.Combine(path, "misc.current"))
                    || File.Exists(Path.Combine(path, "cgroup.controllers")));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Walk(string folder, string path, int depth)
    {
        if (depth > MostDepth || _cgroups.Count >= MostCgroups)
        {
            throw log.Fail(
                new HoconOrigin(folder, 0, 0),
                "",
                depth > MostDepth ? $"more than {MostDepth} folders deep" : $"more than {MostCgroups} cgroups",
                "name a folder below it");
        }

        _cgroups.Add(new TreeCgroup(path)
        {
            Max = Keyed(folder, "misc.max"),
            Current = Keyed(folder, "misc.current"),
            Peak = Keyed(folder, "misc.peak"),
            Capacity = Keyed(folder, "misc.capacity"),
            Events = Keyed(folder, "misc.events", Resource + ".max")?.Bytes ?? 0,
            MemoryMax = Single(folder, "memory.max"),
        });
        foreach (string below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            // A link could lead back up.
            if (new DirectoryInfo(below).LinkTarget is null && IsName(below, out string name))
            {
                Walk(below, path == "/" ? "/" + name : $"{path}/{name}", depth + 1);
            }
        }
    }

    private bool IsName(string folder, out string name)
    {
        name = Path.GetFileName(folder);
        if (name.Any(static c => char.IsWhiteSpace(c) || PrintableText.IsHidden(c)))
        {
            log.Error(
                new HoconOrigin(folder, 0, 0),
                "",
                $"'{name}' is not a name of a cgroup here: white space is not allowed",
                "rename the folder");
            return false;
        }

        return true;
    }

    /// <summary>The value behind a key of a flat-keyed file; null without the file or the key.</summary>
    private FileValue? Keyed(string folder, string file, string key = Resource)
    {
        string source = Path.Combine(folder, file);
        if (!File.Exists(source))
        {
            return null;
        }

        string[] lines = InputText.Read(source, environment, log).Text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string[] words = lines[i].Split(
                ' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (words.Length == 0)
            {
                continue;
            }

            HoconOrigin at = new(source, i + 1, 1);
            if (words.Length != 2)
            {
                log.Error(
                    at, "", $"found '{lines[i].Trim()}'; expected a resource and a number", "copy the file as it is");
            }
            else if (words[0] == key)
            {
                int column = lines[i].IndexOf(words[1], key.Length, StringComparison.Ordinal) + 1;
                return Value(words[1], at with { Column = column });
            }
        }

        return null;
    }

    private FileValue? Single(string folder, string file)
    {
        string source = Path.Combine(folder, file);
        return File.Exists(source)
            ? Value(InputText.Read(source, environment, log).Text.Trim(), new HoconOrigin(source, 1, 1))
            : null;
    }

    private FileValue? Value(string text, HoconOrigin at)
    {
        if (text == MaxWord)
        {
            return new FileValue(Limit.Max, at);
        }

        if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong bytes))
        {
            return new FileValue(Limit.Of(bytes), at);
        }

        log.Error(at, "", $"found '{text}'; expected a number of bytes or max", "copy the file as it is");
        return null;
    }
}
