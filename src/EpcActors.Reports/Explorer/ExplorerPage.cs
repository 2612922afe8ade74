using System.Globalization;
using EpcActors.Results;
using EpcActors.Results.Text;

namespace EpcActors.Reports;

/// <summary>
/// The regions of the explorer's page as markup. A page puts each into the element of its name; what a reader presses
/// is a button with <c>data-do</c> and <c>data-arg</c>.
/// </summary>
public static class ExplorerPage
{
    /// <summary>The regions of a view by the ids of their elements.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Regions(ExplorerView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return
        [
            new("race", Markup(html => WriteRace(html, view))),
            new("verdict", Markup(html => WriteVerdict(html, view))),
            new("next", Markup(html => ExplorerChoices.Write(html, view))),
            new("way", Markup(html => ExplorerWay.Write(html, view))),
            new("faults", Markup(html => ExplorerFaults.Write(html, view))),
            new("actors", Markup(html => ExplorerActors.Write(html, view))),
            new("map", Markup(html => ExplorerMap.Write(html, view))),
            new("compare", Markup(html => ExplorerComparison.Write(html, view))),
            .. Work(view),
        ];
    }

    /// <summary>The regions that change while work goes on.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Work(ExplorerView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return [new("work", Markup(html => WriteWork(html, view)))];
    }

    /// <summary>The list of choices and the map, whose counts change while work goes on.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Counts(ExplorerView view)
    {
        ArgumentNullException.ThrowIfNull(view);
        return
        [
            new("next", Markup(html => ExplorerChoices.Write(html, view))),
            .. view.Map is null
                ? Array.Empty<KeyValuePair<string, string>>()
                : [new("map", Markup(html => ExplorerMap.Write(html, view)))],
            .. Work(view),
        ];
    }

    /// <summary>State of a scenario's run.</summary>
    /// <param name="text">How far it is, or how it ended.</param>
    /// <param name="share">Part of its longest time that has passed, 0 to 1.</param>
    /// <param name="isBusy">It goes on.</param>
    /// <param name="hasReport">There is a report to be saved.</param>
    public static string Run(string text, double share, bool isBusy, bool hasReport) => Markup(html =>
    {
        if (isBusy)
        {
            html.Element(
                "progress",
                "",
                ("value", share.ToString("0.000", CultureInfo.InvariantCulture)),
                ("max", "1"),
                ("aria-label", "Virtual time of the run"));
            Button(html, "Stop", "stop-run", "", "Ends the run with what there is (Esc)");
        }

        html.Element("span", text, ("class", "said"));
        if (hasReport)
        {
            Button(html, "Save report.html", "report", "", "The file that 'epc run --out' writes");
        }
    });

    /// <summary>The list of the catalogue.</summary>
    public static string Catalogue(IReadOnlyList<CatalogueEntry> races)
    {
        ArgumentNullException.ThrowIfNull(races);
        return Markup(html =>
        {
            html.Open("ul", ("class", "races"));
            foreach (CatalogueEntry race in races)
            {
                html.Open("li", ("data-words", $"{race.Id} {race.Title} {race.Rule} {race.Description}"
                    .ToLowerInvariant()));
                html.Open("a", ("href", $"#{race.Id}"));
                html.Element("strong", race.Id);
                html.Text(" " + race.Title);
                html.Close("a");
                html.Element("p", race.Description, ("class", "story"));
                html.Element(
                    "p",
                    string.Join(" · ", new[]
                    {
                        race.Status,
                        race.Rule.Length > 0 ? $"breaks {race.Rule}" : "",
                        race.Steps > 0 ? Counted.Of(race.Steps, "step") : "",
                    }.Where(text => text.Length > 0)),
                    ("class", "sub"));
                html.Close("li");
            }

            html.Close("ul");
        });
    }

    /// <summary>Mistakes in a text, each with its place.</summary>
    public static string Mistakes(IReadOnlyList<TextMistake> mistakes)
    {
        ArgumentNullException.ThrowIfNull(mistakes);
        return Markup(html =>
        {
            if (mistakes.Count == 0)
            {
                html.Element("p", "✓ There is no mistake in it.", ("class", "correct"));
            }

            html.Open("ol", ("class", "mistakes"));
            foreach (TextMistake mistake in mistakes)
            {
                html.Open("li");
                html.Element(
                    "button",
                    mistake.Line > 0
                        ? string.Create(CultureInfo.InvariantCulture, $"line {mistake.Line}:{mistake.Column}")
                        : "text",
                    ("type", "button"),
                    ("class", "place"),
                    ("data-line", mistake.Line.ToString(CultureInfo.InvariantCulture)),
                    ("data-column", mistake.Column.ToString(CultureInfo.InvariantCulture)));
                html.Text(" " + mistake.Text);
                html.Close("li");
            }

            html.Close("ol");
        });
    }

    internal static string Markup(Action<HtmlWriter> write)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        write(new HtmlWriter(text));
        return text.ToString();
    }

    internal static void Button(HtmlWriter html, string text, string action, string argument, string? hint = null) =>
        html.Element(
            "button", text, ("type", "button"), ("data-do", action), ("data-arg", argument), ("title", hint));

    private static void WriteRace(HtmlWriter html, ExplorerView view)
    {
        ExplorerRace race = view.Race;
        html.Element("p", race.Id + (race.Variant.Length > 0 ? $" · {race.Variant}" : ""), ("class", "over"));
        html.Element("h1", race.Title);
        if (race.Variants.Count > 0)
        {
            html.Open("div", ("class", "variants"), ("role", "group"), ("aria-label", "Variant of the kernel"));
            html.Element("span", "kernel", ("class", "label"));
            foreach (string variant in race.Variants)
            {
                html.Element(
                    "button",
                    variant,
                    ("type", "button"),
                    ("data-do", "variant"),
                    ("data-arg", variant),
                    ("aria-pressed", variant == race.Variant ? "true" : "false"));
            }

            html.Element("span", race.Kernel, ("class", "sub"));
            html.Close("div");
        }

        html.Open("details", ("class", "story"), ("id", "story"));
        html.Element("summary", RaceRows.Sentence(race.Description.Length > 0 ? First(race.Description) : race.Title));
        html.Element("p", race.Description);
        html.Open("dl", ("class", "facts"));
        Fact(html, "symptom", race.Symptom);
        Fact(html, "source", race.Source);
        Fact(html, "closed by", race.Fix);
        Fact(html, "breaks", race.Rule);
        Fact(html, "settings", string.Join(", ", race.Settings));
        Fact(html, "faults that may happen", string.Join(
            ", ", race.Faults.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Key} x{one.Value}"))));
        html.Close("dl");
        if (view.Way.Programs.Count > 0)
        {
            html.Open("ul", ("class", "programs"));
            foreach (string program in view.Way.Programs)
            {
                html.Open("li");
                html.Element("code", program);
                html.Close("li");
            }

            html.Close("ul");
        }

        html.Close("details");
    }

    private static string First(string text)
    {
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return end > 0 ? text[..(end + 1)] : text;
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

    private static void WriteVerdict(HtmlWriter html, ExplorerView view)
    {
        RacePosition position = view.Position;
        RaceTrace trace = position.Trace;
        bool isBroken = trace.Rule.Length > 0;
        bool isOver = position.End.Length > 0;
        string kind = isBroken ? "violation" : isOver ? "pass" : "open";
        html.Open("div", ("class", $"verdict {kind}"));
        html.Element("span", isBroken ? "✗" : isOver ? "✓" : "…", ("class", "sign"), ("aria-hidden", "true"));
        html.Open("div");
        if (isBroken)
        {
            html.Element("strong", $"violated: {trace.Rule}");
            string conflict = RaceRows.DescribeConflict(trace);
            html.Element("span", RaceRows.Sentence(trace.Detail)
                + (conflict.Length > 0 ? " " + RaceRows.Sentence(conflict) : ""));
        }
        else if (isOver)
        {
            html.Element("strong", "no rule is violated");
            html.Element("span", position.End);
        }
        else
        {
            html.Element("strong", trace.Steps.Count == 0
                ? "At the start"
                : string.Create(CultureInfo.InvariantCulture, $"After step {trace.Steps.Count}"));
            html.Element("span", position.SameAsStep >= 0
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"The same state was after step {position.SameAsStep}, and nothing useful has happened since: the "
                        + $"tasks can go round for ever.")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"No rule is broken so far. {Counted.Of(position.Choices.Count, "step")} could come next."));
        }

        html.Close("div");
        html.Close("div");
    }

    private static void WriteWork(HtmlWriter html, ExplorerView view)
    {
        html.Element("span", view.Status, ("class", "said"));
        if (view.IsBusy)
        {
            Button(html, "Stop", "stop", "", "Stops the work (Esc)");
        }
    }
}
