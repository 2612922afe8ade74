using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// Point at which a figure leaves its plateau when one key is varied over three values or more: the last value, counted
/// from the good end, at which runs cost no more than <see cref="Plateau"/> times the best.
/// </summary>
internal static partial class Knee
{
    /// <summary>Within this factor of the best, values are as good as one another.</summary>
    public const double Plateau = 1.05;

    private const int LeastValues = 3;

    private static readonly (string Unit, double Factor)[] Units =
    [
        ("", 1), ("%", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1L << 40),
        ("pages", 4096), ("page", 4096), ("passes", 1), ("pass", 1),
        ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ];

    /// <summary>A sentence for each key that was varied over numbers; empty where there is nothing to say.</summary>
    public static IReadOnlyList<string> Sentences(IReadOnlyList<RunReport> runs, IReadOnlyList<string> labels)
    {
        List<string> sentences = [];
        List<Point> points = [];
        for (int i = 0; i < runs.Count; i++)
        {
            Match match = Varied().Match(labels[i]);
            if (match.Success && Number(match.Groups["value"].Value) is { } number)
            {
                points.Add(new Point(
                    match.Groups["others"].Value.Trim(),
                    match.Groups["key"].Value,
                    match.Groups["value"].Value.Trim(),
                    number,
                    runs[i]));
            }
        }

        foreach (IGrouping<(string Others, string Key),
            Point> group in points.GroupBy(point => (point.Others, point.Key)))
        {
            (string Value, double Cost)[] costs =
                [.. group.OrderBy(point => point.Number).Select(point => (point.Value, Cost(point.Run)))];
            if (costs.Length < LeastValues || costs.Any(one => double.IsNaN(one.Cost)))
            {
                continue;
            }

            string name = group.First().Run.Cgroups is [{ Slowdown: not null }, ..] ? "slowdown" : "faults per access";
            string where = group.Key.Others.Length == 0 ? "" : $"{group.Key.Others}: ";
            sentences.Add($"knee: {where}{Sentence(group.Key.Key, costs, name)}");
        }

        return sentences;
    }

    private static string Sentence(string key, (string Value, double Cost)[] costs, string name)
    {
        // The good end comes first.
        if (costs[^1].Cost < costs[0].Cost)
        {
            Array.Reverse(costs);
        }

        double best = costs.Min(one => one.Cost);
        int last = 0;
        while (last + 1 < costs.Length && costs[last + 1].Cost <= best * Plateau)
        {
            last++;
        }

        if (costs[0].Cost > best * Plateau)
        {
            return $"{key} has no plateau at either end: the {name} is lowest at {costs.MinBy(one => one.Cost).Value}";
        }

        return last == costs.Length - 1
            ? $"none; the {name} stays within 5 % of the best over all values of {key}"
            : $"{key} = {costs[last].Value} is the last value with a {name} within 5 % of the best "
                + $"({Text(costs[last].Cost)}); "
                + $"with {costs[last + 1].Value} it is {Text(costs[last + 1].Cost)}";
    }

    /// <summary>Cost of a run: its slowdown, or its faults per access where that was not measured.</summary>
    private static double Cost(RunReport run) => run.Cgroups.Count == 0 || run.Verdict == Verdict.Violation ? double.NaN
        : run.Cgroups[0].Slowdown ?? (run.Cgroups[0].Accesses == 0 ? double.NaN
            : (double)run.Cgroups[0].Faults / run.Cgroups[0].Accesses);

    private static string Text(double cost) => cost.ToString("0.00", CultureInfo.InvariantCulture);

    private static double? Number(string text)
    {
        Match match = Quantity().Match(text.Trim());
        if (!match.Success)
        {
            return null;
        }

        foreach ((string unit, double factor) in Units)
        {
            if (unit == match.Groups["unit"].Value)
            {
                return double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * factor;
            }
        }

        return null;
    }

    /// <summary>One run of those that differ in the key.</summary>
    private sealed record Point(string Others, string Key, string Value, double Number, RunReport Run);

    [GeneratedRegex(@"^(?<others>.*?)(?<key>[^\s=]+)=(?<value>[^=]+)$")]
    private static partial Regex Varied();

    [GeneratedRegex(@"^(?<number>[0-9]+(\.[0-9]+)?)\s*(?<unit>[A-Za-z%]*)$")]
    private static partial Regex Quantity();
}
