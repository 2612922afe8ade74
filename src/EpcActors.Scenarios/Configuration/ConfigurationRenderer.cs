using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EpcActors.Hocon;

namespace EpcActors.Scenarios.Configuration;

/// <summary>How to show an effective configuration.</summary>
public sealed record ConfigurationShowOptions
{
    /// <summary>All keys; otherwise those whose value is not what an empty file would give.</summary>
    public bool All { get; init; }

    /// <summary>Before each key a comment with the place its value comes from. HOCON only.</summary>
    public bool Origins { get; init; }

    /// <summary>HOCON or JSON.</summary>
    public HoconFormat Format { get; init; } = HoconFormat.Hocon;
}

/// <summary>Writes an effective configuration so that it reads back as the same one.</summary>
internal sealed class ConfigurationRenderer
{
    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly StringBuilder _text = new();
    private readonly ConfigurationShowOptions _options;
    private readonly bool _isJson;

    private ConfigurationRenderer(ConfigurationShowOptions options)
    {
        _options = options;
        _isJson = options.Format == HoconFormat.Json;
    }

    /// <param name="effective">The configuration.</param>
    /// <param name="reference">Values equal to these are left out; null for none.</param>
    /// <param name="options">How.</param>
    public static string Render(HoconObject effective, HoconObject? reference, ConfigurationShowOptions options)
    {
        ConfigurationRenderer renderer = new(options);
        List<string> keys = [.. effective.Keys.Where(key => !LayeredConfiguration.FileKeys.Contains(key))];
        if (renderer._isJson)
        {
            renderer._text.Append('{');
        }

        bool any = renderer.WriteFields(effective, keys, reference, renderer._isJson ? 1 : 0);
        if (renderer._isJson)
        {
            renderer._text.Append(any ? "\n}" : "}");
        }

        return renderer._text.ToString().TrimStart('\n') + (renderer._text.Length > 0 ? "\n" : "");
    }

    private bool WriteFields(HoconObject value, IEnumerable<string> keys, HoconObject? reference, int level)
    {
        bool any = false;
        foreach (string key in keys)
        {
            HoconValue field = value[key];
            HoconValue? standard = null;
            if (reference is not null && reference.TryGet(key, out standard) && standard.Equals(field))
            {
                continue;
            }

            if (any && _isJson)
            {
                _text.Append(',');
            }

            any = true;
            if (_options.Origins && !_isJson && field is not HoconObject { Count: > 0 })
            {
                NewLine(level);
                _text.Append("# ").Append(ConfigurationText.Place(field.Origin).ReplaceLineEndings(" "));
            }

            NewLine(level);
            _text.Append(_isJson || !IsPlain(key) ? Quote(key) : key);
            bool isBlock = !_isJson && field is HoconObject { Count: > 0 };
            _text.Append(_isJson ? ": " : isBlock ? " " : " = ");
            Write(field, standard as HoconObject, level);
        }

        return any;
    }

    private void Write(HoconValue value, HoconObject? reference, int level)
    {
        switch (value)
        {
            case HoconObject { Count: 0 }:
                _text.Append("{}");
                break;
            case HoconObject o:
                _text.Append('{');
                WriteFields(o, o.Keys, reference, level + 1);
                NewLine(level);
                _text.Append('}');
                break;
            case HoconArray { Count: 0 }:
                _text.Append("[]");
                break;
            case HoconArray array:
                _text.Append('[');
                for (int i = 0; i < array.Count; i++)
                {
                    if (i > 0 && _isJson)
                    {
                        _text.Append(',');
                    }

                    NewLine(level + 1);
                    Write(array[i], null, level + 1);
                }

                NewLine(level);
                _text.Append(']');
                break;
            case HoconString text:
                _text.Append(Quote(text.Value));
                break;
            default:
                _text.Append(value);
                break;
        }
    }

    private void NewLine(int level) => _text.Append('\n').Append(' ', level * 2);

    private static string Quote(string text) => JsonSerializer.Serialize(text, Plain);

    private static bool IsPlain(string key) =>
        key.Length > 0 && key != "include" && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
