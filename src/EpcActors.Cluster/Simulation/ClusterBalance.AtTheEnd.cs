using EpcActors.Cluster.Sharing;
using EpcActors.Engine;
using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Results.Text;
using static EpcActors.Cluster.Sharing.ClusterProtocol;

namespace EpcActors.Cluster.Simulation;

/// <content>Audits over all processes: while they run, and when all tasks have ended.</content>
internal sealed partial class ClusterBalance
{
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

        CheckParts(owner, says, counter, living);
    }

    /// <summary>Every process has what the owner says it has, with its calls that were executed.</summary>
    private void CheckParts(
        SimulatedProcess owner,
        GatewaySnapshot says,
        OwnedCounter counter,
        List<(SimulatedProcess Process, GatewaySnapshot Says)> living)
    {
        int index = counter.Counter;
        ClusterView view = owner.Gateway.View;
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
                        && owner.Port.MemberOfNode[owner.Topology.Machine.NodeOf(new Kernel.Epc.EpcPageIndex(page))]
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
                    process.Topology.Machine.NodeOf(new Kernel.Epc.EpcPageIndex(page))
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
                out (SimulatedProcess By, long Version, Limit Max, SimulatedProcess[]? Knowers) write)
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
