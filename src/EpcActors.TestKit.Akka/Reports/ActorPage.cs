using System.Globalization;
using System.Text;
using System.Text.Json;
using EpcActors.Reports;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// A schedule as a page in one file that can be mailed: who handles what from whom, step by step. Without a script it
/// is a drawing and a table, with one the reader steps through.
/// </summary>
internal static class ActorPage
{
    private static readonly StepList[] Lists =
    [
        new("sent", "Sent in this step", "nothing"), new("others", "Could have come instead", "nothing else"),
    ];

    /// <summary>Writes the page.</summary>
    /// <param name="writer">To here.</param>
    /// <param name="race">The schedule.</param>
    /// <param name="pin">The line that pins it; empty for none.</param>
    public static void Write(TextWriter writer, FoundActorRace race, string pin)
    {
        HtmlWriter html = new(writer);
        ActorDiagram diagram = new(race);
        StepPage.Begin(html, $"{race.Name}: {race.Finding.Rule}");
        WriteHeader(html, race, pin);
        html.Open("main");
        html.Open("section", ("id", "diagram"));
        html.Element("h2", "Order of the steps");
        WriteLegend(html, race);
        StepPage.WriteStage(
            html,
            diagram.Width,
            () =>
            {
                diagram.WriteHead(html);
                diagram.WriteBody(html);
            },
            race.Steps.Count,
            values: null,
            Lists);
        html.Close("section");
        WriteTable(html, race);
        html.Close("main");
        StepPage.End(
            html,
            race.Schedule.Found.Length > 0 ? $"EpcActors.TestKit.Akka. Found by: {race.Schedule.Found}."
                : "EpcActors.TestKit.Akka.",
            Data(race));
    }

    private static void WriteHeader(HtmlWriter html, FoundActorRace race, string pin)
    {
        html.Open("header");
        html.Element("p", race.Name, ("class", "over"));
        html.Element("h1", race.Name.Replace('_', ' '));
        StepPage.WriteVerdict(
            html,
            race.Finding.Rule,
            string.Join("; ", Lines(race.Finding.Detail))
                + (race.IsBrokenAtEnd ? "" : $" (step {Number(race.Steps.Count)})"));
        html.Open("dl", ("class", "facts"));
        Fact(html, "steps", Number(race.Steps.Count));
        Fact(
            html,
            "actors",
            Number(race.Steps.Select(step => step.Actor).Where(FoundActorRace.IsActor).Distinct().Count()));
        html.Close("dl");
        if (pin.Length > 0)
        {
            StepPage.WriteCommand(html, pin, "Copy the line that pins this schedule");
        }

        html.Close("header");
    }

    private static void Fact(HtmlWriter html, string name, string value)
    {
        html.Open("div");
        html.Element("dt", name);
        html.Element("dd", value);
        html.Close("div");
    }

    private static void WriteLegend(HtmlWriter html, FoundActorRace race)
    {
        HashSet<string> kinds = [];
        for (int i = 0; i < race.Steps.Count; i++)
        {
            kinds.UnionWith(race.DetailOf(i).Causes.Select(cause => ActorDiagram.KindOf(
                race.Steps[i], cause >= 0 ? race.Steps[cause] : null)));
        }

        html.Open("ul", ("class", "legend"), ("aria-label", "Legend"));
        foreach (
            (string kind, string words) in (ReadOnlySpan<(string, string)>)
                [
                    ("ask", "a message, from the step that sent it to the step that handles it"),
                    ("answer", "what Akka tells by itself: start, stop, end of another actor, an await that goes on"),
                    ("wake", "a timer's message"),
                ])
        {
            if (kinds.Contains(kind))
            {
                StepPage.Key(html, kind, words);
            }
        }

        if (race.Steps.Any(step => step.Fault.Length > 0 || step.Happened.Count > 0))
        {
            StepPage.Key(html, "clash", "something happens that the notes name");
        }

        html.Close("ul");
    }

    private static void WriteTable(HtmlWriter html, FoundActorRace race)
    {
        html.Open("details", ("id", "words"));
        html.Element("summary", "All steps as a table");
        html.Open("div", ("class", "scroll"));
        html.Open("table");
        html.Open("thead");
        html.Open("tr");
        html.Element("th", "step", ("class", "n"), ("scope", "col"));
        html.Element("th", "time", ("class", "n"), ("scope", "col"));
        foreach (string head in (ReadOnlySpan<string>)["actor", "handles", "from", "notes"])
        {
            html.Element("th", head, ("scope", "col"));
        }

        html.Close("tr");
        html.Close("thead");
        html.Open("tbody");
        for (int i = 0; i < race.Steps.Count; i++)
        {
            ActorStep step = race.Steps[i];
            string[] notes = [.. Notes(race, i)];
            html.Open("tr", ("class", race.IsBrokenAt(i) ? "bad" : notes.Length > 0 ? "clash" : null));
            html.Element("td", Number(i + 1), ("class", "n"));
            html.Element("td", Time(step), ("class", "n"));
            html.Element("td", step.Actor);
            html.Open("td");
            html.Element("code", step.Detail);
            html.Close("td");
            html.Element("td", step.Sender);
            html.Element("td", string.Join("; ", notes), ("class", "prose"));
            html.Close("tr");
        }

        html.Close("tbody");
        html.Close("table");
        html.Close("div");
        html.Close("details");
    }

    private static string Data(FoundActorRace race)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("row", ActorDiagram.RowHeight);
            json.WriteStartArray("steps");
            for (int i = 0; i < race.Steps.Count; i++)
            {
                WriteStep(json, race, i);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteStep(Utf8JsonWriter json, FoundActorRace race, int i)
    {
        ActorStep step = race.Steps[i];
        ActorStepDetail detail = race.DetailOf(i);
        json.WriteStartObject();
        json.WriteNumber("number", i + 1);
        json.WriteString("who", step.Actor);
        json.WriteString("phrase", step.Detail);
        json.WriteString("margin", string.Join('\n', Notes(race, i)));
        json.WriteBoolean("bad", race.IsBrokenAt(i));
        StepPage.Strings(json, "sent", detail.Sent);
        StepPage.Strings(json, "others", detail.Others);
        string from = step.Sender.Length > 0 ? $" from {step.Sender}" : "";
        string sent = string.Join(
            " and ",
            detail.Causes.Select(cause => cause < 0 ? "before the first step" : $"in step {Number(cause + 1)}"));
        json.WriteString("message", step.Message + from + (sent.Length > 0 ? $", sent {sent}" : ""));
        json.WriteEndObject();
    }

    private static IEnumerable<string> Notes(FoundActorRace race, int i)
    {
        ActorStep step = race.Steps[i];
        IEnumerable<string> notes = step.Fault.Length > 0 ? [step.Fault, .. step.Happened] : step.Happened;
        return race.IsBrokenAt(i) ? notes.Append($"✗ violated: {race.Finding.Rule}") : notes;
    }

    private static string Time(ActorStep step) =>
        step.At.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + " s";

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
