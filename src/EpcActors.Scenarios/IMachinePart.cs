using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;

namespace EpcActors.Scenarios;

/// <summary>
/// The part of a machine that a process has which has only some of its sockets: what its topology makes otherwise, and
/// the numbers that belong to all processes. One object for one topology.
/// </summary>
public interface IMachinePart
{
    /// <summary>Ids of its actors begin here: where several parts share one engine, theirs must not meet.</summary>
    int FirstId { get; }

    /// <summary>
    /// The resource whose requests change what <see cref="UsedBytesOf"/> says, so an audit reads both together.
    /// </summary>
    ActorId Grants { get; }

    /// <summary>
    /// The part of the free-page counter that this process accounts for: the sum over all is the number of free pages.
    /// </summary>
    long CountedFreePages { get; }

    /// <summary>
    /// The work of this process waits for another one for longer than it takes to ask twice. Another thread may read
    /// it: it was so a moment ago.
    /// </summary>
    bool IsHeldUp { get; }

    /// <summary>True when the EPC of a NUMA node is in this process; else the topology has a stand-in.</summary>
    bool HasNode(int node);

    /// <summary>Makes the actor of a NUMA node.</summary>
    /// <param name="id">Address.</param>
    /// <param name="node">Number of the node.</param>
    /// <param name="pages">The machine's descriptors.</param>
    /// <param name="sections">First page and page count of each EPC section here; none for a stand-in.</param>
    /// <param name="isSanitised">All pages are free from the start.</param>
    NumaNode NewNode(
        ActorId id,
        int node,
        EpcPageTable pages,
        IReadOnlyList<(int First, int Count)> sections,
        bool isSanitised);

    /// <summary>Before any actor is made: says how routines reach what all processes share.</summary>
    /// <param name="scenario">The scenario of this process.</param>
    /// <param name="grants">The id of <see cref="Grants"/>.</param>
    ISharedMachine Begin(Scenario scenario, ActorId grants);

    /// <summary>When all other actors are made: adds its own resources and tasks.</summary>
    void AddActors(Topology topology);

    /// <summary>misc.max of a cgroup as this process knows it.</summary>
    Limit MaxOf(int cgroup);

    /// <summary>misc.peak of a cgroup, bytes; 0 where another process knows it.</summary>
    long PeakBytesOf(int cgroup);

    /// <summary>Bytes of a cgroup that this process was granted, as far as its tasks know of them.</summary>
    long UsedBytesOf(int cgroup);

    /// <summary>Its actors with their paths in reports, logs and actor systems.</summary>
    IEnumerable<(ActorId Id, string Path)> Paths(Topology topology);

    /// <summary>Tells an oracle which of its messages grant charges: <see cref="IGrantWatch"/>.</summary>
    void Watch(IGrantWatch oracle);
}
