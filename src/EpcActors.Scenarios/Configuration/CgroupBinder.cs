using System.Text;
using EpcActors.Hocon;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Reads <c>epc.cgroups</c>: keys that begin with <c>/</c> are cgroups below the one they stand in, all others are
/// settings.
/// </summary>
internal sealed class CgroupBinder
{
    /// <summary>An EPC page names its cgroup with 16 bits, one value of which means none.</summary>
    private const int MaxCgroups = ushort.MaxValue - 1;

    private const string Placeholder = "<path>";

    private static readonly string[] Settings = ["max", "memory-max", "made-later", "annotations", "container"];

    private readonly LoadContext _context;
    private readonly ObjectReader _defaults;

    private readonly Dictionary<string, Found> _found = new(StringComparer.Ordinal);

    private CgroupBinder(LoadContext context, ObjectReader defaults)
    {
        _context = context;
        _defaults = defaults;
    }

    /// <summary>The tree, parents before children, siblings in the order of the file.</summary>
    public static IReadOnlyList<CgroupSpec> Read(ObjectReader reader, ObjectReader defaults)
    {
        if (
            1 + Count(reader.Keys.Where(key => key.StartsWith('/')).Select(reader.ObjectAt))
            is > MaxCgroups
                and var count)
        {
            Refuse(reader.Context, reader.Origin, count);
        }

        CgroupBinder binder = new(reader.Context, defaults);
        binder.ReadChildren(reader, "", null);
        reader.Finish("the cgroups; the path of a cgroup begins with '/'");
        List<CgroupSpec> tree = binder.Tree();
        binder.NoteSum(reader, tree);
        return tree;
    }

    /// <summary>Refuses too many cgroups before substitutions are resolved, which takes its time for so many.</summary>
    public static void RefuseTooMany(LoadContext context, HoconConfig file)
    {
        (int below, HoconOrigin origin) = file.CountObjects(["epc", "cgroups"], '/');
        if (below >= MaxCgroups)
        {
            Refuse(context, origin, 1 + below);
        }
    }

    /// <summary>Ends the loading: every enclave would be reported, too, for a cgroup that is not there.</summary>
    private static void Refuse(LoadContext context, HoconOrigin origin, int count)
    {
        context.Error(origin, "epc.cgroups", $"{count} cgroups are defined", $"at most {MaxCgroups} are possible");
        context.ThrowIfErrors();
    }

    private static int Count(IEnumerable<HoconObject?> cgroups)
    {
        int count = 0;
        foreach (HoconObject cgroup in cgroups.OfType<HoconObject>())
        {
            count += 1 + Count(cgroup.Keys.Where(key => key.StartsWith('/')).Select(key => cgroup[key] as HoconObject));
        }

        return count;
    }

    private void ReadChildren(ObjectReader reader, string parent, NriAnnotations? pod)
    {
        foreach (string key in reader.Keys)
        {
            if (key.StartsWith('/') && reader.TryNamed(key, Placeholder, _defaults, out ObjectReader? cgroup))
            {
                ReadCgroup(cgroup, key, parent, pod, reader);
            }
        }
    }

    private void ReadCgroup(ObjectReader reader, string key, string parent, NriAnnotations? pod, ObjectReader around)
    {
        string path = parent + key;
        if (key == "/" && parent.Length == 0)
        {
            ReadRoot(reader);
            return;
        }

        if (PathProblem(key) is { } problem)
        {
            _context.Error(
                reader.Origin,
                reader.Path,
                $"'{key}' is not a path of a cgroup: {problem}",
                "write for example /pods/web");
            return;
        }

        ReportDottedName(reader, path);
        bool isPod = reader.Keys.Any(child => child.StartsWith('/'));
        ObjectReader block = reader.Child("annotations");
        _context.Shapes?.AddMap(block.Schema, NriAnnotations.KeyPattern, ValueShape.Quantity);
        NriAnnotations? annotations = reader.Has("annotations") ? new NriAnnotations(block, path) : null;
        string container = ContainerName(reader, key);
        if (reader.TryGet("container", out _) && annotations is null && pod is null)
        {
            reader.Error(
                "container",
                "the name of a container matters only with annotations",
                "add annotations { … }, or drop the key");
        }

        Limit max = ReadMax(reader, isPod ? null : annotations, pod, container);
        Limit memoryMax = reader.Get("memory-max", "max").CgroupLimit(roundsDown: true);
        _found.Add(path, new Found(max, memoryMax, ReadMadeLater(reader, parent, max, memoryMax)));
        ReadChildren(reader, path, isPod ? annotations : null);
        annotations?.Finish(
            isPod
                ? []
                : around.Keys.Where(name => name.StartsWith('/')).Select(name => ContainerName(around.Peek(name), name))
        );
        reader.Finish("a cgroup");
    }

    /// <summary>True for a cgroup that mkdir makes while the scenario runs, without limits.</summary>
    private bool ReadMadeLater(ObjectReader reader, string parent, Limit max, Limit memoryMax)
    {
        bool isMadeLater = reader.Get("made-later", "on").OnOff();
        if (isMadeLater && !(max.IsMax && memoryMax.IsMax))
        {
            reader.Error(
                "made-later",
                "a cgroup that is made later begins without limits",
                "drop the limits here, and write them with set-max behind its mkdir");
        }

        if (!isMadeLater && _found.TryGetValue(parent, out Found? above) && above.IsMadeLater)
        {
            reader.Error(
                "made-later",
                $"'{parent}' is made later, and this cgroup below it is not",
                "set made-later = on here too");
        }

        return isMadeLater;
    }

    private static string ContainerName(ObjectReader? cgroup, string key) =>
        cgroup is not null && cgroup.Has("container") && cgroup.TryGet("container", out Setting? name)
            ? name.Text("web")
            : key[1..];

    private void ReadRoot(ObjectReader reader)
    {
        if (reader.Has("max") || reader.Has("annotations"))
        {
            reader.Error(
                reader.Has("max") ? "max" : "annotations",
                "the root cgroup has no misc.max",
                "set the limit at a cgroup below the root");
        }

        // Asked for, so that it is not reported a second time as unknown.
        reader.TryGet("max", out _);
        reader.Child("annotations");
        _found["/"] = new Found(
            Limit.Max,
            reader.Get("memory-max", "max").CgroupLimit(roundsDown: true),
            IsMadeLater: false);
        reader.Finish("the root cgroup");
    }

    /// <summary>misc.max: the key <c>max</c>, or the annotations of the Kubernetes plug-in.</summary>
    /// <param name="reader">The cgroup.</param>
    /// <param name="own">Its own annotations, when it is a container and its pod at once; null without any.</param>
    /// <param name="pod">Those of the pod around it.</param>
    /// <param name="container">Its name as a container.</param>
    private Limit ReadMax(ObjectReader reader, NriAnnotations? own, NriAnnotations? pod, string container)
    {
        Limit? ofPod = pod?.LimitOf(container);
        Limit? annotated = own is null ? ofPod : own.LimitOf(container) ?? Limit.Max;
        if (annotated is null)
        {
            return reader.Get("max", "64 MiB").CgroupLimit();
        }

        if (own is not null && ofPod is not null)
        {
            reader.Error("annotations", "both the annotations of the pod and these set a limit", "drop one of the two");
        }
        else if (reader.Has("max"))
        {
            string whose = own is null ? "the annotations of the pod" : "annotations";
            reader.Error("max", $"both max and {whose} set a limit", "drop one of the two");
        }

        // Asked for, so that it is not reported a second time as unknown.
        reader.TryGet("max", out _);
        return annotated.Value;
    }

    /// <summary>
    /// A name with dots and without quotes is several keys: says so where HOCON would have one think of a wrong
    /// setting.
    /// </summary>
    private static void ReportDottedName(ObjectReader reader, string path)
    {
        foreach (string key in reader.Keys)
        {
            if (!key.StartsWith('/') && !Settings.Contains(key) && reader.ObjectAt(key) is { } value)
            {
                StringBuilder name = new($"{path}.{key}");
                while (
                    value.Keys is [var only]
                    && !only.StartsWith('/')
                    && !Settings.Contains(only)
                    && value[only] is HoconObject inner)
                {
                    name.Append('.').Append(only);
                    value = inner;
                }

                reader.Error(
                    key,
                    $"there is no key '{key}' of a cgroup",
                    $"if the name of the cgroup has a dot, quote it:"
                        + $" \"{name}\"; if {key} is a cgroup below it, begin with a slash: /{key}");
                reader.Allow(key);
            }
        }
    }

    /// <summary>
    /// The limits that hold side by side: a cgroup with a limit counts with it and hides those below; one without a
    /// limit counts with those below. Kubernetes holds its sums against the node's capacity; the kernel checks no sum.
    /// </summary>
    private void NoteSum(ObjectReader reader, List<CgroupSpec> tree)
    {
        decimal sum = 0;
        int count = 0;
        bool[] isBelowOne = new bool[tree.Count];
        for (int i = 1; i < tree.Count; i++)
        {
            bool isCovered = isBelowOne[tree[i].Parent];
            bool isLimited = !tree[i].Max.IsMax;
            isBelowOne[i] = isCovered || isLimited;
            if (isLimited && !isCovered)
            {
                sum += tree[i].Max.Bytes;
                count++;
            }
        }

        decimal capacity = (decimal)_context.EpcPages * KernelConstants.PageSize;
        if (sum > capacity && count > 1)
        {
            _context.Note(
                reader.Origin,
                reader.Path,
                $"the limits of {count} cgroups add up to {Setting.SizeText((long)Math.Min(sum, long.MaxValue))}, and "
                    + "the machine"
                    + $" has {Setting.SizeText((long)capacity)} of EPC: pages may be evicted though each cgroup keeps "
                    + "to its limit");
        }
    }

    private List<CgroupSpec> Tree()
    {
        List<CgroupSpec> tree = [];
        Dictionary<string, int> indices = new(StringComparer.Ordinal);
        tree.Add(
            new CgroupSpec(
                "/",
                -1,
                Limit.Max,
                _found.TryGetValue("/", out Found? root) ? root.MemoryMax : Limit.Max));
        indices.Add("/", 0);

        Dictionary<string, List<string>> children = new(StringComparer.Ordinal);
        foreach (string path in _found.Keys)
        {
            if (path == "/")
            {
                continue;
            }

            int slash = path.LastIndexOf('/');
            string parent = slash == 0 ? "/" : path[..slash];
            if (!children.TryGetValue(parent, out List<string>? siblings))
            {
                children.Add(parent, siblings = []);
            }

            siblings.Add(path);
        }

        Add("/");
        return tree;

        // In pre-order, as a reader of the tree would list it.
        void Add(string parent)
        {
            foreach (string path in children.GetValueOrDefault(parent, []))
            {
                indices.Add(path, tree.Count);
                tree.Add(new CgroupSpec(path, indices[parent], _found[path].Max, _found[path].MemoryMax)
                {
                    IsMadeLater = _found[path].IsMadeLater,
                });
                Add(path);
            }
        }
    }

    /// <summary>What a block says of a cgroup; limits in bytes.</summary>
    private sealed record Found(Limit Max, Limit MemoryMax, bool IsMadeLater);

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
                return $"'{part}' is not a name";
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

        setting.May(ValueShape.Name);
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

        setting.Error(
            $"there is no cgroup '{path}'",
            Suggestions.Remedy(path, [.. cgroups.Select(cgroup => cgroup.Path)]));
        return 0;
    }
}
