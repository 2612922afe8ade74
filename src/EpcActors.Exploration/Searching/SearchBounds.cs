namespace EpcActors.Exploration;

/// <summary>How far an exhaustive search goes.</summary>
public sealed record SearchBounds
{
    /// <summary>Most states; a search that meets more is incomplete.</summary>
    public int MaxStates { get; init; } = 200_000;

    /// <summary>Most steps of one schedule.</summary>
    public int MaxSteps { get; init; } = 5000;

    /// <summary>
    /// Most preemptions of a schedule, that is switches away from a task that could go on; -1 for any number.
    /// </summary>
    public int Preemptions { get; init; } = -1;

    /// <summary>
    /// Also looks for fair cycles without progress. Needs every edge of the graph, so nothing is left out then. With a
    /// bound on preemptions those are found that the edges within it make up; what is found is a hang, and what is not
    /// found may still be one, for a fair run preempts without end.
    /// </summary>
    public bool FindsHangs { get; init; } = true;

    /// <summary>
    /// Leaves out orders of requests that commute. Without effect where hangs are looked for, preemptions bounded or
    /// choices allowed.
    /// </summary>
    public bool Reduces { get; init; } = true;

    /// <summary>Ends at the first broken rule.</summary>
    public bool StopsAtFirst { get; init; } = true;

    /// <summary>
    /// Steps between two moments of the present schedule that are kept, so that the next one need not repeat what leads
    /// there; 0 for none. The result does not depend on it.
    /// </summary>
    public int KeepEvery { get; init; } = 8;
}
