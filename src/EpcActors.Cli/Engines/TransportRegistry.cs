using System.Net;
using EpcActors.Distribution.Transport;
using EpcActors.Distribution.Transport.Sockets;
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

/// <summary>What carries the messages of a cluster: in this build, or known and missing.</summary>
internal sealed record TransportEntry
{
    /// <summary>Value of <c>--transport</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Nodes of other machines can join.</summary>
    public bool ReachesOtherMachines { get; init; }

    /// <summary>Null when this build has not got it.</summary>
    public Func<TransportRequest, ICoordinatorTransport>? NewCoordinator { get; init; }

    /// <summary>Null when this build has not got it.</summary>
    public Func<TransportRequest, IMemberTransport>? NewMember { get; init; }

    /// <summary>Why it is missing and how to get it; empty when it is there.</summary>
    public string HowToGet { get; init; } = "";

    public bool IsAvailable => NewCoordinator is not null && NewMember is not null;
}

/// <summary>The transports that this build has or could have. A new one adds its entry to <see cref="OfThisBuild"/>.</summary>
internal sealed class TransportRegistry(IReadOnlyList<TransportEntry> entries)
{
    public IReadOnlyList<TransportEntry> Entries { get; } = entries;

    /// <summary>Akka.Cluster where it is built in, as it is the live engine then; else plain sockets.</summary>
    public TransportEntry Default => ForOtherMachines is { IsAvailable: true } akka ? akka : Entries.First(one => one.IsAvailable);

    /// <summary>For processes of several machines; may be missing.</summary>
    public TransportEntry? ForOtherMachines => Entries.FirstOrDefault(one => one.ReachesOtherMachines);

    public static TransportRegistry OfThisBuild() => new(
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
#if AKKA
            NewCoordinator = request => new EpcActors.Engine.Akka.Cluster.AkkaCoordinatorTransport(AkkaOptions(request)),
            NewMember = request => new EpcActors.Engine.Akka.Cluster.AkkaMemberTransport(AkkaOptions(request)),
#else
            HowToGet = "Akka.Cluster is built in when the packages Akka, Akka.Cluster and Akka.TestKit.Xunit2 can be restored from your NuGet package sources: 'epc engines' says more.",
#endif
        },
    ]);

    /// <summary>The transport of that name, ready to be used.</summary>
    /// <exception cref="CommandException">unknown (usage), or known and missing here (not supported).</exception>
    public TransportEntry Require(string name)
    {
        TransportEntry? entry = Entries.FirstOrDefault(one => one.Name == name);
        if (entry is null)
        {
            throw CommandException.Usage($"--transport {name}: there is no such transport{Suggestions.DidYouMeanOrStop(name, Entries.Select(one => one.Name))} "
                + $"There are: {string.Join(", ", Entries.Select(one => one.Name))}.");
        }

        return entry.IsAvailable
            ? entry
            : throw new CommandException(
                ExitCode.NotSupported,
                $"--transport {name}: not in this build, which has: {string.Join(", ", Entries.Where(one => one.IsAvailable).Select(one => one.Name))}.\n{entry.HowToGet}");
    }

    /// <summary>A transport to other machines.</summary>
    /// <exception cref="CommandException">this build has none.</exception>
    public TransportEntry RequireOtherMachines(string option) =>
        ForOtherMachines is { IsAvailable: true } entry
            ? entry
            : throw new CommandException(
                ExitCode.NotSupported,
                $"{option}: plain sockets are for the processes of one machine, which 'epc cluster' starts itself; a machine over several hosts needs Akka.Cluster.\n{ForOtherMachines?.HowToGet}");

    private static SocketOptions Options(TransportRequest request) => new() { Token = request.Token, JoinLimit = request.JoinLimit, Log = request.Log };

#if AKKA
    private static EpcActors.Engine.Akka.Cluster.AkkaClusterOptions AkkaOptions(TransportRequest request) => new()
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
#endif
}
