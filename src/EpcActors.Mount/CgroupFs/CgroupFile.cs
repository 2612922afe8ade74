using EpcActors.Kernel.Cgroups;

namespace EpcActors.Mount.CgroupFs;

/// <summary>Kind of a file in a cgroup directory.</summary>
internal enum FileKind
{
    Type,
    Procs,
    Threads,
    ControllerList,
    SubtreeControl,
    Events,
    MaxDescendants,
    MaxDepth,
    Stat,
    Kill,
    MiscCapacity,
    MiscMax,
    MiscCurrent,
    MiscPeak,
    MiscEvents,
    MiscEventsLocal,
    MemoryCurrent,
    MemoryMax,
    MemoryEvents,
    MemorySwapCurrent,
    MemorySwapMax,
}

/// <summary>A file of a cgroup directory: its name, and the permissions that the kernel gives it.</summary>
internal sealed record CgroupFile(FileKind Kind, string Name, uint Mode)
{
    private const uint ReadOnly = 0x124;
    private const uint ReadWrite = 0x1A4;
    private const uint WriteOnly = 0x80;

    /// <summary>All files, in the order in which they are listed.</summary>
    public static IReadOnlyList<CgroupFile> All { get; } =
    [
        new(FileKind.Type, "cgroup.type", ReadWrite),
        new(FileKind.Procs, "cgroup.procs", ReadWrite),
        new(FileKind.Threads, "cgroup.threads", ReadWrite),
        new(FileKind.ControllerList, "cgroup.controllers", ReadOnly),
        new(FileKind.SubtreeControl, "cgroup.subtree_control", ReadWrite),
        new(FileKind.Events, "cgroup.events", ReadOnly),
        new(FileKind.MaxDescendants, "cgroup.max.descendants", ReadWrite),
        new(FileKind.MaxDepth, "cgroup.max.depth", ReadWrite),
        new(FileKind.Stat, "cgroup.stat", ReadOnly),
        new(FileKind.Kill, "cgroup.kill", WriteOnly),
        new(FileKind.MemoryCurrent, "memory.current", ReadOnly),
        new(FileKind.MemoryMax, "memory.max", ReadWrite),
        new(FileKind.MemoryEvents, "memory.events", ReadOnly),
        new(FileKind.MemorySwapCurrent, "memory.swap.current", ReadOnly),
        new(FileKind.MemorySwapMax, "memory.swap.max", ReadWrite),
        new(FileKind.MiscCapacity, MiscFiles.NameOf(MiscFile.Capacity), ReadOnly),
        new(FileKind.MiscMax, MiscFiles.NameOf(MiscFile.Max), ReadWrite),
        new(FileKind.MiscCurrent, MiscFiles.NameOf(MiscFile.Current), ReadOnly),
        new(FileKind.MiscPeak, MiscFiles.NameOf(MiscFile.Peak), ReadOnly),
        new(FileKind.MiscEvents, MiscFiles.NameOf(MiscFile.Events), ReadOnly),
        new(FileKind.MiscEventsLocal, MiscFiles.NameOf(MiscFile.EventsLocal), ReadOnly),
    ];

    /// <summary>A change of the file is told to those who poll or watch it.</summary>
    public bool IsEvents =>
        Kind is FileKind.Events or FileKind.MiscEvents or FileKind.MiscEventsLocal or FileKind.MemoryEvents;

    /// <summary>The file of the misc controller; null for one that is not its.</summary>
    public MiscFile? Misc => Kind switch
    {
        FileKind.MiscCapacity => MiscFile.Capacity,
        FileKind.MiscMax => MiscFile.Max,
        FileKind.MiscCurrent => MiscFile.Current,
        FileKind.MiscPeak => MiscFile.Peak,
        FileKind.MiscEvents => MiscFile.Events,
        FileKind.MiscEventsLocal => MiscFile.EventsLocal,
        FileKind.Type or FileKind.Procs or FileKind.Threads or FileKind.ControllerList or FileKind.SubtreeControl
            or FileKind.Events or FileKind.MaxDescendants or FileKind.MaxDepth or FileKind.Stat or FileKind.Kill
            or FileKind.MemoryCurrent or FileKind.MemoryMax or FileKind.MemoryEvents or FileKind.MemorySwapCurrent
            or FileKind.MemorySwapMax => null,
    };

    /// <summary>True when a directory holds the file.</summary>
    public bool IsIn(CgroupDirectory directory, MiscFileSet miscFiles)
    {
        bool isRoot = directory.IsRoot;
        if (Misc is { } misc)
        {
            return (isRoot || (directory.Enabled & Controllers.Misc) != 0) && miscFiles.Contains(misc, isRoot);
        }

        return Kind switch
        {
            FileKind.Type or FileKind.Events or FileKind.Kill => !isRoot,
            FileKind.MemoryCurrent or FileKind.MemoryMax or FileKind.MemoryEvents or FileKind.MemorySwapCurrent
                or FileKind.MemorySwapMax => (directory.Enabled & Controllers.Memory) != 0,
            FileKind.Procs or FileKind.Threads or FileKind.ControllerList or FileKind.SubtreeControl
                or FileKind.MaxDescendants or FileKind.MaxDepth or FileKind.Stat or FileKind.MiscCapacity
                or FileKind.MiscMax or FileKind.MiscCurrent or FileKind.MiscPeak or FileKind.MiscEvents
                or FileKind.MiscEventsLocal => true,
        };
    }
}
