using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using EpcActors.Actors.Cluster;
using EpcActors.Distribution.Wire;

namespace EpcActors.Distribution.Transport.Sockets;

/// <summary>What a connection is for.</summary>
internal enum ConnectionKind : byte
{
    /// <summary>Control messages between a member and the coordinator.</summary>
    Control = 1,

    /// <summary>Frames from one member to another.</summary>
    Frames = 2,
}

/// <summary>
/// The first thing on a connection: who opens it and for what. It is answered with one byte, 0 for welcome, or with a reason of refusal, so that the one that is refused can say why.
/// </summary>
/// <remarks>
/// Magic <c>EPCA</c> (4), version of the transport (1), version of the frames (1): these stay where they are for ever. Then kind (1), from (2), incarnation (4), to (2), its incarnation (4),
/// length of the token (1) and the token. The answer: verdict (1), length of the reason (2), the reason in UTF-8. Little-endian.
/// </remarks>
internal readonly record struct Preamble(ConnectionKind Kind, short From, int FromIncarnation, short To, int ToIncarnation)
{
    public const byte Version = 1;

    private const uint Magic = 'E' | ('P' << 8) | ('C' << 16) | ('A' << 24);
    private const int FixedBytes = 20;
    private const int MaxReasonBytes = 1024;

    /// <summary>Introduces itself, and waits for the answer.</summary>
    /// <exception cref="ConnectionRefusedException">the other end does not want it.</exception>
    public async Task SendAsync(Socket socket, string token, CancellationToken cancellationToken)
    {
        await socket.SendAllAsync(Encode(token), cancellationToken).ConfigureAwait(false);
        byte[] answer = new byte[3 + MaxReasonBytes];
        await socket.ReceiveAllAsync(answer.AsMemory(0, 3), "the answer to a preamble", cancellationToken).ConfigureAwait(false);
        if (answer[0] == 0)
        {
            return;
        }

        int length = Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(answer.AsSpan(1)), MaxReasonBytes);
        await socket.ReceiveAllAsync(answer.AsMemory(3, length), "the reason of a refusal", cancellationToken).ConfigureAwait(false);
        throw new ConnectionRefusedException(Encoding.UTF8.GetString(answer, 3, length));
    }

    /// <summary>Reads the other end's. Only one that this program may talk to is returned; it has not been answered.</summary>
    /// <exception cref="ConnectionRefusedException">of another program, version or run; tell it so.</exception>
    /// <exception cref="WireFormatException">this is no preamble.</exception>
    public static async Task<Preamble> ReceiveAsync(Socket socket, string token, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[FixedBytes + byte.MaxValue];
        await socket.ReceiveAllAsync(bytes.AsMemory(0, 6), "a preamble", cancellationToken).ConfigureAwait(false);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            throw new WireFormatException("a connection does not begin as one of this program does");
        }

        if (bytes[4] != Version || bytes[5] != Frame.CurrentVersion)
        {
            throw new ConnectionRefusedException(
                $"it speaks version {bytes[4]}.{bytes[5]} and this process {Version}.{Frame.CurrentVersion}: all processes must be of the same build");
        }

        await socket.ReceiveAllAsync(bytes.AsMemory(6, FixedBytes - 6), "a preamble", cancellationToken).ConfigureAwait(false);
        int length = bytes[FixedBytes - 1];
        await socket.ReceiveAllAsync(bytes.AsMemory(FixedBytes, length), "a token", cancellationToken).ConfigureAwait(false);
        if (!CryptographicOperations.FixedTimeEquals(bytes.AsSpan(FixedBytes, length), Encoding.UTF8.GetBytes(token)))
        {
            throw new ConnectionRefusedException("it does not have the token of this run: processes are started by 'epc cluster', which gives it to them");
        }

        return Decode(bytes);
    }

    /// <summary>Lets the other end in.</summary>
    public static Task AcceptAsync(Socket socket, CancellationToken cancellationToken) => socket.SendAllAsync(new byte[3], cancellationToken);

    /// <summary>Tells the other end why not.</summary>
    public static Task RefuseAsync(Socket socket, string reason, CancellationToken cancellationToken)
    {
        byte[] answer = new byte[3 + Math.Min(Encoding.UTF8.GetByteCount(reason), MaxReasonBytes)];
        answer[0] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(answer.AsSpan(1), (ushort)(answer.Length - 3));
        Encoding.UTF8.GetBytes(reason).AsSpan(0, answer.Length - 3).CopyTo(answer.AsSpan(3));
        return socket.SendAllAsync(answer, cancellationToken);
    }

    private byte[] Encode(string token)
    {
        byte[] secret = Encoding.UTF8.GetBytes(token);
        byte[] bytes = new byte[FixedBytes + secret.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        bytes[4] = Version;
        bytes[5] = Frame.CurrentVersion;
        bytes[6] = (byte)Kind;
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(7), From);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(9), FromIncarnation);
        BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(13), To);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(15), ToIncarnation);
        bytes[FixedBytes - 1] = (byte)secret.Length;
        secret.CopyTo(bytes, FixedBytes);
        return bytes;
    }

    private static Preamble Decode(ReadOnlySpan<byte> bytes)
    {
        WireReader reader = new(bytes[6..]);
        ConnectionKind kind = (ConnectionKind)reader.Byte("the kind of a connection");
        return kind is ConnectionKind.Control or ConnectionKind.Frames
            ? new Preamble(kind, reader.Int16("from"), reader.Int32("an incarnation"), reader.Int16("to"), reader.Int32("an incarnation"))
            : throw new WireFormatException($"a connection is of the kind {(byte)kind}, which does not exist");
    }
}

/// <summary>A connection was refused by the end that listens; the message says why.</summary>
internal sealed class ConnectionRefusedException(string reason) : Exception(reason);
