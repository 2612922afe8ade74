using EpcActors.Cluster.Sharing;
using EpcActors.Results.Text;

namespace EpcActors.Cluster.Wire;

/// <summary>
/// Reads what <see cref="BundleWriter"/> wrote. Whatever the bytes are: frames or a <see cref="WireFormatException"/>,
/// and never more memory than the frames take that are really there. For one thread at a time.
/// </summary>
/// <param name="memberCount">Members of the cluster; a frame from or to another one is an error. 0 when that is not
/// known.</param>
public sealed class BundleReader(int memberCount = 0)
{
    private Frame[] _frames = new Frame[16];

    /// <summary>Reads the length of a bundle from its beginning, as soon as its header is there.</summary>
    /// <param name="start">Bytes that have come so far.</param>
    /// <param name="length">Bytes of the bundle with its header, at most <see cref="BundleWriter.MaxBytes"/>.</param>
    /// <exception cref="WireFormatException">it is not a bundle of this version.</exception>
    public static bool TryMeasure(ReadOnlySpan<byte> start, out int length)
    {
        if (start.Length < BundleWriter.HeaderBytes)
        {
            length = 0;
            return false;
        }

        WireReader reader = new(start);
        (length, _) = Header(ref reader);
        return true;
    }

    /// <summary>The frames of one bundle. They stay where they are until the next call.</summary>
    /// <param name="bundle">All of the bundle and nothing behind it.</param>
    /// <exception cref="WireFormatException">it is not a bundle of this version, or not a whole one.</exception>
    public ReadOnlySpan<Frame> Read(ReadOnlySpan<byte> bundle)
    {
        WireReader reader = new(bundle);
        (int length, int count) = Header(ref reader);
        if (length != bundle.Length)
        {
            throw new WireFormatException($"a bundle says that it has {length} bytes, and has {bundle.Length}");
        }

        if (_frames.Length < count)
        {
            _frames = new Frame[Math.Max(count, Math.Min(2 * _frames.Length, BundleWriter.MaxFrames))];
        }

        for (int i = 0; i < count; i++)
        {
            FrameCodec.Decode(ref reader, out _frames[i], memberCount);
        }

        return reader.Left == 0
            ? _frames.AsSpan(0, count)
            : throw new WireFormatException(
                $"a bundle has {reader.Left} bytes behind its {Counted.Of(count, "frame")}");
    }

    private static (int Length, int Count) Header(ref WireReader reader)
    {
        ushort magic = reader.UInt16("the beginning of a bundle");
        if (magic != BundleWriter.Magic)
        {
            throw new WireFormatException(
                $"a bundle begins with {magic & 0xFF:x2} {magic >> 8:x2}, not with {BundleWriter.Magic & 0xFF:x2} "
                    + $"{BundleWriter.Magic >> 8:x2}: this is something else");
        }

        byte version = reader.Byte("the version of a bundle");
        if (version != Frame.CurrentVersion)
        {
            throw new WireFormatException(
                $"a bundle has version {version}, and this program speaks {Frame.CurrentVersion}: all processes must "
                    + "be of the same build");
        }

        uint body = reader.UInt32("the length of a bundle");
        if (body > BundleWriter.MaxBytes - BundleWriter.HeaderBytes)
        {
            throw new WireFormatException(
                $"a bundle says that {body} bytes follow; it may have {BundleWriter.MaxBytes} at most");
        }

        int count = reader.UInt16("the number of frames");
        if (count == 0 || count > body / FrameCodec.MinBytes)
        {
            throw new WireFormatException($"a bundle says that it has {Counted.Of(count, "frame")} in {body} bytes");
        }

        return (BundleWriter.HeaderBytes + (int)body, count);
    }
}
