using EpcActors.Engine;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>Counts of messages, from the engine's numbers to the words of a report, and sums of them.</summary>
public static class MessageTotals
{
    /// <summary>As a report has them, most first.</summary>
    public static IReadOnlyList<MessageReport> Of(IReadOnlyList<MessageCount> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        return Sorted(counts.Select(static one => new MessageReport(
            MessageKinds.Name(one.Kind),
            ActorKinds.Name(one.Asker),
            ActorKinds.Name(one.Resource),
            MessageNames.Of(one.Code),
            one.Count)));
    }

    /// <summary>Sums over several processes, most first.</summary>
    public static IReadOnlyList<MessageReport> Sum(IEnumerable<MessageReport> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return Sorted(parts.GroupBy(static one => one with { Count = 0 })
            .Select(static group => group.Key with { Count = group.Sum(static one => one.Count) }));
    }

    /// <summary>As a live status has them: by kind of the message and of both ends.</summary>
    internal static IReadOnlyList<LiveMessages> Live(IReadOnlyList<MessageCount> counts) =>
        [.. counts.GroupBy(static one => (one.Kind, one.Asker, one.Resource))
            .Select(static group => new LiveMessages(
                MessageKinds.Name(group.Key.Kind),
                ActorKinds.Name(group.Key.Asker),
                ActorKinds.Name(group.Key.Resource),
                group.Sum(static one => one.Count)))];

    private static IReadOnlyList<MessageReport> Sorted(IEnumerable<MessageReport> messages) =>
        [.. messages.OrderByDescending(static one => one.Count)
            .ThenBy(static one => one.Kind, StringComparer.Ordinal)
            .ThenBy(static one => one.Message, StringComparer.Ordinal)
            .ThenBy(static one => one.Asker, StringComparer.Ordinal)
            .ThenBy(static one => one.Resource, StringComparer.Ordinal)];
}
