using System.Globalization;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>The states around the position as a drawing, a column for each step, and the same as a list.</summary>
internal static class ExplorerMap
{
    private const int MostDepth = 4;
    private const double ColumnWidth = 190;
    private const double RowHeight = 62;
    private const double BoxWidth = 118;
    private const double BoxHeight = 44;
    private const double Margin = 14;

    public static void Write(HtmlWriter html, ExplorerView view)
    {
        html.Element("h2", "The states around here");
        html.Open("div", ("class", "variants"), ("role", "group"), ("aria-label", "Steps to draw"));
        html.Element("span", "draw", ("class", "label"));
        for (int depth = 1; depth <= MostDepth; depth++)
        {
            bool isOn = view.MapDepth == depth;
            html.Element(
                "button",
                depth == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{depth} steps"),
                ("type", "button"),
                ("data-do", "map"),
                ("data-arg", isOn ? "0" : depth.ToString(CultureInfo.InvariantCulture)),
                ("aria-keyshortcuts", depth == 2 ? "M" : null),
                ("aria-pressed", isOn ? "true" : "false"));
        }

        html.Close("div");
        if (view.Map is { } map)
        {
            html.Element("p", Summary(map, view.IsBusy), ("class", "sub"), ("id", "map-said"));
            WriteLegend(html);
            WriteDrawing(html, map);
            WriteList(html, map);
        }
        else if (view.MapDepth > 0)
        {
            html.Element("p", "The run is over here: no state follows.", ("class", "sub"));
        }
    }

    private static string Summary(StateMap map, bool isBusy)
    {
        int violations = map.States.Count(state => state.Kind == StateKind.Violation);
        string whole = map.IsWhole ? "every state" : isBusy ? "filling in" : "the first of more";
        return $"{Counted.Of(map.States.Count, "state")} within {Counted.Of(map.Depth, "step")} ({whole}), "
            + (violations == 0 ? "none of them breaks a rule"
                : violations == 1 ? "1 of them breaks a rule"
                : $"{Number(violations)} of them break a rule")
            + ". Equal states are drawn once. Press one to go there.";
    }

    private static void WriteLegend(HtmlWriter html)
    {
        html.Open("ul", ("class", "keys"), ("aria-label", "Colours"));
        foreach ((string kind, string text) in (ReadOnlySpan<(string, string)>)
            [
                ("safe", "safe: every schedule below was looked at"),
                ("open", "open"),
                ("danger", "a rule can still break below"),
                ("bad", "breaks a rule"),
                ("dead", "dead end"),
            ])
        {
            html.Open("li");
            html.Element("span", "", ("class", $"chip {kind}"), ("aria-hidden", "true"));
            html.Text(text);
            html.Close("li");
        }

        html.Close("ul");
    }

    private static void WriteDrawing(HtmlWriter html, StateMap map)
    {
        (double X, double Y)[] places = Places(map, out double width, out double height);
        html.Open(
            "div", ("class", "mapped"), ("id", "mapped"), ("tabindex", "0"), ("role", "region"),
            ("aria-label", "Drawing of the states around here"));
        html.Open(
            "svg",
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", $"0 0 {HtmlWriter.Coordinate(width)} {HtmlWriter.Coordinate(height)}"),
            ("width", HtmlWriter.Coordinate(width)),
            ("height", HtmlWriter.Coordinate(height)),
            ("role", "group"),
            ("aria-label", "States, a column for each step; the list below says the same"));
        foreach (IGrouping<(int From, int To), StateMapStep> steps in map.Steps.GroupBy(step => (step.From, step.To)))
        {
            WriteSteps(html, places, [.. steps]);
        }

        for (int i = 0; i < map.States.Count; i++)
        {
            WriteState(html, map, i, places[i]);
        }

        html.Close("svg");
        html.Close("div");
    }

    /// <summary>A column for each depth; in it states stand near those that lead to them.</summary>
    private static (double X, double Y)[] Places(StateMap map, out double width, out double height)
    {
        (double X, double Y)[] places = new (double, double)[map.States.Count];
        int rows = map.States.GroupBy(state => state.Depth).Max(column => column.Count());
        height = (rows * RowHeight) + (2 * Margin);
        int depth = map.States.Max(state => state.Depth);
        width = (depth * ColumnWidth) + BoxWidth + (2 * Margin);
        for (int column = 0; column <= depth; column++)
        {
            int[] members =
            [
                .. Enumerable.Range(0, map.States.Count)
                    .Where(state => map.States[state].Depth == column)
                    .OrderBy(state => map.Steps
                        .Where(step => step.To == state && map.States[step.From].Depth < column)
                        .Select(step => places[step.From].Y)
                        .DefaultIfEmpty(0)
                        .Average())
                    .ThenBy(state => state),
            ];
            double top = (height - (members.Length * RowHeight)) / 2;
            for (int i = 0; i < members.Length; i++)
            {
                double y = top + (i * RowHeight) + ((RowHeight - BoxHeight) / 2);
                places[members[i]] = (Margin + (column * ColumnWidth), y);
            }
        }

        return places;
    }

    private static void WriteSteps(HtmlWriter html, (double X, double Y)[] places, StateMapStep[] steps)
    {
        (double fromX, double fromY) = places[steps[0].From];
        (double toX, double toY) = places[steps[0].To];
        string names = string.Join(", ", steps.Select(step => step.Task + (step.IsFault ? " ✗" : "")).Distinct());
        bool isOnward = toX > fromX;
        double startX = fromX + BoxWidth;
        double startY = fromY + (BoxHeight / 2);
        double endX = isOnward ? toX : toX + BoxWidth;
        double endY = toY + (BoxHeight / 2);
        double bend = isOnward ? (endX - startX) / 2 : 34;
        string path = steps[0].From == steps[0].To
            ? string.Create(CultureInfo.InvariantCulture, $"M{startX:0.#} {startY - 9:0.#} c30 -16 30 34 0 18")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"M{startX:0.#} {startY:0.#} C{startX + bend:0.#} {startY:0.#} "
                    + $"{(isOnward ? endX - bend : endX + bend):0.#} {endY:0.#} {endX:0.#} {endY:0.#}");
        html.Open("g", ("class", Array.Exists(steps, step => step.IsFault) ? "way fault" : "way"));
        html.Element("title", string.Join("; ", steps.Select(step => $"{step.Task}: {step.Message}").Distinct()));
        html.Empty("path", ("d", path));

        // Near the state that it leads to, where lines have parted; before the middle when they would meet there.
        double at = isOnward ? 0.62 : 0.5;
        html.Element(
            "text",
            names.Length <= 16 ? names : names[..15] + "…",
            ("x", HtmlWriter.Coordinate(startX + ((endX - startX) * at) + (isOnward ? 0 : bend * 0.7))),
            ("y", HtmlWriter.Coordinate(startY + ((endY - startY) * Smooth(at)) - 4)));
        html.Close("g");
    }

    /// <summary>Height of the curve at a part of its width.</summary>
    private static double Smooth(double at) => at * at * (3 - (2 * at));

    private static void WriteState(HtmlWriter html, StateMap map, int index, (double X, double Y) place)
    {
        StateMapNode state = map.States[index];
        (string first, string second) = Words(state, index);
        html.Open(
            "g",
            ("class", $"state {Class(state)}{(index == 0 ? " here" : "")}"),
            ("transform", $"translate({HtmlWriter.Coordinate(place.X)} {HtmlWriter.Coordinate(place.Y)})"),
            ("role", "button"),
            ("tabindex", "0"),
            ("data-do", "walk"),
            ("data-arg", state.Path),
            ("data-key", $"map-{state.Path}"),
            ("aria-label", Sentence(map, index)));
        html.Element("title", Sentence(map, index));
        html.Empty(
            "rect",
            ("width", HtmlWriter.Coordinate(BoxWidth)),
            ("height", HtmlWriter.Coordinate(BoxHeight)),
            ("rx", "7"));
        html.Element("text", first, ("class", "first"), ("x", "9"), ("y", "18"));
        html.Element("text", second, ("x", "9"), ("y", "35"));
        if (state.HasMore)
        {
            html.Element("text", "›", ("class", "more"), ("x", HtmlWriter.Coordinate(BoxWidth - 9)), ("y", "27"));
        }

        html.Close("g");
    }

    private static void WriteList(HtmlWriter html, StateMap map)
    {
        html.Open("details", ("id", "map-list"));
        html.Element("summary", "The same as a list");
        html.Open("ol", ("class", "states"), ("start", "0"));
        for (int i = 0; i < map.States.Count; i++)
        {
            html.Open("li");
            ExplorerPage.Button(html, Sentence(map, i), "walk", map.States[i].Path);
            html.Close("li");
        }

        html.Close("ol");
        html.Close("details");
    }

    private static string Class(StateMapNode state) => state.Kind switch
    {
        StateKind.Violation => "bad",
        StateKind.DeadEnd => "dead",
        StateKind.End => "safe",
        StateKind.Open => state.Below is not { } below ? "open"
            : below.Violations > 0 || below.HasHang ? "danger"
            : below.IsSafe ? "safe"
            : "open",
    };

    private static (string First, string Second) Words(StateMapNode state, int index)
    {
        string head = index == 0 ? "here" : state.Depth == 1 ? "1 step on" : $"{Number(state.Depth)} steps on";
        return state.Kind switch
        {
            StateKind.Violation => ("✗ breaks a rule", Short(state.Rule)),
            StateKind.DeadEnd => ("dead end", head),
            StateKind.End => ("✓ the end", head),
            StateKind.Open => state.Below is { } below
                ? ($"{head}{(below.IsSafe ? " ✓" : "")}", Figures(below))
                : (head, ""),
        };
    }

    private static string Figures(SpaceCount below)
    {
        string states = $"{Number(below.States)}{(below.IsExhausted ? "" : "+")} st.";
        return below.Violations > 0 ? $"{states}, {Number(below.Violations)} ✗"
            : below.HasHang ? $"{states}, hang"
            : $"{states}, {Number(below.Ends)} ends";
    }

    private static string Sentence(StateMap map, int index)
    {
        StateMapNode state = map.States[index];
        string place = index == 0 ? "here" : $"{Counted.Of(state.Depth, "step")} on";
        string by = string.Join(" or ", map.Steps
            .Where(step => step.To == index && step.From != index)
            .Select(step => $"{step.Task} {step.Message}{(step.IsFault ? " with a fault" : "")}")
            .Distinct()
            .Take(3));
        string what = state.Kind switch
        {
            StateKind.Violation => $"breaks {state.Rule}",
            StateKind.DeadEnd => "dead end: tasks wait for one another",
            StateKind.End => "the run is over and no rule is broken",
            StateKind.Open => state.Below is { } below ? ExplorerChoices.Describe(below) : "not counted",
        };
        return $"{place}{(by.Length > 0 ? $", by {by}" : "")}: {what}";
    }

    private static string Short(string text) => text.Length <= 17 ? text : text[..16] + "…";

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
