using System.Runtime.InteropServices;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Hash of one value.</summary>
internal delegate ulong ValueHash<T>(T value, StateImage image);

/// <summary>Hash of the objects of one type; one for each type and thread.</summary>
internal sealed class StateHash
{
    /// <summary>Size of a table by <see cref="Slot"/>.</summary>
    public const int Slots = 256;

    // One for each thread, as the pools of routines are: engines on different threads share nothing.
    [ThreadStatic]
    private static Dictionary<Type, StateHash>? _known;

    private Func<object, StateImage, ulong> _function = null!;

    private StateHash(Type type) => Slot = (int)(StateMix.Text(type.ToString()) % Slots);

    /// <summary>
    /// A number of the type, the same in every thread, for tables that may take two types for one; it reaches no hash.
    /// </summary>
    public int Slot { get; }

    public ulong Of(object value, StateImage image) => _function(value, image);

    /// <summary>The hash of a type's objects.</summary>
    /// <exception cref="InvariantViolation">when it has a field of an unknown kind.</exception>
    public static StateHash For(Type type)
    {
        Dictionary<Type, StateHash> known = _known ??= [];
        if (known.TryGetValue(type, out StateHash? hash))
        {
            return hash;
        }

        // First the entry, then the function: types refer to themselves.
        hash = new StateHash(type);
        known.Add(type, hash);
        try
        {
            hash._function = StateHashCompiler.Function(type);
        }
        catch
        {
            // What was made meanwhile may refer to this one, which will never work.
            known.Clear();
            throw;
        }

        return hash;
    }
}

/// <summary>Calls of compiled hashes.</summary>
internal static class StateHashCalls
{
    private const ulong Shared = 0x2545F4914F6CDD1D;
    private const int MaxDepth = 200;

    /// <summary>An object that a field of its own type refers to.</summary>
    public static ulong Reference(object? value, StateImage image, StateHash hash)
    {
        if (value is null)
        {
            return StateMix.Null;
        }

        if (image.MayBeShared(hash.Slot) && image.TryGetShared(value, out int number))
        {
            // Its contents belong to the shared partition.
            return Shared + (ulong)number;
        }

        Invariant.That(++image.Depth < MaxDepth, "a state refers to itself, or is nested too deeply");
        ulong result = hash.Of(value, image);
        image.Depth--;
        return result;
    }

    /// <summary>An object that is known by an interface or a base class only.</summary>
    public static ulong Dynamic(object? value, StateImage image)
    {
        switch (value)
        {
            case null:
                return StateMix.Null;
            case Resource resource:
                return Actor(resource.Id);
            case TaskActor task:
                return Actor(task.Id);
            case RoutineAwaiter awaiter:
                return Awaiter(awaiter);
            case string text:
                return StateMix.Text(text);
            case Type type:
                return StateMix.Text(type.ToString());
            case Delegate function:
                return Function(function);
            default:
                return Reference(value, image, StateHash.For(value.GetType()));
        }
    }

    public static ulong Actor(ActorId id) => 0x6C62272E07BB0142 + (ulong)(uint)id.Index;

    public static ulong OfResource(Resource? resource) => resource is null ? StateMix.Null : Actor(resource.Id);

    public static ulong OfTask(TaskActor? task) => task is null ? StateMix.Null : Actor(task.Id);

    /// <summary>A request by who asks; any other awaiter by its being there.</summary>
    public static ulong Awaiter(RoutineAwaiter? awaiter) =>
        awaiter is null ? StateMix.Null : awaiter is Envelope envelope ? Actor(envelope.Caller.Id) + envelope.Code : 1;

    public static ulong Text(string? text) => text is null ? StateMix.Null : StateMix.Text(text);

    public static ulong TypeName(Type? type) => type is null ? StateMix.Null : StateMix.Text(type.ToString());

    public static ulong Function(Delegate? function) =>
        function is null
            ? StateMix.Null
            : StateMix.Text(function.Method.Name) + StateMix.Text(function.Method.DeclaringType?.ToString() ?? "");

    /// <summary>The waiters, in their order.</summary>
    public static ulong Queue(WaitQueue queue)
    {
        ulong hash = 1;
        for (Envelope? at = queue.First; at is not null; at = at.NextInQueue)
        {
            hash = StateMix.Add(hash, (ulong)(uint)at.Caller.Id.Index);
        }

        return hash;
    }

    /// <summary>Holder and waiters. The last holder does not matter.</summary>
    public static ulong Lock(Mutex mutex) => StateMix.Add(Queue(mutex.Waiters), (ulong)(long)mutex.Owner.Index);

    public static ulong ArrayOfValues<T>(object? context, object array, StateImage image)
    {
        T[] values = (T[])array;
        return StateMix.Add(StateMix.Values<T>(values), (ulong)values.Length);
    }

    public static ulong ArrayOf<T>(ValueHash<T> element, object array, StateImage image) =>
        Sequence(element, (T[])array, image);

    /// <summary>A table of tables: one that is all zero is as good as none.</summary>
    public static ulong SparseTable<T>(object? context, object array, StateImage image)
    {
        ulong hash = 0;
        T[]?[] tables = (T[]?[])array;
        for (int i = 0; i < tables.Length; i++)
        {
            if (tables[i] is { } table)
            {
                ulong sum = StateMix.Values<T>(table);
                hash += sum == 0 ? 0 : StateMix.Finish(sum + (ulong)i);
            }
        }

        return hash;
    }

    public static ulong ListOfValues<T>(object? context, object list, StateImage image)
    {
        Span<T> values = CollectionsMarshal.AsSpan((List<T>)list);
        return StateMix.Add(StateMix.Values<T>(values), (ulong)values.Length);
    }

    public static ulong ListOf<T>(ValueHash<T> element, object list, StateImage image) =>
        Sequence(element, CollectionsMarshal.AsSpan((List<T>)list), image);

    /// <summary>A list whose order says nothing.</summary>
    public static ulong BagOf<T>(ValueHash<T> element, object list, StateImage image)
    {
        ulong sum = 0;
        foreach (T value in CollectionsMarshal.AsSpan((List<T>)list))
        {
            sum += StateMix.Finish(element(value, image));
        }

        return sum;
    }

    public static ulong QueueOf<T>(ValueHash<T> element, object queue, StateImage image)
    {
        ulong hash = 2;
        foreach (T value in (Queue<T>)queue)
        {
            hash = StateMix.Add(hash, element(value, image));
        }

        return hash;
    }

    public static ulong StackOf<T>(ValueHash<T> element, object stack, StateImage image)
    {
        ulong hash = 3;
        foreach (T value in (Stack<T>)stack)
        {
            hash = StateMix.Add(hash, element(value, image));
        }

        return hash;
    }

    public static ulong SetOf<T>(ValueHash<T> element, object set, StateImage image)
    {
        ulong sum = 0;
        foreach (T value in (HashSet<T>)set)
        {
            sum += StateMix.Finish(element(value, image));
        }

        return sum;
    }

    public static ulong DictionaryOf<TKey, TValue>(
        Tuple<ValueHash<TKey>, ValueHash<TValue>> parts, object dictionary, StateImage image)
        where TKey : notnull
    {
        ulong sum = 0;
        foreach ((TKey key, TValue value) in (Dictionary<TKey, TValue>)dictionary)
        {
            sum += StateMix.Finish(StateMix.Add(parts.Item1(key, image), parts.Item2(value, image)));
        }

        return sum;
    }

    private static ulong Sequence<T>(ValueHash<T> element, ReadOnlySpan<T> values, StateImage image)
    {
        ulong hash = (ulong)values.Length;
        foreach (T value in values)
        {
            hash = StateMix.Add(hash, element(value, image));
        }

        return hash;
    }
}
