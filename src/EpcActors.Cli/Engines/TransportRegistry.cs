using System.Net;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;
using EpcActors.Engine.Akka.Cluster;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Cli.Engines;

/// <summary>What a transport has to know to open or to join a cluster.</summary>
internal sealed record TransportRequest
{
    public required Scenario Scenario { get; init; }

    /// <summary>Name or address of this host to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port of this process; 0 for any that is free.</summary>
    public int Port { get; init; }

    /// <summary>Where the coordinator is, <c>host:port</c>; of a member only.</summary>
    public string Seed { get; init; } = "";

    /// <summary>A secret that the coordinator gives to those that it starts; empty for none.</summary>
    public string Token { get; init; } = "";

    /// <summary>How long a member waits for everybody to come.</summary>
    public TimeSpan JoinLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets what is worth a line; from any thread.</summary>
    public Action<string> Log { get; init; } = static _ => { };
}

/// <summary>What carries the messages of a cluster.</summary>
internal sealed record TransportEntry
{
    /// <summary>Value of <c>--transport</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Nodes of other machines can join.</summary>
    public bool ReachesOtherMachines { get; init; }

    public required Func<TransportRequest, ICoordinatorTransport> NewCoordinator { get; init; }

    public required Func<TransportRequest, IMemberTransport> NewMember { get; init; }
}

/// <summary>The transports.</summary>
internal sealed class TransportRegistry(IReadOnlyList<TransportEntry> entries)
{
    public IReadOnlyList<TransportEntry> Entries { get; } = entries;

    /// <summary>Akka.Cluster.</summary>
    public TransportEntry Default => ForOtherMachines;

    /// <summary>For processes of several machines.</summary>
    public TransportEntry ForOtherMachines => Entries.First(one => one.ReachesOtherMachines);

    /// <summary>Every transport there is.</summary>
    public static TransportRegistry All() => new(
    [
        new TransportEntry
        {
            Name = "sockets",
            NewCoordinator = request => new SocketCoordinatorTransport(new IPEndPoint(IPAddress.Loopback, request.Port), Options(request)),
            NewMember = request => new SocketMemberTransport(SocketOptions.ParseAddress(request.Seed), Options(request)),
        },
        new TransportEntry
        {
            Name = "akka",
            ReachesOtherMachines = true,
            NewCoordinator = request => new AkkaCoordinatorTransport(AkkaOptions(request)),
            NewMember = request => new AkkaMemberTransport(AkkaOptions(request)),
        },
    ]);

    /// <summary>The transport of that name.</summary>
    /// <exception cref="CommandException">there is none of that name (usage).</exception>
    public TransportEntry Require(string name)
    {
        return Entries.FirstOrDefault(one => one.Name == name)
            ?? throw CommandException.Usage($"--transport {name}: there is no such transport{Suggestions.DidYouMeanOrStop(name, Entries.Select(one => one.Name))} "
                + $"There are: {string.Join(", ", Entries.Select(one => one.Name))}.");
    }

    private static SocketOptions Options(TransportRequest request) => new() { Token = request.Token, JoinLimit = request.JoinLimit, Log = request.Log };

    private static AkkaClusterOptions AkkaOptions(TransportRequest request) => new()
    {
        Host = request.Host,
        Port = request.Port,
        Seed = request.Seed,
        FailureTimeout = TimeSpan.FromTicks(request.Scenario.Cluster.FailureTimeoutNs / 100),
        JoinTimeout = request.JoinLimit,
        AkkaBlock = request.Scenario.OwnAkkaBlock,
        AkkaOrigin = request.Scenario.AkkaOrigin,
        OnNote = request.Log,
    };
}
