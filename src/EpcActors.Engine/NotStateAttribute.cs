namespace EpcActors.Engine;

/// <summary>
/// Marks a field that no decision of an actor depends on: a statistic, a name, a cache. Fingerprints of a state leave
/// it out, so that two states that differ in it alone count as one. A field that behaviour does depend on must not have
/// it: a search would then take two different states for the same.
/// </summary>
[AttributeUsage(AttributeTargets.Field | AttributeTargets.Property)]
public sealed class NotStateAttribute : Attribute;

/// <summary>
/// A local of a routine that is kept for a report only, as a start time or a count of laps; see <see
/// cref="NotStateAttribute"/>.
/// </summary>
public struct ForReport<T>
{
    public T Value;

    public static implicit operator ForReport<T>(T value) => new() { Value = value };

    public static implicit operator T(ForReport<T> report) => report.Value;
}
