using System.Globalization;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Akka.Actor;
using Akka.Configuration;
using EpcActors.Cluster.Transport;
using AkkaCluster = Akka.Cluster.Cluster;

namespace EpcActors.Cluster.AkkaTransport;

/// <summary>
/// The <see cref="ActorSystem"/> for the traffic between processes: its configuration, its start, its end. The engine
/// runs the machine in another one.
/// </summary>
internal static class ClusterSystem
{
    /// <summary>Dispatcher of all our actors in it.</summary>
    public const string Dispatcher = "akka.actor.epc-wire-dispatcher";

    private const string Conf = "cluster.conf";
    private static readonly TimeSpan ShortestFailureTimeout = TimeSpan.FromMilliseconds(250);

    /// <exception cref="ClusterException">the port is in use, the host may not be listened on, or the akka block is
    /// wrong.</exception>
    public static ActorSystem Create(AkkaClusterOptions options, IEnumerable<string> roles, WireMeter? meter = null)
    {
        if (options.PublicHost.Length == 0 && options.Host is "0.0.0.0" or "::")
        {
            throw new ClusterException(
                ClusterErrorKind.Usage,
                $"{options.Host} is not an address that others can be told: say as well under which name this host is "
                    + "reached");
        }

        Config user;
        try
        {
            user = string.IsNullOrWhiteSpace(options.AkkaBlock)
                ? ConfigurationFactory.Empty
                : ConfigurationFactory.ParseString(options.AkkaBlock);
        }
#pragma warning disable CA1031 // Its parser has no type of exception of its own.
        catch (Exception error)
#pragma warning restore CA1031
        {
            throw Wrong(options, error);
        }

        ActorSystem? system = null;
        Config all = Identity(options, roles)
            .WithFallback(user)
            .WithFallback(FollowingFrom(options.FailureTimeout))
            .WithFallback(Text());
        try
        {
            system = ActorSystem.Create(
                AkkaClusterOptions.SystemName,
                BootstrapSetup.Create().WithConfig(all).And(meter ?? new WireMeter()));

            // Else an error in it would be only a line in a log, and a node that never comes up.
            _ = AkkaCluster.Get(system).DowningProvider.DowningActorProps;
            return system;
        }
        // Whatever Akka makes of a configuration, it is the configuration: types that do not exist, values out of
        // range; or the socket.
#pragma warning disable CA1031
        catch (Exception error)
#pragma warning restore CA1031
        {
            if (system is not null)
            {
                ((ExtendedActorSystem)system).Abort();
            }

            throw Chain(error).OfType<SocketException>().FirstOrDefault() is { } socket
                ? Unbound(options, socket)
                : Wrong(options, error);
        }
    }

    /// <summary>
    /// Leaves the cluster and ends the system, through all phases of <see cref="CoordinatedShutdown"/>.
    /// </summary>
    /// <param name="system">The system.</param>
    /// <param name="reason">Reason, for its log.</param>
    /// <param name="cancellationToken">Ends it at once, without leaving.</param>
    public static async Task LeaveAsync(
        ActorSystem system,
        CoordinatedShutdown.Reason reason,
        CancellationToken cancellationToken)
    {
        _ = CoordinatedShutdown.Get(system).Run(reason);
        try
        {
            await system.WhenTerminated.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            ((ExtendedActorSystem)system).Abort();
            await system.WhenTerminated.ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>For people: <c>host:port</c>.</summary>
    public static string Place(Address address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}");

    /// <summary>An actor of another process by its path. It sends no request: the actor need not exist.</summary>
    public static IActorRef Resolve(ActorSystem system, string address, string name) =>
        ((ExtendedActorSystem)system).Provider.ResolveActorRef(
            new RootActorPath(global::Akka.Actor.Address.Parse(address)) / "user" / name);

    /// <summary>
    /// Settings that the user's file cannot change: the identity of this process and the format of its messages.
    /// </summary>
    private static Config Identity(AkkaClusterOptions options, IEnumerable<string> roles)
    {
        string version = typeof(ClusterSystem).Assembly.GetName().Version!.ToString(3);
        string serializer = TypeName(typeof(WireSerializer));
        StringBuilder bindings = new();
        foreach (Type type in WireSerializer.Types)
        {
            bindings.Append(CultureInfo.InvariantCulture, $"{Quote(TypeName(type))} = epc-wire, ");
        }

        return ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
            akka {
              actor {
                provider = cluster
                serialize-messages = off
                serializers.epc-wire = {{Quote(serializer)}}
                # Whatever else would go over the wire by reflection is an error, not JSON.
                serialization-bindings { {{bindings}} "System.Object" = epc-wire }
              }
              remote.dot-netty.tcp {
                hostname = {{Quote(options.Host)}}
                port = {{options.Port}}
                public-hostname = {{Quote(options.PublicHost.Length > 0 ? options.PublicHost : options.Host)}}
              }
              cluster {
                roles = [{{string.Join(", ", roles.Select(Quote))}}]
                seed-nodes = []
                app-version = {{Quote(version)}}
              }
              coordinated-shutdown { exit-clr = off, terminate-actor-system = on, run-by-actor-system-terminate = on }
            }
            """));
    }

    /// <summary>
    /// A heartbeat twenty times in the failure timeout. After two fifths of it without one the process is unreachable;
    /// after another half it is downed. The rest is for gossip to go round.
    /// </summary>
    private static Config FollowingFrom(TimeSpan failureTimeout)
    {
        double ms = Math.Max(failureTimeout.TotalMilliseconds, ShortestFailureTimeout.TotalMilliseconds);
        int interval = (int)Math.Clamp(ms / 20, 25, 1000);
        return ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
            akka.cluster {
              failure-detector {
                heartbeat-interval = {{interval}} ms
                acceptable-heartbeat-pause = {{(int)(ms * 0.4)}} ms
                expected-response-after = {{interval}} ms
                min-std-deviation = {{(int)Math.Clamp(ms / 100, 10, 100)}} ms
              }
              keep-coordinator.stable-after = {{(int)(ms * 0.5)}} ms
              gossip-interval = {{Math.Min(interval, 100)}} ms
              leader-actions-interval = {{Math.Min(interval, 100)}} ms
              unreachable-nodes-reaper-interval = {{Math.Min(interval, 200)}} ms
            }
            """));
    }

    private static ClusterException Unbound(AkkaClusterOptions options, SocketException error) =>
        new(
            error.SocketErrorCode is SocketError.TooManyOpenSockets
                ? ClusterErrorKind.NotSupported
                : ClusterErrorKind.Usage,
            error.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse =>
                    $"port {options.Port} of {options.Host} is in use: another run, or another program; name another "
                        + "port, or none",
                SocketError.AddressNotAvailable or SocketError.HostNotFound or SocketError.TryAgain =>
                    $"{options.Host} is not an address of this host ({error.Message}); "
                        + "say which one to listen on, and under which name others reach it",
                SocketError.AccessDenied =>
                    $"port {options.Port} of {options.Host} may not be listened on by this user",
                var other => $"{options.Host}:{options.Port} cannot be listened on: {error.Message} ({other})",
            },
            error);

    private static ClusterException Wrong(AkkaClusterOptions options, Exception error)
    {
        string place = options.AkkaOrigin.Length > 0 ? $"{options.AkkaOrigin}: " : "";
        Exception said = error;
        while (said is TargetInvocationException or AggregateException && said.InnerException is { } inner)
        {
            said = inner;
        }

        return new ClusterException(
            ClusterErrorKind.Usage,
            $"{place}the akka block does not make an actor system for the cluster: {said.Message}",
            error);
    }

    private static IEnumerable<Exception> Chain(Exception error)
    {
        yield return error;
        foreach (
            Exception inner in error is AggregateException all ? all.InnerExceptions
            : error.InnerException is { } one ? [one]
            : (IEnumerable<Exception>)[])
        {
            foreach (Exception below in Chain(inner))
            {
                yield return below;
            }
        }
    }

    private static string TypeName(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    private static string Quote(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static Config Text()
    {
        using StreamReader reader = new(typeof(ClusterSystem).Assembly.GetManifestResourceStream(Conf)!);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }
}
