using System.Globalization;
using EpcActors.Kernel;
using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Cluster;

/// <summary>
/// Finds the parts of a scenario that cannot run over several processes. The preparation of such a run asks it:
/// otherwise the run would silently do something else.
/// </summary>
public static class ClusterCheck
{
    private const int MostNames = 3;

    /// <summary>
    /// Processes when the command does not say: what the file says, or one for each node with EPC.
    /// </summary>
    public static int MembersOf(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return scenario.Cluster.Processes > 0 ? scenario.Cluster.Processes : scenario.Machine.NodesWithEpc;
    }

    /// <summary>
    /// A sentence for each problem, with what to do about it; none when the scenario can run over that many processes.
    /// Pure; any thread may ask.
    /// </summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="members">Number of processes that are asked for.</param>
    public static IReadOnlyList<string> Problems(Scenario scenario, int members)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        List<string> problems = [];
        CheckMembers(scenario, members, problems);
        CheckMachine(scenario, problems);
        CheckScript(scenario, problems);
        CheckFaults(scenario.Cluster, members, problems);
        return problems;
    }

    private static void CheckMembers(Scenario scenario, int members, List<string> problems)
    {
        int most = scenario.Machine.NodesWithEpc;
        if (members < 1)
        {
            problems.Add($"{Number(members)} processes: at least one is needed");
        }
        else if (members > most)
        {
            problems.Add(
                $"{Number(members)} processes for {Number(most)} NUMA {(most == 1 ? "node" : "nodes")} with EPC: a "
                + "node is in one process, and each needs one with EPC; "
                + $"ask for at most {Number(most)}");
        }

        if (scenario.Race is not null)
        {
            problems.Add(
                "a file with a race block is for the laboratory, which decides the order of every step in one process: "
                    + "use epc race or epc check");
        }
    }

    private static void CheckMachine(Scenario scenario, List<string> problems)
    {
        if (scenario.VirtualMachines.Any(guest => guest.Vmm >= 0))
        {
            problems.Add(
                "a guest has several sections (epc.virtual-machines.NAME.vmm), which may be on sockets of different "
                    + "processes: run it in one process, or give each section a guest of its own");
        }

        string[] limited =
        [
            .. scenario.Cgroups.Where(cgroup => !cgroup.MemoryMax.IsMax).Select(cgroup => cgroup.Path),
        ];
        if (limited.Length > 0)
        {
            problems.Add(
                $"memory.max of {Names(limited)}: backing memory is counted in each process by itself, so that each "
                + "would have the whole limit; "
                + "leave memory-max at max, or use epc run");
        }

        KernelSwitches switches = scenario.Switches;
        if (switches.EpcCgroup == EpcCgroupMode.On && switches.WideUsage == Fix.Absent)
        {
            problems.Add(
                "epc.switches.wide-usage = off: the owner of a cgroup's usage sums in 64 bits and would not overflow "
                    + "(C1); set it to on, or use epc run");
        }

        if (switches.EpcCgroup == EpcCgroupMode.On && switches.ReclaimWalk == ReclaimWalk.ResumeNode)
        {
            problems.Add(
                "epc.switches.reclaim-walk = resume-node: where a caller's last round ended is a place in the lists of "
                + "one process, and the next round may be in another; "
                + "use another walk (or a kernel other than v14 and v15), or epc run");
        }
    }

    private static void CheckScript(Scenario scenario, List<string> problems)
    {
        foreach (ScriptAction action in scenario.Script)
        {
            switch (action)
            {
                case ScriptAction.CreateCgroup create:
                    problems.Add(
                        $"epc.script, {At(action.AtNs)}: mkdir {scenario.Cgroups[create.Cgroup].Path}: every process "
                        + "has the directories for itself; leave the action out, or use epc run");
                    break;
                case ScriptAction.RemoveCgroup remove:
                    problems.Add(
                        $"epc.script, {At(action.AtNs)}: rmdir {scenario.Cgroups[remove.Cgroup].Path}: every process "
                        + "has the directories for itself, and none goes while "
                        + "another one may still charge it; leave the action out, or use epc run");
                    break;
                case ScriptAction.PoisonGuest poison:
                    problems.Add(
                        $"epc.script, {At(poison.AtNs)}: poison of "
                        + $"{scenario.VirtualMachines[poison.VirtualMachine].Name}: which EPC page a guest has is "
                        + "known in its own process only; name pages of a node, or use epc run");
                    break;
                case ScriptAction.LoseEpc lose:
                    problems.Add(
                        $"epc.script, {At(lose.AtNs)}: lose-epc: all sockets lose their EPC at one moment, "
                        + "and processes have no moment in common; leave the action out, or use epc run");
                    break;
                case ScriptAction.SetMemoryMax set when !set.Max.IsMax:
                    problems.Add(
                        $"epc.script, {At(action.AtNs)}: memory.max of {scenario.Cgroups[set.Cgroup].Path}: backing "
                        + "memory is counted in each process by itself; "
                        + "leave the action out, or use epc run");
                    break;
            }
        }
    }

    private static void CheckFaults(ClusterSpec cluster, int members, List<string> problems)
    {
        int before = problems.Count;
        foreach (ClusterFault fault in cluster.Faults)
        {
            IReadOnlyList<int> named = fault switch
            {
                ClusterFault.Kill kill => [kill.Member],
                ClusterFault.Pause pause => [pause.Member],
                ClusterFault.Partition partition => partition.Side,
                ClusterFault.Restart restart => [restart.Member],
                _ => [],
            };
            foreach (int member in named)
            {
                if (member < 0 || member >= members)
                {
                    problems.Add(
                        $"epc.cluster.faults, {At(fault.AtNs)}: there is no member {Number(member)} among "
                        + $"{Counted.Of(members, "process")}; "
                        + $"name one from 0 to {Number(members - 1)}, or run more processes");
                }
            }

            if (fault is ClusterFault.Partition { Side: { } side } && side.Count >= members)
            {
                problems.Add(
                    $"epc.cluster.faults, {At(fault.AtNs)}: with {Number(members)} processes all are on one side of "
                    + "the partition; leave a process on the other one");
            }
        }

        if (problems.Count == before && NobodyLeftAt(cluster, members) is { } at)
        {
            problems.Add(
                $"epc.cluster.faults, {At(at)}: no process is left alive; "
                + "spare a process, or set epc.cluster.restart = on");
        }
    }

    /// <summary>The first time after which no process lives, when none is started again by itself.</summary>
    private static long? NobodyLeftAt(ClusterSpec cluster, int members)
    {
        if (cluster.Restarts)
        {
            return null;
        }

        bool[] isDead = new bool[members];
        foreach (ClusterFault fault in cluster.Faults.OrderBy(fault => fault.AtNs))
        {
            // A pause longer than the others wait is a death, too: the process that wakes up then is told so and stops.
            int member = fault switch
            {
                ClusterFault.Kill kill => kill.Member,
                ClusterFault.Pause pause when pause.ForNs > cluster.FailureTimeoutNs => pause.Member,
                ClusterFault.Restart restart => restart.Member,
                _ => -1,
            };
            if (member < 0)
            {
                continue;
            }

            // Another process has to live while this one is started again.
            isDead[member] = true;
            if (Array.TrueForAll(isDead, dead => dead))
            {
                return fault.AtNs;
            }

            isDead[member] = fault is not ClusterFault.Restart;
        }

        return null;
    }

    private static string Names(string[] names) =>
        string.Join(", ", names.Take(MostNames))
        + (names.Length > MostNames ? $" and {Number(names.Length - MostNames)} more" : "");

    private static string At(long ns) =>
        "at "
        + (
            ns % 1_000_000_000 == 0 ? $"{Number(ns / 1_000_000_000)} s"
            : ns % 1_000_000 == 0 ? $"{Number(ns / 1_000_000)} ms"
            : $"{Number(ns)} ns");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
