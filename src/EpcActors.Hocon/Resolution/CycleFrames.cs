namespace EpcActors.Hocon.Resolution;

/// <summary>
/// Tells for how long "undefined" may be remembered. In <c>a = ${?b}foo, b = ${?a}</c> the field b is undefined while a
/// is being evaluated, and "foo" afterwards. So an undefined value that rests on a cycle holds until the evaluation
/// ends to which the cycle leads back; to forget it earlier would make the work exponential.
/// </summary>
internal sealed class CycleFrames
{
    private const int None = int.MaxValue;

    private readonly Dictionary<(Field Field, int Index), int> _frameOf = [];
    private readonly List<(Field Field, int Index)> _order = [];
    private readonly List<int> _starts = [];
    private int _lowest = None;

    /// <summary>An evaluation of a layer begins. Returns its number: the outermost has 1.</summary>
    public int Enter()
    {
        _starts.Add(_order.Count);
        return _starts.Count;
    }

    /// <summary>The innermost evaluation ends: what was undefined because of it may be evaluated again.</summary>
    public void Leave()
    {
        int frame = _starts.Count;
        int kept = _starts[^1];
        for (int i = kept; i < _order.Count; i++)
        {
            (Field field, int index) = _order[i];
            if (_frameOf[_order[i]] >= frame)
            {
                _frameOf.Remove(_order[i]);
                field.Forget(index);
            }
            else
            {
                _order[kept++] = _order[i];
            }
        }

        _order.RemoveRange(kept, _order.Count - kept);
        _starts.RemoveAt(frame - 1);
        if (_lowest >= frame)
        {
            _lowest = None;
        }
    }

    /// <summary>A field was asked for in the midst of its own evaluation.</summary>
    public void Met(int frame) => _lowest = Math.Min(_lowest, frame);

    /// <summary>
    /// The cycles of one value are counted by themselves. Returns what to give to <see cref="End(int, bool)"/>.
    /// </summary>
    public int Begin()
    {
        int outer = _lowest;
        _lowest = None;
        return outer;
    }

    /// <summary>The value is there: its cycles matter to what is around it only when it is undefined.</summary>
    public void End(int outer, bool isUndefined) => _lowest = isUndefined ? Math.Min(outer, _lowest) : outer;

    /// <summary>The same for a value that its field remembers.</summary>
    /// <param name="outer">From <see cref="Begin"/>.</param>
    /// <param name="isUndefined">It has no value.</param>
    /// <param name="field">Remembers it.</param>
    /// <param name="index">Its layer, or ~count for the head of so many layers.</param>
    public void End(int outer, bool isUndefined, Field field, int index)
    {
        if (isUndefined && _lowest != None && _frameOf.TryAdd((field, index), _lowest))
        {
            _order.Add((field, index));
        }

        End(outer, isUndefined);
    }

    /// <summary>A remembered value is used: what uses it rests on the same cycle.</summary>
    public void Recall(Field field, int index)
    {
        if (_frameOf.Count > 0 && _frameOf.TryGetValue((field, index), out int frame))
        {
            Met(frame);
        }
    }
}
