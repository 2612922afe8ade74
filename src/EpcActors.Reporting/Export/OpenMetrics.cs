using System.Globalization;
using System.Text;
using EpcActors.Lab.Results;

namespace EpcActors.Reporting;

/// <summary>
/// The end of a run in the OpenMetrics text format. Names that operators know are kept: <c>sgx_nr_*</c> of the
/// out-of-tree driver's exporters, <c>container_misc_*</c> of cAdvisor with the cgroup in the label <c>id</c>;
/// <c>epc_*</c> is for what has no name anywhere.
/// </summary>
public static class OpenMetrics
{
    private const string Resource = "sgx_epc";

    private static readonly (string Name, Func<LatencyReport, long> Ns)[] Quantiles =
        [("0.5", l => l.P50Ns), ("0.9", l => l.P90Ns), ("0.99", l => l.P99Ns), ("0.999", l => l.P999Ns)];

    /// <summary>Writes all metric families and the end mark.</summary>
    public static void Write(TextWriter writer, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        WriteRun(writer, report);
        WriteDriver(writer, report);
        WriteNodes(writer, report);
        WriteCgroups(writer, report);
        WriteMemoryCgroups(writer, report);
        WriteEnclaves(writer, report);
        WriteActivities(writer, report);
        WriteLatencies(writer, report);
        writer.Write("# EOF\n");
    }

    private static void WriteRun(TextWriter writer, RunReport r)
    {
        Head(writer, "epc_run", "info", "", "What was run and how it ended.");
        Sample(writer, "epc_run_info", "1", ("scenario", r.Scenario), ("kernel", r.Kernel), ("engine", r.Engine),
            ("seed", r.Seed.ToString(CultureInfo.InvariantCulture)), ("trace_hash", r.TraceHash),
            ("verdict", Wording.Key(r.Verdict)));
        if (r.Live is { } live)
        {
            One(writer, "epc_elapsed_seconds", "gauge", "seconds", "Real time from the beginning of the run to its end.", Seconds(r.VirtualTimeNs));
            One(writer, "epc_live_audits", "gauge", "", "Audits of a cut while the actors went on.", Number(live.Cuts));
        }
        else
        {
            One(writer, "epc_virtual_time_seconds", "gauge", "seconds", "Virtual time at the end.",
                Seconds(r.VirtualTimeNs));
        }

        One(writer, "epc_wall_time_seconds", "gauge", "seconds", "Host time the run took.",
            Number(r.WallTimeMs / 1000));
        Head(writer, "epc_steps", "counter", "", "Critical sections executed.");
        Sample(writer, "epc_steps_total", Number(r.Steps));
        Head(writer, "epc_violations", "gauge", "", "Broken rules.");
        foreach (IGrouping<string, ViolationReport> rule in r.Violations.GroupBy(v => v.Rule))
        {
            Sample(writer, "epc_violations", Number(rule.Count()), ("rule", rule.Key));
        }
    }

    /// <summary>
    /// The driver's counters have no <c>_total</c>, which a counter needs here: their type stays unknown so that the
    /// names fit the dashboards that exist.
    /// </summary>
    private static void WriteDriver(TextWriter writer, RunReport r)
    {
        long capacity = r.Nodes.Sum(n => n.CapacityPages);
        CgroupReport? root = r.Cgroups.FirstOrDefault(c => c.Path == "/");
        One(writer, "sgx_nr_epc_sections", "gauge", "", "EPC sections, one per NUMA node.", Number(r.Nodes.Count));
        One(writer, "sgx_nr_total_epc_pages", "gauge", "pages", "EPC pages of the machine.", Number(capacity));
        One(writer, "sgx_nr_free_pages", "gauge", "pages", "Free pages as the kernel's counter has it.",
            Number(r.FreePageCounter));
        One(writer, "sgx_nr_low_pages", "gauge", "pages", "Below it the allocator wakes ksgxd.",
            Number(r.Timeline.LowPages));
        One(writer, "sgx_nr_high_pages", "gauge", "pages", "Below it ksgxd goes on.", Number(r.Timeline.HighPages));
        One(writer, "sgx_nr_enclaves", "gauge", "", "Enclaves still at work at the end.",
            Number(r.Enclaves.Count(e => e.Outcome is EnclaveOutcome.Running or EnclaveOutcome.Hung)));
        One(writer, "sgx_nr_evicted", "unknown", "", "Pages written out.",
            Number(root?.Evictions ?? r.Enclaves.Sum(e => e.Evictions)));
        One(writer, "sgx_loaded_back", "unknown", "", "Pages loaded back.",
            Number(root?.Reloads ?? r.Enclaves.Sum(e => e.Reloads)));
    }

    private static void WriteNodes(TextWriter writer, RunReport r)
    {
        PerNode(writer, r, "epc_node_capacity_pages", "gauge", "pages", "EPC pages of a node.", n => n.CapacityPages);
        PerNode(writer, r, "epc_node_free_pages", "gauge", "pages", "Length of a node's free list.", n => n.FreePages);
        PerNode(writer, r, "epc_node_poisoned_pages", "gauge", "pages", "Pages lost to memory failures.",
            n => n.PoisonedPages);
        PerNode(writer, r, "epc_node_allocations", "counter", "", "Pages allocated from a node.", n => n.Allocations);
        PerNode(writer, r, "epc_node_remote_allocations", "counter", "", "Of those, for a CPU of another node.",
            n => n.RemoteAllocations);
    }

    private static void PerNode(TextWriter writer, RunReport r, string family, string type, string unit, string help,
        Func<NodeReport, long> value)
    {
        Head(writer, family, type, unit, help);
        foreach (NodeReport n in r.Nodes)
        {
            Sample(writer, type == "counter" ? family + "_total" : family, Number(value(n)),
                ("node", n.Id.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static void WriteCgroups(TextWriter writer, RunReport r)
    {
        PerCgroup(writer, r, "container_misc_usage_bytes", "gauge", "bytes", "misc.current.",
            c => Number(c.CurrentBytes), isMisc: true);
        PerCgroup(writer, r, "container_misc_max_bytes", "gauge", "bytes", "misc.max; +Inf for max.",
            c => c.MaxBytes is { } max ? Number(max) : "+Inf", isMisc: true);
        PerCgroup(writer, r, "container_misc_peak_bytes", "gauge", "bytes", "misc.peak.",
            c => Number(c.PeakBytes), isMisc: true);
        PerCgroup(writer, r, "container_misc_events", "counter", "", "misc.events.",
            c => Number(c.Events), isMisc: true);
        PerCgroup(writer, r, "container_misc_events_local", "counter", "", "misc.events.local.",
            c => Number(c.EventsLocal), isMisc: true);
        PerCgroup(writer, r, "epc_faults", "counter", "", "Page faults served.", c => Number(c.Faults));
        PerCgroup(writer, r, "epc_fault_retries", "counter", "", "Faults that got no page and were tried again.",
            c => Number(c.FaultRetries));
        PerCgroup(writer, r, "epc_evictions", "counter", "", "Pages written out.", c => Number(c.Evictions));
        PerCgroup(writer, r, "epc_reloads", "counter", "", "Pages loaded back.", c => Number(c.Reloads));
        PerCgroup(writer, r, "epc_accesses", "counter", "", "Page accesses.", c => Number(c.Accesses));
        PerCgroup(writer, r, "epc_slowdown_ratio", "gauge", "ratio", "Times slower than with enough EPC and no limit.",
            c => c.Slowdown is { } slowdown ? Number(slowdown) : null);
    }

    private static void PerCgroup(TextWriter writer, RunReport r, string family, string type, string unit, string help,
        Func<CgroupReport, string?> value, bool isMisc = false)
    {
        Head(writer, family, type, unit, help);
        string name = type == "counter" ? family + "_total" : family;
        foreach (CgroupReport c in r.Cgroups)
        {
            if (value(c) is not { } number)
            {
                continue;
            }

            if (isMisc)
            {
                Sample(writer, name, number, ("id", c.Path), ("resource", Resource));
            }
            else
            {
                Sample(writer, name, number, ("id", c.Path));
            }
        }
    }

    private static void WriteMemoryCgroups(TextWriter writer, RunReport r)
    {
        Head(writer, "epc_backing_usage_bytes", "gauge", "bytes", "memory.current: backing store of swapped pages.");
        foreach (MemoryCgroupReport m in r.MemoryCgroups)
        {
            Sample(writer, "epc_backing_usage_bytes", Number(m.CurrentBytes), ("id", m.Path));
        }

        Head(writer, "epc_backing_max_bytes", "gauge", "bytes", "memory.max; +Inf for max.");
        foreach (MemoryCgroupReport m in r.MemoryCgroups)
        {
            Sample(writer, "epc_backing_max_bytes", m.MaxBytes is { } max ? Number(max) : "+Inf", ("id", m.Path));
        }

        Head(writer, "epc_backing_oom_kills", "counter", "", "Processes taken by the out-of-memory killer.");
        foreach (MemoryCgroupReport m in r.MemoryCgroups)
        {
            Sample(writer, "epc_backing_oom_kills_total", Number(m.OomKills), ("id", m.Path));
        }
    }

    private static void WriteEnclaves(TextWriter writer, RunReport r)
    {
        Head(writer, "epc_enclaves", "gauge", "", "Enclaves by how they ended.");
        foreach (EnclaveOutcome outcome in Enum.GetValues<EnclaveOutcome>())
        {
            Sample(writer, "epc_enclaves", Number(r.Enclaves.Count(e => e.Outcome == outcome)),
                ("outcome", Wording.Key(outcome)));
        }
    }

    private static void WriteActivities(TextWriter writer, RunReport r)
    {
        Head(writer, "epc_activity_seconds", "counter", "seconds", "CPU time by activity.");
        foreach (IGrouping<string, ActivityReport> activity in r.Profile.GroupBy(a => a.Activity))
        {
            Sample(writer, "epc_activity_seconds_total", Seconds(activity.Sum(a => a.TimeNs)),
                ("activity", activity.Key));
        }

        Head(writer, "epc_ksgxd_wakeups", "counter", "", "Times the reclaimer thread was woken.");
        Sample(writer, "epc_ksgxd_wakeups_total", Number(r.Ksgxd.Wakeups));
        Head(writer, "epc_ksgxd_reclaimed_pages", "counter", "pages", "Pages reclaimed by ksgxd.");
        Sample(writer, "epc_ksgxd_reclaimed_pages_total", Number(r.Ksgxd.PagesReclaimed));
        if (r.Ksgxd.BusyShare is { } share)
        {
            One(writer, "epc_ksgxd_busy_ratio", "gauge", "ratio", "Share of virtual time ksgxd was at work.",
                Number(share));
        }
    }

    private static void WriteLatencies(TextWriter writer, RunReport r)
    {
        // No _sum is known, and the format wants _count only together with it.
        Head(writer, "epc_fault_latency_seconds", "histogram", "seconds", "Latency of page faults.");
        long below = 0;
        foreach (LatencyBucket bucket in r.FaultLatency.Buckets)
        {
            below += bucket.Count;
            Sample(writer, "epc_fault_latency_seconds_bucket", Number(below), ("le", Seconds(bucket.UpToNs)));
        }

        Sample(writer, "epc_fault_latency_seconds_bucket", Number(Math.Max(below, r.FaultLatency.Count)),
            ("le", "+Inf"));
        Head(writer, "epc_cgroup_fault_latency_seconds", "summary", "seconds", "Latency of page faults of a cgroup.");
        foreach (CgroupReport c in r.Cgroups.Where(c => c.FaultLatency.Count > 0))
        {
            foreach ((string quantile, Func<LatencyReport, long> ns) in Quantiles)
            {
                Sample(writer, "epc_cgroup_fault_latency_seconds", Seconds(ns(c.FaultLatency)), ("id", c.Path),
                    ("quantile", quantile));
            }
        }
    }

    private static void One(TextWriter writer, string family, string type, string unit, string help, string value)
    {
        Head(writer, family, type, unit, help);
        Sample(writer, family, value);
    }

    private static void Head(TextWriter writer, string family, string type, string unit, string help)
    {
        writer.Write($"# TYPE {family} {type}\n");
        // A unit must be the end of the name; the driver's names say it otherwise.
        if (unit.Length > 0 && family.EndsWith("_" + unit, StringComparison.Ordinal))
        {
            writer.Write($"# UNIT {family} {unit}\n");
        }

        writer.Write($"# HELP {family} {help}\n");
    }

    private static void Sample(
        TextWriter writer, string name, string value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        writer.Write(name);
        for (int i = 0; i < labels.Length; i++)
        {
            writer.Write(i == 0 ? '{' : ',');
            writer.Write(labels[i].Name);
            writer.Write("=\"");
            writer.Write(Escape(labels[i].Value));
            writer.Write('"');
        }

        writer.Write(labels.Length > 0 ? "} " : " ");
        writer.Write(value);
        writer.Write('\n');
    }

    private static string Escape(string value) =>
        new StringBuilder(value).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n").ToString();

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) =>
        double.IsNaN(value) ? "NaN"
        : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf")
        : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Nanoseconds are whole: decimal writes them without rounding and without an exponent.</summary>
    private static string Seconds(long ns) =>
        (ns / 1_000_000_000m).ToString("0.0########", CultureInfo.InvariantCulture);
}
