using System.Globalization;
using System.Reflection;

namespace EpcActors.Reports;

/// <summary>
/// Writes markup that is both HTML and well-formed XML, so that a test can parse what a browser will show. Text and
/// attributes are always escaped; there is no way to write raw markup.
/// </summary>
internal sealed class HtmlWriter(TextWriter writer)
{
    private readonly Stack<string> _open = new();

    /// <summary>Styles and scripts are files beside the page; false: they are in it.</summary>
    public bool LinksResources { get; init; }

    public void Doctype() => writer.Write("<!DOCTYPE html>\n");

    public void Open(string tag, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Start(tag, attributes);
        writer.Write('>');
        _open.Push(tag);
    }

    public void Close(string tag)
    {
        string open = _open.Pop();
        if (open != tag)
        {
            throw new InvalidOperationException($"The element to close is {open}, not {tag}.");
        }

        writer.Write($"</{tag}>");
        if (IsBlock(tag))
        {
            writer.Write('\n');
        }
    }

    /// <summary>An element with text only.</summary>
    public void Element(string tag, string text, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Open(tag, attributes);
        Text(text);
        Close(tag);
    }

    /// <summary>A void element of HTML or an empty one of SVG.</summary>
    public void Empty(string tag, params ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        Start(tag, attributes);
        writer.Write("/>");
    }

    public void Text(string text)
    {
        foreach (char c in Clean(text))
        {
            switch (c)
            {
                case '<': writer.Write("&lt;"); break;
                case '>': writer.Write("&gt;"); break;
                case '&': writer.Write("&amp;"); break;
                default: writer.Write(c); break;
            }
        }
    }

    /// <summary>
    /// Style or script of our own, from the resources of this assembly; it holds none of <c>&lt;</c> and
    /// <c>&amp;</c>.
    /// </summary>
    public void Resource(string tag, string name)
    {
        if (LinksResources)
        {
            if (tag == "style")
            {
                Empty("link", ("rel", "stylesheet"), ("href", name));
            }
            else
            {
                Element(tag, "", ("src", name));
            }

            return;
        }

        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is missing.");
        using StreamReader reader = new(stream);
        string content = reader.ReadToEnd().ReplaceLineEndings("\n");
        if (content.AsSpan().IndexOfAny('<', '&') >= 0)
        {
            throw new InvalidOperationException($"The resource {name} would have to be escaped.");
        }

        Start(tag, []);
        writer.Write('>');
        writer.Write(content);
        writer.Write($"</{tag}>\n");
    }

    /// <summary>A coordinate: a tenth of a pixel is enough, and keeps the file small.</summary>
    public static string Coordinate(double value)
    {
        double rounded = Math.Round(value, 1, MidpointRounding.AwayFromZero);
        // No negative nought.
        return (rounded == 0 ? 0 : rounded).ToString("0.#", CultureInfo.InvariantCulture);
    }

    private void Start(string tag, ReadOnlySpan<(string Name, string? Value)> attributes)
    {
        writer.Write('<');
        writer.Write(tag);
        foreach ((string name, string? value) in attributes)
        {
            if (value is null)
            {
                continue;
            }

            writer.Write(' ');
            writer.Write(name);
            writer.Write("=\"");
            foreach (char c in Clean(value))
            {
                switch (c)
                {
                    case '<': writer.Write("&lt;"); break;
                    case '&': writer.Write("&amp;"); break;
                    case '"': writer.Write("&quot;"); break;
                    case '\n': writer.Write("&#10;"); break;
                    default: writer.Write(c); break;
                }
            }

            writer.Write('"');
        }
    }

    private static bool IsBlock(string tag) =>
        tag is "div" or "p" or "table" or "tr" or "thead" or "tbody" or "figure" or "svg" or "section" or "h1" or "h2"
            or "h3" or "li" or "ul" or "ol" or "head" or "body" or "html" or "header" or "main" or "footer" or "title"
            or "nav" or "details" or "dl" or "g" or "caption" or "pre";

    /// <summary>
    /// Characters that XML forbids become the replacement character; a name from outside may hold anything.
    /// </summary>
    private static string Clean(string text)
    {
        bool isClean = true;
        for (int i = 0; i < text.Length && isClean; i++)
        {
            isClean = !IsForbidden(text, i);
        }

        return isClean ? text : string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                span[i] = IsForbidden(source, i) ? '\uFFFD' : source[i];
            }
        });
    }

    private static bool IsForbidden(string text, int i)
    {
        char c = text[i];
        if (char.IsHighSurrogate(c))
        {
            return i + 1 >= text.Length || !char.IsLowSurrogate(text[i + 1]);
        }

        if (char.IsLowSurrogate(c))
        {
            return i == 0 || !char.IsHighSurrogate(text[i - 1]);
        }

        return c is < ' ' and not ('\n' or '\t') or '\uFFFE' or '\uFFFF' || c is >= '\u007f' and <= '\u009f';
    }
}
