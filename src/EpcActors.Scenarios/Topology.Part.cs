using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.NumaNodes;

namespace EpcActors.Scenarios;

/// <content>A process that has only some sockets of the machine.</content>
public sealed partial class Topology
{
    /// <summary>The part of the machine that this process has; null when it has all.</summary>
    public IMachinePart? Part { get; }

    /// <summary>All sockets of the machine are in this process.</summary>
    public bool IsWholeMachine => Part is null;

    /// <summary>misc.max of a cgroup. Of a part, as this process knows it.</summary>
    public Limit MaxOf(Cgroup cgroup) => Part?.MaxOf(cgroup.Index) ?? cgroup.Max;

    /// <summary>misc.peak of a cgroup, bytes. Of a part, one process knows it and every other says 0.</summary>
    public long PeakBytesOf(Cgroup cgroup) => Part?.PeakBytesOf(cgroup.Index) ?? cgroup.PeakBytes;

    /// <summary>An id for an actor that the caller adds to those of this topology.</summary>
    public ActorId NewTaskId() => NewId();

    /// <summary>Tells the machine that it is one of several before any actor is made.</summary>
    private void BeginPart()
    {
        if (Part is { } part)
        {
            Machine.Shared = part.Begin(_scenario, NewId());
        }
    }

    private NumaNode NewNode(ActorId id, int node, List<(int First, int Count)> sections, bool isSanitised) =>
        Part is { } part
            ? part.NewNode(id, node, Machine.Pages, sections, isSanitised)
            : new NumaNode(id, node, Machine.Pages, sections, isSanitised);
}
