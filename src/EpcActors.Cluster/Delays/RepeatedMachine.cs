using System.Globalization;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Delays;

/// <summary>
/// The sockets of a scenario several times, each time with the enclaves and guests that are bound to them, in the same
/// cgroups with as many times the limit: as much work for each socket, and more sockets.
/// </summary>
/// <remarks>
/// The driver keeps eight EPC sections (SGX_MAX_EPC_SECTIONS), so a file cannot say more, and no kernel has such a
/// machine. It is for one question: how do the protocol and its shared counters grow beyond eight processes. Nothing in
/// the model of the kernel depends on the limit.
/// </remarks>
public static class RepeatedMachine
{
    /// <summary>
    /// The scenario with the fewest repetitions that have so many sockets with EPC; itself when it has them.
    /// </summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="sockets">Sockets with EPC that are needed at least.</param>
    public static Scenario Of(Scenario scenario, int sockets)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentOutOfRangeException.ThrowIfLessThan(scenario.Machine.NodesWithEpc, 1);
        int times = (sockets + scenario.Machine.NodesWithEpc - 1) / scenario.Machine.NodesWithEpc;
        if (times <= 1)
        {
            return scenario;
        }

        int nodes = scenario.Machine.Nodes.Count;
        IEnumerable<int> all = Enumerable.Range(0, times);
        return scenario with
        {
            Machine = scenario.Machine with { Nodes = [.. all.SelectMany(_ => scenario.Machine.Nodes)] },
            Cgroups = [.. scenario.Cgroups.Select(cgroup => cgroup with
            {
                Max = Times(cgroup.Max, times),
                MemoryMax = Times(cgroup.MemoryMax, times),
            })],
            Enclaves = [.. all.SelectMany(i => scenario.Enclaves.Select(one => one with
            {
                Name = NameOf(one.Name, i),
                Node = NodeOf(one.Node, i * nodes),
            }))],
            VirtualMachines = [.. all.SelectMany(i => scenario.VirtualMachines.Select(one => one with
            {
                Name = NameOf(one.Name, i),
                Node = NodeOf(one.Node, i * nodes),
            }))],
            Expectations = [],
        };
    }

    private static Limit Times(Limit limit, int times) =>
        limit.Bytes >= long.MaxValue / times ? Limit.Max : Limit.OfBytes(limit.Bytes * times);

    private static string NameOf(string name, int repetition) =>
        repetition == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}+{repetition}");

    private static int NodeOf(int node, int first) => node < 0 ? node : node + first;
}
