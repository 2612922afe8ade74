using System.Globalization;
using System.Text;

namespace EpcActors.Hocon.Syntax;

/// <summary>
/// Cuts a text into tokens, one at a time, so that the first error in the text is the one reported. Comments vanish
/// here; the newline that ends them does not.
/// </summary>
internal sealed class Lexer
{
    private readonly string _text;
    private readonly string _source;
    private readonly bool _strictJson;
    private readonly StringBuilder _buffer = new();
    private int _at;
    private int _line = 1;
    private int _lineStart;

    /// <param name="strictJson">Only what JSON has: no comments, no unquoted text, no triple quotes.</param>
    public Lexer(string text, string source, bool strictJson = false)
    {
        _text = text;
        _source = source;
        _strictJson = strictJson;
    }

    /// <summary>Set for texts in which "#" can only be a mistake, such as a value on the command line.</summary>
    public bool RejectComments { get; init; }

    public HoconOrigin Here => new(_source, _line, _at - _lineStart + 1);

    public Token Next()
    {
        HoconOrigin origin = Here;
        if (_at >= _text.Length)
        {
            return new Token(TokenKind.End, "", origin);
        }

        char c = _text[_at];
        switch (c)
        {
            case '\n':
                _at++;
                _line++;
                _lineStart = _at;
                return new Token(TokenKind.Newline, "\n", origin);
            case '{':
                return Single(TokenKind.OpenBrace, origin);
            case '}':
                return Single(TokenKind.CloseBrace, origin);
            case '[':
                return Single(TokenKind.OpenBracket, origin);
            case ']':
                return Single(TokenKind.CloseBracket, origin);
            case ',':
                return Single(TokenKind.Comma, origin);
            case ':':
                return Single(TokenKind.Colon, origin);
            case '"':
                return ReadQuoted(origin);
            case '=' when !_strictJson:
                return Single(TokenKind.Equals, origin);
            case '+' when !_strictJson && Peek(1) == '=':
                _at += 2;
                return new Token(TokenKind.PlusEquals, "+=", origin);
            case '#' when !_strictJson:
            case '/' when !_strictJson && Peek(1) == '/':
                SkipComment();
                return Next();
            case '$' when !_strictJson && Peek(1) == '{':
                return ReadSubstitution(origin);
            case '-' or (>= '0' and <= '9'):
                return ReadNumber(origin);
        }

        if (IsSpace(c))
        {
            int start = _at;
            while (_at < _text.Length && IsSpace(_text[_at]))
            {
                _at++;
            }

            return new Token(TokenKind.Whitespace, _text[start.._at], origin);
        }

        return HoconCharacters.IsForbiddenUnquoted(c) ? throw Reserved(c, origin) : ReadUnquoted(origin);
    }

    /// <summary>
    /// Reads what follows the word <c>include</c>: a quoted name, or one inside <c>file()</c>, <c>required()</c> …
    /// </summary>
    public IncludeTarget ReadIncludeTarget()
    {
        SkipSpaceAndNewlines();
        HoconOrigin origin = Here;
        if (Peek(0) == '"')
        {
            return new IncludeTarget(ReadQuoted(origin).Text, IncludeKind.Heuristic, Required: false, origin);
        }

        string word = ReadIncludeWord(origin);
        if (word == "required")
        {
            SkipSpaceAndNewlines();
            origin = Here;
            IncludeTarget inner = Peek(0) == '"'
                ? new IncludeTarget(ReadQuoted(origin).Text, IncludeKind.Heuristic, Required: true, origin)
                : ReadIncludeCall(ReadIncludeWord(origin), origin) with { Required = true };
            CloseParenthesis("required");
            return inner;
        }

        return ReadIncludeCall(word, origin);
    }

    private IncludeTarget ReadIncludeCall(string word, HoconOrigin origin)
    {
        IncludeKind kind = word switch
        {
            "file" => IncludeKind.File,
            "url" => IncludeKind.Url,
            "classpath" => IncludeKind.Classpath,
            _ => throw new HoconException(origin,
                $"'{word}(' is no way to include; write include \"name\", file(\"name\") or required(\"name\")"),
        };
        SkipSpaceAndNewlines();
        HoconOrigin nameOrigin = Here;
        if (Peek(0) != '"')
        {
            throw new HoconException(nameOrigin, $"found {DescribeHere()} inside {word}(); expected a quoted name");
        }

        string name = ReadQuoted(nameOrigin).Text;
        CloseParenthesis(word);
        return new IncludeTarget(name, kind, Required: false, nameOrigin);
    }

    private string ReadIncludeWord(HoconOrigin origin)
    {
        int start = _at;
        while (_at < _text.Length && char.IsAsciiLetter(_text[_at]))
        {
            _at++;
        }

        string word = _text[start.._at];
        if (word.Length == 0 || Peek(0) != '(')
        {
            string found = word.Length > 0 ? $"'{word}'" : DescribeHere();
            throw new HoconException(origin, $"found {found} after include; expected a quoted name, file(\"…\") or "
                + "required(\"…\") (if include is meant as a key, put it between quotes)");
        }

        _at++;
        return word;
    }

    private void CloseParenthesis(string word)
    {
        SkipSpaceAndNewlines();
        if (Peek(0) != ')')
        {
            throw new HoconException(Here, $"found {DescribeHere()}; expected ')' to close {word}(");
        }

        _at++;
    }

    private void SkipSpaceAndNewlines()
    {
        while (_at < _text.Length && HoconCharacters.IsSpaceOrNewline(_text[_at]))
        {
            if (_text[_at++] == '\n')
            {
                _line++;
                _lineStart = _at;
            }
        }
    }

    private string DescribeHere() =>
        _at < _text.Length ? HoconCharacters.Describe(_text[_at]) : "the end of the text";

    private int Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : -1;

    private bool IsSpace(char c) =>
        _strictJson ? c is ' ' or '\t' or '\r' or HoconCharacters.Bom : HoconCharacters.IsInlineSpace(c);

    private Token Single(TokenKind kind, HoconOrigin origin) => new(kind, _text[_at++].ToString(), origin);

    private void SkipComment()
    {
        if (RejectComments)
        {
            throw new HoconException(Here, "found a comment, which has no place here; put the text between quotes");
        }

        int end = _text.IndexOf('\n', _at);
        _at = end < 0 ? _text.Length : end;
    }

    private Token ReadUnquoted(HoconOrigin origin)
    {
        int start = _at;
        while (_at < _text.Length && !HoconCharacters.IsForbiddenUnquoted(_text[_at])
            && !(_text[_at] == '/' && Peek(1) == '/'))
        {
            _at++;
        }

        return new Token(TokenKind.Text, _text[start.._at], origin);
    }

    // All characters a number may have go together; what JSON then does not accept is text: 1.0.0, 2024-01-01.
    private Token ReadNumber(HoconOrigin origin)
    {
        int start = _at;
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || _text[_at] is '-' or '+' or '.' or 'e' or 'E')
            && !(_text[_at] == '+' && Peek(1) == '='))
        {
            _at++;
        }

        string text = _text[start.._at];
        if (NumberText.IsJsonNumber(text))
        {
            return new Token(TokenKind.Number, text, origin);
        }

        int plus = text.IndexOf('+', StringComparison.Ordinal);
        return plus < 0
            ? new Token(TokenKind.Text, text, origin)
            : throw Reserved('+', origin with { Column = origin.Column + plus });
    }

    private Token ReadSubstitution(HoconOrigin origin)
    {
        _at += 2;
        bool optional = Peek(0) == '?';
        if (optional)
        {
            _at++;
        }

        PathBuilder path = new(origin);
        while (true)
        {
            // Not left to Next(), which would nest without end on "${${${".
            if (Peek(0) == '$')
            {
                throw new HoconException(Here, "found '$' inside a substitution; substitutions do not nest");
            }

            if (Peek(0) is '#' || (Peek(0) == '/' && Peek(1) == '/'))
            {
                throw new HoconException(Here, "found a comment inside a substitution; expected a path and '}'");
            }

            Token token = Next();
            if (token.Kind == TokenKind.CloseBrace)
            {
                return new Token(TokenKind.Substitution, "", origin, path.Finish(), optional);
            }

            if (!path.TryAdd(token))
            {
                throw new HoconException(token.Origin,
                    $"found {token.Describe()} inside a substitution; expected a path and '}}' on the same line");
            }
        }
    }

    private Token ReadQuoted(HoconOrigin origin)
    {
        if (!_strictJson && Peek(1) == '"' && Peek(2) == '"')
        {
            return ReadTripleQuoted(origin);
        }

        _buffer.Clear();
        _at++;
        while (true)
        {
            int c = Peek(0);
            switch (c)
            {
                case -1:
                    throw new HoconException(origin, "the string that starts here is not closed; add '\"'");
                case '"':
                    _at++;
                    return new Token(TokenKind.Quoted, _buffer.ToString(), origin);
                case '\\':
                    ReadEscape();
                    break;
                case < ' ':
                    throw new HoconException(Here, $"found {HoconCharacters.Describe((char)c)} inside a quoted string;"
                        + " write it as an escape, or use triple quotes");
                default:
                    _buffer.Append((char)c);
                    _at++;
                    break;
            }
        }
    }

    private void ReadEscape()
    {
        HoconOrigin origin = Here;
        int c = Peek(1);
        char? simple = c switch
        {
            '"' => '"',
            '\\' => '\\',
            '/' => '/',
            'b' => '\b',
            'f' => '\f',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            _ => null,
        };
        if (simple is { } value)
        {
            _buffer.Append(value);
            _at += 2;
            return;
        }

        if (c == 'u' && _at + 6 <= _text.Length && ushort.TryParse(_text.AsSpan(_at + 2, 4),
            NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
        {
            _buffer.Append((char)unit);
            _at += 6;
            return;
        }

        string found =
            c < 0 ? "the end of the text"
            : c == 'u' ? "\\u without four hexadecimal digits"
            : $"\\{(char)c}";
        throw new HoconException(
            origin,
            $"found {found} in a quoted string; "
                + "expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX (a backslash itself is \\\\)");
    }

    // Any run of three or more quotes ends the string; those beyond three belong to it.
    private Token ReadTripleQuoted(HoconOrigin origin)
    {
        _at += 3;
        int start = _at;
        int close = _text.IndexOf("\"\"\"", start, StringComparison.Ordinal);
        if (close < 0)
        {
            throw new HoconException(origin, "the triple-quoted string that starts here is not closed; add '\"\"\"'");
        }

        int end = close + 3;
        while (end < _text.Length && _text[end] == '"')
        {
            end++;
        }

        for (int i = start; i < end; i++)
        {
            if (_text[i] == '\n')
            {
                _line++;
                _lineStart = i + 1;
            }
        }

        _at = end;
        return new Token(TokenKind.Quoted, _text[start..(end - 3)], origin);
    }

    private HoconException Reserved(char c, HoconOrigin origin) => _strictJson
        ? new HoconException(origin, $"found {HoconCharacters.Describe(c)}, which JSON does not allow here")
        : new HoconException(origin,
            $"found {HoconCharacters.Describe(c)}, which is reserved; put the text between quotes");
}
