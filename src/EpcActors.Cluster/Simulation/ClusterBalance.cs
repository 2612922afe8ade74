using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel.Cgroups;
using EpcActors.Kernel.NumaNodes;
using EpcActors.Kernel.Processes;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Compares the states of all processes between two steps, when all of them may be read. The amounts on their way are
/// known exactly, from the number of each open call and the frames that passed.
/// </summary>
internal sealed partial class ClusterBalance(SimulatedCluster cluster)
{
    // By process: pages that it borrowed, with the life that lent each; pages that its nodes lent; what its tasks have
    // in hands between the two.
    private readonly Dictionary<SimulatedProcess, Dictionary<int, int>> _borrowed = [];
    private readonly Dictionary<SimulatedProcess, Dictionary<int, (int Member, int Incarnation)>> _lent = [];
    private readonly Dictionary<TaskActor, (int Page, int Incarnation)> _inHands = [];
    private readonly Dictionary<TaskActor, (int Counter, int Step)> _refused = [];
    private readonly Dictionary<
        int,
        (SimulatedProcess By, long Version, Limit Max, SimulatedProcess[]? Knowers)
    > _written = [];

    /// <summary>Notes what a step moved between processes.</summary>
    public void OnStep(Envelope envelope, Resource resource, SimulatedProcess process)
    {
        switch (resource)
        {
            case Gateway gateway:
                OnGateway(envelope, gateway, process);
                break;
            case NumaNode node:
                OnNode(envelope, node, process);
                break;
            case Cgroup cgroup when envelope is Envelope<CgroupProtocol.CountMaxEvent>:
                OnRefused(envelope.Caller, cgroup, process);
                break;
            case Process
                when envelope is Envelope<ProcessProtocol.Kill> { Message: { Reason: KillReason.SocketLost } kill }:
                cluster.Counts.LostSockets += kill.WasDying ? 0 : 1;
                break;
            default:
                break;
        }
    }

    private void OnGateway(Envelope envelope, Gateway gateway, SimulatedProcess process)
    {
        TaskActor task = envelope.Caller;
        switch (envelope)
        {
            case Envelope<BorrowPage> { Message: { Status: CallStatus.Ok, Page.IsNone: false } borrow }:
                cluster.Counts.BorrowedPages++;
                Take(task, borrow.Page.Value, borrow.Incarnation, process);
                break;
            case Envelope<ReturnPage>:
                _inHands.Remove(task);
                break;
            case Envelope<ChargeCounter> { Message: var charge }:
                if (charge.Result == CounterCharge.Over)
                {
                    _refused[task] = (charge.Counter, cluster.Engine.Steps);
                }
                else
                {
                    _refused.Remove(task);
                }

                break;
            case Envelope<WriteCounterMax> { Message: var write }:
                OnLimitWritten(write, process);
                break;
            case Envelope<ShareMax> { Message: var share }:
                OnLimitShared(share, process);
                break;
            case Envelope<TakeStock> { Message.Bytes: > 0 }:
                cluster.Counts.DrainedStocks++;
                break;
            case Envelope<ReclaimAt> { Message.Purpose: ReclaimPurpose.Reclaim }:
                cluster.Counts.RemoteReclaims++;
                break;
            default:
                break;
        }

        for (int counter = 0; counter < process.LastEmptyStock.Length; counter++)
        {
            if (gateway.StockOf(counter) == 0)
            {
                process.LastEmptyStock[counter] = cluster.Engine.Steps;
            }
        }
    }

    private void OnLimitWritten(in WriteCounterMax write, SimulatedProcess process)
    {
        if (
            !_written.TryGetValue(
                (int)write.Counter,
                out (SimulatedProcess By, long Version, Limit Max, SimulatedProcess[]? Knowers) last)
            || write.Version > last.Version
            || (!last.By.IsLiving && last.Knowers is null))
        {
            _written[(int)write.Counter] = (process, write.Version, write.Max, null);
        }
    }

    /// <summary>
    /// Once the last of the others knows, the write is over, and must be known as long as one of those lives that were
    /// there.
    /// </summary>
    private void OnLimitShared(in ShareMax share, SimulatedProcess process)
    {
        int lastMember = process.Port.Members - (process.Port.Self == process.Port.Members - 1 ? 2 : 1);
        if (
            share.Member == lastMember
            && _written.TryGetValue(
                (int)share.Counter,
                out (SimulatedProcess By, long Version, Limit Max, SimulatedProcess[]? Knowers) shared)
            && shared.By == process
            && shared.Version == share.Version)
        {
            _written[(int)share.Counter] = shared with
            {
                Knowers = [.. cluster.Processes.Where(one => one.IsLiving)],
            };
        }
    }

    private void OnNode(Envelope envelope, NumaNode node, SimulatedProcess process)
    {
        TaskActor task = envelope.Caller;
        switch (envelope)
        {
            case Envelope<SharedNodeProtocol.LendPage> { Message: { Page.IsNone: false } lend }:
                if (!Of(_lent, process).TryAdd(lend.Page.Value, (lend.Member, lend.Incarnation)))
                {
                    cluster.Break(
                        ClusterRules.Loans,
                        $"{process.Name} lends page {lend.Page.Value} to member {lend.Member} and has lent it already");
                }

                break;
            case Envelope<SharedNodeProtocol.TakeBackPage> { Message: var back }:
                Dictionary<int, (int Member, int Incarnation)> lent = Of(_lent, process);
                if (lent.TryGetValue(back.Page.Value, out (int, int) to) && to == (back.Member, back.Incarnation))
                {
                    lent.Remove(back.Page.Value);
                }

                break;
            case Envelope<SharedNodeProtocol.CloseLoans> { Message: var close }:
                Dictionary<int, (int Member, int Incarnation)> open = Of(_lent, process);
                foreach ((int page, (int Member, int Incarnation) one) in open)
                {
                    if (one.Member == close.Member && one.Incarnation <= close.Incarnation
                        && node.NodeId == process.Topology.Machine.NodeOf(new Kernel.Epc.EpcPageIndex(page)))
                    {
                        open.Remove(page);
                        cluster.Counts.ClosedLoans++;
                    }
                }

                break;
            case Envelope<SharedNodeProtocol.ImportPage> { Message: { IsRefused: var refused } import }:
                if (!refused)
                {
                    _inHands.Remove(task);
                    if (!Of(_borrowed, process).TryAdd(import.Page.Value, import.Incarnation))
                    {
                        cluster.Break(ClusterRules.Loans, $"{process.Name} borrows page {import.Page.Value} twice");
                    }
                }

                break;
            case Envelope<SharedNodeProtocol.ExportPage> { Message: { Page.IsNone: false } export }:
                if (!Of(_borrowed, process).Remove(export.Page.Value))
                {
                    cluster.Break(
                        ClusterRules.Loans,
                        $"{process.Name} gives back page {export.Page.Value}, which it has not borrowed");
                }

                if (task is not MemberCleanup)
                {
                    Take(task, export.Page.Value, export.Incarnation, process);
                }

                break;
            default:
                break;
        }
    }

    private void Take(TaskActor task, int page, int incarnation, SimulatedProcess process)
    {
        if (!_inHands.TryAdd(task, (page, incarnation)))
        {
            cluster.Break(
                ClusterRules.Loans,
                $"{process.Name}: {task.Name} has page {page} in its hands beside page {_inHands[task].Page}");
        }
    }

    /// <summary>
    /// A charge was refused in the end: since it was refused first, every other process has been without stock at some
    /// moment, or gave it back.
    /// </summary>
    private void OnRefused(TaskActor task, Cgroup cgroup, SimulatedProcess process)
    {
        if (!_refused.Remove(task, out (int Counter, int Step) refused) || refused.Counter != cgroup.Index)
        {
            return;
        }

        cluster.Counts.RefusedCharges++;
        if (process.Port.ChargeBatch == 1 || !process.IsLiving)
        {
            return;
        }

        foreach (SimulatedProcess other in cluster.Processes)
        {
            if (
                other.IsLiving
                && other.JoinedWith <= process.Gateway.View.Epoch
                && other.LastEmptyStock[refused.Counter] < refused.Step
                && other.Gateway.StockOf(refused.Counter) > 0)
            {
                cluster.Break(
                    ClusterRules.Stock,
                    $"{process.Name}: {task.Name} is refused a charge to {cgroup.Name}, and {other.Name} has "
                    + $"{other.Gateway.StockOf(refused.Counter)} bytes in stock, "
                    + $"without a break since before the owner said no at step {refused.Step}",
                    process.Member,
                    other.Member);
            }
        }
    }

    private static Dictionary<int, TValue> Of<TValue>(
        Dictionary<SimulatedProcess, Dictionary<int, TValue>> all,
        SimulatedProcess process)
    {
        if (!all.TryGetValue(process, out Dictionary<int, TValue>? of))
        {
            of = [];
            all.Add(process, of);
        }

        return of;
    }

    private bool IsInHands(SimulatedProcess process, int page, int incarnation)
    {
        foreach ((TaskActor task, (int Page, int Incarnation) has) in _inHands)
        {
            if (has == (page, incarnation) && cluster.ProcessOf(task.Id) == process)
            {
                return true;
            }
        }

        return false;
    }
}
