using EpcActors.Kernel;
using EpcActors.Results;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Coordination;

/// <summary>Parts of the scenario that an audit over all processes needs. Immutable.</summary>
public sealed record ClusterAuditRules
{
    /// <summary>
    /// By cgroup: its path, for people. The shared counters are those of the cgroups, and behind them the free-page
    /// counter.
    /// </summary>
    public required IReadOnlyList<string> CgroupPaths { get; init; }

    /// <summary>The kernel's way to keep the free-page counter.</summary>
    public required FreePageCounterMode Counter { get; init; }

    /// <summary>Pages that a charge takes from its owner at once; 1 as the kernel does.</summary>
    public required int ChargeBatch { get; init; }

    /// <summary>
    /// Cgroups whose limit the scenario's script writes: usage may stay above a limit that was lowered.
    /// </summary>
    public required IReadOnlySet<int> WrittenLimits { get; init; }

    /// <summary>By NUMA node: the member that has it.</summary>
    public required IReadOnlyList<int> MemberOfNode { get; init; }

    /// <summary>By NUMA node: its pages.</summary>
    public required IReadOnlyList<long> CapacityPages { get; init; }

    /// <summary>The counter of the free-page counter.</summary>
    public int FreePageCounter => CgroupPaths.Count;

    /// <summary>The rules of a scenario that is spread in a certain way.</summary>
    public static ClusterAuditRules Of(Scenario scenario, Placement placement)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(placement);
        return new ClusterAuditRules
        {
            CgroupPaths = [.. scenario.Cgroups.Select(cgroup => cgroup.Path)],
            Counter = scenario.Switches.FreePageCounter,
            ChargeBatch = scenario.Cluster.ChargeBatch,
            WrittenLimits = scenario.Script.OfType<ScriptAction.SetMax>().Select(set => set.Cgroup).ToHashSet(),
            MemberOfNode = placement.MemberOfNode,
            CapacityPages = [.. scenario.Machine.Nodes.Select(node => node.SectionPages.Sum(pages => (long)pages))],
        };
    }

    internal string NameOf(int counter) =>
        counter == FreePageCounter ? "sgx_nr_free_pages" : $"misc.current of {CgroupPaths[counter]}";
}

/// <summary>A rule that does not hold over all processes.</summary>
/// <param name="Rule">Its name, one of <see cref="Rules"/>.</param>
/// <param name="Subject">Subject of the violation: the same at every audit that finds the same.</param>
/// <param name="Detail">Expected and found state.</param>
public readonly record struct ClusterFinding(string Rule, string Subject, string Detail);
