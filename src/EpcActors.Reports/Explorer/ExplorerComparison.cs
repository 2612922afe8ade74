using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The same choices under two variants, or two schedules, step beside step.</summary>
internal static class ExplorerComparison
{
    public static void Write(HtmlWriter html, ExplorerView view)
    {
        html.Element("h2", "Compare");
        html.Open("div", ("class", "variants"), ("role", "group"), ("aria-label", "Compare with a variant"));
        string[] others = [.. view.Race.Variants.Where(one => one != view.Race.Variant)];
        if (others.Length > 0)
        {
            html.Element("span", "the same steps under", ("class", "label"));
        }

        foreach (string variant in others)
        {
            bool isOn = view.Comparison is { IsOtherWay: false } && view.Comparison.Right.Variant == variant;
            html.Element(
                "button",
                variant,
                ("type", "button"),
                ("data-do", "compare"),
                ("data-arg", isOn ? "" : variant),
                ("aria-pressed", isOn ? "true" : "false"));
        }

        html.Element("span", "another schedule", ("class", "label"));
        ExplorerPage.Button(
            html, "Put this one aside", "aside", "", "These steps stay on the right while you go on on the left");
        ExplorerPage.Button(html, "From a file …", "pick-beside", "", "A .schedule of this race");
        ExplorerPage.Button(html, "Paste …", "paste-beside", "", "The text of a .schedule, or a link");
        if (view.Comparison is not null)
        {
            ExplorerPage.Button(html, "Compare no more", "compare", "");
        }

        html.Close("div");
        if (view.Comparison is { } comparison)
        {
            WriteTable(html, comparison, view.WayEnd);
        }
    }

    private static void WriteTable(HtmlWriter html, RaceComparison comparison, string leftEnd)
    {
        html.Element(
            "p",
            comparison.FirstDifference < 0
                ? "The steps do not differ."
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"The first difference is in row {comparison.FirstDifference + 1}."),
            ("class", "lead"));
        html.Open("div", ("class", "scroll"));
        html.Open("table", ("class", "compare"));
        html.Open("thead");
        html.Open("tr");
        html.Element("th", "task", ("scope", "col"));
        html.Element("th", Head(comparison.Left, comparison.IsOtherWay ? "this one: " : ""), ("scope", "col"));
        html.Element("th", Head(comparison.Right, comparison.IsOtherWay ? "the other: " : ""), ("scope", "col"));
        html.Close("tr");
        html.Close("thead");
        html.Open("tbody");
        for (int i = 0; i < comparison.Rows.Count; i++)
        {
            (int left, int right) = comparison.Rows[i];
            html.Open("tr", ("class", i == comparison.FirstDifference ? "first" : null));
            html.Element("th", left >= 0
                ? RaceRows.TaskName(comparison.Left, comparison.Left.Steps[left].Task)
                : RaceRows.TaskName(comparison.Right, comparison.Right.Steps[right].Task), ("scope", "row"));
            WriteCell(html, comparison.Left, left);
            WriteCell(html, comparison.Right, right);
            html.Close("tr");
        }

        html.Open("tr", ("class", "verdicts"));
        html.Element("th", "", ("scope", "row"));
        WriteEnd(html, comparison.Left, leftEnd);
        WriteEnd(html, comparison.Right, comparison.RightEnd);
        html.Close("tr");
        html.Close("tbody");
        html.Close("table");
        html.Close("div");
    }

    private static string Head(RaceTrace trace, string which) =>
        which + (trace.Variant.Length > 0 ? $"{trace.Variant} ({trace.Kernel})" : trace.Kernel);

    private static void WriteCell(HtmlWriter html, RaceTrace trace, int index)
    {
        html.Open("td", ("class", "prose"));
        if (index >= 0)
        {
            RaceStep step = trace.Steps[index];
            string mark = RaceRows.Mark(trace, step);
            html.Element("span", step.Number.ToString(CultureInfo.InvariantCulture), ("class", "num"));
            html.Element("code", (mark.Length > 0 ? mark + " " : "") + KernelWords.Phrase(trace, step));
            foreach (string note in RaceRows.Margin(trace, step))
            {
                html.Element("span", note, ("class", "note"));
            }
        }

        html.Close("td");
    }

    private static void WriteEnd(HtmlWriter html, RaceTrace trace, string end)
    {
        bool isBroken = trace.Rule.Length > 0;
        html.Element(
            "td",
            isBroken ? $"✗ violated: {trace.Rule}" : end.Length > 0 ? $"✓ {end}" : "no rule is broken so far",
            ("class", isBroken ? "prose bad" : "prose better"));
    }
}
