using System.Globalization;
using EpcActors.Reports;

namespace EpcActors.TestKit.Akka;

/// <summary>
/// The drawing of <see cref="ActorPage"/>: a line per actor, time downwards, a dot where an actor handles something,
/// and an arrow to it from the step that sent it. The words of a step stand left of the lines.
/// </summary>
internal sealed class ActorDiagram
{
    public const int RowHeight = 34;

    private const int HeadHeight = 50;
    private const int TextLeft = 62;
    private const double CharWidth = 7.0;
    private const int MostCharacters = 52;
    private const int Middle = 17;
    private const double Radius = 4;

    private readonly FoundActorRace _race;
    private readonly List<string> _lanes = [];
    private readonly double _laneWidth;
    private readonly double _lanesLeft;

    public ActorDiagram(FoundActorRace race)
    {
        _race = race;
        for (int i = 0; i < race.Steps.Count; i++)
        {
            if (race.DetailOf(i).Causes.Contains(-1))
            {
                AddLane(FoundActorRace.Outside);
            }

            AddLane(race.Steps[i].Actor);
        }

        double longest = race.Steps
            .Select(step => Math.Max(Head(step).Length, Cut(step.Detail).Length) * CharWidth)
            .DefaultIfEmpty()
            .Max();
        double text = TextLeft + Math.Clamp(longest, 150, MostCharacters * CharWidth) + 8;
        _laneWidth = Math.Clamp(620.0 / Math.Max(1, _lanes.Count), 66, 120);
        _lanesLeft = text + (_laneWidth / 2);
        Width = text + (Math.Max(1, _lanes.Count) * _laneWidth) + 8;
    }

    public double Width { get; }

    public IReadOnlyList<string> Lanes => _lanes;

    private double Height => ((_race.Steps.Count + (_race.IsBrokenAtEnd ? 1 : 0)) * RowHeight) + 12;

    /// <summary>Class of the arrows to a step: a message, what Akka does by itself, a timer.</summary>
    public static string KindOf(ActorStep step, ActorStep? cause) =>
        step.Message.StartsWith('(') ? "answer" : cause?.Actor == ActorStep.Time ? "wake" : "ask";

    /// <summary>Names of the lines: a drawing of its own, which stays at the top of the window.</summary>
    public void WriteHead(HtmlWriter html)
    {
        html.Open(
            "svg",
            ("class", "heads"),
            ("viewBox", $"0 0 {C(Width)} {HeadHeight}"),
            ("width", C(Width)),
            ("height", C(HeadHeight)),
            ("aria-hidden", "true"));
        html.Element("text", "step", ("x", "52"), ("y", "42"), ("class", "num"));
        for (int i = 0; i < _lanes.Count; i++)
        {
            html.Open("g", ("class", IsActor(i) ? "task" : "res"));
            html.Element("title", _lanes[i]);
            string[] lines = [.. NameIn(_lanes[i], Math.Max(6, (int)(_laneWidth / 6.6)))];
            for (int line = 0; line < lines.Length; line++)
            {
                html.Element(
                    "text",
                    lines[line],
                    ("x", C(X(i))),
                    ("y", C(HeadHeight - 8 - ((lines.Length - 1 - line) * 13))),
                    ("class", "name"));
            }

            html.Close("g");
        }

        html.Close("svg");
    }

    public void WriteBody(HtmlWriter html)
    {
        html.Open(
            "svg",
            ("class", "lamport"),
            ("viewBox", $"0 0 {C(Width)} {C(Height)}"),
            ("width", C(Width)),
            ("height", C(Height)),
            ("role", "img"),
            ("aria-label", "Diagram of the steps; the table below says the same in words."));
        StepPage.WriteMarkers(html);
        for (int i = 0; i < _race.Steps.Count; i++)
        {
            string state = _race.IsBrokenAt(i) ? " bad" : HasFault(i) ? " clash" : i % 2 == 1 ? " odd" : "";
            html.Empty(
                "rect",
                ("class", "row" + state),
                ("x", "0"),
                ("y", C(Y(i))),
                ("width", C(Width)),
                ("height", C(RowHeight)));
        }

        for (int lane = 0; lane < _lanes.Count; lane++)
        {
            Line(html, IsActor(lane) ? "lane task" : "lane res", X(lane), 0, X(lane), Height, null);
        }

        for (int i = 0; i < _race.Steps.Count; i++)
        {
            WriteArrows(html, i);
        }

        for (int i = 0; i < _race.Steps.Count; i++)
        {
            WriteStep(html, i);
        }

        if (_race.IsBrokenAtEnd)
        {
            html.Element(
                "text",
                $"✗ at the end: {_race.Finding.Rule}",
                ("x", C(TextLeft)),
                ("y", C(Y(_race.Steps.Count) + 20)),
                ("class", "violated"));
        }

        html.Close("svg");
    }

    private void WriteStep(HtmlWriter html, int i)
    {
        ActorStep step = _race.Steps[i];
        double y = Y(i);
        html.Open("g", ("class", "step"), ("data-i", i.ToString(CultureInfo.InvariantCulture)));
        html.Empty(
            "rect",
            ("class", "hit"),
            ("x", "0.5"),
            ("y", C(y + 0.5)),
            ("width", C(Width - 1)),
            ("height", C(RowHeight - 1)));
        html.Element(
            "text",
            (i + 1).ToString(CultureInfo.InvariantCulture),
            ("x", "52"),
            ("y", C(y + 21)),
            ("class", "num"));
        html.Open("text", ("x", C(TextLeft)), ("y", C(y + 14)), ("class", "head"));
        html.Element("tspan", Who(step), ("class", "who"));
        string rest = Rest(step);
        if (rest.Length > 0)
        {
            html.Element("tspan", rest, ("dx", "6"));
        }

        if (_race.IsBrokenAt(i))
        {
            html.Element("tspan", "✗ " + _race.Finding.Rule, ("class", "violated"), ("dx", "8"));
        }

        html.Close("text");
        html.Element(
            "text",
            Cut(step.Detail),
            ("x", C(TextLeft)),
            ("y", C(y + 28)),
            ("class", HasFault(i) ? "phrase parked" : "phrase"));
        html.Empty(
            "circle",
            ("class", HasFault(i) ? "dot clash" : step.Message.StartsWith('(') ? "dot own" : "dot"),
            ("cx", C(X(LaneOf(step.Actor)))),
            ("cy", C(y + Middle)),
            ("r", C(Radius)));
        html.Close("g");
    }

    /// <summary>From each step that sent what this one handles; none from an actor to itself.</summary>
    private void WriteArrows(HtmlWriter html, int i)
    {
        ActorStep step = _race.Steps[i];
        double x = X(LaneOf(step.Actor));
        double y = Y(i) + Middle;
        foreach (int cause in _race.DetailOf(i).Causes)
        {
            ActorStep? sender = cause >= 0 ? _race.Steps[cause] : null;
            double fromX = X(LaneOf(sender?.Actor ?? FoundActorRace.Outside));
            double fromY = cause >= 0 ? Y(cause) + Middle : 3;
            double length = Math.Sqrt(((x - fromX) * (x - fromX)) + ((y - fromY) * (y - fromY)));
            if (fromX == x || length <= 0)
            {
                continue;
            }

            double short1 = (length - Radius - 2) / length;
            string kind = KindOf(step, sender);
            Line(html, kind, fromX, fromY, fromX + ((x - fromX) * short1), fromY + ((y - fromY) * short1), kind);
        }
    }

    private bool HasFault(int i) => _race.Steps[i].Fault.Length > 0 || _race.Steps[i].Happened.Count > 0;

    private bool IsActor(int lane) => FoundActorRace.IsActor(_lanes[lane]);

    private void AddLane(string name)
    {
        if (!_lanes.Contains(name))
        {
            _lanes.Add(name);
        }
    }

    private int LaneOf(string name) => _lanes.IndexOf(name);

    private static string Head(ActorStep step) => $"{Who(step)} {Rest(step)}";

    /// <summary>The end of a long path says more than its beginning.</summary>
    private static string Who(ActorStep step) => Short(step.Actor, MostCharacters * 3 / 5);

    private static string Rest(ActorStep step)
    {
        int room = MostCharacters - 1 - Who(step).Length;
        string fault = step.Fault.Length > 0 ? $" {step.Fault}" : "";
        string from =
            step.Sender.Length > 0 ? $"from {Short(step.Sender, Math.Max(8, room - 5 - fault.Length))}" : "";
        return from + fault;
    }

    /// <summary>A path in at most two lines; of a longer one its end.</summary>
    private static IEnumerable<string> NameIn(string name, int room)
    {
        if (name.Length <= room)
        {
            return [name];
        }

        int at = name.LastIndexOfAny(['/', '-', '.', '#']);
        return at > 0
            ? [Short(name[..(at + 1)], room), Short(name[(at + 1)..], room)]
            : [Short(name, room)];
    }

    private static string Short(string text, int room) =>
        text.Length <= room ? text : "…" + text[^Math.Max(1, room - 1)..];

    private static string Cut(string text) =>
        text.Length <= MostCharacters ? text : text[..(MostCharacters - 1)] + "…";

    private double X(int lane) => _lanesLeft + (lane * _laneWidth);

    private static double Y(int row) => row * RowHeight;

    private static void Line(
        HtmlWriter html, string kind, double x1, double y1, double x2, double y2, string? marker) =>
        html.Empty(
            "line",
            ("class", kind),
            ("x1", C(x1)),
            ("y1", C(y1)),
            ("x2", C(x2)),
            ("y2", C(y2)),
            ("marker-end", marker is null ? null : $"url(#m-{marker})"));

    private static string C(double value) => HtmlWriter.Coordinate(value);
}
