using System.Globalization;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>
/// One schedule of a race as text: a column for each task, numbers of steps in front, quantities beside.
/// </summary>
public static class RaceListing
{
    /// <summary>Columns of a listing for mail and terminal.</summary>
    public const int DefaultWidth = 100;

    private const int NumberWidth = 5;
    private const int Gap = 2;
    private const int LeastColumn = 22;
    private const int MostQuantityWidth = 32;
    private const int MostNameWidth = 16;

    /// <summary>Plain text.</summary>
    public static string Text(RaceTrace trace, int width = DefaultWidth) => Lines(trace, width).ToText();

    /// <summary>The same with Spectre markup.</summary>
    public static string Markup(RaceTrace trace, int width = DefaultWidth) => Lines(trace, width).ToMarkup();

    /// <summary>The same on a console, as wide as it is, but never wider than <see cref="DefaultWidth"/>.</summary>
    public static void Write(IAnsiConsole console, RaceTrace trace)
    {
        ArgumentNullException.ThrowIfNull(console);
        Lines(trace, Math.Min(console.Profile.Width, DefaultWidth)).WriteTo(console);
    }

    /// <summary>
    /// Listing for a commit message: at most 75 columns, no colours, no numbers of steps, noise on shared lines.
    /// </summary>
    public static string KernelStyle(RaceTrace trace) => KernelStyleText.Of(trace);

    private static ToneLines Lines(RaceTrace trace, int width)
    {
        ArgumentNullException.ThrowIfNull(trace);
        width = Math.Max(width, 60);
        ToneLines lines = new();
        WriteHeader(lines, trace, width);
        lines.Line();
        int[] quantities = Quantities(trace, out int[] quantityWidths);
        int quantityWidth = quantityWidths.Sum(w => w + Gap);
        int[] tasks = RaceRows.Acting(trace);
        List<RaceRow> rows = RaceRows.Of(trace, withFiles: true);
        int body = width - NumberWidth - quantityWidth;
        bool isOneColumn = tasks.Length > 1 && (body - (Gap * (tasks.Length - 1))) / tasks.Length < LeastColumn;
        Layout layout = isOneColumn ? Layout.OneColumn(trace, tasks, body) : Layout.Columns(trace, tasks, rows, body);
        WriteColumnHeads(lines, trace, layout, body, quantities, quantityWidths);
        foreach (RaceRow row in rows)
        {
            if (row.Task < 0 || row.Kind == RaceRowKind.Rule)
            {
                WriteAcross(lines, row, width);
                continue;
            }

            int at = Math.Max(0, Array.IndexOf(tasks, row.Task));
            string number = row.Step is { } step ? step.Number.ToString(CultureInfo.InvariantCulture) : "";
            string name = isOneColumn && (row.Step is not null || row.Kind == RaceRowKind.Function)
                ? ConsoleText.CutMiddle(ConsoleText.Visible(RaceRows.TaskName(trace, row.Task)), layout.Names) : "";
            string pad = name + new string(' ', layout.Offsets[at] - ConsoleText.CellWidth(name));
            List<string> wrapped = Wrapped(row, layout.Widths[at]);
            for (int i = 0; i < wrapped.Count; i++)
            {
                lines
                    .Line((i == 0 ? number : "").PadLeft(NumberWidth - Gap) + new string(' ', Gap), Tone.Dim)
                    .Add(i == 0 ? pad : new string(' ', layout.Offsets[at]), Tone.Strong)
                    .Add(wrapped[i], ToneOf(row.Kind));
                if (i == 0 && row.Step is { } numbered && quantities.Length > 0)
                {
                    lines.Add(
                        new string(' ', Math.Max(0, body - layout.Offsets[at] - ConsoleText.CellWidth(wrapped[i]))));
                    WriteValues(lines, trace, numbered, quantities, quantityWidths);
                }
            }
        }

        return lines;
    }

    private static void WriteHeader(ToneLines lines, RaceTrace trace, int width)
    {
        lines.Paragraph(
            $"{ConsoleText.Visible(trace.Id)}  ",
            trace.Variant.Length == 0 ? trace.Title : $"{trace.Title} [{trace.Variant}]",
            width,
            Tone.Strong,
            Tone.Strong);
        Fact(lines, "kernel", trace.Kernel, width);
        Fact(lines, "source", trace.Source, width);
        Fact(lines, "symptom", trace.Symptom, width);
        Fact(lines, "fix", trace.Fix, width);
        for (int i = 0; i < trace.Programs.Count; i++)
        {
            Fact(lines, i == 0 ? "tasks" : "", trace.Programs[i], width);
        }

        Fact(lines, "found", trace.Provenance, width);
        if (trace.ReplayCommand.Length > 0)
        {
            // A command to be copied stays one line.
            lines.Line("replay   ", Tone.Dim).Add(ConsoleText.Visible(trace.ReplayCommand));
        }

        if (trace.Rule.Length > 0)
        {
            lines.Paragraph("violated ", trace.Rule, width, Tone.Violation, Tone.Violation);
            Fact(lines, "", trace.Detail, width);
            Fact(lines, "conflict", RaceRows.DescribeConflict(trace), width);
        }
        else
        {
            lines.Line("no rule is violated", Tone.Strong);
            Fact(lines, "", trace.Detail, width);
        }
    }

    private static void Fact(ToneLines lines, string name, string value, int width)
    {
        if (value.Length > 0)
        {
            lines.Paragraph(name.PadRight(9), value, width);
        }
    }

    private static void WriteColumnHeads(
        ToneLines lines, RaceTrace trace, Layout layout, int body, int[] quantities, int[] quantityWidths)
    {
        lines.Line("step".PadRight(NumberWidth), Tone.Dim);
        int used = 0;
        foreach ((string head, int offset, int room) in layout.Heads)
        {
            string cut = ConsoleText.CutMiddle(ConsoleText.Visible(head), room);
            lines.Add(new string(' ', offset - used)).Add(cut, Tone.Strong);
            used = offset + ConsoleText.CellWidth(cut);
        }

        lines.Add(new string(' ', Math.Max(0, body - used)));
        for (int i = 0; i < quantities.Length; i++)
        {
            lines
                .Add(new string(' ', Gap))
                .Add(ConsoleText.Visible(trace.Quantities[quantities[i]]).PadLeft(quantityWidths[i]), Tone.Dim);
        }

        if (quantities.Length > 0 && trace.Before.Count > 0)
        {
            lines.Line("  0".PadRight(NumberWidth) + new string(' ', body), Tone.Dim);
            for (int i = 0; i < quantities.Length; i++)
            {
                string value =
                    quantities[i] < trace.Before.Count
                        ? trace.Before[quantities[i]].ToString(CultureInfo.InvariantCulture)
                        : "";
                lines.Add(new string(' ', Gap) + value.PadLeft(quantityWidths[i]), Tone.Dim);
            }
        }
    }

    /// <summary>Values that the step changed; a dot stands for the value before.</summary>
    private static void WriteValues(ToneLines lines, RaceTrace trace, RaceStep step, int[] quantities, int[] widths)
    {
        for (int i = 0; i < quantities.Length; i++)
        {
            long? before = RaceValues.Before(trace, step, quantities[i]);
            long? now = RaceValues.After(step, quantities[i]);
            bool isChanged = now is not null && now != before;
            string text = isChanged ? now!.Value.ToString(CultureInfo.InvariantCulture) : now is null ? "" : ".";
            lines.Add(new string(' ', Gap) + text.PadLeft(widths[i]), isChanged ? Tone.Strong : Tone.Dim);
        }
    }

    private static void WriteAcross(ToneLines lines, RaceRow row, int width)
    {
        string text = ConsoleText.Visible(row.Text);
        if (row.Kind == RaceRowKind.Violation)
        {
            lines.Paragraph(new string(' ', NumberWidth), text, width, Tone.Violation, Tone.Violation);
            return;
        }

        string rule = $"---- {text} ";
        lines.Line(rule + new string('-', Math.Max(0, width - ConsoleText.CellWidth(rule))), Tone.Wait);
    }

    /// <summary>The lines of a row in its column: each statement begins a line when they do not fit into one.</summary>
    internal static List<string> Wrapped(RaceRow row, int width)
    {
        int indent = row.Kind is RaceRowKind.Function or RaceRowKind.Conflict ? 0 : 2;
        string text = ConsoleText.Visible(row.Text);
        if (ConsoleText.CellWidth(text) <= width - indent)
        {
            return [new string(' ', indent) + text];
        }

        List<string> lines = [];
        bool isCode = row.Kind is RaceRowKind.Statement or RaceRowKind.Conflict or RaceRowKind.Function;
        foreach (string statement in isCode ? text.Split(row.Kind == RaceRowKind.Function ? ": " : "; ") : [text])
        {
            int deeper = row.Kind == RaceRowKind.Function && lines.Count > 0 ? 2 : 0;
            bool isWhole = ConsoleText.CellWidth(statement) <= width - indent - deeper;
            List<string> words = isWhole
                ? [statement]
                : ConsoleText.WrapWords(statement, Math.Max(8, width - indent - deeper - 2));
            for (int i = 0; i < words.Count; i++)
            {
                lines.Add(new string(' ', indent + deeper + (i > 0 ? 2 : 0)) + words[i]);
            }
        }

        return lines;
    }

    private static Tone ToneOf(RaceRowKind kind) => kind switch
    {
        RaceRowKind.Function => Tone.Function,
        RaceRowKind.Statement => Tone.Plain,
        RaceRowKind.Conflict => Tone.Conflict,
        RaceRowKind.Wait => Tone.Wait,
        RaceRowKind.Event => Tone.Dim,
        RaceRowKind.Violation => Tone.Violation,
        RaceRowKind.Rule => Tone.Wait,
    };

    /// <summary>The quantities for which there is room, those that change first.</summary>
    private static int[] Quantities(RaceTrace trace, out int[] widths)
    {
        List<int> kept = [];
        int used = 0;
        foreach (
            int i in Enumerable.Range(0, trace.Quantities.Count).OrderBy(i => RaceValues.Changes(trace, i) ? 0 : 1))
        {
            int width = RaceValues.Width(trace, i) + Gap;
            if (used + width <= MostQuantityWidth)
            {
                used += width;
                kept.Add(i);
            }
        }

        kept.Sort();
        widths = [.. kept.Select(i => RaceValues.Width(trace, i))];
        return [.. kept];
    }

    /// <summary>Positions of the tasks' columns, counted from the end of the numbers.</summary>
    private sealed class Layout
    {
        public required int[] Offsets { get; init; }

        public required int[] Widths { get; init; }

        public required IReadOnlyList<(string Head, int Offset, int Room)> Heads { get; init; }

        /// <summary>Room for the name of the task in front of its row; 0 when each has its column.</summary>
        public int Names { get; init; }

        public static Layout Columns(RaceTrace trace, int[] tasks, List<RaceRow> rows, int body)
        {
            int[] widths = ColumnWidths.Of(trace, tasks, rows, Gap, body, LeastColumn);
            int[] offsets = ColumnWidths.Offsets(widths, Gap);
            return new Layout
            {
                Offsets = offsets,
                Widths = widths,
                Heads = [.. tasks.Select((t, i) => (ColumnWidths.Head(trace.Tasks[t]), offsets[i], widths[i]))],
            };
        }

        public static Layout OneColumn(RaceTrace trace, int[] tasks, int body)
        {
            int names = Math.Clamp(
                tasks.Max(t => ConsoleText.CellWidth(ConsoleText.Visible(trace.Tasks[t].Name))),
                4,
                MostNameWidth);
            return new Layout
            {
                Offsets = [.. tasks.Select(_ => names + Gap)],
                Widths = [.. tasks.Select(_ => body - names - Gap)],
                Heads = [("task", 0, names)],
                Names = names,
            };
        }
    }
}
