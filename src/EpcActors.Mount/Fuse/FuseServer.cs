using System.Globalization;
using System.Runtime.InteropServices;

namespace EpcActors.Mount.Fuse;

/// <summary>
/// A file system on /dev/fuse: mounts it, and a thread of its own serves the kernel's requests until it is disposed.
/// </summary>
public sealed class FuseServer : IDisposable
{
    private const int PollMs = 200;
    private const int Eintr = 4;
    private const int Eagain = 11;

    private readonly int _fd;
    private readonly FuseSession _session;
    private readonly Thread _thread;
    private volatile bool _isClosing;
    private int _isClosed;

    private FuseServer(int fd, string directory, IFuseFileSystem files)
    {
        _fd = fd;
        Directory = directory;
        _session = new FuseSession(files, Send);
        _thread = new Thread(Serve) { IsBackground = true, Name = "epc-fuse" };
    }

    /// <summary>Where it is mounted.</summary>
    public string Directory { get; }

    /// <summary>False once the mount was taken away, by this process or by another.</summary>
    public bool IsServing => _thread.IsAlive;

    /// <summary>A defect of the file system that a request met; null for none.</summary>
    public Exception? LastError => _session.LastError;

    /// <summary>Says whether a mount is possible on this machine; null when it is, else the reason.</summary>
    public static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "a mount needs Linux";
        }

        if (!File.Exists("/dev/fuse"))
        {
            return "there is no /dev/fuse: load the module fuse, or give the container the device";
        }

        return MayMount() ? null
            : "mount(2) needs CAP_SYS_ADMIN: run as root, or in 'unshare --map-root-user --mount'";
    }

    private static bool MayMount()
    {
        const int SysAdmin = 21;
        const string Key = "CapEff:";
        string? line = File.ReadLines("/proc/self/status")
            .FirstOrDefault(one => one.StartsWith(Key, StringComparison.Ordinal));
        return line is not null
            && (ulong.Parse(line.AsSpan(Key.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                & (1UL << SysAdmin)) != 0;
    }

    /// <summary>Mounts a file system, in the mount namespace of the calling thread.</summary>
    /// <param name="directory">Directory to mount over.</param>
    /// <param name="source">Name of the source in /proc/mounts.</param>
    /// <param name="files">What the mount means.</param>
    /// <exception cref="MountException">when the system refuses.</exception>
    public static FuseServer Mount(string directory, string source, IFuseFileSystem files)
    {
        ArgumentNullException.ThrowIfNull(directory);
        int fd = Libc.Open("/dev/fuse", Libc.ReadWrite | Libc.CloseOnExec | Libc.NonBlock);
        if (fd < 0)
        {
            throw Failure("/dev/fuse cannot be opened");
        }

        string options = $"fd={fd},rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions";
        if (Libc.Mount(source, directory, "fuse.epc", Libc.NoSuid | Libc.NoDev | Libc.NoExec, options) != 0)
        {
            MountException failure = Failure($"{directory} cannot be mounted over");
            _ = Libc.Close(fd);
            throw failure;
        }

        FuseServer server = new(fd, Path.GetFullPath(directory), files);
        server._thread.Start();
        return server;
    }

    /// <summary>Tells the kernel that a file which a task polls has changed.</summary>
    public void NotifyPoll(ulong notice) => Send(FuseReply.PollNotice(notice));

    /// <summary>
    /// Takes the mount away, in the mount namespace of the calling thread, and ends the server. Requests under way fail
    /// with ENOTCONN in the callers.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
        {
            return;
        }

        _ = Libc.Unmount(Directory, Libc.Detach);
        _isClosing = true;
        _thread.Join();
        _ = Libc.Close(_fd);
    }

    private static MountException Failure(string what) =>
        new($"{what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

    private void Send(byte[] message)
    {
        // An answer to a request that was aborted meanwhile is ENOENT, and belongs to no one.
        _ = Libc.Write(_fd, message, (nuint)message.Length);
    }

    private void Serve()
    {
        byte[] buffer = new byte[FuseSession.MaxWrite + 8192];
        Libc.PollFd[] poll = [new Libc.PollFd { Fd = _fd, Events = Libc.PollIn }];
        while (!_isClosing && !_session.IsDestroyed)
        {
            if (Libc.Poll(poll, 1, PollMs) <= 0)
            {
                continue;
            }

            nint length = Libc.Read(_fd, buffer, (nuint)buffer.Length);
            if (length > 0)
            {
                _session.Handle(buffer[..(int)length]);
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error is not (Eintr or Eagain or 2))
            {
                // ENODEV: unmounted.
                return;
            }
        }
    }
}
