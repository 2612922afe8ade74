using System.Globalization;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>The steps that could come next, as buttons: the task, the function, the statement, what it
/// conflicts with, and what lies below it.</summary>
internal static class ExplorerChoices
{
    public static void Write(HtmlWriter html, ExplorerView view)
    {
        RacePosition position = view.Position;
        html.Open("h2");
        html.Text("What comes next?");
        html.Close("h2");
        if (position.Choices.Count == 0)
        {
            html.Element("p", position.End, ("class", "sub"));
            return;
        }

        html.Open("ol", ("class", "choices"));
        for (int i = 0; i < position.Choices.Count; i++)
        {
            WriteChoice(html, view, i);
        }

        html.Close("ol");
        if (view.Below is { } below)
        {
            html.Element("p", $"From here, {Describe(below)}.", ("class", "below"));
        }
    }

    private static void WriteChoice(HtmlWriter html, ExplorerView view, int index)
    {
        RaceChoice choice = view.Position.Choices[index];
        RaceTrace trace = view.Position.Trace with { Steps = [.. view.Position.Trace.Steps, choice.Step] };
        html.Open("li");
        html.Open(
            "button",
            ("type", "button"),
            ("data-do", "take"),
            ("data-arg", choice.Move),
            ("class", choice.Rule.Length > 0 ? "choice bad" : "choice"),
            ("aria-keyshortcuts", index < 9 ? (index + 1).ToString(CultureInfo.InvariantCulture) : null));
        if (index < 9)
        {
            html.Element("kbd", (index + 1).ToString(CultureInfo.InvariantCulture), ("aria-hidden", "true"));
        }

        html.Open("span", ("class", "who"));
        html.Element("strong", RaceRows.TaskName(trace, choice.Step.Task));
        html.Text(" " + KernelFunctions.Innermost(choice.Step).Located);
        html.Close("span");
        html.Element("code", KernelWords.Phrase(trace, choice.Step));
        foreach (string fault in choice.Step.Choices)
        {
            html.Element("span", $"with the fault {fault}", ("class", "fault"));
        }

        if (choice.Rule.Length > 0)
        {
            html.Element("span", $"✗ violates {choice.Rule}", ("class", "violates"));
        }

        string[] others =
        [
            .. choice.ConflictsWith
                .Select(other => RaceRows.TaskName(trace, view.Position.Choices[other].Step.Task))
                .Distinct(),
        ];
        if (others.Length > 0)
        {
            html.Element(
                "span",
                $"conflicts with {string.Join(", ", others)} at {trace.Resources[choice.Step.Resource].Name}",
                ("class", "clashes"));
        }

        if (index < view.Counts.Count)
        {
            WriteCount(html, choice, view.Counts[index]);
        }

        html.Close("button");
        html.Close("li");
    }

    private static void WriteCount(HtmlWriter html, RaceChoice choice, SpaceCount count)
    {
        bool isBad = choice.Rule.Length > 0 || count.Violations > 0 || count.HasHang;
        string kind = isBad ? "count bad" : count.IsSafe ? "count good" : "count";
        string text = choice.Rule.Length > 0 ? "breaks the rule at once"
            : choice.IsLast ? "✓ safe: the run ends here and breaks no rule"
            : count.IsSafe ? $"✓ safe: {Describe(count)}"
            : Describe(count);
        html.Element("span", text, ("class", kind));
    }

    /// <summary>Of what the numbers are: of every schedule, of the first states, or of those so far.</summary>
    public static string Describe(SpaceCount count)
    {
        string scope = count.IsExhausted ? "every schedule" : count.IsOver ? "the first of more" : "so far";
        List<string> parts = [$"{Number(count.States)} states", $"{Number(count.Ends)} ends"];
        parts.Add(count.Violations == 0 ? "none breaks a rule" : $"{Number(count.Violations)} of them break a rule");
        if (count.HasHang)
        {
            parts.Add("tasks can go round for ever");
        }

        if (count.Deadlocks > 0)
        {
            parts.Add(Counted.Of(count.Deadlocks, "deadlock"));
        }

        return $"{scope}: {string.Join(", ", parts)}";
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
