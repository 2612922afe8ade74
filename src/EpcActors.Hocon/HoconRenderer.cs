using System.Globalization;
using System.Text;
using EpcActors.Hocon.Syntax;

namespace EpcActors.Hocon;

/// <summary>Writes values so that they read back equal.</summary>
internal sealed class HoconRenderer
{
    private readonly HoconRenderOptions _options;
    private readonly bool _json;
    private readonly StringBuilder _text = new();
    private int _level;

    private HoconRenderer(HoconRenderOptions options)
    {
        _options = options;
        _json = options.Format == HoconFormat.Json;
    }

    public static string Render(HoconValue value, HoconRenderOptions options)
    {
        HoconRenderer renderer = new(options);
        if (!renderer._json && value is HoconObject root)
        {
            renderer.WriteFields(root);
        }
        else
        {
            renderer.Write(value);
        }

        if (options.Pretty && renderer._text.Length > 0 && renderer._text[^1] != '\n')
        {
            renderer._text.Append('\n');
        }

        return renderer._text.ToString();
    }

    public static string Quote(string text)
    {
        StringBuilder quoted = new(text.Length + 2);
        quoted.Append('"');
        foreach (char c in text)
        {
            switch (c)
            {
                case '"':
                    quoted.Append("\\\"");
                    break;
                case '\\':
                    quoted.Append("\\\\");
                    break;
                case '\n':
                    quoted.Append("\\n");
                    break;
                case '\t':
                    quoted.Append("\\t");
                    break;
                case '\r':
                    quoted.Append("\\r");
                    break;
                default:
                    if (char.IsControl(c) || char.IsSurrogate(c) || c is HoconCharacters.Bom or '\u2028' or '\u2029')
                    {
                        // Surrogates too: half a pair could not be written to a file.
                        quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    }
                    else
                    {
                        quoted.Append(c);
                    }

                    break;
            }
        }

        return quoted.Append('"').ToString();
    }

    private void Write(HoconValue value)
    {
        switch (value)
        {
            case HoconObject o:
                if (o.Count == 0)
                {
                    _text.Append("{}");
                    break;
                }

                Open('{');
                WriteFields(o);
                Close('}');
                break;
            case HoconArray array:
                if (array.Count == 0)
                {
                    _text.Append("[]");
                    break;
                }

                Open('[');
                for (int i = 0; i < array.Count; i++)
                {
                    Separate(i == 0);
                    Write(array[i]);
                }

                Close(']');
                break;
            case HoconString s:
                _text.Append(Quote(s.Value));
                break;
            default:
                _text.Append(Concatenation.TextOf(value));
                break;
        }
    }

    private void WriteFields(HoconObject o)
    {
        bool first = true;
        foreach (KeyValuePair<string, HoconValue> field in o)
        {
            Separate(first && (_json || _level > 0), first);
            first = false;
            if (_options.OriginComments && _options.Pretty && !_json)
            {
                // A name of a file may hold a newline; a comment may not.
                _text.Append("# ").Append(field.Value.Origin.ToString().ReplaceLineEndings(" "));
                _text.Append('\n');
                Indent();
            }

            string key = _json || !HoconPath.IsPlainKey(field.Key) ? Quote(field.Key) : field.Key;
            _text.Append(key);
            if (_json)
            {
                _text.Append(_options.Pretty ? ": " : ":");
            }
            else if (field.Value is not HoconObject || !_options.Pretty)
            {
                _text.Append(_options.Pretty ? " = " : "=");
            }
            else
            {
                _text.Append(' ');
            }

            Write(field.Value);
        }
    }

    private void Open(char bracket)
    {
        _text.Append(bracket);
        _level++;
    }

    private void Close(char bracket)
    {
        _level--;
        if (_options.Pretty)
        {
            _text.Append('\n');
            Indent();
        }

        _text.Append(bracket);
    }

    private void Separate(bool afterOpen, bool atStart = false)
    {
        if (atStart && !afterOpen)
        {
            return; // the first field of a root without braces
        }

        if (!afterOpen && (_json || !_options.Pretty))
        {
            _text.Append(',');
        }

        if (_options.Pretty)
        {
            _text.Append('\n');
            Indent();
        }
    }

    private void Indent() => _text.Append(' ', _level * 2);
}
