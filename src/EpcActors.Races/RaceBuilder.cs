using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results;
using EpcActors.Scenarios;
using EpcActors.Scenarios.Configuration;

namespace EpcActors.Races;

/// <summary>A race made in code: what a race file says, without a file.</summary>
/// <example>
/// <code>
/// Scenario scenario = new RaceBuilder(switches).Node(4).Node(4).Enclave("a", 4)
///     .Setup("a: build 2").Task("CPU0", "a", "write 0").Task("CPU1", "a", 1, "write 0")
///     .Property("finally signals(a) == 0").Build();
/// </code>
/// </example>
public sealed class RaceBuilder
{
    private readonly KernelSwitches _switches;
    private readonly List<NodeSpec> _nodes = [];
    private readonly List<CgroupSpec> _cgroups = [new("/", -1, Limit.Max, Limit.Max)];
    private readonly List<EnclaveSpec> _enclaves = [];
    private readonly List<VirtualMachineSpec> _guests = [];
    private readonly List<string> _setup = [];
    private readonly List<(RaceTaskSpec Spec, string[] Operations)> _tasks = [];
    private readonly Dictionary<ChoicePoint, int> _choices = [];
    private readonly List<RaceProperty> _properties = [];
    private readonly List<string> _ignored = [];
    private bool _hasKsgxd;
    private bool _hasWorkers;
    private int _maxSteps = 2000;

    /// <param name="switches">The kernel; null for the newest upstream design with an EPC cgroup.</param>
    public RaceBuilder(KernelSwitches? switches = null) => _switches = switches ?? new KernelSwitches();

    /// <summary>A node; without any there is one of 16 pages.</summary>
    public RaceBuilder Node(int epcPages, int cpus = 4)
    {
        _nodes.Add(new NodeSpec(cpus, epcPages == 0 ? [] : [epcPages]));
        return this;
    }

    /// <summary>A cgroup; its parent comes first. Limits in pages, null for max.</summary>
    public RaceBuilder Cgroup(string path, long? maxPages = null, long? memoryMaxPages = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        int slash = path.LastIndexOf('/');
        string above = slash == 0 ? "/" : path[..slash];
        int parent = _cgroups.FindIndex(cgroup => cgroup.Path == above);
        if (parent < 0)
        {
            throw new ArgumentException($"{path} has no parent {above}", nameof(path));
        }

        _cgroups.Add(new CgroupSpec(path, parent, LimitOf(maxPages), LimitOf(memoryMaxPages)));
        return this;
    }

    /// <summary>An enclave with a linear range of so many pages, rounded up to a power of two.</summary>
    public RaceBuilder Enclave(string name, int pages, string cgroup = "/", int node = -1)
    {
        _enclaves.Add(new EnclaveSpec
        {
            Name = name,
            Cgroup = Find(cgroup),
            Node = node,
            CodePages = 0,
            HeapPages = pages,
            AddedHeapPages = pages,
        });
        return this;
    }

    /// <summary>A virtual machine with so many pages of virtual EPC.</summary>
    public RaceBuilder Guest(string name, int pages, string cgroup = "/", int node = -1)
    {
        _guests.Add(
            new VirtualMachineSpec
            {
                Name = name,
                Cgroup = Find(cgroup),
                Node = node,
                Pages = pages,
                TouchedPages = 0,
            });
        return this;
    }

    /// <summary>Lines such as <c>a: build 2</c>, done one after the other before the race.</summary>
    public RaceBuilder Setup(params string[] lines)
    {
        _setup.AddRange(lines);
        return this;
    }

    /// <summary>
    /// A task in the process of an enclave or guest, in one of its own in a cgroup (a path), or outside (empty).
    /// </summary>
    public RaceBuilder Task(string name, string process, params string[] operations) =>
        Task(name, process, -1, false, operations);

    /// <summary>The same on a CPU of a node.</summary>
    public RaceBuilder Task(string name, string process, int node, params string[] operations) =>
        Task(name, process, node, false, operations);

    /// <summary>An event outside that need not happen.</summary>
    public RaceBuilder Optional(string name, params string[] operations) => Task(name, "", -1, true, operations);

    /// <summary>A task.</summary>
    public RaceBuilder Task(string name, string process, int node, bool isOptional, params string[] operations)
    {
        _tasks.Add((new RaceTaskSpec(name, process, node, [], isOptional), operations));
        return this;
    }

    /// <summary>ksgxd takes part.</summary>
    public RaceBuilder Ksgxd()
    {
        _hasKsgxd = true;
        return this;
    }

    /// <summary>The cgroups' workers take part.</summary>
    public RaceBuilder Workers()
    {
        _hasWorkers = true;
        return this;
    }

    /// <summary>A choice may be made so often in a schedule.</summary>
    public RaceBuilder Choice(ChoicePoint point, int times = 1)
    {
        _choices[point] = times;
        return this;
    }

    /// <summary><c>always usage(/a) &lt;= max(/a)</c>.</summary>
    public RaceBuilder Property(string text)
    {
        _properties.Add(PropertyParser.Parse(text));
        return this;
    }

    /// <summary>Leaves a rule of the oracle out.</summary>
    public RaceBuilder Ignore(string rule)
    {
        _ignored.Add(rule);
        return this;
    }

    public RaceBuilder MaxSteps(int steps)
    {
        _maxSteps = steps;
        return this;
    }

    /// <summary>The scenario.</summary>
    /// <exception cref="RaceTextException">An operation or a line of the setup says nothing.</exception>
    public Scenario Build()
    {
        MachineSpec machine = new() { Name = "race", Nodes = _nodes.Count > 0 ? _nodes : [new NodeSpec(4, [16])] };
        RaceNames names = RaceNames.Of(
            machine,
            _cgroups,
            _enclaves,
            _guests,
            [.. _tasks.Select(task => task.Spec.Name)]);
        List<RaceTaskSpec> tasks =
        [
            .. _tasks.Select(task => RaceAssembler.Task(names, task.Spec, task.Operations, (_, error) => throw error)),
        ];
        foreach ((int task, int operation, string problem) in RaceAssembler.WrongForks(tasks))
        {
            throw new RaceTextException(_tasks[task].Operations[operation], 0, problem);
        }

        int[] cycles = new int[Activities.Count];
        Array.Fill(cycles, 100);
        return new Scenario
        {
            File = "race",
            Kernel = "race",
            Switches = _switches,
            SwitchList = [.. SwitchKeys.All.Select(key => new SwitchReport(key.Key, key.ValueOf(_switches), false))],
            Seed = 1,
            Machine = machine,
            Costs = new CostProfile
            {
                Name = "race",
                ClockMhz = 1000,
                Cycles = cycles,
                RemotePercent = 100,
                MutexSpinCycles = 1000,
            },
            Cgroups = _cgroups,
            Enclaves = _enclaves,
            VirtualMachines = _guests,
            Run = new RunSpec
            {
                DurationNs = 1_000_000_000,
                SampleNs = 1_000_000,
                QuantumNs = 0,
                JitterPercent = 0,
                MeasuresSlowdown = false,
                TraceEvents = 0,
                LivenessWindowNs = 10_000_000,
                AuditEverySamples = 1,
            },
            Race = new RaceSpec
            {
                Setup = [.. _setup.Select(line => RaceAssembler.Setup(names, tasks, line))],
                Tasks = tasks,
                HasKsgxd = _hasKsgxd,
                HasWorkers = _hasWorkers,
                Choices = _choices,
                Properties = _properties,
                IgnoredRules = _ignored,
                MaxSteps = _maxSteps,
            },
        };
    }

    private int Find(string cgroup)
    {
        int index = _cgroups.FindIndex(one => one.Path == cgroup);
        return index >= 0 ? index : throw new ArgumentException($"there is no cgroup {cgroup}", nameof(cgroup));
    }

    private static Limit LimitOf(long? pages) => pages is { } number ? Limit.OfPages(number) : Limit.Max;
}
