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
    /// lead back to the field look back, as the field is self-referential through them.
    /// </summary>
    private void CompleteLayers(Field field)
    {
        for (int i = field.Layers.Length - 1; i >= 0; i--)
        {
            Head? value = LayerValue(field, i);
            if (value is not null and not ContainerHead)
            {
                return;
            }

            field.Completing = i;
            switch (field.Layers[i].Node)
            {
                case SubstitutionNode:
                    CompleteOther(value);
                    break;
                case ConcatenationNode when value is ConcatenatedObject joined:
                    foreach (Source source in joined.Sources(this))
                    {
                        CompleteOther(source.Other);
                    }

                    break;
            }

            field.Completing = Field.Free;
            if (value is ArrayHead)
            {
                return;
            }
        }
    }

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

        // The same part may appear in many places at no cost here, but whoever walks the tree meets it each time.
        if (value.NodeCount > _options.MaxResolvedNodes)
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
        $"the resolved configuration has more than {_options.MaxResolvedNodes} values; substitutions multiply it here");

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
