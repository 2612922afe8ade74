using EpcActors.Hocon;

namespace EpcActors.Cli.Running;

/// <summary>
/// Files that appear whole or not at all. Each is written beside its place under a name of its own and renamed when all of
/// them are complete, so a full disk or a kill leaves no half of a report, and what was there before stays until then. A
/// link in the place of a file is replaced, not followed.
/// </summary>
internal sealed class StagedFiles : IDisposable
{
    private readonly List<(string Temporary, string Final)> _files = [];

    /// <summary>A stream for what the file will have; the caller closes it before <see cref="Commit"/>.</summary>
    public Stream Create(string path)
    {
        string full = Path.GetFullPath(path);
        string temporary = Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        _files.Add((temporary, full));
        return stream;
    }

    /// <summary>All files get their names.</summary>
    public void Commit()
    {
        foreach ((string temporary, string final) in _files)
        {
            File.Move(temporary, final, overwrite: true);
        }

        _files.Clear();
    }

    /// <summary>What was not committed is gone.</summary>
    public void Dispose()
    {
        foreach ((string temporary, string _) in _files)
        {
            try
            {
                File.Delete(temporary);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The reason why it cannot be deleted is the one that the caller reports already.
            }
        }
    }

    /// <summary>One file with one text. A pipe or a device that the user names is written into as it is.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        if (!TextFiles.IsRegular(path))
        {
            using FileStream target = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            write(target);
            return;
        }

        using StagedFiles files = new();
        using (Stream stream = files.Create(path))
        {
            write(stream);
        }

        files.Commit();
    }
}
