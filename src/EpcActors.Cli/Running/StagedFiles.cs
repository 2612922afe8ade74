using EpcActors.Hocon;

namespace EpcActors.Cli.Running;

/// <summary>
/// Files that appear whole or not at all. Each is written beside its place under a name of its own and renamed when all
/// of them are complete, so a full disk or a kill leaves no half of a report, and what was there before stays until
/// then. A link in the place of a file is replaced, not followed.
/// </summary>
internal sealed class StagedFiles : IDisposable
{
    private readonly List<(string Temporary, string Final)> _files = [];

    /// <summary>Writes what the file will have.</summary>
    /// <exception cref="CommandException">It cannot be written (output).</exception>
    public void Add(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
        {
            // Now, and not when the first of several files have their names already.
            throw new CommandException(ExitCode.OutputError, $"{path}: cannot write it: it is a folder");
        }

        string temporary = TemporaryName(full);
        OutputPath.Write(path, () =>
        {
            using FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None);
            _files.Add((temporary, full));
            write(stream);
        });
    }

    /// <summary>All files get their names.</summary>
    /// <exception cref="CommandException">The folder can no longer be written (output).</exception>
    public void Commit()
    {
        foreach ((string temporary, string final) in _files)
        {
            OutputPath.Write(final, () => File.Move(temporary, final, overwrite: true));
        }

        _files.Clear();
    }

    /// <summary>Drops what was not committed.</summary>
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
    /// <exception cref="CommandException">It cannot be written (output).</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (!TextFiles.IsRegular(path))
        {
            OutputPath.Write(path, () =>
            {
                using FileStream target = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                write(target);
            });
            return;
        }

        using StagedFiles files = new();
        files.Add(path, write);
        files.Commit();
    }

    /// <summary>Makes a file beside this one and removes it: whether <see cref="Write"/> can work.</summary>
    public static void Probe(string path)
    {
        string name = TemporaryName(Path.GetFullPath(path));
        using FileStream file = new(
            name, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
    }

    private static string TemporaryName(string full) =>
        Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
}
