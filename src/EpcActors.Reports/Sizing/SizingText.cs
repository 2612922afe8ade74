using System.Globalization;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>
/// The answer of a sizing on a terminal: a row per cgroup, what they come to together, the lines to paste.
/// </summary>
public static class SizingText
{
    private const int SparkWidth = 8;

    /// <summary>Up to so many cgroups each line to paste is printed.</summary>
    private const int MostPasted = 3;

    /// <summary>Writes it.</summary>
    public static void Write(IAnsiConsole console, SizingReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        ConsoleText text = new(console);
        WriteLimits(text, report);
        WriteAnswers(text, report);
        WriteTogether(text, report);
        WriteLines(text, report);
        WriteNotes(text, report);
        text.Line();
        text.Paragraph(
            report.Verdict == SizingVerdict.Sized ? "SIZED: " : "NOT KEPT: ",
            SizingWords.Sentence(report),
            report.Verdict == SizingVerdict.Sized ? ConsoleText.Good : ConsoleText.Bad);
    }

    private static void WriteLimits(ConsoleText text, SizingReport r)
    {
        string parent = SizingWords.CommonParent(r);
        List<TextTable.Column> columns = [TextTable.Name("cgroup"), TextTable.Figure("now"),
            TextTable.Figure("loads")];
        columns.AddRange(r.Shares.Select(share => TextTable.Figure(SizingWords.Share(share))));
        if (r.Until.Length > 0)
        {
            columns.Add(TextTable.Figure("until"));
        }

        columns.AddRange([TextTable.Figure("knee"), TextTable.Figure("whole"), TextTable.Figure("RAM"),
            TextTable.Figure("fault p50, p99"), TextTable.Word("speed")]);
        TextTable table = new([.. columns]);
        foreach (CgroupSizing one in r.Cgroups)
        {
            List<Cell> row =
            [
                Below(one.Path, parent),
                Units.Limit(one.MaxBytes),
                Wording.Counted(one.Least.Pages, "page"),
                .. one.Answers.Select(answer => Limit(answer, IsChosen(r, answer))),
            ];
            if (r.Until.Length > 0)
            {
                row.Add(one.Chosen is { } until ? Limit(until, true) : "-");
            }

            SizePoint? point = one.Chosen?.Point;
            row.AddRange(
            [
                one.KneePages == 0 ? "-" : Units.Bytes(one.KneePages * Units.PageBytes),
                Units.Bytes(one.WholePages * Units.PageBytes),
                point is null ? "-" : Units.Bytes(point.BackingPages * Units.PageBytes),
                point is null || point.FaultP50Ns == 0 ? "-"
                    : $"{Units.Duration(point.FaultP50Ns)}, {Units.Duration(point.FaultP99Ns)}",
                Sparkline.Speed(SizingCurves.First(one, r.Seeds), SparkWidth, text.IsUnicode),
            ]);
            table.Row([.. row]);
        }

        table.WriteTo(text);
        text.Line();
        string place = parent.Length > 1 ? $"The cgroups are those of {ConsoleText.Visible(parent[..^1])}. " : "";
        text.Paragraph("  ", place + SizingWords.Legend(r), style: ConsoleText.Dim);
    }

    /// <summary>The path without the group that all of them are in: the rest tells cgroups apart.</summary>
    private static string Below(string path, string parent) =>
        parent.Length > 1 && path.Length > parent.Length ? path[parent.Length..] : path;

    private static bool IsChosen(SizingReport r, SizeAnswer answer) =>
        r.Until.Length == 0 && answer.Share == r.ChosenShare;

    private static Cell Limit(SizeAnswer answer, bool isChosen) => answer.LimitPages is { } pages
        ? new Cell(Units.Bytes(pages * Units.PageBytes), isChosen ? ConsoleText.Good : (Style?)null)
        : new Cell("none", ConsoleText.Bad);

    private static void WriteAnswers(ConsoleText text, SizingReport r)
    {
        foreach (CgroupSizing one in r.Cgroups)
        {
            bool isAlone = r.Cgroups.Count <= MostPasted;
            foreach (string line in SizingWords.About(one, r, isAlone))
            {
                text.Paragraph($"  {ConsoleText.Visible(one.Path)}: ", line);
            }
        }
    }

    private static void WriteTogether(ConsoleText text, SizingReport r)
    {
        if (r.Together is not { } together)
        {
            return;
        }

        text.Heading("Together");
        text.Paragraph("  ", SizingWords.Sum(r, together), style: together.Fits ? (Style?)null : ConsoleText.Warn);
        if (r.Cgroups.Count == 1 && together.Rows[0].Keeps)
        {
            return;
        }

        string parent = SizingWords.CommonParent(r);
        TextTable table = new(TextTable.Name("cgroup"), TextTable.Figure("limit"), TextTable.Figure("alone"),
            TextTable.Figure("with the others"), TextTable.Word("keeps it"), TextTable.Prose("slowed by"));
        foreach (NeighbourSizing row in together.Rows)
        {
            table.Row(
                Below(row.Path, parent),
                Units.Bytes(row.LimitPages * Units.PageBytes),
                SizingWords.Slowdown(row.Alone),
                new Cell(SizingWords.Slowdown(row.Together), row.Keeps ? (Style?)null : ConsoleText.Bad),
                new Cell(row.Keeps ? "yes" : "no", row.Keeps ? ConsoleText.Good : ConsoleText.Bad),
                row.Death.Length > 0 ? row.Death : SizingWords.SlowedBy(row));
        }

        table.WriteTo(text);
    }

    private static void WriteLines(ConsoleText text, SizingReport r)
    {
        IReadOnlyList<(string Place, IReadOnlyList<string> Lines)> all = LimitLines.All(r);
        if (all[0].Lines.Count == 0)
        {
            return;
        }

        text.Heading("To paste");
        if (r.Cgroups.Count <= MostPasted)
        {
            foreach (string line in all.SelectMany(one => one.Lines))
            {
                text.Line("  " + line);
            }

            return;
        }

        foreach (string line in all[0].Lines)
        {
            text.Line("  " + line);
        }

        text.Paragraph("  ", "as an annotation: " + all[1].Lines[0] + "; as a resource: "
            + LimitLines.Resource(r.Cgroups.First(one => one.Chosen?.LimitPages is not null).Chosen!.LimitPages!.Value)
            + "; --out DIR writes them all", style: ConsoleText.Dim);
    }

    private static void WriteNotes(ConsoleText text, SizingReport r)
    {
        foreach (string note in r.Notes)
        {
            text.Paragraph("  note: ", note, style: ConsoleText.Dim);
        }

        text.Line();
        text.Paragraph("  ", string.Create(CultureInfo.InvariantCulture,
            $"{Wording.Counted(r.Simulations, "simulation")}, {Units.SiPrefixed(r.Steps)} steps, ")
            + Units.Duration((long)(r.WallTimeMs * 1e6)), style: ConsoleText.Dim);
    }
}
