using EpcActors.Engine;
using EpcActors.Kernel.AddressSpaces;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Memory;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Tasks;
using EpcActors.Scenarios;

namespace EpcActors.Runs;

/// <summary>
/// Path of each actor of a topology, for engines that show actors as a tree: <c>nodes/node-0</c>,
/// <c>cgroups/pods/web</c> with its <c>memory</c>, <c>reclaim_work</c> and <c>worker</c> beneath it,
/// <c>enclaves/web-0</c> with its <c>mm</c>, <c>shmem</c>, <c>process</c> and <c>thread-0</c>, <c>ksgxd</c>.
/// </summary>
/// <remarks>
/// Paths are unique. The parent of an actor is another actor (a cgroup, an enclave, a guest) or a plain folder
/// (<c>nodes</c>, <c>enclaves/web-0/child-0</c>).
/// </remarks>
public sealed class ActorPaths
{
    private const string Root = "cgroups";

    private readonly Dictionary<int, string> _byId = [];
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    public ActorPaths(Topology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        AddCgroups(topology);
        AddMachine(topology);
        foreach (EnclaveActors enclave in topology.Enclaves)
        {
            AddEnclave(enclave);
        }

        foreach (VirtualMachineActors guest in topology.VirtualMachines)
        {
            string path = $"virtual-machines/{guest.Spec.Name}";
            Put(guest.VirtualEpc.Id, path);
            if (guest.Spec.Vmm < 0)
            {
                Put(guest.Process.Id, $"{path}/process");
            }

            if (guest.Cpu is { } vcpu)
            {
                Put(vcpu.Id, $"{path}/vcpu");
            }
        }

        AddOthers(topology);
    }

    /// <summary>Path of a resource.</summary>
    public string Of(Resource resource)
    {
        ArgumentNullException.ThrowIfNull(resource);
        return _byId[resource.Id.Index];
    }

    /// <summary>Path of a task.</summary>
    public string Of(TaskActor task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return _byId[task.Id.Index];
    }

    private void AddCgroups(Topology topology)
    {
        // Cgroups first: what stands beneath them gives way to a child of the same name.
        foreach (Cgroup cgroup in topology.Cgroups)
        {
            Put(cgroup.Id, PathOf(cgroup.Path));
        }

        for (int i = 0; i < topology.Cgroups.Count; i++)
        {
            string path = PathOf(topology.Cgroups[i].Path);
            Put(topology.MemoryCgroups[i].Id, $"{path}/memory");
            Put(topology.Machine.CgroupWork[i], $"{path}/reclaim_work");
        }

        // None, or one for each.
        for (int i = 0; i < topology.Workers.Count; i++)
        {
            Put(topology.Workers[i].Id, $"{PathOf(topology.Cgroups[i].Path)}/worker");
        }
    }

    private void AddMachine(Topology topology)
    {
        foreach ((ActorId id, string path) in topology.Part?.Paths(topology) ?? [])
        {
            Put(id, path);
        }

        foreach (NumaNode node in topology.Nodes)
        {
            Put(node.Id, $"nodes/{node.Name}");
        }

        Put(topology.FreePageCounter.Id, "sgx_nr_free_pages");
        Put(topology.KsgxdWaitQueue.Id, "ksgxd_waitq");
        Put(topology.ZombieSecs.Id, "zombie_secs_pages");
        Put(topology.Machine.CgroupTree, "cgroup_mutex");
        Put(topology.OomKiller.Id, "oom_killer");
        Put(topology.Ksgxd.Id, "ksgxd");
        if (topology.Administrator is { } administrator)
        {
            Put(administrator.Id, "admin");
        }
    }

    private void AddEnclave(EnclaveActors enclave)
    {
        string path = $"enclaves/{enclave.Spec.Name}";
        Put(enclave.Enclave.Id, path);
        Put(enclave.Mm.Id, $"{path}/mm");
        Put(enclave.Backing.Id, $"{path}/shmem");
        Put(enclave.Process.Id, $"{path}/process");
        for (int i = 0; i < enclave.Threads.Count; i++)
        {
            Put(enclave.Threads[i].Id, $"{path}/thread-{i}");
        }

        for (int i = 0; i < enclave.Children.Count; i++)
        {
            EnclaveProgram program = enclave.Children[i].Program;
            Put(program.Process, $"{path}/child-{i}/process");
            Put(program.Mm, $"{path}/child-{i}/mm");
            Put(enclave.Children[i].Id, $"{path}/child-{i}/thread-0");
        }
    }

    /// <summary>Actors of a race, and others that the caller adds.</summary>
    private void AddOthers(Topology topology)
    {
        foreach (Resource resource in topology.Resources)
        {
            string name = resource.Name[(resource.Name.IndexOf(':', StringComparison.Ordinal) + 1)..];
            Put(resource.Id, resource switch
            {
                Process => $"processes/{name}/process",
                AddressSpace => $"processes/{name}/mm",
                BackingStore => $"processes/{name}/shmem",
                _ => $"resources/{name}",
            });
        }

        foreach (
            TaskActor task in topology
                .RaceTasks.Select(one => one.Task)
                .Concat(topology.RaceSetup)
                .Concat(topology.Tasks.Select(one => one.Task)))
        {
            Put(task.Id, $"tasks/{task.Name}");
        }
    }

    private static string PathOf(string cgroup) => cgroup == "/" ? Root : Root + cgroup;

    /// <summary>The first path that an actor gets is its path.</summary>
    private void Put(ActorId id, string path)
    {
        if (_byId.ContainsKey(id.Index))
        {
            return;
        }

        while (!_taken.Add(path))
        {
            path += "~";
        }

        _byId.Add(id.Index, path);
    }
}
