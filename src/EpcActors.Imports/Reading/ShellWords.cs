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
        Scanner scanner = new(text, source, log);
        while (scanner.NextCommand() is { Count: > 0 } words)
        {
            yield return words;
        }
    }

    /// <summary>Walks over a text once, from command to command.</summary>
    private sealed class Scanner(string text, string source, ImportLog log)
    {
        private const char NoQuote = '\0';

        private List<ShellWord> _words = [];
        private StringBuilder? _word;
        private HoconOrigin _wordBegin;
        private char _quote = NoQuote;
        private int _at;
        private int _line = 1;
        private int _lineStart;

        private HoconOrigin Here => new(source, _line, _at - _lineStart + 1);

        /// <summary>The words up to the next end of a command; none at the end of the text.</summary>
        public IReadOnlyList<ShellWord> NextCommand()
        {
            _words = [];
            while (_at < text.Length)
            {
                bool isEnd = Take(text[_at], Here);
                _at++;
                if (isEnd && _words.Count > 0)
                {
                    return _words;
                }
            }

            if (_quote != NoQuote)
            {
                log.Error(_wordBegin, "", $"the quote {_quote} is not closed", "close it");
                _quote = NoQuote;
            }

            EndWord();
            return _words;
        }

        /// <summary>Takes one character, or all that belong to it.</summary>
        /// <returns>True: it ends a command.</returns>
        private bool Take(char c, HoconOrigin here)
        {
            if (c == '\n')
            {
                BeginLine();
            }

            if (_quote != NoQuote)
            {
                TakeQuoted(c);
            }
            else if (c == '\\' && _at + 1 < text.Length)
            {
                TakeEscaped(here);
            }
            else if (c is '\'' or '"')
            {
                _quote = c;
                Word(here);
            }
            else if (c == '#' && _word is null)
            {
                // The end of the line is no part of the comment.
                _at = text.IndexOf('\n', _at) is var end and >= 0 ? end - 1 : text.Length;
            }
            else if (char.IsWhiteSpace(c) || c is ';' or '&' or '|')
            {
                EndWord();
                return c is '\n' or ';' or '&' or '|';
            }
            else
            {
                Word(here).Append(c);
            }

            return false;
        }

        private void TakeQuoted(char c)
        {
            if (c == _quote)
            {
                _quote = NoQuote;
            }
            else
            {
                _word!.Append(c);
            }
        }

        /// <summary>Behind a backslash a line goes on; any other character stands for itself.</summary>
        private void TakeEscaped(HoconOrigin here)
        {
            _at += text[_at + 1] == '\r' && _at + 2 < text.Length && text[_at + 2] == '\n' ? 2 : 1;
            if (text[_at] == '\n')
            {
                BeginLine();
            }
            else
            {
                Word(here).Append(text[_at]);
            }
        }

        /// <summary>The word at this place, which begins here if there is none.</summary>
        private StringBuilder Word(HoconOrigin here)
        {
            if (_word is null)
            {
                _word = new StringBuilder();
                _wordBegin = here;
            }

            return _word;
        }

        private void EndWord()
        {
            if (_word is not null)
            {
                _words.Add(new ShellWord(_word.ToString(), _wordBegin));
                _word = null;
            }
        }

        private void BeginLine()
        {
            _line++;
            _lineStart = _at + 1;
        }
    }
}
