using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Results.Text;

namespace EpcActors.Scenarios.Configuration;

/// <summary>
/// Refuses files whose keys or texts have characters that a terminal would obey (<see cref="PrintableText"/>).
/// </summary>
internal static class HiddenCharacters
{
    /// <summary>Reports every key and text of the tree that is not printable.</summary>
    public static void Require(LoadContext context, HoconValue value, string path = "")
    {
        switch (value)
        {
            case HoconString text when PrintableText.IndexOfHidden(text.Value) >= 0:
                Report(context, text.Origin, path, "the text", text.Value);
                break;
            case HoconArray array:
                for (int i = 0; i < array.Count; i++)
                {
                    Require(context, array[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"));
                }

                break;
            case HoconObject fields:
                foreach ((string key, HoconValue field) in fields)
                {
                    string below = path.Length == 0 ? key : $"{path}.{key}";
                    if (PrintableText.IndexOfHidden(key) >= 0)
                    {
                        Report(context, fields.KeyOrigin(key), below, "the key", key);
                    }

                    Require(context, field, below);
                }

                break;
        }
    }

    private static void Report(LoadContext context, HoconOrigin origin, string path, string what, string text) =>
        context.Error(
            origin,
            path,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{what} has the control character U+{(int)text[PrintableText.IndexOfHidden(text)]:X4}"),
            "write it without: names and texts are printed on terminals and in pages");
}
