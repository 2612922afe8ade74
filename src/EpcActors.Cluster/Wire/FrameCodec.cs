using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EpcActors.Cluster.Sharing;
using EpcActors.Engine;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// One <see cref="Frame"/> as bytes, without the version: that stands once in the bundle around it (<see
/// cref="BundleWriter"/>).
/// </summary>
/// <remarks>
/// <para>Little-endian. In this order: kind (1 byte), message code (2), then as numbers of 7 bits a byte the members
/// from and to, the incarnations from and to, epoch, caller, sequence and cut; the length of the message (1), and the
/// message as it is in memory. All of these numbers are small for most of a run, so a frame has 12 bytes and a few
/// beside its message, not the 32 that the fields have.</para>
/// <para>A frame has one encoding only. A change of any of this, or of a message, needs a higher
/// <see cref="Frame.CurrentVersion"/>.</para>
/// </remarks>
public static class FrameCodec
{
    /// <summary>Most bytes that a frame may take.</summary>
    public const int MaxBytes = 3 + (2 * 3) + (6 * 5) + 1 + Frame.MaxPayload;

    /// <summary>Fewest bytes that a frame takes.</summary>
    public const int MinBytes = 3 + 2 + 6 + 1;

    /// <summary>Writes a frame; no allocation.</summary>
    /// <param name="frame">A frame of the current version.</param>
    /// <param name="to">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Encode(in Frame frame, Span<byte> to)
    {
        if (!BitConverter.IsLittleEndian)
        {
            throw new PlatformNotSupportedException(
                "Messages travel as they are in memory, little-endian; this machine is not.");
        }

        int size = 0;
        if (frame.Kind is FrameKind.Request or FrameKind.Reply)
        {
            size = WireMessages.Find(frame.Code)?.Size
                ?? throw new InvariantViolation(
                    $"a frame with the message {frame.Code:x4} is to be sent, which does not travel");
        }
        else
        {
            Invariant.That(
                frame is { Kind: FrameKind.Fenced or FrameKind.Pending, Code: 0 },
                "a frame that is neither a request nor a reply nor a notice is to be sent");
        }

        Invariant.That(frame.Version == Frame.CurrentVersion, "a frame of another version is to be sent");
        Invariant.That(frame.From >= 0 && frame.To >= 0, "a frame goes between no members");
        to[0] = (byte)frame.Kind;
        BinaryPrimitives.WriteUInt16LittleEndian(to[1..], frame.Code);
        int at = 3;
        at = Write(to, at, (uint)frame.From);
        at = Write(to, at, (uint)frame.To);
        at = Write(to, at, (uint)frame.FromIncarnation);
        at = Write(to, at, (uint)frame.ToIncarnation);
        at = Write(to, at, (uint)frame.Epoch);
        at = Write(to, at, (uint)frame.Caller);
        at = Write(to, at, frame.Sequence);
        at = Write(to, at, (uint)frame.Cut);
        to[at++] = (byte)size;
        MemoryMarshal.AsBytes(new ReadOnlySpan<FramePayload>(in frame.Payload))[..size].CopyTo(to[at..]);
        return at + size;
    }

    /// <summary>Reads a frame; no allocation.</summary>
    /// <param name="reader">Reader at the frame's begin.</param>
    /// <param name="frame">All of it is overwritten.</param>
    /// <param name="memberCount">Members from this number on do not exist; 0 when that is not known.</param>
    /// <exception cref="WireFormatException">it is none.</exception>
    internal static void Decode(ref WireReader reader, out Frame frame, int memberCount)
    {
        frame = default;
        frame.Version = Frame.CurrentVersion;
        frame.Kind = (FrameKind)reader.Byte("the kind of a frame");
        if (frame.Kind is not (FrameKind.Request or FrameKind.Reply or FrameKind.Fenced or FrameKind.Pending))
        {
            throw new WireFormatException(
                $"a frame has the kind {(byte)frame.Kind} at byte {reader.Position - 1}, which does not exist");
        }

        frame.Code = reader.UInt16("the code of a message");
        int size = 0;
        if (frame.Kind is FrameKind.Request or FrameKind.Reply)
        {
            size = WireMessages.Find(frame.Code)?.Size
                ?? throw new WireFormatException(
                    $"a frame has a message with the code {frame.Code:x4} at byte {reader.Position - 2}; no such "
                        + "message travels");
        }
        else if (frame.Code != 0)
        {
            throw new WireFormatException(
                $"a frame of the kind {frame.Kind} has a message with the code {frame.Code:x4}; such a frame has none");
        }

        frame.From = Member(ref reader, memberCount);
        frame.To = Member(ref reader, memberCount);
        frame.FromIncarnation = (int)reader.Varint("the incarnation of the sender");
        frame.ToIncarnation = (int)reader.Varint("the incarnation of the receiver");
        frame.Epoch = (int)reader.Varint("the epoch");
        frame.Caller = (int)reader.Varint("the caller");
        frame.Sequence = reader.Varint("the number of a call");
        frame.Cut = (int)reader.Varint("the number of a cut");
        int length = reader.Byte("the length of a message");
        if (length != size)
        {
            throw new WireFormatException(
                $"the message {WireMessages.Find(frame.Code)?.Name ?? "of a notice"} has {length} bytes at byte "
                    + $"{reader.Position - 1}; in version {Frame.CurrentVersion} it has {size}");
        }

        reader.Bytes(size, "a message").CopyTo(frame.PayloadBytes);
    }

    internal static short Member(ref WireReader reader, int memberCount)
    {
        uint member = reader.Varint("the number of a member");
        if (member > short.MaxValue || (memberCount > 0 && member >= memberCount))
        {
            throw new WireFormatException(
                $"a frame is from or to member {member} at byte {reader.Position}; there are "
                    + $"{(memberCount > 0 ? memberCount : short.MaxValue + 1)}");
        }

        return (short)member;
    }

    /// <summary>Seven bits a byte, the lowest first.</summary>
    /// <returns>Index of the next byte.</returns>
    internal static int Write(Span<byte> to, int at, ulong value)
    {
        while (value >= 0x80)
        {
            to[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[at++] = (byte)value;
        return at;
    }
}
