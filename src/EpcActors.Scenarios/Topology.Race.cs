using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <summary>
/// The tasks of a race: threads of the enclaves' processes, of guests, of processes of their own, and tasks without a
/// process.
/// </summary>
public sealed partial class Topology
{
    private readonly OperationPlaces _places = new();
    private RaceTaskSpec[] _raceSpecs = [];
    private OperationTask?[] _raceTasks = [];
    private OperationTask?[] _raceSetup = [];
    private bool[] _isForked = [];

    /// <summary>The tasks that set a race's stage, each to be run to its end before the next.</summary>
    public List<OperationTask> RaceSetup { get; } = [];

    /// <summary>
    /// The tasks of a race, as the scenario lists them; those that another one forks are not to be started.
    /// </summary>
    public List<(OperationTask Task, bool IsOptional)> RaceTasks { get; } = [];

    private RaceSpec? Race => _scenario.Race;

    private void PrepareRace()
    {
        if (Race is null)
        {
            return;
        }

        _raceSpecs = [.. Race.Tasks];
        _raceTasks = new OperationTask?[_raceSpecs.Length];
        _raceSetup = new OperationTask?[Race.Setup.Count];
        _isForked = new bool[_raceSpecs.Length];
        foreach (RaceTaskSpec spec in _raceSpecs)
        {
            foreach (Operation operation in spec.Operations)
            {
                if (operation is Operation.Fork fork)
                {
                    _isForked[fork.Child] = true;
                }
            }
        }
    }

    /// <summary>
    /// Threads that a process has from the start: those that race, those that set the stage, and one that sleeps when
    /// none races.
    /// </summary>
    private int ThreadsOf(string process)
    {
        int racing = 0;
        for (int i = 0; i < _raceSpecs.Length; i++)
        {
            racing += _raceSpecs[i].Process == process && !_isForked[i] ? 1 : 0;
        }

        return Math.Max(1, racing) + Race!.Setup.Count(spec => spec.Process == process && !HasOwnProcess(spec));
    }

    /// <summary>
    /// The threads of an enclave's process or of a guest's, and of the children that they fork; in the order of the
    /// scenario.
    /// </summary>
    /// <param name="name">Name of the enclave or guest.</param>
    /// <param name="home">Its process.</param>
    /// <param name="defaultNode">Node of threads that name none; -1 for any.</param>
    /// <param name="inEnclave">Takes the threads that run in the enclave; null for a guest.</param>
    /// <param name="child">Makes the process of a child, by its name.</param>
    private void AddRaceThreads(
        string name,
        OperationHome home,
        int defaultNode,
        List<ActorId>? inEnclave,
        Func<string, OperationHome>? child = null)
    {
        for (int i = 0; i < _raceSpecs.Length; i++)
        {
            if (_raceSpecs[i].Process == name)
            {
                OperationHome own = _isForked[i] && child is not null ? child($"{name}/{_raceSpecs[i].Name}") : home;
                AddRaceTask(i, own, defaultNode, inEnclave);
            }
        }

        for (int i = 0; i < _raceSetup.Length; i++)
        {
            if (Race!.Setup[i].Process == name && !HasOwnProcess(Race.Setup[i]))
            {
                AddSetupTask(i, home, defaultNode, inEnclave);
            }
        }
    }

    /// <summary>Tasks outside: administrators, hardware, and processes that only allocate.</summary>
    private void AddRaceOutsiders()
    {
        if (Race is null)
        {
            return;
        }

        Dictionary<string, OperationHome> homes = new(StringComparer.Ordinal);
        for (int i = 0; i < _raceSpecs.Length; i++)
        {
            if (_raceTasks[i] is null)
            {
                AddRaceTask(i, HomeOf(_raceSpecs[i], homes), -1, null);
            }
        }

        for (int i = 0; i < _raceSetup.Length; i++)
        {
            if (_raceSetup[i] is null)
            {
                AddSetupTask(i, HomeOf(Race.Setup[i], homes), -1, null);
            }
        }

        foreach (OperationTask? task in _raceTasks)
        {
            _places.Tasks.Add(task!);
            RaceTasks.Add((task!, task!.IsOptional));
        }

        RaceSetup.AddRange(_raceSetup.Select(task => task!));
        foreach (RaceResourceSpec spec in Race.Resources)
        {
            _places.Resources.Add(spec.Name, Add(spec.Make(NewId())).Id);
        }
    }

    /// <summary>
    /// The process of a task outside, one per name: in the cgroup that it names or in the root; none for one that needs
    /// none.
    /// </summary>
    private OperationHome HomeOf(RaceTaskSpec spec, Dictionary<string, OperationHome> homes)
    {
        if (homes.TryGetValue(spec.Name, out OperationHome? known))
        {
            return known;
        }

        bool needsProcess = false;
        int threads = 0;
        foreach (RaceTaskSpec one in (IEnumerable<RaceTaskSpec>)[.. _raceSpecs, .. Race!.Setup])
        {
            if (one.Name == spec.Name && HasOwnProcess(one))
            {
                threads++;
                needsProcess |=
                    one.Process.Length > 0
                    || one.Operations.Any(operation => operation.Needs == OperationHomeKind.AnyProcess);
            }
        }

        OperationHome home = new();
        if (needsProcess)
        {
            int cgroup = 0;
            for (int i = 0; i < _scenario.Cgroups.Count; i++)
            {
                cgroup = _scenario.Cgroups[i].Path == spec.Process ? i : cgroup;
            }

            // A process whose tasks all set the stage lives on behind them.
            int alive = _raceSpecs.Any(one => one.Name == spec.Name) ? 0 : 1;
            Process process = Add(new Process(NewId(), spec.Name, cgroup, cgroup, threads + alive));
            Machine.Processes.Add(process.Id);
            home = new OperationHome { Process = process.Id };
        }

        homes.Add(spec.Name, home);
        return home;
    }

    private static bool HasOwnProcess(RaceTaskSpec spec) => spec.Process.Length == 0 || spec.Process[0] == '/';

    private OperationHome NewChildHome(EnclaveSpec spec, string name, int enclave, int pageCount, int ownerBase)
    {
        // Without a thread until it is forked.
        Process process = Add(new Process(NewId(), name, spec.Cgroup, spec.Cgroup, 0));
        Machine.Processes.Add(process.Id);
        AddressSpace mm = Add(new AddressSpace(NewId(), name, Machine, pageCount, ownerBase));
        Machine.ProcessOfMm.Set(mm.Id, process.Id);
        AddressSpaces.Add((mm, enclave));
        return new OperationHome { Process = process.Id, Mm = mm.Id, Enclave = enclave };
    }

    private void AddRaceTask(int index, OperationHome home, int defaultNode, List<ActorId>? inEnclave)
    {
        RaceTaskSpec spec = _raceSpecs[index];
        (int cpu, int node) = _cpus.Deal(spec.Node >= 0 ? spec.Node : defaultNode);
        OperationTask task = new(NewId(), spec.Name, cpu, node, Machine, spec.Operations, home, _places)
        {
            SlotInEnclave = inEnclave?.Count ?? 0,
            IsOptional = spec.IsOptional,
            IsForked = _isForked[index],
        };
        inEnclave?.Add(task.Id);
        _raceTasks[index] = task;
    }

    private void AddSetupTask(int index, OperationHome home, int defaultNode, List<ActorId>? inEnclave)
    {
        RaceTaskSpec spec = Race!.Setup[index];
        OperationTask? owner = Array.Find(_raceTasks, task => task?.Name == spec.Name);
        int node = spec.Node >= 0 ? spec.Node : owner?.Node ?? Math.Max(0, defaultNode);
        OperationTask task = new(
            NewId(),
            $"setup-{index + 1}:{spec.Name}",
            -1,
            node,
            Machine,
            spec.Operations,
            home,
            _places)
        {
            SlotInEnclave = inEnclave?.Count ?? 0,
            IsSetup = true,
            Owner = owner,
        };
        inEnclave?.Add(task.Id);
        _raceSetup[index] = task;
    }
}
