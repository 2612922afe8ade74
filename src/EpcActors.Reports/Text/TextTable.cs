using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Reports;

/// <summary>One cell of a <see cref="TextTable"/>.</summary>
internal readonly record struct Cell(string Text, Style? Style = null)
{
    public static implicit operator Cell(string text) => new(text);
}

/// <summary>Behaviour of a column when the terminal is too narrow.</summary>
internal enum Fit
{
    /// <summary>Figures: never cut, a figure without its end lies.</summary>
    Whole,

    /// <summary>Names: cut in the middle, where names that belong together differ least.</summary>
    Cut,

    /// <summary>Prose: goes on in the next line.</summary>
    Wrap,
}

/// <summary>
/// A table without borders for terminals, pipes and mails. The widths are decided here and not by the console:
/// figures keep their length, names are cut in the middle and prose wraps, so that 80 columns stay readable.
/// </summary>
internal sealed class TextTable(params TextTable.Column[] columns)
{
    private const int Gap = 2;

    private const int LeastWidth = 10;

    private readonly List<Cell[]> _rows = [];

    internal readonly record struct Column(string Header, bool IsRight, Fit Fit);

    public static Column Figure(string header) => new(header, true, Fit.Whole);

    public static Column Name(string header) => new(header, false, Fit.Cut);

    public static Column Word(string header) => new(header, false, Fit.Whole);

    public static Column Prose(string header) => new(header, false, Fit.Wrap);

    public void Row(params Cell[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length);
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = cells[i] with { Text = ConsoleText.Visible(cells[i].Text) };
        }

        _rows.Add(cells);
    }

    /// <summary>Columns the table would like to have.</summary>
    public int NaturalWidth => NaturalWidths().Sum() + Gap * (columns.Length - 1);

    public void WriteTo(ConsoleText console, int indent = 2)
    {
        int[] widths = FittedWidths(console.Width - indent);
        Style heading = new(decoration: Decoration.Underline);
        WriteRow(console, indent, widths, [.. columns.Select(c => new Cell(c.Header, heading))]);
        foreach (Cell[] row in _rows)
        {
            WriteRow(console, indent, widths, row);
        }
    }

    private int[] NaturalWidths()
    {
        int[] widths = [.. columns.Select(c => ConsoleText.CellWidth(c.Header))];
        foreach (Cell[] row in _rows)
        {
            for (int i = 0; i < row.Length; i++)
            {
                widths[i] = Math.Max(widths[i], ConsoleText.CellWidth(row[i].Text));
            }
        }

        return widths;
    }

    private int[] FittedWidths(int available)
    {
        int[] widths = NaturalWidths();
        int excess = widths.Sum() + Gap * (columns.Length - 1) - available;
        // The widest column that may give way gives way first, one cell at a time.
        while (excess > 0)
        {
            int widest = -1;
            for (int i = 0; i < widths.Length; i++)
            {
                bool gives = columns[i].Fit != Fit.Whole && widths[i] > LeastWidth;
                if (gives && (widest < 0 || widths[i] > widths[widest]))
                {
                    widest = i;
                }
            }

            if (widest < 0)
            {
                break;
            }

            widths[widest]--;
            excess--;
        }

        return widths;
    }

    private void WriteRow(ConsoleText console, int indent, int[] widths, Cell[] row)
    {
        List<string>[] lines = new List<string>[row.Length];
        int height = 1;
        for (int i = 0; i < row.Length; i++)
        {
            lines[i] = columns[i].Fit switch
            {
                Fit.Whole => [row[i].Text],
                Fit.Cut => [ConsoleText.CutMiddle(row[i].Text, widths[i])],
                Fit.Wrap => ConsoleText.WrapWords(row[i].Text, widths[i]),
            };
            height = Math.Max(height, lines[i].Count);
        }

        for (int line = 0; line < height; line++)
        {
            int last = -1;
            for (int i = 0; i < row.Length; i++)
            {
                last = line < lines[i].Count && lines[i][line].Length > 0 ? i : last;
            }

            List<Segment> segments = [new Segment(new string(' ', indent))];
            for (int i = 0; i <= last; i++)
            {
                string text = line < lines[i].Count ? lines[i][line] : "";
                string pad = new(' ', Math.Max(0, widths[i] - ConsoleText.CellWidth(text)));
                Style style = row[i].Style ?? Style.Plain;
                if (columns[i].IsRight)
                {
                    segments.Add(new Segment(pad));
                    segments.Add(new Segment(text, style));
                }
                else
                {
                    segments.Add(new Segment(text, style));
                    // Nothing follows the last cell: no blanks at the end of a line, mails and diffs show them.
                    segments.Add(new Segment(i == last ? "" : pad));
                }

                if (i < last)
                {
                    segments.Add(new Segment(new string(' ', Gap)));
                }
            }

            console.Line(segments);
        }
    }
}
