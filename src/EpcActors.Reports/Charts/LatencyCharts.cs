using System.Text;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The distribution of a latency as a curve over its quantiles and as a histogram.</summary>
internal static class LatencyCharts
{
    private const double Width = 560;

    private const double Height = 230;

    private const double Left = 60;

    private const double Right = 10;

    private const double Top = 10;

    private const double Bottom = 22;

    private const double PlotWidth = Width - Left - Right;

    private const double PlotHeight = Height - Top - Bottom;

    /// <summary>Each step is a bucket: the value is its upper bound, so the curve never flatters.</summary>
    public static void WriteQuantiles(HtmlWriter html, LatencyReport latency, double lowestNs, double highestNs)
    {
        Scale x = Scale.Quantile(latency.Count);
        Scale y = Scale.LogDuration(lowestNs, highestNs);
        Begin(html, "Fault latency by percentile", Summary(latency),
            $"Percentile curve of {Units.Count(latency.Count)} page faults: {Summary(latency)}.");
        WriteYAxis(html, y);
        foreach (Tick tick in x.Ticks)
        {
            WriteXTick(html, Left + PlotWidth * x.Map(tick.Value), tick.Label);
        }

        StringBuilder path = new();
        long below = 0;
        foreach (LatencyBucket bucket in latency.Buckets)
        {
            double from = Left + PlotWidth * x.Map((double)below / latency.Count);
            below += bucket.Count;
            double to = Left + PlotWidth * x.Map(Math.Min(1, (double)below / latency.Count));
            double py = Top + PlotHeight * (1 - y.Map(Math.Min(bucket.UpToNs, latency.MaxNs)));
            path.Append(path.Length == 0 ? 'M' : 'L')
                .Append(N(from)).Append(' ').Append(N(py)).Append('H').Append(N(to));
        }

        html.Empty("path", ("class", "line s0"), ("d", path.ToString()));
        foreach ((double quantile, string name, long ns) in Marked(latency))
        {
            html.Open("circle", ("class", "dot"), ("r", "3.5"), ("cx", N(Left + PlotWidth * x.Map(quantile))),
                ("cy", N(Top + PlotHeight * (1 - y.Map(ns)))));
            html.Element("title", $"{name}: {Units.Duration(ns)}");
            html.Close("circle");
        }

        End(html);
    }

    /// <summary>Counts between round bounds (1, 2, 5, 10, …), however fine the buckets of the report are.</summary>
    public static void WriteHistogram(HtmlWriter html, LatencyReport latency)
    {
        SortedDictionary<int, long> bins = [];
        foreach (LatencyBucket bucket in latency.Buckets)
        {
            int bin = 0;
            while (RoundNs(bin) < bucket.UpToNs)
            {
                bin++;
            }

            bins[bin] = bins.GetValueOrDefault(bin) + bucket.Count;
        }

        int first = bins.Keys.First() - 1;
        int last = bins.Keys.Last();
        Scale y = Scale.Counts(bins.Values.Max(), Units.SiPrefixed);
        double binWidth = PlotWidth / (last - first);
        Begin(html, "Fault latency histogram", Wording.Counted(latency.Count, "fault"),
            $"Histogram of {Units.Count(latency.Count)} page faults: {Summary(latency)}.");
        WriteYAxis(html, y);
        foreach ((int bin, long count) in bins)
        {
            double x = Left + binWidth * (bin - 1 - first);
            double height = Math.Max(PlotHeight * y.Map(count), 1);
            string range = bin == 0 ? "up to 1 ns" : $"{Bound(bin - 1)} to {Bound(bin)}";
            html.Open("rect", ("class", "bar"), ("x", N(x + 1)), ("y", N(Top + PlotHeight - height)),
                ("width", N(Math.Max(binWidth - 2, 1))), ("height", N(height)));
            html.Element("title", $"{range}: {Wording.Counted(count, "fault")}, "
                + Units.Percent((double)count / Math.Max(latency.Count, 1)));
            html.Close("rect");
        }

        int every = (last - first) / 10 + 1;
        for (int bin = first; bin <= last; bin += every)
        {
            WriteXTick(html, Left + binWidth * (bin - first), bin < 0 ? "0" : Bound(bin));
        }

        End(html);
    }

    private static string Bound(int bin) => Scale.TimeLabel(RoundNs(bin), RoundNs(bin));

    private static double RoundNs(int bin) => Math.Pow(10, bin / 3) * ((bin % 3) switch { 0 => 1, 1 => 2, _ => 5 });

    private static IEnumerable<(double Quantile, string Name, long Ns)> Marked(LatencyReport l) =>
        [(0.5, "p50", l.P50Ns), (0.9, "p90", l.P90Ns), (0.99, "p99", l.P99Ns), (0.999, "p99.9", l.P999Ns)];

    private static string Summary(LatencyReport l) =>
        string.Join(" · ", Marked(l).Select(m => $"{m.Name} {Units.Duration(m.Ns)}"))
            + $" · max {Units.Duration(l.MaxNs)}";

    private static void Begin(HtmlWriter html, string title, string subtitle, string description)
    {
        html.Open("figure", ("class", "chart"));
        html.Open("figcaption");
        html.Element("strong", title);
        html.Element("span", subtitle, ("class", "sub"));
        html.Close("figcaption");
        html.Open("svg", ("role", "img"), ("viewBox", $"0 0 {N(Width)} {N(Height)}"));
        html.Element("title", title);
        html.Element("desc", description);
        html.Open("g", ("class", "axis"));
    }

    private static void WriteYAxis(HtmlWriter html, Scale y)
    {
        foreach (Tick tick in y.Ticks)
        {
            double py = Top + PlotHeight * (1 - y.Map(tick.Value));
            html.Empty("line", ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(py)), ("y2", N(py)));
            html.Element("text", tick.Label, ("x", N(Left - 6)), ("y", N(py + 4)), ("text-anchor", "end"));
        }
    }

    private static void WriteXTick(HtmlWriter html, double x, string label)
    {
        string anchor = x > Width - Right - 20 ? "end" : "middle";
        html.Empty("line", ("x1", N(x)), ("x2", N(x)), ("y1", N(Top + PlotHeight)), ("y2", N(Top + PlotHeight + 4)));
        html.Element("text", label, ("x", N(anchor == "end" ? Width - 2 : x)), ("y", N(Height - 5)),
            ("text-anchor", anchor));
    }

    private static void End(HtmlWriter html)
    {
        html.Close("g");
        html.Close("svg");
        html.Close("figure");
    }

    private static string N(double value) => HtmlWriter.Coordinate(value);
}
