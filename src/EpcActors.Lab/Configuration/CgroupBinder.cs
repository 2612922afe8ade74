using System.Globalization;
using EpcActors.Domain.Kernel;
using EpcActors.Hocon;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Configuration;

/// <summary>Reads <c>epc.cgroups</c>: keys that begin with <c>/</c> are cgroups below the one they stand in, all others are settings.</summary>
internal sealed class CgroupBinder
{
    /// <summary>An EPC page names its cgroup with 16 bits, one value of which means none.</summary>
    private const int MaxCgroups = ushort.MaxValue - 1;

    private const string Placeholder = "<path>";
    private const string AnnotationPrefix = "epc-limit.nri.io";

    private readonly LoadContext _context;
    private readonly ObjectReader _defaults;
    private readonly Dictionary<string, (HoconOrigin Origin, string Key, long Max, long MemoryMax)> _found = new(StringComparer.Ordinal);

    private CgroupBinder(LoadContext context, ObjectReader defaults)
    {
        _context = context;
        _defaults = defaults;
    }

    /// <summary>The tree, parents before children, siblings in the order of the file.</summary>
    public static IReadOnlyList<CgroupSpec> Read(ObjectReader reader, ObjectReader defaults)
    {
        CgroupBinder binder = new(reader.Context, defaults);
        binder.ReadChildren(reader, "");
        reader.Finish("the cgroups; the path of a cgroup begins with '/'");
        return binder.Tree(reader);
    }

    private void ReadChildren(ObjectReader reader, string parent)
    {
        foreach (string key in reader.Keys)
        {
            if (key.StartsWith('/') && reader.TryNamed(key, Placeholder, _defaults, out ObjectReader? cgroup))
            {
                ReadCgroup(cgroup, key, parent);
            }
        }
    }

    private void ReadCgroup(ObjectReader reader, string key, string parent)
    {
        string path = parent + key;
        if (key == "/" && parent.Length == 0)
        {
            ReadRoot(reader);
            return;
        }

        if (PathProblem(key) is { } problem)
        {
            _context.Error(reader.Origin, reader.Path, $"'{key}' is no path of a cgroup: {problem}", "write for example /pods/web");
            return;
        }

        long max = ReadMax(reader, path);
        long memoryMax = reader.Get("memory-max", "max").Limit();
        if (_found.TryGetValue(path, out var first))
        {
            _context.Error(
                reader.Origin, reader.Path, $"the cgroup {path} is defined twice", $"the other definition is {ConfigurationText.Place(first.Origin)}");
        }
        else
        {
            _found.Add(path, (reader.Origin, reader.Path, max, memoryMax));
        }

        ReadChildren(reader, path);
        reader.Finish("a cgroup");
    }

    private void ReadRoot(ObjectReader reader)
    {
        if (reader.Has("max") || reader.Has("annotations"))
        {
            reader.Error(reader.Has("max") ? "max" : "annotations", "the root cgroup has no misc.max", "set the limit at a cgroup below the root");
        }

        // Asked for, so that it is not reported a second time as unknown.
        reader.TryGet("max", out _);
        reader.Child("annotations");
        _found["/"] = (reader.Origin, reader.Path, Setting.NoLimit, reader.Get("memory-max", "max").Limit());
        reader.Finish("the root cgroup");
    }

    /// <summary>misc.max in bytes: the key <c>max</c>, or the annotations of the Kubernetes plug-in.</summary>
    private long ReadMax(ObjectReader reader, string path)
    {
        ObjectReader annotations = reader.Child("annotations");
        string container = reader.TryGet("container", out Setting? name) ? name.Text("web") : path[(path.LastIndexOf('/') + 1)..];
        if (!reader.Has("annotations"))
        {
            if (reader.Has("container"))
            {
                reader.Error("container", "the name of a container matters only with annotations", "add annotations { … }, or drop the key");
            }

            return reader.Get("max", "64 MiB").Limit();
        }

        if (reader.Has("max"))
        {
            reader.Error("max", "both max and annotations set a limit", "drop one of the two");
        }

        reader.TryGet("max", out _);
        return FromAnnotations(annotations, container);
    }

    /// <summary>The look-up order of the NRI plug-in sgx-epc: the container's annotation, the pod's (a shorthand for each container), the plain one.</summary>
    private static long FromAnnotations(ObjectReader annotations, string container)
    {
        string[] order = [$"{AnnotationPrefix}/container.{container}", $"{AnnotationPrefix}/pod", AnnotationPrefix];
        long? result = null;
        foreach (string key in order)
        {
            if (annotations.TryGet(key, out Setting? setting))
            {
                long bytes = AnnotationBytes(setting);
                result ??= bytes == 0 ? Setting.NoLimit : bytes;
            }
        }

        foreach (string key in annotations.Keys)
        {
            // Annotations of other containers, and of other programs, are none of our business; a near miss is.
            if (key.StartsWith($"{AnnotationPrefix}/container.", StringComparison.Ordinal))
            {
                annotations.Allow(key);
            }
            else if (key == "epc-limit")
            {
                annotations.Error(key, "dots outside quotes divide a key", $"put the key between quotes: \"{AnnotationPrefix}/pod\"");
                annotations.Allow(key);
            }
            else if (!key.StartsWith("epc", StringComparison.Ordinal))
            {
                annotations.Allow(key);
            }
        }

        annotations.Finish("the annotations");
        return result ?? Setting.NoLimit;
    }

    private static long AnnotationBytes(Setting setting)
    {
        if (setting.Value is HoconString or HoconNumber
            && long.TryParse(setting.Value.AsString(), NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
        {
            return bytes;
        }

        string remedy = "write the bytes as a plain decimal number, without Mi or MiB";
        if (setting.StringOrNull is { } text && text.EndsWith('i') && HoconUnits.TryParseSize(text, out long meant, out _))
        {
            remedy += $": {Setting.Number(meant)}";
        }

        setting.Error(
            $"found {Setting.Describe(setting.Value)}; the value of this annotation is a number of bytes, "
                + "and with any other text the container would not start",
            remedy);
        return 0;
    }

    private List<CgroupSpec> Tree(ObjectReader reader)
    {
        List<CgroupSpec> tree = [];
        Dictionary<string, int> indices = new(StringComparer.Ordinal);
        var root = _found.TryGetValue("/", out var own) ? own : (reader.Origin, reader.Path, Setting.NoLimit, Setting.NoLimit);
        tree.Add(new CgroupSpec("/", -1, Setting.NoLimit, root.Item4));
        indices.Add("/", 0);

        Dictionary<string, List<string>> children = new(StringComparer.Ordinal);
        foreach ((string path, var cgroup) in _found)
        {
            if (path == "/")
            {
                continue;
            }

            int slash = path.LastIndexOf('/');
            string parent = slash == 0 ? "/" : path[..slash];
            if (parent != "/" && !_found.ContainsKey(parent))
            {
                _context.Error(cgroup.Origin, cgroup.Key, $"its parent {parent} is missing", $"add \"{parent}\" {{ max = max }}");
                parent = "/";
            }

            if (!children.TryGetValue(parent, out List<string>? siblings))
            {
                children.Add(parent, siblings = []);
            }

            siblings.Add(path);
        }

        Add("/");
        if (tree.Count > MaxCgroups)
        {
            _context.Error(reader.Origin, reader.Path, $"{tree.Count} cgroups are defined", $"at most {MaxCgroups} are possible");
        }

        return tree;

        // In pre-order, as a reader of the tree would list it.
        void Add(string parent)
        {
            foreach (string path in children.GetValueOrDefault(parent, []))
            {
                indices.Add(path, tree.Count);
                tree.Add(new CgroupSpec(path, indices[parent], _found[path].Max, _found[path].MemoryMax));
                Add(path);
            }
        }
    }

    private static string? PathProblem(string key)
    {
        foreach (string part in key[1..].Split('/'))
        {
            if (part.Length == 0)
            {
                return "a name is empty";
            }

            if (part is "." or "..")
            {
                return $"'{part}' is no name";
            }

            foreach (char c in part)
            {
                if (char.IsWhiteSpace(c) || char.IsControl(c))
                {
                    return "white space is not allowed";
                }
            }
        }

        return null;
    }
}

/// <summary>Finds cgroups by their path.</summary>
internal static class CgroupLookup
{
    /// <summary>Index of the cgroup that a setting names; 0 and an error when there is none.</summary>
    public static int Find(IReadOnlyList<CgroupSpec> cgroups, Setting setting)
    {
        if (setting.IsMissing)
        {
            return 0;
        }

        if (setting.StringOrNull is not { } path)
        {
            setting.Wrong("the path of a cgroup", "write for example \"/pods/web\"");
            return 0;
        }

        for (int i = 0; i < cgroups.Count; i++)
        {
            if (cgroups[i].Path == path)
            {
                return i;
            }
        }

        setting.Error($"there is no cgroup '{path}'", Suggestions.Remedy(path, [.. cgroups.Select(cgroup => cgroup.Path)]));
        return 0;
    }
}
