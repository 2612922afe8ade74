using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EpcActors.Reports;

/// <summary>Emphasis of a piece of a line.</summary>
internal enum Tone
{
    Plain,
    Dim,
    Strong,
    Function,
    Wait,
    Conflict,
    Violation,
}

/// <summary>Lines of pieces with tones: the same lines as plain text, as Spectre markup and on a console.</summary>
internal sealed class ToneLines
{
    private readonly List<List<(string Text, Tone Tone)>> _lines = [];

    /// <summary>Begins a line.</summary>
    public ToneLines Line(string text = "", Tone tone = Tone.Plain)
    {
        _lines.Add([]);
        return Add(text, tone);
    }

    /// <summary>Goes on with the last line.</summary>
    public ToneLines Add(string text, Tone tone = Tone.Plain)
    {
        if (text.Length > 0)
        {
            _lines[^1].Add((text, tone));
        }

        return this;
    }

    /// <summary>Words behind a lead, wrapped; what follows stands under the first word.</summary>
    public void Paragraph(string lead, string text, int width, Tone leadTone = Tone.Dim, Tone tone = Tone.Plain)
    {
        int indent = ConsoleText.CellWidth(lead);
        bool isFirst = true;
        foreach (string line in ConsoleText.WrapWords(ConsoleText.Visible(text), Math.Max(20, width - indent)))
        {
            Line(isFirst ? lead : new string(' ', indent), leadTone).Add(line, tone);
            isFirst = false;
        }
    }

    /// <summary>Without tones and without blanks at the ends of lines.</summary>
    public string ToText()
    {
        StringBuilder text = new();
        foreach (List<(string Text, Tone Tone)> line in _lines)
        {
            text.Append(string.Concat(line.Select(p => p.Text)).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    public string ToMarkup()
    {
        StringBuilder text = new();
        foreach (List<(string Text, Tone Tone)> line in _lines)
        {
            foreach ((string piece, Tone tone) in line)
            {
                string escaped = Markup.Escape(piece);
                text.Append(
                    tone == Tone.Plain || string.IsNullOrWhiteSpace(piece)
                        ? escaped
                        : $"[{StyleOf(tone).ToMarkup()}]{escaped}[/]");
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    public void WriteTo(IAnsiConsole console)
    {
        ConsoleText text = new(console);
        foreach (List<(string Text, Tone Tone)> line in _lines)
        {
            text.Line([.. line.Select(p => new Segment(p.Text, StyleOf(p.Tone)))]);
        }
    }

    private static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Plain => Style.Plain,
        Tone.Dim => ConsoleText.Dim,
        Tone.Strong => ConsoleText.Strong,
        Tone.Function => new Style(Color.Teal),
        Tone.Wait => ConsoleText.Warn,
        Tone.Conflict => new Style(Color.Yellow, decoration: Decoration.Bold),
        Tone.Violation => ConsoleText.Bad,
    };
}
