using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Runs.Sizing;

/// <summary>
/// Whether more EPC was never slower: for each seed, the slowdowns of ascending limits must not rise by more than the
/// seeds differ at one limit.
/// </summary>
internal static class Monotony
{
    /// <summary>The least difference that is worth a word, relative.</summary>
    private const double LeastRise = 0.002;

    /// <summary>The largest rise in words; empty when there is none.</summary>
    public static string Judge(IReadOnlyList<SizePoint> points)
    {
        double spread = Math.Max(LeastRise, Spread(points));
        (SizePoint Low, SizePoint High, double Rise)? worst = null;
        foreach (IGrouping<ulong, SizePoint> seed in points.GroupBy(one => one.Seed))
        {
            SizePoint? best = null;
            foreach (SizePoint point in seed.OrderBy(one => one.LimitPages))
            {
                if (best is not null && Cost(point) / Cost(best) - 1 is var rise && rise > spread
                    && rise > (worst?.Rise ?? 0))
                {
                    worst = (best, point, rise);
                }

                best = best is null || Cost(point) < Cost(best) ? point : best;
            }
        }

        return worst is not { } found ? ""
            : $"{Sizes.OfPages(found.High.LimitPages)} is slower ({Text(found.High)}) than "
                + $"{Sizes.OfPages(found.Low.LimitPages)} ({Text(found.Low)}): the limit is the least above which "
                + "every "
                + "simulated one keeps the share";
    }

    /// <summary>Largest relative difference of the seeds at one limit.</summary>
    private static double Spread(IReadOnlyList<SizePoint> points)
    {
        double spread = 0;
        foreach (SizePoint[] same in points.Where(one => one.Slowdown is not null).GroupBy(one => one.LimitPages)
            .Select(group => group.ToArray()).Where(group => group.Length > 1))
        {
            spread = Math.Max(spread, (same.Max(Cost) / same.Min(Cost)) - 1);
        }

        return spread;
    }

    private static double Cost(SizePoint point) => point.Slowdown ?? 1e12;

    private static string Text(SizePoint point) => point.Slowdown is { } slowdown
        ? slowdown.ToString("0.000", System.Globalization.CultureInfo.InvariantCulture) + "x"
        : point.Death;
}
