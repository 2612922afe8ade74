namespace EpcActors.Hocon.Syntax;

/// <summary>
/// A value as parsed: substitutions are still in place, overridden values are kept where they may matter.
/// </summary>
internal abstract class Node
{
    protected Node(HoconOrigin origin)
    {
        Origin = origin;
    }

    public HoconOrigin Origin { get; }

    /// <summary>True when nothing below this definition of a key can show through it.</summary>
    public virtual bool HidesBelow => false;
}

/// <summary>A string, number, boolean or null.</summary>
internal sealed class LiteralNode : Node
{
    public LiteralNode(HoconValue value, bool isUnquotedSpace = false)
        : base(value.Origin)
    {
        Value = value;
        IsUnquotedSpace = isUnquotedSpace;
    }

    public HoconValue Value { get; }

    /// <summary>
    /// White space between parts of a concatenation: counts in strings, is nothing between containers.
    /// </summary>
    public bool IsUnquotedSpace { get; }

    public override bool HidesBelow => true;
}

internal sealed class ArrayNode : Node
{
    public ArrayNode(HoconOrigin origin, List<Node> items)
        : base(origin)
    {
        Items = items;
    }

    public List<Node> Items { get; }

    public override bool HidesBelow => true;
}

/// <summary>
/// One file's part in looking up a substitution written in it: the object that its include statement stands in.
/// </summary>
/// <param name="ArrayLevel">Arrays around that object; its path starts at the innermost array's element.</param>
internal sealed record FileScope(int ArrayLevel, string[] Prefix, FileScope? Including)
{
    public static FileScope Root { get; } = new(0, [], null);
}

internal sealed class SubstitutionNode : Node
{
    public SubstitutionNode(
        HoconOrigin origin,
        string[] path,
        bool optional,
        FileScope scope,
        int arrayLevel,
        bool refersToOwnField)
        : base(origin)
    {
        Path = path;
        Optional = optional;
        Scope = scope;
        ArrayLevel = arrayLevel;
        RefersToOwnField = refersToOwnField;
    }

    public string[] Path { get; }

    public bool Optional { get; }

    public FileScope Scope { get; }

    /// <summary>Arrays around the substitution.</summary>
    public int ArrayLevel { get; }

    /// <summary>
    /// Written in the value of the very field it names: it will look back, so what is below comes first.
    /// </summary>
    public bool RefersToOwnField { get; }

    public override string ToString() => $"${{{(Optional ? "?" : "")}{HoconPath.Render(Path)}}}";
}

/// <summary>Values side by side, at least one of them a substitution (or a mixture only resolving can judge).</summary>
internal sealed class ConcatenationNode : Node
{
    public ConcatenationNode(HoconOrigin origin, Node[] parts)
        : base(origin)
    {
        Parts = parts;
    }

    public Node[] Parts { get; }
}

/// <summary><c>key += element</c>. It appends to what is below it in the same field, so it needs no path.</summary>
internal sealed class AppendNode : Node
{
    public AppendNode(HoconOrigin origin, ArrayNode element)
        : base(origin)
    {
        Element = element;
    }

    public ArrayNode Element { get; }
}

/// <summary>One definition of a key, and where that key stands.</summary>
internal readonly record struct Definition(Node Node, HoconOrigin KeyOrigin);

/// <summary>Several definitions of one key that only resolving can merge; the last one is on top.</summary>
internal sealed class StackNode : Node
{
    public StackNode(HoconOrigin origin, List<Definition> layers)
        : base(origin)
    {
        Layers = layers;
    }

    public List<Definition> Layers { get; }

    public override bool HidesBelow => Layers[0].Node.HidesBelow;
}
