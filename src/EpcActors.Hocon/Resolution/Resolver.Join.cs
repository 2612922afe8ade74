using System.Globalization;
using System.Text;
using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon.Resolution;

/// <summary>Concatenation and <c>+=</c>.</summary>
internal sealed partial class Resolver
{
    private Head? Concatenate(Field field, bool isWhole, ConcatenationNode node)
    {
        List<(Node Part, Head Value)> values = [];
        bool anyArray = false;
        bool anyObject = false;
        bool anyText = false;
        foreach (Node part in node.Parts)
        {
            Head? value = part switch
            {
                SubstitutionNode substitution => Substitute(field, substitution),
                LiteralNode literal => new ScalarHead(literal.Value),
                ArrayNode array => new ArrayHead(field, array.Origin, ElementsOf(field, array)),
                _ => new WrittenObject(field, isWhole: false, (ObjectNode)part),
            };
            if (value is not null)
            {
                values.Add((part, value));
                anyArray |= value is ArrayHead;
                anyObject |= value is ObjectHead;
                anyText |= value is ScalarHead && part is not LiteralNode { IsUnquotedSpace: true };
            }
        }

        if (!anyArray && !anyObject)
        {
            return JoinText(node, values);
        }

        values.RemoveAll(v => v.Part is LiteralNode { IsUnquotedSpace: true });
        if (anyText)
        {
            throw Mixed(values);
        }

        return anyArray ? JoinArrays(field, node.Origin, values) : JoinObjects(field, isWhole, node.Origin, values);
    }

    private ScalarHead? JoinText(ConcatenationNode node, List<(Node Part, Head Value)> values)
    {
        if (values.Count == 0)
        {
            return null;
        }

        StringBuilder text = new();
        bool quoted = false;
        foreach ((_, Head value) in values)
        {
            HoconValue scalar = ((ScalarHead)value).Value;
            string part = Concatenation.TextOf(scalar);
            CountCharacters(node, text.Length, part.Length);
            text.Append(part);
            quoted |= scalar is HoconString { IsQuoted: true };
        }

        return new ScalarHead(new HoconString(node.Origin, text.ToString(), quoted));
    }

    private void CountCharacters(ConcatenationNode node, int before, int added)
    {
        _joinedCharacters += added;
        if ((long)before + added > _options.MaxStringLength || _joinedCharacters / 64 > _options.MaxStringLength)
        {
            throw new HoconException(node.Origin,
                $"the concatenated strings grow beyond {_options.MaxStringLength} characters");
        }
    }

    private ConcatenatedObject JoinObjects(
        Field field,
        bool isWhole,
        HoconOrigin origin,
        List<(Node Part, Head Value)> values)
    {
        Source[] topDown = new Source[values.Count];
        for (int i = 0; i < topDown.Length; i++)
        {
            (Node part, Head value) = values[^(i + 1)];
            topDown[i] = part is ObjectNode own ? new Source(own, null) : new Source(null, (ObjectHead)value);
        }

        return new ConcatenatedObject(field, isWhole, origin, topDown);
    }

    private ArrayHead JoinArrays(Field field, HoconOrigin origin, List<(Node Part, Head Value)> values)
    {
        ArrayHead[] parts = new ArrayHead[values.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            Head value = values[i].Value;
            parts[i] = value as ArrayHead ?? NumericKeysAsArray((ObjectHead)value) ?? throw Mixed(values);
        }

        return new ArrayHead(field, origin, parts);
    }

    private ArrayHead Append(Field field, int layer, AppendNode node)
    {
        ArrayHead element = new(field, node.Element.Origin, ElementsOf(field, node.Element));
        Head? below = Head(field, layer);
        ArrayHead? array = below switch
        {
            null => null,
            ArrayHead a => a,
            ObjectHead o => NumericKeysAsArray(o),
            _ => null,
        };
        if (below is not null && array is null)
        {
            throw new HoconException(
                node.Origin,
                $"cannot append with '+=' to {KindOf(below)}; the value before it ({OriginOf(below)}) has to be an "
                    + "array");
        }

        return array is null ? element : new ArrayHead(field, node.Origin, [array, element]);
    }

    /// <summary>
    /// The array below a layer that names elements by their numbers, with these changed; null for any other layer.
    /// </summary>
    private ArrayHead? ChangedElements(Field field, int layer)
    {
        if (!_options.NumericKeysChangeElements
            || field.Layers[layer].Node is not ObjectNode { HasNumericKeys: true } changes
            || Head(field, layer) is not ArrayHead below)
        {
            return null;
        }

        List<Field> elements = [.. below.Elements()];
        int count = elements.Count;
        foreach (
            (string key, Definition change) in changes.Fields.OrderBy(pair =>
                int.Parse(pair.Key, CultureInfo.InvariantCulture)))
        {
            CountStep(change.KeyOrigin);
            int index = int.Parse(key, CultureInfo.InvariantCulture);
            if (index > elements.Count)
            {
                string there =
                    count == 0 ? "it is empty"
                    : count == 1 ? "it has one element, 0"
                    : $"it has the elements 0 to {count - 1}";
                throw new HoconException(
                    change.KeyOrigin,
                    $"the list ({below.Origin}) has no element {index}: {there}; "
                        + $"write {elements.Count} to append one");
            }

            List<Layer> layers =
                index == elements.Count ? [] : [new Layer(null, elements[index], elements[index].KeyOrigin)];
            IEnumerable<Definition> own = change.Node is StackNode stack ? stack.Layers : [change];
            layers.AddRange(own.Select(one => new Layer(one.Node, null, one.KeyOrigin)));
            Field element = new(field, key, isElement: true, [.. layers]);
            if (index == elements.Count)
            {
                elements.Add(element);
            }
            else
            {
                elements[index] = element;
            }
        }

        return new ArrayHead(field, below.Origin, [.. elements]);
    }

    /// <summary>
    /// Section "Conversion of numerically-indexed objects to arrays": in the order of the keys, other keys left out;
    /// null when there is no such key.
    /// </summary>
    private ArrayHead? NumericKeysAsArray(ObjectHead value)
    {
        List<(int Index, Field Field)> items = [];
        foreach (string key in value.Keys(this))
        {
            if (int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && value.GetField(this, key) is { } item)
            {
                items.Add((index, item));
            }
        }

        return items.Count == 0
            ? null
            : new ArrayHead(null, value.Origin, [.. items.OrderBy(item => item.Index).Select(item => item.Field)]);
    }

    private static HoconException Mixed(List<(Node Part, Head Value)> values)
    {
        (Node first, Head firstValue) = values[0];
        (Node other, Head otherValue) = values.First(v => KindOf(v.Value) != KindOf(firstValue));
        return new HoconException(other.Origin,
            $"cannot concatenate {Name(first, firstValue)} with {Name(other, otherValue)}; "
            + "all parts have to be text, or all arrays, or all objects");

        static string Name(Node part, Head value) =>
            part is SubstitutionNode s ? $"{s} ({KindOf(value)}, from {OriginOf(value)})" : KindOf(value);
    }

    private static string KindOf(Head value) => value switch
    {
        ScalarHead => "text",
        ArrayHead => "an array",
        _ => "an object",
    };

    private static HoconOrigin OriginOf(Head value) =>
        value is ScalarHead scalar ? scalar.Value.Origin : ((ContainerHead)value).Origin;
}
