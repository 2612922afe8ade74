using EpcActors.Kernel;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;

namespace EpcActors.Scenarios;

/// <content>Places for cgroups and processes that come from outside while the machine runs.</content>
public sealed partial class Topology
{
    private readonly OutsideSpec? _outside;

    /// <summary>Hierarchy of the cgroups.</summary>
    public CgroupTree Tree { get; private set; } = null!;

    /// <summary>Places for processes from outside, by number.</summary>
    public List<OutsidePlace> Places { get; } = [];

    /// <summary>Tasks that make system calls from outside.</summary>
    public List<SystemCallTask> CallTasks { get; } = [];

    /// <summary>Tasks that send signals from outside.</summary>
    public List<SystemCallTask> SignalTasks { get; } = [];

    /// <summary>Cgroups of the scenario; the places for others follow.</summary>
    public int NamedCgroups => _scenario.Cgroups.Count;

    private void AddOutside()
    {
        if (_outside is not { } outside)
        {
            return;
        }

        for (int i = 0; i < outside.CallTasks; i++)
        {
            CallTasks.Add(new SystemCallTask(NewId(), $"shell-{i}", Machine, outside.Calls));
            Tasks.Add((CallTasks[^1], 0));
        }

        for (int i = 0; i < 2; i++)
        {
            SignalTasks.Add(new SystemCallTask(NewId(), $"kill-{i}", Machine, outside.Signals));
            Tasks.Add((SignalTasks[^1], 0));
        }

        for (int i = 0; i < outside.Processes; i++)
        {
            AddPlace(i, outside);
        }
    }

    private void AddPlace(int number, OutsideSpec outside)
    {
        int index = Enclaves.Count;
        int pages = outside.EnclavePages;
        string name = $"process-{number}";
        int ownerBase = Machine.Space.Add(pages);
        BackingStore backing = Add(new BackingStore(NewId(), name, pages + 1));
        Process process = Add(new Process(NewId(), name, 0, 0, threads: 0));
        Machine.Processes.Add(process.Id);
        OomKiller.AddCandidate(process, backing);
        AddressSpace mm = Add(new AddressSpace(NewId(), name, Machine, pages, ownerBase));
        mm.LeaveFree();
        Machine.ProcessOfMm.Set(mm.Id, process.Id);
        AddressSpaces.Add((mm, index));
        (int cpu, int node) = _cpus.Deal(-1);
        OutsideProcess thread = new(NewId(), name, cpu, node, Machine, process.Id, number, outside.Orders);
        thread.Settle(index, mm.Id);
        Enclave enclave = Add(new Enclave(NewId(), index, name, Machine, pages, ownerBase, [thread.Id]));
        enclave.LeaveFree();
        Machine.Enclaves.Add(new EnclavePlace(enclave.Id, backing.Id, ownerBase, pages));
        Tasks.Add((thread, 0));
        EnclaveSpec spec = new() { Name = name, Cgroup = 0, HeapPages = pages, AddedHeapPages = 0 };
        Enclaves.Add(new EnclaveActors(spec, enclave, process, mm, backing, [], []));
        Places.Add(new OutsidePlace(thread, process, enclave));
    }
}

/// <summary>The actors of one place for processes from outside.</summary>
/// <param name="Thread">The only thread.</param>
/// <param name="Process">The process; without a thread while the place is free.</param>
/// <param name="Enclave">Its enclave.</param>
public sealed record OutsidePlace(OutsideProcess Thread, Process Process, Enclave Enclave);
