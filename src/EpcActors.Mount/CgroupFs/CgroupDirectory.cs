namespace EpcActors.Mount.CgroupFs;

/// <summary>A cgroup: a directory of the mount.</summary>
internal sealed class CgroupDirectory : CgroupNode
{
    public CgroupDirectory(
        CgroupDirectory? parent, string name, ulong inode, uint mode, uint uid, uint gid, DateTimeOffset madeAt)
        : base(inode, mode, uid, gid, madeAt)
    {
        Parent = parent;
        Name = name;
        Place = parent is null ? 0 : -1;
    }

    public CgroupDirectory? Parent { get; }

    public string Name { get; }

    public bool IsRoot => Parent is null;

    /// <summary>rmdir was done.</summary>
    public bool IsRemoved { get; set; }

    /// <summary>Child directories, oldest first.</summary>
    public List<CgroupDirectory> Children { get; } = [];

    /// <summary>Files that were asked for so far, by kind.</summary>
    public Dictionary<FileKind, CgroupFileNode> Files { get; } = [];

    /// <summary>cgroup.subtree_control.</summary>
    public Controllers Control { get; set; }

    /// <summary>
    /// Controllers that this directory has: those of its parent's subtree_control. The root has none here.
    /// </summary>
    public Controllers Enabled { get; set; }

    /// <summary>cgroup.controllers.</summary>
    public Controllers Available => IsRoot ? Controllers.All : Enabled;

    /// <summary>Place in the machine; -1 without a controller.</summary>
    public int Place { get; set; }

    /// <summary>cgroup.max.descendants and cgroup.max.depth; -1 for max.</summary>
    public int MaxDescendants { get; set; } = -1;

    public int MaxDepth { get; set; } = -1;

    public string Path => Parent is null ? "/"
        : Parent.IsRoot ? $"/{Name}"
        : $"{Parent.Path}/{Name}";

    /// <summary>The directory and all below it, parents first.</summary>
    public IEnumerable<CgroupDirectory> Subtree()
    {
        yield return this;
        foreach (CgroupDirectory child in Children.ToArray())
        {
            foreach (CgroupDirectory below in child.Subtree())
            {
                yield return below;
            }
        }
    }

    /// <summary>The directory and all above it.</summary>
    public IEnumerable<CgroupDirectory> Ancestry()
    {
        for (CgroupDirectory? at = this; at is not null; at = at.Parent)
        {
            yield return at;
        }
    }

    /// <summary>
    /// Place that a process in this directory is charged to by a controller: its own or the nearest above.
    /// </summary>
    public int EffectivePlace(Controllers controller) =>
        Ancestry().First(one => one.IsRoot || (one.Enabled & controller) != 0).Place;

    /// <summary>The nearest place above, for a new one below it.</summary>
    public int ParentPlace => Parent!.Ancestry().First(one => one.Place >= 0).Place;
}
