using System.Runtime.CompilerServices;

namespace EpcActors.Kernel.Cgroups;

/// <summary>
/// The resources of the misc controller in the order of <c>enum misc_res_type</c> (include/linux/misc_cgroup.h),
/// which is the order of the lines in every file. The EPC comes last: the series that adds it appends to what was
/// there.
/// </summary>
public enum MiscResource
{
    /// <summary>Address-space identifiers of SEV guests (CONFIG_KVM_AMD_SEV).</summary>
    Sev,

    /// <summary>The same for SEV-ES guests.</summary>
    SevEs,

    /// <summary>Host key identifiers of TDX guests (CONFIG_INTEL_TDX_HOST, newest upstream).</summary>
    Tdx,

    /// <summary>EPC, in bytes.</summary>
    SgxEpc,
}

/// <summary>One number per resource: a capacity, a limit, a usage, a count. A value without a heap object.</summary>
public struct MiscValues
{
    /// <summary>How many resources there are.</summary>
    public const int Count = 4;

    private Slots _slots;

    /// <summary>The number of one resource.</summary>
    public ulong this[MiscResource resource]
    {
        readonly get => _slots[(int)resource];
        set => _slots[(int)resource] = value;
    }

    /// <summary>Every resource the same, e.g. that of <see cref="Limit.Max"/>.</summary>
    public static MiscValues All(ulong value)
    {
        MiscValues values = default;
        for (int i = 0; i < Count; i++)
        {
            values._slots[i] = value;
        }

        return values;
    }

    /// <summary>A number for the EPC, 0 for the others: a machine with SGX and nothing else.</summary>
    public static MiscValues OfSgxEpc(ulong value)
    {
        MiscValues values = default;
        values[MiscResource.SgxEpc] = value;
        return values;
    }

    [InlineArray(Count)]
    private struct Slots
    {
        private ulong _first;
    }
}

/// <summary>The interface files of the misc controller.</summary>
public enum MiscFile
{
    /// <summary><c>misc.capacity</c>, only in the root.</summary>
    Capacity,

    /// <summary><c>misc.max</c>, the only one that can be written.</summary>
    Max,

    /// <summary><c>misc.current</c>.</summary>
    Current,

    /// <summary><c>misc.peak</c>, the high-water mark; cannot be reset.</summary>
    Peak,

    /// <summary><c>misc.events</c>, counted up the tree.</summary>
    Events,

    /// <summary><c>misc.events.local</c>, counted where the limit fired.</summary>
    EventsLocal,
}

/// <summary>The files that a kernel has: they came one by one over the years.</summary>
/// <param name="HasEvents"><c>misc.events</c>: missing in the first version (5.13), which logs a line instead.</param>
/// <param name="HasCurrentAtRoot"><c>misc.current</c> in the root as well: since June 2023.</param>
/// <param name="HasPeak"><c>misc.peak</c>: since 1028f391d5f9 (2024).</param>
/// <param name="HasEventsLocal"><c>misc.events.local</c>: since 6a26f9c68901 (2024).</param>
public readonly record struct MiscFileSet(bool HasEvents, bool HasCurrentAtRoot, bool HasPeak, bool HasEventsLocal)
{
    /// <summary>The first version of the controller, Linux 5.13.</summary>
    public static MiscFileSet First => default;

    /// <summary>As the EPC-cgroup series of 2023 and early 2024 found it: neither peak nor local events.</summary>
    public static MiscFileSet BeforePeak =>
        new(HasEvents: true, HasCurrentAtRoot: true, HasPeak: false, HasEventsLocal: false);

    /// <summary>All files, as upstream has them since 2024.</summary>
    public static MiscFileSet Newest =>
        new(HasEvents: true, HasCurrentAtRoot: true, HasPeak: true, HasEventsLocal: true);

    /// <summary>Whether a cgroup directory holds the file, given that the controller is enabled for it.</summary>
    public bool Contains(MiscFile file, bool isRoot) => file switch
    {
        MiscFile.Capacity => isRoot,
        MiscFile.Max => !isRoot,
        MiscFile.Current => !isRoot || HasCurrentAtRoot,
        MiscFile.Peak => HasPeak,
        MiscFile.Events => HasEvents && !isRoot,
        MiscFile.EventsLocal => HasEventsLocal && !isRoot,
    };
}
