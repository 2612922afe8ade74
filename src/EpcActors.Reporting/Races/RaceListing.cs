using System.Globalization;
using EpcActors.Lab.Results;
using Spectre.Console;

namespace EpcActors.Reporting;

/// <summary>One schedule of a race as text: a column for each task, numbers of steps in front, quantities beside.</summary>
public static class RaceListing
{
    /// <summary>Columns of a listing for mail and terminal.</summary>
    public const int DefaultWidth = 100;

    private const int NumberWidth = 5;
    private const int Gap = 2;
    private const int LeastColumn = 22;
    private const int MostQuantityWidth = 32;

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

    /// <summary>What could stand in a commit message: at most 75 columns, no colours, no numbers of steps, noise on shared lines.</summary>
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
        int share = tasks.Length == 0 ? 0 : (width - NumberWidth - quantityWidth - (Gap * (tasks.Length - 1))) / tasks.Length;
        bool isOneColumn = share < LeastColumn;
        int columns = isOneColumn ? 1 : tasks.Length;
        int column = isOneColumn ? width - NumberWidth - quantityWidth : share;
        WriteColumnHeads(lines, trace, isOneColumn ? [] : tasks, column, quantities, quantityWidths);
        int lastTask = -1;
        int bodyWidth = (column * columns) + (Gap * (columns - 1));
        foreach (RaceRow row in RaceRows.Of(trace, withFiles: true))
        {
            if (row.Task < 0 || row.Kind == RaceRowKind.Rule)
            {
                WriteAcross(lines, row, width);
                lastTask = -1;
                continue;
            }

            if (isOneColumn && row.Task != lastTask)
            {
                lines.Line(new string(' ', NumberWidth)).Add($"[{ConsoleText.Visible(RaceRows.TaskName(trace, row.Task))}]", Tone.Strong);
                lastTask = row.Task;
            }

            int at = isOneColumn ? 0 : Math.Max(0, Array.IndexOf(tasks, row.Task));
            string number = row.Step is { } step ? step.Number.ToString(CultureInfo.InvariantCulture) : "";
            string pad = new(' ', at * (column + Gap));
            List<string> wrapped = Wrapped(row, column);
            for (int i = 0; i < wrapped.Count; i++)
            {
                lines.Line((i == 0 ? number : "").PadLeft(NumberWidth - Gap) + new string(' ', Gap), Tone.Dim).Add(pad).Add(wrapped[i], ToneOf(row.Kind));
                if (i == 0 && row.Step is { } numbered && quantities.Length > 0)
                {
                    int used = pad.Length + ConsoleText.CellWidth(wrapped[i]);
                    lines.Add(new string(' ', Math.Max(0, bodyWidth - used)));
                    WriteValues(lines, trace, numbered, quantities, quantityWidths);
                }
            }
        }

        return lines;
    }

    private static void WriteHeader(ToneLines lines, RaceTrace trace, int width)
    {
        lines.Paragraph($"{ConsoleText.Visible(trace.Id)}  ", $"{trace.Title} [{trace.Variant}]", width, Tone.Strong, Tone.Strong);
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
        ToneLines lines, RaceTrace trace, int[] tasks, int column, int[] quantities, int[] quantityWidths)
    {
        lines.Line("step".PadRight(NumberWidth), Tone.Dim);
        for (int i = 0; i < tasks.Length; i++)
        {
            RaceLane lane = trace.Tasks[tasks[i]];
            string note = lane.Note.Length > 0 ? $" ({lane.Note})" : "";
            string head = ConsoleText.CutMiddle(ConsoleText.Visible(lane.Name + note), column);
            bool isLast = i == tasks.Length - 1;
            lines.Add(head, Tone.Strong).Add(new string(' ', column - ConsoleText.CellWidth(head) + (isLast ? 0 : Gap)));
        }

        if (tasks.Length == 0)
        {
            lines.Add(new string(' ', column));
        }

        for (int i = 0; i < quantities.Length; i++)
        {
            lines.Add(new string(' ', Gap)).Add(ConsoleText.Visible(trace.Quantities[quantities[i]]).PadLeft(quantityWidths[i]), Tone.Dim);
        }

        if (quantities.Length > 0 && trace.Before.Count > 0)
        {
            int body = tasks.Length == 0 ? column : (column * tasks.Length) + (Gap * (tasks.Length - 1));
            lines.Line("  0".PadRight(NumberWidth) + new string(' ', body), Tone.Dim);
            for (int i = 0; i < quantities.Length; i++)
            {
                string value = quantities[i] < trace.Before.Count ? trace.Before[quantities[i]].ToString(CultureInfo.InvariantCulture) : "";
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

    internal static List<string> Wrapped(RaceRow row, int width)
    {
        int indent = row.Kind == RaceRowKind.Function ? 0 : 2;
        List<string> wrapped = ConsoleText.WrapWords(ConsoleText.Visible(row.Text), Math.Max(8, width - indent - 2));

        // The first line may be two longer than those that follow, which are indented more.
        List<string> whole = ConsoleText.WrapWords(ConsoleText.Visible(row.Text), Math.Max(8, width - indent));
        if (whole.Count == 1)
        {
            wrapped = whole;
        }

        for (int i = 0; i < wrapped.Count; i++)
        {
            wrapped[i] = new string(' ', indent + (i > 0 ? 2 : 0)) + wrapped[i];
        }

        return wrapped;
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
        foreach (int i in Enumerable.Range(0, trace.Quantities.Count).OrderBy(i => RaceValues.Changes(trace, i) ? 0 : 1))
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
}
