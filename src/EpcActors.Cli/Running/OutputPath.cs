using EpcActors.Cli.Terminal;
using EpcActors.Hocon;

namespace EpcActors.Cli.Running;

/// <summary>
/// Names of files that the command writes: checked before long work begins, and told when it cannot write them.
/// </summary>
internal static class OutputPath
{
    /// <summary>Makes sure that a file of that name can be written, before a long run is started for nothing.</summary>
    /// <param name="option">The option that names it.</param>
    /// <param name="path">The file: what it holds stays as it is.</param>
    /// <exception cref="CommandException">It cannot (usage).</exception>
    public static void RequireWritableFile(string option, string path)
    {
        RequireName(option, path, "FILE");
        const string Remedy = "name a file in a folder that can be written";
        if (Directory.Exists(path))
        {
            throw CommandException.Usage($"{option} {path}: it is a folder; {Remedy}");
        }

        // To open a pipe or a device now could wait for its reader.
        if (TextFiles.IsRegular(path))
        {
            Require(option, path, Remedy, () =>
            {
                StagedFiles.Probe(path);

                // A file that its owner has made read-only is not replaced. A link is, and is not followed.
                if (new FileInfo(path) is { Exists: true, LinkTarget: null })
                {
                    using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                }
            });
        }
    }

    /// <summary>Makes the folder when it is not there, and makes sure that it takes files.</summary>
    /// <exception cref="CommandException">It cannot (usage).</exception>
    public static void RequireWritableFolder(string option, string path)
    {
        RequireName(option, path, "DIR");
        const string Remedy = "name a folder that can be written";
        if (File.Exists(path))
        {
            throw CommandException.Usage($"{option} {path}: it is a file; {Remedy}");
        }

        Require(option, path, Remedy, () =>
        {
            Directory.CreateDirectory(path);
            StagedFiles.Probe(Path.Combine(path, "epc"));
        });
    }

    /// <summary>Writes; what goes wrong is told with the name that the user knows.</summary>
    /// <exception cref="CommandException">It went wrong (output).</exception>
    public static void Write(string path, Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (SystemErrors.IsOne(error))
        {
            throw new CommandException(ExitCode.OutputError, $"{path}: cannot write it: {SystemErrors.Reason(error)}");
        }
    }

    private static void RequireName(string option, string path, string what)
    {
        if (path.Length == 0)
        {
            throw CommandException.Usage($"{option} needs a name: {option} {what}");
        }

        if (path.Contains('\uFFFD', StringComparison.Ordinal) || path.Contains('\0', StringComparison.Ordinal))
        {
            throw CommandException.Usage($"{option} {path}: the name is not valid UTF-8; choose another");
        }
    }

    private static void Require(string option, string path, string remedy, Action act)
    {
        try
        {
            act();
        }
        catch (Exception error) when (SystemErrors.IsOne(error))
        {
            string reason = SystemErrors.Reason(error);
            throw CommandException.Usage($"{option} {path}: cannot write there: {reason}; {remedy}");
        }
    }
}
