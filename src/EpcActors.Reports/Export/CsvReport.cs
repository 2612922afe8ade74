using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// metrics.csv: what the misc files would have shown, one row per sample, in virtual time or, of a live run, in real
/// time. Fields are quoted as RFC 4180 says; lines end in a line feed, as the tools that read it on Linux like it. A
/// limit that is not set is <c>max</c>, as in the file; a latency without a fault is empty. Columns whose names end in
/// <c>_in_sample</c>, and the latencies, cover the time since the sample before; those that end in <c>_total</c>,
/// misc.peak and misc.events cover the time since the run began; all others are of the moment. docs/metrics.md lists
/// them.
/// </summary>
public static class CsvReport
{
    private static readonly string[] CgroupColumns =
        ["misc.current", "misc.max", "misc.peak", "misc.events", "misc.events.local"];

    /// <summary>Writes the header and one row per sample.</summary>
    public static void Write(TextWriter writer, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        Timeline t = report.Timeline;
        List<string> fields =
        [
            "t_ns", "free_pages", "free_page_counter",
            .. t.Nodes.Select(n => string.Create(CultureInfo.InvariantCulture, $"free_pages_node{n.Id}")),
            .. Counts(t).Select(one => one.Name + "_in_sample"),
            "fault_p50_ns", "fault_p99_ns",
            .. t.Cgroups.SelectMany(c => CgroupColumns.Select(column => $"{c.Path}:{column}")),
            .. Counts(t).Select(one => one.Name + "_total"),
        ];
        WriteRow(writer, fields);
        long[] totals = new long[Counts(t).Length];
        for (int i = 0; i < t.AtNs.Count; i++)
        {
            fields.Clear();
            fields.Add(Number(t.AtNs, i));
            fields.Add(FreePages(t, i));
            fields.Add(Number(t.FreePageCounter, i));
            fields.AddRange(t.Nodes.Select(n => Number(n.FreePages, i)));
            fields.AddRange(Counts(t).Select(one => Number(one.Values, i)));
            fields.Add(Latency(t.FaultP50Ns, i));
            fields.Add(Latency(t.FaultP99Ns, i));
            foreach (CgroupTimeline c in t.Cgroups)
            {
                fields.Add(Number(c.CurrentBytes, i));
                fields.Add(Limit(c.MaxBytes, i));
                fields.Add(Number(c.PeakBytes, i));
                fields.Add(Number(c.Events, i));
                fields.Add(Number(c.EventsLocal, i));
            }

            for (int k = 0; k < totals.Length; k++)
            {
                IReadOnlyList<long> values = Counts(t)[k].Values;
                totals[k] += i < values.Count ? values[i] : 0;
                fields.Add(i < values.Count ? totals[k].ToString(CultureInfo.InvariantCulture) : "");
            }

            WriteRow(writer, fields);
        }
    }

    private static (string Name, IReadOnlyList<long> Values)[] Counts(Timeline t) =>
        [("faults", t.Faults), ("fault_retries", t.FaultRetries), ("evictions", t.Evictions), ("reloads", t.Reloads)];

    private static string FreePages(Timeline t, int i) =>
        t.Nodes.Count == 0
            ? ""
            : t.Nodes.Sum(n => i < n.FreePages.Count ? n.FreePages[i] : 0).ToString(CultureInfo.InvariantCulture);

    private static string Latency(IReadOnlyList<long> values, int i) =>
        i < values.Count && values[i] > 0 ? Number(values, i) : "";

    /// <summary>A series that was not sampled leaves its column empty instead of pretending a nought.</summary>
    private static string Number(IReadOnlyList<long> values, int i) =>
        i < values.Count ? values[i].ToString(CultureInfo.InvariantCulture) : "";

    private static string Limit(IReadOnlyList<long?> values, int i) =>
        i >= values.Count ? "" : values[i]?.ToString(CultureInfo.InvariantCulture) ?? "max";

    internal static void WriteRow(TextWriter writer, IReadOnlyList<string> fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            if (i > 0)
            {
                writer.Write(',');
            }

            string field = fields[i];
            bool isPlain = field.AsSpan().IndexOfAny(",\"\r\n") < 0;
            writer.Write(isPlain ? field : "\"" + field.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"");
        }

        writer.Write('\n');
    }
}
