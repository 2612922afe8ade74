using System.Buffers.Binary;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// Stands before a bundle that travels on a queue: which two lives the queue joins, how far it has come, and how far
/// the other direction has arrived. A head without a bundle behind it is an answer alone.
/// </summary>
/// <remarks>
/// Six numbers of 7 bits a byte in their shortest form, in the order of the parameters, and eight bytes of the seal; 14
/// bytes at least, 21 in most of a long run. A head has one encoding only.
/// </remarks>
/// <param name="From">Member that sends.</param>
/// <param name="To">Member that it is for.</param>
/// <param name="FromIncarnation">Life of the sender.</param>
/// <param name="ToIncarnation">Life of the receiver that the sender means.</param>
/// <param name="Sent">Bytes of all bundles of this queue up to the end of this one, heads included. A gap is a bundle
/// that was lost.</param>
/// <param name="Taken">The highest <see cref="Sent"/> that has come on the queue back. Everything before it has arrived
/// or is lost.</param>
/// <param name="Seal">Shows that the sender has the token of the run.</param>
public readonly record struct BundleHead(
    short From, short To, int FromIncarnation, int ToIncarnation, long Sent, long Taken, ulong Seal)
{
    /// <summary>Most bytes that a head takes.</summary>
    public const int MaxBytes = (2 * 3) + (2 * 5) + (2 * 9) + sizeof(ulong);

    /// <summary>Writes a head; no allocation.</summary>
    /// <param name="to">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> to)
    {
        int at = FrameCodec.Write(to, 0, (uint)From);
        at = FrameCodec.Write(to, at, (uint)To);
        at = FrameCodec.Write(to, at, (uint)FromIncarnation);
        at = FrameCodec.Write(to, at, (uint)ToIncarnation);
        at = FrameCodec.Write(to, at, (ulong)Sent);
        at = FrameCodec.Write(to, at, (ulong)Taken);
        BinaryPrimitives.WriteUInt64LittleEndian(to[at..], Seal);
        return at + sizeof(ulong);
    }

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">A head, and perhaps a bundle.</param>
    /// <param name="length">Bytes of the head; the bundle begins behind them.</param>
    /// <exception cref="WireFormatException">the bytes do not begin with a head.</exception>
    public static BundleHead Read(ReadOnlySpan<byte> bytes, out int length)
    {
        WireReader reader = new(bytes);
        BundleHead head = new(
            FrameCodec.Member(ref reader, memberCount: 0),
            FrameCodec.Member(ref reader, memberCount: 0),
            (int)reader.Varint("the incarnation of the sender"),
            (int)reader.Varint("the incarnation of the receiver"),
            reader.Varint64("the bytes sent on a queue"),
            reader.Varint64("the bytes taken from a queue"),
            BinaryPrimitives.ReadUInt64LittleEndian(reader.Bytes(sizeof(ulong), "the seal of a bundle")));
        length = reader.Position;
        return head;
    }
}
