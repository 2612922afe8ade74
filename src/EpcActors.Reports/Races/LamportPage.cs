using System.Globalization;
using System.Text;
using System.Text.Json;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>
/// race.html: one schedule as a Lamport diagram in one file that can be mailed. It asks nothing of the network and says
/// so to the browser; without a script it is a drawing and a table, with one the reader steps through.
/// </summary>
public static class LamportPage
{
    private static readonly StepList[] Lists =
    [
        new("stack", "Kernel stack", "user space", IsNested: true), new("locks", "Locks held", "none"),
    ];

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer, RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(trace);
        HtmlWriter html = new(writer);
        LamportDiagram diagram = new(trace);
        StepPage.Begin(html, $"{trace.Id} ({trace.Variant}): {trace.Title}");
        WriteHeader(html, trace);
        html.Open("main");
        WriteDiagram(html, trace, diagram);
        WriteTable(html, trace, diagram);
        html.Close("main");
        StepPage.End(
            html,
            trace.Provenance.Length > 0
                ? $"EpcActors race laboratory. Found by: {trace.Provenance}."
                : "EpcActors race laboratory.",
            Data(trace, diagram));
    }

    private static void WriteHeader(HtmlWriter html, RaceTrace trace)
    {
        html.Open("header");
        html.Element("p", $"{trace.Id} · {trace.Variant}", ("class", "over"));
        html.Element("h1", trace.Title.Length > 0 ? trace.Title : trace.Id);
        string where =
            trace.CycleStart >= 1
                ? string.Create(CultureInfo.InvariantCulture, $"The cycle begins at step {trace.CycleStart}.")
            : trace.ViolatedAtStep >= 1
                ? string.Create(CultureInfo.InvariantCulture, $"Seen at step {trace.ViolatedAtStep}.")
            : "";
        StepPage.WriteVerdict(
            html,
            trace.Rule,
            string.Join(' ', new[] { RaceRows.Sentence(trace.Detail), where }.Where(t => t.Length > 0)));
        if (trace.Symptom.Length > 0)
        {
            html.Element("p", RaceRows.Sentence(trace.Symptom), ("class", "lead"));
        }

        html.Open("dl", ("class", "facts"));
        Fact(html, "kernel", trace.Kernel);
        Fact(html, "source", trace.Source);
        Fact(html, "closed by", trace.Fix);
        html.Close("dl");
        if (trace.Programs.Count > 0)
        {
            html.Open("ul", ("class", "programs"));
            foreach (string program in trace.Programs)
            {
                html.Open("li");
                html.Element("code", program);
                html.Close("li");
            }

            html.Close("ul");
        }

        if (trace.ReplayCommand.Length > 0)
        {
            StepPage.WriteCommand(html, trace.ReplayCommand, "Copy the command that replays this schedule");
        }

        html.Close("header");
    }

    private static void Fact(HtmlWriter html, string name, string value)
    {
        if (value.Length > 0)
        {
            html.Open("div");
            html.Element("dt", name);
            html.Element("dd", value);
            html.Close("div");
        }
    }

    private static void WriteDiagram(HtmlWriter html, RaceTrace trace, LamportDiagram diagram)
    {
        html.Open("section", ("id", "diagram"));
        html.Element("h2", "Order of the steps");
        WriteLegend(html, trace, diagram);
        if (diagram.Steps.Count < trace.Steps.Count)
        {
            html.Element(
                "p",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Drawn are the last {diagram.Steps.Count} of {Counted.Of(trace.Steps.Count, "step")}; the JSON "
                        + $"file has them all."),
                ("class", "cut"));
        }

        StepPage.WriteStage(
            html,
            diagram.Width,
            () =>
            {
                diagram.WriteHead(html);
                diagram.WriteBody(html);
            },
            diagram.Steps.Count,
            trace.Quantities.Count > 0 ? () => WriteQuantities(html, trace) : null,
            Lists);
        html.Close("section");
    }

    internal static void WriteLegend(HtmlWriter html, RaceTrace trace, LamportDiagram diagram)
    {
        html.Open("ul", ("class", "legend"), ("aria-label", "Legend"));
        StepPage.Key(html, "ask", "request");
        StepPage.Key(html, "answer", "answer");
        if (diagram.HasWaits)
        {
            StepPage.Key(html, "wait", "waits");
        }

        if (diagram.HasWakes)
        {
            StepPage.Key(html, "wake", "wakes");
        }

        if (trace.Conflict.First >= 1)
        {
            StepPage.Key(html, "clash", $"A, B: accesses that conflict; {RaceRows.DescribeConflict(trace)}");
        }

        for (int i = 0; i < diagram.Locks.Count; i++)
        {
            StepPage.Key(html, "lock " + LamportDiagram.ColourOf(i), "holds " + diagram.Locks[i]);
        }

        html.Close("ul");
    }

    private static void WriteQuantities(HtmlWriter html, RaceTrace trace)
    {
        html.Open("table", ("id", "values"));
        html.Element("caption", "After this step");
        html.Open("tbody");
        foreach (string quantity in trace.Quantities)
        {
            html.Open("tr");
            html.Element("th", quantity, ("scope", "row"));
            html.Element("td", "", ("class", "n"));
            html.Element("td", "", ("class", "n change"));
            html.Close("tr");
        }

        html.Close("tbody");
        html.Close("table");
    }

    private static void WriteTable(HtmlWriter html, RaceTrace trace, LamportDiagram diagram)
    {
        html.Open("details", ("id", "words"));
        html.Element("summary", "All steps as a table");
        html.Open("div", ("class", "scroll"));
        html.Open("table");
        html.Open("thead");
        html.Open("tr");
        html.Element("th", "step", ("class", "n"), ("scope", "col"));
        foreach (string head in (ReadOnlySpan<string>)["task", "function", "statement"])
        {
            html.Element("th", head, ("scope", "col"));
        }

        foreach (string quantity in trace.Quantities)
        {
            html.Element("th", quantity, ("class", "n"), ("scope", "col"));
        }

        html.Element("th", "notes", ("scope", "col"));
        html.Close("tr");
        html.Close("thead");
        html.Open("tbody");
        foreach (RaceStep step in diagram.Steps)
        {
            string mark = RaceRows.Mark(trace, step);
            html.Open("tr", ("class", RaceRows.IsViolated(trace, step) ? "bad" : mark.Length > 0 ? "clash" : null));
            html.Element("td", step.Number.ToString(CultureInfo.InvariantCulture), ("class", "n"));
            html.Element("td", RaceRows.TaskName(trace, step.Task));
            html.Open("td");
            html.Element("code", KernelFunctions.Innermost(step).Located);
            html.Close("td");
            html.Open("td", ("class", "prose"));
            html.Element(
                "code",
                mark.Length > 0 ? $"{mark} {KernelWords.Phrase(trace, step)}" : KernelWords.Phrase(trace, step));
            html.Close("td");
            for (int i = 0; i < trace.Quantities.Count; i++)
            {
                html.Element(
                    "td",
                    RaceValues.After(step, i)?.ToString(CultureInfo.InvariantCulture) ?? "",
                    ("class", "n"));
            }

            string violated = RaceRows.IsViolated(trace, step) ? $"violated: {trace.Rule}" : "";
            html.Element(
                "td",
                string.Join("; ", RaceRows.Margin(trace, step).Append(violated).Where(t => t.Length > 0)),
                ("class", "prose"));
            html.Close("tr");
        }

        html.Close("tbody");
        html.Close("table");
        html.Close("div");
        html.Close("details");
    }

    /// <summary>
    /// Data that the script shows beside the drawing. The writer of JSON escapes what HTML would read as markup.
    /// </summary>
    private static string Data(RaceTrace trace, LamportDiagram diagram)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("row", LamportDiagram.RowHeight);
            IReadOnlyList<RaceStep> steps = diagram.Steps;
            json.WriteStartArray("before");
            for (int i = 0; i < trace.Quantities.Count; i++)
            {
                Value(
                    json,
                    steps.Count > 0 ? RaceValues.Before(trace, steps[0], i)
                        : i < trace.Before.Count ? trace.Before[i]
                        : null);
            }

            json.WriteEndArray();
            json.WriteStartArray("steps");
            foreach (RaceStep step in steps)
            {
                json.WriteStartObject();
                json.WriteNumber("number", step.Number);
                json.WriteString(
                    "who",
                    RaceRows.TaskName(trace, step.Task) + (step.Operation.Length > 0 ? $": {step.Operation}" : ""));
                string mark = RaceRows.Mark(trace, step);
                json.WriteString(
                    "phrase",
                    mark.Length > 0 ? $"{mark} {KernelWords.Phrase(trace, step)}" : KernelWords.Phrase(trace, step));
                IEnumerable<string> margin = RaceRows.Margin(trace, step);
                json.WriteString(
                    "margin",
                    string.Join(
                        "\n",
                        RaceRows.IsViolated(trace, step) ? margin.Append($"✗ violated: {trace.Rule}") : margin));
                json.WriteBoolean("bad", RaceRows.IsViolated(trace, step));
                StepPage.Strings(json, "stack", KernelWords.Stack(step));
                StepPage.Strings(json, "locks", step.Locks);
                json.WriteString("message", Message(trace, step));
                json.WriteStartArray("values");
                for (int i = 0; i < trace.Quantities.Count; i++)
                {
                    Value(json, RaceValues.After(step, i));
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    internal static string Message(RaceTrace trace, RaceStep step)
    {
        string lane =
            step.Resource >= 0 && step.Resource < trace.Resources.Count
                ? $" to {trace.Resources[step.Resource].Name}"
                : "";
        string request = string.Join(", ", step.Request.Select(f => $"{f.Key} = {f.Value}"));
        string answer = step.IsParked ? "parked" : string.Join(", ", step.Answer.Select(f => $"{f.Key} = {f.Value}"));
        return step.Message
            + lane
            + (request.Length > 0 ? $" ({request})" : "")
            + (answer.Length > 0 ? $" → {answer}" : "");
    }

    private static void Value(Utf8JsonWriter json, long? value)
    {
        if (value is { } number)
        {
            // As text: a script's numbers end at 2^53.
            json.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
        }
        else
        {
            json.WriteNullValue();
        }
    }
}
