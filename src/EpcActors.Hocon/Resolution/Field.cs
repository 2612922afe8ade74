using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon.Resolution;

/// <summary>
/// One definition of a field: parsed text of its own, or a field of an object that was substituted in.
/// </summary>
internal readonly record struct Layer(Node? Node, Field? Reference, HoconOrigin KeyOrigin);

/// <summary>
/// A place in the tree whose value is worked out on demand: a key of an object or an element of an array. Its layers
/// are its definitions, the last on top.
/// </summary>
internal sealed class Field
{
    public const int Free = -1;

    private Head?[]? _heads;
    private bool[]? _headKnown;
    private Head?[]? _layerValues;
    private bool[]? _layerKnown;

    public Field(Field? parent, string key, bool isElement, Layer[] layers)
    {
        Parent = parent;
        Key = key;
        IsElement = isElement;
        Layers = layers;
    }

    /// <summary>The field whose value holds this one; null for the root.</summary>
    public Field? Parent { get; }

    public string Key { get; }

    /// <summary>An element of an array; <see cref="Key"/> is then its index, for messages only.</summary>
    public bool IsElement { get; }

    public Layer[] Layers { get; }

    /// <summary>
    /// The layer being evaluated: until it has its value, a reference to this field sees only the layers below. This is
    /// the specification's "remove that field and all fields which override it from the lookup document".
    /// </summary>
    public int Active { get; set; } = Free;

    /// <summary>Evaluation that <see cref="Active"/> belongs to; see <see cref="CycleFrames"/>.</summary>
    public int ActiveFrame { get; set; }

    /// <summary>
    /// Like <see cref="Active"/>, while what a layer substituted in is completed: the layers below are preferred, but
    /// when they have no such path the whole field is looked at, since no cycle forces us to look back.
    /// </summary>
    public int Completing { get; set; } = Free;

    /// <summary>The finished value; null also when undefined.</summary>
    public HoconValue? Final { get; set; }

    public bool FinalKnown { get; set; }

    public bool FinalActive { get; set; }

    /// <summary>The layer that gave the value of all layers; its key is the one to report.</summary>
    public int ChosenLayer { get; set; }

    public HoconOrigin KeyOrigin
    {
        get
        {
            Layer layer = Layers[ChosenLayer];
            return layer.Reference?.KeyOrigin ?? layer.KeyOrigin;
        }
    }

    public bool TryGetHead(int count, out Head? head)
    {
        head = _heads?[count];
        return _headKnown is not null && _headKnown[count];
    }

    public void SetHead(int count, Head? head)
    {
        _heads ??= new Head?[Layers.Length + 1];
        _headKnown ??= new bool[Layers.Length + 1];
        _heads[count] = head;
        _headKnown[count] = true;
    }

    public bool TryGetLayerValue(int layer, out Head? value)
    {
        value = _layerValues?[layer];
        return _layerKnown is not null && _layerKnown[layer];
    }

    public void SetLayerValue(int layer, Head? value)
    {
        _layerValues ??= new Head?[Layers.Length];
        _layerKnown ??= new bool[Layers.Length];
        _layerValues[layer] = value;
        _layerKnown[layer] = true;
    }

    /// <summary>Forgets the value of a layer, or with ~count the head of so many layers.</summary>
    public void Forget(int index)
    {
        if (index < 0)
        {
            _headKnown![~index] = false;
        }
        else
        {
            _layerKnown![index] = false;
        }
    }

    /// <summary>The field's path, for messages.</summary>
    public override string ToString()
    {
        List<string> keys = [];
        for (Field at = this; at.Parent is { } parent; at = parent)
        {
            keys.Add(at.IsElement ? $"[{at.Key}]" : HoconPath.Render([at.Key]));
        }

        keys.Reverse();
        return keys.Count == 0 ? "the root" : string.Join('.', keys).Replace(".[", "[", StringComparison.Ordinal);
    }
}
