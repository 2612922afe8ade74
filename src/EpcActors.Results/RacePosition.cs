namespace EpcActors.Results;

/// <summary>A place in a race that a reader stands at: the steps so far, every actor's state, and the steps that could
/// come next.</summary>
public sealed record RacePosition
{
    /// <summary>The steps so far, with all tasks and resources as lanes, so that lanes stay where they are.</summary>
    public required RaceTrace Trace { get; init; }

    /// <summary>States of tasks and resources after the last step.</summary>
    public required IReadOnlyList<ActorState> Actors { get; init; }

    /// <summary>The same states before the last step; empty at the start.</summary>
    public IReadOnlyList<ActorState> Before { get; init; } = [];

    /// <summary>Steps that could come next; empty at an end.</summary>
    public IReadOnlyList<RaceChoice> Choices { get; init; } = [];

    /// <summary>The reason why nothing can come next, as a sentence; empty while something can.</summary>
    public string End { get; init; } = "";

    /// <summary>
    /// Number of the earlier step after which the same state was; 0 for the start, -1 for a new state.
    /// </summary>
    public int SameAsStep { get; init; } = -1;

    /// <summary>The path says something that cannot happen here, as a sentence; empty when all of it was
    /// taken.</summary>
    public string Divergence { get; init; } = "";

    /// <summary>
    /// Hash of the steps so far: what was asked, answered, reported and locked, and the quantities. The same on every
    /// machine, and in a browser.
    /// </summary>
    public ulong TraceHash { get; init; }

    /// <summary>
    /// Fingerprint of the state after the last step: equal for equal states, on every machine, and in a browser.
    /// </summary>
    public ulong StateHash { get; init; }
}
