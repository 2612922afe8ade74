namespace EpcActors.Cluster.Simulation;

/// <summary>Events of runs, added up.</summary>
public sealed class SimulationCounts
{
    public long Runs { get; set; }

    public long Steps { get; set; }

    public long Crashes { get; set; }

    /// <summary>Lives that the coordinator declared dead, for whatever reason.</summary>
    public long Deaths { get; set; }

    /// <summary>Of those: they ran.</summary>
    public long Suspicions { get; set; }

    /// <summary>Of those: no fault had touched them.</summary>
    public long UncausedDeaths { get; set; }

    /// <summary>Lines to the coordinator that broke under a process that ran.</summary>
    public long BrokenLines { get; set; }

    /// <summary>Lines that were held up for a while.</summary>
    public long LateLines { get; set; }

    /// <summary>Views that the coordinator made.</summary>
    public long Views { get; set; }

    /// <summary>Processes that it turned away.</summary>
    public long Refusals { get; set; }

    /// <summary>Audits of the coordinator over all processes.</summary>
    public long Audits { get; set; }

    /// <summary>Control messages that arrived, in both directions.</summary>
    public long ControlMessages { get; set; }

    /// <summary>Runs at whose end no process was alive.</summary>
    public long Extinctions { get; set; }

    public long Pauses { get; set; }

    public long Partitions { get; set; }

    public long Restarts { get; set; }

    /// <summary>Shared counters that lost their owner.</summary>
    public long OwnersLost { get; set; }

    /// <summary>Processes that heard that they were given up, and stopped.</summary>
    public long FencedProcesses { get; set; }

    /// <summary>Frames that were refused as they came from the dead, or were for the dead.</summary>
    public long FencedFrames { get; set; }

    public long SentAgain { get; set; }

    public long SkippedViews { get; set; }

    public long BorrowedPages { get; set; }

    /// <summary>Pages of dead sockets that were left in enclaves elsewhere, or taken back from the dead.</summary>
    public long ClosedLoans { get; set; }

    public long DrainedStocks { get; set; }

    /// <summary>Rounds of reclaim done for another process.</summary>
    public long RemoteReclaims { get; set; }

    /// <summary>Charges that were refused in the end.</summary>
    public long RefusedCharges { get; set; }

    /// <summary>Processes of enclaves that were ended as a page of them was on a dead socket.</summary>
    public long LostSockets { get; set; }

    /// <summary>By <see cref="FrameFate"/>.</summary>
    public long[] Frames { get; } = new long[Enum.GetValues<FrameFate>().Length];

    public void Add(SimulationCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        Runs += other.Runs;
        Steps += other.Steps;
        Crashes += other.Crashes;
        Deaths += other.Deaths;
        Suspicions += other.Suspicions;
        UncausedDeaths += other.UncausedDeaths;
        BrokenLines += other.BrokenLines;
        LateLines += other.LateLines;
        Views += other.Views;
        Refusals += other.Refusals;
        Audits += other.Audits;
        ControlMessages += other.ControlMessages;
        Extinctions += other.Extinctions;
        Pauses += other.Pauses;
        Partitions += other.Partitions;
        Restarts += other.Restarts;
        OwnersLost += other.OwnersLost;
        FencedProcesses += other.FencedProcesses;
        FencedFrames += other.FencedFrames;
        SentAgain += other.SentAgain;
        SkippedViews += other.SkippedViews;
        BorrowedPages += other.BorrowedPages;
        ClosedLoans += other.ClosedLoans;
        DrainedStocks += other.DrainedStocks;
        RemoteReclaims += other.RemoteReclaims;
        RefusedCharges += other.RefusedCharges;
        LostSockets += other.LostSockets;
        for (int i = 0; i < Frames.Length; i++)
        {
            Frames[i] += other.Frames[i];
        }
    }
}
