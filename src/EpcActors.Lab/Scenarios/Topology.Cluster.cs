using EpcActors.Actors.Cgroups;
using EpcActors.Actors.Cluster;
using EpcActors.Actors.NumaNodes;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;

namespace EpcActors.Lab.Scenarios;

/// <summary>Settings of a topology that is one process's part of a machine in a cluster.</summary>
public sealed record TopologyMember
{
    /// <summary>Port of the member, with its number.</summary>
    public required ClusterPort Port { get; init; }

    /// <summary>Outbox of frames for other processes.</summary>
    public required IOutbox Outbox { get; init; }

    /// <summary>Source of views; the first view is already there.</summary>
    public required IViewBoard Board { get; init; }

    /// <summary>Inbox of frames from other processes that arrive together; null when they come one by one.</summary>
    public IInbox? Inbox { get; init; }

    /// <summary>Ids of its actors begin here: where several members share one engine, theirs must not meet.</summary>
    public int FirstId { get; init; }

    /// <summary>Deputies of each kind.</summary>
    public int Deputies { get; init; } = 4;
}

/// <content>One process of a cluster.</content>
public sealed partial class Topology
{
    private readonly TopologyMember? _member;
    private SharedMachine? _shared;

    /// <summary>All sockets of the machine are in this process.</summary>
    public bool IsWholeMachine => _member is null;

    /// <summary>The member that this process is; null when it has the whole machine.</summary>
    public ClusterPort? Member => _member?.Port;

    /// <summary>The exchange, when this is a process of a cluster.</summary>
    public Exchange? Exchange { get; private set; }

    /// <summary>Task that cleans up after a change of the membership.</summary>
    public Steward? Steward { get; private set; }

    /// <summary>misc.max of a cgroup, bytes; long.MaxValue for none. In a cluster as this process knows it.</summary>
    public long MaxBytesOf(Cgroup cgroup) => Exchange?.MaxBytesOf(cgroup.Index) ?? cgroup.MaxBytes;

    /// <summary>misc.peak of a cgroup, bytes. In a cluster its home knows it, and every other process says 0.</summary>
    public long PeakBytesOf(Cgroup cgroup) => Exchange?.PeakAtHome(cgroup.Index) ?? cgroup.PeakBytes;

    /// <summary>An id for a task that the caller adds to the actors of this topology.</summary>
    public ActorId NewTaskId() => NewId();

    /// <summary>Tells the machine that it is one of several before any actor is made.</summary>
    private void PrepareMember()
    {
        if (_member is not { } member)
        {
            return;
        }

        member.Port.FirstId = member.FirstId;
        member.Port.CgroupParents = [.. _scenario.Cgroups.Select(cgroup => cgroup.Parent)];
        member.Port.Exchange = NewId();
        _shared = new SharedMachine(member.Port);
        Machine.Shared = _shared;
    }

    private NumaNode NewNode(ActorId id, int node, List<(int First, int Count)> sections, bool isSanitised) =>
        IsWholeMachine
            ? new NumaNode(id, node, Machine.Pages, sections, isSanitised)
            : new SharedNode(id, node, Machine.Pages, sections, isSanitised);

    private void BuildMember()
    {
        if (_member is not { Port: { } port } member)
        {
            return;
        }

        long[] capacity = new long[port.Members];
        long[] boot = new long[port.Members];
        for (int node = 0; node < Machine.NodeCount; node++)
        {
            long pages = _scenario.Machine.Nodes[node].SectionPages.Sum(count => (long)count);
            capacity[port.MemberOfNode[node]] += pages * KernelConstants.PageSize;
            boot[port.MemberOfNode[node]] += _scenario.Machine.SanitisesAtBoot ? 0 : pages;
        }

        ulong[] max = new ulong[port.AccountCount];
        Array.Fill(max, ulong.MaxValue);
        for (int i = 0; i < _scenario.Cgroups.Count; i++)
        {
            max[i] =
                _scenario.Cgroups[i].MaxBytes == long.MaxValue ? ulong.MaxValue : (ulong)_scenario.Cgroups[i].MaxBytes;
        }

        Exchange = Add(
            new Exchange(port.Exchange, port, member.Outbox, member.Board, max, capacity, boot, member.Inbox));
        int home = FirstNode(port);
        for (int i = 0; i < 2 * member.Deputies; i++)
        {
            Tasks.Add((new Deputy(NewId(), i, i / member.Deputies, -1, home, Machine, _shared!), 0));
        }

        long joinsWith = member.Board.Last.Epoch == 1 ? 0 : boot[port.Self];
        Steward = new Steward(
            NewId(),
            -1,
            home,
            Machine,
            port,
            [.. Enclaves.Select(enclave => enclave.Process.Id)],
            [.. VirtualMachines.Select(guest => (guest.VirtualEpc.Id, guest.Process.Id))],
            joinsWith);
        Tasks.Add((Steward, 0));
        Tasks.Add((new Reporter(NewId(), -1, home, Machine, port.Exchange), 0));
    }

    private static int FirstNode(ClusterPort port)
    {
        int node = 0;
        while (port.IsForeign(node))
        {
            node++;
        }

        return node;
    }
}
