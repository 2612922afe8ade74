using System.Globalization;
using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// trace.json: the run for the Perfetto UI and chrome://tracing. A process is a NUMA node, a thread is a task, and
/// one more process carries the counters and the marks of the whole machine.
/// </summary>
public static class ChromeTrace
{
    private const int FlushBytes = 1 << 20;

    internal static readonly JsonWriterOptions Options = new() { NewLine = "\n" };

    /// <summary>Writes the trace as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, RunReport report)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(report);
        using Utf8JsonWriter json = new(stream, Options);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartObject("otherData");
        json.WriteString("scenario", report.Scenario);
        json.WriteString("kernel", report.Kernel);
        json.WriteString("engine", report.Engine);
        json.WriteString("seed", report.Seed.ToString(CultureInfo.InvariantCulture));
        json.WriteString("trace_hash", report.TraceHash);
        json.WriteEndObject();
        json.WriteStartArray("traceEvents");
        int machine = MachineProcess(report);
        WriteNames(json, report, machine);
        WriteTasks(json, report.TraceEvents);
        WriteCounters(json, report.Timeline, machine);
        foreach (TimelineMark mark in report.Timeline.Marks)
        {
            Begin(json, "i", mark.Text, machine, 0, mark.AtNs);
            json.WriteString("s", "g");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static int MachineProcess(RunReport report)
    {
        int highest = -1;
        foreach (NodeReport node in report.Nodes)
        {
            highest = Math.Max(highest, node.Id);
        }

        foreach (TraceEvent e in report.TraceEvents)
        {
            highest = Math.Max(highest, e.Process);
        }

        return highest + 1;
    }

    private static void WriteNames(Utf8JsonWriter json, RunReport report, int machine)
    {
        WriteMetadata(json, "process_name", machine, null, "name", "EPC of the machine");
        WriteMetadata(json, "process_sort_index", machine, null, "sort_index", -1);
        SortedSet<int> processes = [.. report.Nodes.Select(n => n.Id), .. report.TraceEvents.Select(e => e.Process)];
        foreach (int process in processes)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"node {process}");
            WriteMetadata(json, "process_name", process, null, "name", name);
            WriteMetadata(json, "process_sort_index", process, null, "sort_index", process);
        }

        SortedDictionary<(int Process, int Lane), string> lanes = [];
        foreach (TraceEvent e in report.TraceEvents)
        {
            lanes.TryAdd((e.Process, e.Lane), e.LaneName);
        }

        foreach (((int process, int lane), string name) in lanes)
        {
            WriteMetadata(json, "thread_name", process, lane, "name", name);
            WriteMetadata(json, "thread_sort_index", process, lane, "sort_index", lane);
        }
    }

    /// <summary>
    /// Spans of one lane must nest for the viewers: the longer of two that begin together goes first, and a span that
    /// would outlast the one it begins in is written as an asynchronous pair, which stands in a row of its own.
    /// </summary>
    private static void WriteTasks(Utf8JsonWriter json, IReadOnlyList<TraceEvent> events)
    {
        int[] order = [.. Enumerable.Range(0, events.Count)];
        Array.Sort(order, (a, b) =>
        {
            TraceEvent x = events[a];
            TraceEvent y = events[b];
            int difference = x.Process.CompareTo(y.Process);
            difference = difference != 0 ? difference : x.Lane.CompareTo(y.Lane);
            difference = difference != 0 ? difference : x.StartNs.CompareTo(y.StartNs);
            difference = difference != 0 ? difference : y.DurationNs.CompareTo(x.DurationNs);
            return difference != 0 ? difference : a.CompareTo(b);
        });
        Stack<long> openEnds = new();
        (int, int) lane = default;
        foreach (int i in order)
        {
            TraceEvent e = events[i];
            if (lane != (e.Process, e.Lane))
            {
                lane = (e.Process, e.Lane);
                openEnds.Clear();
            }

            if (e.Kind == TraceEventKind.Instant)
            {
                Begin(json, "i", e.Name, e.Process, e.Lane, e.StartNs);
                json.WriteString("s", "t");
                WriteDetail(json, e);
                json.WriteEndObject();
                continue;
            }

            long end = e.StartNs + e.DurationNs;
            while (openEnds.Count > 0 && openEnds.Peek() <= e.StartNs)
            {
                openEnds.Pop();
            }

            if (openEnds.Count > 0 && openEnds.Peek() < end)
            {
                WriteAsynchronous(json, e, "b", e.StartNs, i);
                WriteAsynchronous(json, e, "e", end, i);
                continue;
            }

            openEnds.Push(end);
            Begin(json, "X", e.Name, e.Process, e.Lane, e.StartNs);
            json.WriteNumber("dur", Microseconds(e.DurationNs));
            WriteDetail(json, e);
            json.WriteEndObject();
        }
    }

    private static void WriteAsynchronous(Utf8JsonWriter json, TraceEvent e, string phase, long atNs, int id)
    {
        Begin(json, phase, e.Name, e.Process, e.Lane, atNs);
        json.WriteString("cat", "overlapping");
        json.WriteString("id", string.Create(CultureInfo.InvariantCulture, $"0x{id:x}"));
        if (phase == "b")
        {
            WriteDetail(json, e);
        }

        json.WriteEndObject();
    }

    private static void WriteCounters(Utf8JsonWriter json, Timeline t, int machine)
    {
        (long, long)? previous = null;
        for (int i = 0; i < t.AtNs.Count; i++)
        {
            long free = 0;
            foreach (NodeTimeline node in t.Nodes)
            {
                free += i < node.FreePages.Count ? node.FreePages[i] : 0;
            }

            long counter = i < t.FreePageCounter.Count ? t.FreePageCounter[i] : 0;
            if (previous == (free, counter) && i < t.AtNs.Count - 1)
            {
                continue;
            }

            // Two tracks, not two series of one: viewers stack the series of a track, and these are to be compared.
            previous = (free, counter);
            WriteCounter(json, "free pages (lists)", machine, t.AtNs[i], "pages", free);
            WriteCounter(json, "free pages (counter)", machine, t.AtNs[i], "pages", counter);
        }

        foreach (CgroupTimeline cgroup in t.Cgroups)
        {
            long? last = null;
            for (int i = 0; i < Math.Min(t.AtNs.Count, cgroup.CurrentBytes.Count); i++)
            {
                if (last != cgroup.CurrentBytes[i] || i == t.AtNs.Count - 1)
                {
                    last = cgroup.CurrentBytes[i];
                    WriteCounter(json, "misc.current " + cgroup.Path, machine, t.AtNs[i], "bytes", last.Value);
                }
            }
        }
    }

    internal static void WriteCounter(
        Utf8JsonWriter json, string name, int process, long atNs, string series, long value)
    {
        Begin(json, "C", name, process, 0, atNs);
        json.WriteStartObject("args");
        json.WriteNumber(series, value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void WriteMetadata<T>(
        Utf8JsonWriter json, string name, int process, int? lane, string argument, T value)
    {
        json.WriteStartObject();
        json.WriteString("ph", "M");
        json.WriteString("name", name);
        json.WriteNumber("pid", process);
        json.WriteNumber("tid", lane ?? 0);
        json.WriteStartObject("args");
        if (value is int number)
        {
            json.WriteNumber(argument, number);
        }
        else
        {
            json.WriteString(argument, value?.ToString());
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    internal static void Begin(Utf8JsonWriter json, string phase, string name, int process, int lane, long atNs)
    {
        // The writer keeps everything until it is told otherwise, and a trace may be larger than memory likes.
        if (json.BytesPending > FlushBytes)
        {
            json.Flush();
        }

        json.WriteStartObject();
        json.WriteString("ph", phase);
        json.WriteString("name", name);
        json.WriteNumber("pid", process);
        json.WriteNumber("tid", lane);
        json.WriteNumber("ts", Microseconds(atNs));
    }

    private static void WriteDetail(Utf8JsonWriter json, TraceEvent e)
    {
        if (e.Detail.Length > 0)
        {
            json.WriteStartObject("args");
            json.WriteString("detail", e.Detail);
            json.WriteEndObject();
        }
    }

    /// <summary>The format counts in microseconds; decimal keeps the nanoseconds exact.</summary>
    private static decimal Microseconds(long ns) => ns / 1000m;
}
