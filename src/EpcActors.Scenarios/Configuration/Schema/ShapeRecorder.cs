using System.Text.RegularExpressions;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Takes down what the readers of a configuration say of each key while they read one: its forms, which keys are
/// objects, and where an object looks for what it does not have. Keys are paths with placeholders:
/// <c>epc.enclaves.&lt;name&gt;.steps[].run</c>.
/// </summary>
internal sealed partial class ShapeRecorder
{
    private readonly Dictionary<string, List<ValueShape>> _forms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _defaults = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string KeyPattern, ValueShape[] Forms)> _maps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);
    private readonly HashSet<string> _objects = new(StringComparer.Ordinal);

    /// <summary>Paths of objects.</summary>
    public IReadOnlyCollection<string> Objects => _objects;

    /// <summary>Objects that take any key of a pattern, all with values of the same forms.</summary>
    public IReadOnlyDictionary<string, (string KeyPattern, ValueShape[] Forms)> Maps => _maps;

    /// <summary>Paths that have the keys of another path.</summary>
    public IReadOnlyDictionary<string, string> Aliases => _aliases;

    /// <summary>Adds a form of a value.</summary>
    public void Add(string path, ValueShape form)
    {
        if (path.Length == 0)
        {
            return;
        }

        if (!_forms.TryGetValue(Canonical(path), out List<ValueShape>? forms))
        {
            _forms.Add(Canonical(path), forms = []);
        }

        if (!forms.Contains(form))
        {
            forms.Add(form);
        }
    }

    /// <summary>The value may be an object.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="defaults">Path of the object that has the keys which this one does not have; null for none.</param>
    public void AddObject(string path, string? defaults)
    {
        path = Canonical(path);
        _objects.Add(path);
        if (defaults is not null)
        {
            Link(path, defaults);
            Link(defaults, path);
        }
    }

    /// <summary>The object takes any key of a pattern.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="keyPattern">
    /// Regular expression of the keys that are read; empty for all. Others are left alone.
    /// </param>
    /// <param name="forms">Forms of the values; behind <see cref="ValueShape.List"/> those of the elements.</param>
    public void AddMap(string path, string keyPattern, params ValueShape[] forms) =>
        _maps[Canonical(path)] = (keyPattern, forms);

    /// <summary>The keys at <paramref name="path"/> are those at <paramref name="target"/>.</summary>
    public void AddAlias(string path, string target) => _aliases[path] = target;

    /// <summary>The value is the name of a built-in file, or a path.</summary>
    /// <param name="path">The key of the layer.</param>
    /// <param name="names">The names.</param>
    /// <param name="hasProfile">The value may be an object with a key <c>profile</c>, which is such a name.</param>
    public void AddNames(string path, IReadOnlyList<string> names, bool hasProfile)
    {
        foreach (string key in hasProfile ? [path, $"{path}.profile"] : (string[])[path])
        {
            Add(key, ValueShape.Words(names));
            Add(key, ValueShape.File);
        }
    }

    /// <summary>Forms of a value: those said of it, and those said of its default.</summary>
    public IReadOnlyList<ValueShape> FormsOf(string parent, string key) =>
        [.. Alike(parent).SelectMany(one => _forms.GetValueOrDefault($"{one}.{key}", [])).Distinct()];

    /// <summary>Forms of the elements of a list.</summary>
    public IReadOnlyList<ValueShape> FormsOfElements(string parent, string key) => FormsOf(parent, $"{key}[]");

    /// <summary>The object, and those that it shares keys with.</summary>
    public IReadOnlyList<string> Alike(string path)
    {
        List<string> all = [path];
        for (int i = 0; i < all.Count; i++)
        {
            all.AddRange(_defaults.GetValueOrDefault(all[i], []).Where(other => !all.Contains(other)));
        }

        return all;
    }

    /// <summary>
    /// A cgroup in a cgroup is a cgroup, and a pattern in a pattern is the inner one: one path stands for all depths.
    /// </summary>
    public static string Canonical(string path) => Nested().Replace(Below().Replace(path, "<path>"), "run.$1");

    private void Link(string path, string other)
    {
        if (!_defaults.TryGetValue(path, out SortedSet<string>? others))
        {
            _defaults.Add(path, others = new SortedSet<string>(StringComparer.Ordinal));
        }

        others.Add(other);
    }

    [GeneratedRegex(@"<path>(\.<path>)+")]
    private static partial Regex Below();

    [GeneratedRegex(@"run(?:\.(within|parts\[\]))+")]
    private static partial Regex Nested();
}
