using EpcActors.Results.Text;
using EpcActors.Scenarios;

namespace EpcActors.Cluster;

/// <summary>
/// Parts of the machine by process, computed from the scenario and the members, with the same result in every process.
/// A socket's node, its enclaves and their threads are in one process, so that a fault on local memory crosses no wire
/// but for the numbers of the whole machine.
/// </summary>
/// <param name="Members">Member processes.</param>
/// <param name="MemberOfNode">Member of each NUMA node.</param>
/// <param name="MemberOfEnclave">Member that runs each enclave.</param>
/// <param name="MemberOfGuest">Member that runs each virtual machine.</param>
/// <param name="OwnerOfCounter">Member that keeps each counter at the start (cgroups by index, then the free-page
/// counter). The global ksgxd works where the counter is.</param>
public sealed record Placement(
    int Members,
    IReadOnlyList<int> MemberOfNode,
    IReadOnlyList<int> MemberOfEnclave,
    IReadOnlyList<int> MemberOfGuest,
    IReadOnlyList<int> OwnerOfCounter)
{
    /// <summary>Nodes with EPC dealt out evenly, in runs: neighbours stay together.</summary>
    /// <remarks>
    /// A node without EPC goes where its CPUs get their pages from: __sgx_alloc_epc_page() takes the next node that has
    /// EPC, in ascending order and round.
    /// </remarks>
    /// <param name="scenario">The scenario.</param>
    /// <param name="members">Number of processes, 1 to <see cref="MachineSpec.NodesWithEpc"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer or more; <see cref="ClusterCheck"/> says so to
    /// people.</exception>
    public static Placement Of(Scenario scenario, int members)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        IReadOnlyList<NodeSpec> nodes = scenario.Machine.Nodes;
        int withEpc = scenario.Machine.NodesWithEpc;
        ArgumentOutOfRangeException.ThrowIfLessThan(members, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(members, withEpc);
        int[] memberOfNode = new int[nodes.Count];
        int passed = 0;
        for (int node = 0; node < memberOfNode.Length; node++)
        {
            // As many nodes with EPC lie before the one that this node's CPUs take from; behind the last of them it is
            // the first.
            int rank = passed % withEpc;
            memberOfNode[node] = (int)((long)rank * members / withEpc);
            passed += scenario.Machine.HasEpc(node) ? 1 : 0;
        }

        return Of(scenario, memberOfNode);
    }

    /// <summary>The placement for given sockets.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="memberOfNode">By NUMA node: the member that has it, from 0 without gaps.</param>
    /// <exception cref="ArgumentException">A node has no member, or a member has no node.</exception>
    public static Placement Of(Scenario scenario, IReadOnlyList<int> memberOfNode)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(memberOfNode);
        Check(scenario, memberOfNode);
        int members = memberOfNode.Max() + 1;

        // Enclaves that are bound to no node go to the nodes with CPUs in turn, each as a whole: its threads share an
        // enclave and must share a process.
        int[] withCpus =
        [
            .. Enumerable.Range(0, scenario.Machine.Nodes.Count).Where(node => scenario.Machine.Nodes[node].Cpus > 0),
        ];
        int dealt = 0;
        int[] ofEnclave = [.. scenario.Enclaves.Select(enclave => MemberOf(enclave.Node))];
        int[] ofGuest = [.. scenario.VirtualMachines.Select(guest => MemberOf(guest.Node))];

        // Owners in turn, beginning with the counter: no process has many more than another, the two that all processes
        // need, the counter and the root, are apart, and a cgroup and its parent are rarely together, so that their
        // numbers do not wait for one another.
        int[] owners = new int[scenario.Cgroups.Count + 1];
        for (int cgroup = 0; cgroup < scenario.Cgroups.Count; cgroup++)
        {
            owners[cgroup] = (cgroup + 1) % members;
        }

        owners[^1] = 0;
        return new Placement(members, memberOfNode, ofEnclave, ofGuest, owners);

        int MemberOf(int node) =>
            node >= 0 ? memberOfNode[node]
            : withCpus.Length == 0 ? 0
            : memberOfNode[withCpus[dealt++ % withCpus.Length]];
    }

    private static void Check(Scenario scenario, IReadOnlyList<int> memberOfNode)
    {
        if (memberOfNode.Count != scenario.Machine.Nodes.Count)
        {
            throw new ArgumentException(
                $"{Counted.Of(memberOfNode.Count, "node")} are given out; the machine has "
                    + $"{scenario.Machine.Nodes.Count}",
                nameof(memberOfNode));
        }

        for (int node = 0; node < memberOfNode.Count; node++)
        {
            if (memberOfNode[node] < 0)
            {
                throw new ArgumentException($"no process has node {node}", nameof(memberOfNode));
            }
        }

        int members = memberOfNode.Max() + 1;
        for (int member = 0; member < members; member++)
        {
            if (!memberOfNode.Contains(member))
            {
                throw new ArgumentException($"member {member} of {members} has no node", nameof(memberOfNode));
            }
        }
    }
}
