using System.Text;
using EpcActors.Kernel;
using EpcActors.Mount.Fuse;
using EpcActors.Mount.Live;

namespace EpcActors.Tests.Mount;

/// <summary>
/// A write to the device is a system call that may take seconds. The kernel holds the inode's lock over a direct write
/// that ends behind the size of its file, and over every one when the file system does not allow several: the loads of
/// different processes would run one after the other.
/// </summary>
public sealed class ParallelWritesTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("epc-writes-");

    public void Dispose() => _directory.Delete();

    /// <summary>Each of two writes ends when the other has begun.</summary>
    [MountFact]
    public async Task Two_writes_to_the_device_are_under_way_at_the_same_time() =>
        Assert.True(await MeetAsync(EnclaveDevice.FileSize, Patience));

    /// <summary>Known-bad twin: an empty file, as the device was once.</summary>
    [MountFact]
    public async Task Writes_behind_the_end_of_a_file_wait_for_one_another() =>
        Assert.False(await MeetAsync(size: 0, TimeSpan.FromMilliseconds(500)));

    /// <summary>True when the second write began before the first one ended.</summary>
    private async Task<bool> MeetAsync(ulong size, TimeSpan patience)
    {
        MeetingPoint point = new(size);
        using FuseServer server = FuseServer.Mount(_directory.FullName, "epc", point);
        string file = Path.Combine(_directory.FullName, EnclaveDevice.FileName);
        Task first = Task.Factory.StartNew(() => Write(file), TaskCreationOptions.LongRunning);
        await point.First.WaitAsync(Patience);
        Task second = Task.Factory.StartNew(() => Write(file), TaskCreationOptions.LongRunning);

        // A second write that the kernel holds back is not told: its opening is, and the write comes right behind.
        await point.SecondOpened.WaitAsync(Patience);
        bool hasMet;
        try
        {
            await point.Second.WaitAsync(patience);
            hasMet = true;
        }
        catch (TimeoutException)
        {
            hasMet = false;
        }

        point.LetGo();
        await Task.WhenAll(first, second).WaitAsync(Patience);
        return hasMet;
    }

    private static void Write(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        stream.Write(Encoding.ASCII.GetBytes("create"));
    }

    /// <summary>A directory with one file, whose first write ends when it is told to.</summary>
    private sealed class MeetingPoint(ulong size) : IFuseFileSystem
    {
        private readonly TaskCompletionSource _first = New();
        private readonly TaskCompletionSource _second = New();
        private readonly TaskCompletionSource _secondOpened = New();
        private readonly TaskCompletionSource _letGo = New();
        private int _writes;
        private ulong _opened;

        public Task First => _first.Task;

        public Task Second => _second.Task;

        public Task SecondOpened => _secondOpened.Task;

        public void LetGo() => _letGo.TrySetResult();

        public FuseAttr GetAttr(ulong node) => new()
        {
            Inode = node,
            Mode = node == 1 ? FuseAttr.Directory | 0x1EDu : FuseAttr.Regular | 0x1B6u,
            Links = 1,
            Size = node == 1 ? 0 : size,
        };

        public FuseAttr SetAttr(ulong node, FuseChange change) => GetAttr(node);

        public FuseAttr Lookup(ulong parent, string name) =>
            name == EnclaveDevice.FileName ? GetAttr(2) : throw new FuseException(Errno.ENOENT);

        public void Forget(ulong node, ulong count)
        {
        }

        public (ulong Handle, bool IsStream) Open(ulong node, uint flags, FuseCaller caller)
        {
            if (++_opened == 2)
            {
                _secondOpened.TrySetResult();
            }

            return (_opened, true);
        }

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(
            ulong handle, ulong offset, uint size, FuseCaller caller, CancellationToken interrupted) => default;

        public ValueTask WriteAsync(ulong handle, byte[] data, FuseCaller caller, CancellationToken interrupted)
        {
            (Interlocked.Increment(ref _writes) == 1 ? _first : _second).TrySetResult();
            return new ValueTask(_letGo.Task);
        }

        public ValueTask FlushAsync(ulong handle, FuseCaller caller) => default;

        public void Release(ulong handle)
        {
        }

        public IReadOnlyList<FuseDirectoryEntry> List(ulong node) => [];

        public ValueTask<FuseAttr> MkDirAsync(ulong parent, string name, uint mode, FuseCaller caller) =>
            throw new FuseException(Errno.EPERM);

        public ValueTask RmDirAsync(ulong parent, string name) => throw new FuseException(Errno.EPERM);

        public uint Poll(ulong handle, ulong? notice) => 0x145;

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
