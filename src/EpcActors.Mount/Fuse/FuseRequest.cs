namespace EpcActors.Mount.Fuse;

/// <summary>Task that made a system call on the mount.</summary>
/// <param name="Thread">Its number (a thread, not a process); 0 when the kernel asks by itself.</param>
/// <param name="Uid">User.</param>
/// <param name="Gid">Group.</param>
public readonly record struct FuseCaller(int Thread, uint Uid, uint Gid);

/// <summary>Header of a request (<c>struct fuse_in_header</c>).</summary>
/// <param name="Opcode">Operation.</param>
/// <param name="Unique">Number of the request; the answer carries it.</param>
/// <param name="Node">File or directory; 1 is the root of the mount.</param>
/// <param name="Caller">Task that asks.</param>
public readonly record struct FuseHeader(FuseOpcode Opcode, ulong Unique, ulong Node, FuseCaller Caller)
{
    /// <summary>Bytes of a header.</summary>
    public const int Size = 40;

    /// <summary>Reads the header of a message; null when it is none, or says another length than it has.</summary>
    public static FuseHeader? Read(ReadOnlySpan<byte> message)
    {
        FuseReader reader = new(message);
        uint length = reader.U32();
        FuseHeader header = new(
            (FuseOpcode)reader.U32(),
            reader.U64(),
            reader.U64(),
            default);
        uint uid = reader.U32();
        uint gid = reader.U32();
        uint thread = reader.U32();
        reader.Skip(4);
        return reader.IsValid && length == message.Length
            ? header with { Caller = new FuseCaller((int)thread, uid, gid) }
            : null;
    }
}
