namespace EpcActors.Exploration;

/// <summary>Result of an exhaustive search.</summary>
public sealed record SearchResult
{
    /// <summary>True when every schedule within the bounds was covered.</summary>
    public bool IsComplete { get; init; }

    /// <summary>The bounds leave no schedule out but by their limits on states and steps.</summary>
    public bool IsBoundless { get; init; }

    /// <summary>Different states met.</summary>
    public int States { get; init; }

    /// <summary>Edges of the state graph that were taken.</summary>
    public long Edges { get; init; }

    /// <summary>Schedules executed, those cut short at a known state included.</summary>
    public long Schedules { get; init; }

    /// <summary>Schedules that came to an end of their own.</summary>
    public long Ends { get; init; }

    /// <summary>Steps executed, with those that were repeated to come to a state again.</summary>
    public long Steps { get; init; }

    /// <summary>Steps of the longest schedule.</summary>
    public int Depth { get; init; }

    /// <summary>
    /// Schedule of the first broken rule; null when none is broken. For a hang: up to the end of its first lap.
    /// </summary>
    public ushort[]? Counterexample { get; init; }

    /// <summary>For a hang: the decision at which the cycle begins; -1 else.</summary>
    public int CycleStart { get; init; } = -1;
}
