using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// The messages of a run, summed by their kind and by the kinds of the actors at both ends. Most first.
/// </summary>
internal static class MessageSums
{
    /// <summary>Messages by kind.</summary>
    public static IReadOnlyList<(string Kind, long Count)> ByKind(RunReport report) =>
        [.. report.Messages.GroupBy(one => one.Kind)
            .Select(group => (Kind: group.Key, Count: group.Sum(one => one.Count)))
            .OrderByDescending(sum => sum.Count)
            .ThenBy(sum => sum.Kind, StringComparer.Ordinal)];

    /// <summary>Messages by pair of actor kinds.</summary>
    public static IReadOnlyList<(string Asker, string Resource, long Count)> ByPair(RunReport report) =>
        [.. report.Messages.GroupBy(one => (one.Asker, one.Resource))
            .Select(group => (group.Key.Asker, group.Key.Resource, Count: group.Sum(one => one.Count)))
            .OrderByDescending(sum => sum.Count)
            .ThenBy(sum => sum.Asker, StringComparer.Ordinal)
            .ThenBy(sum => sum.Resource, StringComparer.Ordinal)];

    /// <summary>Share of all messages.</summary>
    public static string Share(RunReport report, long count) =>
        Units.Percent((double)count / Math.Max(1, report.Messages.Sum(one => one.Count)));
}
