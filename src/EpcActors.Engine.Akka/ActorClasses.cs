using Akka.Actor;

namespace EpcActors.Engine.Akka;

/// <summary>Free list, poison list and dirty pages of one NUMA node: what <c>node->lock</c> protects.</summary>
internal sealed class NumaNodeActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>The atomic <c>sgx_nr_free_pages</c>.</summary>
internal sealed class FreePageCounterActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>Usage, limit and events of one misc cgroup, and the LRU of its pages with its lock.</summary>
internal sealed class CgroupActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>The hierarchy of cgroups (<c>cgroup_mutex</c>) and the cursors of the walks over it.</summary>
internal sealed class CgroupTreeActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>One <c>struct sgx_encl</c>: pages, VA slots, SECS, <c>mm_list</c>, and <c>encl->lock</c>.</summary>
internal sealed class EnclaveActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>Page tables of one process, its VMAs and its <c>mmap_lock</c>.</summary>
internal sealed class AddressSpaceActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>The shmem file that holds evicted pages and their PCMD.</summary>
internal sealed class BackingStoreActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>RAM charged to one memory cgroup: its <c>page_counter</c>.</summary>
internal sealed class MemoryCgroupActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>Choice of a victim when <c>memory.max</c> cannot hold the backing store.</summary>
internal sealed class OomKillerActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>Cgroup, signals, threads and device file of one process.</summary>
internal sealed class ProcessActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>One <c>struct sgx_vepc</c>: EPC of a guest and <c>vepc->lock</c>.</summary>
internal sealed class VirtualEpcActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary><c>zombie_secs_pages</c> and its lock.</summary>
internal sealed class ZombieSecsListActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>One wait queue or work item: <c>ksgxd_waitq</c>, the reclaim work of a cgroup.</summary>
internal sealed class WaitChannelActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>The record of one process of a cluster: shared counters, loans and requests under way.</summary>
internal sealed class ClusterGatewayActor(AkkaEngine engine, AkkaResource cell, ActorNode node)
    : ResourceActor(engine, cell, node);

/// <summary>A CPU thread of an enclave: ioctls, accesses, page faults.</summary>
internal sealed class EnclaveThreadActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>A CPU of a guest that uses its virtual EPC.</summary>
internal sealed class VirtualCpuActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>The reclaimer thread of the machine.</summary>
internal sealed class KsgxdActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>The asynchronous reclaim work of one cgroup.</summary>
internal sealed class ReclaimWorkerActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>Writes limits, moves processes, removes cgroups; the hardware that reports failures.</summary>
internal sealed class AdministratorActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>Serves other processes of a cluster, or keeps this one in it.</summary>
internal sealed class ClusterTaskActor(AkkaEngine engine, AkkaTask cell, ActorNode node)
    : RoutineActor(engine, cell, node);

/// <summary>
/// Class of each actor. The classes differ in their names alone: the behaviour is in <see cref="ResourceActor"/> and
/// <see cref="RoutineActor"/>, and the resource has the data. The names are for <c>Props.Type</c>, for the class of a
/// log event and for dead letters.
/// </summary>
internal static class ActorClasses
{
    /// <summary>Props of a resource's actor, without a dispatcher.</summary>
    public static Props PropsOf(AkkaEngine engine, AkkaResource cell, ActorNode node) => cell.Resource.ActorKind switch
    {
        ActorKind.NumaNode => Of(() => new NumaNodeActor(engine, cell, node)),
        ActorKind.FreePageCounter => Of(() => new FreePageCounterActor(engine, cell, node)),
        ActorKind.Cgroup => Of(() => new CgroupActor(engine, cell, node)),
        ActorKind.CgroupTree => Of(() => new CgroupTreeActor(engine, cell, node)),
        ActorKind.Enclave => Of(() => new EnclaveActor(engine, cell, node)),
        ActorKind.AddressSpace => Of(() => new AddressSpaceActor(engine, cell, node)),
        ActorKind.BackingStore => Of(() => new BackingStoreActor(engine, cell, node)),
        ActorKind.MemoryCgroup => Of(() => new MemoryCgroupActor(engine, cell, node)),
        ActorKind.OomKiller => Of(() => new OomKillerActor(engine, cell, node)),
        ActorKind.Process => Of(() => new ProcessActor(engine, cell, node)),
        ActorKind.VirtualEpc => Of(() => new VirtualEpcActor(engine, cell, node)),
        ActorKind.ZombieSecsList => Of(() => new ZombieSecsListActor(engine, cell, node)),
        ActorKind.WaitChannel => Of(() => new WaitChannelActor(engine, cell, node)),
        ActorKind.Gateway => Of(() => new ClusterGatewayActor(engine, cell, node)),
        ActorKind.Resource => Of(() => new ResourceActor(engine, cell, node)),
        ActorKind.Task or ActorKind.Thread or ActorKind.VirtualCpu or ActorKind.Ksgxd
            or ActorKind.ReclaimWorker or ActorKind.Administrator or ActorKind.ClusterTask or ActorKind.External =>
            throw NotOfItsSort(cell.Name, cell.Resource.ActorKind),
    };

    /// <summary>Props of a task's actor, without a dispatcher.</summary>
    public static Props PropsOf(AkkaEngine engine, AkkaTask cell, ActorNode node) => cell.Task.ActorKind switch
    {
        ActorKind.Thread => Of(() => new EnclaveThreadActor(engine, cell, node)),
        ActorKind.VirtualCpu => Of(() => new VirtualCpuActor(engine, cell, node)),
        ActorKind.Ksgxd => Of(() => new KsgxdActor(engine, cell, node)),
        ActorKind.ReclaimWorker => Of(() => new ReclaimWorkerActor(engine, cell, node)),
        ActorKind.Administrator => Of(() => new AdministratorActor(engine, cell, node)),
        ActorKind.ClusterTask => Of(() => new ClusterTaskActor(engine, cell, node)),
        ActorKind.Task => Of(() => new RoutineActor(engine, cell, node)),
        ActorKind.Resource or ActorKind.NumaNode or ActorKind.FreePageCounter or ActorKind.Cgroup
            or ActorKind.CgroupTree or ActorKind.Enclave or ActorKind.AddressSpace or ActorKind.BackingStore
            or ActorKind.MemoryCgroup or ActorKind.OomKiller or ActorKind.Process or ActorKind.VirtualEpc
            or ActorKind.ZombieSecsList or ActorKind.WaitChannel or ActorKind.Gateway or ActorKind.External =>
            throw NotOfItsSort(cell.Name, cell.Task.ActorKind),
    };

    private static Props Of<TActor>(Func<TActor> make)
        where TActor : ActorBase => ActorProducer<TActor>.Props(make);

    private static InvariantViolation NotOfItsSort(string name, ActorKind kind) =>
        new($"{ActorKinds.Name(kind)} is not a valid kind for {name}: a resource takes a kind of resources, a task one "
            + "of tasks");
}
