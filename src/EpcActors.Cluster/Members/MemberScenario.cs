using EpcActors.Scenarios;

namespace EpcActors.Cluster.Members;

/// <summary>The part of a scenario that one process of a cluster runs.</summary>
public static class MemberScenario
{
    /// <summary>
    /// The same machine and cgroups, and of enclaves, guests and script what the member has. An action on a cgroup's
    /// limit is done by the member that has the cgroup's counter at the start.
    /// </summary>
    /// <param name="scenario">The whole scenario.</param>
    /// <param name="member">Number of the member.</param>
    /// <param name="memberOfNode">Member of each NUMA node.</param>
    /// <param name="memberOfEnclave">Member that runs each enclave.</param>
    /// <param name="memberOfGuest">Member that runs each virtual machine.</param>
    /// <param name="ownerOfCounter">Member that has each cgroup's counter at the start.</param>
    public static Scenario Of(
        Scenario scenario,
        int member,
        IReadOnlyList<int> memberOfNode,
        IReadOnlyList<int> memberOfEnclave,
        IReadOnlyList<int> memberOfGuest,
        IReadOnlyList<int> ownerOfCounter)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(memberOfNode);
        ArgumentNullException.ThrowIfNull(memberOfEnclave);
        ArgumentNullException.ThrowIfNull(memberOfGuest);
        ArgumentNullException.ThrowIfNull(ownerOfCounter);
        List<EnclaveSpec> enclaves = [];
        Dictionary<int, int> enclaveHere = [];
        int[] ownNodes =
        [
            .. Enumerable
                .Range(0, memberOfNode.Count)
                .Where(node => memberOfNode[node] == member && scenario.Machine.Nodes[node].Cpus > 0),
        ];
        for (int i = 0; i < scenario.Enclaves.Count; i++)
        {
            if (memberOfEnclave[i] == member)
            {
                enclaveHere.Add(i, enclaves.Count);

                // Bind an enclave without a node to the nodes of its process: a thread on a CPU elsewhere would take
                // every page over the wire.
                int node = scenario.Enclaves[i].Node;
                node = node < 0 && ownNodes.Length > 0 ? ownNodes[enclaves.Count % ownNodes.Length] : node;
                enclaves.Add(scenario.Enclaves[i] with { Number = i, Node = node });
            }
        }

        List<VirtualMachineSpec> guests = [];
        Dictionary<int, int> guestHere = [];
        for (int i = 0; i < scenario.VirtualMachines.Count; i++)
        {
            if (memberOfGuest[i] == member)
            {
                guestHere.Add(i, guests.Count);
                int node = scenario.VirtualMachines[i].Node;
                node = node < 0 && ownNodes.Length > 0 ? ownNodes[guests.Count % ownNodes.Length] : node;
                guests.Add(scenario.VirtualMachines[i] with { Node = node });
            }
        }

        List<ScriptAction> script =
        [
            .. scenario.Script
                .Select(action => Here(action, member, memberOfNode, ownerOfCounter, enclaveHere, guestHere))
                .OfType<ScriptAction>(),
        ];
        return scenario with { Enclaves = enclaves, VirtualMachines = guests, Script = script, Expectations = [] };
    }

    /// <summary>An action in the numbers of one member; null when it is another member's.</summary>
    private static ScriptAction? Here(
        ScriptAction action,
        int member,
        IReadOnlyList<int> memberOfNode,
        IReadOnlyList<int> ownerOfCounter,
        Dictionary<int, int> enclaveHere,
        Dictionary<int, int> guestHere) => action switch
        {
            ScriptAction.SetMax set => ownerOfCounter[set.Cgroup] == member ? set : null,
            ScriptAction.SetMemoryMax set => set,
            ScriptAction.KillEnclave kill =>
                enclaveHere.TryGetValue(kill.Enclave, out int enclave) ? kill with { Enclave = enclave } : null,
            ScriptAction.KillVirtualMachine kill =>
                guestHere.TryGetValue(kill.VirtualMachine, out int guest) ? kill with { VirtualMachine = guest } : null,
            ScriptAction.Migrate migrate =>
                enclaveHere.TryGetValue(migrate.Enclave, out int enclave) ? migrate with { Enclave = enclave } : null,
            ScriptAction.Poison poison => memberOfNode[poison.Node] == member ? poison : null,
            _ => null,
        };
}
