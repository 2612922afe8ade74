using EpcActors.Hocon;

namespace EpcActors.Imports.Reading;

/// <summary>A value of a data file (YAML, JSON, TOML) with its place.</summary>
internal abstract class DataNode(HoconOrigin origin)
{
    public HoconOrigin Origin { get; } = origin;

    /// <summary>Its kind, for messages: <c>a list</c>.</summary>
    public abstract string Kind { get; }
}

/// <summary>Type of a scalar.</summary>
internal enum ScalarKind
{
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>A scalar, its text as it was written.</summary>
internal sealed class DataScalar(HoconOrigin origin, string text, ScalarKind kind) : DataNode(origin)
{
    public string Text { get; } = text;

    public ScalarKind Scalar { get; } = kind;

    public override string Kind => Scalar switch
    {
        ScalarKind.Text => $"the text '{Short(Text)}'",
        ScalarKind.Number => $"the number {Short(Text)}",
        ScalarKind.Boolean => Text,
        ScalarKind.Null => "nothing",
    };

    private static string Short(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "…");
}

/// <summary>A list.</summary>
internal sealed class DataList(HoconOrigin origin, IReadOnlyList<DataNode> items) : DataNode(origin)
{
    public IReadOnlyList<DataNode> Items { get; } = items;

    public override string Kind => "a list";
}

/// <summary>Keys and values in the order of the file.</summary>
internal sealed class DataMap(HoconOrigin origin) : DataNode(origin)
{
    private readonly OrderedDictionary<string, (HoconOrigin Key, DataNode Value)> _fields = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Keys => _fields.Keys;

    public override string Kind => "a map";

    /// <summary>False when the key is there already.</summary>
    public bool TryAdd(string key, HoconOrigin at, DataNode value) => _fields.TryAdd(key, (at, value));

    public DataNode? Find(string key) => _fields.TryGetValue(key, out (HoconOrigin, DataNode Value) field)
        ? field.Value
        : null;

    /// <summary>Place of a key; of the map when it has no such key.</summary>
    public HoconOrigin KeyOrigin(string key) =>
        _fields.TryGetValue(key, out (HoconOrigin Key, DataNode) field) ? field.Key : Origin;
}
