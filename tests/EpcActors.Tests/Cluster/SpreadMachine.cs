using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;
using EpcActors.Scenarios;
using EpcActors.Tests.Configuration;
using FsCheck;
using FsCheck.Fluent;

namespace EpcActors.Tests.Cluster;

/// <summary>Scenarios of many shapes for the tests of what is decided before a cluster runs.</summary>
internal static class SpreadMachine
{
    private static readonly Lazy<Scenario> Empty = new(() => Loading.Load(""));

    /// <summary>
    /// Any machine of 1 to 10 nodes, some of them without CPUs or without EPC, with any enclaves and guests, and a
    /// number of members that it allows.
    /// </summary>
    public static Arbitrary<(Scenario Scenario, int Members)> Any() =>
        (
            from nodes in Gen.Elements(
                    new NodeSpec(4, [64]),
                    new NodeSpec(2, [16, 16]),
                    new NodeSpec(0, [64]),
                    new NodeSpec(4, []),
                    new NodeSpec(4, [0]))
                .ArrayOf()
                .Resize(9)
            from cgroups in Gen.Choose(1, 40)
            let machine = (NodeSpec[])[new NodeSpec(1, [64]), .. nodes]
            let bindings = Enumerable
                .Range(0, machine.Length)
                .Where(node => machine[node].Cpus > 0)
                .Append(-1)
                .ToArray()
            from enclaves in Gen.Elements(bindings).ArrayOf()
            from guests in Gen.Elements(bindings).ArrayOf()
            let scenario = Of(machine, cgroups, enclaves, guests)
            from members in Gen.Choose(1, scenario.Machine.NodesWithEpc)
            select (scenario, members)
        ).ToArbitrary();

    /// <summary>
    /// A machine with cgroups in a chain, an enclave for each element of <paramref name="enclaves"/> and a guest for
    /// each of <paramref name="guests"/>: their nodes.
    /// </summary>
    public static Scenario Of(
        IReadOnlyList<NodeSpec> nodes,
        int cgroups,
        IReadOnlyList<int> enclaves,
        IReadOnlyList<int> guests) =>
        Empty.Value with
        {
            Machine = new MachineSpec { Name = "test", Nodes = nodes },
            Switches = new KernelSwitches(),
            Cgroups =
            [
                .. Enumerable
                    .Range(0, cgroups)
                    .Select(i => new CgroupSpec(
                        i == 0 ? "/" : "/" + string.Join('/', Enumerable.Range(1, i)),
                        i - 1,
                        Limit.Max,
                        Limit.Max)),
            ],
            Enclaves =
            [
                .. enclaves.Select(
                    (node, i) =>
                        new EnclaveSpec
                        {
                            Name = $"e-{i}",
                            Cgroup = i % cgroups,
                            Node = node,
                            Threads = 1 + (i % 3),
                            HeapPages = 8,
                            AddedHeapPages = 8,
                        }),
            ],
            VirtualMachines =
            [
                .. guests.Select(
                    (node, i) =>
                        new VirtualMachineSpec
                        {
                            Name = $"v-{i}",
                            Cgroup = i % cgroups,
                            Node = node,
                            Pages = 8,
                            TouchedPages = 8,
                        }),
            ],
        };

    /// <summary>A machine of equal sockets.</summary>
    public static Scenario Sockets(int count, int cgroups = 3) =>
        Of([.. Enumerable.Repeat(new NodeSpec(4, [64]), count)], cgroups, [.. Enumerable.Range(0, count)], []);
}
