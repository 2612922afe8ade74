using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>What both ends of the transport on sockets need to know.</summary>
public sealed record SocketOptions
{
    /// <summary>
    /// A secret of this run, which the coordinator gives to the processes that it starts: other programs on this machine reach the ports too, and must not be heard. Empty for none.
    /// </summary>
    public required string Token { get; init; }

    /// <summary>How long a member waits for its welcome. It comes when everybody is there, so this is the time that all processes have to come up.</summary>
    public TimeSpan JoinLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the other end of a new connection may take to say who it is, and how long an end that is left may take to read what was told it last.</summary>
    public TimeSpan HandshakeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Encoded frames that may wait for one destination, bytes. What does not fit is dropped, and sent again by the exchange.</summary>
    public int BufferBytes { get; init; } = BundleWriter.MaxBytes;

    /// <summary>Gets a line when a connection is refused or breaks; called from any thread.</summary>
    public Action<string> Log { get; init; } = static _ => { };

    /// <summary>A secret that nobody guesses.</summary>
    public static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>Reads <c>127.0.0.1:PORT</c> or <c>localhost:PORT</c>.</summary>
    /// <exception cref="ClusterException">it is something else.</exception>
    public static IPEndPoint ParseAddress(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        int colon = address.LastIndexOf(':');
        if (colon < 0 || !ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new ClusterException($"'{address}' is no address: write it as HOST:PORT, e.g. 127.0.0.1:4711.");
        }

        string host = address[..colon];
        return CheckLoopback(
            host == "localhost" ? new IPEndPoint(IPAddress.Loopback, port)
            : IPAddress.TryParse(host, out IPAddress? ip) ? new IPEndPoint(ip, port)
            : throw OtherHost(host));
    }

    /// <summary>The address as people and views have it.</summary>
    internal static string Text(IPEndPoint address) => $"{address.Address}:{address.Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Nothing that goes over these sockets is encrypted, and nobody but a parent finds its children: other hosts are the business of Akka.Cluster.</summary>
    internal static IPEndPoint CheckLoopback(IPEndPoint address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address.Address.Equals(IPAddress.Loopback) ? address : throw OtherHost(address.Address.ToString());
    }

    private static ClusterException OtherHost(string host) => new(
        $"plain sockets stay on this machine (127.0.0.1), and '{host}' is another address: a machine over several hosts needs Akka.Cluster, in a build with the Akka.NET packages.");
}
