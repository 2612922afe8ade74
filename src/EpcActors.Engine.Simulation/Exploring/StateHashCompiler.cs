using System.Linq.Expressions;
using System.Reflection;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Compiles hashes from the fields of types: a chain of multiplications over the numbers, with calls for what lies
/// behind references.
/// </summary>
internal sealed class StateHashCompiler
{
    private readonly List<Expression> _body = [];
    private readonly ParameterExpression _hash = Expression.Variable(typeof(ulong));
    private readonly ParameterExpression _image = Expression.Parameter(typeof(StateImage));

    /// <summary>The hash of a class, an array or a boxed value.</summary>
    public static Func<object, StateImage, ulong> Function(Type type)
    {
        StateFields.Check(type, type.ToString());
        if (StateFields.IsConstant(type) || StateFields.IsComparer(type))
        {
            return static (_, _) => 0;
        }

        return Container(type, isBag: false, isSparse: false) ?? OfFields(type);
    }

    /// <summary>
    /// The hash of a state machine: its position and its locals, without what the compiler needs for the await itself.
    /// </summary>
    public static FrameFingerprint<TStateMachine> Frame<TStateMachine>()
    {
        Type type = typeof(TStateMachine);
        StateHashCompiler compiler = new();
        ParameterExpression machine = Expression.Parameter(type.MakeByRefType());
        ParameterExpression context = Expression.Parameter(typeof(object));
        compiler._body.Add(Expression.Assign(compiler._hash, Expression.Constant(StateMix.Text(type.ToString()))));
        compiler._body.Add(Expression.Assign(compiler._image, Expression.Convert(context, typeof(StateImage))));
        foreach (FieldInfo field in StateFields.Of(type))
        {
            if (
                !field.Name.StartsWith("<>t__builder", StringComparison.Ordinal)
                && !field.Name.StartsWith("<>u__", StringComparison.Ordinal))
            {
                compiler.AddField(machine, field, type);
            }
        }

        compiler._body.Add(compiler._hash);
        return Expression.Lambda<FrameFingerprint<TStateMachine>>(
            Expression.Block([compiler._hash, compiler._image], compiler._body), machine, context).Compile();
    }

    private static Func<object, StateImage, ulong> OfFields(Type type)
    {
        StateHashCompiler compiler = new();
        ParameterExpression boxed = Expression.Parameter(typeof(object));
        compiler._body.Add(Expression.Assign(compiler._hash, Expression.Constant(StateMix.Text(type.ToString()))));
        if (type.IsValueType)
        {
            compiler.AddValue(type, Expression.Unbox(boxed, type), type.ToString(), isBag: false, isSparse: false);
        }
        else
        {
            ParameterExpression value = Expression.Variable(type);
            compiler._body.Add(Expression.Assign(value, Expression.Convert(boxed, type)));
            foreach (FieldInfo field in StateFields.Of(type))
            {
                compiler.AddField(value, field, type);
            }

            compiler._body.Add(compiler._hash);
            return Expression.Lambda<Func<object, StateImage, ulong>>(
                Expression.Block([compiler._hash, value], compiler._body), boxed, compiler._image).Compile();
        }

        compiler._body.Add(compiler._hash);
        return Expression.Lambda<Func<object, StateImage, ulong>>(
            Expression.Block([compiler._hash], compiler._body), boxed, compiler._image).Compile();
    }

    /// <summary>The hash of an element of a container.</summary>
    private static Delegate Element(Type type, string where)
    {
        StateHashCompiler compiler = new();
        ParameterExpression value = Expression.Parameter(type);
        compiler._body.Add(Expression.Assign(compiler._hash, Expression.Constant(StateMix.Multiplier)));
        compiler.AddValue(type, value, where, isBag: false, isSparse: false);
        compiler._body.Add(compiler._hash);
        return Expression
            .Lambda(
                typeof(ValueHash<>).MakeGenericType(type),
                Expression.Block([compiler._hash], compiler._body),
                value,
                compiler._image)
            .Compile();
    }

    private static Func<object, StateImage, ulong>? Container(Type type, bool isBag, bool isSparse)
    {
        if (type.IsArray)
        {
            Type element = type.GetElementType()!;
            if (isSparse)
            {
                Invariant.That(
                    element.IsSZArray && StateFields.IsItsBytes(element.GetElementType()!),
                    $"{type} is not a table of tables of numbers");
                return Close(nameof(StateHashCalls.SparseTable), null, element.GetElementType()!);
            }

            return StateFields.IsItsBytes(element)
                ? Close(nameof(StateHashCalls.ArrayOfValues), null, element)
                : Close(nameof(StateHashCalls.ArrayOf), Element(element, type.ToString()), element);
        }

        if (!type.IsGenericType)
        {
            return null;
        }

        Type definition = type.GetGenericTypeDefinition();
        Type[] parts = type.GetGenericArguments();
        if (definition == typeof(List<>))
        {
            return isBag ? Close(nameof(StateHashCalls.BagOf), Element(parts[0], type.ToString()), parts)
                : StateFields.IsItsBytes(parts[0]) ? Close(nameof(StateHashCalls.ListOfValues), null, parts)
                : Close(nameof(StateHashCalls.ListOf), Element(parts[0], type.ToString()), parts);
        }

        if (definition == typeof(Dictionary<,>))
        {
            object both = Activator.CreateInstance(
                typeof(Tuple<,>).MakeGenericType(
                    typeof(ValueHash<>).MakeGenericType(parts[0]),
                    typeof(ValueHash<>).MakeGenericType(parts[1])),
                Element(parts[0], type.ToString()),
                Element(parts[1], type.ToString()))!;
            return Close(nameof(StateHashCalls.DictionaryOf), both, parts);
        }

        return definition == typeof(HashSet<>)
                ? Close(nameof(StateHashCalls.SetOf), Element(parts[0], type.ToString()), parts)
            : definition == typeof(Queue<>)
                ? Close(nameof(StateHashCalls.QueueOf), Element(parts[0], type.ToString()), parts)
            : definition == typeof(Stack<>)
                ? Close(nameof(StateHashCalls.StackOf), Element(parts[0], type.ToString()), parts)
            : null;
    }

    private static Func<object, StateImage, ulong> Close(string method, object? first, params Type[] types) =>
        typeof(StateHashCalls)
            .GetMethod(method)!
            .MakeGenericMethod(types)
            .CreateDelegate<Func<object, StateImage, ulong>>(first);

    private void AddField(Expression owner, FieldInfo field, Type of)
    {
        if (!StateFields.IsNotState(field) && !StateFields.IsConstant(field))
        {
            AddValue(
                field.FieldType,
                Expression.Field(owner, field),
                $"{of}.{field.Name}",
                StateFields.Has(field, nameof(UnorderedAttribute)),
                StateFields.Has(field, "SparseAttribute"));
        }
    }

    private void AddValue(Type type, Expression value, string where, bool isBag, bool isSparse)
    {
        StateFields.Check(type, where);
        if (StateFields.IsForReport(type) || StateFields.IsConstant(type) || StateFields.IsComparer(type))
        {
            return;
        }

        if (type == typeof(Mutex))
        {
            Add(Call(nameof(StateHashCalls.Lock), value));
        }
        else if (type == typeof(WaitQueue))
        {
            Add(Call(nameof(StateHashCalls.Queue), value));
        }
        else if (type.IsEnum || type.IsPrimitive)
        {
            Add(Number(type, value));
        }
        else if (type.IsValueType)
        {
            foreach (FieldInfo field in StateFields.Of(type))
            {
                // An enumerator remembers how often its list was changed, for a check only.
                if (type.Assembly != typeof(object).Assembly || field.Name != "_version")
                {
                    AddField(value, field, type);
                }
            }
        }
        else
        {
            Add(Reference(type, value, isBag, isSparse));
        }
    }

    private Expression Reference(Type type, Expression value, bool isBag, bool isSparse)
    {
        if (typeof(Resource).IsAssignableFrom(type))
        {
            return Call(nameof(StateHashCalls.OfResource), value);
        }

        if (typeof(TaskActor).IsAssignableFrom(type))
        {
            return Call(nameof(StateHashCalls.OfTask), value);
        }

        if (typeof(RoutineAwaiter).IsAssignableFrom(type))
        {
            return Call(nameof(StateHashCalls.Awaiter), value);
        }

        if (type == typeof(string))
        {
            return Call(nameof(StateHashCalls.Text), value);
        }

        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return Call(nameof(StateHashCalls.Function), value);
        }

        if (isBag || isSparse)
        {
            // The rule belongs to the field, not to the type: no entry for all the world.
            Func<object, StateImage, ulong> function = Container(type, isBag, isSparse)
                ?? throw new InvariantViolation($"{type} has no order to leave out");
            return Expression.Invoke(Expression.Constant(function), value, _image);
        }

        if (!type.IsSealed && Container(type) is null)
        {
            return Call(nameof(StateHashCalls.Dynamic), value, _image);
        }

        return Call(nameof(StateHashCalls.Reference), value, _image, Expression.Constant(StateHash.For(type)));
    }

    private static Type? Container(Type type) =>
        type.IsSZArray ? type
        : type.IsGenericType
        && type.Assembly.GetName().Name!.StartsWith("System.", StringComparison.Ordinal)
        && !type.IsInterface
            ? type
        : null;

    private void Add(Expression value)
    {
        _body.Add(
            Expression.Assign(
                _hash,
                Expression.Multiply(Expression.ExclusiveOr(_hash, value), Expression.Constant(StateMix.Multiplier))));
        _body.Add(
            Expression.Assign(
                _hash,
                Expression.ExclusiveOr(_hash, Expression.RightShift(_hash, Expression.Constant(32)))));
    }

    private static Expression Number(Type type, Expression value)
    {
        if (type.IsEnum)
        {
            Type underlying = type.GetEnumUnderlyingType();
            return Number(underlying, Expression.Convert(value, underlying));
        }

        return type == typeof(bool) ? Expression.Condition(value, Expression.Constant(1UL), Expression.Constant(0UL))
            : type == typeof(double)
                ? Expression.Call(typeof(BitConverter).GetMethod(nameof(BitConverter.DoubleToUInt64Bits))!, value)
            : type == typeof(float)
                ? Expression.Convert(
                    Expression.Call(typeof(BitConverter).GetMethod(nameof(BitConverter.SingleToUInt32Bits))!, value),
                    typeof(ulong))
            : Expression.Convert(value, typeof(ulong));
    }

    private static MethodCallExpression Call(string method, params Expression[] arguments)
    {
        MethodInfo info = typeof(StateHashCalls).GetMethod(method)!;
        ParameterInfo[] parameters = info.GetParameters();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (parameters[i].ParameterType != arguments[i].Type && !arguments[i].Type.IsValueType)
            {
                arguments[i] = Expression.Convert(arguments[i], parameters[i].ParameterType);
            }
        }

        return Expression.Call(info, arguments);
    }
}
