using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Cli.Running;

/// <summary>The files of <c>epc size --out</c>.</summary>
internal static class SizingFiles
{
    /// <summary>Their names, with what each is for.</summary>
    public static IReadOnlyList<(string Name, string Purpose)> All { get; } =
    [
        ("size.html", "the curves and tables in one file, for people"),
        ("size.json", "the answer, for scripts"),
        ("size.csv", "a row per simulated limit"),
        ("limits.txt", "every line to paste"),
    ];

    /// <summary>Writes all of them; returns the line that says so.</summary>
    public static string Write(OutputDirectory directory, SizingReport report)
    {
        using StagedFiles files = new();
        directory.AddText(files, "size.html", writer => SizingPage.Write(writer, report));
        directory.AddText(files, "size.json", writer => writer.WriteLine(SizingJson.ToJson(report)));
        directory.AddText(files, "size.csv", writer => SizingCsv.Write(writer, report));
        directory.AddText(files, "limits.txt", writer => WriteLines(writer, report));
        files.Commit();
        return $"wrote {string.Join(", ", All.Select(file => file.Name))} to {directory.PathOf("")}";
    }

    /// <summary>The table of simulated limits as text.</summary>
    public static string Csv(SizingReport report)
    {
        using StringWriter writer = new() { NewLine = "\n" };
        SizingCsv.Write(writer, report);
        return writer.ToString();
    }

    private static void WriteLines(TextWriter writer, SizingReport report)
    {
        foreach ((string place, IReadOnlyList<string> lines) in LimitLines.All(report))
        {
            writer.WriteLine($"# {place}");
            foreach (string line in lines)
            {
                writer.WriteLine(line);
            }

            writer.WriteLine();
        }
    }
}
