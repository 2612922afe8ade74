namespace EpcActors.Results;

/// <summary>
/// Part of the report that only a run over several processes has. The rest of the report is that of the whole machine.
/// </summary>
public sealed record ClusterReport
{
    /// <summary>One for each member, by its number.</summary>
    public required IReadOnlyList<ProcessReport> Processes { get; init; }

    /// <summary>Deaths in the order in which they were noticed.</summary>
    public IReadOnlyList<DeathReport> Deaths { get; init; } = [];

    /// <summary>Views that were made: one, and one more for each change of the membership.</summary>
    public int Views { get; init; }

    /// <summary>Audits of a consistent cut over all processes while the run went on.</summary>
    public int Audits { get; init; }

    /// <summary>Cuts that could not be judged, because a process joined or died meanwhile.</summary>
    public int DroppedAudits { get; init; }

    /// <summary>
    /// Time from the question to all processes to the last answer, of all audits together and of the longest,
    /// milliseconds; the actors went on meanwhile.
    /// </summary>
    public double AuditMs { get; init; }

    public double LongestAuditMs { get; init; }

    /// <summary>The processes were compared with one another when nothing ran any more.</summary>
    public bool WasAuditedAtTheEnd { get; init; }
}

/// <summary>One process of the run: a member with its last life.</summary>
public sealed record ProcessReport
{
    public required int Member { get; init; }

    /// <summary>NUMA nodes that it has.</summary>
    public required IReadOnlyList<int> Sockets { get; init; }

    public string Host { get; init; } = "";

    /// <summary>Id of the process on its host.</summary>
    public int ProcessId { get; init; }

    /// <summary>Lives that it had; 1 when it never died.</summary>
    public int Incarnations { get; init; } = 1;

    /// <summary>
    /// It was there at the end and sent its report; all figures below are of that life. False: they are 0.
    /// </summary>
    public bool HasReport { get; init; }

    /// <summary>Verdict of the process's own report; null without a report.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>Reason why there is no report; empty when there is one.</summary>
    public string Missing { get; init; } = "";

    public long Steps { get; init; }

    public double MessagesPerSecond { get; init; }

    public long Faults { get; init; }

    public long Evictions { get; init; }

    public int Enclaves { get; init; }

    /// <summary>Audits of its part.</summary>
    public int Cuts { get; init; }

    public int Violations { get; init; }

    /// <summary>
    /// Frames and bytes to and from other processes, frames that were not sent, and writes to the network.
    /// </summary>
    public long FramesOut { get; init; }

    public long FramesIn { get; init; }

    public long BytesOut { get; init; }

    public long BytesIn { get; init; }

    public long FramesDropped { get; init; }

    public long Writes { get; init; }

    /// <summary>Frames that were sent again, because no answer came in time.</summary>
    public long SentAgain { get; init; }

    /// <summary>Frames of the dead, or for a life that is over, that were refused.</summary>
    public long FencedFrames { get; init; }
}

/// <summary>A process that died, or was taken for dead.</summary>
/// <param name="Member">Number of the member.</param>
/// <param name="Incarnation">Incarnation that died.</param>
/// <param name="AtNs">When it was noticed, nanoseconds since the start.</param>
/// <param name="Reason">Reason of the death.</param>
/// <param name="InstalledNs">From there until every process knew; null when the run ended before.</param>
/// <param name="CleanAuditNs">From there until an audit over all processes found every counter in order without it;
/// null when there was none.</param>
/// <param name="BackNs">From there until it was started again and at work; null when it was not.</param>
public sealed record DeathReport(
    int Member,
    int Incarnation,
    long AtNs,
    string Reason,
    long? InstalledNs,
    long? CleanAuditNs,
    long? BackNs);
