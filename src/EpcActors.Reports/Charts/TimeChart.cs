using System.Globalization;
using System.Text;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>Shape in which a series is drawn.</summary>
internal enum SeriesShape
{
    Line,

    /// <summary>A line over a filled area.</summary>
    Area,

    /// <summary>Holds its value until it is changed: a limit.</summary>
    Step,
}

/// <summary>
/// One line of a chart. <paramref name="Style"/>: number of the colour and dash pattern in the style sheet.
/// </summary>
internal sealed record Series(string Name, int Style, SeriesShape Shape, double[] Values);

/// <summary>A horizontal line with a name above or below it.</summary>
internal sealed record Threshold(string Label, double Value, bool IsLabelBelow);

/// <summary>
/// A chart over the time of a run: axes, legend, thresholds, marks of the script, and a read-out per column of pixels.
/// </summary>
internal sealed record TimeChart
{
    private const double Left = 60;

    private const double Right = 10;

    private const double Top = 16;

    private const double Bottom = 22;

    private const double ReadoutPixels = 7;

    /// <summary>More marks than this would be a curtain before the chart.</summary>
    private const int MostMarks = 100;

    public required string Title { get; init; }

    /// <summary>Description of the chart, for readers who cannot see it.</summary>
    public required string Description { get; init; }

    /// <summary>Second line of the caption.</summary>
    public string Subtitle { get; init; } = "";

    public required IReadOnlyList<long> AtNs { get; init; }

    public required long EndNs { get; init; }

    public required Scale Y { get; init; }

    public required IReadOnlyList<Series> Series { get; init; }

    public required Func<double, string> Format { get; init; }

    public IReadOnlyList<Threshold> Thresholds { get; init; } = [];

    public IReadOnlyList<TimelineMark> Marks { get; init; } = [];

    /// <summary>Over the whole page, with a width to match.</summary>
    public bool IsWide { get; init; }

    public double Width { get; init; } = 560;

    public double Height { get; init; } = 230;

    private double PlotWidth => Width - Left - Right;

    private double PlotHeight => Height - Top - Bottom;

    public void WriteTo(HtmlWriter html)
    {
        html.Open("figure", ("class", IsWide ? "chart wide" : "chart"));
        html.Open("figcaption");
        html.Element("strong", Title);
        if (Subtitle.Length > 0)
        {
            html.Element("span", Subtitle, ("class", "sub"));
        }

        if (Series.Count > 1)
        {
            WriteLegend(html);
        }

        html.Close("figcaption");
        html.Open("svg", ("class", "time"), ("role", "img"), ("viewBox", Invariant($"0 0 {Width} {Height}")),
            ("data-left", Invariant($"{Left}")), ("data-width", Invariant($"{PlotWidth}")), ("tabindex", "0"));
        html.Element("title", Title);
        html.Element("desc", Description);
        WriteAxes(html);
        WriteMarks(html);
        foreach (Series series in Series)
        {
            WriteSeries(html, series);
        }

        WriteThresholds(html);
        html.Empty("line", ("class", "cursor"), ("y1", N(Top)), ("y2", N(Top + PlotHeight)));
        WriteReadouts(html);
        html.Close("svg");
        html.Element("p", "", ("class", "readout"));
        html.Close("figure");
    }

    private void WriteLegend(HtmlWriter html)
    {
        html.Open("span", ("class", "legend"));
        foreach (Series series in Series)
        {
            html.Open("span", ("class", "key"));
            html.Open("svg", ("class", "swatch"), ("viewBox", "0 0 22 10"), ("aria-hidden", "true"));
            html.Empty("path", ("class", Invariant($"line s{series.Style}")), ("d", "M1 5H21"));
            html.Close("svg");
            html.Text(series.Name);
            html.Close("span");
        }

        html.Close("span");
    }

    private void WriteAxes(HtmlWriter html)
    {
        html.Open("g", ("class", "axis"));
        foreach (Tick tick in Y.Ticks)
        {
            double y = YOf(tick.Value);
            html.Empty("line", ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)), ("y2", N(y)),
                ("class", tick.Value == 0 ? "base" : null));
            html.Element("text", tick.Label, ("x", N(Left - 6)), ("y", N(y + 4)), ("text-anchor", "end"));
        }

        foreach (Tick tick in Scale.Time(EndNs, PlotWidth > 800 ? 12 : PlotWidth > 400 ? 7 : 4).Ticks)
        {
            double x = XOf(tick.Value);
            html.Empty("line", ("x1", N(x)), ("x2", N(x)), ("y1", N(Top + PlotHeight)),
                ("y2", N(Top + PlotHeight + 4)));
            // The last label would leave the picture at the right.
            string anchor = x > Width - Right - 24 ? "end" : "middle";
            double labelX = anchor == "end" ? Width - 2 : x;
            html.Element("text", tick.Label, ("x", N(labelX)), ("y", N(Height - 5)), ("text-anchor", anchor));
        }

        html.Close("g");
    }

    private void WriteMarks(HtmlWriter html)
    {
        double lastLabel = double.NegativeInfinity;
        for (int i = 0; i < Math.Min(Marks.Count, MostMarks); i++)
        {
            TimelineMark mark = Marks[i];
            double x = XOf(mark.AtNs);
            html.Open("g", ("class", "mark"));
            html.Element("title", $"{Units.Duration(mark.AtNs)}: {mark.Text}");
            html.Empty("line", ("x1", N(x)), ("x2", N(x)), ("y1", N(Top - 3)), ("y2", N(Top + PlotHeight)));
            if (x - lastLabel > 14)
            {
                lastLabel = x;
                html.Element("text", Invariant($"{i + 1}"), ("x", N(x)), ("y", N(Top - 5)), ("text-anchor", "middle"));
            }

            html.Close("g");
        }
    }

    private void WriteThresholds(HtmlWriter html)
    {
        foreach (Threshold threshold in Thresholds)
        {
            double y = YOf(threshold.Value);
            html.Empty("line", ("class", "threshold"), ("x1", N(Left)), ("x2", N(Width - Right)), ("y1", N(y)),
                ("y2", N(y)));
            html.Element("text", threshold.Label, ("class", "threshold"), ("x", N(Width - Right - 3)),
                ("y", N(threshold.IsLabelBelow ? y + 11 : y - 3)), ("text-anchor", "end"));
        }
    }

    private void WriteSeries(HtmlWriter html, Series series)
    {
        int count = Math.Min(series.Values.Length, AtNs.Count);
        if (count == 0)
        {
            return;
        }

        double[] x = new double[count];
        for (int i = 0; i < count; i++)
        {
            x[i] = XOf(AtNs[i]);
        }

        ReadOnlySpan<double> values = series.Values.AsSpan(0, count);
        List<int> points = series.Shape == SeriesShape.Step
            ? Downsampling.Changes(values)
            : Downsampling.Indices(x, values);
        (string line, string area) = Path(points, x, values, series.Shape);
        if (series.Shape == SeriesShape.Area)
        {
            html.Empty("path", ("class", Invariant($"area s{series.Style}")), ("d", area));
        }

        html.Empty("path", ("class", Invariant($"line s{series.Style}")), ("d", line));
    }

    private (string Line, string Area) Path(
        List<int> points, double[] x, ReadOnlySpan<double> values, SeriesShape shape)
    {
        StringBuilder line = new();
        StringBuilder area = new();
        string floor = N(YOf(Math.Max(0, Y.Min)));
        bool isDown = false;
        string lastX = "";
        foreach (int i in points)
        {
            if (double.IsNaN(values[i]))
            {
                if (isDown && shape == SeriesShape.Step)
                {
                    line.Append('H').Append(N(x[i]));
                }

                if (isDown)
                {
                    area.Append('V').Append(floor).Append('Z');
                }

                isDown = false;
                continue;
            }

            string px = N(x[i]);
            string py = N(YOf(values[i]));
            if (!isDown)
            {
                // A point that stands alone between gaps gets a dot's length, else nothing would be drawn.
                line.Append('M').Append(px).Append(' ').Append(py).Append("h.1");
                area.Append('M').Append(px).Append(' ').Append(floor).Append('V').Append(py);
            }
            else if (shape == SeriesShape.Step)
            {
                line.Append('H').Append(px).Append('V').Append(py);
            }
            else if (px == lastX)
            {
                line.Append('V').Append(py);
                area.Append('V').Append(py);
            }
            else
            {
                line.Append('L').Append(px).Append(' ').Append(py);
                area.Append('L').Append(px).Append(' ').Append(py);
            }

            isDown = true;
            lastX = px;
        }

        if (isDown)
        {
            area.Append('V').Append(floor).Append('Z');
        }

        return (line.ToString(), shape == SeriesShape.Area ? area.ToString() : "");
    }

    /// <summary>
    /// Invisible columns whose tooltips hold the values: they work without a script, and the script reads them.
    /// </summary>
    private void WriteReadouts(HtmlWriter html)
    {
        int columns = (int)Math.Min(PlotWidth / ReadoutPixels, AtNs.Count);
        html.Open("g", ("class", "readouts"));
        int sample = 0;
        for (int c = 0; c < columns; c++)
        {
            double until = (c + 1.0) / columns * EndNs;
            while (sample + 1 < AtNs.Count && AtNs[sample + 1] <= until)
            {
                sample++;
            }

            double x0 = Left + PlotWidth * c / columns;
            html.Open("rect", ("x", N(x0)), ("y", N(Top)), ("width", N(PlotWidth / columns)),
                ("height", N(PlotHeight)));
            html.Element("title", Readout(sample, (double)c / columns * EndNs, until));
            html.Close("rect");
        }

        html.Close("g");
    }

    private string Readout(int sample, double fromNs, double untilNs)
    {
        StringBuilder text = new(Units.Duration(AtNs[sample]));
        foreach (Series series in Series)
        {
            double value = sample < series.Values.Length ? series.Values[sample] : double.NaN;
            text.Append(" · ").Append(series.Name).Append(' ').Append(double.IsNaN(value) ? "-" : Format(value));
        }

        // The columns lie over the marks, so they tell of them.
        for (int i = 0; i < Math.Min(Marks.Count, MostMarks); i++)
        {
            if (Marks[i].AtNs > fromNs && Marks[i].AtNs <= untilNs)
            {
                text.Append(CultureInfo.InvariantCulture, $" · ({i + 1}) {Marks[i].Text}");
            }
        }

        return text.ToString();
    }

    private double XOf(double ns) => Left + PlotWidth * Math.Clamp(ns / Math.Max(EndNs, 1), 0, 1);

    private double YOf(double value) => Top + PlotHeight * (1 - Y.Map(value));

    private static string N(double value) => HtmlWriter.Coordinate(value);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
