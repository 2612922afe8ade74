using System.Globalization;
using System.Reflection;

namespace EpcActors.Engine;

/// <summary>Fields of messages as text, for people: records of schedules, logs, the tap. Slow.</summary>
public static class MessageFields
{
    /// <summary>Fields of a message that differ from those of another one, in the order of the struct.</summary>
    /// <param name="message">The message.</param>
    /// <param name="before">Message to compare it with: the request, for an answer; null for a message without
    /// values.</param>
    /// <param name="nameOf">Name of an actor; null for its number.</param>
    public static IReadOnlyList<KeyValuePair<string, string>> Of(
        object message, object? before, Func<ActorId, string>? nameOf = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        List<KeyValuePair<string, string>> fields = [];
        foreach (FieldInfo field in message.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public))
        {
            object? value = field.GetValue(message);
            object? compared = before is null
                ? (field.FieldType.IsValueType ? Activator.CreateInstance(field.FieldType) : null)
                : field.GetValue(before);
            if (!Equals(value, compared))
            {
                string text = value is ActorId id && nameOf is not null
                    ? nameOf(id)
                    : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                fields.Add(new(field.Name, text));
            }
        }

        return fields;
    }

    /// <summary>The request in one line: <c>Charge { Bytes: 4096, TakeReference: yes }</c>.</summary>
    public static string Line(object message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return $"{message.GetType().Name}{Braced(Of(message, null), " ")}";
    }

    /// <summary>Fields that an answer changed: <c>{ Result: Over }</c>; empty for nothing.</summary>
    public static string Line(object answer, object request) => Braced(Of(answer, request), "");

    private static string Braced(IReadOnlyList<KeyValuePair<string, string>> fields, string before) =>
        fields.Count == 0
            ? ""
            : $"{before}{{ {string.Join(", ", fields.Select(static field => $"{field.Key}: {field.Value}"))} }}";
}
