using System.Buffers.Binary;
using EpcActors.Cluster.Sharing;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// Collects frames to be sent at once. The buffer is kept and used again; nothing is allocated once it has grown. For
/// one thread at a time.
/// </summary>
/// <remarks>
/// A bundle is: magic <c>EP</c> (2 bytes), version (1), bytes that follow the header (4), number of frames (2), the
/// frames one behind the other (<see cref="FrameCodec"/>). Little-endian.
/// </remarks>
/// <param name="limitBytes">Longest that the bundle may become, bytes with the header; at most <see
/// cref="MaxBytes"/>.</param>
public sealed class BundleWriter(int limitBytes = BundleWriter.MaxBytes)
{
    /// <summary>
    /// Room before the bundle, for the head that <see cref="Finish(in BundleHead)"/> puts there: so the two become one
    /// message by one copy.
    /// </summary>
    private const int Start = BundleHead.MaxBytes;

    /// <summary>Bytes before the first frame.</summary>
    public const int HeaderBytes = 9;

    /// <summary>Longest bundle that a process sends or accepts, bytes.</summary>
    public const int MaxBytes = 1 << 20;

    /// <summary>Most frames in a bundle.</summary>
    public const int MaxFrames = ushort.MaxValue;

    internal const ushort Magic = 'E' | ('P' << 8);

    private readonly int _limit = limitBytes is > HeaderBytes + FrameCodec.MaxBytes and <= MaxBytes
        ? limitBytes
        : throw new ArgumentOutOfRangeException(
            nameof(limitBytes),
            limitBytes,
            "a bundle holds at least one frame and at most a MiB");

    private byte[] _bytes = new byte[Start + Math.Min(limitBytes, 4096)];
    private int _length = HeaderBytes;

    /// <summary>Frames in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of it, with the header.</summary>
    public int Length => _length;

    /// <summary>Appends a frame. False: there is no room.</summary>
    public bool TryAdd(in Frame frame)
    {
        if (_length + FrameCodec.MaxBytes > _limit || Count == MaxFrames)
        {
            return false;
        }

        if (Start + _length + FrameCodec.MaxBytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Min(Start + _limit, 2 * _bytes.Length));
        }

        _length += FrameCodec.Encode(in frame, _bytes.AsSpan(Start + _length));
        Count++;
        return true;
    }

    /// <summary>The bundle so far; valid until the next call of another method.</summary>
    public ReadOnlyMemory<byte> Finish()
    {
        Span<byte> header = _bytes.AsSpan(Start, HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header, Magic);
        header[2] = Frame.CurrentVersion;
        BinaryPrimitives.WriteInt32LittleEndian(header[3..], _length - HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[7..], (ushort)Count);
        return _bytes.AsMemory(Start, _length);
    }

    /// <summary>The bundle so far behind a head, as bytes of their own.</summary>
    public byte[] Finish(in BundleHead head)
    {
        _ = Finish();

        // The length of a head depends on its numbers, and the bundle stays where it is: so the head is written
        // elsewhere first.
        Span<byte> room = stackalloc byte[BundleHead.MaxBytes];
        int length = head.Write(room);
        room[..length].CopyTo(_bytes.AsSpan(Start - length));
        return _bytes.AsSpan(Start - length, length + _length).ToArray();
    }

    /// <summary>Begins anew.</summary>
    public void Clear()
    {
        _length = HeaderBytes;
        Count = 0;
    }
}
