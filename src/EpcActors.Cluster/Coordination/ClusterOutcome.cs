using EpcActors.Cluster.Transport;
using EpcActors.Results;
using EpcActors.Runs.Live;

namespace EpcActors.Cluster.Coordination;

/// <summary>The coordinator's record of a finished run, from which the merged report is made.</summary>
public sealed record ClusterOutcome
{
    public required RunEndKind End { get; init; }

    /// <summary>From the start to the decision to stop, nanoseconds.</summary>
    public required long RunNs { get; init; }

    public required Placement Placement { get; init; }

    /// <summary>By number.</summary>
    public required IReadOnlyList<MemberOutcome> Members { get; init; }

    public required IReadOnlyList<DeathReport> Deaths { get; init; }

    /// <summary>Number of the last view.</summary>
    public required int Views { get; init; }

    public required int Audits { get; init; }

    public required int DroppedAudits { get; init; }

    public required long AuditsTookNs { get; init; }

    public required long LongestAuditNs { get; init; }

    public required bool WasAuditedAtTheEnd { get; init; }

    /// <summary>Rules that do not hold over all processes.</summary>
    public required IReadOnlyList<ViolationReport> Violations { get; init; }

    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Injected faults, with their times.</summary>
    public required IReadOnlyList<TimelineMark> Marks { get; init; }

    /// <summary>An error in the emulator itself, in one of the processes; empty when there was none.</summary>
    public required string Failure { get; init; }
}

/// <summary>End of one member.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Sockets">Sockets that it has.</param>
/// <param name="Host">Host of its last life.</param>
/// <param name="ProcessId">Process of its last life.</param>
/// <param name="Incarnations">Lives that it had.</param>
/// <param name="Result">Its result at the end; null when it was dead by then, or silent.</param>
/// <param name="Missing">Reason why there is no result.</param>
public sealed record MemberOutcome(
    int Number,
    IReadOnlyList<int> Sockets,
    string Host,
    int ProcessId,
    int Incarnations,
    ControlMessage.Result? Result,
    string Missing);

/// <summary>State of the whole cluster at one moment, for the watcher.</summary>
/// <param name="Phase">Phase, in a few words: <c>waiting for sockets 2, 3</c>, <c>running</c>.</param>
/// <param name="Machine">The figures of all processes together; null before the start.</param>
/// <param name="Members">One line for each member.</param>
/// <param name="Epoch">Number of the view.</param>
/// <param name="Audits">Audits over all processes.</param>
/// <param name="DroppedAudits">Cuts that could not be judged.</param>
public sealed record ClusterStatus(
    string Phase,
    LiveStatus? Machine,
    IReadOnlyList<MemberStatus> Members,
    int Epoch,
    int Audits,
    int DroppedAudits);

/// <summary>A member in a <see cref="ClusterStatus"/>.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Sockets">Sockets that it has.</param>
/// <param name="State"><c>starting</c>, <c>at work</c>, <c>done</c>, <c>dead</c> …</param>
/// <param name="Incarnation">Its incarnation.</param>
/// <param name="Live">Its last live status; null before the first.</param>
/// <param name="FramesOut">Frames that it sent.</param>
public sealed record MemberStatus(
    int Number,
    IReadOnlyList<int> Sockets,
    string State,
    int Incarnation,
    LiveStatus? Live,
    long FramesOut);
