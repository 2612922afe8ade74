using System.Text;
using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// A run as one JSON object for scripts. The keys are a contract: keys may be added, none is renamed or removed. The
/// timeline is in metrics.csv and the events in trace.json.
/// </summary>
/// <remarks>
/// <c>elapsed_ns</c> is the time of the run, and every <c>…_ns</c> counts from its beginning. In a simulation it is
/// virtual, and <c>virtual_time_ns</c> says the same. In a live run (<c>live</c> is true) it is real;
/// <c>virtual_time_ns</c> and <c>trace_hash</c> are null, <c>profile</c> and <c>activities</c> are empty, slowdowns and
/// <c>busy_share</c> are null, and <c>live_run</c> has what only such a run can tell; <c>cluster</c> is there after a
/// run over several processes. An expectation with <c>judged</c> false was not met and says nothing against a live run.
/// </remarks>
public static class JsonReport
{
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n" };

    /// <summary>Writes the report as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(report);
        using Utf8JsonWriter json = new(stream, Options);
        WriteReport(json, report);
    }

    /// <summary>The same report as a string.</summary>
    public static string ToJson(RunReport report)
    {
        using MemoryStream stream = new();
        Write(stream, report);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteReport(Utf8JsonWriter json, RunReport r)
    {
        json.WriteStartObject();
        json.WriteString("verdict", Wording.Key(r.Verdict));
        json.WriteString("scenario", r.Scenario);
        json.WriteString("title", r.Title);
        json.WriteString("description", r.Description);
        json.WriteString("kernel", r.Kernel);
        json.WriteString("engine", r.Engine);
        json.WriteNumber("seed", r.Seed);
        json.WriteBoolean("live", r.Live is not null);
        if (r.Live is null)
        {
            json.WriteString("trace_hash", r.TraceHash);
            json.WriteNumber("virtual_time_ns", r.VirtualTimeNs);
        }
        else
        {
            json.WriteNull("trace_hash");
            json.WriteNull("virtual_time_ns");
        }

        json.WriteNumber("elapsed_ns", r.VirtualTimeNs);
        WriteNumber(json, "wall_time_ms", r.WallTimeMs);
        json.WriteNumber("steps", r.Steps);
        json.WriteString("replay_command", r.ReplayCommand);
        if (r.Live is { } live)
        {
            WriteLive(json, live);
        }

        if (r.Cluster is { } cluster)
        {
            WriteCluster(json, cluster);
        }

        if (r.WorkLeft > 0)
        {
            json.WriteNumber("work_left", r.WorkLeft);
            json.WriteNumber("cut_off_ns", r.CutOffNs);
        }

        WriteArray(json, "switches", r.Switches, WriteSwitch);
        WriteArray(json, "cgroups", r.Cgroups, WriteCgroup);
        WriteArray(json, "nodes", r.Nodes, WriteNode);
        json.WriteNumber("free_page_counter", r.FreePageCounter);
        WriteArray(json, "enclaves", r.Enclaves, WriteEnclave);
        WriteArray(json, "virtual_epcs", r.VirtualEpcs, WriteVirtualEpc);
        WriteArray(json, "memory_cgroups", r.MemoryCgroups, WriteMemoryCgroup);
        WriteMessages(json, r);
        WriteProfile(json, r.Profile);
        json.WriteStartObject("ksgxd");
        json.WriteNumber("wakeups", r.Ksgxd.Wakeups);
        json.WriteNumber("pages_reclaimed", r.Ksgxd.PagesReclaimed);
        WriteNumber(json, "busy_share", r.Ksgxd.BusyShare);
        json.WriteEndObject();
        WriteLatency(json, "fault_latency", r.FaultLatency, withBuckets: true);
        WriteArray(json, "expectations", r.Expectations, WriteExpectation);
        WriteStrings(json, "notes", r.Notes);
        WriteArray(json, "violations", r.Violations, WriteViolation);
        json.WriteEndObject();
    }

    private static void WriteLive(Utf8JsonWriter json, LiveReport live)
    {
        json.WriteStartObject("live_run");
        json.WriteNumber("workers", live.Workers);
        json.WriteNumber("resources", live.Resources);
        json.WriteNumber("tasks", live.Tasks);
        WriteNumber(json, "messages_per_second", live.MessagesPerSecond);
        json.WriteNumber("audits", live.Cuts);
        WriteNumber(json, "audit_ms", live.CutMs);
        WriteNumber(json, "longest_audit_ms", live.LongestCutMs);
        json.WriteNumber("script_actions_left", live.ActionsLeft);
        json.WriteEndObject();
    }

    private static void WriteCluster(Utf8JsonWriter json, ClusterReport cluster)
    {
        json.WriteStartObject("cluster");
        json.WriteNumber("views", cluster.Views);
        json.WriteNumber("audits", cluster.Audits);
        json.WriteNumber("dropped_audits", cluster.DroppedAudits);
        WriteNumber(json, "audit_ms", cluster.AuditMs);
        WriteNumber(json, "longest_audit_ms", cluster.LongestAuditMs);
        json.WriteBoolean("audited_at_the_end", cluster.WasAuditedAtTheEnd);
        WriteArray(json, "processes", cluster.Processes, WriteProcess);
        WriteArray(json, "deaths", cluster.Deaths, WriteDeath);
        json.WriteEndObject();
    }

    private static void WriteProcess(Utf8JsonWriter json, ProcessReport p)
    {
        json.WriteNumber("process", p.Member);
        json.WriteStartArray("sockets");
        foreach (int socket in p.Sockets)
        {
            json.WriteNumberValue(socket);
        }

        json.WriteEndArray();
        json.WriteString("host", p.Host);
        json.WriteNumber("pid", p.ProcessId);
        json.WriteNumber("lives", p.Incarnations);
        json.WriteBoolean("reported", p.HasReport);
        json.WriteString("missing", p.Missing);
        if (p.Verdict is { } verdict)
        {
            json.WriteString("verdict", Wording.Key(verdict));
        }
        else
        {
            json.WriteNull("verdict");
        }

        json.WriteNumber("steps", p.Steps);
        WriteNumber(json, "messages_per_second", p.MessagesPerSecond);
        json.WriteNumber("faults", p.Faults);
        json.WriteNumber("evictions", p.Evictions);
        json.WriteNumber("enclaves", p.Enclaves);
        json.WriteNumber("audits", p.Cuts);
        json.WriteNumber("violations", p.Violations);
        json.WriteNumber("frames_out", p.FramesOut);
        json.WriteNumber("frames_in", p.FramesIn);
        json.WriteNumber("bytes_out", p.BytesOut);
        json.WriteNumber("bytes_in", p.BytesIn);
        json.WriteNumber("frames_dropped", p.FramesDropped);
        json.WriteNumber("writes", p.Writes);
        json.WriteNumber("frames_sent_again", p.SentAgain);
        json.WriteNumber("frames_fenced", p.FencedFrames);
    }

    private static void WriteDeath(Utf8JsonWriter json, DeathReport d)
    {
        json.WriteNumber("process", d.Member);
        json.WriteNumber("life", d.Incarnation);
        json.WriteNumber("at_ns", d.AtNs);
        json.WriteString("reason", d.Reason);
        WriteNumber(json, "known_to_all_ns", d.InstalledNs);
        WriteNumber(json, "clean_audit_ns", d.CleanAuditNs);
        WriteNumber(json, "back_ns", d.BackNs);
    }

    private static void WriteSwitch(Utf8JsonWriter json, SwitchReport s)
    {
        json.WriteString("name", s.Name);
        json.WriteString("value", s.Value);
        json.WriteBoolean("overridden", s.IsOverridden);
    }

    private static void WriteCgroup(Utf8JsonWriter json, CgroupReport c)
    {
        json.WriteString("path", c.Path);
        WriteLimit(json, c.MaxBytes);
        json.WriteNumber("current", c.CurrentBytes);
        if (c.StockBytes is { } stock)
        {
            json.WriteNumber("in_stock", stock);
        }

        json.WriteNumber("peak", c.PeakBytes);
        json.WriteNumber("events", c.Events);
        json.WriteNumber("events_local", c.EventsLocal);
        json.WriteNumber("faults", c.Faults);
        json.WriteNumber("fault_retries", c.FaultRetries);
        json.WriteNumber("evictions", c.Evictions);
        json.WriteNumber("reloads", c.Reloads);
        json.WriteNumber("accesses", c.Accesses);
        WriteNumber(json, "slowdown", c.Slowdown);
        json.WriteBoolean("dying", c.IsDying);
        WriteLatency(json, "fault_latency", c.FaultLatency, withBuckets: false);
    }

    private static void WriteNode(Utf8JsonWriter json, NodeReport n)
    {
        json.WriteNumber("id", n.Id);
        json.WriteNumber("cpus", n.Cpus);
        json.WriteNumber("capacity_pages", n.CapacityPages);
        json.WriteNumber("free_pages", n.FreePages);
        json.WriteNumber("poisoned_pages", n.PoisonedPages);
        json.WriteNumber("allocations", n.Allocations);
        json.WriteNumber("remote_allocations", n.RemoteAllocations);
    }

    private static void WriteEnclave(Utf8JsonWriter json, EnclaveReport e)
    {
        json.WriteString("name", e.Name);
        json.WriteString("cgroup", e.Cgroup);
        json.WriteString("outcome", Wording.Key(e.Outcome));
        json.WriteBoolean("cut_off", e.IsCutOff);
        json.WriteNumber("faults", e.Faults);
        json.WriteNumber("accesses", e.Accesses);
        json.WriteNumber("evictions", e.Evictions);
        json.WriteNumber("reloads", e.Reloads);
        json.WriteNumber("resident_pages", e.ResidentPages);
        json.WriteNumber("swapped_pages", e.SwappedPages);
        json.WriteNumber("va_pages", e.VaPages);
        json.WriteNumber("start_ns", e.StartNs);
        json.WriteNumber("end_ns", e.EndNs);
        WriteNumber(json, "slowdown", e.Slowdown);
        json.WriteString("detail", e.Detail);
        WriteStrings(json, "why", e.Why);
        json.WriteNumber("least_pages", e.LeastPages);
        WriteArray(json, "steps", e.Steps, WriteStep);
    }

    private static void WriteStep(Utf8JsonWriter json, StepReport s)
    {
        json.WriteString("role", StepTexts.Key(s.Role));
        json.WriteNumber("number", s.Number);
        json.WriteString("name", s.Name);
        json.WriteString("text", s.Text);
        json.WriteNumber("time_ns", s.TimeNs);
        json.WriteBoolean("unfinished", s.IsUnfinished);
        json.WriteNumber("accesses", s.Accesses);
        json.WriteNumber("faults", s.Faults);
        json.WriteNumber("fault_ns", s.FaultNs);
        json.WriteNumber("reloads", s.Reloads);
        WriteNumber(json, "slowdown", s.Slowdown);
    }

    private static void WriteVirtualEpc(Utf8JsonWriter json, VirtualEpcReport v)
    {
        json.WriteString("name", v.Name);
        json.WriteString("cgroup", v.Cgroup);
        json.WriteString("outcome", Wording.Key(v.Outcome));
        json.WriteNumber("pages", v.Pages);
        json.WriteNumber("faults", v.Faults);
        json.WriteString("detail", v.Detail);
        WriteStrings(json, "why", v.Why);
    }

    private static void WriteMemoryCgroup(Utf8JsonWriter json, MemoryCgroupReport m)
    {
        json.WriteString("path", m.Path);
        WriteLimit(json, m.MaxBytes);
        json.WriteNumber("current", m.CurrentBytes);
        json.WriteNumber("peak", m.PeakBytes);
        json.WriteNumber("oom_kills", m.OomKills);
    }

    private static void WriteMessages(Utf8JsonWriter json, RunReport r)
    {
        json.WriteStartObject("messages");
        json.WriteStartObject("by_kind");
        foreach ((string kind, long count) in MessageSums.ByKind(r))
        {
            json.WriteNumber(kind, count);
        }

        json.WriteEndObject();
        WriteArray(json, "by_pair", MessageSums.ByPair(r), static (json, pair) =>
        {
            json.WriteString("asker", pair.Asker);
            json.WriteString("asked", pair.Resource);
            json.WriteNumber("count", pair.Count);
        });
        WriteArray(json, "by_message", r.Messages, static (json, one) =>
        {
            json.WriteString("message", one.Message);
            json.WriteString("kind", one.Kind);
            json.WriteString("asker", one.Asker);
            json.WriteString("asked", one.Resource);
            json.WriteNumber("count", one.Count);
        });
        json.WriteEndObject();
    }

    private static void WriteProfile(Utf8JsonWriter json, IReadOnlyList<ActivityReport> profile)
    {
        json.WriteStartObject("profile");
        foreach (ActivityReport a in profile)
        {
            WriteNumber(json, a.Activity, a.Share);
        }

        json.WriteEndObject();
        WriteArray(json, "activities", profile, static (json, a) =>
        {
            json.WriteString("activity", a.Activity);
            WriteNumber(json, "share", a.Share);
            json.WriteNumber("time_ns", a.TimeNs);
            json.WriteNumber("count", a.Count);
        });
    }

    private static void WriteLatency(Utf8JsonWriter json, string name, LatencyReport l, bool withBuckets)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", l.Count);
        json.WriteNumber("min_ns", l.MinNs);
        json.WriteNumber("p50_ns", l.P50Ns);
        json.WriteNumber("p90_ns", l.P90Ns);
        json.WriteNumber("p99_ns", l.P99Ns);
        json.WriteNumber("p999_ns", l.P999Ns);
        json.WriteNumber("max_ns", l.MaxNs);
        if (withBuckets)
        {
            WriteArray(json, "buckets", l.Buckets, static (json, b) =>
            {
                json.WriteNumber("up_to_ns", b.UpToNs);
                json.WriteNumber("count", b.Count);
            });
        }

        json.WriteEndObject();
    }

    private static void WriteExpectation(Utf8JsonWriter json, ExpectationReport e)
    {
        json.WriteString("text", e.Text);
        json.WriteBoolean("met", e.IsMet);
        json.WriteBoolean("judged", e.IsMet || e.IsUnmet);
        json.WriteString("found", e.Found);
        if (e.NotJudged.Length > 0)
        {
            json.WriteString("not_judged", e.NotJudged);
        }
    }

    private static void WriteViolation(Utf8JsonWriter json, ViolationReport v)
    {
        json.WriteString("rule", v.Rule);
        json.WriteNumber("at_ns", v.AtNs);
        json.WriteString("detail", v.Detail);
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

    private static void WriteArray<T>(
        Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> writeFields)
    {
        json.WriteStartArray(name);
        foreach (T item in items)
        {
            json.WriteStartObject();
            writeFields(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>As the file shows it: a number of bytes, or the word.</summary>
    private static void WriteLimit(Utf8JsonWriter json, long? bytes)
    {
        if (bytes is { } limit)
        {
            json.WriteNumber("max", limit);
        }
        else
        {
            json.WriteString("max", "max");
        }
    }

    /// <summary>JSON knows no NaN and no infinity; what was not measured is null.</summary>
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
