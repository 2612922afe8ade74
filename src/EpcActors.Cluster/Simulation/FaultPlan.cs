using System.Globalization;
using EpcActors.Results.Text;

namespace EpcActors.Cluster.Simulation;

/// <summary>
/// Kind of a fault of a process or between processes. A death is not among them: the coordinator decides that.
/// </summary>
public enum FaultKind
{
    /// <summary>It is gone at once. The coordinator hears that its line broke, or only that it is silent.</summary>
    Crash,

    /// <summary>Its line to the coordinator breaks, and it runs on until it hears of that.</summary>
    Break,

    /// <summary>Its messages to the coordinator are late.</summary>
    Late,

    /// <summary>It makes no step for a while.</summary>
    Pause,

    /// <summary>
    /// Nothing goes between it and the others, or one of them, for a while; the coordinator hears both.
    /// </summary>
    Partition,
}

/// <summary>One planned fault. Times are steps of the run.</summary>
/// <param name="Kind">Kind of the fault.</param>
/// <param name="Member">Member that it hits.</param>
/// <param name="AtStep">When.</param>
/// <param name="Steps">A crash: until its line breaks, -1 for never. A broken line: until the process hears of it, -1
/// for not before the end. All others: how long.</param>
/// <param name="ReturnsAfter">Steps until a new life of it comes, -1 for never: after the fault, or when the
/// coordinator starts its processes itself, after it has found it dead.</param>
/// <param name="IsLossy">A partition loses what is sent meanwhile, else it is late. A late line: in both
/// directions.</param>
public sealed record PlannedFault(FaultKind Kind, int Member, int AtStep, int Steps, int ReturnsAfter, bool IsLossy)
{
    /// <summary>A partition: from which member; -1 for all.</summary>
    public int Other { get; init; } = -1;

    public override string ToString()
    {
        string what = Kind switch
        {
            FaultKind.Crash =>
                $"member {Member} crashes, and its line breaks "
                    + $"{(Steps < 0 ? "never" : $"{Counted.Of(Steps, "step")} later")}",
            FaultKind.Break =>
                $"the line of member {Member} breaks, and it hears of that "
                    + $"{(Steps < 0 ? "at the end" : $"{Counted.Of(Steps, "step")} later")}",
            FaultKind.Late =>
                $"for {Counted.Of(Steps, "step")} nothing of member {Member} reaches the "
                    + $"coordinator{(IsLossy ? ", nor the other way" : "")}",
            FaultKind.Pause => $"member {Member} stands still for {Counted.Of(Steps, "step")}",
            FaultKind.Partition =>
                $"member {Member} is cut off from {(Other < 0 ? "all others" : $"member {Other}")} for "
                + $"{Counted.Of(Steps, "step")}, "
                + $"frames are {(IsLossy ? "lost" : "late")}",
        };
        string back = ReturnsAfter == -1 ? "" : $"; a new process of it comes {Counted.Of(ReturnsAfter, "step")} after";
        return string.Create(CultureInfo.InvariantCulture, $"from step {AtStep}: {what}{back}");
    }
}

/// <summary>All that goes wrong in one run.</summary>
public sealed record FaultPlan
{
    public IReadOnlyList<PlannedFault> Faults { get; init; } = [];

    /// <summary>Most frames that may be lost.</summary>
    public int Losses { get; init; }

    /// <summary>Most frames that may arrive twice.</summary>
    public int Doubles { get; init; }

    /// <summary>Most frames that may be overtaken.</summary>
    public int Overtakes { get; init; }

    /// <summary>Most views that may be left out.</summary>
    public int SkippedViews { get; init; }

    /// <summary>
    /// Messages of members to the coordinator may take as long as any other, so that a slow member is taken for dead;
    /// else they are prompt unless a fault delays them.
    /// </summary>
    public bool HasSlowLines { get; init; }

    /// <summary>
    /// Links and processes are all as fast as one another, and few frames are lost. Then a process dies of a fault or
    /// not at all (<see cref="ClusterRules.Deaths"/>).
    /// </summary>
    public bool IsCalm { get; init; }

    /// <summary>Of so many frames about one is lost, doubled or overtaken while the budgets last.</summary>
    public int OneIn { get; init; } = 8;

    /// <summary>From this step on no fault comes, and all processes are equally fast.</summary>
    public int FairFrom { get; init; } = 20_000;

    /// <summary>Steps after which a run has to be over.</summary>
    public int MaxSteps { get; init; } = 200_000;
}
