using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EpcActors.Reports;

/// <summary>A list of the panel: a key of each step's data, its heading, and the word for an empty one.</summary>
/// <param name="Key">Name in the data, and id of the element.</param>
/// <param name="Heading">Words above it.</param>
/// <param name="None">Word for an empty list.</param>
/// <param name="IsNested">Each entry is inside of the one before.</param>
internal sealed record StepList(string Key, string Heading, string None, bool IsNested = false);

/// <summary>
/// The page on which a reader goes through the steps of a schedule, of any kind: the frame with its security
/// policy, the verdict, the keys of the legend, and the panel that the script fills in. It asks nothing of the network.
/// </summary>
/// <remarks>Compiled into EpcActors.TestKit.Akka as well (decision 30): it uses nothing of this project but the
/// writer, the two style sheets and the script.</remarks>
internal static class StepPage
{
    private const string Report = "report.css";
    private const string Style = "lamport.css";
    private const string Script = "lamport.js";

    /// <summary>From the doctype to the open body.</summary>
    public static void Begin(HtmlWriter html, string title)
    {
        html.Doctype();
        html.Open("html", ("lang", "en"));
        html.Open("head");
        html.Empty("meta", ("charset", "utf-8"));
        html.Empty(
            "meta",
            ("http-equiv", "Content-Security-Policy"),
            (
                "content",
                $"default-src 'none'; style-src '{Hash(Report)}' '{Hash(Style)}'; script-src '{Hash(Script)}'; "
                    + "base-uri 'none'; form-action 'none'"));
        html.Empty("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Empty("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Element("title", title);
        html.Resource("style", Report);
        html.Resource("style", Style);
        html.Close("head");
        html.Open("body");
    }

    /// <summary>The footer, the data of the script, the script.</summary>
    /// <param name="html">The page.</param>
    /// <param name="footer">Words of the footer.</param>
    /// <param name="data">JSON whose writer escapes what HTML would read as markup.</param>
    public static void End(HtmlWriter html, string footer, string data)
    {
        html.Open("footer");
        html.Element("p", footer);
        html.Close("footer");
        html.Element("script", data, ("type", "application/json"), ("id", "race"));
        html.Resource("script", Script);
        html.Close("body");
        html.Close("html");
    }

    public static void WriteVerdict(HtmlWriter html, string rule, string text)
    {
        bool isBroken = rule.Length > 0;
        html.Open("div", ("class", isBroken ? "verdict violation" : "verdict pass"));
        html.Element("span", isBroken ? "✗" : "✓", ("class", "sign"), ("aria-hidden", "true"));
        html.Open("div");
        html.Element("strong", isBroken ? $"violated: {rule}" : "no rule is violated");
        html.Element("span", text);
        html.Close("div");
        html.Close("div");
    }

    /// <summary>A line to be copied, with its button.</summary>
    public static void WriteCommand(HtmlWriter html, string command, string label)
    {
        html.Open("div", ("class", "replay"));
        html.Open("pre", ("class", "command"));
        html.Element("code", command, ("id", "command"));
        html.Close("pre");
        html.Element("button", "Copy", ("type", "button"), ("id", "copy"), ("hidden", ""), ("aria-label", label));
        html.Close("div");
    }

    /// <summary>A key of the legend: a line of this class, or a lock, or a conflict.</summary>
    public static void Key(HtmlWriter html, string kind, string text)
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

    /// <summary>Class of the style sheet for the window width at which the panel fits beside the drawing.</summary>
    public static string RoomFor(double width) => width switch
    {
        <= 540 => "s",
        <= 840 => "m",
        <= 1140 => "l",
        _ => "xl",
    };

    /// <summary>The drawing with the panel beside it, or above where there is no room.</summary>
    public static void WriteStage(
        HtmlWriter html, double width, Action draw, int steps, Action? values, IReadOnlyList<StepList> lists)
    {
        html.Open("div", ("class", $"stage {RoomFor(width)}"));
        html.Open(
            "div",
            ("class", "drawing"),
            ("id", "drawing"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", "Lamport diagram"));
        draw();
        html.Close("div");
        WritePanel(html, steps, values, lists);
        html.Close("div");
    }

    public static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    /// <summary>Heads of arrows, for drawings to refer to.</summary>
    public static void WriteMarkers(HtmlWriter html)
    {
        html.Open("defs");
        foreach (string kind in (ReadOnlySpan<string>)["ask", "answer", "wake"])
        {
            html.Open(
                "marker",
                ("id", "m-" + kind),
                ("class", kind),
                ("viewBox", "0 0 8 8"),
                ("refX", "7"),
                ("refY", "4"),
                ("markerWidth", "7"),
                ("markerHeight", "7"),
                ("orient", "auto"));
            html.Empty("path", ("d", "M0 0.5L8 4L0 7.5z"));
            html.Close("marker");
        }

        html.Close("defs");
    }

    /// <summary>The panel, hidden without a script.</summary>
    private static void WritePanel(HtmlWriter html, int steps, Action? values, IReadOnlyList<StepList> lists)
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
            ("max", Math.Max(0, steps - 1).ToString(CultureInfo.InvariantCulture)),
            ("value", "0"),
            ("aria-label", "Step"));
        html.Open("div", ("aria-live", "polite"));
        html.Element("p", "", ("id", "who"));
        html.Element("p", "", ("id", "phrase"));
        html.Element("p", "", ("id", "margin"));
        html.Close("div");
        values?.Invoke();
        foreach (StepList list in lists)
        {
            html.Element("h3", list.Heading);
            html.Element(
                list.IsNested ? "ol" : "ul",
                "",
                ("id", list.Key),
                ("class", list.IsNested ? "list nested" : "list"),
                ("data-none", list.None));
        }

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
