using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
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
    private const string Style = "lamport.css";
    private const string Script = "lamport.js";

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer, RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(trace);
        HtmlWriter html = new(writer);
        LamportDiagram diagram = new(trace);
        html.Doctype();
        html.Open("html", ("lang", "en"));
        html.Open("head");
        html.Empty("meta", ("charset", "utf-8"));
        html.Empty(
            "meta",
            ("http-equiv", "Content-Security-Policy"),
            (
                "content",
                $"default-src 'none'; style-src '{Hash("report.css")}' '{Hash(Style)}'; script-src '{Hash(Script)}'; "
                    + "base-uri 'none'; form-action 'none'"));
        html.Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Empty("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Element("title", $"{trace.Id} ({trace.Variant}): {trace.Title}");
        html.Resource("style", "report.css");
        html.Resource("style", Style);
        html.Close("head");
        html.Open("body");
        WriteHeader(html, trace);
        html.Open("main");
        WriteDiagram(html, trace, diagram);
        WriteTable(html, trace, diagram);
        html.Close("main");
        html.Open("footer");
        html.Element(
            "p",
            trace.Provenance.Length > 0
                ? $"EpcActors race laboratory. Found by: {trace.Provenance}."
                : "EpcActors race laboratory.");
        html.Close("footer");
        html.Element("script", Data(trace, diagram), ("type", "application/json"), ("id", "race"));
        html.Resource("script", Script);
        html.Close("body");
        html.Close("html");
    }

    private static void WriteHeader(HtmlWriter html, RaceTrace trace)
    {
        bool isBroken = trace.Rule.Length > 0;
        html.Open("header");
        html.Element("p", $"{trace.Id} · {trace.Variant}", ("class", "over"));
        html.Element("h1", trace.Title.Length > 0 ? trace.Title : trace.Id);
        html.Open("div", ("class", isBroken ? "verdict violation" : "verdict pass"));
        html.Element("span", isBroken ? "✗" : "✓", ("class", "sign"), ("aria-hidden", "true"));
        html.Open("div");
        html.Element("strong", isBroken ? $"violated: {trace.Rule}" : "no rule is violated");
        string where =
            trace.CycleStart >= 1
                ? string.Create(CultureInfo.InvariantCulture, $"The cycle begins at step {trace.CycleStart}.")
            : trace.ViolatedAtStep >= 1
                ? string.Create(CultureInfo.InvariantCulture, $"Seen at step {trace.ViolatedAtStep}.")
            : "";
        html.Element(
            "span",
            string.Join(' ', new[] { RaceRows.Sentence(trace.Detail), where }.Where(t => t.Length > 0)));
        html.Close("div");
        html.Close("div");
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
            html.Open("div", ("class", "replay"));
            html.Open("pre", ("class", "command"));
            html.Element("code", trace.ReplayCommand, ("id", "command"));
            html.Close("pre");
            html.Element(
                "button",
                "Copy",
                ("type", "button"),
                ("id", "copy"),
                ("hidden", ""),
                ("aria-label", "Copy the command that replays this schedule"));
            html.Close("div");
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

        html.Open("div", ("class", $"stage {RoomFor(diagram.Width)}"));
        html.Open(
            "div",
            ("class", "drawing"),
            ("id", "drawing"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Lamport diagram"));
        diagram.WriteHead(html);
        diagram.WriteBody(html);
        html.Close("div");
        WritePanel(html, trace, diagram);
        html.Close("div");
        html.Close("section");
    }

    /// <summary>Class of the style sheet for the window width at which the panel fits beside the drawing.</summary>
    private static string RoomFor(double width) => width switch
    {
        <= 540 => "s",
        <= 840 => "m",
        <= 1140 => "l",
        _ => "xl",
    };

    internal static void WriteLegend(HtmlWriter html, RaceTrace trace, LamportDiagram diagram)
    {
        html.Open("ul", ("class", "legend"), ("aria-label", "Legend"));
        Key(html, "ask", "request");
        Key(html, "answer", "answer");
        if (diagram.HasWaits)
        {
            Key(html, "wait", "waits");
        }

        if (diagram.HasWakes)
        {
            Key(html, "wake", "wakes");
        }

        if (trace.Conflict.First >= 1)
        {
            Key(html, "clash", $"A, B: accesses that conflict; {RaceRows.DescribeConflict(trace)}");
        }

        for (int i = 0; i < diagram.Locks.Count; i++)
        {
            Key(html, "lock " + LamportDiagram.ColourOf(i), "holds " + diagram.Locks[i]);
        }

        html.Close("ul");
    }

    private static void Key(HtmlWriter html, string kind, string text)
    {
        html.Open("li", ("class", "key"));
        html.Open(
            "svg",
            ("class", "swatch"),
            ("viewBox", "0 0 26 12"),
            ("width", "26"),
            ("height", "12"),
            ("aria-hidden", "true"));
        if (kind.StartsWith("lock", StringComparison.Ordinal))
        {
            html.Empty(
                "rect",
                ("class", kind),
                ("x", "10"),
                ("y", "0"),
                ("width", "5"),
                ("height", "12"),
                ("rx", "1.5"));
        }
        else if (kind == "clash")
        {
            html.Empty("circle", ("class", "dot clash"), ("cx", "13"), ("cy", "6"), ("r", "5.5"));
        }
        else
        {
            html.Empty(
                "line",
                ("class", kind),
                ("x1", "1"),
                ("y1", "6"),
                ("x2", "25"),
                ("y2", "6"),
                ("marker-end", kind == "wait" ? null : $"url(#m-{kind})"));
        }

        html.Close("svg");
        html.Text(text);
        html.Close("li");
    }

    /// <summary>Panel that the script fills in; hidden without a script.</summary>
    private static void WritePanel(HtmlWriter html, RaceTrace trace, LamportDiagram diagram)
    {
        html.Open("aside", ("id", "panel"), ("hidden", ""), ("aria-label", "Current step"));
        html.Open("div", ("class", "buttons"), ("role", "group"), ("aria-label", "Step through"));
        Button(html, "first", "«", "First step", "Home");
        Button(html, "prev", "‹", "Step back", "ArrowLeft");
        Button(html, "next", "›", "Step on", "ArrowRight");
        Button(html, "last", "»", "Last step", "End");
        html.Element("output", "", ("id", "place"));
        html.Close("div");
        html.Empty(
            "input",
            ("type", "range"),
            ("id", "slider"),
            ("min", "0"),
            ("max", Math.Max(0, diagram.Steps.Count - 1).ToString(CultureInfo.InvariantCulture)),
            ("value", "0"),
            ("aria-label", "Step"));
        html.Open("div", ("aria-live", "polite"));
        html.Element("p", "", ("id", "who"));
        html.Element("p", "", ("id", "phrase"));
        html.Element("p", "", ("id", "margin"));
        html.Close("div");
        if (trace.Quantities.Count > 0)
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

        html.Element("h3", "Kernel stack");
        html.Element("ol", "", ("id", "stack"));
        html.Element("h3", "Locks held");
        html.Element("ul", "", ("id", "locks"));
        html.Element("h3", "Message");
        html.Element("p", "", ("id", "message"));
        html.Element("p", "← → or k j: a step back, on. Home, End: first, last.", ("class", "keys"));
        html.Close("aside");
    }

    private static void Button(HtmlWriter html, string id, string sign, string label, string key) =>
        html.Element(
            "button",
            sign,
            ("type", "button"),
            ("id", id),
            ("aria-label", label),
            ("aria-keyshortcuts", key),
            ("title", label));

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
                Strings(json, "stack", KernelWords.Stack(step));
                Strings(json, "locks", step.Locks);
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

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
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

    /// <summary>Hash for the content security policy: it allows exactly this text.</summary>
    private static string Hash(string resource)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing.");
        using StreamReader reader = new(stream);
        byte[] text = Encoding.UTF8.GetBytes(reader.ReadToEnd().ReplaceLineEndings("\n"));
        return "sha256-" + Convert.ToBase64String(SHA256.HashData(text));
    }
}
