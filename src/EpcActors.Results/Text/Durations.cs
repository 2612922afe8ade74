using System.Collections.Immutable;
using System.Globalization;

namespace EpcActors.Results.Text;

/// <summary>Durations as people write them: <c>60 s</c>, <c>1.5 ms</c>.</summary>
public static class Durations
{
    private static readonly ImmutableArray<(long Ns, string Name)> Units =
        [(3_600_000_000_000, "h"), (60_000_000_000, "min"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];

    /// <summary>Exact, in the largest unit that it fills; minutes and hours only when they are whole.</summary>
    public static string Text(long ns)
    {
        if (ns < 0)
        {
            return "-" + Text(ns == long.MinValue ? long.MaxValue : -ns);
        }

        foreach ((long unit, string name) in Units)
        {
            bool isCoarse = unit > 1_000_000_000;
            if (ns >= unit && (isCoarse ? ns % unit == 0 && ns / unit > 1 : true))
            {
                decimal value = (decimal)ns / unit;
                return value.ToString("0.#########", CultureInfo.InvariantCulture) + " " + name;
            }
        }

        return ns.ToString(CultureInfo.InvariantCulture) + " ns";
    }
}
