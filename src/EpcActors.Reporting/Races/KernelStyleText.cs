using System.Globalization;
using System.Text;
using EpcActors.Lab.Results;

namespace EpcActors.Reporting;

/// <summary>The schedule as kernel commit messages draw races.</summary>
internal static class KernelStyleText
{
    private const int Width = 75;
    private const int Gap = 2;
    private const int MostColumns = 3;

    /// <summary>With more tasks than columns the text runs on to the right: how far each task is moved.</summary>
    private const int Stair = 8;

    /// <summary>Wider than this a race of one task does not get: a line would no longer be told from prose.</summary>
    private const int LeastTail = 30;

    public static string Of(RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(trace);
        StringBuilder text = new();
        Paragraph(text, Subject(trace));
        text.Append('\n');
        Paragraph(text, Story(trace));
        text.Append('\n');
        WriteRows(text, trace);
        WriteTags(text, trace);
        return Units.ToAscii(text.ToString());
    }

    private static string Subject(RaceTrace trace) => trace.Title.Length > 0 ? trace.Title : trace.Id;

    private static string Story(RaceTrace trace)
    {
        List<string> sentences = [];
        if (trace.Symptom.Length > 0)
        {
            sentences.Add(RaceRows.Sentence(trace.Symptom));
        }

        if (trace.Rule.Length == 0)
        {
            sentences.Add($"This schedule on {trace.Kernel} ({trace.Variant}) breaks no rule:");
        }
        else
        {
            string what = trace.CycleStart >= 1 ? "The following order of steps never ends" : "The following order of steps leads there";
            sentences.Add($"{what} on {trace.Kernel} ({trace.Variant}). It breaks the rule '{trace.Rule}'"
                + (trace.Detail.Length > 0 ? $": {RaceRows.Sentence(trace.Detail)}" : "."));
        }

        return string.Join(' ', sentences);
    }

    private static void WriteRows(StringBuilder text, RaceTrace trace)
    {
        int[] tasks = RaceRows.Acting(trace);
        bool isStair = tasks.Length > MostColumns;
        int column = tasks.Length == 0 ? Width : (Width - Gap) / Math.Max(1, Math.Min(tasks.Length, MostColumns));
        WriteHeads(text, trace, tasks, isStair, column);
        int room = isStair ? LeastTail : column - Gap - 2;
        foreach (RaceRow row in RaceRows.Of(trace, withFiles: false, mergeWidth: room))
        {
            if (row.Task < 0)
            {
                foreach (string line in ConsoleText.WrapWords($"--- {ConsoleText.Visible(row.Text)} ---", Width - Gap))
                {
                    Line(text, Gap, line);
                }

                continue;
            }

            int at = Math.Max(0, Array.IndexOf(tasks, row.Task));
            int offset = Gap + Offset(at, tasks.Length, isStair, column);
            int width = isStair ? Width - offset : column - Gap;
            foreach (string line in RaceListing.Wrapped(row, width))
            {
                Line(text, offset, line);
            }
        }
    }

    private static void WriteHeads(StringBuilder text, RaceTrace trace, int[] tasks, bool isStair, int column)
    {
        List<(int Offset, string Name, string Note)> heads = [];
        for (int i = 0; i < tasks.Length; i++)
        {
            RaceLane lane = trace.Tasks[tasks[i]];
            heads.Add((Gap + Offset(i, tasks.Length, isStair, column), ConsoleText.Visible(lane.Name), ConsoleText.Visible(lane.Note)));
        }

        if (isStair)
        {
            foreach ((int offset, string name, string note) in heads)
            {
                Line(text, offset, ConsoleText.CutMiddle(note.Length > 0 ? $"{name} ({note})" : name, Width - offset));
            }

            text.Append('\n');
            return;
        }

        int room = column - Gap;
        Row(text, heads.Select(h => (h.Offset, ConsoleText.CutMiddle(h.Name, room))));
        if (heads.Any(h => h.Note.Length > 0))
        {
            Row(text, heads.Select(h => (h.Offset, h.Note.Length > 0 ? ConsoleText.CutMiddle($"({h.Note})", room) : "")));
        }

        Row(text, heads.Select(h => (h.Offset, new string('-', Math.Min(room, ConsoleText.CellWidth(h.Name))))));
    }

    private static int Offset(int at, int tasks, bool isStair, int column) =>
        isStair ? at * Math.Max(1, Math.Min(Stair, (Width - LeastTail) / Math.Max(1, tasks))) : at * column;

    private static void WriteTags(StringBuilder text, RaceTrace trace)
    {
        text.Append('\n');
        if (trace.Conflict.First >= 1 && trace.Conflict.Second >= 1)
        {
            Paragraph(text, "(A) and (B) are the accesses that conflict.");
            text.Append('\n');
        }

        if (trace.Fix.Length > 0)
        {
            Paragraph(text, $"Closed by: {trace.Fix}");
        }

        if (trace.Source.Length > 0)
        {
            Paragraph(text, $"Source: {trace.Source}");
        }

        Paragraph(text, $"Found with EpcActors as {trace.Id}{(trace.Provenance.Length > 0 ? $": {trace.Provenance}" : "")}");
        if (trace.ReplayCommand.Length > 0)
        {
            Command(text, $"Replay: {ConsoleText.Visible(trace.ReplayCommand)}");
        }
    }

    private static void Paragraph(StringBuilder text, string words)
    {
        foreach (string line in ConsoleText.WrapWords(ConsoleText.Visible(words), Width))
        {
            text.Append(line).Append('\n');
        }
    }

    /// <summary>Lines that a shell puts together again.</summary>
    private static void Command(StringBuilder text, string command)
    {
        bool isQuoted = command.AsSpan().IndexOfAny('\'', '"') >= 0;
        List<string> lines = ConsoleText.WrapWords(command, isQuoted ? Width : Width - 4);
        for (int i = 0; i < lines.Count; i++)
        {
            text.Append(i > 0 && !isQuoted ? "  " : "").Append(lines[i]).Append(i < lines.Count - 1 && !isQuoted ? " \\" : "").Append('\n');
        }
    }

    private static void Row(StringBuilder text, IEnumerable<(int Offset, string Text)> cells)
    {
        StringBuilder line = new();
        foreach ((int offset, string cell) in cells)
        {
            line.Append(' ', Math.Max(0, offset - ConsoleText.CellWidth(line.ToString()))).Append(cell);
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }

    private static void Line(StringBuilder text, int indent, string line) =>
        text.Append(string.Create(CultureInfo.InvariantCulture, $"{new string(' ', indent)}{line}").TrimEnd()).Append('\n');
}
