using System.Reflection;
using EpcActors.Engine;

namespace EpcActors.TestKit;

/// <summary>
/// The variables around a lambda. They belong to no state: a search neither brings them back nor tells states apart by
/// them, so code of a race may read them, but not change them.
/// </summary>
internal sealed class CapturedValues
{
    private readonly string _what;
    private readonly List<(object Owner, FieldInfo Field, object? Value)> _values = [];

    /// <param name="code">The lambda.</param>
    /// <param name="what">Whose it is, for errors.</param>
    /// <exception cref="RaceDefinitionException">It captures something that could change unseen.</exception>
    public CapturedValues(Delegate code, string what)
    {
        _what = what;
        if (code.Target is { } target)
        {
            Add(target);
        }
    }

    /// <exception cref="RaceDefinitionException">One of them has changed.</exception>
    public void ThrowIfChanged()
    {
        foreach ((object owner, FieldInfo field, object? value) in _values)
        {
            if (!Equals(field.GetValue(owner), value))
            {
                throw new RaceDefinitionException(
                    $"{_what} changes the variable '{NameOf(field)}', which outlives a schedule: what one schedule "
                    + "leaves in it the next one would find. "
                    + "Declare it inside, or make a resource of your own");
            }
        }
    }

    private void Add(object owner)
    {
        foreach (
            FieldInfo field in owner
                .GetType()
                .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
        {
            // Variables of an outer scope.
            if (
                field.FieldType.Name.Contains("DisplayClass", StringComparison.Ordinal)
                && field.GetValue(owner) is { } outer)
            {
                Add(outer);
                continue;
            }

            // Skip the compiler's own fields and those that cannot change.
            if (
                typeof(Delegate).IsAssignableFrom(field.FieldType)
                    && field.Name.StartsWith("<>9", StringComparison.Ordinal)
                || field.FieldType.IsDefined(typeof(ConstantAttribute), inherit: false))
            {
                continue;
            }

            if (!IsValue(field.FieldType))
            {
                throw new RaceDefinitionException(
                    $"{_what} uses '{NameOf(field)}' of the code around it, a {field.FieldType.Name}: a search runs it "
                        + "a thousand times, and on several threads. "
                        + "Numbers, texts and enums may be used; for anything else make a resource of your own, or do "
                        + "it inside. "
                        + "Where another lambda of the same method uses it, write the code as a static method");
            }

            _values.Add((owner, field, field.GetValue(owner)));
        }
    }

    private static bool IsValue(Type type) =>
        type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal)
        || (Nullable.GetUnderlyingType(type) is { } inner && IsValue(inner));

    private static string NameOf(FieldInfo field) =>
        field.Name.StartsWith("<>", StringComparison.Ordinal) ? "this" : field.Name;
}
