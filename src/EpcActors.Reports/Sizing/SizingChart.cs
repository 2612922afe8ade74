using System.Globalization;
using System.Text;

namespace EpcActors.Reports;

/// <summary>A curve over the limit.</summary>
/// <param name="Name">Name in the legend.</param>
/// <param name="Style">Number of the colour and dash pattern.</param>
/// <param name="Points">Limits in pages, ascending, with their values.</param>
/// <param name="IsFaint">Drawn behind the others: a reference.</param>
internal sealed record LimitSeries(
    string Name, int Style, IReadOnlyList<(double Limit, double Value)> Points, bool IsFaint = false);

/// <summary>A marked point of a curve.</summary>
/// <param name="Limit">Limit, pages.</param>
/// <param name="Value">Value of the curve there.</param>
/// <param name="Style">Style of the curve.</param>
/// <param name="Text">What it is.</param>
/// <param name="IsChosen">The limit that was chosen; false: the knee.</param>
internal sealed record LimitMark(double Limit, double Value, int Style, string Text, bool IsChosen);

/// <summary>
/// A chart over limits that several cgroups share. The curves stand in a picture of their own within the chart, whose
/// window the script moves: so it can be zoomed and still reads without a script.
/// </summary>
internal sealed record SizingChart
{
    private const double Left = 60;

    private const double Right = 14;

    private const double Top = 12;

    private const double Bottom = 24;

    private const double Width = 1100;

    private const double Height = 340;

    /// <summary>Side of the inner picture; it does not depend on the outer one.</summary>
    private const double Inner = 1000;

    private const int Columns = 120;

    public required string Title { get; init; }

    /// <summary>Description of the chart, for readers who cannot see it.</summary>
    public required string Description { get; init; }

    /// <summary>Name of the values in the data of the page.</summary>
    public required string Key { get; init; }

    public required IReadOnlyList<LimitSeries> Series { get; init; }

    public IReadOnlyList<LimitMark> Marks { get; init; } = [];

    /// <summary>The largest limit, pages.</summary>
    public required double MostPages { get; init; }

    /// <summary>The largest value; values are shares.</summary>
    public double MostValue { get; init; } = 1;

    /// <summary>Horizontal lines with a name.</summary>
    public IReadOnlyList<(double Value, string Label)> Thresholds { get; init; } = [];

    private static double PlotWidth => Width - Left - Right;

    private static double PlotHeight => Height - Top - Bottom;

    public void WriteTo(HtmlWriter html)
    {
        html.Open("figure", ("class", "chart wide"));
        html.Open("figcaption");
        html.Element("strong", Title);
        WriteLegend(html);
        html.Close("figcaption");
        html.Open("svg", ("class", "curve"), ("role", "img"), ("viewBox", $"0 0 {N(Width)} {N(Height)}"),
            ("tabindex", "0"), ("data-key", Key), ("data-left", N(Left)), ("data-width", N(PlotWidth)),
            ("data-pages", MostPages.ToString("0", CultureInfo.InvariantCulture)));
        html.Element("title", Title);
        html.Element("desc", Description);
        WriteAxes(html);
        html.Open("svg", ("class", "plot"), ("x", N(Left)), ("y", N(Top)), ("width", N(PlotWidth)),
            ("height", N(PlotHeight)), ("viewBox", $"0 0 {N(Inner)} {N(Inner)}"), ("preserveAspectRatio", "none"),
            ("aria-hidden", "true"));
        foreach (LimitSeries series in Series.OrderBy(one => one.IsFaint ? 0 : 1))
        {
            html.Empty("path", ("class", $"line s{series.Style % 10}{(series.IsFaint ? " faint" : "")}"),
                ("d", Path(series.Points)));
        }

        foreach (LimitMark mark in Marks)
        {
            html.Open("path", ("class", $"spot s{mark.Style % 10}{(mark.IsChosen ? " chosen" : " knee")}"),
                ("d", $"M{N(X(mark.Limit))} {N(Y(mark.Value))}h0"));
            html.Element("title", mark.Text);
            html.Close("path");
        }

        html.Close("svg");
        WriteThresholds(html);
        html.Empty("line", ("class", "cursor"), ("y1", N(Top)), ("y2", N(Top + PlotHeight)));
        html.Empty("rect", ("class", "brush"), ("x", N(Left)), ("y", N(Top)), ("width", "0"), ("height",
            N(PlotHeight)));
        WriteReadouts(html);
        html.Close("svg");
        html.Element("p", "", ("class", "readout"));
        html.Close("figure");
    }

    private void WriteLegend(HtmlWriter html)
    {
        html.Open("span", ("class", "legend"));
        foreach (LimitSeries series in Series.Where(one => !one.IsFaint))
        {
            html.Open("span", ("class", "key"));
            html.Open("svg", ("class", "swatch"), ("viewBox", "0 0 22 10"), ("aria-hidden", "true"));
            html.Empty("path", ("class", $"line s{series.Style % 10}"), ("d", "M1 5H21"));
            html.Close("svg");
            html.Text(series.Name);
            html.Close("span");
        }

        html.Close("span");
    }

    private void WriteAxes(HtmlWriter html)
    {
        html.Open("g", ("class", "axis"));
        for (int i = 0; i <= 4; i++)
        {
            double y = Top + (PlotHeight * (1 - (i / 4.0)));
            html.Empty("line", ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)), ("y2", N(y)),
                ("class", i == 0 ? "base" : null));
            html.Element("text", Percent(MostValue * i / 4), ("x", N(Left - 6)), ("y", N(y + 4)),
                ("text-anchor", "end"));
        }

        html.Close("g");
        html.Open("g", ("class", "axis limits"));
        foreach (Tick tick in Scale.Bytes(MostPages * Units.PageBytes, 8).Ticks)
        {
            double share = tick.Value / Units.PageBytes / MostPages;
            if (share > 1.0001)
            {
                continue;
            }

            double x = Left + (PlotWidth * share);
            html.Empty("line", ("x1", N(x)), ("x2", N(x)), ("y1", N(Top + PlotHeight)),
                ("y2", N(Top + PlotHeight + 4)));
            string anchor = x > Width - Right - 30 ? "end" : "middle";
            html.Element("text", tick.Label, ("x", N(anchor == "end" ? Width - 2 : x)), ("y", N(Height - 6)),
                ("text-anchor", anchor));
        }

        html.Close("g");
    }

    private void WriteThresholds(HtmlWriter html)
    {
        foreach ((double value, string label) in Thresholds)
        {
            double y = Top + (PlotHeight * (1 - Math.Clamp(value / MostValue, 0, 1)));
            html.Empty("line", ("class", "threshold"), ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)),
                ("y2", N(y)));
            html.Element("text", label, ("class", "threshold"), ("x", N(Left + 4)), ("y", N(y + 12)));
        }
    }

    /// <summary>
    /// Invisible columns whose tooltips hold the values: they work without a script, which takes them away.
    /// </summary>
    private void WriteReadouts(HtmlWriter html)
    {
        html.Open("g", ("class", "readouts"));
        for (int column = 0; column < Columns; column++)
        {
            double limit = MostPages * (column + 0.5) / Columns;
            StringBuilder text = new(Units.Bytes((long)limit * Units.PageBytes));
            foreach (LimitSeries series in Series.Where(one => !one.IsFaint && one.Points.Count > 0
                && limit >= one.Points[0].Limit))
            {
                text.Append(CultureInfo.InvariantCulture, $" · {series.Name} {Percent(At(series.Points, limit))}");
            }

            html.Open("rect", ("x", N(Left + (PlotWidth * column / Columns))), ("y", N(Top)),
                ("width", N(PlotWidth / Columns)), ("height", N(PlotHeight)));
            html.Element("title", text.ToString());
            html.Close("rect");
        }

        html.Close("g");
    }

    private static double At(IReadOnlyList<(double Limit, double Value)> points, double limit)
    {
        for (int i = 1; i < points.Count; i++)
        {
            if (limit <= points[i].Limit)
            {
                double part = (limit - points[i - 1].Limit) / Math.Max(1e-9, points[i].Limit - points[i - 1].Limit);
                return points[i - 1].Value + (Math.Max(0, part) * (points[i].Value - points[i - 1].Value));
            }
        }

        return points[^1].Value;
    }

    private string Path(IReadOnlyList<(double Limit, double Value)> points)
    {
        StringBuilder path = new();
        foreach ((double limit, double value) in points)
        {
            path.Append(path.Length == 0 ? 'M' : 'L').Append(N(X(limit))).Append(' ').Append(N(Y(value)));
        }

        return path.ToString();
    }

    private double X(double limit) => Inner * Math.Clamp(limit / MostPages, 0, 1);

    private double Y(double value) => Inner * (1 - Math.Clamp(value / MostValue, 0, 1));

    private static string Percent(double share) => (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    private static string N(double value) => HtmlWriter.Coordinate(value);
}
