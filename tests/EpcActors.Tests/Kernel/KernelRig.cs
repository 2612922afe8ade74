using EpcActors.Engine;
using EpcActors.Engine.Simulation;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using EpcActors.Runs.Oracles;
using EpcActors.Scenarios;
using Activity = EpcActors.Kernel.Activity;

namespace EpcActors.Tests.Kernel;

/// <summary>A task that runs what a test says.</summary>
public sealed class ScriptTask : KernelTask
{
    private readonly Func<ScriptTask, Routine> _body;

    public ScriptTask(
        ActorId id,
        string name,
        int node,
        Machine machine,
        TaskKind kind,
        ActorId process,
        Func<ScriptTask, Routine> body)
        : base(id, name, -1, node, machine, kind, process) => _body = body;

    protected override Routine Run() => _body(this);
}

/// <summary>One request that was handled, as it went by.</summary>
public readonly record struct Step(string Task, string Resource, string Message, object Content);

/// <summary>
/// The kernel's actors on a timed engine in which nothing costs time but what a test prices: a task runs until it
/// sleeps, pays or is parked, so that interleavings are written down with sleeps.
/// </summary>
public sealed class KernelRig : IRunObserver
{
    public static readonly KernelSwitches Upstream = new() { EpcCgroup = EpcCgroupMode.Off };

    private readonly Dictionary<ChoicePoint, Queue<bool>> _decisions = [];
    private readonly List<(TaskActor Task, long AtNs)> _starts = [];
    private int _nextId = 100_000;

    public KernelRig(
        KernelSwitches? switches = null,
        IReadOnlyList<NodeSpec>? nodes = null,
        int enclaves = 1,
        int pages = 64,
        int vepcPages = 0,
        int vepcs = 0,
        bool sanitises = false,
        bool withKsgxd = false,
        IReadOnlyDictionary<Activity, long>? prices = null,
        long? memoryMaxPages = null)
    {
        List<EnclaveSpec> specs = [];
        for (int i = 0; i < enclaves; i++)
        {
            specs.Add(new EnclaveSpec
            {
                Name = ((char)('a' + i)).ToString(),
                Cgroup = 1,
                CodePages = 0,
                HeapPages = pages,
                AddedHeapPages = 0,
                Threads = 2,
                Steps = [new StepSpec.Fork([])],
            });
        }

        List<VirtualMachineSpec> guests = [];
        for (int i = 0; i < vepcs; i++)
        {
            guests.Add(new VirtualMachineSpec { Name = $"vm{i}", Cgroup = 1, Pages = vepcPages, TouchedPages = 0 });
        }

        Limit memoryMax = memoryMaxPages is { } most ? Limit.OfPages(most) : Limit.Max;
        Topology = new Topology(TestScenarios.Make(
            switches ?? Upstream,
            nodes ?? [new NodeSpec(4, [256])],
            specs,
            guests,
            [new CgroupSpec("/", -1, Limit.Max, Limit.Max), new CgroupSpec("/a", 0, Limit.Max, memoryMax)],
            sanitises));
        long[] costs = new long[Activities.Count];
        foreach ((Activity activity, long ns) in prices ?? new Dictionary<Activity, long>())
        {
            costs[(int)activity] = ns;
        }

        Engine = new TimedEngine(new CostTable(costs, costs, 0), 0, 1, 0);
        Oracle = new Oracle(Topology, livenessWindowNs: 100_000);
        foreach (Resource resource in Topology.Resources)
        {
            Engine.Add(resource);
        }

        foreach ((TaskActor task, long _) in Topology.Tasks)
        {
            Engine.Add(task);
        }

        Engine.Observe(this);
        if (withKsgxd)
        {
            _starts.Add((Topology.Ksgxd, 0));
        }
    }

    public Topology Topology { get; }

    public TimedEngine Engine { get; }

    public Oracle Oracle { get; }

    /// <summary>Sets the next answers from outside at a choice point; no when none is left.</summary>
    public void Decide(ChoicePoint point, params bool[] answers) => _decisions[point] = new Queue<bool>(answers);

    public List<Step> Steps { get; } = [];

    public List<(string Task, RunEvent What, long Detail)> Reports { get; } = [];

    public Machine Machine => Topology.Machine;

    public Enclave Enclave(int index = 0) => Topology.Enclaves[index].Enclave;

    public AddressSpace Mm(int index = 0) => Topology.Enclaves[index].Mm;

    /// <summary>The address space of a process that <see cref="Fork"/> made.</summary>
    public AddressSpace ChildMm(int index = 0)
    {
        int seen = 0;
        foreach ((AddressSpace mm, int enclave) in Topology.AddressSpaces)
        {
            if (enclave == index && seen++ == 1)
            {
                return mm;
            }
        }

        throw new InvalidOperationException("no child");
    }

    public BackingFile Backing(int index = 0) => Topology.Enclaves[index].Backing.File;

    public int FreePages
    {
        get
        {
            int sum = 0;
            foreach (NumaNode node in Topology.Nodes)
            {
                sum += node.FreePages;
            }

            return sum;
        }
    }

    public int LruPages => Topology.Cgroups.Sum(cgroup => cgroup.LruPages);

    /// <summary>A thread of an enclave's process.</summary>
    public ScriptTask User(string name, Func<ScriptTask, Routine> body, long atNs = 0, int enclave = 0, int node = 0) =>
        Add(name, TaskKind.User, Topology.Enclaves[enclave].Process.Id, body, atNs, node);

    /// <summary>A task of any kind, and no process.</summary>
    public ScriptTask Kernel(string name, TaskKind kind, Func<ScriptTask, Routine> body, long atNs = 0) =>
        Add(name, kind, ActorId.None, body, atNs, 0);

    /// <summary>A kernel thread that reclaims, or hardware.</summary>
    public ScriptTask Other(string name, Func<ScriptTask, Routine> body, long atNs = 0, int node = 0) =>
        Add(name, TaskKind.Other, ActorId.None, body, atNs, node);

    /// <summary>Runs until all tasks are done; then all lists must agree.</summary>
    public RunEnd Run(bool expectClean = true, long limitNs = 10_000_000_000)
    {
        foreach ((TaskActor task, long atNs) in _starts)
        {
            Engine.Start(task, atNs);
        }

        _starts.Clear();
        RunEnd end = Engine.Run(limitNs, CancellationToken.None);
        Oracle.Audit(Engine.ClockNs, atRest: end == RunEnd.Finished);
        if (expectClean)
        {
            Assert.Equal(RunEnd.Finished, end);
            Assert.Empty(Oracle.Violations);
        }

        return end;
    }

    public void AssertViolation(string rule) =>
        Assert.Contains(Oracle.Violations, violation => violation.Rule == rule);

    /// <summary>Messages of one task, by name.</summary>
    public IReadOnlyList<string> MessagesOf(string task) =>
        [.. Steps.Where(step => step.Task == task).Select(step => step.Message)];

    public int Count<TMessage>() => Steps.Count(step => step.Content is TMessage);

    public void OnStep(Envelope envelope, Resource resource, long nowNs)
    {
        object content = envelope.Describe();
        Steps.Add(new Step(envelope.Caller.Name, resource.Name, content.GetType().Name, content));
        Oracle.OnStep(envelope, resource, nowNs);
    }

    public void OnReport(TaskActor task, int what, long startNs, long endNs, long detail)
    {
        Reports.Add((task.Name, (RunEvent)what, detail));
        Oracle.OnReport(task, (RunEvent)what, startNs, endNs, detail);
        if (Oracle.IsHopeless)
        {
            Engine.RequestStop(RunEnd.Stopped);
        }
    }

    /// <summary>Maps, creates, adds pages from 0 on, initialises.</summary>
    public async Routine Build(ScriptTask task, int pages, bool initialises = true, int enclave = 0)
    {
        await task.Ask(Enclave(enclave).Id, new EnclaveProtocol.AddMm { Mm = Mm(enclave).Id });
        await task.Ask(Mm(enclave).Id, new AddressSpaceProtocol.MapEnclave());
        Assert.Equal(Errno.Ok, await Ioctls.Create(task, enclave));
        if (pages > 0)
        {
            Assert.Equal(
                new IoctlResult(Errno.Ok, pages),
                await Ioctls.AddPages(task, enclave, 0, pages, isMeasured: false));
        }

        if (initialises)
        {
            Assert.Equal(Errno.Ok, await Ioctls.Init(task, enclave));
        }
    }

    /// <summary>Ends an enclave as the exit of its process does.</summary>
    public async Routine Exit(ScriptTask task, int enclave = 0)
    {
        await Encl.ExitMm(task, Mm(enclave).Id, enclave);
        await Encl.CloseFile(task, enclave);
    }

    /// <summary>One batch of reclaim from the global LRU.</summary>
    public static async Routine<int> ReclaimBatch(
        ScriptTask task,
        int limit = KernelConstants.NrToScan,
        bool ignoreAge = false
    ) => await Reclaim.Isolate(task, 0, limit) == 0
        ? 0
        : await Reclaim.ReclaimPages(task, Reclaim.IsIsolated, 0, ignoreAge);

    /// <summary>A user access with its faults; what the last fault or the access itself said.</summary>
    public async Routine<AccessResult> Touch(
        ScriptTask task,
        int page,
        AccessKind kind = AccessKind.Read,
        AddressSpace? mm = null,
        int enclave = 0,
        int tries = 1)
    {
        mm ??= Mm(enclave);
        for (int i = 0; ; i++)
        {
            AddressSpaceProtocol.Access access = await task.Ask(
                mm.Id, new AddressSpaceProtocol.Access { Page = page, Kind = kind });
            if (access.Result != AccessResult.NotPresent || i == tries)
            {
                return access.Result;
            }

            await Encl.VmaFault(task, mm.Id, enclave, page);
        }
    }

    private ScriptTask Add(
        string name,
        TaskKind kind,
        ActorId process,
        Func<ScriptTask, Routine> body,
        long atNs,
        int node)
    {
        ScriptTask task = new(new ActorId(_nextId++), name, node, Machine, kind, process, body);
        Engine.Add(task);
        task.Attach(new ChoosingDriver(Engine, _decisions), task.AttachedState);
        _starts.Add((task, atNs));
        return task;
    }

    /// <summary>The engine, but for choices, which the test makes.</summary>
    private sealed class ChoosingDriver(IEngineDriver engine, Dictionary<ChoicePoint, Queue<bool>> decisions)
        : IEngineDriver
    {
        public void Post(Envelope envelope) => engine.Post(envelope);

        public bool Spend(TaskActor task, int activity, long ns) => engine.Spend(task, activity, ns);

        public bool SpendCost(TaskActor task, int activity, int count, bool remote) =>
            engine.SpendCost(task, activity, count, remote);

        public bool Sleep(TaskActor task, long ns) => engine.Sleep(task, ns);

        public long NowNs(TaskActor task) => engine.NowNs(task);

        public void Start(TaskActor task, long afterNs) => engine.Start(task, afterNs);

        public bool Choose(TaskActor task, int point) =>
            decisions.TryGetValue((ChoicePoint)point, out Queue<bool>? answers)
            && answers.TryDequeue(out bool answer)
            && answer;

        public void Report(TaskActor task, int what, long startNs, long detail) =>
            engine.Report(task, what, startNs, detail);

        public void Stopped(TaskActor task, Exception? error) => engine.Stopped(task, error);
    }
}

/// <summary>Scenarios made in code.</summary>
internal static class TestScenarios
{
    public static Scenario Make(
        KernelSwitches switches,
        IReadOnlyList<NodeSpec> nodes,
        IReadOnlyList<EnclaveSpec> enclaves,
        IReadOnlyList<VirtualMachineSpec> guests,
        IReadOnlyList<CgroupSpec> cgroups,
        bool sanitises = false,
        IReadOnlyList<ScriptAction>? script = null,
        ulong seed = 1,
        long durationNs = 60_000_000_000) => new()
        {
            File = "test",
            Kernel = "test",
            Switches = switches,
            SwitchList = [],
            Seed = seed,
            Machine = new MachineSpec { Name = "test", Nodes = nodes, SanitisesAtBoot = sanitises },
            Costs = Costs(),
            Cgroups = cgroups,
            Enclaves = enclaves,
            VirtualMachines = guests,
            Script = script ?? [],
            Run = new RunSpec
            {
                DurationNs = durationNs,
                SampleNs = 1_000_000,
                QuantumNs = 200,
                JitterPercent = 16,
                MeasuresSlowdown = false,
                TraceEvents = 0,
                LivenessWindowNs = 200_000_000,
                AuditEverySamples = 1,
            },
        };

    private static CostProfile Costs()
    {
        int[] cycles = new int[Activities.Count];
        Array.Fill(cycles, 2000);
        cycles[(int)Activity.SpinLock] = 80;
        cycles[(int)Activity.Atomic] = 40;
        cycles[(int)Activity.Touch] = 60;
        cycles[(int)Activity.Eextend] = 500;
        return new CostProfile
        {
            Name = "test",
            ClockMhz = 2000,
            Cycles = cycles,
            RemotePercent = 150,
            MutexSpinCycles = 30_000,
        };
    }
}
