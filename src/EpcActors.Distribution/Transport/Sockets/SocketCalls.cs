using System.Net;
using System.Net.Sockets;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>What plain sockets lack: all of it or an exception.</summary>
internal static class SocketCalls
{
    /// <summary>A socket that sends at once: bundling is the business of the sender, not of Nagle.</summary>
    public static Socket New() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Sends all of it, in one write unless the kernel takes less.</summary>
    /// <returns>How many writes it took.</returns>
    public static async Task<int> SendAllAsync(this Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        int writes = 0;
        while (!bytes.IsEmpty)
        {
            int sent = await socket.SendAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            bytes = bytes[sent..];
            writes++;
        }

        return writes;
    }

    /// <summary>Fills all of it.</summary>
    /// <exception cref="WireFormatException">the connection ended before.</exception>
    public static async Task ReceiveAllAsync(this Socket socket, Memory<byte> bytes, string what, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            int received = await socket.ReceiveAsync(bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (received == 0)
            {
                throw new WireFormatException($"the connection ended in {what}");
            }

            bytes = bytes[received..];
        }
    }

    /// <summary>Waits for the end of a connection on which nothing more is to come.</summary>
    public static async Task ReceiveEndAsync(this Socket socket, CancellationToken cancellationToken)
    {
        byte[] rest = new byte[256];
        while (await socket.ReceiveAsync(rest, SocketFlags.None, cancellationToken).ConfigureAwait(false) > 0)
        {
        }
    }

    /// <summary>How a connection ends when nobody here made a mistake: the other end went away, sent nonsense, or was too slow, or this end closed.</summary>
    public static bool IsEndOfConnection(this Exception error) =>
        error is SocketException or IOException or ObjectDisposedException or OperationCanceledException or WireFormatException or ConnectionRefusedException;

    public static string AddressOf(this Socket socket) => socket.RemoteEndPoint is IPEndPoint end ? SocketOptions.Text(end) : "?";
}
