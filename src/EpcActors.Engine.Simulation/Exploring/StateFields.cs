using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>Fields and types that belong to a state, and those that are boundaries of it.</summary>
/// <remarks>
/// Attributes are recognised by name: the domain does not see the engine and has attributes of its own. Types of the
/// framework are let through one by one: what a class of the framework keeps inside is not ours to copy, unless we have
/// looked at it.
/// </remarks>
internal static class StateFields
{
    private const BindingFlags Declared =
        BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    /// <summary>
    /// Containers of the framework whose fields were looked at: arrays and numbers, and views that lead back to the
    /// container.
    /// </summary>
    private static readonly HashSet<Type> Containers =
    [
        typeof(List<>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(Queue<>), typeof(Stack<>),
        typeof(Dictionary<,>.KeyCollection), typeof(Dictionary<,>.ValueCollection),
    ];

    /// <summary>Structs of the framework that hold nothing but what their type arguments say.</summary>
    private static readonly HashSet<Type> Structs =
    [
        typeof(Nullable<>),
        typeof(KeyValuePair<,>),
        typeof(ValueTuple<>),
        typeof(ValueTuple<,>),
        typeof(ValueTuple<,,>),
        typeof(ValueTuple<,,,>),
        typeof(ValueTuple<,,,,>),
        typeof(ValueTuple<,,,,,>),
        typeof(ValueTuple<,,,,,,>),
        typeof(List<>.Enumerator),
    ];

    /// <summary>
    /// Fields of a type and its bases, but for those of the engine's own base classes, which engines keep themselves.
    /// </summary>
    public static List<FieldInfo> Of(Type type)
    {
        List<FieldInfo> fields = [];
        for (Type? at = type; at is not null && !IsEngineBase(at); at = at.BaseType)
        {
            FieldInfo[] declared = at.GetFields(Declared);
            Array.Sort(declared, (a, b) => a.MetadataToken.CompareTo(b.MetadataToken));
            fields.InsertRange(0, declared);
        }

        return fields;
    }

    /// <summary>True when the field, or the property behind it, has an attribute of this name.</summary>
    public static bool Has(FieldInfo field, string attribute)
    {
        if (HasAttribute(field, attribute))
        {
            return true;
        }

        int end = field.Name.IndexOf(">k__BackingField", StringComparison.Ordinal);
        return end > 1
            && field.DeclaringType!.GetProperty(field.Name[1..end], Declared) is { } property
            && HasAttribute(property, attribute);
    }

    public static bool IsNotState(FieldInfo field) => Has(field, nameof(NotStateAttribute));

    /// <summary>The field refers to what does not change after the topology was built.</summary>
    public static bool IsConstant(FieldInfo field) =>
        Has(field, nameof(ConstantAttribute)) || IsConstant(field.FieldType);

    public static bool IsConstant(Type type) => type.IsClass && HasAttribute(type, nameof(ConstantAttribute));

    /// <summary>A reference that is state itself, but is not followed.</summary>
    public static bool IsBoundary(Type type) =>
        type == typeof(string)
        || typeof(Type).IsAssignableFrom(type)
        || typeof(Delegate).IsAssignableFrom(type)
        || typeof(Resource).IsAssignableFrom(type)
        || typeof(TaskActor).IsAssignableFrom(type)
        || typeof(RoutineAwaiter).IsAssignableFrom(type)
        || IsComparer(type);

    public static bool IsComparer(Type type)
    {
        if (
            typeof(IEqualityComparer).IsAssignableFrom(type)
            || typeof(IComparer).IsAssignableFrom(type)
            || IsComparerInterface(type))
        {
            return true;
        }

        return Array.Exists(type.GetInterfaces(), IsComparerInterface);
    }

    /// <summary>True when a value of the type is a reference or has one inside.</summary>
    public static bool HoldsReferences(Type type) =>
        !type.IsValueType
        || (!type.IsPrimitive && !type.IsEnum && Of(type).Exists(field => HoldsReferences(field.FieldType)));

    /// <summary>Says no to a type of which a state cannot be saved.</summary>
    /// <exception cref="InvariantViolation">when it is of a kind that this class does not know.</exception>
    public static void Check(Type type, string where)
    {
        if (
            type.IsPointer
            || type.IsFunctionPointer
            || type.IsByRef
            || type.IsByRefLike
            || type == typeof(nint)
            || type == typeof(nuint))
        {
            throw Unknown(type, where);
        }

        if (
            type.IsPrimitive
            || type.IsEnum
            || IsBoundary(type)
            || IsConstant(type)
            || type.IsInterface
            || type == typeof(object))
        {
            return;
        }

        if (type.IsArray)
        {
            if (!type.IsSZArray)
            {
                throw Unknown(type, where);
            }

            Check(type.GetElementType()!, where);
            return;
        }

        if (
            HasAttribute(type, nameof(InlineArrayAttribute))
            || Of(type).Exists(field => HasAttribute(field, nameof(FixedBufferAttribute))))
        {
            throw Unknown(type, where);
        }

        bool isFrameworks =
            type.Assembly == typeof(object).Assembly
            || type.Namespace?.StartsWith("System", StringComparison.Ordinal) == true;
        if (isFrameworks && !IsKnown(type) && (!type.IsValueType || HoldsReferences(type)))
        {
            throw Unknown(type, where);
        }
    }

    public static InvariantViolation Unknown(Type type, string where) =>
        new($"{where}: a state with a {type} in it can be neither saved nor compared");

    /// <summary>
    /// True for a struct whose bytes are its value, and the same on every machine: numbers and enums without a gap
    /// between them, in the order in which they are written. A runtime may lay out a struct of automatic layout, as a
    /// tuple is, in an order of its own, but for fields of one size.
    /// </summary>
    public static bool IsItsBytes(Type type) =>
        !HoldsReferences(type) && IsDense(type) && NaturalSize(type) == SizeOf(type);

    private static bool IsDense(Type type) =>
        type.IsPrimitive
        || type.IsEnum
        || Of(type)
            .TrueForAll(field => !IsNotState(field) && !IsForReport(field.FieldType) && IsDense(field.FieldType));

    public static bool IsForReport(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ForReport<>);

    /// <summary>Size where every field stands at a multiple of its own; -1 with a gap, or where the order of the fields
    /// is up to the runtime.</summary>
    private static int NaturalSize(Type type)
    {
        if (type.IsEnum || type.IsPrimitive)
        {
            return SizeOf(type);
        }

        List<FieldInfo> fields = Of(type);
        int size = 0;
        int widest = 1;
        foreach (FieldInfo field in fields)
        {
            int own = NaturalSize(field.FieldType);
            int alignment = Alignment(field.FieldType);
            if (own < 0 || size % alignment != 0)
            {
                return -1;
            }

            size += own;
            widest = Math.Max(widest, alignment);
        }

        bool isInOrder = !type.IsAutoLayout
            || fields.TrueForAll(field => field.FieldType is { IsPrimitive: true } or { IsEnum: true }
                && SizeOf(field.FieldType) == widest);
        return isInOrder && size % widest == 0 ? size : -1;
    }

    private static int Alignment(Type type) =>
        type.IsPrimitive || type.IsEnum
            ? SizeOf(type)
            : Of(type).Select(field => Alignment(field.FieldType)).DefaultIfEmpty(1).Max();

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static bool IsKnown(Type type) =>
        type.IsGenericType
        && (Containers.Contains(type.GetGenericTypeDefinition())
            || Structs.Contains(type.GetGenericTypeDefinition())
            || (type.IsValueType && type.Name == "Entry" && Containers.Contains(type.DeclaringType!)));

    private static bool IsComparerInterface(Type type) =>
        type.IsGenericType
        && (
            type.GetGenericTypeDefinition() == typeof(IEqualityComparer<>)
            || type.GetGenericTypeDefinition() == typeof(IComparer<>));

    private static bool IsEngineBase(Type type) =>
        type == typeof(object) || type == typeof(ValueType) || type == typeof(Resource) || type == typeof(TaskActor);

    private static bool HasAttribute(MemberInfo member, string name)
    {
        foreach (CustomAttributeData attribute in member.GetCustomAttributesData())
        {
            if (attribute.AttributeType.Name == name)
            {
                return true;
            }
        }

        return false;
    }
}
