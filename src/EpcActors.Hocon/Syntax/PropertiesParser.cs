using System.Globalization;
using System.Text;

namespace EpcActors.Hocon.Syntax;

/// <summary>
/// Reads a .properties file (java.util.Properties, "load"): a flat list of keys, split at every dot, all values
/// strings. Where a key is both a value and a parent of keys, the parent wins (section "Java properties mapping").
/// </summary>
internal sealed class PropertiesParser
{
    private readonly ParseSession _session;
    private readonly string _text;
    private readonly string _source;
    private readonly int _outerDepth;
    private int _at;
    private int _line = 1;
    private int _lineStart;

    public PropertiesParser(ParseSession session, string text, string source, int outerDepth)
    {
        _session = session;
        _text = text.StartsWith(HoconCharacters.Bom) ? text[1..] : text;
        _source = source;
        _outerDepth = outerDepth;
    }

    private HoconOrigin Here => new(_source, _line, _at - _lineStart + 1);

    public ObjectNode ReadDocument()
    {
        ObjectNode root = new(new HoconOrigin(_source, 1, 1));
        while (SkipToEntry())
        {
            HoconOrigin keyOrigin = Here;
            string key = ReadText(isKey: true);
            SkipBlanks();
            if (Peek() is '=' or ':')
            {
                _at++;
                SkipBlanks();
            }

            HoconOrigin valueOrigin = Here;
            HoconString value = new(valueOrigin, ReadText(isKey: false), isQuoted: true);
            Add(root, key.Split('.'), keyOrigin, value);
        }

        return root;
    }

    private void Add(ObjectNode root, string[] path, HoconOrigin keyOrigin, HoconString value)
    {
        _session.CheckDepth(_outerDepth + path.Length, keyOrigin);
        ObjectNode at = root;
        foreach (string key in path.AsSpan(0, path.Length - 1))
        {
            if (!at.Fields.TryGetValue(key, out Definition field) || field.Node is not ObjectNode inner)
            {
                inner = new ObjectNode(keyOrigin);
                at.Fields[key] = new Definition(inner, keyOrigin);
            }

            at = inner;
        }

        if (!at.Fields.TryGetValue(path[^1], out Definition old) || old.Node is not ObjectNode)
        {
            at.Fields[path[^1]] = new Definition(new LiteralNode(value), keyOrigin);
        }
    }

    private int Peek() => _at < _text.Length ? _text[_at] : -1;

    /// <summary>Stops at the first character of the next key; false at the end.</summary>
    private bool SkipToEntry()
    {
        while (true)
        {
            SkipBlanks();
            switch (Peek())
            {
                case -1:
                    return false;
                case '\r' or '\n':
                    EndLine();
                    break;
                case '#' or '!':
                    while (Peek() is not (-1 or '\r' or '\n'))
                    {
                        _at++;
                    }

                    break;
                default:
                    return true;
            }
        }
    }

    private void SkipBlanks()
    {
        while (true)
        {
            if (Peek() is ' ' or '\t' or '\f')
            {
                _at++;
            }
            else if (Peek() == '\\' && _at + 1 < _text.Length && _text[_at + 1] is '\r' or '\n')
            {
                _at++;
                EndLine();
            }
            else
            {
                return;
            }
        }
    }

    private void EndLine()
    {
        if (_text[_at++] == '\r' && Peek() == '\n')
        {
            _at++;
        }

        _line++;
        _lineStart = _at;
    }

    private string ReadText(bool isKey)
    {
        StringBuilder text = new();
        while (true)
        {
            int c = Peek();
            if (c is -1 or '\r' or '\n' || (isKey && c is (' ' or '\t' or '\f' or '=' or ':')))
            {
                return text.ToString();
            }

            if (c == '\\')
            {
                ReadEscape(text);
            }
            else
            {
                text.Append((char)c);
                _at++;
            }
        }
    }

    private void ReadEscape(StringBuilder text)
    {
        HoconOrigin origin = Here;
        _at++;
        int c = Peek();
        switch (c)
        {
            case -1:
                return;
            case '\r' or '\n':
                EndLine();
                SkipBlanks();
                return;
            case 'u':
                if (_at + 5 > _text.Length || !ushort.TryParse(_text.AsSpan(_at + 1, 4),
                    NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit))
                {
                    throw new HoconException(origin, "found \\u without four hexadecimal digits");
                }

                text.Append((char)unit);
                _at += 5;
                return;
            default:
                text.Append(c switch
                {
                    't' => '\t',
                    'n' => '\n',
                    'r' => '\r',
                    'f' => '\f',
                    _ => (char)c,
                });
                _at++;
                return;
        }
    }
}
