using System.Text;

namespace EpcActors.Hocon;

/// <summary>Files on disk, in UTF-8. Relative names are adjacent to the including file.</summary>
public sealed class HoconFileIncluder : IHoconIncluder
{
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The only instance needed: it has no state.</summary>
    public static HoconFileIncluder Instance { get; } = new();

    public string Locate(string includingSource, string name)
    {
        ArgumentNullException.ThrowIfNull(includingSource);
        ArgumentNullException.ThrowIfNull(name);
        if (Path.IsPathRooted(name))
        {
            return name;
        }

        string? folder = Path.GetDirectoryName(includingSource);
        return SourceNames.Combine(folder ?? "", name);
    }

    public string? Read(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Directory.Exists(source))
        {
            throw new IOException("it is a directory, not a file");
        }

        if (!File.Exists(source))
        {
            return null;
        }

        try
        {
            // GetString keeps a byte order mark; to the lexer it is white space.
            return StrictUtf8.GetString(File.ReadAllBytes(source));
        }
        catch (DecoderFallbackException e)
        {
            throw new IOException("it is not valid UTF-8", e);
        }
        catch (FileNotFoundException)
        {
            return null; // deleted since File.Exists
        }
    }
}
