using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon.Resolution;

/// <summary>
/// A value known as far as its type: the fields of an object and the elements of an array are still unevaluated. This
/// is what lets objects refer to paths within themselves.
/// </summary>
internal abstract class Head
{
}

internal sealed class ScalarHead : Head
{
    public ScalarHead(HoconValue value)
    {
        Value = value;
    }

    public HoconValue Value { get; }
}

internal abstract class ContainerHead : Head
{
    protected ContainerHead(Field? owner, HoconOrigin origin)
    {
        Owner = owner;
        Origin = origin;
    }

    /// <summary>
    /// The field whose whole value this is; null for what only shows the lower layers of a field. A substitution
    /// inside the owner that yields this container would contain itself.
    /// </summary>
    public Field? Owner { get; }

    public HoconOrigin Origin { get; }

    public HoconValue? Final { get; set; }

    public bool FinalActive { get; set; }
}

/// <summary>An array as parsed (<see cref="Items"/>), or several arrays in a row (<see cref="Parts"/>).</summary>
internal sealed class ArrayHead : ContainerHead
{
    public ArrayHead(Field? owner, HoconOrigin origin, Field[] items)
        : base(owner, origin)
    {
        Items = items;
    }

    public ArrayHead(Field? owner, HoconOrigin origin, ArrayHead[] parts)
        : base(owner, origin)
    {
        Parts = parts;
    }

    public Field[]? Items { get; }

    public ArrayHead[]? Parts { get; }

    /// <summary>All elements; without recursion, since a long row of += nests one level for each.</summary>
    public IEnumerable<Field> Elements()
    {
        Stack<ArrayHead> rest = new();
        rest.Push(this);
        while (rest.TryPop(out ArrayHead? at))
        {
            foreach (Field item in at.Items ?? [])
            {
                yield return item;
            }

            foreach (ArrayHead part in (at.Parts ?? []).Reverse())
            {
                rest.Push(part);
            }
        }
    }
}

/// <summary>Source that an object is merged from: text of the owner's own, or an object from elsewhere.</summary>
internal readonly record struct Source(ObjectNode? Own, ObjectHead? Other);

internal abstract class ObjectHead : ContainerHead
{
    private readonly Field _container;
    private readonly Dictionary<string, Field?> _fields = new(StringComparer.Ordinal);

    // In the order of the keys' first definition, each with what defines it, from the top down.
    private OrderedDictionary<string, List<Source>>? _sourcesOf;

    protected ObjectHead(Field container, bool isWhole, HoconOrigin origin)
        : base(isWhole ? container : null, origin)
    {
        _container = container;
    }

    /// <summary>
    /// From the top down, evaluated as they are asked for; stops where nothing more can show through.
    /// </summary>
    public abstract IEnumerable<Source> Sources(Resolver resolver);

    /// <summary>
    /// The field of a key, or null. It asks for no more sources than needed: a plain value on top settles the key
    /// even when what is below cannot be evaluated yet.
    /// </summary>
    public Field? GetField(Resolver resolver, string key)
    {
        if (_fields.TryGetValue(key, out Field? known))
        {
            return known;
        }

        resolver.Enter(Origin);
        List<Layer> topDown = [];
        foreach (Source source in _sourcesOf is null ? Sources(resolver) : _sourcesOf.GetValueOrDefault(key) ?? [])
        {
            if (source.Other is { } other)
            {
                if (other.GetField(resolver, key) is { } field)
                {
                    topDown.Add(new Layer(null, field, field.Layers[^1].KeyOrigin));
                }
            }
            else if (source.Own!.Fields.TryGetValue(key, out Definition definition))
            {
                if (definition.Node is StackNode stack)
                {
                    for (int i = stack.Layers.Count - 1; i >= 0; i--)
                    {
                        topDown.Add(new Layer(stack.Layers[i].Node, null, stack.Layers[i].KeyOrigin));
                    }
                }
                else
                {
                    topDown.Add(new Layer(definition.Node, null, definition.KeyOrigin));
                }

                if (definition.Node.HidesBelow)
                {
                    break;
                }
            }
        }

        Field? result = null;
        if (topDown is [{ Reference: { } only }])
        {
            // Not wrapped: it must be the same field wherever it is seen, so that it is evaluated once.
            result = only;
        }
        else if (topDown.Count > 0)
        {
            topDown.Reverse();
            resolver.CountStep(Origin);
            result = new Field(_container, key, isElement: false, [.. topDown]);
        }

        resolver.Leave();
        _fields[key] = result;
        return result;
    }

    /// <summary>All keys, in the order of their first definition.</summary>
    public IReadOnlyCollection<string> Keys(Resolver resolver)
    {
        if (_sourcesOf is not null)
        {
            return _sourcesOf.Keys;
        }

        resolver.Enter(Origin);
        List<Source> sources = [.. Sources(resolver)];
        OrderedDictionary<string, List<Source>> sourcesOf = new(StringComparer.Ordinal);
        for (int i = sources.Count - 1; i >= 0; i--)
        {
            resolver.CountStep(Origin);
            IEnumerable<string> own = sources[i].Own?.Fields.Keys
                ?? (IEnumerable<string>)sources[i].Other!.Keys(resolver);
            foreach (string key in own)
            {
                if (!sourcesOf.TryGetValue(key, out List<Source>? defining))
                {
                    sourcesOf.Add(key, defining = []);
                }

                defining.Add(sources[i]);
            }
        }

        foreach (List<Source> defining in sourcesOf.Values)
        {
            defining.Reverse();
        }

        resolver.Leave();
        _sourcesOf = sourcesOf;
        return sourcesOf.Keys;
    }
}

/// <summary>An object that is written in one place.</summary>
internal sealed class WrittenObject : ObjectHead
{
    private readonly ObjectNode _node;

    public WrittenObject(Field container, bool isWhole, ObjectNode node)
        : base(container, isWhole, node.Origin)
    {
        _node = node;
    }

    public override IEnumerable<Source> Sources(Resolver resolver) => [new Source(_node, null)];
}

/// <summary>Objects side by side in one value.</summary>
internal sealed class ConcatenatedObject : ObjectHead
{
    private readonly Source[] _topDown;

    public ConcatenatedObject(Field container, bool isWhole, HoconOrigin origin, Source[] topDown)
        : base(container, isWhole, origin)
    {
        _topDown = topDown;
    }

    public override IEnumerable<Source> Sources(Resolver resolver) => _topDown;
}

/// <summary>The lowest <c>count</c> layers of a field, merged.</summary>
internal sealed class LayeredObject : ObjectHead
{
    private readonly Field _field;
    private readonly int _count;

    public LayeredObject(Field field, int count, HoconOrigin origin)
        : base(field, isWhole: count == field.Layers.Length, origin)
    {
        _field = field;
        _count = count;
    }

    /// <summary>
    /// A layer that substitutes in what is below it (<c>a = ${a} { … }</c>) shows the layers below in that place. They
    /// are taken from here and not from the head of theirs: a row of such definitions would nest as deep as it is long.
    /// </summary>
    public override IEnumerable<Source> Sources(Resolver resolver)
    {
        Stack<Source> after = new();
        for (int i = _count - 1; i >= 0; i--)
        {
            Head? value = resolver.LayerValue(_field, i);
            switch (value)
            {
                case null:
                    break;
                case ObjectHead when _field.Layers[i].Node is ObjectNode own:
                    yield return new Source(own, null);
                    break;
                case ConcatenatedObject joined when _field.Layers[i].Node is ConcatenationNode:
                    Source[] parts = [.. joined.Sources(resolver)];
                    int below = Array.FindIndex(parts, part => IsBelow(part.Other, i));
                    foreach (Source part in below < 0 ? parts : parts[..below])
                    {
                        yield return part;
                    }

                    for (int rest = parts.Length - 1; below >= 0 && rest > below; rest--)
                    {
                        if (!IsBelow(parts[rest].Other, i))
                        {
                            after.Push(parts[rest]);
                        }
                    }

                    break;
                case ObjectHead other:
                    if (!IsBelow(other, i))
                    {
                        yield return new Source(null, other);
                    }

                    break;
                default:
                    i = 0; // a plain value hides what is below
                    break;
            }
        }

        while (after.TryPop(out Source part))
        {
            yield return part;
        }
    }

    private bool IsBelow(ObjectHead? other, int layer) =>
        other is not null && _field.TryGetHead(layer, out Head? below) && ReferenceEquals(below, other);
}
