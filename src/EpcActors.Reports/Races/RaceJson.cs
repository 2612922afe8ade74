using System.Text;
using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// One schedule of a race as one JSON object for scripts. The keys are a contract: keys may be added, none is renamed
/// or removed; a change of one needs a higher <see cref="Schema"/>.
/// </summary>
public static class RaceJson
{
    /// <summary>Name and version of the format.</summary>
    public const string Schema = "epc-actors/race-trace/1";

    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes the trace as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(trace);
        using Utf8JsonWriter json = new(stream, Options);
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("id", trace.Id);
        json.WriteString("title", trace.Title);
        json.WriteString("source", trace.Source);
        json.WriteString("symptom", trace.Symptom);
        json.WriteString("fix", trace.Fix);
        json.WriteString("variant", trace.Variant);
        json.WriteString("kernel", trace.Kernel);
        json.WriteString("rule", trace.Rule);
        json.WriteString("detail", trace.Detail);
        json.WriteNumber("violated_at_step", trace.ViolatedAtStep);
        json.WriteNumber("cycle_start", trace.CycleStart);
        json.WriteStartObject("conflict");
        json.WriteNumber("first", trace.Conflict.First);
        json.WriteNumber("second", trace.Conflict.Second);
        json.WriteEndObject();
        json.WriteString("provenance", trace.Provenance);
        json.WriteString("replay_command", trace.ReplayCommand);
        WriteLanes(json, "tasks", trace.Tasks);
        WriteLanes(json, "resources", trace.Resources);
        WriteStrings(json, "programs", trace.Programs);
        WriteStrings(json, "quantities", trace.Quantities);
        WriteNumbers(json, "before", trace.Before);
        json.WriteStartArray("steps");
        foreach (RaceStep step in trace.Steps)
        {
            WriteStep(json, trace, step);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The same as a string.</summary>
    public static string ToJson(RaceTrace trace)
    {
        using MemoryStream stream = new();
        Write(stream, trace);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteStep(Utf8JsonWriter json, RaceTrace trace, RaceStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("number", step.Number);
        json.WriteNumber("task", step.Task);
        json.WriteNumber("resource", step.Resource);
        json.WriteString("message", step.Message);
        json.WriteString("phrase", KernelWords.Phrase(trace, step));
        WriteFields(json, "request", step.Request);
        WriteFields(json, "answer", step.Answer);
        WriteStrings(json, "stack", [.. step.Stack.Select(frame => frame.Routine)]);
        WriteStrings(json, "kernel_stack", KernelWords.Stack(step));
        json.WriteString("operation", step.Operation);
        WriteStrings(json, "locks", step.Locks);
        json.WriteBoolean("parked", step.IsParked);
        WriteNumbers(json, "wakes", step.Wakes.Select(w => (long)w));
        WriteStrings(json, "choices", step.Choices);
        WriteStrings(json, "events", step.Events);
        WriteNumbers(json, "values", step.Values);
        json.WriteEndObject();
    }

    private static void WriteLanes(Utf8JsonWriter json, string name, IReadOnlyList<RaceLane> lanes)
    {
        json.WriteStartArray(name);
        foreach (RaceLane lane in lanes)
        {
            json.WriteStartObject();
            json.WriteString("name", lane.Name);
            json.WriteString("note", lane.Note);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>
    /// Pairs, not an object: nothing keeps a message from having a field twice, and the order is part of the trace.
    /// </summary>
    private static void WriteFields(
        Utf8JsonWriter json,
        string name,
        IReadOnlyList<KeyValuePair<string, string>> fields)
    {
        json.WriteStartArray(name);
        foreach ((string field, string value) in fields)
        {
            json.WriteStartObject();
            json.WriteString("field", field);
            json.WriteString("value", value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> values)
    {
        json.WriteStartArray(name);
        foreach (long value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
