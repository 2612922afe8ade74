namespace EpcActors.Cluster.AkkaTransport;

/// <summary>Address of a process of the cluster, and the time after which a silent one counts as dead.</summary>
public sealed record AkkaClusterOptions
{
    /// <summary>Name or address of this host to listen on.</summary>
    public string Host { get; init; } = Loopback;

    /// <summary>0: whichever is free.</summary>
    public int Port { get; init; }

    /// <summary>
    /// Name of this host for other hosts, where that is not <see cref="Host"/>: behind a NAT, or when the process
    /// listens on all addresses. Empty: <see cref="Host"/>.
    /// </summary>
    public string PublicHost { get; init; } = "";

    /// <summary>Address of the coordinator, <c>host:port</c>. For members only.</summary>
    public string Seed { get; init; } = "";

    /// <summary>
    /// The secret of the run. Coordinator and members prove to one another that they have it, and have nothing to do
    /// with a process that does not. Empty: any process of this build that reaches the port may
    /// join.
    /// </summary>
    public string Token { get; init; } = "";

    /// <summary>A process that was not heard of for about so long is dead. A quarter of a second at least.</summary>
    public TimeSpan FailureTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for a member to reach the coordinator, and for a coordinator to begin to listen.</summary>
    public TimeSpan JoinTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The <c>akka</c> block of the user's file as HOCON text, <c>akka { … }</c>; it overrides every setting but the
    /// identity of this process and the wire format.
    /// </summary>
    public string AkkaBlock { get; init; } = "";

    /// <summary>Position of that block, <c>file:line:column</c>, for errors.</summary>
    public string AkkaOrigin { get; init; } = "";

    /// <summary>
    /// Gets a sentence whenever the state of a process changes for the cluster: unreachable, reachable again, downed.
    /// From any thread; must not block. A process that is not heard of may come back: only
    /// <see cref="Transport.ICoordinatorListener.OnLost"/> says that one is dead.
    /// </summary>
    public Action<string>? OnNote { get; init; }

    /// <summary>Default address to listen on: other hosts do not reach it.</summary>
    public const string Loopback = "127.0.0.1";

    /// <summary>Name of the actor systems; all processes of a cluster have the same.</summary>
    public const string SystemName = "epc-cluster";

    /// <summary>Role of the process that makes the views.</summary>
    public const string CoordinatorRole = "epc-coordinator";

    /// <summary>Role of a process with sockets of the machine.</summary>
    public const string MemberRole = "epc-member";

    /// <summary>Without the token, which must not get into a log.</summary>
    public override string ToString() => $"{Host}:{Port}{(Seed.Length > 0 ? $", joins {Seed}" : "")}";

    /// <summary>Role of the process that has a socket.</summary>
    public static string SocketRole(int socket) => $"epc-socket-{socket}";
}
