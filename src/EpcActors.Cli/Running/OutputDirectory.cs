using System.Text;
using EpcActors.Reports;
using EpcActors.Results;

namespace EpcActors.Cli.Running;

/// <summary>The files of <c>--out</c>.</summary>
internal sealed class OutputDirectory
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly string _path;

    private OutputDirectory(string path) => _path = path;

    /// <summary>Files of <see cref="WriteRun"/>, with the purpose of each.</summary>
    public static IReadOnlyList<(string Name, string Purpose)> RunFiles { get; } =
    [
        ("report.html", "charts and tables in one file, for people"),
        ("metrics.csv", "a row per sample"),
        ("steps.csv", "a row per step of each enclave"),
        ("trace.json", "Chrome trace, for ui.perfetto.dev"),
        ("metrics.txt", "OpenMetrics, for Prometheus"),
        ("report.json", "the whole report, for scripts"),
    ];

    /// <summary>
    /// Makes the directory and makes sure that it takes files, before a long run is started for nothing.
    /// </summary>
    /// <exception cref="CommandException">when it does not.</exception>
    public static OutputDirectory? Prepare(string? path)
    {
        if (path is null)
        {
            return null;
        }

        OutputPath.RequireWritableFolder("--out", path);
        return new OutputDirectory(path);
    }

    /// <summary>Full name of a file in it.</summary>
    public string PathOf(string name) => Path.Combine(_path, name);

    /// <summary>A directory below this one.</summary>
    public OutputDirectory Below(string name)
    {
        string path = Path.Combine(_path, name);
        OutputPath.Write(path, () => Directory.CreateDirectory(path));
        return new OutputDirectory(path);
    }

    /// <summary>Writes all files of a run; returns the line that says so.</summary>
    public string WriteRun(RunReport report)
    {
        using StagedFiles files = new();
        string line = AddRun(files, report);
        files.Commit();
        return line;
    }

    /// <summary>The same, as some of the files that appear together.</summary>
    public string AddRun(StagedFiles files, RunReport report)
    {
        foreach ((string name, string _) in RunFiles)
        {
            files.Add(PathOf(name), stream => WriteFileOfRun(stream, name, report));
        }

        return $"wrote {string.Join(", ", RunFiles.Select(file => file.Name))} to {_path}";
    }

    /// <summary>Writes a text file among those that appear together; returns the line that says so.</summary>
    public string AddText(StagedFiles files, string name, Action<TextWriter> write)
    {
        files.Add(PathOf(name), stream => WriteText(stream, write));
        return $"wrote {name} to {_path}";
    }

    private static void WriteFileOfRun(Stream stream, string name, RunReport report)
    {
        switch (name)
        {
            case "report.html":
                WriteText(stream, writer => HtmlReport.Write(writer, report));
                break;
            case "metrics.csv":
                WriteText(stream, writer => CsvReport.Write(writer, report));
                break;
            case "steps.csv":
                WriteText(stream, writer => StepsCsv.Write(writer, report));
                break;
            case "trace.json":
                ChromeTrace.Write(stream, report);
                break;
            case "metrics.txt":
                WriteText(stream, writer => OpenMetrics.Write(writer, report));
                break;
            default:
                JsonReport.Write(stream, report);
                break;
        }
    }

    private static void WriteText(Stream stream, Action<TextWriter> write)
    {
        using StreamWriter writer = new(stream, Utf8, leaveOpen: true) { NewLine = "\n" };
        write(writer);
    }
}
