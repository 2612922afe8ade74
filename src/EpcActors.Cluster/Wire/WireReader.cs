using System.Buffers.Binary;

namespace EpcActors.Cluster.Wire;

/// <summary>Reads numbers off a span, and knows where it is when something is missing.</summary>
internal ref struct WireReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public readonly int Left => _bytes.Length - Position;

    public byte Byte(string what)
    {
        if (Position >= _bytes.Length)
        {
            throw Truncated(what);
        }

        return _bytes[Position++];
    }

    public ushort UInt16(string what) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(sizeof(ushort), what));

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(sizeof(uint), what));

    public int Int32(string what) => BinaryPrimitives.ReadInt32LittleEndian(Bytes(sizeof(int), what));

    public short Int16(string what) => BinaryPrimitives.ReadInt16LittleEndian(Bytes(sizeof(short), what));

    public ReadOnlySpan<byte> Bytes(int count, string what)
    {
        if (Left < count)
        {
            throw Truncated(what);
        }

        ReadOnlySpan<byte> found = _bytes.Slice(Position, count);
        Position += count;
        return found;
    }

    /// <summary>
    /// Seven bits a byte, the lowest first. Only the shortest form is taken, so that no two inputs mean the same.
    /// </summary>
    public uint Varint(string what)
    {
        if (Position < _bytes.Length && _bytes[Position] < 0x80)
        {
            return _bytes[Position++];
        }

        return (uint)Varint(what, 32);
    }

    /// <summary>The same for a number of 64 bits that is not negative when it is read as signed.</summary>
    public long Varint64(string what) => (long)Varint(what, 63);

    private ulong Varint(string what, int bits)
    {
        ulong value = 0;
        for (int shift = 0; shift < bits; shift += 7)
        {
            byte next = Byte(what);
            value |= (ulong)(next & 0x7F) << shift;
            if (next >= 0x80)
            {
                continue;
            }

            // Bits beyond the width, or a last byte that adds nothing.
            if ((bits - shift < 7 && next >> (bits - shift) != 0) || (shift > 0 && next == 0))
            {
                break;
            }

            return value;
        }

        throw new WireFormatException(
            $"{what} at byte {Position} is not a valid number of {bits} bits in its shortest form");
    }

    private readonly WireFormatException Truncated(string what) =>
        new($"the input ends at byte {_bytes.Length}, in {what}");
}
