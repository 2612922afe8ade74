namespace EpcActors.Engine.Akka;

/// <summary>
/// Plan of the actors below <c>/user</c>, made before the actors. A path may lead through another actor of the engine,
/// which then is the parent, or through a name that no actor has: that becomes a folder.
/// </summary>
internal sealed class ActorTree
{
    private readonly Dictionary<string, ActorNode> _nodes = new(StringComparer.Ordinal);
    private readonly string _prefix;

    /// <param name="prefix">Path of the folder that everything is in; empty for none.</param>
    public ActorTree(string prefix)
    {
        _prefix = prefix;
        if (prefix.Length > 0)
        {
            NodeAt(ActorNames.Split(prefix));
        }
    }

    /// <summary>Nodes directly below <c>/user</c>, in the order in which they came.</summary>
    public List<ActorNode> Top { get; } = [];

    public int Count => _nodes.Count;

    /// <summary>Gives an actor its place.</summary>
    /// <exception cref="InvariantViolation">when another one has it.</exception>
    public ActorNode Add(ICell cell, string path)
    {
        string[] elements = string.IsNullOrEmpty(path) ? [ActorNames.Escape(cell.Name)] : ActorNames.Split(path);
        if (_prefix.Length > 0)
        {
            elements = [.. ActorNames.Split(_prefix), .. elements];
        }

        ActorNode node = NodeAt(elements);
        Invariant.That(
            node.Cell is null,
            $"{node.Cell?.Name} and {cell.Name} have the same place in the tree of actors, {node.Path}");
        node.Cell = cell;
        return node;
    }

    private ActorNode NodeAt(ReadOnlySpan<string> elements)
    {
        string path = $"/user/{string.Join('/', elements)}";
        if (_nodes.TryGetValue(path, out ActorNode? node))
        {
            return node;
        }

        node = new ActorNode(path, elements[^1]);
        _nodes.Add(path, node);
        (elements.Length == 1 ? Top : NodeAt(elements[..^1]).Children).Add(node);
        return node;
    }
}

/// <summary>One place in the tree.</summary>
internal sealed class ActorNode(string path, string name)
{
    /// <summary>As <c>/user/cgroups/pods/web</c>.</summary>
    public string Path { get; } = path;

    /// <summary>The last part of the path.</summary>
    public string Name { get; } = name;

    /// <summary>Resource or task at this place; null for a folder.</summary>
    public ICell? Cell { get; set; }

    public List<ActorNode> Children { get; } = [];
}
