using System.Globalization;

namespace EpcActors.Exploration;

/// <summary>The strategies by the names that commands and files use.</summary>
public static class StrategyNames
{
    /// <summary>
    /// The default portfolio: no single one is best at races of every shape.
    /// </summary>
    public static IReadOnlyList<string> Portfolio { get; } = ["random", "sticky", "pct3", "pos", "delay2", "fair-pct3"];

    /// <summary>All names, with N for a number of one's own.</summary>
    public static IReadOnlyList<string> All { get; } =
    ["random", "sticky", "pctN", "fair-pctN", "pos", "delayN", "round-robin"];

    /// <summary>The strategy of that name; null when there is none.</summary>
    public static IStrategy? Create(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            "random" => new RandomWalk(),
            "sticky" => new StickyWalk(),
            "pos" => new PartialOrderSampling(),
            "round-robin" => new RoundRobin(),
            "pct" => new Pct(3),
            "fair-pct" => new FairPct(3),
            "delay" => new DelayBounding(2),
            _ when Number(name, "pct") is { } depth => new Pct(depth),
            _ when Number(name, "fair-pct") is { } depth => new FairPct(depth),
            _ when Number(name, "delay") is { } delays => new DelayBounding(delays),
            _ => null,
        };
    }

    private static int? Number(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
        && number is >= 1 and <= 1000
            ? number
            : null;
}
