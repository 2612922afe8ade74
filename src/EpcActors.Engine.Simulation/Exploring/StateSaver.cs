using System.Linq.Expressions;
using System.Reflection;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Writes the objects of one type to a tape, with all that only they reach, and reads them back into the same objects;
/// one for each type and thread. It follows what an image follows.
/// </summary>
internal sealed class StateSaver
{
    private const int MaxDepth = 200;

    // One for each thread, as the pools of routines are: engines on different threads share nothing.
    [ThreadStatic]
    private static Dictionary<Type, StateSaver>? _known;

    private Action<object, StateKeeper>? _save;
    private Action<object, StateKeeper>? _load;

    private StateSaver(Type type)
    {
        Type = type;
        IsFollowed = !IsBoundary(type) && !StateFields.IsConstant(type);
    }

    /// <summary>Type of the objects.</summary>
    public Type Type { get; }

    /// <summary>
    /// Some keeper of this thread keeps an object of the type apart, so that each has to be looked at.
    /// </summary>
    public bool MayBeApart { get; set; }

    /// <summary>False: a reference to such an object is state, but not what it holds; a root is saved all the
    /// same.</summary>
    public bool IsFollowed { get; }

    public static StateSaver For(Type type)
    {
        Dictionary<Type, StateSaver> known = _known ??= [];
        if (!known.TryGetValue(type, out StateSaver? saver))
        {
            saver = new StateSaver(type);
            known.Add(type, saver);
        }

        return saver;
    }

    public static bool IsBoundary(Type type) =>
        StateFields.IsBoundary(type) || typeof(Resumable).IsAssignableFrom(type);

    public void Save(object value, StateKeeper keeper)
    {
        Invariant.That(++keeper.Depth < MaxDepth, "a state refers to itself, or is nested too deeply");
        if (_save is null)
        {
            (_save, _load) = StateSaverCompiler.Functions(Type);
        }

        _save(value, keeper);
        keeper.Depth--;
    }

    /// <summary>Of an object that was saved before.</summary>
    public void Load(object value, StateKeeper keeper) => _load!(value, keeper);
}

/// <summary>A place in compiled code that follows references, mostly to objects of one type.</summary>
internal sealed class SaverSite
{
    private StateSaver? _last;

    public void Save(object? value, StateKeeper keeper)
    {
        if (Followed(value, keeper) is { } saver)
        {
            saver.Save(value!, keeper);
        }
    }

    public void Load(object? value, StateKeeper keeper)
    {
        if (Followed(value, keeper) is { } saver)
        {
            saver.Load(value!, keeper);
        }
    }

    /// <summary>What a local of a routine refers to.</summary>
    public void KeepLocal(object? value, StateKeeper keeper)
    {
        if (Followed(value, keeper) is { } saver)
        {
            keeper.Tape.PutObject(value);
            saver.Save(value!, keeper);
        }
    }

    /// <summary>Null for what is not followed, or kept apart.</summary>
    private StateSaver? Followed(object? value, StateKeeper keeper)
    {
        if (value is null)
        {
            return null;
        }

        StateSaver? saver = _last;
        if (saver is null || saver.Type != value.GetType())
        {
            _last = saver = StateSaver.For(value.GetType());
        }

        return saver.IsFollowed && !(saver.MayBeApart && keeper.IsApart(value)) ? saver : null;
    }
}

/// <summary>Compiles the functions of a type from its fields.</summary>
internal sealed class StateSaverCompiler
{
    private static readonly MethodInfo Put = typeof(StateKeeper).GetMethod(nameof(StateKeeper.Put))!;
    private static readonly MethodInfo Take = typeof(StateKeeper).GetMethod(nameof(StateKeeper.Take))!;
    private static readonly MethodInfo PutObject = typeof(StateKeeper).GetMethod(nameof(StateKeeper.PutObject))!;
    private static readonly MethodInfo TakeObject = typeof(StateKeeper).GetMethod(nameof(StateKeeper.TakeObject))!;
    private static readonly MethodInfo Save = typeof(SaverSite).GetMethod(nameof(SaverSite.Save))!;
    private static readonly MethodInfo Load = typeof(SaverSite).GetMethod(nameof(SaverSite.Load))!;
    private static readonly MethodInfo KeepLocal = typeof(SaverSite).GetMethod(nameof(SaverSite.KeepLocal))!;

    private readonly List<Expression> _body = [];
    private readonly ParameterExpression _keeper = Expression.Parameter(typeof(StateKeeper));
    private readonly bool _isSave;

    private StateSaverCompiler(bool isSave) => _isSave = isSave;

    public static (Action<object, StateKeeper> Save, Action<object, StateKeeper> Load) Functions(Type type)
    {
        StateFields.Check(type, type.ToString());
        return type.IsArray ? OfArray(type.GetElementType()!)
            : (OfFields(type, isSave: true), OfFields(type, isSave: false));
    }

    /// <summary>Keeps what the locals of a state machine refer to; the state machine itself is copied as a
    /// whole.</summary>
    public static FrameLocals<TStateMachine> Locals<TStateMachine>()
    {
        Type type = typeof(TStateMachine);
        Invariant.That(type.IsValueType, "a routine of a build without optimisation cannot be kept");
        StateSaverCompiler compiler = new(isSave: true);
        ParameterExpression machine = Expression.Parameter(type.MakeByRefType());
        ParameterExpression context = Expression.Parameter(typeof(object));
        compiler._body.Add(Expression.Assign(compiler._keeper, Expression.Convert(context, typeof(StateKeeper))));
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (!field.Name.StartsWith("<>t__builder", StringComparison.Ordinal)
                && !field.Name.StartsWith("<>u__", StringComparison.Ordinal))
            {
                compiler.FollowField(Expression.Field(machine, field), field, KeepLocal);
            }
        }

        compiler._body.Add(Expression.Empty());
        return Expression.Lambda<FrameLocals<TStateMachine>>(
            Expression.Block([compiler._keeper], compiler._body), machine, context).Compile();
    }

    private static Action<object, StateKeeper> OfFields(Type type, bool isSave)
    {
        StateSaverCompiler compiler = new(isSave);
        ParameterExpression boxed = Expression.Parameter(typeof(object));
        ParameterExpression value = Expression.Variable(type);
        compiler._body.Add(Expression.Assign(value, Expression.Convert(boxed, type)));
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (!StateFields.IsConstant(field))
            {
                compiler.AddField(value, field);
            }
        }

        compiler._body.Add(Expression.Empty());
        return Expression.Lambda<Action<object, StateKeeper>>(
            Expression.Block([value], compiler._body), boxed, compiler._keeper).Compile();
    }

    private void AddField(Expression owner, FieldInfo field)
    {
        Type type = field.FieldType;
        MemberExpression place = Expression.Field(owner, field);
        if (!field.IsInitOnly)
        {
            CopyValue(place, type);
        }

        FollowField(place, field, _isSave ? Save : Load);
    }

    /// <summary>What a place holds, onto the tape or back from it; a struct field by field, so that none is
    /// boxed.</summary>
    private void CopyValue(Expression place, Type type)
    {
        bool holdsReferences = StateFields.HoldsReferences(type);
        if (holdsReferences && type.IsValueType && FieldsOf(type) is { } fields
            && Array.TrueForAll(fields, static field => !field.IsInitOnly || StateFields.IsConstant(field)))
        {
            foreach (FieldInfo field in fields.Where(static field => !field.IsInitOnly))
            {
                CopyValue(Expression.Field(place, field), field.FieldType);
            }

            return;
        }

        _body.Add((holdsReferences, _isSave) switch
        {
            (false, true) => Expression.Call(_keeper, Put.MakeGenericMethod(type), place),
            (false, false) => Expression.Assign(place, Expression.Call(_keeper, Take.MakeGenericMethod(type))),
            (true, true) => Expression.Call(_keeper, PutObject, Expression.Convert(place, typeof(object))),
            (true, false) => Expression.Assign(
                place, Expression.Convert(Expression.Call(_keeper, TakeObject), type)),
        });
    }

    private static FieldInfo[] FieldsOf(Type type) =>
        type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);

    /// <summary>What a field refers to, or the fields of a struct in it.</summary>
    private void FollowField(Expression place, FieldInfo field, MethodInfo follow)
    {
        Type type = field.FieldType;
        if (StateFields.IsConstant(field) || !StateFields.HoldsReferences(type))
        {
            return;
        }

        FollowValue(place, type, follow);
    }

    private void FollowValue(Expression place, Type type, MethodInfo follow)
    {
        if (!type.IsValueType)
        {
            if (!StateSaver.IsBoundary(type) && !StateFields.IsConstant(type))
            {
                _body.Add(Expression.Call(
                    Expression.Constant(new SaverSite()), follow, Expression.Convert(place, typeof(object)), _keeper));
            }

            return;
        }

        foreach (FieldInfo field in StateFields.Of(type))
        {
            FollowField(Expression.Field(place, field), field, follow);
        }
    }

    private static (Action<object, StateKeeper> Save, Action<object, StateKeeper> Load) OfArray(Type element)
    {
        if (!StateFields.HoldsReferences(element))
        {
            return (
                Close(nameof(SaveNumbers), element),
                Close(nameof(LoadNumbers), element));
        }

        return (OfReferences(element, isSave: true), OfReferences(element, isSave: false));
    }

    /// <summary>Each element of an array onto the tape, or back from it, with what it refers to.</summary>
    private static Action<object, StateKeeper> OfReferences(Type element, bool isSave)
    {
        StateSaverCompiler compiler = new(isSave);
        ParameterExpression boxed = Expression.Parameter(typeof(object));
        ParameterExpression array = Expression.Variable(element.MakeArrayType());
        ParameterExpression at = Expression.Variable(typeof(int));
        LabelTarget end = Expression.Label();
        IndexExpression place = Expression.ArrayAccess(array, at);
        compiler.CopyValue(place, element);
        if (!StateFields.IsConstant(element))
        {
            compiler.FollowValue(place, element, isSave ? Save : Load);
        }

        compiler._body.Add(Expression.PreIncrementAssign(at));
        Expression loop = Expression.Loop(
            Expression.IfThenElse(
                Expression.LessThan(at, Expression.ArrayLength(array)),
                Expression.Block(typeof(void), compiler._body),
                Expression.Break(end)),
            end);
        Expression start = Expression.Assign(array, Expression.Convert(boxed, array.Type));
        return Expression.Lambda<Action<object, StateKeeper>>(
            Expression.Block(typeof(void), [array, at], start, loop), boxed, compiler._keeper).Compile();
    }

    private static Action<object, StateKeeper> Close(string method, Type element) =>
        typeof(StateSaverCompiler)
            .GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic)!
            .MakeGenericMethod(element)
            .CreateDelegate<Action<object, StateKeeper>>();

    private static void SaveNumbers<T>(object array, StateKeeper keeper)
        where T : struct => keeper.Tape.PutAll((T[])array);

    private static void LoadNumbers<T>(object array, StateKeeper keeper)
        where T : struct => keeper.Tape.TakeAll((T[])array);
}
