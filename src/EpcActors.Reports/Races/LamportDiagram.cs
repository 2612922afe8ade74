using System.Globalization;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>
/// The drawing of <see cref="LamportPage"/>: a line per task and resource, time downwards, an arrow for each request
/// and answer. The words of a step stand left of the lines.
/// </summary>
internal sealed partial class LamportDiagram
{
    public const int RowHeight = 34;

    /// <summary>More than this no browser scrolls with pleasure.</summary>
    public const int MostSteps = 2000;

    private const int Colours = 6;
    private const int HeadHeight = 50;
    private const int TextLeft = 62;
    private const double CharWidth = 7.0;
    private const double HeadCharWidth = 5.9;
    private const double LeastText = 170;
    private const int MostCharacters = 66;
    private const int Request = 9;
    private const int Section = 16;
    private const int Answer = 25;

    private readonly RaceTrace _trace;
    private readonly List<RaceLane> _resources = [];
    private readonly Dictionary<int, int> _placeOf = [];
    private readonly double _laneWidth;
    private readonly double _lanesLeft;
    private readonly List<string> _locks = [];

    /// <param name="trace">The schedule.</param>
    /// <param name="room">Width that the lanes keep within if they can, pixels; null for lanes as wide as they
    /// like.</param>
    public LamportDiagram(RaceTrace trace, double? room = null)
    {
        _trace = trace;
        Steps = [.. trace.Steps.Skip(Math.Max(0, trace.Steps.Count - MostSteps))];
        foreach (
            int resource in Steps
                .Select(s => s.Resource)
                .Where(r => r >= 0 && r < trace.Resources.Count)
                .Distinct()
                .Order())
        {
            _placeOf[resource] = trace.Tasks.Count + _resources.Count;
            _resources.Add(trace.Resources[resource]);
        }

        int lanes = trace.Tasks.Count + _resources.Count;
        double longest = Steps
            .Select(s => Math.Max(Head(s).Length * HeadCharWidth, Phrase(s).Length * CharWidth))
            .DefaultIfEmpty(0)
            .Max();
        double text = TextLeft + Math.Clamp(longest, LeastText, MostCharacters * CharWidth) + 6;
        _laneWidth = Math.Clamp(Math.Min(560.0, (room - text - 8) ?? 560.0) / Math.Max(1, lanes), 62, 110);
        _lanesLeft = text + (_laneWidth / 2);
        Width = _lanesLeft + (Math.Max(1, lanes) * _laneWidth) - (_laneWidth / 2) + 8;
        foreach (string name in Steps.SelectMany(s => s.Locks))
        {
            if (!_locks.Contains(name))
            {
                _locks.Add(name);
            }
        }
    }

    /// <summary>The steps that are drawn: the last ones, as what matters stands at the end.</summary>
    public IReadOnlyList<RaceStep> Steps { get; }

    public double Width { get; }

    /// <summary>Locks in the order of their colours, for the legend.</summary>
    public IReadOnlyList<string> Locks => _locks;

    public bool HasWaits => Steps.Any(s => s.IsParked);

    public bool HasWakes => Steps.Any(s => s.Wakes.Count > 0);

    private bool IsViolatedAtEnd => _trace.Rule.Length > 0 && !Steps.Any(s => RaceRows.IsViolated(_trace, s));

    private double Height => ((Steps.Count + (IsViolatedAtEnd ? 1 : 0)) * RowHeight) + 12;

    public static string ColourOf(int index) => string.Create(CultureInfo.InvariantCulture, $"l{index % Colours}");

    /// <summary>Names of the lanes: a drawing of its own, which stays at the top of the window.</summary>
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
        for (int i = 0; i < _trace.Tasks.Count; i++)
        {
            WriteName(html, _trace.Tasks[i], X(i), "task");
        }

        for (int i = 0; i < _resources.Count; i++)
        {
            WriteName(html, _resources[i], X(_trace.Tasks.Count + i), "res");
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
        for (int i = 0; i < Steps.Count; i++)
        {
            WriteBackground(html, i);
        }

        for (int lane = 0; lane < _trace.Tasks.Count + _resources.Count; lane++)
        {
            Line(html, lane < _trace.Tasks.Count ? "lane task" : "lane res", X(lane), 0, X(lane), Height);
        }

        WriteCycle(html);
        WriteLocks(html);
        WriteWaits(html);
        WriteConflict(html);
        for (int i = 0; i < Steps.Count; i++)
        {
            WriteStep(html, i);
        }

        if (IsViolatedAtEnd)
        {
            Text(html, $"✗ at the end: violated: {_trace.Rule}", TextLeft, (Steps.Count * RowHeight) + 20, "violated");
        }

        html.Close("svg");
    }

    private void WriteName(HtmlWriter html, RaceLane lane, double x, string kind)
    {
        int room = Math.Max(6, (int)(_laneWidth / 6.3));
        html.Open("g", ("class", kind));
        html.Element("title", ColumnWidths.Head(lane));
        List<string> lines = [.. Broken(ConsoleText.Visible(lane.Name), room)];
        if (lane.Note.Length > 0)
        {
            lines.Add(ConsoleText.CutMiddle(ConsoleText.Visible(lane.Note), room));
        }

        for (int i = 0; i < lines.Count; i++)
        {
            bool isNote = lane.Note.Length > 0 && i == lines.Count - 1;
            html.Element(
                "text",
                lines[i],
                ("x", C(x)),
                ("y", C(HeadHeight - 8 - ((lines.Count - 1 - i) * 13))),
                ("class", isNote ? "note" : "name"));
        }

        html.Close("g");
    }

    /// <summary>A name in at most two lines, broken at a separator.</summary>
    private static IEnumerable<string> Broken(string name, int room)
    {
        if (name.Length <= room)
        {
            return [name];
        }

        int at = name.AsSpan(0, room).LastIndexOfAny("-:/_ ");
        return at > 0
            ? [name[..(at + 1)], ConsoleText.CutMiddle(name[(at + 1)..], room)]
            : [ConsoleText.CutMiddle(name, room)];
    }

    private void WriteBackground(HtmlWriter html, int i)
    {
        RaceStep step = Steps[i];
        string state =
            RaceRows.IsViolated(_trace, step) ? " bad"
            : RaceRows.Mark(_trace, step).Length > 0 ? " clash"
            : i % 2 == 1 ? " odd"
            : "";
        html.Empty(
            "rect",
            ("class", "row" + state),
            ("x", "0"),
            ("y", C(Y(i))),
            ("width", C(Width)),
            ("height", C(RowHeight)));
    }

    private void WriteStep(HtmlWriter html, int i)
    {
        RaceStep step = Steps[i];
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
            step.Number.ToString(CultureInfo.InvariantCulture),
            ("x", "52"),
            ("y", C(y + 21)),
            ("class", "num"));
        html.Open("text", ("x", C(TextLeft)), ("y", C(y + 14)), ("class", "head"));
        html.Element("tspan", Cut(ConsoleText.Visible(RaceRows.TaskName(_trace, step.Task)), 20), ("class", "who"));
        html.Element(
            "tspan",
            Cut(Rest(step), MostCharacters - Math.Min(20, RaceRows.TaskName(_trace, step.Task).Length)),
            ("dx", "6"));
        if (RaceRows.IsViolated(_trace, step))
        {
            html.Element("tspan", "✗ " + Cut(ConsoleText.Visible(_trace.Rule), 34), ("class", "violated"), ("dx", "8"));
        }

        html.Close("text");
        Text(html, Cut(Phrase(step), MostCharacters), TextLeft, y + 28, step.IsParked ? "phrase parked" : "phrase");
        if (IsTask(step.Task))
        {
            WriteArrows(html, step, y);
        }

        html.Close("g");
    }

    private void WriteArrows(HtmlWriter html, RaceStep step, double y)
    {
        double from = X(step.Task);
        string mark = RaceRows.Mark(_trace, step);
        if (_placeOf.TryGetValue(step.Resource, out int place))
        {
            double to = X(place);
            double stop = to - (Math.Sign(to - from) * 6);
            Line(html, step.IsParked ? "ask parked" : "ask", from, y + Request, stop, y + Section - 1, "ask");
            if (!step.IsParked)
            {
                Line(html, "answer", stop, y + Section + 1, from + (Math.Sign(to - from) * 2), y + Answer, "answer");
            }

            WriteDot(html, to, y + Section, step.IsParked ? "dot parked" : "dot", mark);
        }
        else
        {
            WriteDot(html, from, y + Section, "dot own", mark);
        }

        foreach (int woken in step.Wakes.Where(IsTask))
        {
            double source = place > 0 ? X(place) : from;
            double target = X(woken);
            Line(
                html,
                "wake",
                source,
                y + Section + 6,
                target - (Math.Sign(target - source) * 4),
                y + Answer + 4,
                "wake");
        }
    }

    private static void WriteDot(HtmlWriter html, double x, double y, string kind, string mark)
    {
        if (mark.Length == 0)
        {
            html.Empty("circle", ("class", kind), ("cx", C(x)), ("cy", C(y)), ("r", "4"));
            return;
        }

        html.Empty("circle", ("class", "dot clash"), ("cx", C(x)), ("cy", C(y)), ("r", "8"));
        html.Element("text", mark.Trim('(', ')'), ("class", "mark"), ("x", C(x)), ("y", C(y + 4)));
    }

    private string Head(RaceStep step) =>
        RaceRows.TaskName(_trace, step.Task)
        + " "
        + Rest(step)
        + (RaceRows.IsViolated(_trace, step) ? "    " + _trace.Rule : "");

    private string Rest(RaceStep step)
    {
        string function = ConsoleText.Visible(KernelFunctions.Innermost(step).Located);
        string margin = string.Join(" ", RaceRows.Margin(_trace, step).Select(ConsoleText.Visible));
        return margin.Length > 0 ? $"{function} {margin}" : function;
    }

    private string Phrase(RaceStep step) => ConsoleText.Visible(KernelWords.Phrase(_trace, step));

    private bool IsTask(int task) => task >= 0 && task < _trace.Tasks.Count;

    private int IndexOf(int number)
    {
        for (int i = 0; i < Steps.Count; i++)
        {
            if (Steps[i].Number == number)
            {
                return i;
            }
        }

        return -1;
    }

    private double X(int lane) => _lanesLeft + (lane * _laneWidth);

    private static double Y(int row) => row * RowHeight;

    private static string Cut(string text, int width) => ConsoleText.CutMiddle(text, Math.Max(4, width));

    private static void Text(HtmlWriter html, string text, double x, double y, string kind) =>
        html.Element("text", text, ("x", C(x)), ("y", C(y)), ("class", kind));

    private static void Line(
        HtmlWriter html,
        string kind,
        double x1,
        double y1,
        double x2,
        double y2,
        string? marker = null) =>
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
