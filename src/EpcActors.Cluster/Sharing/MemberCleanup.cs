using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Enclaves;
using EpcActors.Kernel.Processes;
using EpcActors.Kernel.Routines;
using EpcActors.Kernel.VirtualEpcs;
using EpcActors.Kernel.Waiting;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Tells new owners what this process has. It is a task of its own that sends no other request: an owner serves no
/// request until every process has reported, so the reporter must never wait for an owner.
/// </summary>
public sealed class Reporter : KernelTask
{
    private readonly ActorId _gateway;

    public Reporter(ActorId id, int cpu, int node, Machine machine, ActorId gateway)
        : base(id, "reporter", cpu, node, machine, TaskKind.Other, ActorId.None) => _gateway = gateway;

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    protected override async Routine Run()
    {
        int epoch = 0;
        while (true)
        {
            AwaitView view = await Ask(_gateway, new AwaitView { Epoch = epoch });
            if (view.IsFenced)
            {
                return;
            }

            epoch = view.Epoch;
            for (
                NextReport next = await Ask(_gateway, new NextReport());
                next.Counter >= 0;
                next = await Ask(_gateway, new NextReport()))
            {
                await Ask(_gateway, new ReportCounter { Counter = next.Counter });
            }
        }
    }
}

/// <summary>
/// Cleans up after every change of the membership: takes back pages that were lent to the dead, and ends the processes
/// whose enclaves had pages on a socket that is gone.
/// </summary>
public sealed class MemberCleanup : KernelTask
{
    private const long PollNs = 5_000_000;

    private readonly int[] _seenDead;
    private readonly int[] _seenAlive;
    private readonly IReadOnlyList<ActorId> _processOfEnclave;
    private readonly IReadOnlyList<(ActorId Guest, ActorId Process)> _guests;
    private readonly long _bootPages;

    /// <param name="id">Address.</param>
    /// <param name="cpu">CPU, -1 for one of its own.</param>
    /// <param name="node">NUMA node.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="port">The member that this process is.</param>
    /// <param name="processOfEnclave">By enclave: the process that built it.</param>
    /// <param name="guests">Virtual EPC and process of each guest.</param>
    /// <param name="bootPages">Free pages that this process brings into a cluster that runs already; 0 for a member of
    /// the first view.</param>
    public MemberCleanup(
        ActorId id,
        int cpu,
        int node,
        Machine machine,
        ClusterPort port,
        IReadOnlyList<ActorId> processOfEnclave,
        IReadOnlyList<(ActorId Guest, ActorId Process)> guests,
        long bootPages)
        : base(id, "cleanup task", cpu, node, machine, TaskKind.Other, ActorId.None)
    {
        ArgumentNullException.ThrowIfNull(port);
        Cluster = port;
        _seenDead = new int[port.Members];
        _seenAlive = new int[_seenDead.Length];
        _processOfEnclave = processOfEnclave;
        _guests = guests;
        _bootPages = bootPages;
    }

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    private ClusterPort Cluster { get; }

    protected override async Routine Run()
    {
        if (_bootPages > 0)
        {
            await Ask(Cluster.Gateway, new AddToCounter { Counter = Cluster.FreePageCounter, Amount = _bootPages });
        }

        int epoch = 0;
        while (true)
        {
            AwaitView view = await Ask(Cluster.Gateway, new AwaitView { Epoch = epoch });
            if (view.IsFenced)
            {
                return;
            }

            epoch = view.Epoch;

            // Do this before any step that may wait for the end of enclaves.
            for (int member = 0; member < _seenAlive.Length; member++)
            {
                if (member != Cluster.Self)
                {
                    await TellLimits(member);
                }
            }

            for (int member = 0; member < _seenDead.Length; member++)
            {
                if (member != Cluster.Self)
                {
                    await Look(member);
                }
            }

            // This process's ksgxd may be the one that works now: it checks the watermarks itself.
            await Ask(Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());
        }
    }

    /// <summary>
    /// Tells a new incarnation the limits: it knows those of the scenario, and none that was written since. It may
    /// become the owner of a shared counter when no other process that knows is left. Every process tells it; a writer
    /// that wrote while it was absent sees it join later.
    /// </summary>
    private async Routine TellLimits(int member)
    {
        FindMember find = await Ask(Cluster.Gateway, new FindMember { Member = member });
        if (find.Incarnation <= _seenAlive[member])
        {
            return;
        }

        _seenAlive[member] = find.Incarnation;
        for (int cgroup = 0; cgroup < Cluster.Cgroups; cgroup++)
        {
            FindMax known = await Ask(Cluster.Gateway, new FindMax { Counter = cgroup });
            if (known.Version > 0)
            {
                await Ask(
                    Cluster.Gateway,
                    new ShareMax
                    {
                        Member = member,
                        Counter = cgroup,
                        Max = known.Max,
                        Version = known.Version,
                    });
            }
        }
    }

    private async Routine Look(int member)
    {
        FindMember find = await Ask(Cluster.Gateway, new FindMember { Member = member });
        int dead = find.Dead;
        if (dead == _seenDead[member])
        {
            return;
        }

        // Count the deaths and not the living: an incarnation that was there when this process came up, and one between
        // two looks, count too.
        _seenDead[member] = dead;
        for (int node = 0; node < Machine.NodeCount; node++)
        {
            if (!Cluster.IsForeign(node) && Cluster.Defect != ClusterDefect.LostLoan)
            {
                await Ask(
                    Machine.Nodes[node],
                    new SharedNodeProtocol.CloseLoans { Member = member, Incarnation = dead });
            }
            else if (Cluster.MemberOfNode[node] == member)
            {
                await LoseNode(node, dead);
            }
        }
    }

    /// <summary>
    /// The memory of a node is gone: its free pages are forgotten, and each process with such a page in an enclave
    /// dies, as by a machine check. Pages on their way into an enclave are found in the next round.
    /// </summary>
    private async Routine LoseNode(int node, int incarnation)
    {
        while (true)
        {
            // Pages of the next incarnation of that process come only when none of this one is left.
            SharedNodeProtocol.ReadBorrowed left = await Ask(
                Machine.Nodes[node],
                new SharedNodeProtocol.ReadBorrowed { Dead = incarnation });
            if (left.Pages == 0 || left.Incarnation > incarnation)
            {
                return;
            }

            SharedNodeProtocol.ExportPage export = await Ask(Machine.Nodes[node], new SharedNodeProtocol.ExportPage());
            if (!export.Page.IsNone)
            {
                continue;
            }

            for (int enclave = 0; enclave < Machine.Enclaves.Count; enclave++)
            {
                EnclaveProtocol.HoldsNode holds = await Ask(
                    Machine.Enclaves[enclave].Enclave,
                    new EnclaveProtocol.HoldsNode { Node = node });
                if (holds.Holds)
                {
                    await Ask(_processOfEnclave[enclave], new ProcessProtocol.Kill { Reason = KillReason.SocketLost });
                }
            }

            foreach ((ActorId guest, ActorId process) in _guests)
            {
                VirtualEpcProtocol.HoldsNode holds = await Ask(guest, new VirtualEpcProtocol.HoldsNode { Node = node });
                if (holds.Holds)
                {
                    await Ask(process, new ProcessProtocol.Kill { Reason = KillReason.SocketLost });
                }
            }

            await Sleep(PollNs);
        }
    }
}
