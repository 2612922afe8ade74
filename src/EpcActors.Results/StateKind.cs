namespace EpcActors.Results;

/// <summary>What can happen at a state of a race.</summary>
public enum StateKind
{
    /// <summary>A step could come next.</summary>
    Open,

    /// <summary>The run is over, and no rule is broken.</summary>
    End,

    /// <summary>Tasks wait for one another for ever, and no rule that counts here is broken.</summary>
    DeadEnd,

    /// <summary>A rule is broken.</summary>
    Violation,
}
