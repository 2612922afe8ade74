namespace EpcActors.Scenarios;

/// <summary>Settings of a scenario's run over several processes.</summary>
public sealed record ClusterSpec
{
    /// <summary>
    /// Most pages of a charge batch: with more, what lies unused in all processes is a small limit of its own.
    /// </summary>
    public const int MostChargeBatch = 1024;

    /// <summary>MEMCG_CHARGE_BATCH: what the memory controller takes at once for a CPU.</summary>
    public const int UsualBatch = 64;

    /// <summary>Member processes when the command does not say; 0: one for each NUMA node with EPC.</summary>
    public int Processes { get; init; }

    /// <summary>Pages that a charge takes from the owner of the counter at once; 1 as the kernel does.</summary>
    public int ChargeBatch { get; init; } = UsualBatch;

    /// <summary>
    /// Pages of the free-page counter that a process takes at once; 1: every page is counted at its owner.
    /// </summary>
    public int CounterBatch { get; init; } = UsualBatch;

    /// <summary>Calls to one other process that may be outstanding.</summary>
    public int Window { get; init; } = 256;

    /// <summary>A call that is not answered for so long is sent again, nanoseconds.</summary>
    public long ResendNs { get; init; } = 200_000_000;

    /// <summary>A process that was not heard of for so long is dead, nanoseconds.</summary>
    public long FailureTimeoutNs { get; init; } = 5_000_000_000;

    /// <summary>Time that processes may take to join and to make their actors before the run, nanoseconds.</summary>
    public long JoinTimeoutNs { get; init; } = 60_000_000_000;

    /// <summary>Time between two audits over all processes, nanoseconds; 0 for none.</summary>
    public long AuditEveryNs { get; init; } = 1_000_000_000;

    /// <summary>A process that dies is started again.</summary>
    public bool Restarts { get; init; }

    /// <summary>Injected faults, in ascending order of time.</summary>
    public IReadOnlyList<ClusterFault> Faults { get; init; } = [];
}

/// <summary>Something that goes wrong on purpose.</summary>
/// <param name="AtNs">When, nanoseconds after the start.</param>
public abstract record ClusterFault(long AtNs)
{
    /// <summary>SIGKILL.</summary>
    /// <param name="AtNs">When.</param>
    /// <param name="Member">Member to kill.</param>
    /// <param name="InReclaim">Wait until it is in the middle of a batch of reclaim.</param>
    public sealed record Kill(long AtNs, int Member, bool InReclaim = false) : ClusterFault(AtNs);

    /// <summary>SIGSTOP, and SIGCONT later.</summary>
    /// <param name="AtNs">When.</param>
    /// <param name="Member">Member to pause.</param>
    /// <param name="ForNs">Duration, nanoseconds.</param>
    public sealed record Pause(long AtNs, int Member, long ForNs) : ClusterFault(AtNs);

    /// <summary>
    /// The frames between two groups of processes are lost; each process still reaches the coordinator.
    /// </summary>
    /// <param name="AtNs">When.</param>
    /// <param name="Side">One of the groups, ascending; all others are the other one.</param>
    /// <param name="ForNs">Duration, nanoseconds.</param>
    public sealed record Partition(long AtNs, IReadOnlyList<int> Side, long ForNs) : ClusterFault(AtNs);

    /// <summary>SIGKILL, and a new life at once.</summary>
    /// <param name="AtNs">When.</param>
    /// <param name="Member">Member to restart.</param>
    public sealed record Restart(long AtNs, int Member) : ClusterFault(AtNs);
}
