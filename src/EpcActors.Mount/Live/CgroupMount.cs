using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Fuse;

namespace EpcActors.Mount.Live;

/// <summary>
/// A live machine's cgroup tree and its device, mounted in the mount namespace of the thread that makes it. The same
/// thread disposes of it.
/// </summary>
internal sealed class CgroupMount : IDisposable
{
    private static readonly TimeSpan BetweenTicks = TimeSpan.FromMilliseconds(50);

    private readonly RunDirectory _directory = new();
    private readonly CgroupFileSystem _files;
    private readonly FuseServer _server;
    private readonly FuseServer _device;
    private readonly Watcher _watcher;
    private readonly Thread _ticker;
    private readonly ManualResetEventSlim _isClosing = new();

    /// <param name="machine">The machine, started.</param>
    /// <param name="directory">Where the tree is mounted.</param>
    /// <param name="hasNamespace">The calling thread has a mount namespace of its own.</param>
    /// <param name="front">What the tree asks instead of the machine; null for the machine itself.</param>
    public CgroupMount(LiveMachine machine, string directory, bool hasNamespace, ICgroupMachine? front)
    {
        _files = new CgroupFileSystem(front ?? machine, new HostProcesses(), Now);
        foreach (string path in machine.Scenario.Cgroups.Select(cgroup => cgroup.Path).Where(path => path != "/"))
        {
            _files.MakePathAsync(path).GetAwaiter().GetResult();
        }

        try
        {
            _watcher = new Watcher(hasNamespace, directory, _directory.Root);
            _server = FuseServer.Mount(directory, "cgroup2", _files);
            try
            {
                _device = FuseServer.Mount(
                    _directory.Device, "sgx_enclave", new EnclaveDevice(machine, _files, Now));
            }
            catch (MountException)
            {
                _server.Dispose();
                throw;
            }
        }
        catch (MountException)
        {
            _watcher?.Dispose();
            _directory.Dispose();
            throw;
        }

        _files.NotifyPoll = _server.NotifyPoll;

        // The kernel cannot be told that a file of a mount was modified; a truncate to the length that it has anyway
        // wakes those who watch it.
        _files.Changed = path => _ = Libc.Truncate(_server.Directory + path, 0);
        _ticker = new Thread(Tick) { IsBackground = true, Name = "epc-mount" };
        _ticker.Start();
    }

    /// <summary>Path of the emulated device.</summary>
    public string Device => Path.Combine(_directory.Device, EnclaveDevice.FileName);

    /// <summary>Directory of the stand-in programs.</summary>
    public string Programs => _directory.Programs;

    /// <summary>Process that watches over the mounts.</summary>
    public int WatcherId => _watcher.Id;

    /// <summary>False once the tree was unmounted, by this process or by another.</summary>
    public bool IsMounted => _server.IsServing;

    /// <summary>A defect that a request met; null for none.</summary>
    public Exception? LastError => _server.LastError ?? _device.LastError;

    public void Dispose()
    {
        _isClosing.Set();
        _ticker.Join();
        _device.Dispose();
        _server.Dispose();
        _directory.Dispose();
        _watcher.Dispose();
        _files.Dispose();
        _isClosing.Dispose();
    }

    private static DateTimeOffset Now() => DateTimeOffset.UtcNow;

    private void Tick()
    {
        while (!_isClosing.Wait(BetweenTicks))
        {
            _files.Tick();
        }
    }
}
