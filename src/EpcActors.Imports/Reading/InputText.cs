using System.Globalization;
using EpcActors.Hocon;
using EpcActors.Results.Text;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Imports.Reading;

/// <summary>A file of the input: read once, regular, UTF-8, without characters that a terminal obeys.</summary>
/// <param name="Source">Its path as it was given; begins its places.</param>
/// <param name="Text">All of it, without a byte order mark.</param>
internal sealed record InputText(string Source, string Text)
{
    /// <summary>Largest input, bytes. Traces are read line by line and are no inputs of this kind.</summary>
    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Name of the file without its folder and last extension.</summary>
    public string Name => Path.GetFileNameWithoutExtension(Source);

    /// <exception cref="ConfigurationException">It cannot be read, or has control characters.</exception>
    public static InputText Read(string path, ConfigEnvironment environment, ImportLog log)
    {
        HoconOrigin at = new(path, 0, 0);
        string? text;
        try
        {
            text = environment.Files.Read(path) ?? BuiltInFiles.ReadShipped(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw log.Fail(at, "", $"cannot read it: {error.Message}", "name a text file in UTF-8");
        }

        if (text is null)
        {
            throw log.Fail(at, "", "there is no such file", "paths are relative to the current folder");
        }

        if (text.Length > MostBytes)
        {
            throw log.Fail(
                at, "", $"it has more than {MostBytes / 1024 / 1024} MiB", "no file of this kind is so large");
        }

        text = text.TrimStart('\ufeff');
        RequirePrintable(text, path, log);
        return new InputText(path, text);
    }

    private static void RequirePrintable(string text, string path, ImportLog log)
    {
        int hidden = PrintableText.IndexOfHidden(text);
        if (hidden < 0)
        {
            return;
        }

        string before = text[..hidden];
        throw log.Fail(
            new HoconOrigin(path, 1 + before.Count(c => c == '\n'), hidden - before.LastIndexOf('\n')),
            "",
            string.Create(
                CultureInfo.InvariantCulture, $"the text has the control character U+{(int)text[hidden]:X4}"),
            "write it without: names and texts are printed on terminals and in pages");
    }
}
