using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Cluster;

/// <summary>
/// Explains a placement: the parts of each process, and the messages that a fault then sends over the wire. Pure.
/// </summary>
public static class ClusterPlanner
{
    /// <summary>The plan of a scenario over a placement.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="placement">Parts of the machine by process.</param>
    public static ClusterPlan Of(Scenario scenario, Placement placement)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(placement);
        // Where the scenario goes page by page, the plan says what the usual batches would save.
        int charge = scenario.Cluster.ChargeBatch;
        int counter = scenario.Cluster.CounterBatch;
        Batches batches = new(
            charge > 1 ? charge : ClusterSpec.UsualBatch,
            counter > 1 ? counter : ClusterSpec.UsualBatch);
        return new ClusterPlan
        {
            Scenario = scenario.File,
            Title = scenario.Title,
            Kernel = scenario.Kernel,
            ChargeBatch = charge,
            CounterBatch = counter,
            Processes =
            [
                .. Enumerable.Range(0, placement.Members).Select(member => ProcessOf(scenario, placement, member)),
            ],
            Faults = [.. FaultsOf(scenario, placement, batches)],
            Injected = [.. scenario.Cluster.Faults.Select(Words)],
            Problems = ClusterCheck.Problems(scenario, placement.Members),
        };
    }

    private static ProcessPlan ProcessOf(Scenario scenario, Placement placement, int member)
    {
        int[] nodes = Of(placement.MemberOfNode, member);
        int[] enclaves = Of(placement.MemberOfEnclave, member);
        return new ProcessPlan
        {
            Member = member,
            Nodes = nodes,
            EpcPages = nodes.Sum(node => scenario.Machine.Nodes[node].SectionPages.Sum(pages => (long)pages)),
            Cpus = nodes.Sum(node => scenario.Machine.Nodes[node].Cpus),
            Enclaves = [.. enclaves.Select(enclave => scenario.Enclaves[enclave].Name)],
            Threads = enclaves.Sum(enclave => scenario.Enclaves[enclave].Threads),
            Guests = [.. Of(placement.MemberOfGuest, member).Select(guest => scenario.VirtualMachines[guest].Name)],
            OwnedCgroups =
            [
                .. Of(placement.OwnerOfCounter, member)
                    .Where(counter => counter < scenario.Cgroups.Count)
                    .Select(counter => scenario.Cgroups[counter].Path),
            ],
            HasKsgxd = placement.OwnerOfCounter[^1] == member,
        };
    }

    private static IEnumerable<FaultPlan> FaultsOf(Scenario scenario, Placement placement, Batches batches)
    {
        bool charges = scenario.Switches.EpcCgroup == EpcCgroupMode.On;
        SortedDictionary<(int Member, int Cgroup), int> users = [];
        for (int i = 0; i < scenario.Enclaves.Count; i++)
        {
            Count(placement.MemberOfEnclave[i], scenario.Enclaves[i].Cgroup);
        }

        for (int i = 0; i < scenario.VirtualMachines.Count; i++)
        {
            Count(placement.MemberOfGuest[i], scenario.VirtualMachines[i].Cgroup);
        }

        foreach (((int member, int cgroup), int count) in users)
        {
            yield return FaultOf(scenario, placement, member, cgroup, count, batches);
        }

        void Count(int member, int cgroup)
        {
            (int, int) key = (member, charges ? cgroup : 0);
            users[key] = users.GetValueOrDefault(key) + 1;
        }
    }

    private static FaultPlan FaultOf(
        Scenario scenario,
        Placement placement,
        int member,
        int cgroup,
        int users,
        Batches batches)
    {
        int levels = 0;
        int elsewhere = 0;
        for (
            int level = cgroup;
            level >= 0 && scenario.Switches.EpcCgroup == EpcCgroupMode.On;
            level = scenario.Cgroups[level].Parent)
        {
            levels++;
            elsewhere += placement.OwnerOfCounter[level] == member ? 0 : 1;
        }

        int isCounterElsewhere = placement.OwnerOfCounter[^1] == member ? 0 : 1;
        int change = isCounterElsewhere * scenario.Switches.FreePageCounter switch
        {
            FreePageCounterMode.Racy => 2,
            FreePageCounterMode.Atomic => 1,
            FreePageCounterMode.PerNode => 0,
        };

        // With a counter per node the nodes are added up from the first on, until there are enough: with pages enough
        // the first one is.
        int look = scenario.Switches.FreePageCounter == FreePageCounterMode.PerNode
            ? placement.MemberOfNode[FirstWithEpc(scenario.Machine)] == member ? 0 : 1
            : isCounterElsewhere;
        // In batches a process that has pages in advance knows without looking that the watermarks are far.
        bool isAhead = scenario.Switches.FreePageCounter == FreePageCounterMode.Atomic;
        double changeInBatch = isAhead ? (double)change / batches.Counter : change;
        int lookInBatch = isAhead ? 0 : look;
        int limits = scenario.Switches.WorkerQueued == WorkerQueued.NearLimit ? elsewhere : 0;
        return new FaultPlan
        {
            Member = member,
            Cgroup = scenario.Cgroups[cgroup].Path,
            Users = users,
            Levels = levels,
            LevelsElsewhere = elsewhere,
            CounterCalls = change + look,
            LimitCalls = limits,
            TakePage = elsewhere + limits + change + look,
            TakePageInBatch = ((double)elsewhere / batches.Charge) + limits + changeInBatch + lookInBatch,
            GiveBack = elsewhere + change,
            GiveBackInBatch = ((double)elsewhere / batches.Charge) + changeInBatch,
        };
    }

    /// <summary>Pages at once: of a charge, of the free-page counter.</summary>
    private readonly record struct Batches(int Charge, int Counter);

    private static int FirstWithEpc(MachineSpec machine)
    {
        int node = 0;
        while (!machine.HasEpc(node))
        {
            node++;
        }

        return node;
    }

    private static int[] Of(IReadOnlyList<int> members, int member) =>
        [.. Enumerable.Range(0, members.Count).Where(one => members[one] == member)];

    private static string Words(ClusterFault fault)
    {
        string what = fault switch
        {
            ClusterFault.Kill { InReclaim: true } kill =>
                $"process {kill.Member} is killed as soon as it is in the middle of a batch of reclaim",
            ClusterFault.Kill kill => $"process {kill.Member} is killed",
            ClusterFault.Pause pause => $"process {pause.Member} is stopped for {Time(pause.ForNs)}",
            ClusterFault.Partition partition =>
                $"{(partition.Side.Count == 1 ? "process" : "processes")} {string.Join(", ", partition.Side)} and the "
                    + $"others do not reach each other for {Time(partition.ForNs)}",
            ClusterFault.Restart restart => $"process {restart.Member} is killed and started again",
            _ => throw new ArgumentException($"{fault.GetType().Name} is not a fault that has words", nameof(fault)),
        };
        return $"at {Time(fault.AtNs)}: {what}";
    }

    private static string Time(long ns) =>
        ns % 1_000_000_000 == 0 ? string.Create(CultureInfo.InvariantCulture, $"{ns / 1_000_000_000} s")
        : ns % 1_000_000 == 0 ? string.Create(CultureInfo.InvariantCulture, $"{ns / 1_000_000} ms")
        : string.Create(CultureInfo.InvariantCulture, $"{ns} ns");
}
