using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;

namespace EpcActors.Races.Recordings;

/// <summary>The emulator's figures at the end of a run, by the names that a recording has.</summary>
internal sealed class LeafFigures
{
    private static readonly string[] CountedLeaves =
        ["ECREATE", "EADD", "EINIT", "EPA", "EAUG", "EBLOCK", "ETRACK", "ELDU", "EMODT", "EMODPR"];

    private readonly RaceWorld _world;
    private readonly LeafRecorder _recorder;

    /// <summary>The driver's counts include the steps before the race, the emulator's do not.</summary>
    private readonly bool _hasSetup;

    public LeafFigures(RaceWorld world, LeafRecorder recorder, bool hasSetup)
    {
        _world = world;
        _recorder = recorder;
        _hasSetup = hasSetup;
    }

    private Topology Topology => _world.Topology;

    /// <summary>The figure, as the recording writes it; null when it is not compared.</summary>
    public string? Find(string name)
    {
        long? value = name switch
        {
            "free" => _world.Quantities.Get("free-pages")(),
            "lru" => Topology.Cgroups.Sum(cgroup => (long)cgroup.LruPages),
            "backing" => Topology.Enclaves.Sum(enclave => (long)enclave.Backing.File.AllocatedPages),
            "evictions" => OfRun(() => _world.Quantities.Get("evictions")()),
            "reloads" => OfRun(() => _world.Quantities.Get("reloads")()),
            "ewb_secs" => OfRun(() => Count("EWB", " secs ")),
            "eldu_secs" => OfRun(() => Count("ELDU", " secs ")),
            _ when name.StartsWith("nodes ", StringComparison.Ordinal) =>
                _world.Quantities.Get($"free-pages({name[6..]})")(),
            _ when name.StartsWith("cg ", StringComparison.Ordinal) => OfCgroup(name.Split(' ')),
            _ when name.StartsWith("leaves ", StringComparison.Ordinal) =>
                CountedLeaves.Contains(name[7..]) ? OfRun(() => Count(name[7..], " ")) : null,
            _ when name.Contains(": ", StringComparison.Ordinal) => OfEnclave(name.Split(": ")),
            _ => null,
        };
        return name == "leaves EWB" && !_hasSetup
            ? $"{Count("EWB", " ")}(err {_recorder.FailedEwbs})"
            : value?.ToString(CultureInfo.InvariantCulture);
    }

    private long? OfRun(Func<long> value) => _hasSetup ? null : value();

    private long Count(string leaf, string with) => _recorder.Events.Count(one =>
        one.Kind == DriverEventKind.Leaf
        && one.Text.StartsWith(leaf + " ", StringComparison.Ordinal)
        && one.Text.Contains(with, StringComparison.Ordinal));

    private long? OfEnclave(string[] name)
    {
        string quantity = name[1] switch
        {
            "page_cnt" => "pages",
            "resident(secs_child_cnt)" => "secs-children",
            "secs" => "secs-resident",
            "va" => "va-pages",
            _ => "",
        };
        return quantity.Length == 0 ? null : _world.Quantities.Get($"{quantity}({name[0]})")();
    }

    private long? OfCgroup(string[] name)
    {
        Cgroup? cgroup = Topology.Cgroups.FirstOrDefault(one => one.Name == $"cgroup:{name[1]}");
        return cgroup is null ? null : name[2] switch
        {
            "current" => cgroup.UsageBytes / KernelConstants.PageSize,
            "peak" => cgroup.PeakBytes / KernelConstants.PageSize,
            "events" => cgroup.Events,
            "local" => cgroup.EventsLocal,
            "lru" => cgroup.LruPages,
            "unrec" => cgroup.UnreclaimablePages,
            _ => null,
        };
    }
}
