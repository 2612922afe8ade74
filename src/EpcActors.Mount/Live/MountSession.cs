using System.Diagnostics;
using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.Live;

/// <summary>
/// A mount from its beginning to its end: over a directory, or in a namespace of its own with a command in it.
/// </summary>
public static class MountSession
{
    /// <summary>Where the cgroup tree of every system is.</summary>
    public const string SystemDirectory = "/sys/fs/cgroup";

    private const int SigTerm = 15;
    private const int SigKill = 9;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Mounts over a directory until it is cancelled or unmounted, or the machine stops.</summary>
    /// <param name="machine">The machine, started.</param>
    /// <param name="directory">An existing directory.</param>
    /// <param name="mounted">Told the path of the device when the mount is there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="MountException">when the system refuses.</exception>
    public static void Over(
        LiveMachine machine, string directory, Action<string> mounted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(mounted);
        using CgroupMount mount = new(machine, directory, hasNamespace: false, null);
        mounted(mount.Device);
        while (!cancellationToken.WaitHandle.WaitOne(BetweenLooks) && !machine.HasEnded && mount.IsMounted)
        {
        }

        Require(mount);
    }

    /// <summary>
    /// Runs a command in a mount namespace of its own, in which <see cref="SystemDirectory"/> or another directory is
    /// the machine's tree. All processes of the namespace end with it.
    /// </summary>
    /// <returns>Exit code of the command; 128 and the signal when a signal ended it.</returns>
    /// <exception cref="MountException">when the system refuses.</exception>
    public static int Run(
        LiveMachine machine,
        string directory,
        IReadOnlyList<string> command,
        CancellationToken cancellationToken
    ) => Run(machine, directory, command, null, cancellationToken);

    /// <summary>The same with something between the tree and the machine.</summary>
    internal static int Run(
        LiveMachine machine,
        string directory,
        IReadOnlyList<string> command,
        ICgroupMachine? front,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(command);
        int code = 0;
        Exception? failure = null;

        // A namespace belongs to a thread: this one has it, and what it starts.
        Thread thread = new(() =>
        {
            try
            {
                code = RunInNamespace(machine, directory, command, front, cancellationToken);
            }
#pragma warning disable CA1031 // Thrown again on the thread of the caller.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure = error;
            }
        })
        {
            IsBackground = true,
            Name = "epc-namespace",
        };
        thread.Start();
        thread.Join();
        return failure is null ? code : throw new MountException(failure.Message);
    }

    private static int RunInNamespace(
        LiveMachine machine,
        string directory,
        IReadOnlyList<string> command,
        ICgroupMachine? front,
        CancellationToken cancellationToken)
    {
        if (Libc.Unshare(Libc.NewMountNamespace) != 0
            || Libc.Mount("none", "/", null, Libc.Recursive | Libc.Private, null) != 0)
        {
            throw new MountException(
                "no mount namespace can be made: unshare(2) needs CAP_SYS_ADMIN; run as root");
        }

        using CgroupMount mount = new(machine, directory, hasNamespace: true, front);
        string own = NamespaceOf("thread-self")!;
        using Process process = Start(command, mount, directory);
        bool isEnded = false;
        while (!isEnded)
        {
            isEnded = process.WaitForExit(BetweenLooks);
            if (!isEnded && (cancellationToken.IsCancellationRequested || machine.HasEnded))
            {
                KillAll(own, mount.WatcherId, SigTerm);
                isEnded = process.WaitForExit(Patience);
                break;
            }
        }

        KillAll(own, mount.WatcherId, SigKill);
        process.WaitForExit();
        Require(mount);
        return process.ExitCode;
    }

    private static Process Start(IReadOnlyList<string> command, CgroupMount mount, string directory)
    {
        ProcessStartInfo start = new(command[0]) { UseShellExecute = false };
        for (int i = 1; i < command.Count; i++)
        {
            start.ArgumentList.Add(command[i]);
        }

        start.Environment["PATH"] = $"{mount.Programs}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment[StandIns.DeviceVariable] = mount.Device;
        start.Environment[StandIns.RootVariable] = directory;
        try
        {
            return Process.Start(start) ?? throw new MountException($"{command[0]} cannot be started");
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw new MountException($"{command[0]} cannot be started: {error.Message}");
        }
    }

    /// <summary>Signals every process of a namespace but the watcher and this one.</summary>
    private static void KillAll(string own, int watcher, int signal)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), out int id) && id != watcher
                && id != Environment.ProcessId && NamespaceOf(id.ToString()) == own)
            {
                _ = Libc.Kill(id, signal);
            }
        }
    }

    private static string? NamespaceOf(string process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/mnt").LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void Require(CgroupMount mount)
    {
        if (mount.LastError is { } error)
        {
            throw new MountException($"a request met a defect of the file system: {error}");
        }
    }
}
