using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Routines;
using EpcActors.Actors.Waiting;
using EpcActors.Engine;
using static EpcActors.Actors.Cluster.ClusterProtocol;

namespace EpcActors.Actors.Cluster;

/// <summary>
/// Does the work that a task of another process asks for and that takes more than one turn. It runs to its end even if
/// the asking process dies, so no lock of this process is held by a task that may die with another process.
/// </summary>
/// <remarks>
/// Two kinds, by <see cref="Exchange.LaneOf"/>: those of lane 0 wait for no lock that is held over other work, those of
/// lane 1 reclaim, and wait for the locks of enclaves. Both may ask the homes of accounts, which need no deputy, and
/// lane 1 those of lane 0. So deputies never wait in a circle, however few there are.
/// </remarks>
public sealed class Deputy : KernelTask
{
    private readonly int _lane;
    private readonly SharedMachine _shared;

    public Deputy(ActorId id, int number, int lane, int cpu, int node, Machine machine, SharedMachine shared)
        : base(id, $"deputy-{number}", cpu, node, machine, TaskKind.CgroupWorker, ActorId.None)
    {
        ArgumentNullException.ThrowIfNull(shared);
        _lane = lane;
        _shared = shared;
    }

    public override ActorKind ActorKind => ActorKind.ClusterTask;

    public override bool IsDaemon => true;

    private ClusterPort Cluster => _shared.Port;

    protected override async Routine Run()
    {
        while (true)
        {
            TakeRequest take = await Ask(Cluster.Exchange, new TakeRequest { Lane = _lane });
            Frame answer = await Do(take.Request);
            await Ask(Cluster.Exchange, new FinishRequest { Ticket = take.Ticket, Request = answer });
        }
    }

    private async Routine<Frame> Do(Frame frame)
    {
        switch (frame.Code)
        {
            case 0x0E09:
                BorrowPage borrow = frame.Read<BorrowPage>();
                SharedNodeProtocol.LendPage lend = await Ask(
                    Machine.Nodes[borrow.Node],
                    new SharedNodeProtocol.LendPage { Member = frame.From, Incarnation = frame.FromIncarnation });
                borrow.Page = lend.Page;
                borrow.Incarnation = Cluster.Incarnation;
                frame.Write(in borrow);
                return frame;
            case 0x0E0A:
                ReturnPage back = frame.Read<ReturnPage>();
                if (back.Incarnation == Cluster.Incarnation)
                {
                    await Ask(
                        Machine.Nodes[back.Node],
                        new SharedNodeProtocol.TakeBackPage
                        {
                            Page = back.Page,
                            Member = frame.From,
                            Incarnation = frame.FromIncarnation,
                        });
                }

                return frame;
            case 0x0E0B:
                ReclaimAt reclaim = frame.Read<ReclaimAt>();
                reclaim.Result = reclaim.Purpose switch
                {
                    ReclaimPurpose.Reclaim => (await _shared.Here.ReclaimBelow(
                        this, reclaim.Root, reclaim.Wanted, reclaim.IgnoreAge, resume: -1)).Scanned,
                    ReclaimPurpose.Look => await _shared.Here.CanReclaim(this, reclaim.Root) ? 1 : 0,
                    ReclaimPurpose.OomKill => await _shared.Here.OomKill(this, reclaim.Root) ? 1 : 0,
                };
                frame.Write(in reclaim);
                return frame;
            case 0x0E0C:
                await Ask(Machine.KsgxdWaitQueue, new WaitChannelProtocol.Wake());
                return frame;
            case 0x0E0D:
                await Ask(Machine.CgroupWork[frame.Read<QueueWorkAt>().Cgroup], new WaitChannelProtocol.Wake());
                return frame;
            case 0x0E0E:
                ReadNodeAt node = frame.Read<ReadNodeAt>();
                NumaNodeProtocol.ReadFreePages read = await Ask(
                    Machine.Nodes[node.Node],
                    new NumaNodeProtocol.ReadFreePages());
                node.FreePages = read.FreePages;
                frame.Write(in node);
                return frame;
            case 0x0E0F:
                DrainStock drain = frame.Read<DrainStock>();
                drain.Bytes = await _shared.DrainHere(this, drain.Account);
                frame.Write(in drain);
                return frame;
            default:
                throw new InvariantViolation($"member {frame.From} asks for {frame.Code:X4}, which no deputy knows");
        }
    }
}
