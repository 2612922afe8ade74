using System.Text;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.CgroupFs;
using EpcActors.Mount.Fuse;

namespace EpcActors.Tests.Mount;

/// <summary>A cgroup file system over a fake machine, operated by paths as a shell does.</summary>
internal sealed class FsRig
{
    public FsRig(MiscFileSet? files = null)
    {
        Machine = new FakeMachine(files ?? MiscFileSet.Newest);
        Files = new CgroupFileSystem(Machine, Processes, () => Now);
    }

    public FakeMachine Machine { get; }

    public FakeProcesses Processes { get; } = new FakeProcesses().Add(1, 0).Add(20).Add(30);

    public CgroupFileSystem Files { get; }

    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    public FuseCaller Caller { get; set; } = new(20, 0, 0);

    public ulong Node(string path)
    {
        ulong node = 1;
        foreach (string name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = Files.Lookup(node, name).Inode;
        }

        return node;
    }

    public Errno MkDir(string path) => Call(() => Files.MkDirAsync(Above(path), Name(path), 0x1ED, Caller).AsTask());

    public Errno RmDir(string path) => Call(() => Files.RmDirAsync(Above(path), Name(path)).AsTask());

    public Errno Write(string path, string text) => Call(async () =>
    {
        (ulong handle, bool _) = Files.Open(Node(path), 1, Caller);
        await Files.WriteAsync(handle, Encoding.UTF8.GetBytes(text), Caller, CancellationToken.None);
        Files.Release(handle);
    });

    public string Read(string path)
    {
        (ulong handle, bool _) = Files.Open(Node(path), 0, Caller);
        ReadOnlyMemory<byte> text = Files.ReadAsync(handle, 0, 4096, Caller, CancellationToken.None)
            .AsTask().GetAwaiter().GetResult();
        Files.Release(handle);
        return Encoding.UTF8.GetString(text.Span);
    }

    public string[] List(string path) => [.. Files.List(Node(path)).Select(entry => entry.Name)];

    public static Errno Call(Func<Task> call)
    {
        try
        {
            call().GetAwaiter().GetResult();
            return Errno.Ok;
        }
        catch (FuseException failure)
        {
            return failure.Errno;
        }
    }

    private ulong Above(string path) => Node(path[..(path.LastIndexOf('/') + 1)]);

    private static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];
}
