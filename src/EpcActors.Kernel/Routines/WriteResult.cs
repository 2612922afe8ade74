namespace EpcActors.Kernel.Routines;

/// <summary>What has become of a page that a reclaimer wanted to write out.</summary>
internal enum WriteResult
{
    /// <summary>Its entry has let go of it: it is freed.</summary>
    Written,

    /// <summary>The same, but the processor may still have it: EREMOVE before it is freed.</summary>
    MustRemove,

    /// <summary>It stays where it is, and goes back to the tail of its LRU.</summary>
    Kept,

    /// <summary>It stays where it is, on no list.</summary>
    Dropped,
}
