using EpcActors.Hocon.Resolution;
using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon;

/// <summary>
/// A configuration: parse texts, put them on top of one another, resolve the substitutions, then read
/// <see cref="Root"/>. Immutable; each step gives a new configuration. All bad input ends in a
/// <see cref="HoconException"/>.
/// </summary>
public sealed class HoconConfig
{
    private readonly Node _node;
    private readonly HoconOptions _options;
    private readonly HoconValue? _resolved;

    private HoconConfig(Node node, HoconOptions options, HoconValue? resolved = null)
    {
        _node = node;
        _options = options;
        _resolved = resolved;
    }

    /// <summary>True when all substitutions have their values.</summary>
    public bool IsResolved => _resolved is not null;

    /// <summary>The whole configuration.</summary>
    /// <exception cref="HoconException">A substitution is unresolved, or the root is an array.</exception>
    public HoconObject Root => RootValue as HoconObject
        ?? throw new HoconException(_node.Origin, "the root is an array; expected an object");

    /// <summary>The whole configuration, which by the specification may also be an array.</summary>
    /// <exception cref="HoconException">A substitution is unresolved.</exception>
    public HoconValue RootValue => _resolved ?? ReadUnresolved();

    /// <summary>
    /// Reads a file and what it includes; does not resolve. The format follows the name: .json is strict JSON,
    /// .properties is Java's, all else is HOCON.
    /// </summary>
    public static HoconConfig ParseFile(string path, HoconOptions? o = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        HoconOptions options = o ?? HoconOptions.Default;
        return new HoconConfig(new ParseSession(options).ReadFile(path), options);
    }

    /// <summary>
    /// Reads a text as HOCON and what it includes, relative to <paramref name="originName"/>; does not resolve.
    /// </summary>
    public static HoconConfig ParseText(string text, string originName = "input", HoconOptions? o = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(originName);
        HoconOptions options = o ?? HoconOptions.Default;
        return new HoconConfig(new ParseSession(options).ReadText(text, originName), options);
    }

    /// <summary>
    /// A configuration that has one value, at a path; everything in it keeps the place where it was written.
    /// </summary>
    public static HoconConfig Of(HoconValue value, params IReadOnlyList<string> path)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(path);
        Node node = ToNode(value);
        for (int i = path.Count - 1; i >= 0; i--)
        {
            ObjectNode outer = new(value.Origin);
            outer.Merge(path[i], value.Origin, node);
            node = outer;
        }

        return new HoconConfig(node, HoconOptions.Default);
    }

    /// <summary>
    /// This configuration on top of another, as if the other's text stood before this one's. Fall back first and
    /// resolve then, so that each can refer to the other; what is resolved already keeps its values.
    /// </summary>
    public HoconConfig WithFallback(HoconConfig other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ObjectNode merged = other.CopyObject();
        merged.MergeAll(CopyObject());
        return new HoconConfig(merged, _options);
    }

    /// <summary>
    /// One value on top of this configuration, as from <c>--set key=value</c>, or with a path that ends in <c>+</c> one
    /// more element of a list. The text is read as a HOCON value; what is none is taken as a plain string, also what
    /// would be cut short by a comment, unless it begins like an array, an object, a quoted string or has a
    /// substitution: then what is wrong with it is an error.
    /// </summary>
    /// <exception cref="HoconException"><paramref name="pathExpression"/> is not a path expression, or the value is
    /// wrong.</exception>
    public HoconConfig WithOverride(string pathExpression, string valueText, string originName)
    {
        ArgumentNullException.ThrowIfNull(pathExpression);
        ArgumentNullException.ThrowIfNull(valueText);
        ArgumentNullException.ThrowIfNull(originName);
        HoconOrigin origin = new(originName, 1, 1);
        bool appends = pathExpression.TrimEnd().EndsWith('+');
        string[] path = HoconPath.Parse(appends ? pathExpression.TrimEnd()[..^1] : pathExpression, originName);
        path = _options.Split(path[0], path);
        ParseSession session = new(_options);
        session.CheckDepth(path.Length, origin);

        Node value;
        try
        {
            value = session.ReadValue(valueText, originName, path);
        }
        catch (HoconException) when (!HasSyntax(valueText))
        {
            value = new LiteralNode(new HoconString(origin, valueText, isQuoted: false));
        }

        value = appends ? new AppendNode(origin, new ArrayNode(value.Origin, [value])) : value;
        ObjectNode merged = CopyObject();
        merged.Merge(path[0], origin, ObjectNode.Nested(path, origin, value));
        return new HoconConfig(merged, _options);
    }

    private static bool HasSyntax(string text) =>
        text.AsSpan().TrimStart() is ['[' or '{' or '"', ..] || text.Contains("${", StringComparison.Ordinal);

    /// <summary>
    /// Counts the objects below a path under keys that begin with a character, at any depth, before substitutions have
    /// their values, and finds the begin of the object at the path. So a reader with a limit can refuse a large file
    /// before it is resolved.
    /// </summary>
    public (int Count, HoconOrigin Origin) CountObjects(IReadOnlyList<string> path, char firstOfKey)
    {
        ArgumentNullException.ThrowIfNull(path);
        Node? at = _node;
        foreach (string key in path)
        {
            at = at is ObjectNode o && o.Fields.TryGetValue(key, out Definition field) ? field.Node : null;
        }

        return at is ObjectNode found ? (found.CountObjects(firstOfKey), found.Origin) : (0, _node.Origin);
    }

    /// <summary>Gives all substitutions their values.</summary>
    /// <exception cref="HoconException">
    /// A substitution is undefined or part of a cycle, or a concatenation mixes types.
    /// </exception>
    public HoconConfig Resolve() =>
        IsResolved ? this : new HoconConfig(_node, _options, new Resolver(_node, _options).Resolve());

    /// <summary>The configuration as text that reads back as the same values.</summary>
    /// <exception cref="HoconException">A substitution is unresolved.</exception>
    public string Render(HoconRenderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return HoconRenderer.Render(RootValue, options);
    }

    private ObjectNode CopyObject() => (_resolved is null ? _node : ToNode(_resolved)) switch
    {
        ObjectNode o => o.Copy(),
        Node other => throw new HoconException(other.Origin,
            "the root is an array, which cannot be merged; expected an object"),
    };

    private static Node ToNode(HoconValue value)
    {
        switch (value)
        {
            case HoconObject o:
                ObjectNode node = new(o.Origin);
                foreach (KeyValuePair<string, HoconValue> field in o)
                {
                    node.Merge(field.Key, o.KeyOrigin(field.Key), ToNode(field.Value));
                }

                return node;
            case HoconArray array:
                return new ArrayNode(array.Origin, [.. array.Select(ToNode)]);
            default:
                return new LiteralNode(value);
        }
    }

    private HoconValue ReadUnresolved() => FindSubstitution(_node) is { } substitution
        ? throw new HoconException(substitution.Origin, $"{substitution} is not resolved; call Resolve() first")
        : new Resolver(_node, _options).Resolve();

    private static SubstitutionNode? FindSubstitution(Node node) => node switch
    {
        SubstitutionNode s => s,
        ObjectNode o => First(o.Fields.Values.Select(field => field.Node)),
        ArrayNode a => First(a.Items),
        StackNode s => First(s.Layers.Select(layer => layer.Node)),
        ConcatenationNode c => First(c.Parts),
        AppendNode a => FindSubstitution(a.Element),
        _ => null,
    };

    private static SubstitutionNode? First(IEnumerable<Node> nodes)
    {
        foreach (Node node in nodes)
        {
            if (FindSubstitution(node) is { } found)
            {
                return found;
            }
        }

        return null;
    }
}
