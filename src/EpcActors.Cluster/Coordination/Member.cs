using EpcActors.Cluster.Transport;

namespace EpcActors.Cluster.Coordination;

/// <summary>
/// A member as the coordinator has it: the place of some sockets in the cluster, and the process that fills it now. Of
/// the coordinator's loop alone.
/// </summary>
internal sealed class Member(IReadOnlyList<int> sockets, bool isOwn)
{
    /// <summary>NUMA nodes that it has.</summary>
    public IReadOnlyList<int> Sockets { get; } = sockets;

    /// <summary>Its process is started here.</summary>
    public bool IsOwn { get; } = isOwn;

    /// <summary>
    /// Known once the cluster is complete: members are numbered by their lowest socket, so that a number means the same
    /// in every run.
    /// </summary>
    public int Number { get; set; } = -1;

    /// <summary>Lives so far.</summary>
    public int Incarnation { get; set; }

    /// <summary>It is in the view.</summary>
    public bool IsAlive { get; set; }

    /// <summary>Link to the process; null while there is none.</summary>
    public MemberLink? Link { get; set; }

    public ControlMessage.Hello? Hello { get; set; }

    /// <summary>
    /// Ticket by which the coordinator recognises the process, awaited or present; empty for one that comes by itself.
    /// </summary>
    public string Ticket { get; set; } = "";

    public IOwnProcess? Process { get; set; }

    /// <summary>A new process was started, or is, and has not come yet; since when.</summary>
    public bool IsAwaited { get; set; }

    public long AwaitedSinceNs { get; set; }

    /// <summary>Processes that were started and died before they were ready, in a row.</summary>
    public int FalseStarts { get; set; }

    /// <summary>It has its actors.</summary>
    public bool IsReady { get; set; }

    /// <summary>It was told to begin.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>
    /// Time at which it was told to begin, by the coordinator's clock of silence, as are the times below.
    /// </summary>
    public long StartedNs { get; private set; }

    /// <summary>Time of the last message from it.</summary>
    public long HeardNs { get; private set; }

    /// <summary>Since when it is heard without a gap.</summary>
    public long HeardSinceNs { get; private set; }

    /// <summary>Time at which it first reported its newest view.</summary>
    public long InstalledNs { get; set; }

    public ControlMessage.Status? Status { get; set; }

    /// <summary>By member: since when it does not reach it; absent: it does.</summary>
    public Dictionary<int, long> UnreachableSinceNs { get; } = [];

    public ControlMessage.Result? Result { get; set; }

    /// <summary>Reason why there is no result; empty when there may be one.</summary>
    public string Missing { get; set; } = "";

    public string Where => Hello is { } hello ? $"process {hello.ProcessId} on {hello.Host}" : "no process";

    /// <summary>A new process fills its place.</summary>
    public void Enter(MemberLink link, ControlMessage.Hello hello, long nowNs)
    {
        Link = link;
        Hello = hello;
        IsAwaited = false;
        IsReady = false;
        HasStarted = false;
        HeardNs = nowNs;
        HeardSinceNs = nowNs;
        Status = null;
        Result = null;
        UnreachableSinceNs.Clear();
    }

    /// <summary>It is told to begin.</summary>
    public void Start(long nowNs)
    {
        HasStarted = true;
        StartedNs = nowNs;
        Hear(nowNs, long.MaxValue);
    }

    /// <summary>Something is heard of it.</summary>
    /// <param name="nowNs">Now.</param>
    /// <param name="gapNs">Silence of this length is a gap.</param>
    public void Hear(long nowNs, long gapNs)
    {
        if (nowNs - HeardNs >= gapNs)
        {
            HeardSinceNs = nowNs;
        }

        HeardNs = nowNs;
    }
}

/// <summary>A death as it is written down.</summary>
internal sealed class Death(int member, int incarnation, long atNs, string reason, string ticket)
{
    public int Member { get; } = member;

    public int Incarnation { get; } = incarnation;

    public long AtNs { get; } = atNs;

    public string Reason { get; set; } = reason;

    /// <summary>Of the process, to know what is heard of it later.</summary>
    public string Ticket { get; } = ticket;

    /// <summary>An experiment wanted it.</summary>
    public bool IsPlanned { get; init; }

    /// <summary>The view without it.</summary>
    public int Epoch { get; set; }

    public long? InstalledNs { get; set; }

    public long? CleanAuditNs { get; set; }

    public long? BackNs { get; set; }
}
