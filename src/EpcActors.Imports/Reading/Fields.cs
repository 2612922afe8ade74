using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using EpcActors.Hocon;

namespace EpcActors.Imports.Reading;

/// <summary>A map that is read key by key; what has the wrong type is an error at its place.</summary>
/// <param name="map">The map; an empty one when the key is not there.</param>
/// <param name="path">Its keys from the root, e.g. <c>spec.template</c>.</param>
/// <param name="log">Where errors go.</param>
internal sealed class Fields(DataMap map, string path, ImportLog log)
{
    public ImportLog Log { get; } = log;

    public string Path { get; } = path;

    public HoconOrigin Origin => map.Origin;

    public IReadOnlyList<string> Keys => map.Keys;

    /// <summary>False when the key is absent or null.</summary>
    public bool Has(string key) => Find(key) is not null;

    public HoconOrigin KeyOrigin(string key) => map.KeyOrigin(key);

    public string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>The map under a key; empty without one.</summary>
    public Fields Map(string key)
    {
        DataNode? value = Find(key);
        if (value is not null and not DataMap)
        {
            Wrong(key, value, "a map");
        }

        return new Fields(value as DataMap ?? new DataMap(map.KeyOrigin(key)), PathOf(key), Log);
    }

    /// <summary>The maps of a list; none without the key.</summary>
    public IEnumerable<Fields> Maps(string key)
    {
        int index = 0;
        foreach (DataNode item in Items(key))
        {
            string path = string.Create(CultureInfo.InvariantCulture, $"{PathOf(key)}[{index++}]");
            if (item is DataMap fields)
            {
                yield return new Fields(fields, path, Log);
            }
            else
            {
                Log.Error(item.Origin, path, $"found {item.Kind}; expected a map", "write keys and values");
            }
        }
    }

    /// <summary>The items of a list; none without the key.</summary>
    public IReadOnlyList<DataNode> Items(string key)
    {
        DataNode? value = Find(key);
        if (value is not null and not DataList)
        {
            Wrong(key, value, "a list");
        }

        return (value as DataList)?.Items ?? [];
    }

    /// <summary>A scalar as text; null without the key.</summary>
    public DataScalar? Scalar(string key)
    {
        DataNode? value = Find(key);
        if (value is not null and not DataScalar)
        {
            Wrong(key, value, "a single value");
        }

        return value as DataScalar;
    }

    /// <summary>A text; null without the key.</summary>
    public string? Text(string key) => Scalar(key)?.Text;

    /// <summary>A whole number; null without the key.</summary>
    public long? Whole(string key, long least, long most)
    {
        DataScalar? scalar = Scalar(key);
        if (scalar is null)
        {
            return null;
        }

        if (
            scalar.Scalar == ScalarKind.Number
            && long.TryParse(
                scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
            && value >= least
            && value <= most)
        {
            return value;
        }

        Log.Error(
            scalar.Origin, PathOf(key), $"found {scalar.Kind}; expected a whole number", $"write {least} to {most}");
        return null;
    }

    /// <summary>A truth value; null without the key.</summary>
    public bool? Flag(string key)
    {
        DataScalar? scalar = Scalar(key);
        if (scalar is null)
        {
            return null;
        }

        if (scalar.Scalar == ScalarKind.Boolean)
        {
            return scalar.Text.StartsWith('t') || scalar.Text.StartsWith('T')
                || scalar.Text.ToUpperInvariant() is "YES" or "ON";
        }

        Log.Error(scalar.Origin, PathOf(key), $"found {scalar.Kind}; expected true or false", "write one of the two");
        return null;
    }

    /// <summary>The value of a key that is there and not null.</summary>
    public bool TryFind(string key, [NotNullWhen(true)] out DataNode? value)
    {
        value = Find(key);
        return value is not null;
    }

    private DataNode? Find(string key) =>
        map.Find(key) is { } value and not DataScalar { Scalar: ScalarKind.Null } ? value : null;

    private void Wrong(string key, DataNode value, string expected) => Log.Error(
        value.Origin, PathOf(key), $"found {value.Kind}; expected {expected}", "correct it, or drop the key");
}
