using System.Globalization;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Reports;

/// <summary>Published measurements beside the model's figures: on a terminal, and as a table for a document.</summary>
public static class PublishedText
{
    /// <summary>The table stands behind this line of a document.</summary>
    public const string Begin = "<!-- published -->";

    /// <summary>The table ends before this line.</summary>
    public const string End = "<!-- /published -->";

    /// <summary>Writes the table, and a paragraph for each row that is far off.</summary>
    public static void Write(IAnsiConsole console, PublishedReport report)
    {
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(report);
        ConsoleText text = new(console);
        TextTable table = new(
            TextTable.Word("row"),
            TextTable.Prose("publication"),
            TextTable.Prose("what"),
            TextTable.Figure("published"),
            TextTable.Figure("here"),
            TextTable.Figure("ratio"));
        foreach (PublishedRow row in report.Rows)
        {
            table.Row(row.Name, row.Publication, row.What, Published(row), Figure(row.Product, row.Unit),
                new Cell(Ratio(row.Ratio), row.IsFarOff ? ConsoleText.Warn : Style.Plain));
        }

        table.WriteTo(text);
        if (report.Rows.Any(row => row.IsFarOff))
        {
            text.Heading("Off by more than 1.5");
            foreach (PublishedRow row in report.Rows.Where(row => row.IsFarOff))
            {
                text.Paragraph($"  {row.Name}: ", row.Reason);
            }
        }

        text.Line();
        foreach (PublishedRow row in report.Rows.Where(row => !row.IsAsKnown))
        {
            text.Paragraph(
                "MOVED: ",
                $"{row.Name}: the ratio is {Ratio(row.Ratio)}, and was between {Ratio(row.LeastRatio)} and "
                    + $"{Ratio(row.MostRatio)} when the table was written; a cost or a routine has changed",
                ConsoleText.Bad);
        }

        text.Line(Sentence(report));
    }

    /// <summary>The table in Markdown, and below it why rows are far off; without the marks around it.</summary>
    public static IReadOnlyList<string> Markdown(PublishedReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        List<string> lines =
        [
            "| row | publication | machine | what | published | here | ratio |",
            "|---|---|---|---|---|---|---|",
        ];
        foreach (PublishedRow row in report.Rows)
        {
            string ratio = row.IsFarOff ? $"**{Ratio(row.Ratio)}**" : Ratio(row.Ratio);
            lines.Add($"| [{row.Name}](../{row.Scenario}) | {row.Publication} | {row.Machine} | {row.What} | "
                + $"{Published(row)} | {Figure(row.Product, row.Unit)} | {ratio} |");
        }

        lines.AddRange(["", Sentence(report)]);
        foreach (PublishedRow row in report.Rows.Where(row => row.IsFarOff))
        {
            lines.Add("");
            lines.AddRange(Wrapped($"- **{row.Name}**: {row.Reason}"));
        }

        return lines;
    }

    /// <summary>True when a document has the two marks that the table goes between.</summary>
    public static bool HasPlace(string document)
    {
        ArgumentNullException.ThrowIfNull(document);
        int begin = document.IndexOf(Begin + "\n", StringComparison.Ordinal);
        return begin >= 0 && document.IndexOf(End, begin, StringComparison.Ordinal) >= 0;
    }

    /// <summary>A document with the table between its marks.</summary>
    public static string Into(string document, PublishedReport report)
    {
        ArgumentNullException.ThrowIfNull(document);
        int begin = document.IndexOf(Begin + "\n", StringComparison.Ordinal);
        int end = document.IndexOf(End, begin, StringComparison.Ordinal);
        return $"{document[..begin]}{Begin}\n\n{string.Join('\n', Markdown(report))}\n\n{document[end..]}";
    }

    private static string Sentence(PublishedReport report)
    {
        double[] off = [.. report.Rows.Select(row => Math.Max(row.Ratio, 1 / row.Ratio)).Order()];
        int near = off.Count(factor => factor <= PublishedRow.FarOff);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{near} of {Wording.Counted(off.Length, "row")} within a factor of 1.5, half of them within "
                + $"{off[(off.Length - 1) / 2]:0.00}, all within {off[^1]:0.0}.");
    }

    private static string Published(PublishedRow row) =>
        row.Range.Length == 0 ? Figure(row.Published, row.Unit) : $"{row.Range} {row.Unit}";

    private static string Ratio(double ratio) => ratio.ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Three digits, in groups when there are more; a factor without a unit.</summary>
    private static string Figure(double value, string unit)
    {
        double scale = value == 0 ? 1 : Math.Pow(10, Math.Floor(Math.Log10(Math.Abs(value))) - 2);
        double rounded = Math.Round(value / scale) * scale;
        string digits = scale >= 1
            ? Units.Count((long)rounded)
            : rounded.ToString(scale >= 0.1 ? "0.#" : scale >= 0.01 ? "0.##" : "0.###", CultureInfo.InvariantCulture);
        return unit switch
        {
            "" => digits,
            _ => $"{digits} {unit}",
        };
    }

    private static IEnumerable<string> Wrapped(string paragraph)
    {
        const int Width = 120;
        bool isFirst = true;
        foreach (string line in ConsoleText.WrapWords(paragraph, Width - 2))
        {
            yield return isFirst ? line : "  " + line;
            isFirst = false;
        }
    }
}
