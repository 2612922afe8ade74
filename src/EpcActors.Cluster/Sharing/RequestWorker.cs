using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Routines;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Sharing;

/// <summary>
/// Does the work that a task of another process asks for and that takes more than one turn. It runs to its end even if
/// the asking process dies, so no lock of this process is held by a task that may die with another process.
/// </summary>
/// <remarks>
/// Two kinds, by <see cref="IWorkerMessage.WorkerKind"/>: those of kind 0 wait for no lock that is held over other
/// work, those of kind 1 reclaim, and wait for the locks of enclaves. Both may ask the owners of shared counters, which
/// need no request worker, and kind 1 those of kind 0. So request workers never wait in a circle, however few there
/// are.
/// </remarks>
public sealed class RequestWorker : KernelTask,
    IDoes<BorrowPage>, IDoes<ReturnPage>, IDoes<ReclaimAt>, IDoes<WakeKsgxd>, IDoes<QueueWorkAt>, IDoes<ReadNodeAt>,
    IDoes<DrainStock>
{
    private readonly int _kind;
    private readonly SharedMachine _shared;

    public RequestWorker(ActorId id, int number, int kind, int cpu, int node, Machine machine, SharedMachine shared)
        : base(id, $"request worker-{number}", cpu, node, machine, TaskKind.CgroupWorker, ActorId.None)
    {
        ArgumentNullException.ThrowIfNull(shared);
        _kind = kind;
        _shared = shared;
    }

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    private ClusterPort Cluster => _shared.Port;

    protected override async Routine Run()
    {
        while (true)
        {
            TakeRequest take = await Ask(Cluster.Gateway, new TakeRequest { WorkerKind = _kind });
            WorkerMessage message = WireMessages.Find(take.Request.Code) as WorkerMessage
                ?? throw new InvariantViolation($"{take.Request.Code:X4} is not a message to a request worker");
            Frame answer = await message.Do(this, take.Request);
            await Ask(Cluster.Gateway, new FinishRequest { Ticket = take.Ticket, Request = answer });
        }
    }

    async Routine<BorrowPage> IDoes<BorrowPage>.Do(BorrowPage request, int member, int incarnation)
    {
        SharedNodeProtocol.LendPage lend = await Ask(
            Machine.Nodes[request.Node],
            new SharedNodeProtocol.LendPage { Member = member, Incarnation = incarnation });
        request.Page = lend.Page;
        request.Incarnation = Cluster.Incarnation;
        return request;
    }

    async Routine<ReturnPage> IDoes<ReturnPage>.Do(ReturnPage request, int member, int incarnation)
    {
        if (request.Incarnation == Cluster.Incarnation)
        {
            await Ask(
                Machine.Nodes[request.Node],
                new SharedNodeProtocol.TakeBackPage
                {
                    Page = request.Page,
                    Member = member,
                    Incarnation = incarnation,
                });
        }

        return request;
    }

    async Routine<ReclaimAt> IDoes<ReclaimAt>.Do(ReclaimAt request, int member, int incarnation)
    {
        ISharedMachine here = _shared.Here;
        request.Result = request.Purpose switch
        {
            ReclaimPurpose.Reclaim => (await here.ReclaimBelow(
                this, request.Root, request.Wanted, request.IgnoreAge, resume: -1)).Scanned,
            ReclaimPurpose.Look => await here.CanReclaim(this, request.Root) ? 1 : 0,
            ReclaimPurpose.OomKill => await here.OomKill(this, request.Root) ? 1 : 0,
        };
        return request;
    }

    async Routine<WakeKsgxd> IDoes<WakeKsgxd>.Do(WakeKsgxd request, int member, int incarnation)
    {
        await _shared.Here.WakeKsgxd(this);
        return request;
    }

    async Routine<QueueWorkAt> IDoes<QueueWorkAt>.Do(QueueWorkAt request, int member, int incarnation)
    {
        await _shared.Here.QueueWork(this, request.Cgroup);
        return request;
    }

    async Routine<ReadNodeAt> IDoes<ReadNodeAt>.Do(ReadNodeAt request, int member, int incarnation)
    {
        NumaNodeProtocol.ReadFreePages read = await Ask(
            Machine.Nodes[request.Node],
            new NumaNodeProtocol.ReadFreePages());
        request.FreePages = read.FreePages;
        return request;
    }

    async Routine<DrainStock> IDoes<DrainStock>.Do(DrainStock request, int member, int incarnation)
    {
        request.Bytes = await _shared.DrainHere(this, request.Counter);
        return request;
    }
}
