namespace EpcActors.Kernel;

/// <summary>Fate of a page whose EWB fails with another error than SGX_NOT_TRACKED (D3).</summary>
public enum EwbFailure
{
    /// <summary>
    /// The entry counts as written out, and the EPC page goes to the free list as it is (every kernel).
    /// </summary>
    FreesPage,

    /// <summary>
    /// The entry counts as written out; EREMOVE runs before the EPC page is freed. A SECS stays where it is. Proposed,
    /// in no kernel.
    /// </summary>
    RemovesPage,

    /// <summary>
    /// The page stays BEING_RECLAIMED and goes back to its LRU: EWB is tried again. A SECS stays where it is. Proposed,
    /// in no kernel.
    /// </summary>
    KeepsPage,
}
