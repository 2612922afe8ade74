using System.Text;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.CgroupFs;

/// <summary>
/// A cgroup2 mount: directories that are cgroups, and their files, byte for byte and error for error as the emulated
/// kernel has them.
/// </summary>
public sealed class CgroupFileSystem : IFuseFileSystem, IDisposable
{
    private const uint PollIn = 1;
    private const uint PollPri = 2;
    private const uint PollOut = 4;
    private const uint PollErr = 8;
    private const uint PollNormal = 0x40 | 0x100;

    private readonly CgroupHierarchy _hierarchy;
    private readonly FileContents _contents;
    private readonly Func<DateTimeOffset> _now;
    private readonly Dictionary<ulong, CgroupNode> _nodes = [];
    private readonly Dictionary<ulong, OpenFile> _open = [];
    private ulong _lastHandle;

    /// <param name="machine">The machine behind the tree.</param>
    /// <param name="processes">Processes of the host.</param>
    /// <param name="now">The host's clock, for times of files.</param>
    public CgroupFileSystem(ICgroupMachine machine, IProcessTable processes, Func<DateTimeOffset> now)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(processes);
        ArgumentNullException.ThrowIfNull(now);
        _now = now;
        _hierarchy = new CgroupHierarchy(machine, processes, now);
        _contents = new FileContents(machine, _hierarchy);
        MiscFiles = machine.MiscFiles;
        _nodes[1] = _hierarchy.Root;
    }

    /// <summary>Sends the number of a poll whose file has changed; null: no task is told.</summary>
    public Action<ulong>? NotifyPoll { get; set; }

    /// <summary>Told the path of an events file that has changed, below the root of the mount.</summary>
    public Action<string>? Changed { get; set; }

    private MiscFileSet MiscFiles { get; }

    /// <summary>Makes the directories of a scenario, parents first, with the controllers that they need.</summary>
    /// <param name="path">Path below the root.</param>
    public async Task MakePathAsync(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        CgroupDirectory at = _hierarchy.Root;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.Control != Controllers.All)
            {
                await _hierarchy.ControlAsync(at, "+misc +memory").ConfigureAwait(false);
            }

            CgroupDirectory? next = at.Children.Find(child => child.Name == name);
            if (next is null)
            {
                next = await _hierarchy.MakeAsync(at, name, 0x1ED, default).ConfigureAwait(false);
                Know(next);
            }

            at = next;
        }
    }

    /// <summary>Writes a file as an administrator does.</summary>
    public Task WriteAsync(string directory, string file, string text)
    {
        ArgumentNullException.ThrowIfNull(directory);
        CgroupDirectory at = _hierarchy.Root;
        foreach (string name in directory.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            at = at.Children.First(child => child.Name == name);
        }

        return _contents.WriteAsync(at, CgroupFile.All.First(one => one.Name == file), text, default);
    }

    /// <summary>Process and places of a thread that opens an enclave; null when it is gone.</summary>
    public (HostProcess Process, int Misc, int Memory)? PlacesOf(int thread) => _hierarchy.PlacesOf(thread);

    /// <summary>Keeps every process where it is until the result is disposed of.</summary>
    public async Task<IDisposable> HoldAsync() => await _hierarchy.LockAsync().ConfigureAwait(false);

    public FuseAttr GetAttr(ulong node)
    {
        lock (_hierarchy.Gate)
        {
            return AttrOf(NodeOf(node));
        }
    }

    public FuseAttr SetAttr(ulong node, FuseChange change)
    {
        lock (_hierarchy.Gate)
        {
            CgroupNode found = NodeOf(node);
            found.Mode = change.Mode is { } mode ? mode & 0xFFF : found.Mode;
            found.Uid = change.Uid ?? found.Uid;
            found.Gid = change.Gid ?? found.Gid;
            found.ChangedAt = change is { Mode: null, Uid: null, Gid: null } ? found.ChangedAt : _now();
            return AttrOf(found);
        }
    }

    public FuseAttr Lookup(ulong parent, string name)
    {
        lock (_hierarchy.Gate)
        {
            CgroupDirectory directory = DirectoryOf(parent);
            CgroupFile? file = CgroupFile.All.FirstOrDefault(
                one => one.Name == name && one.IsIn(directory, MiscFiles));
            CgroupNode found = directory.Children.Find(child => child.Name == name)
                ?? (CgroupNode?)(file is null ? null : FileOf(directory, file))
                ?? throw new FuseException(Errno.ENOENT);
            found.Lookups++;
            return AttrOf(found);
        }
    }

    public void Forget(ulong node, ulong count)
    {
        lock (_hierarchy.Gate)
        {
            if (!_nodes.TryGetValue(node, out CgroupNode? found))
            {
                return;
            }

            found.Lookups -= Math.Min(count, found.Lookups);
            ForgetIfGone(found);
        }
    }

    public (ulong Handle, bool IsStream) Open(ulong node, uint flags, FuseCaller caller)
    {
        lock (_hierarchy.Gate)
        {
            CgroupFileNode file = NodeOf(node) as CgroupFileNode ?? throw new FuseException(Errno.EISDIR);
            if (!IsThere(file))
            {
                throw new FuseException(Errno.ENODEV);
            }

            _open.Add(++_lastHandle, new OpenFile(file));
            return (_lastHandle, false);
        }
    }

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(
        ulong handle, ulong offset, uint size, FuseCaller caller, CancellationToken interrupted)
    {
        OpenFile open = OpenOf(handle);

        // A sequence file: what one reader sees in pieces is of one moment.
        if (offset == 0 || open.Snapshot is null)
        {
            string text = _contents.Read(open.File.Directory, open.File.File);
            open.LastRead = text;
            open.Snapshot = Encoding.UTF8.GetBytes(text);
        }

        int from = (int)Math.Min(offset, (ulong)open.Snapshot.Length);
        int count = (int)Math.Min(size, (uint)(open.Snapshot.Length - from));
        return new(open.Snapshot.AsMemory(from, count));
    }

    public async ValueTask WriteAsync(ulong handle, byte[] data, FuseCaller caller, CancellationToken interrupted)
    {
        ArgumentNullException.ThrowIfNull(data);
        if (data.Length > 4096)
        {
            throw new FuseException(Errno.E2BIG);
        }

        CgroupFileNode file = OpenOf(handle).File;
        await _contents.WriteAsync(file.Directory, file.File, Encoding.UTF8.GetString(data), caller)
            .ConfigureAwait(false);
        lock (_hierarchy.Gate)
        {
            file.ChangedAt = _now();
        }
    }

    public ValueTask FlushAsync(ulong handle, FuseCaller caller) => default;

    public void Release(ulong handle)
    {
        lock (_hierarchy.Gate)
        {
            _open.Remove(handle);
        }
    }

    public IReadOnlyList<FuseDirectoryEntry> List(ulong node)
    {
        lock (_hierarchy.Gate)
        {
            CgroupDirectory directory = DirectoryOf(node);
            return
            [
                .. CgroupFile.All.Where(file => file.IsIn(directory, MiscFiles))
                    .Select(file => new FuseDirectoryEntry(file.Name, FileOf(directory, file).Inode, false)),
                .. directory.Children.Select(child => new FuseDirectoryEntry(child.Name, child.Inode, true)),
            ];
        }
    }

    public async ValueTask<FuseAttr> MkDirAsync(ulong parent, string name, uint mode, FuseCaller caller)
    {
        CgroupDirectory above;
        lock (_hierarchy.Gate)
        {
            above = DirectoryOf(parent);
        }

        CgroupDirectory made = await _hierarchy.MakeAsync(above, name, mode, caller).ConfigureAwait(false);
        lock (_hierarchy.Gate)
        {
            Know(made);
            made.Lookups++;
            return AttrOf(made);
        }
    }

    public async ValueTask RmDirAsync(ulong parent, string name)
    {
        CgroupDirectory directory;
        lock (_hierarchy.Gate)
        {
            CgroupDirectory above = DirectoryOf(parent);
            directory = above.Children.Find(child => child.Name == name)
                ?? throw new FuseException(
                    CgroupFile.All.Any(file => file.Name == name && file.IsIn(above, MiscFiles))
                        ? Errno.ENOTDIR : Errno.ENOENT);
        }

        await _hierarchy.RemoveAsync(directory).ConfigureAwait(false);
        lock (_hierarchy.Gate)
        {
            foreach (CgroupFileNode file in directory.Files.Values)
            {
                ForgetIfGone(file);
            }

            ForgetIfGone(directory);
        }
    }

    public uint Poll(ulong handle, ulong? notice)
    {
        OpenFile open = OpenOf(handle);
        if (!open.File.File.IsEvents)
        {
            return PollIn | PollOut | PollNormal;
        }

        open.Notice = notice ?? open.Notice;
        string text = _contents.Read(open.File.Directory, open.File.File);
        return PollIn | PollOut | PollNormal
            | (open.LastRead is not null && open.LastRead != text ? PollErr | PollPri : 0);
    }

    /// <summary>
    /// Follows the processes of the host, and tells those who wait for a change of an events file. Called a few times
    /// in each second; the kernel tells at the moment of the change.
    /// </summary>
    public void Tick()
    {
        _hierarchy.Refresh();
        List<CgroupFileNode> events = [];
        List<OpenFile> polled = [];
        lock (_hierarchy.Gate)
        {
            foreach (CgroupNode node in _nodes.Values)
            {
                if (node is CgroupFileNode { File.IsEvents: true } file && IsThere(file))
                {
                    events.Add(file);
                }
            }

            polled.AddRange(_open.Values.Where(open => open.Notice is not null));
        }

        foreach (CgroupFileNode file in events)
        {
            string text;
            try
            {
                text = _contents.Peek(file.Directory, file.File);
            }
            catch (FuseException)
            {
                // Removed just now.
                continue;
            }

            string? before = file.Seen;
            file.Seen = text;
            if (before is null || before == text)
            {
                continue;
            }

            foreach (OpenFile open in polled.Where(open => open.File == file))
            {
                NotifyPoll?.Invoke(open.Notice!.Value);
            }

            Changed?.Invoke($"{(file.Directory.IsRoot ? "" : file.Directory.Path)}/{file.File.Name}");
        }
    }

    public void Dispose() => _hierarchy.Dispose();

    private FuseAttr AttrOf(CgroupNode node) => new()
    {
        Inode = node.Inode,
        Mode = node.Mode | (node is CgroupDirectory ? FuseAttr.Directory : FuseAttr.Regular),
        Links = node is CgroupDirectory directory ? 2 + (uint)directory.Children.Count : 1,
        Uid = node.Uid,
        Gid = node.Gid,
        Seconds = node.ChangedAt.ToUnixTimeSeconds(),
        Nanoseconds = (uint)(node.ChangedAt.Ticks % TimeSpan.TicksPerSecond * 100),
    };

    private CgroupNode NodeOf(ulong node) =>
        _nodes.TryGetValue(node, out CgroupNode? found) ? found : throw new FuseException(Errno.ENOENT);

    private CgroupDirectory DirectoryOf(ulong node) => NodeOf(node) switch
    {
        CgroupDirectory { IsRemoved: false } directory => directory,
        CgroupDirectory => throw new FuseException(Errno.ENOENT),
        _ => throw new FuseException(Errno.ENOTDIR),
    };

    private OpenFile OpenOf(ulong handle)
    {
        lock (_hierarchy.Gate)
        {
            return _open.TryGetValue(handle, out OpenFile? open) ? open : throw new FuseException(Errno.EINVAL);
        }
    }

    private bool IsThere(CgroupFileNode file) =>
        !file.Directory.IsRemoved && file.File.IsIn(file.Directory, MiscFiles);

    private CgroupFileNode FileOf(CgroupDirectory directory, CgroupFile file)
    {
        if (!directory.Files.TryGetValue(file.Kind, out CgroupFileNode? node))
        {
            node = new CgroupFileNode(directory, file, _hierarchy.NewInode());
            directory.Files.Add(file.Kind, node);
            _nodes.Add(node.Inode, node);
        }

        return node;
    }

    private void Know(CgroupDirectory directory)
    {
        lock (_hierarchy.Gate)
        {
            _nodes.TryAdd(directory.Inode, directory);
        }
    }

    /// <summary>A node goes with the last reference of the kernel to what is not there any more.</summary>
    private void ForgetIfGone(CgroupNode node)
    {
        bool isGone = node is CgroupFileNode file ? file.Directory.IsRemoved
            : node is CgroupDirectory { IsRemoved: true };
        if (isGone && node.Lookups == 0)
        {
            _nodes.Remove(node.Inode);
        }
    }

    private sealed class OpenFile(CgroupFileNode file)
    {
        public CgroupFileNode File { get; } = file;

        public byte[]? Snapshot { get; set; }

        public string? LastRead { get; set; }

        public ulong? Notice { get; set; }
    }
}
