using System.Reflection;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Finds what roots reach, and which of it several of them do.</summary>
internal sealed class StateWalk
{
    private readonly Dictionary<object, int> _owner = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _seen = new(ReferenceEqualityComparer.Instance);
    private readonly List<object> _order = [];
    private readonly Stack<object> _left = new();
    private readonly int _sharedIndex;

    public StateWalk(object[] roots, IEnumerable<object> shared)
    {
        _sharedIndex = roots.Length;
        foreach (object one in shared)
        {
            Reach(one, _sharedIndex, "what is shared");
        }

        HashSet<object> isRoot = new(roots, ReferenceEqualityComparer.Instance);
        Invariant.That(isRoot.Count == roots.Length, "an image has a root twice");
        for (int i = 0; i < roots.Length; i++)
        {
            _seen.Clear();
            Invariant.That(!roots[i].GetType().IsValueType, "a root is an object");
            Reach(roots[i], i, $"{roots[i]}");
        }

        Owned = new List<object>[roots.Length];
        for (int i = 0; i < roots.Length; i++)
        {
            Owned[i] = [];
        }

        foreach (object one in _order)
        {
            // A root keeps its own fields, whatever refers to it.
            int owner = isRoot.Contains(one) ? Array.IndexOf(roots, one) : _owner[one];
            (owner == _sharedIndex ? Shared : Owned[owner]).Add(one);
        }

        foreach (object one in shared)
        {
            Compare(one);
        }

        foreach (object root in roots)
        {
            CompareFields(root, root.GetType());
        }
    }

    /// <summary>Objects of each root, the root first.</summary>
    public List<object>[] Owned { get; }

    /// <summary>Objects of several roots.</summary>
    public List<object> Shared { get; } = [];

    /// <summary>
    /// What is part of a fingerprint by itself: not what only statistics refer to, nor the insides of containers.
    /// </summary>
    public HashSet<object> Compared { get; } = new(ReferenceEqualityComparer.Instance);

    private void Reach(object root, int index, string name)
    {
        Push(root, index);
        while (_left.TryPop(out object? one))
        {
            Type type = one.GetType();
            string where = $"{name}: {type}";
            StateFields.Check(type, where);
            if (one is Array array)
            {
                Type element = type.GetElementType()!;
                if (StateFields.HoldsReferences(element) && !StateFields.IsConstant(element))
                {
                    foreach (object? value in array)
                    {
                        Follow(value, index, where);
                    }
                }
            }
            else
            {
                FollowFields(one, type, index, where);
            }
        }
    }

    private void FollowFields(object owner, Type type, int index, string where)
    {
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (!StateFields.IsConstant(field))
            {
                StateFields.Check(field.FieldType, $"{where}.{field.Name}");
                if (StateFields.HoldsReferences(field.FieldType))
                {
                    Follow(field.GetValue(owner), index, $"{where}.{field.Name}");
                }
            }
        }
    }

    private void Follow(object? value, int index, string where)
    {
        if (value is null)
        {
            return;
        }

        Type type = value.GetType();
        if (value is WaitQueue queue)
        {
            Invariant.That(queue.IsEmpty, $"{where}: an image is taken while a request waits");
        }
        else if (type.IsValueType)
        {
            FollowFields(value, type, index, where);
        }
        else if (!StateFields.IsBoundary(type) && !StateFields.IsConstant(type))
        {
            Push(value, index);
        }
    }

    private void Push(object value, int index)
    {
        if (!_seen.Add(value))
        {
            return;
        }

        if (!_owner.TryAdd(value, index))
        {
            if (_owner[value] != index)
            {
                _owner[value] = _sharedIndex;
            }
        }
        else
        {
            _order.Add(value);
        }

        _left.Push(value);
    }

    private void Compare(object? value)
    {
        if (value is null)
        {
            return;
        }

        Type type = value.GetType();
        if (type.IsValueType)
        {
            CompareFields(value, type);
        }
        else if (!StateFields.IsBoundary(type) && !StateFields.IsConstant(type) && Compared.Add(value))
        {
            CompareFields(value, type);
        }
    }

    private void CompareFields(object owner, Type type)
    {
        if (owner is Array array)
        {
            if (StateFields.HoldsReferences(type.GetElementType()!))
            {
                foreach (object? value in array)
                {
                    Compare(value);
                }
            }

            return;
        }

        bool isContainer = !type.IsValueType && type.Namespace == "System.Collections.Generic";
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (
                StateFields.IsConstant(field)
                || StateFields.IsNotState(field)
                || !StateFields.HoldsReferences(field.FieldType))
            {
                continue;
            }

            object? value = field.GetValue(owner);
            if (!isContainer && !StateFields.Has(field, "SparseAttribute"))
            {
                Compare(value);
            }
            else if (value is Array inside && isContainer)
            {
                // The container is compared by its items: its array has room to spare.
                CompareFields(inside, inside.GetType());
            }
        }
    }
}
