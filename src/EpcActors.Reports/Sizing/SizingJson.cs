using System.Text;
using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// A sizing as one JSON object for scripts. The keys are a contract: keys may be added, none is renamed or removed.
/// Limits are pages (<c>…_pages</c>) and bytes (<c>…_bytes</c>); a slowdown of null is a limit at which an enclave
/// dies.
/// </summary>
public static class SizingJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    /// <summary>The document.</summary>
    public static string ToJson(SizingReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Options))
        {
            Write(json, report);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter json, SizingReport r)
    {
        json.WriteStartObject();
        json.WriteString("verdict", SizingWords.Key(r.Verdict));
        json.WriteString("scenario", r.Scenario);
        json.WriteString("title", r.Title);
        json.WriteString("kernel", r.Kernel);
        json.WriteString("costs", r.Costs);
        json.WriteStartArray("seeds");
        foreach (ulong seed in r.Seeds)
        {
            json.WriteNumberValue(seed);
        }

        json.WriteEndArray();
        json.WriteNumber("machine_pages", r.MachinePages);
        if (r.Until.Length > 0)
        {
            json.WriteString("until", r.Until);
        }

        WriteNumber(json, "chosen_share", r.ChosenShare);
        json.WriteStartArray("cgroups");
        foreach (CgroupSizing one in r.Cgroups)
        {
            WriteCgroup(json, one);
        }

        json.WriteEndArray();
        WriteTogether(json, r.Together);
        WriteStrings(json, "notes", r.Notes);
        json.WriteNumber("simulations", r.Simulations);
        json.WriteNumber("steps", r.Steps);
        WriteNumber(json, "wall_time_ms", r.WallTimeMs);
        json.WriteString("command", r.Command);
        json.WriteEndObject();
    }

    private static void WriteCgroup(Utf8JsonWriter json, CgroupSizing one)
    {
        json.WriteStartObject();
        json.WriteString("path", one.Path);
        WriteStrings(json, "enclaves", one.Enclaves);
        WriteStrings(json, "guests", one.Guests);
        if (one.MaxBytes is { } max)
        {
            json.WriteNumber("max_bytes", max);
        }
        else
        {
            json.WriteNull("max_bytes");
        }

        json.WriteStartObject("least");
        json.WriteNumber("pages", one.Least.Pages);
        json.WriteNumber("closed_form_pages", one.Least.ClosedFormPages);
        json.WriteNumber("va_pages", one.Least.VaPages);
        json.WriteNumber("secs_pages", one.Least.SecsPages);
        json.WriteNumber("guest_pages", one.Least.GuestPages);
        json.WriteBoolean("fails_below", one.Least.FailsBelow);
        json.WriteString("reason", one.Least.Reason);
        json.WriteEndObject();
        json.WriteNumber("whole_pages", one.WholePages);
        json.WriteNumber("knee_pages", one.KneePages);
        json.WriteStartArray("answers");
        foreach (SizeAnswer answer in one.Answers)
        {
            WriteAnswer(json, answer);
        }

        json.WriteEndArray();
        json.WritePropertyName("chosen");
        if (one.Chosen is { } chosen)
        {
            WriteAnswer(json, chosen);
        }
        else
        {
            json.WriteNullValue();
        }

        WriteCurves(json, one);
        json.WriteString("not_monotone", one.NotMonotone);
        json.WriteString("steadiness", one.Steadiness);
        json.WriteBoolean("steady", one.IsSteady);
        WriteStrings(json, "notes", one.Notes);
        WriteLines(json, one);
        json.WriteEndObject();
    }

    private static void WriteCurves(Utf8JsonWriter json, CgroupSizing one)
    {
        json.WriteStartArray("points");
        foreach (SizePoint point in one.Points)
        {
            json.WriteStartObject();
            WritePoint(json, point);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartObject("lru");
        WriteNumber(json, "largest_difference", one.LruDifference);
        WriteNumber(json, "mean_difference", one.MeanLruDifference);
        json.WriteStartArray("curve");
        foreach (MissPoint point in one.Lru)
        {
            json.WriteStartObject();
            json.WriteNumber("limit_pages", point.LimitPages);
            WriteNumber(json, "miss_ratio", point.MissRatio);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("reuse");
        foreach (ReuseBucket bucket in one.Reuse)
        {
            json.WriteStartObject();
            json.WriteNumber("below_pages", bucket.BelowPages);
            json.WriteNumber("accesses", bucket.Accesses);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAnswer(Utf8JsonWriter json, SizeAnswer answer)
    {
        json.WriteStartObject();
        WriteNumber(json, "share", answer.Share);
        if (answer.LimitPages is { } pages)
        {
            json.WriteNumber("limit_pages", pages);
            json.WriteNumber("limit_bytes", pages * Units.PageBytes);
            json.WriteNumber("lowest_pages", answer.LowestPages);
            json.WriteNumber("highest_pages", answer.HighestPages);
        }
        else
        {
            json.WriteNull("limit_pages");
            json.WriteNull("limit_bytes");
        }

        if (answer.Point is { } point)
        {
            json.WriteStartObject("at_limit");
            WritePoint(json, point);
            json.WriteEndObject();
        }

        json.WriteString("detail", answer.Detail);
        json.WriteEndObject();
    }

    private static void WritePoint(Utf8JsonWriter json, SizePoint point)
    {
        json.WriteNumber("limit_pages", point.LimitPages);
        json.WriteNumber("seed", point.Seed);
        WriteNumber(json, "slowdown", point.Slowdown);
        WriteNumber(json, "miss_ratio", point.MissRatio);
        json.WriteNumber("backing_pages", point.BackingPages);
        json.WriteNumber("fault_p50_ns", point.FaultP50Ns);
        json.WriteNumber("fault_p99_ns", point.FaultP99Ns);
        json.WriteNumber("step_p50_ns", point.StepP50Ns);
        json.WriteNumber("step_p99_ns", point.StepP99Ns);
        json.WriteBoolean("met", point.IsMet);
        json.WriteString("death", point.Death);
    }

    private static void WriteTogether(Utf8JsonWriter json, TogetherSizing? together)
    {
        json.WritePropertyName("together");
        if (together is null)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteNumber("sum_pages", together.SumPages);
        json.WriteNumber("machine_pages", together.MachinePages);
        json.WriteBoolean("fits", together.Fits);
        json.WriteNumber("backing_pages", together.BackingPages);
        json.WriteStartArray("sums");
        foreach ((double share, long? pages) in together.Sums)
        {
            json.WriteStartObject();
            WriteNumber(json, "share", share);
            WriteNumber(json, "pages", pages);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("cgroups");
        foreach (NeighbourSizing row in together.Rows)
        {
            json.WriteStartObject();
            json.WriteString("path", row.Path);
            json.WriteNumber("limit_pages", row.LimitPages);
            WriteNumber(json, "slowdown_alone", row.Alone);
            WriteNumber(json, "slowdown_together", row.Together);
            json.WriteBoolean("keeps", row.Keeps);
            json.WriteStartArray("slowed_by");
            foreach ((string path, double factor) in row.SlowedBy)
            {
                json.WriteStartObject();
                json.WriteString("path", path);
                WriteNumber(json, "factor", factor);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("death", row.Death);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteStrings(json, "others", together.Others);
        json.WriteEndObject();
    }

    private static void WriteLines(Utf8JsonWriter json, CgroupSizing one)
    {
        json.WritePropertyName("lines");
        if (one.Chosen?.LimitPages is not { } pages)
        {
            json.WriteNullValue();
            return;
        }

        json.WriteStartObject();
        json.WriteString("misc_max", LimitLines.MiscMax(one.Path, pages));
        json.WriteString("annotation", LimitLines.Annotation(one.Path, pages));
        json.WriteString("resource", LimitLines.Resource(pages));
        json.WriteString("hocon", LimitLines.Hocon(one.Path, pages));
        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> strings)
    {
        json.WriteStartArray(name);
        foreach (string one in strings)
        {
            json.WriteStringValue(one);
        }

        json.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
