namespace EpcActors.Results;

/// <summary>A step that could come next at a position.</summary>
public sealed record RaceChoice
{
    /// <summary>The step as a path spells it: the task, and the faults that it meets.</summary>
    public required string Move { get; init; }

    /// <summary>The step as it would be.</summary>
    public required RaceStep Step { get; init; }

    /// <summary>The rule that it breaks; empty for none.</summary>
    public string Rule { get; init; } = "";

    /// <summary>Expected and found state of that rule.</summary>
    public string Detail { get; init; } = "";

    /// <summary>The run is over with this step.</summary>
    public bool IsLast { get; init; }

    /// <summary>Other choices whose order with this one can be noticed, as indices.</summary>
    public IReadOnlyList<int> ConflictsWith { get; init; } = [];
}
