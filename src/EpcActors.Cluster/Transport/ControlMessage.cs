using System.Text.Json.Serialization;
using EpcActors.Cluster.Sharing;
using EpcActors.Results;
using EpcActors.Runs.Live;

namespace EpcActors.Cluster.Transport;

/// <summary>
/// Messages between coordinator and members beside the frames. There are a few a second, so they are plain JSON. The
/// kind is in <c>kind</c>; a kind or a field that a program does not know is an error, as both ends are the same
/// program (<see cref="Hello.Version"/>).
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Hello), "hello")]
[JsonDerivedType(typeof(Welcome), "welcome")]
[JsonDerivedType(typeof(Refused), "refused")]
[JsonDerivedType(typeof(Membership), "view")]
[JsonDerivedType(typeof(Start), "start")]
[JsonDerivedType(typeof(Status), "status")]
[JsonDerivedType(typeof(BeginCut), "begin-cut")]
[JsonDerivedType(typeof(CutPart), "cut-part")]
[JsonDerivedType(typeof(CutOff), "cut-off")]
[JsonDerivedType(typeof(Arm), "arm")]
[JsonDerivedType(typeof(Stop), "stop")]
[JsonDerivedType(typeof(Result), "result")]
[JsonDerivedType(typeof(Failed), "failed")]
public abstract record ControlMessage
{
    /// <summary>Member: introduces itself, with the scenario that it would run.</summary>
    /// <param name="Version">Version of the program, with the version of the frames.</param>
    /// <param name="Configuration">Fingerprint of the effective configuration: all processes must run the same
    /// scenario.</param>
    /// <param name="Sockets">The sockets it is to have; empty: whatever the coordinator gives it.</param>
    /// <param name="ProcessId">Its process, for people.</param>
    /// <param name="Host">The host it runs on.</param>
    /// <param name="Address">Its address for other members.</param>
    /// <param name="Ticket">Ticket that the coordinator gave a process that it started itself, to recognise it; else
    /// empty.</param>
    public sealed record Hello(
        string Version,
        string Configuration,
        IReadOnlyList<int> Sockets,
        int ProcessId,
        string Host,
        string Address,
        string Ticket
    ) : ControlMessage;

    /// <summary>
    /// Coordinator: tells a member its number. Comes once the cluster is complete, with the first view.
    /// </summary>
    /// <param name="Member">Its number.</param>
    /// <param name="Incarnation">Incarnation of that member.</param>
    /// <param name="MemberOfNode">By NUMA node: the member that has it.</param>
    /// <param name="MemberOfEnclave">By enclave of the scenario: the member that has it.</param>
    /// <param name="MemberOfGuest">By virtual machine of the scenario: the member that has it.</param>
    /// <param name="View">The present view.</param>
    public sealed record Welcome(
        int Member,
        int Incarnation,
        IReadOnlyList<int> MemberOfNode,
        IReadOnlyList<int> MemberOfEnclave,
        IReadOnlyList<int> MemberOfGuest,
        Membership View) : ControlMessage;

    /// <summary>Coordinator: not you.</summary>
    /// <param name="Reason">Reason, and the remedy.</param>
    /// <param name="Cause">Cause: a mistake of the user, or a failure.</param>
    public sealed record Refused(string Reason, ClusterErrorKind Cause) : ControlMessage;

    /// <summary>Coordinator: a view, and where its members are.</summary>
    /// <param name="Epoch">As <see cref="ClusterView.Epoch"/>; so are the next four.</param>
    /// <param name="Incarnations">By member.</param>
    /// <param name="Joined">By member.</param>
    /// <param name="Owners">By counter.</param>
    /// <param name="OwnersSince">By counter.</param>
    /// <param name="Addresses">By member: where it is reached; empty for a dead one.</param>
    public sealed record Membership(
        int Epoch,
        IReadOnlyList<int> Incarnations,
        IReadOnlyList<int> Joined,
        IReadOnlyList<int> Owners,
        IReadOnlyList<int> OwnersSince,
        IReadOnlyList<string> Addresses) : ControlMessage
    {
        public static Membership Of(ClusterView view, IReadOnlyList<string> addresses)
        {
            ArgumentNullException.ThrowIfNull(view);
            return new(view.Epoch, view.Incarnations, view.Joined, view.Owners, view.OwnersSince, addresses);
        }

        public ClusterView ToView() => new(Epoch, Incarnations, Joined, Owners, OwnersSince);
    }

    /// <summary>Coordinator: begin. Comes when every member has its actors.</summary>
    public sealed record Start : ControlMessage;

    /// <summary>
    /// Member: how it goes, several times a second, and at once when its work is done. Its absence is a sign of death.
    /// </summary>
    /// <param name="Number">Ascending.</param>
    /// <param name="IsReady">Its actors are made; it waits for the start.</param>
    /// <param name="IsDone">Every task that is not a daemon has ended.</param>
    /// <param name="IsQuiet">Besides, no task is under way and no call is open.</param>
    /// <param name="Epoch">The view that is installed.</param>
    /// <param name="FramesOut">Frames sent and received: when they do not change between two looks at all processes,
    /// nothing was on its way.</param>
    /// <param name="FramesIn">See there.</param>
    /// <param name="Unreachable">Members that have not answered for too long.</param>
    /// <param name="IsHopeless">The oracle ended the run.</param>
    /// <param name="Live">Figures for the live view.</param>
    public sealed record Status(
        long Number,
        bool IsReady,
        bool IsDone,
        bool IsQuiet,
        int Epoch,
        long FramesOut,
        long FramesIn,
        IReadOnlyList<int> Unreachable,
        bool IsHopeless,
        LiveStatus? Live) : ControlMessage;

    /// <summary>Coordinator: a cut of all processes begins.</summary>
    public sealed record BeginCut(int Number) : ControlMessage;

    /// <summary>Member: its part of a cut.</summary>
    /// <param name="Number">Number of the cut.</param>
    /// <param name="Gateway">Snapshot of its gateway.</param>
    /// <param name="Nodes">Its nodes, and its stand-ins for those of others.</param>
    /// <param name="TookMs">Time that the visits took.</param>
    /// <param name="IsComplete">False: the run ended meanwhile.</param>
    public sealed record CutPart(
        int Number,
        GatewaySnapshot Gateway,
        IReadOnlyList<NodePart> Nodes,
        double TookMs,
        bool IsComplete
    ) : ControlMessage;

    /// <summary>Coordinator, for an experiment: lose frames to and from these members; empty ends it.</summary>
    public sealed record CutOff(IReadOnlyList<int> Members) : ControlMessage;

    /// <summary>
    /// Coordinator, for an experiment: kill yourself with SIGKILL the next time that a batch of reclaim has isolated
    /// pages.
    /// </summary>
    public sealed record Arm : ControlMessage;

    /// <summary>Coordinator: the run is over; send the result, and leave.</summary>
    /// <param name="End">Reason, as in the report.</param>
    public sealed record Stop(RunEndKind End) : ControlMessage;

    /// <summary>Member: its report, and its part of the last audit, taken when nothing ran any more.</summary>
    public sealed record Result(RunReport Report, CutPart Rest, WireCounts Wire, long FencedFrames, long SentAgain)
        : ControlMessage;

    /// <summary>Member: an actor failed, and with it the process.</summary>
    public sealed record Failed(string Message) : ControlMessage;
}

/// <summary>Reason for which the coordinator ends a run.</summary>
public enum RunEndKind
{
    Finished,

    /// <summary>The time limit of the scenario.</summary>
    TimeLimit,

    /// <summary>No task of any process can go on.</summary>
    Deadlock,

    /// <summary>An oracle found the run hopeless, or a process failed.</summary>
    Stopped,

    /// <summary>Ctrl-C.</summary>
    Cancelled,
}

/// <summary>A NUMA node in one process at a cut.</summary>
/// <param name="Node">Its number.</param>
/// <param name="Present">Pages of it that this process has.</param>
/// <param name="Free">Of those, free ones.</param>
/// <param name="Poisoned">Of those, on the poison list.</param>
/// <param name="Lent">Pages lent to others; of the process that has the node.</param>
/// <param name="LentSum">Sum of their numbers: it names the page when one is lost.</param>
/// <param name="Borrowed">Pages borrowed; of any other process.</param>
/// <param name="BorrowedSum">Sum of their numbers.</param>
/// <param name="OwnCounter">The node's own counter.</param>
public sealed record NodePart(
    int Node,
    int Present,
    int Free,
    int Poisoned,
    int Lent,
    long LentSum,
    int Borrowed,
    long BorrowedSum,
    long OwnCounter);
