using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Reflection;
using EpcActors.Engine;
using EpcActors.Kernel;

namespace EpcActors.Scenarios;

/// <summary>Names of messages by their codes.</summary>
public static class MessageNames
{
    /// <summary>Name of a step without a request.</summary>
    public const string Time = "time-passes";

    private static readonly ConcurrentDictionary<ushort, string> Added = new();

    private static readonly FrozenDictionary<ushort, string> Names = typeof(Machine).Assembly.GetTypes()
        .Where(type => type.IsValueType && typeof(IMessage).IsAssignableFrom(type))
        .ToFrozenDictionary(
            type =>
                (ushort)
                    type.GetProperty(nameof(IMessage.Code), BindingFlags.Static | BindingFlags.Public)!.GetValue(null)!,
            type => type.Name);

    /// <summary>Name of the message type with that code; <see cref="Time"/> for 0.</summary>
    public static string Of(ushort code) =>
        code == 0 ? Time
        : Names.TryGetValue(code, out string? name) || Added.TryGetValue(code, out name) ? name
        : $"message-{code:x4}";

    /// <summary>Names a message that is none of the kernel's.</summary>
    /// <param name="code">Its code.</param>
    /// <param name="name">Name of its type.</param>
    /// <returns>False when another message has that code.</returns>
    public static bool Add(ushort code, string name) =>
        code != 0 && !Names.ContainsKey(code) && Added.GetOrAdd(code, name) == name;
}
