using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Reports;

/// <summary>
/// Lines on a console. A line goes out as it is, never wrapped by the console: a command to be copied must stay one
/// line.
/// </summary>
internal sealed class ConsoleText(IAnsiConsole console)
{
    public int Width { get; } = Math.Max(console.Profile.Width, 40);

    public bool IsUnicode { get; } = console.Profile.Capabilities.Unicode;

    public static Style Good { get; } = new(Color.Green);

    public static Style Bad { get; } = new(Color.Red, decoration: Decoration.Bold);

    public static Style Warn { get; } = new(Color.Yellow);

    public static Style Dim { get; } = new(decoration: Decoration.Dim);

    public static Style Strong { get; } = new(decoration: Decoration.Bold);

    public static int CellWidth(string text) => new Segment(text).CellCount();

    public void Line() => Line([]);

    public void Line(string text, Style? style = null) => Line([new Segment(Visible(text), style ?? Style.Plain)]);

    public void Line(List<Segment> segments)
    {
        if (!IsUnicode)
        {
            segments = [.. segments.Select(s => new Segment(Units.ToAscii(s.Text), s.Style))];
        }

        console.Write(new Verbatim(segments));
    }

    /// <summary>A heading and the empty line above it.</summary>
    public void Heading(string text)
    {
        Line();
        Line(text, Strong);
    }

    /// <summary>Prose with a label or bullet in front; the lines that follow stand under the first word.</summary>
    public void Paragraph(string lead, string text, Style? leadStyle = null, Style? style = null)
    {
        int indent = CellWidth(lead);
        bool first = true;
        foreach (string line in WrapWords(Visible(text), Math.Max(20, Width - indent)))
        {
            Line([new Segment(first ? lead : new string(' ', indent), leadStyle ?? Style.Plain),
                new Segment(line, style ?? Style.Plain)]);
            first = false;
        }
    }

    /// <summary>
    /// Control characters made visible: a name from a configuration file must not move the cursor of the reader.
    /// </summary>
    public static string Visible(string text)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        StringBuilder visible = new();
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => visible.Append("\\n"),
                '\t' => visible.Append("\\t"),
                _ when char.IsControl(c) => visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => visible.Append(c),
            };
        }

        return visible.ToString();
    }

    public static string CutMiddle(string text, int width)
    {
        if (CellWidth(text) <= width)
        {
            return text;
        }

        int head = (width - 1) / 2;
        string start = TakeCells(text, head);
        string end = TakeCellsFromEnd(text, width - 1 - CellWidth(start));
        return start + "…" + end;
    }

    public static List<string> WrapWords(string text, int width)
    {
        List<string> lines = [];
        string line = "";
        foreach (string word in Words(text, width))
        {
            string rest = word;
            if (line.Length > 0 && CellWidth(line) + 1 + CellWidth(rest) <= width)
            {
                line += " " + rest;
                continue;
            }

            if (line.Length > 0)
            {
                lines.Add(line);
            }

            while (CellWidth(rest) > width)
            {
                string head = TakeCells(rest, width);
                if (head.Length == 0)
                {
                    break;
                }

                lines.Add(head);
                rest = rest[head.Length..];
            }

            line = rest;
        }

        lines.Add(line);
        return lines;
    }

    /// <summary>A number stays with what follows it: <c>1 234</c> and <c>1.25 ms</c> are one word.</summary>
    private static IEnumerable<string> Words(string text, int width)
    {
        string pending = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isGlued = pending.Length > 0 && char.IsAsciiDigit(pending[^1])
                && CellWidth(pending) + 1 + CellWidth(word) <= width / 2;
            if (!isGlued && pending.Length > 0)
            {
                yield return pending;
            }

            pending = isGlued ? pending + " " + word : word;
        }

        yield return pending;
    }

    private static string TakeCells(string text, int width)
    {
        int end = 0;
        int used = 0;
        // By text element: half a surrogate pair or a mark without its letter must not be left over.
        foreach (string element in Elements(text))
        {
            used += CellWidth(element);
            if (used > width)
            {
                break;
            }

            end += element.Length;
        }

        return text[..end];
    }

    private static string TakeCellsFromEnd(string text, int width)
    {
        int start = text.Length;
        int used = 0;
        foreach (string element in Elements(text).Reverse())
        {
            used += CellWidth(element);
            if (used > width)
            {
                break;
            }

            start -= element.Length;
        }

        return text[start..];
    }

    private static IEnumerable<string> Elements(string text)
    {
        TextElementEnumerator elements = StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            yield return elements.GetTextElement();
        }
    }

    /// <summary>Segments that the console writes as they are.</summary>
    private sealed class Verbatim(List<Segment> segments) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => new(0, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            foreach (Segment segment in segments)
            {
                if (segment.Text.Length > 0)
                {
                    yield return segment;
                }
            }

            yield return Segment.LineBreak;
        }
    }
}
