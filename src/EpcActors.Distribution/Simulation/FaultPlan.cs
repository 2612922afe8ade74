using System.Globalization;

namespace EpcActors.Distribution.Simulation;

/// <summary>What goes wrong with a process or between processes.</summary>
public enum FaultKind
{
    /// <summary>It is gone at once, and missed some steps later.</summary>
    Crash,

    /// <summary>It is given up though it runs, and goes on until somebody tells it.</summary>
    Suspect,

    /// <summary>It makes no step for a while. Nobody misses it.</summary>
    Pause,

    /// <summary>Nothing goes between it and the others for a while.</summary>
    Partition,
}

/// <summary>One planned fault. Times are steps of the run.</summary>
/// <param name="Kind">What.</param>
/// <param name="Member">Whom.</param>
/// <param name="AtStep">When.</param>
/// <param name="Steps">A crash: until it is missed, 0 for at once and in one view with its return. A pause or partition: how long. A suspicion: until it is told that it is
/// given up, -1: not before the end.</param>
/// <param name="ReturnsAfter">Steps until a new life of it comes, -1 for never; -2: in the same view that takes the old one out.</param>
/// <param name="IsLossy">A partition loses what is sent meanwhile, else it is late.</param>
public sealed record PlannedFault(FaultKind Kind, int Member, int AtStep, int Steps, int ReturnsAfter, bool IsLossy)
{
    public override string ToString()
    {
        string what = Kind switch
        {
            FaultKind.Crash => $"member {Member} crashes, missed {Steps} steps later",
            FaultKind.Suspect => $"member {Member} is given up though it runs, and told {(Steps < 0 ? "at the end" : $"{Steps} steps later")}",
            FaultKind.Pause => $"member {Member} stands still for {Steps} steps",
            FaultKind.Partition => $"member {Member} is cut off for {Steps} steps, frames are {(IsLossy ? "lost" : "late")}",
        };
        string back = Kind is FaultKind.Pause or FaultKind.Partition || ReturnsAfter == -1 ? ""
            : ReturnsAfter < 0 ? ", its next life comes with the same view"
            : $", its next life comes {ReturnsAfter} steps after that";
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

    /// <summary>Of so many frames about one is lost, doubled or overtaken while the budgets last.</summary>
    public int OneIn { get; init; } = 8;

    /// <summary>From this step on nothing goes wrong any more, and everybody is as fast as everybody else.</summary>
    public int FairFrom { get; init; } = 20_000;

    /// <summary>Steps after which a run has to be over.</summary>
    public int MaxSteps { get; init; } = 200_000;
}
