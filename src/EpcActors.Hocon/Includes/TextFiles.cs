using System.Formats.Tar;
using System.Text;

namespace EpcActors.Hocon;

/// <summary>
/// Reads text files, and regular ones only: a pipe never ends or never begins, and a device such as /dev/zero has no
/// end. Every method throws an <see cref="IOException"/> with a message that needs no more than the name of the file in
/// front.
/// </summary>
public static class TextFiles
{
    /// <summary>Most bytes of a file that is read in one piece: 64 MiB.</summary>
    public const int MostBytes = 64 * 1024 * 1024;

    private const int TypeFlagOffset = 156;

    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The whole text, in UTF-8; null when there is no such file.</summary>
    /// <exception cref="IOException">It is not a regular file, too large, not UTF-8, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static string? Read(string path)
    {
        using FileStream? stream = OpenRegular(path);
        if (stream is null)
        {
            return null;
        }

        // It may grow while it is read: the limit holds for what comes, not for what its length was.
        using MemoryStream bytes = new();
        byte[] part = new byte[64 * 1024];
        int count;
        while ((count = stream.Read(part)) > 0)
        {
            bytes.Write(part, 0, count);
            if (bytes.Length > MostBytes)
            {
                throw new IOException($"it has more than {MostBytes / 1024 / 1024} MiB");
            }
        }

        try
        {
            // GetString keeps a byte order mark; to the lexer it is white space.
            return StrictUtf8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (DecoderFallbackException e)
        {
            throw new IOException("it is not valid UTF-8", e);
        }
    }

    /// <summary>For a file that is read line by line and may be large; null when there is no such file.</summary>
    /// <exception cref="IOException">It is not a regular file, or cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static TextReader? Open(string path) => OpenRegular(path) is { } stream ? new StreamReader(stream) : null;

    /// <summary>True when it is a regular file, or nothing has that name.</summary>
    public static bool IsRegular(string path) => !File.Exists(path) || TypeOf(path) is null;

    private static FileStream? OpenRegular(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            throw new IOException("it is a directory, not a file");
        }

        if (!File.Exists(path))
        {
            return null;
        }

        if (TypeOf(path) is { } what)
        {
            throw new IOException($"it is {what}, not a regular file");
        }

        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            return null; // deleted meanwhile
        }
    }

    /// <summary>
    /// Type of the file when it is not regular; null when it is. An open of a pipe waits for a writer, so this must be
    /// known before. The runtime tells the type of a file in one place only: the header that it writes into an archive.
    /// </summary>
    private static string? TypeOf(string path)
    {
        FileSystemInfo file = new FileInfo(path);
        file = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
        if (OperatingSystem.IsWindows() || !file.Exists || file is FileInfo { Length: > 0 })
        {
            return null;
        }

        using MemoryStream header = new();
        try
        {
            using TarWriter archive = new(header, TarEntryFormat.Ustar, leaveOpen: true);
            archive.WriteEntry(file.FullName, "it");
        }
        catch (IOException)
        {
            return "a socket";
        }

        return (TarEntryType)header.GetBuffer()[TypeFlagOffset] switch
        {
            TarEntryType.Fifo => "a pipe",
            TarEntryType.CharacterDevice => "a device",
            TarEntryType.BlockDevice => "a block device",
            _ => null,
        };
    }
}
