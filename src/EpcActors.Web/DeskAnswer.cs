using System.Globalization;
using System.Text;
using System.Text.Json;

namespace EpcActors.Web;

/// <summary>An answer of the desk: regions of the page by the ids of their elements, and what goes with them.</summary>
internal sealed class DeskAnswer
{
    public List<KeyValuePair<string, string>> Regions { get; } = [];

    /// <summary>The position as a link holds it; null where it has not changed.</summary>
    public string? Link { get; set; }

    public string? Title { get; set; }

    /// <summary>The rule that the race breaks.</summary>
    public string? Rule { get; set; }

    /// <summary>The catalogue has a schedule of it.</summary>
    public bool IsKnown { get; set; }

    /// <summary>Hash of the steps that are shown.</summary>
    public ulong TraceHash { get; set; }

    /// <summary>Fingerprint of the state that is shown.</summary>
    public ulong StateHash { get; set; }

    /// <summary>Work goes on.</summary>
    public bool IsBusy { get; set; }

    /// <summary>A mistake of the reader, with its remedy.</summary>
    public string? Error { get; set; }

    /// <summary>Text that was asked for.</summary>
    public string? Text { get; set; }

    /// <summary>Name of the file that the text is to be saved as.</summary>
    public string? FileName { get; set; }

    /// <summary>Text of the reader's own that belongs into the editor.</summary>
    public string? Editor { get; set; }

    /// <summary>A link to the text in the editor.</summary>
    public string? Place { get; set; }

    /// <summary>Report of a run, as a page that refers to the style sheet beside it.</summary>
    public string? Report { get; set; }

    public string ToJson()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("regions");
            foreach ((string id, string markup) in Regions)
            {
                json.WriteString(id, markup);
            }

            json.WriteEndObject();
            json.WriteBoolean("busy", IsBusy);
            Write(json, "link", Link);
            Write(json, "title", Title);
            Write(json, "rule", Rule);
            Write(json, "error", Error);
            Write(json, "text", Text);
            Write(json, "file", FileName);
            Write(json, "editor", Editor);
            Write(json, "place", Place);
            Write(json, "report", Report);
            if (Link is not null)
            {
                json.WriteBoolean("known", IsKnown);
                json.WriteString("state", StateHash.ToString("x16", CultureInfo.InvariantCulture));
                json.WriteString("trace", TraceHash.ToString("x16", CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }
}
