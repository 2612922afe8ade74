namespace EpcActors.Kernel;

/// <summary>Whether the reclaimer looks at a page's poison once more before it runs EWB (R19).</summary>
public enum PoisonCheck
{
    /// <summary>No: what was isolated is written out (every kernel).</summary>
    None,

    /// <summary>Yes, without a lock. Proposed, in no kernel.</summary>
    Unlocked,

    /// <summary>Yes, and holds the node's lock from the look to the end of EWB. Proposed, in no kernel.</summary>
    UnderNodeLock,
}
