using EpcActors.Actors.Cgroups;
using EpcActors.Actors.NumaNodes;
using EpcActors.Actors.Processes;
using EpcActors.Cluster.Sharing;
using EpcActors.Domain;
using EpcActors.Domain.Kernel;
using EpcActors.Engine;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Compares the states of all processes between two steps, when all of them may be read. The amounts on their way are
/// known exactly, from the number of each open call and the frames that passed.
/// </summary>
internal sealed class ClusterBalance(SimulatedCluster cluster)
{
    // By process: pages that it borrowed, with the life that lent each; pages that its nodes lent; what its tasks have
    // in hands between the two.
    private readonly Dictionary<SimulatedProcess, Dictionary<int, int>> _borrowed = [];
    private readonly Dictionary<SimulatedProcess, Dictionary<int, (int Member, int Incarnation)>> _lent = [];
    private readonly Dictionary<TaskActor, (int Page, int Incarnation)> _inHands = [];
    private readonly Dictionary<TaskActor, (int Counter, int Step)> _refused = [];
    private readonly Dictionary<
        int,
        (SimulatedProcess By, long Version, ulong Max, SimulatedProcess[]? Knowers)
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
                if (
                    !_written.TryGetValue(
                        (int)write.Counter,
                        out (SimulatedProcess By, long Version, ulong Max, SimulatedProcess[]? Knowers) last)
                    || write.Version > last.Version
                    || (!last.By.IsLiving && last.Knowers is null))
                {
                    _written[(int)write.Counter] = (process, write.Version, write.Max, null);
                }

                break;
            case Envelope<ShareMax> { Message: var share }:
                // Once the last of the others knows, the write is over, and must be known as long as one of those lives
                // that were there.
                int lastMember = process.Port.Members - (process.Port.Self == process.Port.Members - 1 ? 2 : 1);
                if (
                    share.Member == lastMember
                    && _written.TryGetValue(
                        (int)share.Counter,
                        out (SimulatedProcess By, long Version, ulong Max, SimulatedProcess[]? Knowers) shared)
                    && shared.By == process
                    && shared.Version == share.Version)
                {
                    _written[(int)share.Counter] = shared with
                    {
                        Knowers = [.. cluster.Processes.Where(one => one.IsLiving)],
                    };
                }

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
                        && node.NodeId == process.Topology.Machine.NodeOf(new Domain.Epc.EpcPageIndex(page)))
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

    /// <summary>Compares the shared counters and loans of all that live.</summary>
    public void Check()
    {
        List<(SimulatedProcess Process, GatewaySnapshot Says)> living = [];
        foreach (SimulatedProcess process in cluster.Processes)
        {
            if (process.IsLiving && !process.Gateway.IsFenced)
            {
                living.Add((process, process.Gateway.Snapshot()));
            }
        }

        foreach ((SimulatedProcess owner, GatewaySnapshot says) in living)
        {
            foreach (OwnedCounter counter in says.Owners)
            {
                CheckCounter(owner, says, counter, living);
            }
        }

        CheckLoans(living);
    }

    private void CheckCounter(
        SimulatedProcess owner,
        GatewaySnapshot says,
        OwnedCounter counter,
        List<(SimulatedProcess Process, GatewaySnapshot Says)> living)
    {
        int index = counter.Counter;
        ClusterView view = owner.Gateway.View;
        long sum = 0;
        for (int member = 0; member < counter.Parts.Count; member++)
        {
            sum += counter.Parts[member];
            if (!view.IsAlive(member) && counter.Parts[member] != 0)
            {
                cluster.Break(
                    ClusterRules.Dead,
                    $"{owner.Name} still has {counter.Parts[member]} of counter {index} for member {member}, which is "
                        + $"dead in its view {view.Epoch}",
                    owner.Member,
                    member);
            }
        }

        bool isCounter = index == owner.Port.FreePageCounter;
        if (
            sum != counter.Value
            && !(isCounter && owner.Topology.Machine.Switches.FreePageCounter == FreePageCounterMode.Racy))
        {
            cluster.Break(
                ClusterRules.Sum,
                $"{owner.Name} has {counter.Value} in counter {index}, its parts {string.Join(",", counter.Parts)} "
                    + $"make {sum}",
                owner.Member);
        }

        // A written limit may be lost with an owner that was also its writer, and a lowered limit may be below the
        // usage. A new owner is told of an amount that a process is about to give back, and may have given back to the
        // old owner already.
        bool isGivenBack = living.Exists(one =>
            one.Says.Calls.Any(call => call.Counter == index && call.Code == UnchargeCounter.Code));
        if (
            !isCounter
            && owner.Port.ChargeBatch > 1
            && (ulong)Math.Max(counter.Value, 0) > counter.Max
            && !isGivenBack
            && cluster.Processes.All(one => one.Gateway.CounterOf(index).MaxVersion == 0))
        {
            cluster.Break(
                ClusterRules.Limit,
                $"{owner.Name} has {counter.Value} in counter {index}, whose limit is {counter.Max}");
        }

        foreach ((SimulatedProcess process, GatewaySnapshot has) in living)
        {
            if (view.IncarnationOf(process.Member) != process.Incarnation)
            {
                continue;
            }

            long executed = 0;
            foreach (OpenCall call in has.Calls)
            {
                if (call.Counter == index && call.Target == owner.Member)
                {
                    foreach (ServedCall served in says.Served)
                    {
                        executed +=
                            served.Member == process.Member
                            && served.Caller == call.Caller
                            && served.Sequence == call.Sequence
                                ? served.Effect
                                : 0;
                    }
                }
            }

            if (counter.Parts[process.Member] != has.Granted[index] + executed)
            {
                cluster.Break(
                    ClusterRules.Parts,
                    $"counter {index}: {owner.Name} says that {process.Name} has {counter.Parts[process.Member]}, that "
                        + $"one was granted {has.Granted[index]} and calls under way make {executed:+0;-0;0}",
                    owner.Member,
                    process.Member);
            }
        }
    }

    private void CheckLoans(List<(SimulatedProcess Process, GatewaySnapshot Says)> living)
    {
        foreach ((SimulatedProcess owner, GatewaySnapshot _) in living)
        {
            Dictionary<int, (int Member, int Incarnation)> lent = Of(_lent, owner);
            int lentPages = owner.Topology.Nodes.Sum(node => ((SharedNode)node).LentPages);
            if (lentPages != lent.Count)
            {
                cluster.Break(
                    ClusterRules.Loans,
                    $"{owner.Name} says that it has lent {Counted.Of(lentPages, "page")}, {lent.Count} went by");
            }

            foreach ((SimulatedProcess borrower, GatewaySnapshot says) in living)
            {
                if (borrower == owner)
                {
                    continue;
                }

                Dictionary<int, int> borrowed = Of(_borrowed, borrower);
                int unaccounted = 0;
                foreach ((int page, (int Member, int Incarnation) to) in lent)
                {
                    bool isThere = to == (borrower.Member, borrower.Incarnation);
                    if (
                        isThere
                        && !(borrowed.TryGetValue(page, out int by) && by == owner.Incarnation)
                        && !IsInHands(borrower, page, owner.Incarnation))
                    {
                        unaccounted++;
                    }
                }

                int calls = says.Calls.Count(call => call.Code == BorrowPage.Code && call.Target == owner.Member);
                calls += borrower.Topology.Tasks.Count(one => IsAnswered(one.Task, borrower));
                if (unaccounted > calls)
                {
                    cluster.Break(
                        ClusterRules.Loans,
                        $"{owner.Name} has lent {Counted.Of(unaccounted, "page")} to {borrower.Name} that are not "
                            + $"there, and {calls} calls for one are open",
                        owner.Member,
                        borrower.Member);
                }

                foreach ((int page, int incarnation) in borrowed)
                {
                    bool isOfOwner =
                        incarnation == owner.Incarnation
                        && owner.Port.MemberOfNode[owner.Topology.Machine.NodeOf(new Domain.Epc.EpcPageIndex(page))]
                            == owner.Member;
                    if (
                        isOfOwner
                        && !(lent.TryGetValue(page, out (int, int) to) && to == (borrower.Member, borrower.Incarnation))
                    )
                    {
                        cluster.Break(
                            ClusterRules.Loans,
                            $"{borrower.Name} has page {page} of {owner.Name}, which has not lent it to that one",
                            owner.Member,
                            borrower.Member);
                    }
                }
            }
        }
    }

    /// <summary>Its call was answered, and the task has not come to see it yet.</summary>
    private static bool IsAnswered(TaskActor task, SimulatedProcess process) =>
        task.Outstanding is Envelope<BorrowPage> request && !request.IsParked && request.Target == process.Gateway.Id;

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

    /// <summary>The end of a run: nothing is under way.</summary>
    public void CheckEnd()
    {
        Check();
        cluster.Audit(atRest: true);
        foreach (SimulatedProcess process in cluster.Processes)
        {
            if (!process.IsLiving)
            {
                continue;
            }

            GatewaySnapshot says = process.Gateway.Snapshot();
            if (says.Calls.Count > 0)
            {
                cluster.Break(ClusterRules.Rest, $"{process.Name} is at rest with {says.Calls.Count} open calls");
            }

            for (int counter = 0; counter < says.Granted.Count; counter++)
            {
                if (says.Granted[counter] != says.Used[counter] + says.Stock[counter])
                {
                    cluster.Break(
                        ClusterRules.Rest,
                        $"{process.Name}: counter {counter}: granted {says.Granted[counter]}, used "
                            + $"{says.Used[counter]}, stock {says.Stock[counter]}");
                }
            }

            for (int counter = 0; counter < process.Port.CounterCount; counter++)
            {
                CheckOwner(process, counter);
            }

            foreach ((int page, (int Member, int Incarnation) to) in Of(_lent, process))
            {
                if (cluster.LivingMember(to.Member) is not { } borrower || borrower.Incarnation != to.Incarnation
                    || !Of(_borrowed, borrower).ContainsKey(page))
                {
                    cluster.Break(
                        ClusterRules.Loans,
                        $"{process.Name} is at rest and has page {page} lent to life {to.Incarnation} of member "
                            + $"{to.Member}, which has not got it",
                        process.Member,
                        to.Member);
                }
            }

            foreach ((int page, int incarnation) in Of(_borrowed, process))
            {
                int owner = process.Port.MemberOfNode[
                    process.Topology.Machine.NodeOf(new Domain.Epc.EpcPageIndex(page))
                ];
                if (cluster.LivingMember(owner)?.Incarnation != incarnation)
                {
                    cluster.Break(
                        ClusterRules.Loans,
                        $"{process.Name} is at rest and has page {page} of life {incarnation} of member {owner}, which "
                            + "is over");
                }
            }
        }
    }

    private void CheckOwner(SimulatedProcess process, int index)
    {
        if (cluster.View.OwnerOf(index) != process.Member)
        {
            return;
        }

        SharedCounter counter = process.Gateway.CounterOf(index);
        if (!counter.IsOwner || counter.IsRebuilding)
        {
            cluster.Break(ClusterRules.Rest, $"{process.Name} is at rest and has not rebuilt counter {index}");
            return;
        }

        if (
            _written.TryGetValue(
                index,
                out (SimulatedProcess By, long Version, ulong Max, SimulatedProcess[]? Knowers) write)
            && (write.By.IsLiving || write.Knowers?.Any(one => one.IsLiving) == true)
            && (counter.MaxVersion < write.Version || (counter.MaxVersion == write.Version && counter.Max != write.Max))
        )
        {
            cluster.Break(
                ClusterRules.Limit,
                $"counter {index}: {write.By.Name} wrote limit {write.Max} as number {write.Version}, {process.Name} "
                    + $"has {counter.Max} as number {counter.MaxVersion}",
                process.Member,
                write.By.Member);
        }

        bool isCounter = index == process.Port.FreePageCounter;
        FreePageCounterMode mode = process.Topology.Machine.Switches.FreePageCounter;
        if (isCounter && mode == FreePageCounterMode.Atomic)
        {
            long free = 0;
            foreach (SimulatedProcess living in cluster.Processes)
            {
                free += living.IsLiving ? living.Topology.Nodes.Sum(node => node.FreePages + node.PoisonedPages) : 0;
            }

            long ahead = -cluster.Processes.Where(one => one.IsLiving).Sum(one => one.Gateway.StockOf(index));
            if (free != counter.Value + ahead)
            {
                cluster.Break(
                    ClusterRules.Counter,
                    $"sgx_nr_free_pages is {counter.Value} at {process.Name}, {ahead} are with processes in advance, "
                        + $"and {Counted.Of(free, "page")} of living sockets are free");
            }
        }

        if (!isCounter)
        {
            long granted = cluster.Processes.Where(one => one.IsLiving).Sum(one => one.Gateway.GrantedOf(index));
            if (granted != counter.Value)
            {
                cluster.Break(
                    ClusterRules.Parts,
                    $"counter {index} is {counter.Value} at rest, and the living were granted {granted}");
            }
        }
    }
}
