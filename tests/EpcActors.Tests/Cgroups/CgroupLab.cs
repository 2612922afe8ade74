using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Runs;
using EpcActors.Scenarios;

namespace EpcActors.Tests.Cgroups;

/// <summary>A thread of control whose routine is written in a test.</summary>
internal sealed class ScriptedTask(
    ActorId id,
    Machine machine,
    TaskKind kind,
    ActorId process,
    Func<ScriptedTask, Routine> body
) : KernelTask(id, "test", -1, 0, machine, kind, process)
{
    protected override Routine Run() => body(this);
}

/// <summary>The kernels that tests compare, as switch sets.</summary>
internal static class Kernels
{
    public static KernelSwitches Named(string name) => name switch
    {
        "v5" => new KernelSwitches
        {
            AtLimit = AtLimit.Kill,
            LimitLowered = LimitLowered.Worker,
            ReclaimWalk = ReclaimWalk.SharedBatch,
            AgeEscalation = AgeEscalation.AfterFiveFailedRounds,
            BackingCharge = BackingCharge.KsgxdRule,
            EventLevels = EventLevels.IncludingRoot,
        },
        "v6" => new KernelSwitches { ReclaimWalk = ReclaimWalk.SharedBatch, EventLevels = EventLevels.IncludingRoot },
        "v8" => new KernelSwitches(),
        "v10" => new KernelSwitches
        {
            ReclaimWalk = ReclaimWalk.PerLru,
            WorkerTarget = WorkerTarget.MaxMinusLow,
            DirectReclaim = DirectReclaim.OwnCgroupToo,
        },

        // From v11 on the worker was to be queued near the limit too; no posted version can reach the code that does
        // it.
        "v13" => Named("v10"),
        "v13-head-room" => Named("v13") with { WorkerQueued = WorkerQueued.NearLimit },
        "v15" => Named("v13") with { ReclaimWalk = ReclaimWalk.ResumeNode },
        "v17" => Named("v13") with { ReclaimWalk = ReclaimWalk.Cursor },
        "v17-head-room" => Named("v17") with { WorkerQueued = WorkerQueued.NearLimit },
        "none" => new KernelSwitches { EpcCgroup = EpcCgroupMode.Off },
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };
}

/// <summary>A small machine whose enclaves are built and used by scripted tasks, page by page.</summary>
internal sealed class CgroupLab
{
    public const long Page = KernelConstants.PageSize;

    private int _nextId;

    /// <param name="switches">The kernel.</param>
    /// <param name="capacity">EPC, pages.</param>
    /// <param name="cgroups">Parent and limit (pages; -1 for max) of the cgroups after the root; parents by index, the
    /// root is 0.</param>
    /// <param name="enclaves">Cgroup of each enclave's process.</param>
    /// <param name="memoryMaxPages">memory.max of the first cgroup below the root, pages; null for max.</param>
    /// <param name="atomicNs">What an atomic costs: above the length of a group of requests (decision 3), each is a
    /// moment of its own.</param>
    public CgroupLab(
        KernelSwitches switches,
        int capacity,
        (int Parent, long Limit)[] cgroups,
        int[] enclaves,
        long? memoryMaxPages = null,
        int atomicNs = 20)
    {
        List<CgroupSpec> specs = [new("/", -1, Limit.Max, Limit.Max)];
        for (int i = 0; i < cgroups.Length; i++)
        {
            specs.Add(new CgroupSpec(
                $"/c{i + 1}",
                cgroups[i].Parent,
                cgroups[i].Limit < 0 ? Limit.Max : Limit.OfPages(cgroups[i].Limit),
                i == 0 && memoryMaxPages is { } pages ? Limit.OfPages(pages) : Limit.Max));
        }

        List<EnclaveSpec> enclaveSpecs = [];
        for (int i = 0; i < enclaves.Length; i++)
        {
            // Its own thread never starts: the test drives the enclave.
            enclaveSpecs.Add(new EnclaveSpec
            {
                Name = $"e{i}",
                Cgroup = enclaves[i],
                StartNs = -1,
                HeapPages = 400,
                AddedHeapPages = 400,
            });
        }

        Run = new TimedRun(
            Scenarios.Of(switches, [capacity], specs, enclaveSpecs, [], atomicNs: atomicNs),
            "test",
            null);
        _nextId = Run.Topology.Resources.Count + Run.Topology.Tasks.Count;
    }

    public TimedRun Run { get; }

    public Machine Machine => Run.Topology.Machine;

    public Cgroup this[int index] => Run.Topology.Cgroups[index];

    public EnclaveActors Enclave(int index) => Run.Topology.Enclaves[index];

    public long Current(int cgroup) => this[cgroup].UsageBytes / Page;

    public long Peak(int cgroup) => this[cgroup].PeakBytes / Page;

    /// <summary>A task on behalf of the process of an enclave.</summary>
    public void Task(int enclave, Func<ScriptedTask, Routine> body, long startNs = 0) =>
        Run.Add(
            new ScriptedTask(new ActorId(_nextId++), Machine, TaskKind.User, Enclave(enclave).Process.Id, body),
            startNs);

    /// <summary>A task of any kind; it starts at once.</summary>
    public void Kernel(TaskKind kind, ActorId process, Func<ScriptedTask, Routine> body) =>
        Run.Add(new ScriptedTask(new ActorId(_nextId++), Machine, kind, process, body), 0);

    /// <summary>Adds a task without a process: an administrator.</summary>
    public void Admin(Func<ScriptedTask, Routine> body, long startNs = 0) =>
        Run.Add(new ScriptedTask(new ActorId(_nextId++), Machine, TaskKind.Other, ActorId.None, body), startNs);

    /// <summary>Runs to the end; what the oracle found is the caller's business.</summary>
    public RunEnd Execute() => Run.Execute(CancellationToken.None);

    /// <summary>Runs to the end, which must be a plain one without a finding.</summary>
    public void ExecuteCleanly()
    {
        RunEnd end = Execute();
        Assert.Empty(Run.Oracle.Violations);
        Assert.Equal(RunEnd.Finished, end);
    }

    /// <summary>CREATE, ADD_PAGES and perhaps INIT.</summary>
    public async Routine<Errno> Build(ScriptedTask task, int enclave, int pages, bool init = true)
    {
        await task.Ask(Machine.Enclaves[enclave].Enclave, new EnclaveProtocol.AddMm { Mm = Enclave(enclave).Mm.Id });
        await task.Ask(Enclave(enclave).Mm.Id, new AddressSpaceProtocol.MapEnclave());
        Errno errno = await Ioctls.Create(task, enclave);
        if (errno != Errno.Ok)
        {
            return errno;
        }

        IoctlResult add = await Ioctls.AddPages(task, enclave, 0, pages, isMeasured: false);
        return add.Errno != Errno.Ok || !init ? add.Errno : await Ioctls.Init(task, enclave);
    }

    /// <summary>Touches a page until it is there.</summary>
    public async Routine<FaultResult> Touch(ScriptedTask task, int enclave, int page)
    {
        ActorId mm = Enclave(enclave).Mm.Id;
        while (true)
        {
            AddressSpaceProtocol.Access access = await task.Ask(
                mm, new AddressSpaceProtocol.Access { Page = page, Kind = AccessKind.Read });
            if (access.Result == AccessResult.Hit)
            {
                return FaultResult.Mapped;
            }

            FaultResult fault = await Encl.VmaFault(task, mm, enclave, page);
            if (fault == FaultResult.Sigbus)
            {
                return fault;
            }
        }
    }

    /// <summary>The process ends, and with it the enclave.</summary>
    public async Routine Exit(ScriptedTask task, int enclave)
    {
        await task.Ask(Enclave(enclave).Process.Id, new ProcessProtocol.ThreadExit());
        await Encl.ExitMm(task, Enclave(enclave).Mm.Id, enclave);
        await Encl.CloseFile(task, enclave);
    }
}
