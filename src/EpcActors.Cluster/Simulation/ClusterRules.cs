using EpcActors.Results;

namespace EpcActors.Cluster.Simulation;

/// <summary>Rules over all processes; those of one process are the oracle's (<see cref="Rules"/>).</summary>
public static class ClusterRules
{
    /// <summary>
    /// The owner's record of a process's part of a shared counter equals exactly what that process was granted, but for
    /// its open calls that were executed.
    /// </summary>
    public const string Parts = "counter-parts";

    /// <summary>The number of a shared counter is the sum of its parts.</summary>
    public const string Sum = "counter-sum";

    /// <summary>The dead have no part.</summary>
    public const string Dead = "counter-of-the-dead";

    /// <summary>With batches, no counter is above its limit.</summary>
    public const string Limit = "counter-limit";

    /// <summary>A page is lent to exactly the process that has it, and to a living one.</summary>
    public const string Loans = "loans";

    /// <summary>At rest nothing is under way: no open call, no page held by a task.</summary>
    public const string Rest = "rest";

    /// <summary>At rest the free-page counter is the free pages of the living sockets.</summary>
    public const string Counter = "counter";

    /// <summary>No charge is refused while another process has stock that it does not use.</summary>
    public const string Stock = "refused-beside-stock";

    /// <summary>
    /// Views are numbered without gaps, are the same for all members, and have no life in them that was declared dead:
    /// so no two lives have one number.
    /// </summary>
    public const string Views = "views";

    /// <summary>A process that runs is declared dead only when a fault concerns it.</summary>
    public const string Deaths = "death-without-cause";

    /// <summary>The coordinator ends a run only when the work of all processes is done.</summary>
    public const string EarlyEnd = "early-end";

    /// <summary>After the last fault the work comes to its end.</summary>
    public const string Liveness = "cluster-liveness";

    /// <summary>An assertion of an actor failed.</summary>
    public const string Crash = "crash";
}
