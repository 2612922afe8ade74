namespace EpcActors.Mount.Fuse;

/// <summary>Attributes of a file or directory, as stat(2) shows them.</summary>
public readonly record struct FuseAttr
{
    /// <summary>S_IFDIR.</summary>
    public const uint Directory = 0x4000;

    /// <summary>S_IFREG.</summary>
    public const uint Regular = 0x8000;

    /// <summary>Inode number; also the number of the node.</summary>
    public required ulong Inode { get; init; }

    /// <summary>Type and permissions.</summary>
    public required uint Mode { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; init; }

    public uint Links { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Last change, seconds since 1970.</summary>
    public long Seconds { get; init; }

    /// <summary>The same, nanoseconds within the second.</summary>
    public uint Nanoseconds { get; init; }

    public bool IsDirectory => (Mode & 0xF000) == Directory;
}

/// <summary>Attributes to change, those that are not null.</summary>
/// <param name="Mode">Permissions.</param>
/// <param name="Uid">Owner.</param>
/// <param name="Gid">Group.</param>
public readonly record struct FuseChange(uint? Mode, uint? Uid, uint? Gid);

/// <summary>An entry of a directory.</summary>
/// <param name="Name">Name.</param>
/// <param name="Inode">Inode number.</param>
/// <param name="IsDirectory">A directory, else a regular file.</param>
public readonly record struct FuseDirectoryEntry(string Name, ulong Inode, bool IsDirectory);
