using System.Globalization;
using System.Text;
using EpcActors.Results;

namespace EpcActors.Reports;

/// <summary>The schedule as kernel commit messages draw races.</summary>
internal static class KernelStyleText
{
    private const int Width = 75;
    private const int Gap = 2;
    private const int MostColumns = 3;
    private const int LeastColumn = 12;

    /// <summary>With more tasks than columns the text runs on to the right: how far each task is moved.</summary>
    private const int Stair = 14;

    /// <summary>Columns left to the last of them.</summary>
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
            string symptom = RaceRows.Sentence(trace.Symptom);
            sentences.Add(BeginsWithName(symptom) ? symptom : char.ToUpperInvariant(symptom[0]) + symptom[1..]);
        }

        if (trace.Rule.Length == 0)
        {
            sentences.Add($"The following order of steps on {trace.Kernel}, variant {trace.Variant}, breaks no rule.");
        }
        else
        {
            string what =
                trace.CycleStart >= 1
                    ? "The following order of steps never ends"
                    : "The following order of steps leads there";
            sentences.Add(
                $"{what} on {trace.Kernel}{(trace.Variant is "buggy" ? "" : $", variant {trace.Variant}")}. It breaks "
                    + $"the rule '{trace.Rule}'"
                    + (trace.Detail.Length > 0 ? $": {RaceRows.Sentence(trace.Detail)}" : "."));
        }

        return string.Join(' ', sentences);
    }

    /// <summary>A file or an identifier, such as misc.current, keeps its case at the begin of a sentence.</summary>
    private static bool BeginsWithName(string sentence)
    {
        int end = sentence.IndexOf(' ', StringComparison.Ordinal);
        ReadOnlySpan<char> word = sentence.AsSpan(0, end < 0 ? sentence.Length : end).TrimEnd('.');
        return word.IndexOfAny('.', '_', '(') >= 0;
    }

    private static void WriteRows(StringBuilder text, RaceTrace trace)
    {
        int[] tasks = RaceRows.Acting(trace);
        int room = Width - Gap;
        bool isStair = tasks.Length > MostColumns || (tasks.Length == MostColumns && NeedsStair(trace, tasks, room));
        int[] widths = [];
        int[] offsets =
        [
            .. tasks.Select((_, i) => i * Math.Min(Stair, (room - LeastTail) / Math.Max(1, tasks.Length - 1))),
        ];
        List<RaceRow> rows = RaceRows.Of(
            trace,
            withFiles: false,
            mergeWidth: isStair ? LeastTail : (room / Math.Max(1, tasks.Length)) - Gap - 2);
        if (!isStair)
        {
            widths = ColumnWidths.Of(trace, tasks, rows, Gap, room, LeastColumn);
            offsets = ColumnWidths.Offsets(widths, Gap);
        }

        WriteHeads(text, trace, tasks, isStair, offsets, widths);
        foreach (RaceRow row in rows)
        {
            if (row.Task < 0)
            {
                foreach (string line in ConsoleText.WrapWords($"--- {ConsoleText.Visible(row.Text)} ---", room))
                {
                    Line(text, Gap, line);
                }

                continue;
            }

            int at = Math.Max(0, Array.IndexOf(tasks, row.Task));
            foreach (string line in RaceListing.Wrapped(row, isStair ? room - offsets[at] : widths[at]))
            {
                Line(text, Gap + offsets[at], line);
            }
        }
    }

    /// <summary>Three columns that would break words are worse than a staircase.</summary>
    private static bool NeedsStair(RaceTrace trace, int[] tasks, int room)
    {
        List<RaceRow> rows = RaceRows.Of(trace, withFiles: false);
        return ColumnWidths.Natural(trace, tasks, rows, LeastColumn).Sum() + (Gap * (tasks.Length - 1)) > room;
    }

    private static void WriteHeads(
        StringBuilder text,
        RaceTrace trace,
        int[] tasks,
        bool isStair,
        int[] offsets,
        int[] widths)
    {
        if (isStair)
        {
            for (int i = 0; i < tasks.Length; i++)
            {
                string head = ConsoleText.Visible(ColumnWidths.Head(trace.Tasks[tasks[i]]));
                Line(text, Gap + offsets[i], ConsoleText.CutMiddle(head, Width - Gap - offsets[i]));
            }

            text.Append('\n');
            return;
        }

        string[] heads =
        [
            .. tasks.Select(
                (t, i) => ConsoleText.CutMiddle(ConsoleText.Visible(ColumnWidths.Head(trace.Tasks[t])), widths[i])),
        ];
        Row(text, heads.Select((h, i) => (Gap + offsets[i], h)));
        Row(text, heads.Select((h, i) => (Gap + offsets[i], new string('-', ConsoleText.CellWidth(h)))));
    }

    private static void WriteTags(StringBuilder text, RaceTrace trace)
    {
        text.Append('\n');
        if (trace.Conflict.First >= 1 && trace.Conflict.Second >= 1)
        {
            Paragraph(text, (trace.ViolatedAtStep > 0 || trace.CycleStart >= 1
                ? "(A) and (B) are the accesses that conflict. "
                : "(A) and (B) conflict, and once both are made no order of the rest that was tried ends well. ")
                + $"{RaceRows.DescribeConflict(trace)}.");
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

        Paragraph(
            text,
            $"Found with EpcActors as {trace.Id}{(trace.Provenance.Length > 0 ? $": {trace.Provenance}" : "")}");
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
            text.Append(i > 0 && !isQuoted ? "  " : "")
                .Append(lines[i])
                .Append(i < lines.Count - 1 && !isQuoted ? " \\" : "")
                .Append('\n');
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
        text.Append(string.Create(CultureInfo.InvariantCulture, $"{new string(' ', indent)}{line}").TrimEnd())
            .Append('\n');
}
