using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The speed over the limit in a few characters: from the least that runs to everything resident.</summary>
internal static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    private const string Letters = "_.-:=+*#";

    /// <summary>A character for each of some limits at equal distances; a blank where it dies.</summary>
    /// <param name="points">Points of one seed, ascending.</param>
    /// <param name="width">Characters.</param>
    /// <param name="isUnicode">The terminal knows block elements.</param>
    public static string Speed(IReadOnlyList<SizePoint> points, int width, bool isUnicode)
    {
        if (points.Count == 0)
        {
            return "";
        }

        string levels = isUnicode ? Blocks : Letters;
        return string.Create(width, (points, levels), static (span, state) =>
        {
            (IReadOnlyList<SizePoint> points, string levels) = state;
            for (int i = 0; i < span.Length; i++)
            {
                double limit = points[0].LimitPages
                    + ((points[^1].LimitPages - points[0].LimitPages) * (double)i / Math.Max(1, span.Length - 1));
                double speed = SizingCurves.SpeedAt(points, limit);
                span[i] = speed <= 0 ? ' ' : levels[Math.Clamp((int)(speed * levels.Length), 0, levels.Length - 1)];
            }
        });
    }
}
