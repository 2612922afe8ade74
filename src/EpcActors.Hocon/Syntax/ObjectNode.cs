namespace EpcActors.Hocon.Syntax;

/// <summary>
/// An object as parsed. Merging happens in place, so an object belongs to one tree; <see cref="Copy"/> before merging
/// trees that live on.
/// </summary>
internal sealed class ObjectNode : Node
{
    private bool _hidesBelow;

    public ObjectNode(HoconOrigin origin)
        : base(origin)
    {
    }

    public OrderedDictionary<string, Definition> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Set once the object has overridden a value that is not an object: earlier objects must then stay out of sight,
    /// also those of a fallback that is added later (section "Config object merging and file merging").
    /// </summary>
    public override bool HidesBelow => _hidesBelow;

    /// <summary>
    /// True for an object whose keys are all whole numbers: it may stand for an array, or for some elements of one.
    /// </summary>
    public bool HasNumericKeys => Fields.Count > 0 && Fields.Keys.All(IsIndex);

    /// <summary>True for the index of an element.</summary>
    public static bool IsIndex(string key) =>
        int.TryParse(
            key,
            System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture,
            out _);

    /// <summary>
    /// A value below the first key of a path: the objects for all other keys, and the value itself without any.
    /// </summary>
    public static Node Nested(string[] path, HoconOrigin keyOrigin, Node value)
    {
        for (int i = path.Length - 1; i > 0; i--)
        {
            ObjectNode outer = new(keyOrigin);
            outer.Fields.Add(path[i], new Definition(value, keyOrigin));
            value = outer;
        }

        return value;
    }

    /// <summary>Adds a definition of <paramref name="key"/> on top of what is there.</summary>
    public void Merge(string key, HoconOrigin keyOrigin, Node node)
    {
        if (!Fields.TryGetValue(key, out Definition below))
        {
            Fields.Add(key, new Definition(node, keyOrigin));
            return;
        }

        Fields[key] = Over(below, new Definition(node, keyOrigin));
    }

    /// <summary>Adds all definitions of <paramref name="above"/> on top.</summary>
    public void MergeAll(ObjectNode above)
    {
        foreach (KeyValuePair<string, Definition> field in above.Fields)
        {
            Merge(field.Key, field.Value.KeyOrigin, field.Value.Node);
        }
    }

    /// <summary>Objects at any depth whose key, and every key on the way, begins with a character.</summary>
    public int CountObjects(char firstOfKey)
    {
        int count = 0;
        foreach (KeyValuePair<string, Definition> field in Fields)
        {
            if (field.Key.StartsWith(firstOfKey) && field.Value.Node is ObjectNode child)
            {
                count += 1 + child.CountObjects(firstOfKey);
            }
        }

        return count;
    }

    /// <summary>A copy that shares nothing a merge could change.</summary>
    public ObjectNode Copy()
    {
        ObjectNode copy = new(Origin) { _hidesBelow = _hidesBelow };
        foreach (KeyValuePair<string, Definition> field in Fields)
        {
            copy.Fields.Add(field.Key, field.Value with { Node = CopyOf(field.Value.Node) });
        }

        return copy;
    }

    private static Node CopyOf(Node node) => node switch
    {
        ObjectNode o => o.Copy(),
        StackNode s => new StackNode(s.Origin, [.. s.Layers.Select(layer => layer with { Node = CopyOf(layer.Node) })]),
        _ => node, // never changed by a merge
    };

    private static Definition Over(Definition below, Definition above)
    {
        if (above.Node.HidesBelow)
        {
            return above;
        }

        if (above.Node is ObjectNode top)
        {
            switch (below.Node)
            {
                case ObjectNode bottom:
                    bottom.MergeAll(top);
                    return new Definition(bottom, above.KeyOrigin);
                case ArrayNode when top.HasNumericKeys:
                    break; // it may change elements of the array
                case LiteralNode or ArrayNode:
                    top._hidesBelow = true;
                    return above;
            }
        }

        StackNode stack = below.Node as StackNode ?? new StackNode(below.Node.Origin, [below]);
        if (above.Node is StackNode aboveStack)
        {
            foreach (Definition layer in aboveStack.Layers)
            {
                Push(stack, layer);
            }
        }
        else
        {
            Push(stack, above);
        }

        return new Definition(stack, above.KeyOrigin);
    }

    private static void Push(StackNode stack, Definition layer)
    {
        Definition top = stack.Layers[^1];
        if (layer.Node is ObjectNode && top.Node is ObjectNode)
        {
            stack.Layers[^1] = Over(top, layer); // two objects in a row merge now
        }
        else
        {
            stack.Layers.Add(layer);
        }
    }
}
