using EpcActors.Kernel;

namespace EpcActors.Mount.Fuse;

/// <summary>
/// The protocol between the kernel and a file system: takes a message apart, calls the file system, and makes the
/// answer. It reads and writes nothing by itself, so that bytes are all it takes to test it.
/// </summary>
public sealed class FuseSession
{
    /// <summary>Version of the protocol that this code speaks.</summary>
    public const uint Major = 7;

    /// <summary>Newest minor version that it knows; the kernel steps down to it.</summary>
    public const uint Minor = 36;

    /// <summary>Largest write, bytes: more than a page, so that a write of more than a page is seen as one.</summary>
    public const int MaxWrite = 128 * 1024;

    private const uint AtomicOTrunc = 1 << 3;
    private const uint BigWrites = 1 << 5;
    private const uint DontMask = 1 << 6;
    private const uint ParallelDirOps = 1 << 18;
    private const uint MaxPages = 1 << 22;

    private readonly IFuseFileSystem _files;
    private readonly Action<byte[]> _send;
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, CancellationTokenSource> _underWay = [];

    /// <param name="files">What the mount means.</param>
    /// <param name="send">Sends one message to the kernel; on any thread.</param>
    public FuseSession(IFuseFileSystem files, Action<byte[]> send)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(send);
        _files = files;
        _send = send;
    }

    /// <summary>The kernel has ended the mount (DESTROY).</summary>
    public bool IsDestroyed { get; private set; }

    /// <summary>Requests that have no answer yet.</summary>
    public int UnderWay
    {
        get
        {
            lock (_gate)
            {
                return _underWay.Count;
            }
        }
    }

    /// <summary>Handles one message of the kernel.</summary>
    /// <returns>False: it is not a message of the protocol; nothing was answered.</returns>
    public bool Handle(byte[] message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (FuseHeader.Read(message) is not { } header)
        {
            return false;
        }

        switch (header.Opcode)
        {
            case FuseOpcode.Forget:
                FuseReader forget = new(message.AsSpan(FuseHeader.Size));
                ulong count = forget.U64();
                if (forget.IsValid)
                {
                    _files.Forget(header.Node, count);
                }

                return true;
            case FuseOpcode.BatchForget:
                BatchForget(message);
                return true;
            case FuseOpcode.Interrupt:
                Interrupt(message);
                return true;
            default:
                Begin(header, message);
                return true;
        }
    }

    private void BatchForget(byte[] message)
    {
        FuseReader reader = new(message.AsSpan(FuseHeader.Size));
        uint count = reader.U32();
        reader.Skip(4);
        for (uint i = 0; i < count; i++)
        {
            ulong node = reader.U64();
            ulong times = reader.U64();
            if (!reader.IsValid)
            {
                return;
            }

            _files.Forget(node, times);
        }
    }

    /// <summary>A signal came to the caller: the operation may answer EINTR, or go on.</summary>
    private void Interrupt(byte[] message)
    {
        FuseReader reader = new(message.AsSpan(FuseHeader.Size));
        ulong unique = reader.U64();
        CancellationTokenSource? found;
        lock (_gate)
        {
            _underWay.TryGetValue(unique, out found);
        }

        try
        {
            found?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was answered just now.
        }
    }

    private void Begin(FuseHeader header, byte[] message)
    {
        CancellationTokenSource interrupted = new();
        lock (_gate)
        {
            // The kernel numbers requests anew; only a message that no kernel sends repeats one.
            if (!_underWay.TryAdd(header.Unique, interrupted))
            {
                interrupted.Dispose();
                return;
            }
        }

        _ = Answer(header, message, interrupted);
    }

    private async Task Answer(FuseHeader header, byte[] message, CancellationTokenSource interrupted)
    {
        Errno errno = Errno.Ok;
        ReadOnlyMemory<byte> body = default;
        try
        {
            body = await Do(header, message, interrupted.Token).ConfigureAwait(false);
        }
        catch (FuseException failure)
        {
            errno = failure.Errno;
        }
        catch (OperationCanceledException)
        {
            errno = Errno.EINTR;
        }
#pragma warning disable CA1031 // A task of another program waits: it gets an answer to every failure here.
        catch (Exception error)
#pragma warning restore CA1031
        {
            errno = Errno.EIO;
            LastError = error;
        }

        lock (_gate)
        {
            _underWay.Remove(header.Unique);
        }

        interrupted.Dispose();
        if (header.Opcode != FuseOpcode.Destroy)
        {
            _send(FuseReply.Message(header.Unique, errno, errno == Errno.Ok ? body.Span : []));
        }
    }

    /// <summary>Last error of the file system that is not an error number: a defect; null for none.</summary>
    public Exception? LastError { get; private set; }

    private ValueTask<ReadOnlyMemory<byte>> Do(FuseHeader header, byte[] message, CancellationToken interrupted)
    {
        FuseReader reader = new(message.AsSpan(FuseHeader.Size));
        switch (header.Opcode)
        {
            case FuseOpcode.Init:
                return Done(Init(ref reader));
            case FuseOpcode.Destroy:
                IsDestroyed = true;
                return default;
            case FuseOpcode.Lookup:
                return Done(FuseReply.Entry(_files.Lookup(header.Node, Name(ref reader))));
            case FuseOpcode.GetAttr:
                return Done(FuseReply.Attr(_files.GetAttr(header.Node)));
            case FuseOpcode.SetAttr:
                return Done(FuseReply.Attr(_files.SetAttr(header.Node, Change(ref reader))));
            case FuseOpcode.StatFs:
                return Done(FuseReply.StatFs());
            case FuseOpcode.Open:
                return Done(Open(header, ref reader));
            case FuseOpcode.OpenDir:
                return Done(OpenDir(header));
            case FuseOpcode.Read:
                return Read(header, ref reader, interrupted);
            case FuseOpcode.Write:
                return Write(header, ref reader, interrupted);
            case FuseOpcode.ReadDir:
                return Done(ReadDir(header, ref reader));
            case FuseOpcode.Flush:
                return Flush(reader.U64(), reader.IsValid, header.Caller);
            case FuseOpcode.Release:
                ulong handle = reader.U64();
                Require(reader.IsValid);
                _files.Release(handle);
                return default;
            case FuseOpcode.ReleaseDir or FuseOpcode.FSync or FuseOpcode.FSyncDir:
                return default;
            case FuseOpcode.MkDir:
                return MkDir(header, ref reader);
            case FuseOpcode.RmDir:
                return RmDir(header.Node, Name(ref reader));
            case FuseOpcode.Poll:
                return Done(Poll(ref reader));
            case FuseOpcode.Create or FuseOpcode.TmpFile:
                // kernfs makes no files: a directory without the operation is EACCES for open(O_CREAT).
                throw new FuseException(Errno.EACCES);
            case FuseOpcode.MkNod or FuseOpcode.SymLink or FuseOpcode.Link or FuseOpcode.Unlink or FuseOpcode.Rename
                or FuseOpcode.Rename2:
                throw new FuseException(Errno.EPERM);
            case FuseOpcode.ReadLink:
                throw new FuseException(Errno.EINVAL);
            default:
                // The kernel does not ask again for an operation that is not there.
                throw new FuseException(Errno.ENOSYS);
        }
    }

    private static ValueTask<ReadOnlyMemory<byte>> Done(byte[] body) => new(body);

    private static void Require(bool isValid)
    {
        if (!isValid)
        {
            throw new FuseException(Errno.EINVAL);
        }
    }

    private static string Name(ref FuseReader reader)
    {
        string name = reader.Name();
        Require(reader.IsValid);
        return name.Length <= 255 ? name : throw new FuseException(Errno.ENAMETOOLONG);
    }

    private static byte[] Init(ref FuseReader reader)
    {
        uint major = reader.U32();
        uint minor = reader.U32();
        reader.Skip(4);
        uint offered = reader.U32();
        Require(reader.IsValid && major >= Major);
        uint wanted = AtomicOTrunc | BigWrites | DontMask | ParallelDirOps | MaxPages;

        // A newer major asks again with ours.
        return FuseReply.Init(major > Major ? Minor : Math.Min(minor, Minor), offered & wanted);
    }

    private static FuseChange Change(ref FuseReader reader)
    {
        uint valid = reader.U32();
        reader.Skip(4 + (8 * 6) + (4 * 3));
        uint mode = reader.U32();
        reader.Skip(4);
        uint uid = reader.U32();
        uint gid = reader.U32();
        Require(reader.IsValid);
        return new FuseChange(
            (valid & 1) != 0 ? mode : null, (valid & 2) != 0 ? uid : null, (valid & 4) != 0 ? gid : null);
    }

    private byte[] Open(FuseHeader header, ref FuseReader reader)
    {
        uint flags = reader.U32();
        Require(reader.IsValid);
        (ulong handle, bool isStream) = _files.Open(header.Node, flags, header.Caller);
        return FuseReply.Open(
            handle,
            FuseReply.DirectIo | FuseReply.ParallelWrites | (isStream ? FuseReply.Stream : FuseReply.NoFlush));
    }

    private byte[] OpenDir(FuseHeader header)
    {
        if (!_files.GetAttr(header.Node).IsDirectory)
        {
            throw new FuseException(Errno.ENOTDIR);
        }

        return FuseReply.Open(0, 0);
    }

    private ValueTask<ReadOnlyMemory<byte>> Read(
        FuseHeader header, ref FuseReader reader, CancellationToken interrupted)
    {
        ulong handle = reader.U64();
        ulong offset = reader.U64();
        uint size = reader.U32();
        Require(reader.IsValid);
        return _files.ReadAsync(handle, offset, Math.Min(size, MaxWrite), header.Caller, interrupted);
    }

    private ValueTask<ReadOnlyMemory<byte>> Write(
        FuseHeader header, ref FuseReader reader, CancellationToken interrupted)
    {
        ulong handle = reader.U64();
        reader.Skip(8);
        uint size = reader.U32();
        reader.Skip(20);
        byte[] data = reader.Take(size).ToArray();
        Require(reader.IsValid);
        return Write(handle, data, header.Caller, interrupted);
    }

    private async ValueTask<ReadOnlyMemory<byte>> Write(
        ulong handle, byte[] data, FuseCaller caller, CancellationToken interrupted)
    {
        await _files.WriteAsync(handle, data, caller, interrupted).ConfigureAwait(false);
        return FuseReply.Written(data.Length);
    }

    private async ValueTask<ReadOnlyMemory<byte>> Flush(ulong handle, bool isValid, FuseCaller caller)
    {
        Require(isValid);
        await _files.FlushAsync(handle, caller).ConfigureAwait(false);
        return default;
    }

    private byte[] ReadDir(FuseHeader header, ref FuseReader reader)
    {
        reader.Skip(8);
        ulong from = reader.U64();
        uint size = reader.U32();
        Require(reader.IsValid);
        return FuseReply.Directory(
            [
                new FuseDirectoryEntry(".", header.Node, true),
                new FuseDirectoryEntry("..", header.Node, true),
                .. _files.List(header.Node),
            ],
            from,
            size);
    }

    private ValueTask<ReadOnlyMemory<byte>> MkDir(FuseHeader header, ref FuseReader reader)
    {
        uint mode = reader.U32();
        uint umask = reader.U32();
        string name = Name(ref reader);
        return MkDir(header.Node, name, mode & ~umask & 0x1FF, header.Caller);
    }

    private async ValueTask<ReadOnlyMemory<byte>> MkDir(ulong parent, string name, uint mode, FuseCaller caller) =>
        FuseReply.Entry(await _files.MkDirAsync(parent, name, mode, caller).ConfigureAwait(false));

    private async ValueTask<ReadOnlyMemory<byte>> RmDir(ulong parent, string name)
    {
        await _files.RmDirAsync(parent, name).ConfigureAwait(false);
        return default;
    }

    private byte[] Poll(ref FuseReader reader)
    {
        ulong handle = reader.U64();
        ulong notice = reader.U64();
        uint flags = reader.U32();
        Require(reader.IsValid);

        // FUSE_POLL_SCHEDULE_NOTIFY.
        return FuseReply.Polled(_files.Poll(handle, (flags & 1) != 0 ? notice : null));
    }
}
