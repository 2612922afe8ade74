namespace EpcActors.Mount.CgroupFs;

/// <summary>A directory or a file of the mount: what chmod and chown change, and what stat shows.</summary>
internal abstract class CgroupNode(ulong inode, uint mode, uint uid, uint gid, DateTimeOffset madeAt)
{
    public ulong Inode { get; } = inode;

    /// <summary>Permissions.</summary>
    public uint Mode { get; set; } = mode;

    public uint Uid { get; set; } = uid;

    public uint Gid { get; set; } = gid;

    /// <summary>Last change.</summary>
    public DateTimeOffset ChangedAt { get; set; } = madeAt;

    /// <summary>References that the kernel has to the node.</summary>
    public ulong Lookups { get; set; }
}

/// <summary>A file of a directory.</summary>
internal sealed class CgroupFileNode(CgroupDirectory directory, CgroupFile file, ulong inode)
    : CgroupNode(inode, file.Mode, directory.Uid, directory.Gid, directory.ChangedAt)
{
    public CgroupDirectory Directory { get; } = directory;

    public CgroupFile File { get; } = file;

    /// <summary>Text when it was last looked at for changes; events files only.</summary>
    public string? Seen { get; set; }
}
