using System.Text;
using EpcActors.Hocon;

namespace EpcActors.Imports.Reading;

/// <summary>A word of a command line, quotes taken off, and where it begins.</summary>
internal sealed record ShellWord(string Text, HoconOrigin Origin);

/// <summary>
/// Command lines as people copy them: out of scripts, with backslashes at the ends of lines, quotes and comments, or
/// out of ps. Nothing is expanded.
/// </summary>
internal static class ShellWords
{
    /// <summary>Commands of a text, each at least one word. On one line ; &amp; and | part them.</summary>
    public static IEnumerable<IReadOnlyList<ShellWord>> Commands(string text, string source, ImportLog log)
    {
        List<ShellWord> words = [];
        StringBuilder? word = null;
        HoconOrigin begin = default;
        int line = 1;
        int lineStart = 0;
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            HoconOrigin at = new(source, line, i - lineStart + 1);
            if (c == '\n')
            {
                line++;
                lineStart = i + 1;
            }

            if (quote != '\0')
            {
                if (c == quote)
                {
                    quote = '\0';
                }
                else
                {
                    word!.Append(c);
                }
            }
            else if (c == '\\' && i + 1 < text.Length)
            {
                // Behind a backslash a line goes on.
                i += text[i + 1] == '\r' && i + 2 < text.Length && text[i + 2] == '\n' ? 2 : 1;
                if (text[i] == '\n')
                {
                    line++;
                    lineStart = i + 1;
                }
                else
                {
                    begin = word is null ? at : begin;
                    (word ??= new StringBuilder()).Append(text[i]);
                }
            }
            else if (c is '\'' or '"')
            {
                quote = c;
                begin = word is null ? at : begin;
                word ??= new StringBuilder();
            }
            else if (c == '#' && word is null)
            {
                i = text.IndexOf('\n', i) is var end and >= 0 ? end - 1 : text.Length;
            }
            else if (char.IsWhiteSpace(c) || c is ';' or '&' or '|')
            {
                if (word is not null)
                {
                    words.Add(new ShellWord(word.ToString(), begin));
                    word = null;
                }

                if (c is '\n' or ';' or '&' or '|' && words.Count > 0)
                {
                    yield return words;
                    words = [];
                }
            }
            else
            {
                begin = word is null ? at : begin;
                (word ??= new StringBuilder()).Append(c);
            }
        }

        if (quote != '\0')
        {
            log.Error(begin, "", $"the quote {quote} is not closed", "close it");
        }

        if (word is not null)
        {
            words.Add(new ShellWord(word.ToString(), begin));
        }

        if (words.Count > 0)
        {
            yield return words;
        }
    }
}
