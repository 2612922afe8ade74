namespace EpcActors.Mount.CgroupFs;

/// <summary>Controllers of the emulated machine, in the kernel's order.</summary>
[Flags]
public enum Controllers
{
    None = 0,

    /// <summary>memory: RAM of the backing store of enclaves.</summary>
    Memory = 1,

    /// <summary>misc: EPC.</summary>
    Misc = 2,

    /// <summary>All there are.</summary>
    All = Memory | Misc,
}
