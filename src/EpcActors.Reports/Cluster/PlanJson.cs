using System.Text;
using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// The plan of a cluster as one JSON object for scripts. The keys are a contract: keys may be added, none is renamed or
/// removed.
/// </summary>
public static class PlanJson
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes the plan as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, ClusterPlan plan)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(plan);
        using Utf8JsonWriter json = new(stream, Options);
        json.WriteStartObject();
        json.WriteString("scenario", plan.Scenario);
        json.WriteString("title", plan.Title);
        json.WriteString("kernel", plan.Kernel);
        json.WriteNumber("charge_batch", plan.ChargeBatch);
        json.WriteNumber("counter_batch", plan.CounterBatch);
        WriteProcesses(json, plan);
        WriteFaults(json, plan);
        WriteStrings(json, "injected", plan.Injected);
        WriteStrings(json, "problems", plan.Problems);
        json.WriteEndObject();
    }

    /// <summary>The same as a string.</summary>
    public static string ToJson(ClusterPlan plan)
    {
        using MemoryStream stream = new();
        Write(stream, plan);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteProcesses(Utf8JsonWriter json, ClusterPlan plan)
    {
        json.WriteStartArray("processes");
        foreach (ProcessPlan process in plan.Processes)
        {
            json.WriteStartObject();
            json.WriteNumber("member", process.Member);
            json.WriteStartArray("nodes");
            foreach (int node in process.Nodes)
            {
                json.WriteNumberValue(node);
            }

            json.WriteEndArray();
            json.WriteNumber("epc_pages", process.EpcPages);
            json.WriteNumber("cpus", process.Cpus);
            json.WriteNumber("threads", process.Threads);
            WriteStrings(json, "enclaves", process.Enclaves);
            WriteStrings(json, "guests", process.Guests);
            WriteStrings(json, "owned_cgroups", process.OwnedCgroups);
            json.WriteBoolean("ksgxd", process.HasKsgxd);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFaults(Utf8JsonWriter json, ClusterPlan plan)
    {
        json.WriteStartArray("faults");
        foreach (FaultPlan fault in plan.Faults)
        {
            json.WriteStartObject();
            json.WriteNumber("member", fault.Member);
            json.WriteString("cgroup", fault.Cgroup);
            json.WriteNumber("users", fault.Users);
            json.WriteNumber("levels", fault.Levels);
            json.WriteNumber("levels_elsewhere", fault.LevelsElsewhere);
            json.WriteNumber("counter_calls", fault.CounterCalls);
            json.WriteNumber("limit_calls", fault.LimitCalls);
            json.WriteNumber("take_page", fault.TakePage);
            json.WriteNumber("take_page_in_batch", Math.Round(fault.TakePageInBatch, 4));
            json.WriteNumber("give_back", fault.GiveBack);
            json.WriteNumber("give_back_in_batch", Math.Round(fault.GiveBackInBatch, 4));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStrings(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
