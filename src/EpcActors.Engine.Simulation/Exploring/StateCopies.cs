using System.Linq.Expressions;
using System.Reflection;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>The saved state of one object.</summary>
internal abstract class StateCopy
{
    /// <summary>Writes it back into the object.</summary>
    public abstract void Restore();

    /// <summary>Saves an object; null when nothing of it can change.</summary>
    public static StateCopy? Of(object live)
    {
        Type type = live.GetType();
        if (!type.IsArray)
        {
            return Copiers.For(type) is { } copier ? new ObjectCopy(live, copier) : null;
        }

        if (((Array)live).Length == 0)
        {
            return null;
        }

        Type element = type.GetElementType()!;
        Type copy = (
            StateFields.HoldsReferences(element) ? typeof(ReferenceArrayCopy<>) : typeof(ArrayCopy<>)
        ).MakeGenericType(element);
        return (StateCopy)Activator.CreateInstance(copy, live)!;
    }
}

/// <summary>An object: its fields in another one of its type.</summary>
internal sealed class ObjectCopy : StateCopy
{
    private static readonly MethodInfo Clone = typeof(object).GetMethod(
        nameof(MemberwiseClone),
        BindingFlags.Instance | BindingFlags.NonPublic
    )!;

    private readonly object _live;
    private readonly object _saved;
    private readonly Action<object, object> _copier;

    public ObjectCopy(object live, Action<object, object> copier)
    {
        _live = live;
        _saved = Clone.Invoke(live, null)!;
        _copier = copier;
    }

    public override void Restore() => _copier(_live, _saved);
}

/// <summary>An array of numbers.</summary>
internal sealed class ArrayCopy<T>(T[] live) : StateCopy
{
    private readonly T[] _saved = (T[])live.Clone();

    public override void Restore() => _saved.AsSpan().CopyTo(live);
}

/// <summary>An array of references, or of structs with references in them.</summary>
internal sealed class ReferenceArrayCopy<T>(T[] live) : StateCopy
{
    private readonly T[] _saved = (T[])live.Clone();

    public override void Restore() => Array.Copy(_saved, live, _saved.Length);
}

/// <summary>Compiled functions that copy the fields of one object into another.</summary>
/// <remarks>
/// A read-only field cannot have changed since its object was made, so it is left alone; what it refers to is saved by
/// itself.
/// </remarks>
internal static class Copiers
{
    // One for each thread, as the pools of routines are: engines on different threads share nothing.
    [ThreadStatic]
    private static Dictionary<Type, Action<object, object>?>? _known;

    public static Action<object, object>? For(Type type)
    {
        _known ??= [];
        if (!_known.TryGetValue(type, out Action<object, object>? copier))
        {
            copier = Compile(type);
            _known.Add(type, copier);
        }

        return copier;
    }

    private static Action<object, object>? Compile(Type type)
    {
        ParameterExpression to = Expression.Parameter(typeof(object));
        ParameterExpression from = Expression.Parameter(typeof(object));
        ParameterExpression live = Expression.Variable(type);
        ParameterExpression saved = Expression.Variable(type);
        List<Expression> body =
        [
            Expression.Assign(live, Expression.Convert(to, type)),
            Expression.Assign(saved, Expression.Convert(from, type)),
        ];
        int start = body.Count;
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (!field.IsInitOnly && !StateFields.IsConstant(field))
            {
                body.Add(Expression.Assign(Expression.Field(live, field), Expression.Field(saved, field)));
            }
        }

        if (body.Count == start)
        {
            return null;
        }

        // The value of the block would be boxed otherwise.
        body.Add(Expression.Empty());
        return Expression.Lambda<Action<object, object>>(Expression.Block([live, saved], body), to, from).Compile();
    }
}
