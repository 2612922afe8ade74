using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Accesses of one cgroup by how many distinct pages lie between two touches of a page.</summary>
internal static class ReuseChart
{
    private const double Width = 380;

    private const double Height = 150;

    private const double Left = 46;

    private const double Right = 8;

    private const double Top = 8;

    private const double Bottom = 22;

    private const double PlotWidth = Width - Left - Right;

    private const double PlotHeight = Height - Top - Bottom;

    public static void Write(HtmlWriter html, CgroupSizing cgroup)
    {
        ReuseBucket[] buckets = [.. cgroup.Reuse.Where(one => one.BelowPages > 0)];
        long all = Math.Max(1, cgroup.Reuse.Sum(one => one.Accesses));
        double most = Math.Max(0.01, buckets.Max(one => (double)one.Accesses / all));
        html.Open("figure", ("class", "chart"));
        html.Open("figcaption");
        html.Element("strong", cgroup.Path);
        html.Element("span", Units.Count(all) + " accesses", ("class", "sub"));
        html.Close("figcaption");
        html.Open("svg", ("role", "img"), ("viewBox", $"0 0 {N(Width)} {N(Height)}"));
        html.Element("title", $"Reuse distances of {cgroup.Path}");
        html.Element("desc", Description(buckets, all));
        html.Open("g", ("class", "axis"));
        for (int i = 0; i <= 2; i++)
        {
            double y = Top + (PlotHeight * (1 - (i / 2.0)));
            html.Empty("line", ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)), ("y2", N(y)),
                ("class", i == 0 ? "base" : null));
            html.Element("text", Units.Percent(most * i / 2), ("x", N(Left - 5)), ("y", N(y + 4)),
                ("text-anchor", "end"));
        }

        double width = PlotWidth / buckets.Length;
        for (int i = 0; i < buckets.Length; i++)
        {
            double share = (double)buckets[i].Accesses / all;
            double height = PlotHeight * share / most;
            double x = Left + (width * i);
            html.Open("rect", ("class", "bar"), ("x", N(x + 1)), ("y", N(Top + PlotHeight - height)),
                ("width", N(Math.Max(1, width - 2))), ("height", N(height)));
            html.Element("title", $"below {Units.Bytes(buckets[i].BelowPages * Units.PageBytes)}: "
                + $"{Units.Percent(share)}");
            html.Close("rect");
            if (i % 4 == 0)
            {
                html.Element("text", Units.BytesShort(buckets[i].BelowPages * Units.PageBytes), ("x", N(x
                    + (width / 2))),
                    ("y", N(Height - 6)), ("text-anchor", "middle"));
            }
        }

        html.Close("g");
        html.Close("svg");
        html.Close("figure");
    }

    private static string Description(ReuseBucket[] buckets, long all)
    {
        long sum = 0;
        foreach (ReuseBucket bucket in buckets)
        {
            sum += bucket.Accesses;
            if (sum * 2 >= all)
            {
                return $"Half of the accesses are to pages touched within the last "
                    + $"{Units.Bytes(bucket.BelowPages * Units.PageBytes)} of distinct pages.";
            }
        }

        return "Most accesses are to pages that are touched for the first time.";
    }

    private static string N(double value) => HtmlWriter.Coordinate(value);
}
