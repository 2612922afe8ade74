using System.Buffers.Binary;
using System.Text;
using EpcActors.Kernel;

namespace EpcActors.Mount.Fuse;

/// <summary>Writes the bodies of answers (<c>struct fuse_…_out</c>).</summary>
internal static class FuseReply
{
    /// <summary>Bytes of <c>struct fuse_out_header</c>.</summary>
    public const int HeaderSize = 16;

    /// <summary>
    /// FOPEN_DIRECT_IO: reads and writes come as they are made; the size of the file does not matter.
    /// </summary>
    public const uint DirectIo = 1;

    /// <summary>FOPEN_NONSEEKABLE and FOPEN_STREAM: no position.</summary>
    public const uint Stream = 4 | 16;

    /// <summary>
    /// FOPEN_PARALLEL_DIRECT_WRITES: several writes at a time, as far as they end within the size of the file. Else the
    /// kernel holds the inode's lock over each write, and the calls of one process wait for those of another.
    /// </summary>
    public const uint ParallelWrites = 64;

    /// <summary>FOPEN_NOFLUSH: close(2) is not told.</summary>
    public const uint NoFlush = 32;

    private const int NotifyPoll = 1;

    /// <summary>A message to the kernel: header and body.</summary>
    public static byte[] Message(ulong unique, Errno errno, ReadOnlySpan<byte> body) =>
        Message(unique, -(int)errno, body);

    /// <summary>Tells the kernel that a file which a task polls has changed.</summary>
    public static byte[] PollNotice(ulong handle)
    {
        byte[] body = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(body, handle);
        return Message(0, NotifyPoll, body);
    }

    public static byte[] Entry(in FuseAttr attr)
    {
        Writer writer = new(128);
        writer.U64(attr.Inode);
        writer.U64(1);

        // Valid for no time: every look is at the tree as it is.
        writer.Zero(24);
        WriteAttr(writer, attr);
        return writer.Bytes;
    }

    public static byte[] Attr(in FuseAttr attr)
    {
        Writer writer = new(104);
        writer.Zero(16);
        WriteAttr(writer, attr);
        return writer.Bytes;
    }

    public static byte[] Open(ulong handle, uint flags)
    {
        Writer writer = new(16);
        writer.U64(handle);
        writer.U32(flags);
        return writer.Bytes;
    }

    public static byte[] Written(int bytes)
    {
        Writer writer = new(8);
        writer.U32((uint)bytes);
        return writer.Bytes;
    }

    public static byte[] Polled(uint events)
    {
        Writer writer = new(8);
        writer.U32(events);
        return writer.Bytes;
    }

    public static byte[] StatFs()
    {
        // As a cgroup mount: no blocks, names of 255 bytes.
        Writer writer = new(80);
        writer.Zero(40);
        writer.U32(4096);
        writer.U32(255);
        writer.U32(4096);
        return writer.Bytes;
    }

    /// <summary>Answer to INIT, for the lower of both versions.</summary>
    public static byte[] Init(uint minor, uint flags)
    {
        Writer writer = new(64);
        writer.U32(FuseSession.Major);
        writer.U32(minor);
        writer.U32(0);
        writer.U32(flags);
        writer.U16(64);
        writer.U16(48);
        writer.U32(FuseSession.MaxWrite);
        writer.U32(1);
        writer.U16(FuseSession.MaxWrite / 4096);
        return writer.Bytes;
    }

    /// <summary>Entries from a position on, as many as fit.</summary>
    public static byte[] Directory(IReadOnlyList<FuseDirectoryEntry> entries, ulong from, uint size)
    {
        Writer writer = new((int)Math.Min(size, FuseSession.MaxWrite));
        for (int i = (int)Math.Min(from, (ulong)entries.Count); i < entries.Count; i++)
        {
            byte[] name = Encoding.UTF8.GetBytes(entries[i].Name);
            int length = (24 + name.Length + 7) & ~7;
            if (writer.At + length > writer.Bytes.Length)
            {
                break;
            }

            writer.U64(entries[i].Inode);
            writer.U64((ulong)i + 1);
            writer.U32((uint)name.Length);

            // DT_DIR, DT_REG.
            writer.U32(entries[i].IsDirectory ? 4u : 8u);
            writer.Put(name);
            writer.Zero(length - 24 - name.Length);
        }

        return writer.Bytes[..writer.At];
    }

    private static byte[] Message(ulong unique, int error, ReadOnlySpan<byte> body)
    {
        byte[] message = new byte[HeaderSize + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(4), error);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), unique);
        body.CopyTo(message.AsSpan(HeaderSize));
        return message;
    }

    private static void WriteAttr(Writer writer, in FuseAttr attr)
    {
        writer.U64(attr.Inode);
        writer.U64(attr.Size);
        writer.U64(0);
        for (int i = 0; i < 3; i++)
        {
            writer.U64((ulong)attr.Seconds);
        }

        for (int i = 0; i < 3; i++)
        {
            writer.U32(attr.Nanoseconds);
        }

        writer.U32(attr.Mode);
        writer.U32(attr.Links);
        writer.U32(attr.Uid);
        writer.U32(attr.Gid);
        writer.U32(0);
        writer.U32(4096);
        writer.U32(0);
    }

    private sealed class Writer(int size)
    {
        public byte[] Bytes { get; } = new byte[size];

        public int At { get; private set; }

        public void U16(int value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(Bytes.AsSpan(At), (ushort)value);
            At += 2;
        }

        public void U32(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Bytes.AsSpan(At), value);
            At += 4;
        }

        public void U64(ulong value)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(Bytes.AsSpan(At), value);
            At += 8;
        }

        public void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(Bytes.AsSpan(At));
            At += bytes.Length;
        }

        public void Zero(int bytes) => At += bytes;
    }
}
