using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Random;
using EpcActors.Kernel.Tasks;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Kernel.Waiting;

namespace EpcActors.Scenarios;

/// <summary>All actors of a scenario, made but not started. Ids are dense and depend on the file alone.</summary>
public sealed partial class Topology
{
    private readonly Scenario _scenario;
    private readonly CpuDealer _cpus;
    private readonly Prng _workload;
    private int _nextId;

    /// <param name="scenario">Scenario to build; for a part of a machine, what of it is in this process.</param>
    /// <param name="part">Part of the machine that this process has; null for all of it.</param>
    /// <param name="outside">Room for what comes from outside while the machine runs; null for none.</param>
    public Topology(Scenario scenario, IMachinePart? part = null, OutsideSpec? outside = null)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _outside = outside;
        Part = part;
        _nextId = part?.FirstId ?? 0;
        _cpus = new CpuDealer(scenario.Machine);
        _workload = new Prng(scenario.Seed).Split("workload");
        List<(int Node, int PageCount)> sections = [];
        for (int node = 0; node < scenario.Machine.Nodes.Count; node++)
        {
            foreach (int pages in scenario.Machine.Nodes[node].SectionPages)
            {
                sections.Add((node, pages));
            }
        }

        Machine = new Machine(scenario.Switches, sections, scenario.Machine.Nodes.Count)
        {
            NumbersComeRound = scenario.Race is not null,
        };
        BeginPart();
        BuildMachine(sections);
        BuildCgroups();
        PrepareRace();
        foreach (EnclaveSpec spec in scenario.Enclaves)
        {
            BuildEnclave(spec);
        }

        foreach (VirtualMachineSpec spec in scenario.VirtualMachines)
        {
            BuildVirtualMachine(spec);
        }

        AddRaceOutsiders();
        AddOutside();
        BuildKernelTasks();
        part?.AddActors(this);
    }

    public Machine Machine { get; }

    public List<Resource> Resources { get; } = [];

    public List<NumaNode> Nodes { get; } = [];

    public FreePageCounter FreePageCounter { get; private set; } = null!;

    public List<Cgroup> Cgroups { get; } = [];

    public List<MemoryCgroup> MemoryCgroups { get; } = [];

    public WaitChannel KsgxdWaitQueue { get; private set; } = null!;

    public ZombieSecsList ZombieSecs { get; private set; } = null!;

    public OomKiller OomKiller { get; private set; } = null!;

    /// <summary>By index, as in the scenario.</summary>
    public List<EnclaveActors> Enclaves { get; } = [];

    public List<VirtualMachineActors> VirtualMachines { get; } = [];

    /// <summary>Takes part unless a race leaves it out.</summary>
    public Ksgxd Ksgxd { get; private set; } = null!;

    /// <summary>Reclaim workers of the cgroups that take part.</summary>
    public List<CgroupWorker> Workers { get; } = [];

    /// <summary>Task that runs the script; null without one.</summary>
    public Administrator? Administrator { get; private set; }

    /// <summary>Tasks with the virtual time at which they start; -1: another task starts them.</summary>
    public List<(TaskActor Task, long StartNs)> Tasks { get; } = [];

    /// <summary>Address spaces with the enclave that each maps.</summary>
    public List<(AddressSpace Mm, int Enclave)> AddressSpaces { get; } = [];

    private ActorId NewId() => new(_nextId++);

    private T Add<T>(T resource)
        where T : Resource
    {
        Resources.Add(resource);
        return resource;
    }

    private void BuildMachine(List<(int Node, int PageCount)> sections)
    {
        bool isSanitised = !_scenario.Machine.SanitisesAtBoot;
        FreePageCounter = Add(new FreePageCounter(NewId(), isSanitised ? Machine.CapacityPages : 0));
        Machine.FreePageCounter = FreePageCounter.Id;
        KsgxdWaitQueue = Add(new WaitChannel(NewId(), "ksgxd_waitq", remembers: false));
        Machine.KsgxdWaitQueue = KsgxdWaitQueue.Id;
        ZombieSecs = Add(new ZombieSecsList(NewId(), Machine.Pages));
        Machine.ZombieSecs = ZombieSecs.Id;
        int first = 0;
        List<(int First, int Count)>[] ofNode = new List<(int, int)>[Machine.NodeCount];
        for (int node = 0; node < ofNode.Length; node++)
        {
            ofNode[node] = [];
        }

        foreach ((int node, int count) in sections)
        {
            // Of a node of another process there is a stand-in here, without pages of its own.
            if (Part is null || Part.HasNode(node))
            {
                ofNode[node].Add((first, count));
            }

            first += count;
        }

        for (int node = 0; node < ofNode.Length; node++)
        {
            NumaNode actor = Add(NewNode(NewId(), node, ofNode[node], isSanitised));
            if (isSanitised)
            {
                actor.CountBootPages();
            }

            Nodes.Add(actor);
            Machine.Nodes[node] = actor.Id;
        }
    }

    private void BuildCgroups()
    {
        int named = _scenario.Cgroups.Count;
        int count = named + (_outside?.Cgroups ?? 0);
        int[] parents = new int[count];
        bool[] free = new bool[count];
        for (int i = 0; i < count; i++)
        {
            parents[i] = i < named ? _scenario.Cgroups[i].Parent : 0;
            free[i] = i >= named || _scenario.Cgroups[i].IsMadeLater;
        }

        Machine.CgroupParents = parents;
        Machine.MemoryCgroupParents = parents;
        Machine.Cgroups = new ActorId[count];
        Machine.CgroupWork = new ActorId[count];
        Machine.MemoryCgroups = new ActorId[count];
        Tree = Add(new CgroupTree(NewId(), parents, free));
        Machine.CgroupTree = Tree.Id;
        OomKiller = Add(new OomKiller(NewId(), parents));
        Machine.OomKiller = OomKiller.Id;
        long capacity = (long)Machine.CapacityPages * KernelConstants.PageSize;
        bool isWide = _scenario.Switches.WideUsage == Fix.Present;
        for (int i = 0; i < count; i++)
        {
            CgroupSpec spec = i < named
                ? _scenario.Cgroups[i]
                : new CgroupSpec($"/place-{i}", 0, Limit.Max, Limit.Max);
            Limit max = Part is null ? spec.Max : Limit.Max;
            Cgroup cgroup = Add(
                new Cgroup(
                    NewId(),
                    i,
                    spec.Path,
                    Machine.Pages,
                    max,
                    capacity,
                    isWide || Part is not null,
                    _scenario.Switches.IsolatedReclaimable == Fix.Present));
            Cgroups.Add(cgroup);
            Machine.Cgroups[i] = cgroup.Id;
            if (free[i])
            {
                cgroup.LeaveFree();
            }
            else if (spec.Parent >= 0)
            {
                Cgroups[spec.Parent].AddChild();
            }

            Machine.CgroupWork[i] = Add(new WaitChannel(NewId(), $"reclaim_work:{spec.Path}", remembers: true)).Id;
            MemoryCgroup memory = Add(new MemoryCgroup(NewId(), i, spec.Path, spec.MemoryMax));
            MemoryCgroups.Add(memory);
            Machine.MemoryCgroups[i] = memory.Id;
        }
    }

    private void BuildEnclave(EnclaveSpec spec)
    {
        int index = Enclaves.Count;
        int pageCount = RoundUpToPowerOfTwo(spec.CodePages + spec.HeapPages);
        // A SECS that can be listed has a number of its own, behind the pages.
        int ownerBase = Machine.Space.Add(
            pageCount + (_scenario.Switches.SecsReclaim == SecsReclaim.OnLru ? 1 : 0));
        BackingStore backing = Add(new BackingStore(
            NewId(), spec.Name, pageCount + 1, Machine.NumbersComeRound));
        Process process = Add(
            new Process(NewId(), spec.Name, spec.Cgroup, spec.Cgroup, Race is null ? 1 : ThreadsOf(spec.Name)));
        Machine.Processes.Add(process.Id);
        _places.EnclaveProcesses.Add(process.Id);
        OomKiller.AddCandidate(process, backing);
        AddressSpace mm = Add(new AddressSpace(NewId(), spec.Name, Machine, pageCount, ownerBase));
        Machine.ProcessOfMm.Set(mm.Id, process.Id);
        _places.EnclaveMms.Add(mm.Id);
        AddressSpaces.Add((mm, index));

        List<ActorId> inEnclave = [];
        List<EnclaveThread> threads = [];
        for (int i = 0; Race is null && i < spec.Threads; i++)
        {
            threads.Add(NewThread(spec, process, $"{spec.Name}/thread-{i}", i, inEnclave));
        }

        List<EnclaveThread> children = [];
        List<ProgramStep> steps = [];
        for (int i = 0; Race is null && i < spec.Steps.Count; i++)
        {
            steps.Add(spec.Steps[i] is StepSpec.Fork fork
                ? new ProgramStep.ForkChild(NewChild(spec, fork, index, i, pageCount, ownerBase, inEnclave, children))
                : NewStep(spec.Steps[i], spec, index, i));
        }

        if (Race is not null)
        {
            OperationHome home = new() { Process = process.Id, Mm = mm.Id, Enclave = index };
            AddRaceThreads(
                spec.Name, home, spec.Node, inEnclave, name => NewChildHome(spec, name, index, pageCount, ownerBase));
        }

        Enclave enclave = Add(new Enclave(NewId(), index, spec.Name, Machine, pageCount, ownerBase, inEnclave));
        Machine.Enclaves.Add(new EnclavePlace(enclave.Id, backing.Id, ownerBase, pageCount)
        {
            MappedPages = spec.CodePages + spec.HeapPages,
        });
        EnclaveProgram program = new()
        {
            Name = spec.Name,
            Enclave = index,
            Process = process.Id,
            Mm = mm.Id,
            CodePages = spec.CodePages,
            HeapPages = spec.HeapPages,
            AddedHeapPages = spec.AddedHeapPages,
            IsHeapMeasured = spec.IsHeapMeasured,
            Steps = steps,
            Threads = threads,
        };
        AddThreads(program, spec.StartNs, children);
        Enclaves.Add(new EnclaveActors(spec, enclave, process, mm, backing, threads, children));
    }

    private void AddThreads(EnclaveProgram program, long startNs, List<EnclaveThread> children)
    {
        foreach (EnclaveThread thread in program.Threads)
        {
            thread.Load(program);
            Tasks.Add((thread, thread == program.Threads[0] ? startNs : -1));
        }

        foreach (EnclaveThread child in children)
        {
            Tasks.Add((child, -1));
        }
    }

    private void BuildVirtualMachine(VirtualMachineSpec spec)
    {
        Process process = spec.Vmm >= 0 ? VirtualMachines[spec.Vmm].Process : AddVmm(spec);
        VirtualEpc vepc = Add(new VirtualEpc(NewId(), spec.Name, Machine, spec.Pages));
        _places.Guests.Add((process.Id, vepc.Id, spec.Pages));
        VirtualCpu? vcpu = null;
        if (Race is null)
        {
            (int cpu, int node) = _cpus.Deal(spec.Node);
            vcpu = new VirtualCpu(
                NewId(),
                spec.Name,
                cpu,
                node,
                Machine,
                process.Id,
                vepc.Id,
                spec.Pages,
                spec.TouchedPages,
                spec.WorkNs,
                spec.HoldNs);
            Tasks.Add((vcpu, spec.StartNs));
        }
        else
        {
            AddRaceThreads(
                spec.Name,
                new OperationHome { Process = process.Id, Guest = VirtualMachines.Count },
                spec.Node,
                null);
        }

        VirtualMachines.Add(new VirtualMachineActors(spec, vepc, process, vcpu));
    }

    /// <summary>The process of a VMM: a vCPU for each section of its guest.</summary>
    private Process AddVmm(VirtualMachineSpec spec)
    {
        int own = VirtualMachines.Count;
        int sections = 1 + _scenario.VirtualMachines.Count(one => one.Vmm == own);
        Process process = Add(
            new Process(NewId(), spec.Name, spec.Cgroup, spec.Cgroup, Race is null ? sections : ThreadsOf(spec.Name)));
        Machine.Processes.Add(process.Id);
        return process;
    }

    private void BuildKernelTasks()
    {
        bool isRoomy = _cpus.HasIdleCpus;
        (int cpu, int node) = _cpus.Deal(-1);
        Ksgxd = new Ksgxd(NewId(), cpu, node, Machine, _scenario.Machine.SanitisesAtBoot);
        if (Race is null or { HasKsgxd: true })
        {
            Tasks.Add((Ksgxd, 0));
        }

        if (_scenario.Switches.EpcCgroup == EpcCgroupMode.On && Race is null or { HasWorkers: true })
        {
            for (int i = 0; i < Cgroups.Count; i++)
            {
                // The workqueue is unbound: its workers run on idle CPUs while there are some.
                (cpu, node) = _cpus.Deal(-1);
                Workers.Add(new CgroupWorker(NewId(), Cgroups[i].Path, i, isRoomy ? -1 : cpu, node, Machine));
                Tasks.Add((Workers[^1], 0));
            }
        }

        if (_scenario.Script.Count > 0)
        {
            List<AdminAction> script = [];
            foreach (ScriptAction action in _scenario.Script)
            {
                script.Add(Resolve(action));
            }

            Administrator = new Administrator(NewId(), Machine, script);
            Tasks.Add((Administrator, 0));
        }
    }

    /// <summary>
    /// Deals CPUs out to tasks, round robin on a node or over all nodes with CPUs: tasks share a CPU only when there
    /// are more tasks than CPUs.
    /// </summary>
    private sealed class CpuDealer(MachineSpec machine)
    {
        private readonly int[] _next = new int[machine.Nodes.Count];
        private int _nextNode;
        private int _dealt;

        /// <summary>Fewer tasks than CPUs so far, with one CPU to spare.</summary>
        public bool HasIdleCpus => _dealt + 1 < machine.Nodes.Sum(node => node.Cpus);

        public (int Cpu, int Node) Deal(int node)
        {
            if (node < 0)
            {
                do
                {
                    node = _nextNode;
                    _nextNode = (_nextNode + 1) % machine.Nodes.Count;
                }
                while (machine.Nodes[node].Cpus == 0);
            }

            _dealt++;
            int first = 0;
            for (int i = 0; i < node; i++)
            {
                first += machine.Nodes[i].Cpus;
            }

            int cpu = first + (_next[node]++ % machine.Nodes[node].Cpus);
            return (cpu, node);
        }
    }
}

/// <summary>The actors of one enclave.</summary>
public sealed record EnclaveActors(
    EnclaveSpec Spec,
    Enclave Enclave,
    Process Process,
    AddressSpace Mm,
    BackingStore Backing,
    IReadOnlyList<EnclaveThread> Threads,
    IReadOnlyList<EnclaveThread> Children);

/// <summary>The actors of one virtual machine; without a vCPU in a race.</summary>
public sealed record VirtualMachineActors(
    VirtualMachineSpec Spec,
    VirtualEpc VirtualEpc,
    Process Process,
    VirtualCpu? Cpu);
