using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.Epc;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Sharing;

/// <summary>A member's part of the machine: its sockets, and stand-ins for those of the others.</summary>
public sealed class MachinePart : IMachinePart
{
    private readonly ClusterPort _port;
    private readonly SharedMachine _shared;
    private Scenario? _scenario;
    private Gateway? _gateway;
    private MemberCleanup? _cleanup;

    /// <param name="port">The member that this process is.</param>
    public MachinePart(ClusterPort port)
    {
        _port = port;
        _shared = new SharedMachine(port);
    }

    /// <summary>The member that this process is.</summary>
    public ClusterPort Port => _port;

    /// <summary>Outbox of frames for other processes.</summary>
    public required IOutbox Outbox { get; init; }

    /// <summary>Source of views; the first view is already there.</summary>
    public required IViewHistory History { get; init; }

    /// <summary>Inbox of frames from other processes that arrive together; null when they come one by one.</summary>
    public IInbox? Inbox { get; init; }

    /// <summary>Request workers of each kind.</summary>
    public int RequestWorkers { get; init; } = 4;

    public int FirstId { get; init; }

    /// <summary>The gateway of the process, once its topology is built.</summary>
    public Gateway Gateway =>
        _gateway ?? throw new InvariantViolation("the actors of this part are not made yet");

    public ActorId Grants => _port.Gateway;

    public long CountedFreePages => Gateway.CountedFreePages;

    public bool IsHeldUp => Gateway.IsHeldUp;

    public bool HasNode(int node) => !_port.IsForeign(node);

    public NumaNode NewNode(
        ActorId id,
        int node,
        EpcPageTable pages,
        IReadOnlyList<(int First, int Count)> sections,
        bool isSanitised) => new SharedNode(id, node, pages, sections, isSanitised);

    public ISharedMachine Begin(Scenario scenario, ActorId grants)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        _scenario = scenario;
        _port.FirstId = FirstId;
        _port.CgroupParents = [.. scenario.Cgroups.Select(cgroup => cgroup.Parent)];
        _port.Gateway = grants;
        return _shared;
    }

    public void AddActors(Topology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        Machine machine = topology.Machine;
        MachineSpec spec = _scenario!.Machine;
        long[] capacity = new long[_port.Members];
        long[] boot = new long[_port.Members];
        for (int node = 0; node < machine.NodeCount; node++)
        {
            long pages = spec.Nodes[node].SectionPages.Sum(count => (long)count);
            capacity[_port.MemberOfNode[node]] += pages * KernelConstants.PageSize;
            boot[_port.MemberOfNode[node]] += spec.SanitisesAtBoot ? 0 : pages;
        }

        _gateway = new Gateway(_port.Gateway, _port, Outbox, History, Limits(), capacity, boot, Inbox);
        topology.Resources.Add(_gateway);
        int firstNode = Enumerable.Range(0, machine.NodeCount).First(HasNode);
        for (int i = 0; i < 2 * RequestWorkers; i++)
        {
            ActorId id = topology.NewTaskId();
            topology.Tasks.Add((new RequestWorker(id, i, i / RequestWorkers, -1, firstNode, machine, _shared), 0));
        }

        long joinsWith = History.Last.Epoch == 1 ? 0 : boot[_port.Self];
        _cleanup = new MemberCleanup(
            topology.NewTaskId(),
            -1,
            firstNode,
            machine,
            _port,
            [.. topology.Enclaves.Select(enclave => enclave.Process.Id)],
            [.. topology.VirtualMachines.Select(guest => (guest.VirtualEpc.Id, guest.Process.Id))],
            joinsWith);
        topology.Tasks.Add((_cleanup, 0));
        topology.Tasks.Add((new Reporter(topology.NewTaskId(), -1, firstNode, machine, _port.Gateway), 0));
    }

    public Limit MaxOf(int cgroup) => Gateway.MaxOf(cgroup);

    public long PeakBytesOf(int cgroup) => Gateway.PeakAtOwner(cgroup);

    public long UsedBytesOf(int cgroup) => Gateway.UsedOf(cgroup);

    public IEnumerable<(ActorId Id, string Path)> Paths(Topology topology)
    {
        ArgumentNullException.ThrowIfNull(topology);
        yield return (Gateway.Id, "cluster/gateway");
        yield return (_cleanup!.Id, "cluster/cleanup");
        foreach (RequestWorker worker in topology.Tasks.Select(one => one.Task).OfType<RequestWorker>())
        {
            yield return (worker.Id, $"cluster/{worker.Name}");
        }
    }

    public void Watch(IGrantWatch oracle)
    {
        ArgumentNullException.ThrowIfNull(oracle);
        bool isPageByPage = _port.ChargeBatch == 1;
        oracle.WatchGrants((in ClusterProtocol.ChargeCounter charge) =>
        {
            // Page by page a refused amount was added all the same, and is taken back.
            bool fits = charge.Result == CounterCharge.Fits;
            return new GrantStep(charge.Counter, fits || isPageByPage ? charge.Bytes : 0, IsGranted: fits);
        });
        oracle.WatchGrants((in ClusterProtocol.UnchargeCounter back) => new GrantStep(back.Counter, -back.Bytes));
        oracle.WatchGrants((in ClusterProtocol.ChargeLevels levels) => levels.IsCharged
            ? new GrantStep(levels.Cgroup, levels.Bytes, WithAncestors: true, IsGranted: true)
            : default);
        oracle.WatchGrants((in ClusterProtocol.UnchargeLevels levels) => new GrantStep(
            levels.Cgroup, levels.IsUncharged ? -levels.Bytes : 0, WithAncestors: true));
        oracle.WatchGrants((in ClusterProtocol.TakeStock stock) => new GrantStep(
            (int)stock.Counter < _port.Cgroups ? (int)stock.Counter : -1, stock.Bytes));
    }

    /// <summary>By counter: the limit of the scenario; the free-page counter has none.</summary>
    private Limit[] Limits()
    {
        Limit[] max = new Limit[_port.CounterCount];
        Array.Fill(max, Limit.Max);
        for (int i = 0; i < _scenario!.Cgroups.Count; i++)
        {
            max[i] = _scenario.Cgroups[i].Max;
        }

        return max;
    }
}
