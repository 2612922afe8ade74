using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon.Resolution;

/// <summary>From heads to finished values.</summary>
internal sealed partial class Resolver
{
    /// <summary>Completes the fields that have several layers, wherever they are written.</summary>
    private void CompleteStacks(ObjectHead root)
    {
        foreach (Source source in root.Sources(this))
        {
            foreach (KeyValuePair<string, Definition> definition in source.Own!.Fields)
            {
                if (definition.Value.Node is StackNode)
                {
                    Complete(root.GetField(this, definition.Key)!);
                }
                else if (definition.Value.Node is ObjectNode)
                {
                    Field field = root.GetField(this, definition.Key)!;
                    CompleteStacks((ObjectHead)Head(field, field.Layers.Length)!);
                }
            }
        }
    }

    private HoconValue? Complete(Field field)
    {
        if (field.FinalKnown)
        {
            return field.Final;
        }

        if (field.FinalActive)
        {
            throw ContainsItself(field, null);
        }

        Enter(field.KeyOrigin);
        CountStep(field.KeyOrigin);
        field.FinalActive = true;
        _completing.Add(field);
        Head? head = Head(field, field.Layers.Length);
        if (head is ContainerHead { FinalActive: true } && IsOptional(field))
        {
            head = null; // ${?a} somewhere inside a: a cycle, and so undefined
        }

        if (field.Layers.Length > 1 && head is ContainerHead)
        {
            CompleteLayers(field);
        }

        HoconValue? value = head is null ? null : Complete(head);
        _completing.RemoveAt(_completing.Count - 1);
        field.FinalActive = false;
        field.Final = value;
        field.FinalKnown = true;
        Leave();
        return value;
    }

    private static bool IsOptional(Field field) =>
        field.Layers[field.ChosenLayer].Node is SubstitutionNode { Optional: true };

    /// <summary>
    /// Completes what the layers substituted in while the field shows the layers below: substitutions in there that
    /// lead back to the field look back, as the field is self-referential through them. The same holds for the elements
    /// of an array beside a substitution, and for what += appends, which is short for <c>a = ${?a} [ … ]</c>.
    /// </summary>
    private void CompleteLayers(Field field)
    {
        for (int i = field.Layers.Length - 1; i >= 0; i--)
        {
            Head? value = LayerValue(field, i);
            switch (value)
            {
                case ArrayHead:
                    CompleteArrayLayers(field, i);
                    return;
                case not null and not ContainerHead:
                    return;
            }

            field.Completing = i;
            switch (field.Layers[i].Node)
            {
                case SubstitutionNode when !IsBelow(field, i, value):
                    CompleteOther(value);
                    break;
                case ConcatenationNode when value is ConcatenatedObject joined:
                    foreach (Source source in joined.Sources(this).Where(source => !IsBelow(field, i, source.Other)))
                    {
                        CompleteOther(source.Other);
                    }

                    break;
            }

            field.Completing = Field.Free;
        }
    }

    /// <summary>From the lowest layer that shows through up: what a layer adds may hold what is below it.</summary>
    private void CompleteArrayLayers(Field field, int top)
    {
        int lowest = top;
        while (lowest > 0 && ShowsBelow(field, lowest))
        {
            lowest--;
        }

        for (int i = lowest; i <= top; i++)
        {
            if (LayerValue(field, i) is not ArrayHead value || field.Layers[i].Node is ArrayNode)
            {
                continue;
            }

            field.Completing = i;
            foreach (ArrayHead part in value.Parts ?? [value])
            {
                if (!IsBelow(field, i, part))
                {
                    CompleteOther(part);
                }
            }

            field.Completing = Field.Free;
        }
    }

    private bool ShowsBelow(Field field, int layer) =>
        LayerValue(field, layer) switch
        {
            null => true,
            ArrayHead array => IsBelow(field, layer, array)
                || Array.Exists(array.Parts ?? [], part => IsBelow(field, layer, part)),
            _ => false,
        };

    private static bool IsBelow(Field field, int layer, Head? value) =>
        value is not null && field.TryGetHead(layer, out Head? below) && ReferenceEquals(below, value);

    private void CompleteOther(Head? value)
    {
        if (value is ContainerHead { FinalActive: false })
        {
            Complete(value);
        }
    }

    private HoconValue Complete(Head head)
    {
        if (head is ScalarHead scalar)
        {
            return scalar.Value;
        }

        ContainerHead container = (ContainerHead)head;
        if (container.Final is { } known)
        {
            return known;
        }

        if (container.FinalActive)
        {
            throw ContainsItself(_completing[^1], container.Owner);
        }

        container.FinalActive = true;
        HoconValue value = container is ArrayHead array ? CompleteArray(array) : CompleteObject((ObjectHead)container);
        container.FinalActive = false;
        container.Final = value;

        // The same part may appear in many places at no cost here, but a walk of the tree meets it each time.
        if (value.NodeCount > _mostNodes)
        {
            throw TooManyNodes(value.Origin);
        }

        if (value.Depth > _options.MaxNesting + 1)
        {
            throw new HoconException(value.Origin,
                $"the resolved values are nested more than {_options.MaxNesting} levels deep");
        }

        return value;
    }

    private HoconArray CompleteArray(ArrayHead array)
    {
        List<HoconValue> items = [];
        foreach (Field element in array.Elements())
        {
            CountStep(array.Origin);
            if (Complete(element) is { } item)
            {
                items.Add(item);
            }
        }

        return new HoconArray(array.Origin, [.. items]);
    }

    private HoconObject CompleteObject(ObjectHead head)
    {
        OrderedDictionary<string, (HoconValue Value, HoconOrigin KeyOrigin)> fields = new(StringComparer.Ordinal);
        foreach (string key in head.Keys(this))
        {
            CountStep(head.Origin);
            Field? field = head.GetField(this, key);
            if (field is not null && Complete(field) is { } value)
            {
                fields.Add(key, (value, field.KeyOrigin));
            }
        }

        return new HoconObject(head.Origin, fields);
    }

    private HoconException TooManyNodes(HoconOrigin origin) => new(origin,
        $"the resolved configuration has more than {_mostNodes} values; substitutions multiply it here");

    private HoconException CycleError(SubstitutionNode last, Field? around)
    {
        string chain = string.Join(" → ", _waiting);
        string why = around is null
            ? $"is part of a cycle of substitutions ({chain}) and there is no earlier value to look back to"
            : $"is part of a cycle of substitutions ({chain}): it resolves to '{around}', which contains it";
        return new HoconException(last.Origin,
            $"{last} {why}; remove one of them, or write ${{?{HoconPath.Render(last.Path)}}}");
    }

    private HoconException ContainsItself(Field field, Field? value)
    {
        string chain = string.Join(" → ", _completing.Where(at => at.Parent is not null));
        return new HoconException(field.KeyOrigin, $"'{value ?? field}' would contain itself: a cycle of substitutions "
            + $"({chain} → {value ?? field}); remove one of them");
    }
}
