using EpcActors.Cluster.Sharing;
using EpcActors.Scenarios;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Parts of a run of a simulated cluster; all of them follow from a seed (<see cref="SimulationCase.Of"/>).
/// </summary>
public sealed record SimulationSetup
{
    /// <summary>The whole scenario.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>Parts of the machine by process.</summary>
    public required Placement Placement { get; init; }

    public int ChargeBatch { get; init; } = 1;

    public int CounterBatch { get; init; } = 1;

    public int Window { get; init; } = 256;

    public int ResendTicks { get; init; } = 6;

    /// <summary>Request workers of each kind in a process: one is enough, says <see cref="RequestWorker"/>.</summary>
    public int RequestWorkers { get; init; } = 1;

    public FaultPlan Plan { get; init; } = new();

    /// <summary>Steps of silence after which the coordinator takes a member for dead.</summary>
    public int FailureSteps { get; init; } = 2500;

    /// <summary>Steps between two audits of the coordinator over all processes; 0 for none.</summary>
    public int ClusterAuditSteps { get; init; }

    /// <summary>
    /// The coordinator starts the processes itself, and again when they die; else they come by themselves, as those of
    /// other hosts do.
    /// </summary>
    public bool AreOwn { get; init; } = true;

    /// <summary>
    /// The views are checked as they are told. Off only to see what a wrong view does to the shared counters.
    /// </summary>
    public bool WatchesViews { get; init; } = true;

    /// <summary>A rule of the protocol, or of the coordinator, that is left out.</summary>
    public ClusterDefect Defect { get; init; }

    /// <summary>Steps between two comparisons of all books.</summary>
    public int BalanceEvery { get; init; } = 97;

    /// <summary>Steps between two audits of each process.</summary>
    public int AuditEvery { get; init; } = 1009;

    internal long FailureTimeoutNs => FailureSteps * SimulatedCluster.NsOfStep;
}

/// <summary>A rule that a run broke.</summary>
/// <param name="Rule">Its name (see <see cref="ClusterRules"/>).</param>
/// <param name="Detail">Expected and found state.</param>
/// <param name="Step">The step after which it was seen.</param>
/// <param name="Members">Members concerned; empty for all.</param>
public sealed record ClusterFinding(string Rule, string Detail, int Step, IReadOnlyList<int> Members);
