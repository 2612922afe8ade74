using EpcActors.Hocon;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Reading;

/// <summary>Reads JSON into <see cref="DataNode"/> with its places, by the reader of the configuration.</summary>
internal static class JsonText
{
    private const string Extension = ".json";

    /// <param name="text">The text.</param>
    /// <param name="source">Its name in places.</param>
    /// <param name="log">Where errors go.</param>
    /// <param name="allowsComments">Whether <c>//</c> begins a comment, as people write in some files.</param>
    /// <exception cref="ConfigurationException">The text is not valid JSON.</exception>
    public static DataNode Read(string text, string source, ImportLog log, bool allowsComments = false)
    {
        // The reader takes a text for strict JSON by its name; any other is HOCON, that is JSON with comments.
        string name = allowsComments ? "text" : "text" + Extension;
        try
        {
            HoconOptions options = new() { Includer = new OneText(name, text), Environment = static _ => null };
            return ToData(HoconConfig.ParseFile(name, options).Resolve().RootValue, source);
        }
        catch (HoconException wrong)
        {
            throw log.Fail(
                wrong.Origin with { Source = source }, "", $"this is not valid JSON: {wrong.Detail}", "correct it");
        }
    }

    private static DataNode ToData(HoconValue value, string source)
    {
        HoconOrigin at = value.Origin with { Source = source };
        switch (value)
        {
            case HoconObject fields:
                DataMap map = new(at);
                foreach ((string key, HoconValue field) in fields)
                {
                    map.TryAdd(key, fields.KeyOrigin(key) with { Source = source }, ToData(field, source));
                }

                return map;
            case HoconArray items:
                return new DataList(at, [.. items.Select(item => ToData(item, source))]);
            case HoconNumber number:
                return new DataScalar(at, number.Text, ScalarKind.Number);
            case HoconBoolean truth:
                return new DataScalar(at, truth.AsString(), ScalarKind.Boolean);
            case HoconString text:
                return new DataScalar(at, text.Value, ScalarKind.Text);
            default:
                return new DataScalar(at, "null", ScalarKind.Null);
        }
    }

    /// <summary>The one file that the parser may read.</summary>
    private sealed class OneText(string source, string text) : IHoconIncluder
    {
        public string Locate(string includingSource, string name) => name;

        public string? Read(string name) => name == source ? text : null;
    }
}
