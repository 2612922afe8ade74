using System.Runtime.InteropServices;

namespace EpcActors.Cli.Commands.Cluster;

/// <summary>
/// How many files and sockets a process may have open (<c>ulimit -n</c>). With too few of them the runtime itself
/// fails, in the middle of
/// something and with a message that names no limit, so the limit is looked at before anything else.
/// </summary>
internal static class FileHandles
{
    /// <summary>
    /// What a process has open by itself: libraries, pollers, timers, with a reserve for what is open for a moment.
    /// </summary>
    private const long OfProcess = 160;

    /// <summary>
    /// Three pipes and a connection in each direction for every process of a cluster, with a reserve for connections
    /// that are made again.
    /// </summary>
    private const long PerMember = 12;

    /// <summary>RLIMIT_NOFILE of Linux and of macOS.</summary>
    private static int Resource => OperatingSystem.IsMacOS() ? 8 : 7;

    /// <summary>Open files that a process of a cluster needs.</summary>
    /// <param name="members">Processes of the cluster beside it.</param>
    public static long Needed(int members) => OfProcess + (PerMember * members);

    /// <summary>Refuses to begin what would fail in the middle.</summary>
    /// <param name="command">What is to begin.</param>
    /// <param name="members">Processes of the cluster as far as known.</param>
    /// <exception cref="CommandException">there are too few (not supported here).</exception>
    public static void Check(string command, int members)
    {
        if (Shortage(command, members) is { } shortage)
        {
            throw new CommandException(ExitCode.NotSupported, shortage);
        }
    }

    /// <summary>A message for the user when there are too few; null when there are enough.</summary>
    public static string? Shortage(string command, int members = 0)
    {
        long needed = Needed(members);
        return Limit() is { } limit && limit < needed
            ? $"{command} needs {needed} file handles, and this process may have {limit}: raise the limit, with "
                + "'ulimit -n 1024' in this shell, "
                + "LimitNOFILE= of the service or --ulimit nofile= of the container"
            : null;
    }

    /// <summary>
    /// The limit that the runtime has after its start, when it raises the soft one to the hard one; null where there is
    /// none to ask.
    /// </summary>
    private static long? Limit() =>
        !OperatingSystem.IsWindows() && GetLimit(Resource, out Limits limits) == 0 && limits.Most <= long.MaxValue
            ? (long)limits.Most
            : null;

    [DllImport("libc", EntryPoint = "getrlimit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetLimit(int resource, out Limits limits);

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public ulong Now;
        public ulong Most;
    }
}
