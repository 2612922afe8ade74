using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The steps of the way as the Lamport diagram of the step page, and the step that was made last.</summary>
internal static class ExplorerWay
{
    /// <summary>Width of the drawing's column in a window of 1200 pixels.</summary>
    private const double RoomWidth = 800;

    public static void Write(HtmlWriter html, ExplorerView view)
    {
        int steps = view.Way.Steps.Count;
        html.Open("div", ("class", "buttons"), ("role", "group"), ("aria-label", "Step through"));
        Move(html, "«", "0", "To the start", "Home", view.At == 0);
        Move(html, "‹", Text(view.At - 1), "Step back", "ArrowLeft", view.At == 0);
        Move(html, "›", Text(view.At + 1), "Step on", "ArrowRight", view.At == steps);
        Move(html, "»", Text(steps), "To the end", "End", view.At == steps);
        html.Element("output", $"step {Text(view.At)} of {Text(steps)}", ("id", "place"));
        html.Close("div");
        if (steps == 0)
        {
            html.Element("p", "No step so far: press one of the steps that could come next.", ("class", "sub"));
            return;
        }

        LamportDiagram diagram = new(Acting(view), RoomWidth);
        LamportPage.WriteLegend(html, view.Way, diagram);
        html.Open(
            "div",
            ("class", "drawing"),
            ("id", "drawing"),
            ("data-at", Text(view.At)),
            ("data-first", Text(steps - diagram.Steps.Count)),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Lamport diagram"));
        diagram.WriteHead(html);
        diagram.WriteBody(html);
        html.Close("div");
        WriteStep(html, view);
    }

    /// <summary>The trace without the lanes of tasks that neither act nor could.</summary>
    private static RaceTrace Acting(ExplorerView view)
    {
        RaceTrace way = view.Way;
        int[] acting =
        [
            .. way.Steps.Concat(view.Position.Choices.Select(choice => choice.Step))
                .SelectMany(step => step.Wakes.Append(step.Task)).Distinct().Order(),
        ];
        int[] laneOf = new int[way.Tasks.Count];
        for (int i = 0; i < acting.Length; i++)
        {
            laneOf[acting[i]] = i;
        }

        // Resources in the order in which the steps come to them, as the step page has them.
        List<int> touched = [.. way.Steps.Select(step => step.Resource).Where(one => one >= 0).Distinct()];
        return way with
        {
            Resources = [.. touched.Select(resource => way.Resources[resource])],
            Tasks = [.. acting.Select(task => way.Tasks[task])],
            Steps =
            [
                .. way.Steps.Select(step => step with
                {
                    Task = laneOf[step.Task],
                    Resource = touched.IndexOf(step.Resource),
                    Wakes = [.. step.Wakes.Select(woken => laneOf[woken])],
                }),
            ],
        };
    }

    private static void WriteStep(HtmlWriter html, ExplorerView view)
    {
        if (view.At == 0)
        {
            return;
        }

        RaceTrace trace = view.Way;
        RaceStep step = trace.Steps[view.At - 1];
        html.Open("details", ("id", "step"));
        html.Element("summary", $"Step {Text(view.At)} in full");
        html.Open("dl");
        Fact(html, "task", RaceRows.TaskName(trace, step.Task)
            + (step.Operation.Length > 0 ? $": {step.Operation}" : ""));
        Fact(html, "statement", KernelWords.Phrase(trace, step));
        Fact(html, "kernel stack", string.Join(" > ", KernelWords.Stack(step)));
        Fact(html, "locks held", step.Locks.Count == 0 ? "none" : string.Join(", ", step.Locks));
        Fact(html, "message", LamportPage.Message(trace, step));
        Fact(html, "notes", string.Join("; ", RaceRows.Margin(trace, step)));
        for (int i = 0; i < trace.Quantities.Count; i++)
        {
            Fact(
                html,
                trace.Quantities[i],
                $"{RaceValues.Before(trace, step, i)} → {RaceValues.After(step, i)}");
        }

        html.Close("dl");
        html.Close("details");
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

    private static void Move(HtmlWriter html, string sign, string step, string label, string key, bool isOff) =>
        html.Element(
            "button",
            sign,
            ("type", "button"),
            ("data-do", "go"),
            ("data-arg", step),
            ("data-key", key),
            ("aria-label", label),
            ("aria-keyshortcuts", key),
            ("title", label),
            ("disabled", isOff ? "" : null));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
