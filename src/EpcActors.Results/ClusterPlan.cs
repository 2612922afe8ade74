namespace EpcActors.Results;

/// <summary>
/// Parts of a machine that each process gets, and the messages that a page fault then sends over the wire. Immutable.
/// </summary>
public sealed record ClusterPlan
{
    /// <summary>The file, as given.</summary>
    public required string Scenario { get; init; }

    public string Title { get; init; } = "";

    public required string Kernel { get; init; }

    /// <summary>
    /// Pages that a charge takes at once (<c>epc.cluster.charge-batch</c>); with 1 the columns that speak of batches
    /// say what 64 would save.
    /// </summary>
    public required int ChargeBatch { get; init; }

    /// <summary>The same of the free-page counter (<c>epc.cluster.counter-batch</c>).</summary>
    public required int CounterBatch { get; init; }

    /// <summary>By member.</summary>
    public required IReadOnlyList<ProcessPlan> Processes { get; init; }

    /// <summary>
    /// A row for each process and each cgroup that the process charges at the start; the root where the kernel charges
    /// nothing.
    /// </summary>
    public required IReadOnlyList<FaultPlan> Faults { get; init; }

    /// <summary>Injected faults, in words, by time.</summary>
    public IReadOnlyList<string> Injected { get; init; } = [];

    /// <summary>Reasons why it cannot run like this; empty when it can.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>Parts of the machine that one process has.</summary>
public sealed record ProcessPlan
{
    public required int Member { get; init; }

    public required IReadOnlyList<int> Nodes { get; init; }

    public required long EpcPages { get; init; }

    public required int Cpus { get; init; }

    public required IReadOnlyList<string> Enclaves { get; init; }

    /// <summary>Of all its enclaves.</summary>
    public required int Threads { get; init; }

    public required IReadOnlyList<string> Guests { get; init; }

    /// <summary>Paths of the cgroups whose usage and limit it keeps at the start.</summary>
    public required IReadOnlyList<string> OwnedCgroups { get; init; }

    /// <summary>It keeps the free-page counter at the start, and its ksgxd is the one that works.</summary>
    public required bool HasKsgxd { get; init; }
}

/// <summary>
/// Calls to other processes, one after the other, that a fault on memory of its own process needs when nothing is
/// reclaimed and no limit is near. Everything else of it stays in the process.
/// </summary>
public sealed record FaultPlan
{
    public required int Member { get; init; }

    /// <summary>Path.</summary>
    public required string Cgroup { get; init; }

    /// <summary>Enclaves and guests of that process in that cgroup.</summary>
    public required int Users { get; init; }

    /// <summary>Shared counters to charge, from the cgroup to the root.</summary>
    public required int Levels { get; init; }

    /// <summary>Of those, shared counters whose owner is in another process.</summary>
    public required int LevelsElsewhere { get; init; }

    /// <summary>Calls that change the free-page counter, and look at it for the watermark.</summary>
    public required int CounterCalls { get; init; }

    /// <summary>Calls that look how near the limits are (<c>worker-queued = near-limit</c>).</summary>
    public required int LimitCalls { get; init; }

    /// <summary>Calls to take a page, when every page is charged by itself.</summary>
    public required int TakePage { get; init; }

    /// <summary>The same on average in batches, while the watermarks are far.</summary>
    public required double TakePageInBatch { get; init; }

    /// <summary>Calls to give a page back.</summary>
    public required int GiveBack { get; init; }

    /// <summary>The same on average when as many are given back at once.</summary>
    public required double GiveBackInBatch { get; init; }
}
