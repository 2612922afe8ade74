using System.Text;
using System.Text.Json;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Cli.Running;

/// <summary>A comparison as one JSON document: an array of the runs' documents, each with its label in front.</summary>
internal static class ComparisonDocument
{
    public static string ToJson(IReadOnlyList<RunReport> reports, IReadOnlyList<string> labels)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartArray();
            foreach ((RunReport report, string label) in reports.Zip(labels))
            {
                using JsonDocument document = JsonDocument.Parse(JsonReport.ToJson(report));
                json.WriteStartObject();
                json.WriteString("label", label);
                foreach (JsonProperty property in document.RootElement.EnumerateObject())
                {
                    property.WriteTo(json);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
