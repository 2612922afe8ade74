using System.Runtime.CompilerServices;
using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon.Resolution;

/// <summary>
/// Evaluates substitutions (section "Substitutions" and its parts on self-reference). Values are evaluated lazily, in
/// two degrees. A <see cref="Head"/> tells the type of a value and gives access to its fields; that is all a path
/// lookup needs, so a lookup passes through objects without evaluating what else is in them. Completing turns heads
/// into <see cref="HoconValue"/>s. Each field is evaluated once and remembered.
/// <para>
/// A field with several definitions is a stack of layers. While a layer is evaluated the field shows only the layers
/// below, which is what makes <c>a = ${a} [x]</c> look back and everything else look forward.
/// </para>
/// </summary>
internal sealed partial class Resolver
{
    private readonly HoconOptions _options;
    private readonly Field _root;
    private readonly List<SubstitutionNode> _waiting = [];
    private readonly List<Field> _completing = [];
    private int _level;
    private long _steps;
    private long _joinedCharacters;
    private readonly long _mostNodes;
    private readonly CycleFrames _cycles = new();
    private bool _ignoreCompleting;
    private bool _sawCycle;
    private bool _sawCompleting;

    public Resolver(Node root, HoconOptions options)
    {
        _options = options;
        _root = new Field(null, "", isElement: false, [new Layer(root, null, root.Origin)]);

        // The nodes that are written out are as many as the text has; the limit is for what substitutions add.
        _mostNodes = Math.Max(options.MaxResolvedNodes, 2 * Written(root));
    }

    public HoconValue Resolve()
    {
        // Fields that are overridden by substitutions come first: what they substitute in is to see them as they
        // were below, whichever place in the file it has.
        if (Head(_root, 1) is ObjectHead root)
        {
            CompleteStacks(root);
        }

        return Complete(_root)!;
    }

    private static long Written(Node node) => 1 + node switch
    {
        ObjectNode o => o.Fields.Values.Sum(field => Written(field.Node)),
        ArrayNode a => a.Items.Sum(Written),
        StackNode s => s.Layers.Sum(layer => Written(layer.Node)),
        ConcatenationNode c => c.Parts.Sum(Written),
        AppendNode a => Written(a.Element),
        _ => 0,
    };

    /// <summary>Counts work that input can multiply without becoming longer itself.</summary>
    public void CountStep(HoconOrigin origin)
    {
        // A plain tree takes four steps for each of its values.
        if (++_steps / 6 > _mostNodes)
        {
            throw TooManyNodes(origin);
        }
    }

    /// <summary>
    /// Counts how deep the evaluation is in itself. Objects that are merged from objects that contain them grow without
    /// end and without ever meeting the same object twice; this is where that ends. It is a count, so that the same
    /// text gives the same error on any stack, and the stack is asked only for the case that it is a small one.
    /// </summary>
    public void Enter(HoconOrigin origin)
    {
        if (++_level > 2 * (_options.MaxNesting + _options.MaxSubstitutionDepth)
            || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new HoconException(origin, $"values depend on one another through {_level} levels: "
                + "a cycle of merged objects, or a chain that is too long");
        }
    }

    /// <summary>
    /// Undoes <see cref="Enter"/>; not called when an exception passes, since that ends the resolver.
    /// </summary>
    public void Leave() => _level--;

    /// <summary>The value of the lowest <paramref name="count"/> layers; null when undefined.</summary>
    public Head? Head(Field field, int count)
    {
        if (count == 0)
        {
            return null;
        }

        if (field.TryGetHead(count, out Head? known))
        {
            _cycles.Recall(field, ~count);
            return known;
        }

        // Layers that certainly look back, such as a long row of +=, are taken from the bottom up: no recursion.
        int first = count;
        while (first > 1 && NeedsBelow(field.Layers[first - 1].Node))
        {
            first--;
        }

        for (int i = first; i < count; i++)
        {
            if (!field.TryGetHead(i, out _))
            {
                EvaluateHead(field, i);
            }
        }

        return EvaluateHead(field, count);
    }

    /// <summary>The value of one layer by itself; null when undefined.</summary>
    public Head? LayerValue(Field field, int layer)
    {
        if (field.TryGetLayerValue(layer, out Head? known))
        {
            _cycles.Recall(field, layer);
            return known;
        }

        Layer definition = field.Layers[layer];
        CountStep(definition.KeyOrigin);
        (int outer, int outerFrame, int outerCycle) = (field.Active, field.ActiveFrame, _cycles.Begin());
        field.Active = layer;
        field.ActiveFrame = _cycles.Enter();
        Head? value = definition.Reference is { } reference
            ? Visible(reference)
            : Evaluate(field, layer, definition.Node!);
        _cycles.Leave();
        field.Active = outer;
        field.ActiveFrame = outerFrame;
        field.SetLayerValue(layer, value);
        _cycles.End(outerCycle, value is null, field, layer);
        return value;
    }

    private Head? EvaluateHead(Field field, int count)
    {
        int outerCycle = _cycles.Begin();
        Head? head = HeadOfLayers(field, count);
        field.SetHead(count, head);
        _cycles.End(outerCycle, head is null, field, ~count);
        return head;
    }

    private static bool NeedsBelow(Node? node) => node switch
    {
        AppendNode => true,
        SubstitutionNode s => s.RefersToOwnField,
        ConcatenationNode c => Array.Exists(c.Parts, part => part is SubstitutionNode { RefersToOwnField: true }),
        _ => false,
    };

    private Head? HeadOfLayers(Field field, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            Head? value = LayerValue(field, i);
            if (value is null)
            {
                continue;
            }

            if (count == field.Layers.Length)
            {
                field.ChosenLayer = i;
            }

            if (value is not ObjectHead top || i == 0)
            {
                return value;
            }

            return ChangedElements(field, i) ?? (Head)new LayeredObject(field, count, top.Origin);
        }

        return null;
    }

    /// <summary>
    /// The value of a field as it may be seen now, that is without the layers that are being evaluated.
    /// </summary>
    private Head? Visible(Field field)
    {
        if (field.Active != Field.Free)
        {
            _sawCycle = true;
            _cycles.Met(field.ActiveFrame);
            return Head(field, field.Active);
        }

        if (field.Completing != Field.Free)
        {
            _sawCompleting = true;
            if (!_ignoreCompleting)
            {
                return Head(field, field.Completing);
            }
        }

        return Head(field, field.Layers.Length);
    }

    private Head? Evaluate(Field field, int layer, Node node)
    {
        bool isWhole = field.Layers.Length == 1;
        switch (node)
        {
            case LiteralNode literal:
                return new ScalarHead(literal.Value);
            case ObjectNode o:
                return new WrittenObject(field, isWhole, o);
            case ArrayNode array:
                return new ArrayHead(field, array.Origin, ElementsOf(field, array));
            case SubstitutionNode substitution:
                return Substitute(field, substitution);
            case ConcatenationNode concatenation:
                return Concatenate(field, isWhole, concatenation);
            default:
                return Append(field, layer, (AppendNode)node);
        }
    }

    private Field[] ElementsOf(Field field, ArrayNode array)
    {
        Field[] elements = new Field[array.Items.Count];
        for (int i = 0; i < elements.Length; i++)
        {
            CountStep(array.Origin);
            Node item = array.Items[i];
            string index = i.ToString(System.Globalization.CultureInfo.InvariantCulture);
            elements[i] = new Field(field, index, isElement: true, [new Layer(item, null, item.Origin)]);
        }

        return elements;
    }

    private Head? Substitute(Field field, SubstitutionNode node)
    {
        if (_waiting.Count >= _options.MaxSubstitutionDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new HoconException(node.Origin,
                $"{node} is the last of {_waiting.Count} substitutions that wait for one another; shorten the chain");
        }

        _waiting.Add(node);
        bool outerIgnore = _ignoreCompleting;
        bool outerSawCompleting = _sawCompleting;
        bool outerSawCycle = _sawCycle;
        _ignoreCompleting = false;
        _sawCompleting = false;
        _sawCycle = false;
        int outerFrames = _cycles.Begin();

        Head? value = LookUp(field, node);
        if (value is null && _sawCompleting)
        {
            _ignoreCompleting = true;
            value = LookUp(field, node);
        }

        bool cycle = _sawCycle;
        Field? around = null;
        if (value is ContainerHead { Owner: { } owner } && IsWhole(value, owner) && IsInside(field, owner))
        {
            // An object or array that contains itself (a : { b : ${a} }): nothing to look back to.
            value = null;
            cycle = true;
            around = owner;
        }

        _ignoreCompleting = outerIgnore;
        _sawCompleting = outerSawCompleting;
        if (value is null && around is null)
        {
            // Also for PATH = ${PATH}":/bin" with nothing below: that is a path not found, like any other.
            value = FromEnvironment(node);
        }

        if (value is null && !node.Optional)
        {
            throw cycle ? CycleError(node, around) : new HoconException(node.Origin,
                $"could not resolve {node}: the configuration has no such path and the environment has no "
                + $"such variable; define it, or write ${{?{HoconPath.Render(node.Path)}}} if it may be absent");
        }

        _sawCycle = outerSawCycle || (cycle && value is null);
        _cycles.End(outerFrames, value is null);
        _waiting.RemoveAt(_waiting.Count - 1);
        return value;
    }

    /// <summary>
    /// False for what only shows the lower layers of a field: in there is nothing of the layers above.
    /// </summary>
    private static bool IsWhole(Head value, Field owner) =>
        owner.Layers.Length == 1
        || (owner.TryGetHead(owner.Layers.Length, out Head? whole) && ReferenceEquals(whole, value));

    private static bool IsInside(Field field, Field owner)
    {
        for (Field? at = field.Parent; at is not null; at = at.Parent)
        {
            if (ReferenceEquals(at, owner))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Tries the path relative to the file it is written in, then relative to the root (section "Include semantics:
    /// substitution"), and last relative to the files in between.
    /// </summary>
    private Head? LookUp(Field field, SubstitutionNode node)
    {
        Head? value = LookUpIn(field, node, node.Scope);
        if (value is null && node.Scope != FileScope.Root)
        {
            value = LookUpIn(field, node, FileScope.Root);
            for (FileScope? scope = node.Scope.Including; value is null && scope is not null; scope = scope.Including)
            {
                value = LookUpIn(field, node, scope);
            }
        }

        return value;
    }

    private Head? LookUpIn(Field field, SubstitutionNode node, FileScope scope)
    {
        Field? at = _root;
        if (scope.ArrayLevel > 0)
        {
            int levelsUp = node.ArrayLevel - scope.ArrayLevel;
            at = field;
            while (at is not null && !(at.IsElement && levelsUp-- == 0))
            {
                at = at.Parent;
            }
        }

        foreach (string key in scope.Prefix.Concat(node.Path))
        {
            if (at is null || Visible(at) is not ObjectHead parent)
            {
                return null;
            }

            at = parent.GetField(this, key);
        }

        return at is null ? null : Visible(at);
    }

    /// <summary>
    /// A variable of the name; failing that, variables name.0, name.1 … as a list, as the reference implementation has
    /// it. A path with several keys is joined with dots.
    /// </summary>
    private Head? FromEnvironment(SubstitutionNode node)
    {
        string name = string.Join('.', node.Path);
        if (EnvironmentString(name) is { } text)
        {
            return new ScalarHead(text);
        }

        List<Field> items = [];
        while (items.Count < 1000 && EnvironmentString($"{name}.{items.Count}") is { } item)
        {
            items.Add(new Field(null, "", isElement: true, [new Layer(new LiteralNode(item), null, item.Origin)]));
        }

        return items.Count == 0 ? null : new ArrayHead(null, node.Origin, [.. items]);
    }

    private HoconString? EnvironmentString(string name)
    {
        string? text = _options.LookUpEnvironment(name);
        return text is null
            ? null
            : new HoconString(new HoconOrigin($"environment variable {name}", 0, 0), text, isQuoted: true);
    }
}
