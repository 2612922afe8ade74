using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace EpcActors.Hocon;

/// <summary>An ordered list of values.</summary>
public sealed class HoconArray : HoconValue, IReadOnlyList<HoconValue>
{
    private readonly HoconValue[] _items;

    internal HoconArray(HoconOrigin origin, HoconValue[] items)
        : base(origin)
    {
        _items = items;
        long nodes = 1;
        int depth = 0;
        foreach (HoconValue item in items)
        {
            nodes = Saturating.Add(nodes, item.NodeCount);
            depth = Math.Max(depth, item.Depth);
        }

        NodeCount = nodes;
        Depth = depth + 1;
    }

    public override HoconValueKind Kind => HoconValueKind.Array;

    public int Count => _items.Length;

    internal override long NodeCount { get; }

    internal override int Depth { get; }

    public HoconValue this[int index] => _items[index];

    public IEnumerator<HoconValue> GetEnumerator() => ((IEnumerable<HoconValue>)_items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(HoconValue? other) =>
        ReferenceEquals(this, other) || (other is HoconArray a && _items.AsSpan().SequenceEqual(a._items));

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (HoconValue item in _items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }
}

/// <summary>Keys and values; <see cref="Keys"/> are in the order in which they were first defined.</summary>
[SuppressMessage("Naming", "CA1710", Justification = "The specification's object, one of six kinds of value.")]
public sealed class HoconObject : HoconValue, IReadOnlyCollection<KeyValuePair<string, HoconValue>>
{
    private readonly OrderedDictionary<string, (HoconValue Value, HoconOrigin KeyOrigin)> _fields;

    internal HoconObject(
        HoconOrigin origin,
        OrderedDictionary<string, (HoconValue Value, HoconOrigin KeyOrigin)> fields)
        : base(origin)
    {
        _fields = fields;
        long nodes = 1;
        int depth = 0;
        foreach ((HoconValue value, _) in fields.Values)
        {
            nodes = Saturating.Add(nodes, value.NodeCount);
            depth = Math.Max(depth, value.Depth);
        }

        NodeCount = nodes;
        Depth = depth + 1;
    }

    public override HoconValueKind Kind => HoconValueKind.Object;

    public int Count => _fields.Count;

    public IReadOnlyList<string> Keys => _fields.Keys;

    internal override long NodeCount { get; }

    internal override int Depth { get; }

    /// <summary>The value of <paramref name="key"/> (one key, not a path).</summary>
    /// <exception cref="HoconException">There is no such key.</exception>
    public HoconValue this[string key] => TryGet(key, out HoconValue? value)
        ? value
        : throw new HoconException(Origin, $"there is no key '{key}' in this object");

    /// <summary>Looks up one key; dots in it have no meaning.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out HoconValue? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        bool found = _fields.TryGetValue(key, out (HoconValue Value, HoconOrigin KeyOrigin) field);
        value = found ? field.Value : null;
        return found;
    }

    /// <summary>Looks up a path expression, such as <c>a.b."c.d"</c>.</summary>
    /// <exception cref="HoconException">The text is not a path expression.</exception>
    public bool TryGetPath(string pathExpression, [NotNullWhen(true)] out HoconValue? value)
    {
        ArgumentNullException.ThrowIfNull(pathExpression);
        return TryGetPath(Syntax.HoconPath.Parse(pathExpression, "path"), out value);
    }

    /// <summary>Looks up a path given as its keys.</summary>
    public bool TryGetPath(IReadOnlyList<string> path, [NotNullWhen(true)] out HoconValue? value)
    {
        ArgumentNullException.ThrowIfNull(path);
        value = this;
        foreach (string key in path)
        {
            if (value is not HoconObject at || !at.TryGet(key, out value))
            {
                value = null;
                return false;
            }
        }

        return true;
    }

    /// <summary>The value at a path that must be there.</summary>
    /// <exception cref="HoconException">No value at that path, or the text is not a path expression.</exception>
    public HoconValue Require(string pathExpression) => TryGetPath(pathExpression, out HoconValue? value)
        ? value
        : throw new HoconException(Origin, $"there is no value at '{pathExpression}'; define it");

    /// <summary>Position of the key itself: the definition that gave the key its present value.</summary>
    /// <exception cref="HoconException">There is no such key.</exception>
    public HoconOrigin KeyOrigin(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _fields.TryGetValue(key, out (HoconValue Value, HoconOrigin KeyOrigin) field)
            ? field.KeyOrigin
            : throw new HoconException(Origin, $"there is no key '{key}' in this object");
    }

    public IEnumerator<KeyValuePair<string, HoconValue>> GetEnumerator()
    {
        foreach (KeyValuePair<string, (HoconValue Value, HoconOrigin KeyOrigin)> field in _fields)
        {
            yield return new KeyValuePair<string, HoconValue>(field.Key, field.Value.Value);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override bool Equals(HoconValue? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is not HoconObject o || o.Count != Count)
        {
            return false;
        }

        foreach (KeyValuePair<string, HoconValue> field in this)
        {
            if (!o.TryGet(field.Key, out HoconValue? value) || !value.Equals(field.Value))
            {
                return false;
            }
        }

        return true;
    }

    public override int GetHashCode()
    {
        int hash = Count;
        foreach (KeyValuePair<string, HoconValue> field in this)
        {
            // Order of keys must not count, hence a sum.
            hash += HashCode.Combine(field.Key, field.Value);
        }

        return hash;
    }
}

/// <summary>Sums that stop at the largest number: an expanded size may exceed any integer.</summary>
internal static class Saturating
{
    public static long Add(long a, long b) => a > long.MaxValue - b ? long.MaxValue : a + b;
}
