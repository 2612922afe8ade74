using System.Globalization;
using System.Text;
using EpcActors.Kernel;
using EpcActors.Kernel.Tasks;
using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.Live;

/// <summary>
/// The emulated /dev/sgx_enclave: a directory with that one file. A write is a system call or an enclave call, in words
/// (<c>add 10 4096</c>), and fails with its error number; a close by the last descriptor, also of a process that was
/// killed, is the close of the device.
/// </summary>
/// <remarks>
/// <para>Commands: <c>create</c>, <c>add FIRST COUNT [measured]</c>, <c>init</c>, <c>read FIRST COUNT</c>,
/// <c>write FIRST COUNT</c>, <c>accept FIRST COUNT</c>, <c>trim FIRST COUNT</c>, <c>remove FIRST COUNT</c>, in pages;
/// <c>info</c> lets the next read say how many pages of EPC the machine has.</para>
/// </remarks>
public sealed class EnclaveDevice : IFuseFileSystem
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "sgx_enclave";

    private const ulong RootInode = 1;
    private const ulong FileInode = 2;

    /// <summary>
    /// No command is longer: writes within the size of a file do not exclude one another, and each may take seconds.
    /// </summary>
    internal const ulong FileSize = 4096;

    private readonly LiveMachine _machine;
    private readonly CgroupFileSystem _cgroups;
    private readonly Func<DateTimeOffset> _now;
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Session> _open = [];
    private ulong _lastHandle;

    /// <param name="machine">The machine.</param>
    /// <param name="cgroups">Says in which cgroup a process is.</param>
    /// <param name="now">The host's clock.</param>
    public EnclaveDevice(LiveMachine machine, CgroupFileSystem cgroups, Func<DateTimeOffset> now)
    {
        _machine = machine;
        _cgroups = cgroups;
        _now = now;
    }

    public FuseAttr GetAttr(ulong node) => node switch
    {
        RootInode => Attr(RootInode, FuseAttr.Directory | 0x1ED),
        FileInode => Attr(FileInode, FuseAttr.Regular | 0x1B6),
        _ => throw new FuseException(Errno.ENOENT),
    };

    public FuseAttr SetAttr(ulong node, FuseChange change) => GetAttr(node);

    public FuseAttr Lookup(ulong parent, string name) =>
        parent == RootInode && name == FileName ? GetAttr(FileInode) : throw new FuseException(Errno.ENOENT);

    public void Forget(ulong node, ulong count)
    {
    }

    public (ulong Handle, bool IsStream) Open(ulong node, uint flags, FuseCaller caller)
    {
        if (node != FileInode)
        {
            throw new FuseException(Errno.EISDIR);
        }

        lock (_gate)
        {
            _open.Add(++_lastHandle, new Session(_machine.Loads.Announce()));
            return (_lastHandle, true);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        ulong handle, ulong offset, uint size, FuseCaller caller, CancellationToken interrupted) =>
        new(SessionOf(handle).Take((int)size));

    public async ValueTask WriteAsync(
        ulong handle, byte[] data, FuseCaller caller, CancellationToken interrupted)
    {
        Session session = SessionOf(handle);
        string[] words = Encoding.UTF8.GetString(data).Split(
            [' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words is ["info"])
        {
            session.Say($"{_machine.CapacityPages}\n");
            return;
        }

        ProcessOrder order = Parse(words);
        OutsideHandle process = await ProcessOf(session, caller).ConfigureAwait(false);
        using CancellationTokenRegistration registration = interrupted.Register(() =>
            _ = _machine.SignalAsync(process, HostProcesses.HasFatalSignal(caller.Thread)));
        ProcessResult result = await _machine.OrderAsync(process, order).ConfigureAwait(false);
        Errno errno = result.Errno == Errno.ERESTARTSYS ? Errno.EINTR : result.Errno;
        session.Say($"{words[0]} {(errno == Errno.Ok ? "ok" : errno)} {result.Pages}\n");
        if (errno != Errno.Ok)
        {
            throw new FuseException(errno);
        }
    }

    /// <summary>
    /// A process that exits closes its files on the way: it waits here until its enclave is released, as in the
    /// kernel.
    /// </summary>
    public async ValueTask FlushAsync(ulong handle, FuseCaller caller)
    {
        Session session = SessionOf(handle);
        if (session.Process is { } process && HostProcesses.IsExitOf(caller.Thread, process.Process))
        {
            await _machine.CloseAsync(process).ConfigureAwait(false);
        }
    }

    public void Release(ulong handle)
    {
        Session? session;
        lock (_gate)
        {
            _open.Remove(handle, out session);
        }

        if (session is not null)
        {
            _machine.Loads.End(session.Load);
        }

        if (session?.Process is { } process)
        {
            _ = _machine.CloseAsync(process);
        }
    }

    public IReadOnlyList<FuseDirectoryEntry> List(ulong node) => [new FuseDirectoryEntry(FileName, FileInode, false)];

    public ValueTask<FuseAttr> MkDirAsync(ulong parent, string name, uint mode, FuseCaller caller) =>
        throw new FuseException(Errno.EPERM);

    public ValueTask RmDirAsync(ulong parent, string name) => throw new FuseException(Errno.EPERM);

    public uint Poll(ulong handle, ulong? notice) => 0x145;

    /// <summary>A command. EINVAL for anything else, and for pages outside of the largest enclave.</summary>
    internal ProcessOrder Parse(string[] words)
    {
        int first = 0;
        int count = 0;
        bool isRange = words.Length >= 3
            && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out first)
            && int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out count)
            && (long)first + count <= _machine.EnclavePages;
        return words switch
        {
            ["create"] => new ProcessOrder.Create(),
            ["init"] => new ProcessOrder.Init(),
            ["add", _, _] when isRange => new ProcessOrder.AddPages(first, count, IsMeasured: false),
            ["add", _, _, "measured"] when isRange => new ProcessOrder.AddPages(first, count, IsMeasured: true),
            ["read", _, _] when isRange => new ProcessOrder.Touch(first, count, Writes: false),
            ["write", _, _] when isRange => new ProcessOrder.Touch(first, count, Writes: true),
            ["accept", _, _] when isRange => new ProcessOrder.Accept(first, count),
            ["trim", _, _] when isRange => new ProcessOrder.Trim(first, count),
            ["remove", _, _] when isRange => new ProcessOrder.Remove(first, count),
            _ => throw new FuseException(Errno.EINVAL),
        };
    }

    private FuseAttr Attr(ulong inode, uint mode)
    {
        DateTimeOffset now = _now();
        return new FuseAttr
        {
            Inode = inode,
            Mode = mode,
            Links = 1,
            Size = inode == FileInode ? FileSize : 0,
            Seconds = now.ToUnixTimeSeconds(),
        };
    }

    private Session SessionOf(ulong handle)
    {
        lock (_gate)
        {
            return _open.TryGetValue(handle, out Session? session) ? session : throw new FuseException(Errno.EINVAL);
        }
    }

    /// <summary>
    /// The process of an open file, made with its first command: in the cgroup in which its caller is.
    /// </summary>
    private async Task<OutsideHandle> ProcessOf(Session session, FuseCaller caller)
    {
        if (session.Process is { } known)
        {
            return known;
        }

        using IDisposable held = await _cgroups.HoldAsync().ConfigureAwait(false);
        (HostProcess Process, int Misc, int Memory) at =
            _cgroups.PlacesOf(caller.Thread) ?? throw new FuseException(Errno.ESRCH);
        session.Process ??=
            await _machine.OpenAsync(at.Process.Id, at.Misc, at.Memory).ConfigureAwait(false)
            ?? throw new FuseException(Errno.ENOMEM);
        _machine.Loads.Bind(session.Load, session.Process.Place);
        return session.Process;
    }

    private sealed class Session(LoadSteps.Load load)
    {
        private readonly StringBuilder _said = new();

        public LoadSteps.Load Load { get; } = load;

        public OutsideHandle? Process { get; set; }

        public void Say(string text)
        {
            lock (_said)
            {
                _said.Append(text);
            }
        }

        public byte[] Take(int most)
        {
            lock (_said)
            {
                int count = Math.Min(most, _said.Length);
                byte[] taken = Encoding.UTF8.GetBytes(_said.ToString(0, count));
                _said.Remove(0, count);
                return taken;
            }
        }
    }
}
