using System.Reflection;
using System.Runtime.CompilerServices;
using EpcActors.Engine;
using EpcActors.Kernel;

namespace EpcActors.Tests.EngineTests;

/// <summary>
/// Every message of the actors, found by reflection, is what the contract says: plain bytes, one number, and a handler.
/// </summary>
public sealed class MessageContractTests
{
    public static TheoryData<Type> Messages => [.. All()];

    [Fact]
    public void There_are_messages() => Assert.True(All().Count() > 80);

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_unmanaged_and_has_no_padding(Type message)
    {
        Assert.False(
            (bool)Generic(nameof(RuntimeHelpers.IsReferenceOrContainsReferences), typeof(RuntimeHelpers), message)!,
            $"{message} holds references");
        int size = (int)Generic(nameof(Unsafe.SizeOf), typeof(Unsafe), message)!;
        int fields = SizeOfFields(message);

        // A struct without fields has one byte.
        Assert.Equal(fields == 0 ? 1 : fields, size);
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void A_message_is_handled_by_an_actor(Type message)
    {
        Type handler = typeof(IHandle<>).MakeGenericType(message);
        Assert.Contains(typeof(Machine).Assembly.GetTypes(), t =>
            t.IsSubclassOf(typeof(Resource)) && handler.IsAssignableFrom(t));
    }

    [Fact]
    public void Codes_are_unique_and_their_high_byte_is_the_protocol()
    {
        Dictionary<ushort, Type> byCode = [];
        Dictionary<int, Type> byHighByte = [];
        foreach (Type message in All())
        {
            ushort code = CodeOf(message);
            Assert.True(byCode.TryAdd(code, message), $"{message} and {byCode[code]} both have code {code:x4}");
            Assert.True(
                byHighByte.TryAdd(code >> 8, message.DeclaringType!) || byHighByte[code >> 8] == message.DeclaringType,
                $"{message} has the high byte of {byHighByte[code >> 8]}");
        }

        Assert.Equal(byHighByte.Count, byHighByte.Values.Distinct().Count());
    }

    [Fact]
    public void Padding_is_seen()
    {
        Assert.Equal(9, SizeOfFields(typeof(Padded)));
        Assert.NotEqual(SizeOfFields(typeof(Padded)), Unsafe.SizeOf<Padded>());
    }

    private static IEnumerable<Type> All() =>
        typeof(Machine)
            .Assembly.GetTypes()
            .Where(t => t.IsValueType && typeof(IMessage).IsAssignableFrom(t))
            .OrderBy(t => t.FullName, StringComparer.Ordinal);

    private static ushort CodeOf(Type message) =>
        (ushort)message.GetProperty("Code", BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!;

    private static object? Generic(string method, Type owner, Type message) =>
        owner.GetMethods().Single(m => m.Name == method && m.IsGenericMethodDefinition && m.GetParameters().Length == 0)
            .MakeGenericMethod(message).Invoke(null, null);

    private static int SizeOfFields(Type type)
    {
        if (type.IsEnum)
        {
            return SizeOfFields(Enum.GetUnderlyingType(type));
        }

        if (type.GetCustomAttribute<InlineArrayAttribute>() is { } array)
        {
            return array.Length
                * SizeOfFields(
                    type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
                        .Single()
                        .FieldType);
        }

        if (type.IsPrimitive)
        {
            return (int)Generic(nameof(Unsafe.SizeOf), typeof(Unsafe), type)!;
        }

        return type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Sum(f => SizeOfFields(f.FieldType));
    }

#pragma warning disable CS0649 // Only the layout matters.
    private struct Padded
    {
        public byte Small;
        public long Large;
    }
#pragma warning restore CS0649
}
