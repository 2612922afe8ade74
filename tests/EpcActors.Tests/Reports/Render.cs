using System.Text;
using EpcActors.Reports;
using EpcActors.Results;
using Spectre.Console;

namespace EpcActors.Tests.Reports;

/// <summary>Renders reports into strings.</summary>
internal static class Render
{
    public static string Console(int width, Action<IAnsiConsole> write, bool isUnicode = true)
    {
        using StringWriter writer = new() { NewLine = "\n" };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(writer),
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = isUnicode;
        write(console);
        return writer.ToString().ReplaceLineEndings("\n");
    }

    public static string Console(RunReport report, int width = 100, bool isUnicode = true) =>
        Console(width, console => ConsoleReport.Write(console, report), isUnicode);

    public static string Csv(RunReport report) => Text(writer => CsvReport.Write(writer, report));

    public static string Text(Action<TextWriter> write)
    {
        using StringWriter writer = new() { NewLine = "\n" };
        write(writer);
        return writer.ToString();
    }

    public static string Utf8(Action<Stream> write)
    {
        using MemoryStream stream = new();
        write(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
