namespace EpcActors.Kernel;

/// <summary>When a SECS without resident children is written out (D4, D12).</summary>
public enum SecsReclaim
{
    /// <summary>Within the write of the last resident child, and never else (every kernel).</summary>
    WithLastChild,

    /// <summary>When it comes to the head of the LRU, where it is listed once no child is resident. Proposed, in no
    /// kernel.</summary>
    OnLru,
}
