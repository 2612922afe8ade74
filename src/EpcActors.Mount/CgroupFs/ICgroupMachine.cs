using EpcActors.Kernel;
using EpcActors.Kernel.Cgroups;

namespace EpcActors.Mount.CgroupFs;

/// <summary>
/// The machine behind a cgroup tree, as the file system needs it. A cgroup with a controller of its own has a place in
/// the machine; 0 is the root's.
/// </summary>
public interface ICgroupMachine
{
    /// <summary>The files of the misc controller that the kernel has.</summary>
    MiscFileSet MiscFiles { get; }

    /// <summary>Makes the state of the controllers for a directory.</summary>
    /// <param name="path">Path of the directory, below the root.</param>
    /// <param name="parent">Place of the nearest directory above that has one.</param>
    /// <returns>The place, or the error with which mkdir fails.</returns>
    Task<(Errno Errno, int Place)> CreateAsync(string path, int parent);

    /// <summary>Takes the place of a directory away; pages may stay charged to it. EBUSY with live processes.</summary>
    Task<Errno> RemoveAsync(int place);

    /// <summary>A write to misc.max.</summary>
    Task<Errno> WriteMiscMaxAsync(int place, string text);

    /// <summary>A write to memory.max.</summary>
    Task<Errno> WriteMemoryMaxAsync(int place, Limit max);

    /// <summary>A process moves; one without an enclave is nothing to the machine.</summary>
    /// <param name="process">Its number.</param>
    /// <param name="misc">Place that its EPC is charged to from now on.</param>
    /// <param name="memory">The same for the RAM behind it.</param>
    Task<Errno> AttachAsync(int process, int misc, int memory);

    /// <summary>Text of a file of the misc controller.</summary>
    string ReadMisc(int place, MiscFile file);

    /// <summary>Figures of the memory controller.</summary>
    MemoryFigures ReadMemory(int place);

    /// <summary>Cgroups below a place that have no directory any more, and are not freed.</summary>
    int DyingBelow(int place);
}

/// <summary>Figures of one memory cgroup.</summary>
/// <param name="UsagePages">memory.current, pages.</param>
/// <param name="PeakPages">The most so far, pages.</param>
/// <param name="Max">memory.max.</param>
/// <param name="MaxEvents">Charges that memory.max refused.</param>
/// <param name="OomKills">Processes that the out-of-memory killer took.</param>
public readonly record struct MemoryFigures(
    long UsagePages, long PeakPages, Limit Max, long MaxEvents, long OomKills);
