using System.Text.Json;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// One schedule of a race for the Perfetto UI and chrome://tracing: a thread per task with the kernel's functions
/// nested and a slice for each step, arrows from the waker to the woken task, counters for the quantities. A step takes
/// one microsecond.
/// </summary>
public static class RaceChromeTrace
{
    private const long StepNs = 1000;
    private const int Process = 1;

    /// <summary>Writes the trace as UTF-8; the stream stays open.</summary>
    public static void Write(Stream stream, RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(trace);
        using Utf8JsonWriter json = new(stream, ChromeTrace.Options);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ns");
        json.WriteStartObject("otherData");
        json.WriteString("race", trace.Id);
        json.WriteString("variant", trace.Variant);
        json.WriteString("kernel", trace.Kernel);
        json.WriteString("rule", trace.Rule);
        json.WriteString("replay_command", trace.ReplayCommand);
        json.WriteEndObject();
        json.WriteStartArray("traceEvents");
        ChromeTrace.WriteMetadata(json, "process_name", Process, null, "name", $"{trace.Id} ({trace.Variant})");
        for (int task = 0; task < trace.Tasks.Count; task++)
        {
            ChromeTrace.WriteMetadata(
                json,
                "thread_name",
                Process,
                task + 1,
                "name",
                ColumnWidths.Head(trace.Tasks[task]));
            ChromeTrace.WriteMetadata(json, "thread_sort_index", Process, task + 1, "sort_index", task + 1);
        }

        for (int task = 0; task < trace.Tasks.Count; task++)
        {
            WriteTask(json, trace, task);
        }

        WriteWakes(json, trace);
        WriteQuantities(json, trace);
        WriteViolation(json, trace);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static long StartNs(int index) => index * StepNs;

    /// <summary>
    /// Writes the slices of one task: a function lasts from its first step to its last, across steps of other tasks; a
    /// wait until the task's next step.
    /// </summary>
    private static void WriteTask(Utf8JsonWriter json, RaceTrace trace, int task)
    {
        int[] own = [.. Enumerable.Range(0, trace.Steps.Count).Where(i => trace.Steps[i].Task == task)];
        string[][] stacks =
        [
            .. own.Select(i => KernelFunctions.Stack(trace.Steps[i]).Select(f => f.Located).ToArray()),
        ];
        for (int at = 0; at < own.Length; at++)
        {
            RaceStep step = trace.Steps[own[at]];
            for (int depth = 0; depth < stacks[at].Length; depth++)
            {
                if (at == 0 || Shared(stacks[at - 1], stacks[at]) <= depth)
                {
                    int last = at;
                    while (last + 1 < own.Length && Shared(stacks[last], stacks[last + 1]) > depth)
                    {
                        last++;
                    }

                    Slice(json, stacks[at][depth], "function", task, StartNs(own[at]), EndNs(trace, own, last));
                    json.WriteEndObject();
                }
            }

            string mark = RaceRows.Mark(trace, step);
            string phrase = KernelWords.Phrase(trace, step);
            Slice(
                json,
                mark.Length > 0 ? $"{mark} {phrase}" : phrase,
                step.IsParked ? "wait" : "step",
                task,
                StartNs(own[at]),
                EndNs(trace, own, at));
            WriteArguments(json, trace, step);
            json.WriteEndObject();
        }
    }

    private static long EndNs(RaceTrace trace, int[] own, int at)
    {
        if (!trace.Steps[own[at]].IsParked)
        {
            return StartNs(own[at] + 1);
        }

        return StartNs(at + 1 < own.Length ? own[at + 1] : trace.Steps.Count);
    }

    private static int Shared(string[] before, string[] now)
    {
        int shared = 0;
        while (shared < before.Length && shared < now.Length && before[shared] == now[shared])
        {
            shared++;
        }

        return shared;
    }

    private static void Slice(Utf8JsonWriter json, string name, string category, int task, long startNs, long endNs)
    {
        ChromeTrace.Begin(json, "X", name, Process, task + 1, startNs);
        json.WriteNumber("dur", (endNs - startNs) / 1000m);
        json.WriteString("cat", category);
    }

    private static void WriteArguments(Utf8JsonWriter json, RaceTrace trace, RaceStep step)
    {
        json.WriteStartObject("args");
        json.WriteNumber("step", step.Number);
        json.WriteString("message", step.Message);
        if (step.Resource >= 0 && step.Resource < trace.Resources.Count)
        {
            json.WriteString("resource", trace.Resources[step.Resource].Name);
        }

        WriteText(json, "operation", step.Operation);
        WriteText(json, "request", string.Join(", ", step.Request.Select(f => $"{f.Key} = {f.Value}")));
        WriteText(json, "answer", string.Join(", ", step.Answer.Select(f => $"{f.Key} = {f.Value}")));
        WriteText(json, "locks", string.Join(", ", step.Locks));
        WriteText(json, "margin", string.Join(", ", RaceRows.Margin(trace, step)));
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, text);
        }
    }

    /// <summary>
    /// An arrow leaves in the middle of a step and arrives in the middle of the next step of the task that it wakes.
    /// </summary>
    private static void WriteWakes(Utf8JsonWriter json, RaceTrace trace)
    {
        int id = 0;
        for (int i = 0; i < trace.Steps.Count; i++)
        {
            foreach (int woken in trace.Steps[i].Wakes.Where(w => w >= 0 && w < trace.Tasks.Count))
            {
                int next = i + 1;
                while (next < trace.Steps.Count && trace.Steps[next].Task != woken)
                {
                    next++;
                }

                if (next == trace.Steps.Count)
                {
                    continue;
                }

                id++;
                ChromeTrace.Begin(json, "s", "wakes", Process, trace.Steps[i].Task + 1, StartNs(i) + (StepNs / 2));
                json.WriteString("cat", "wakes");
                json.WriteNumber("id", id);
                json.WriteEndObject();
                ChromeTrace.Begin(json, "f", "wakes", Process, woken + 1, StartNs(next) + (StepNs / 2));
                json.WriteString("cat", "wakes");
                json.WriteNumber("id", id);
                json.WriteString("bp", "e");
                json.WriteEndObject();
            }
        }
    }

    private static void WriteQuantities(Utf8JsonWriter json, RaceTrace trace)
    {
        for (int quantity = 0; quantity < trace.Quantities.Count; quantity++)
        {
            long? last = null;
            if (quantity < trace.Before.Count)
            {
                last = trace.Before[quantity];
                ChromeTrace.WriteCounter(json, trace.Quantities[quantity], Process, 0, "value", last.Value);
            }

            for (int i = 0; i < trace.Steps.Count; i++)
            {
                if (
                    RaceValues.After(trace.Steps[i], quantity) is { } now
                    && (now != last || i == trace.Steps.Count - 1))
                {
                    last = now;
                    ChromeTrace.WriteCounter(json, trace.Quantities[quantity], Process, StartNs(i + 1), "value", now);
                }
            }
        }
    }

    private static void WriteViolation(Utf8JsonWriter json, RaceTrace trace)
    {
        if (trace.Rule.Length == 0)
        {
            return;
        }

        int at = trace.Steps.Count - 1;
        for (int i = 0; i < trace.Steps.Count; i++)
        {
            at = RaceRows.IsViolated(trace, trace.Steps[i]) ? i : at;
        }

        ChromeTrace.Begin(json, "i", $"violated: {trace.Rule}", Process, 0, StartNs(at + 1));
        json.WriteString("s", "g");
        json.WriteStartObject("args");
        json.WriteString("detail", trace.Detail);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
