using System.Globalization;
using System.Text;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>
/// One schedule of a race as a Mermaid sequence diagram, for documents and issue trackers that draw it.
/// </summary>
public static class MermaidDiagram
{
    /// <summary>Viewers refuse much longer texts, and people do not read them.</summary>
    public const int MostSteps = 400;

    private const string ConflictColour = "rgba(230, 159, 0, 0.25)";

    /// <summary>The diagram's text; every line ends with a line feed.</summary>
    public static string Text(RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        StringBuilder text = new("sequenceDiagram\n");
        Line(text, 1, $"title {Escape($"{trace.Id} ({trace.Variant}): {trace.Title}")}");
        IReadOnlyList<RaceStep> steps = [.. trace.Steps.Take(MostSteps)];
        for (int i = 0; i < trace.Tasks.Count; i++)
        {
            Line(text, 1, string.Create(CultureInfo.InvariantCulture, $"participant T{i} as {Label(trace.Tasks[i])}"));
        }

        foreach (
            int i in steps.Select(s => s.Resource).Where(r => r >= 0 && r < trace.Resources.Count).Distinct().Order())
        {
            Line(
                text,
                1,
                string.Create(CultureInfo.InvariantCulture, $"participant R{i} as {Label(trace.Resources[i])}"));
        }

        string[] functions = [.. trace.Tasks.Select(_ => "")];
        int depth = 1;
        foreach (RaceStep step in steps)
        {
            if (step.Number >= 1 && step.Number == trace.CycleStart)
            {
                Line(text, depth++, "loop for ever");
            }

            bool isConflict = RaceRows.Mark(trace, step).Length > 0;
            if (isConflict)
            {
                Line(text, depth++, $"rect {ConflictColour}");
            }

            WriteStep(text, depth, trace, step, functions);
            if (isConflict)
            {
                Line(text, --depth, "end");
            }
        }

        while (depth > 1)
        {
            Line(text, --depth, "end");
        }

        if (steps.Count < trace.Steps.Count)
        {
            int left = trace.Steps.Count - steps.Count;
            Line(
                text,
                1,
                $"Note over {All(trace)}: "
                    + string.Create(CultureInfo.InvariantCulture, $"cut here, {Counted.Of(left, "step")} more"));
        }

        if (trace.Rule.Length > 0 && !steps.Any(s => RaceRows.IsViolated(trace, s)))
        {
            Line(text, 1, $"Note over {All(trace)}: {Escape($"violated: {trace.Rule}")}");
        }

        return text.ToString();
    }

    internal static string Escape(string text) => MermaidText.Escape(ConsoleText.Visible(text));

    private static void WriteStep(StringBuilder text, int depth, RaceTrace trace, RaceStep step, string[] functions)
    {
        string task = step.Task >= 0 && step.Task < trace.Tasks.Count
            ? string.Create(CultureInfo.InvariantCulture, $"T{step.Task}") : "";
        string resource = step.Resource >= 0 && step.Resource < trace.Resources.Count
            ? string.Create(CultureInfo.InvariantCulture, $"R{step.Resource}") : task;
        if (task.Length == 0)
        {
            return;
        }

        string function = KernelFunctions.Innermost(step).Located;
        if (functions[step.Task] != function)
        {
            functions[step.Task] = function;
            Line(text, depth, $"Note over {task}: {Escape(function)}");
        }

        string mark = RaceRows.Mark(trace, step);
        string number = string.Create(CultureInfo.InvariantCulture, $"{step.Number} ");
        string phrase = Escape((mark.Length > 0 ? mark + " " : "") + KernelWords.Phrase(trace, step));
        if (step.IsParked)
        {
            Line(text, depth, $"{task}-){resource}: {number}{phrase}");
        }
        else
        {
            Line(text, depth, $"{task}->>{resource}: {number}{phrase}");
            string answer = string.Join(", ", step.Answer.Select(a => $"{a.Key} = {a.Value}"));
            if (answer.Length > 0 && resource != task)
            {
                Line(text, depth, $"{resource}-->>{task}: {Escape(answer)}");
            }
        }

        foreach (int woken in step.Wakes.Where(w => w >= 0 && w < trace.Tasks.Count))
        {
            Line(text, depth, string.Create(CultureInfo.InvariantCulture, $"{resource}--)T{woken}: wakes"));
        }

        foreach (string choice in step.Choices)
        {
            Line(text, depth, $"Note over {task}: {Escape("choice: " + choice)}");
        }

        foreach (string happened in step.Events)
        {
            Line(text, depth, $"Note over {task}: {Escape(happened)}");
        }

        if (RaceRows.IsViolated(trace, step))
        {
            string detail = trace.Detail.Length > 0 ? $" ({trace.Detail})" : "";
            Line(text, depth, $"Note over {All(trace)}: {Escape($"violated: {trace.Rule}{detail}")}");
        }
    }

    private static string All(RaceTrace trace) => trace.Tasks.Count > 1
        ? string.Create(CultureInfo.InvariantCulture, $"T0,T{trace.Tasks.Count - 1}") : "T0";

    private static string Label(RaceLane lane) =>
        Escape(lane.Name) + (lane.Note.Length > 0 ? $"<br/>{Escape(lane.Note)}" : "");

    private static void Line(StringBuilder text, int depth, string line) =>
        text.Append(' ', depth * 4).Append(line).Append('\n');
}
