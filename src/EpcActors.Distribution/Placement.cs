using EpcActors.Actors;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Distribution;

/// <summary>
/// Which process has what: a value computed from the scenario and the members, the same wherever it is computed. A socket's node, its enclaves and their threads
/// are in one process, so that a fault on local memory crosses no wire but for the numbers of the whole machine.
/// </summary>
/// <param name="Members">Member processes.</param>
/// <param name="MemberOfNode">By NUMA node: who has it.</param>
/// <param name="MemberOfEnclave">By enclave: who runs it.</param>
/// <param name="MemberOfGuest">By virtual machine: who runs it.</param>
/// <param name="HomeOfAccount">By account (cgroups by index, then the free-page counter): who keeps it at the start. The global ksgxd works where the counter is.</param>
public sealed record Placement(
    int Members,
    IReadOnlyList<int> MemberOfNode,
    IReadOnlyList<int> MemberOfEnclave,
    IReadOnlyList<int> MemberOfGuest,
    IReadOnlyList<int> HomeOfAccount)
{
    /// <summary>Sockets dealt out evenly, in runs: neighbours stay together.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="members">How many processes; at most as many as nodes.</param>
    public static Placement Of(Scenario scenario, int members)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        int nodes = scenario.Machine.Nodes.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(members, nodes);
        int[] memberOfNode = new int[nodes];
        for (int node = 0; node < nodes; node++)
        {
            memberOfNode[node] = (int)((long)node * members / nodes);
        }

        return Of(scenario, memberOfNode);
    }

    /// <summary>The placement for given sockets.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="memberOfNode">By NUMA node: the member that has it, from 0 without gaps.</param>
    public static Placement Of(Scenario scenario, IReadOnlyList<int> memberOfNode)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(memberOfNode);
        int members = memberOfNode.Max() + 1;

        // What is bound to no node goes to the nodes with CPUs in turn, each as a whole: its threads share an enclave and must share a process.
        int[] withCpus = [.. Enumerable.Range(0, scenario.Machine.Nodes.Count).Where(node => scenario.Machine.Nodes[node].Cpus > 0)];
        int dealt = 0;
        int[] ofEnclave = [.. scenario.Enclaves.Select(enclave => MemberOf(enclave.Node))];
        int[] ofGuest = [.. scenario.VirtualMachines.Select(guest => MemberOf(guest.Node))];

        // Homes in turn: no process has all of them, and a cgroup and its parent are rarely together, so that their numbers do not wait for one another.
        int[] homes = new int[scenario.Cgroups.Count + 1];
        for (int account = 0; account < homes.Length; account++)
        {
            homes[account] = account % members;
        }

        homes[^1] = 0;
        return new Placement(members, memberOfNode, ofEnclave, ofGuest, homes);

        int MemberOf(int node) =>
            node >= 0 ? memberOfNode[node]
            : withCpus.Length == 0 ? 0
            : memberOfNode[withCpus[dealt++ % withCpus.Length]];
    }
}
