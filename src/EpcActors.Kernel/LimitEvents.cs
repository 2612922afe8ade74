namespace EpcActors.Kernel;

/// <summary>What counts as an event in misc.events (C16).</summary>
public enum LimitEvents
{
    /// <summary>Every attempt of a charge that is refused (every version).</summary>
    Attempts,

    /// <summary>
    /// Every reclaim that the limit sets off, and every allocation that fails at it. Proposed, in no version.
    /// </summary>
    Reclaims,
}
