using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Mount.CgroupFs;
using MiscText = EpcActors.Kernel.Cgroups.MiscFiles;

namespace EpcActors.Tests.Mount;

/// <summary>A machine that only remembers: what the file system asks of it is what tests look at.</summary>
internal sealed class FakeMachine(MiscFileSet files) : ICgroupMachine
{
    public const ulong Capacity = 64 << 20;

    private readonly Dictionary<int, (string Path, int Parent, ulong Max, Limit Memory)> _places = new()
    {
        [0] = ("/", -1, ulong.MaxValue, Limit.Max),
    };

    private int _last;

    public MiscFileSet MiscFiles { get; } = files;

    public List<(int Process, int Misc, int Memory)> Moves { get; } = [];

    public Errno NextCreate { get; set; } = Errno.Ok;

    public int Places => _places.Count;

    public ulong Usage { get; set; }

    public ulong Events { get; set; }

    public string PathOf(int place) => _places[place].Path;

    public int ParentOf(int place) => _places[place].Parent;

    public ulong MaxOf(string path) => _places.Values.Single(one => one.Path == path).Max;

    public Task<(Errno Errno, int Place)> CreateAsync(string path, int parent)
    {
        if (NextCreate != Errno.Ok)
        {
            return Task.FromResult((NextCreate, -1));
        }

        Assert.Contains(parent, _places.Keys);
        _places.Add(++_last, (path, parent, ulong.MaxValue, Limit.Max));
        return Task.FromResult((Errno.Ok, _last));
    }

    public Task<Errno> RemoveAsync(int place)
    {
        Assert.True(_places.Remove(place));
        return Task.FromResult(Errno.Ok);
    }

    public Task<Errno> WriteMiscMaxAsync(int place, string text)
    {
        MiscWriteResult result = MiscText.ParseMaxWrite(text, Capacity, out _, out ulong value);
        if (result != MiscWriteResult.Ok)
        {
            return Task.FromResult(result == MiscWriteResult.ERANGE ? Errno.ERANGE : Errno.EINVAL);
        }

        _places[place] = _places[place] with { Max = value };
        return Task.FromResult(Errno.Ok);
    }

    public Task<Errno> WriteMemoryMaxAsync(int place, Limit max)
    {
        _places[place] = _places[place] with { Memory = max };
        return Task.FromResult(Errno.Ok);
    }

    public Task<Errno> AttachAsync(int process, int misc, int memory)
    {
        Moves.Add((process, misc, memory));
        return Task.FromResult(Errno.Ok);
    }

    public string ReadMisc(int place, MiscFile file)
    {
        MiscValues capacity = MiscValues.OfSgxEpc(Capacity);
        return file switch
        {
            MiscFile.Capacity => MiscText.FormatCapacity(capacity),
            MiscFile.Max => MiscText.FormatMax(capacity, MiscValues.OfSgxEpc(_places[place].Max)),
            MiscFile.Current or MiscFile.Peak =>
                MiscText.FormatCurrent(capacity, MiscValues.OfSgxEpc(Usage)),
            MiscFile.Events or MiscFile.EventsLocal =>
                MiscText.FormatEvents(capacity, MiscValues.OfSgxEpc(Events)),
        };
    }

    public MemoryFigures ReadMemory(int place) => new(3, 4, _places[place].Memory, 5, 1);

    public int DyingBelow(int place) => 2;
}

/// <summary>Processes that a test makes.</summary>
internal sealed class FakeProcesses : IProcessTable
{
    private readonly List<HostProcess> _all = [];

    public List<int> Killed { get; } = [];

    public FakeProcesses Add(int id, int parent = 1)
    {
        _all.Add(new HostProcess(id, parent, id));
        return this;
    }

    public void Exit(int id) => _all.RemoveAll(one => one.Id == id);

    public IReadOnlyList<HostProcess> All() => [.. _all];

    /// <summary>Threads above 1000 belong to the process that is their number less 1000.</summary>
    public HostProcess? OfThread(int thread)
    {
        int id = thread > 1000 ? thread - 1000 : thread;
        return _all.Exists(one => one.Id == id) ? _all.Find(one => one.Id == id) : null;
    }

    public void Kill(int process) => Killed.Add(process);
}
