namespace EpcActors.Results;

/// <summary>Everything that the explorer shows of a race at one moment.</summary>
public sealed record ExplorerView
{
    /// <summary>The race: its heading, its variants, its story.</summary>
    public required ExplorerRace Race { get; init; }

    /// <summary>The position that the reader stands at.</summary>
    public required RacePosition Position { get; init; }

    /// <summary>
    /// The whole way, with the steps behind the position that were taken before the reader went back.
    /// </summary>
    public required RaceTrace Way { get; init; }

    /// <summary>The reason why nothing can come behind the whole way; empty while something can.</summary>
    public string WayEnd { get; init; } = "";

    /// <summary>Steps of the way that the reader has taken.</summary>
    public int At { get; init; }

    /// <summary>Names of the resources that the race is about, as far as that is known.</summary>
    public IReadOnlyList<string> Central { get; init; } = [];

    /// <summary>What lies below each choice, in their order; empty until it is counted.</summary>
    public IReadOnlyList<SpaceCount> Counts { get; init; } = [];

    /// <summary>What lies below the position as a whole; null until it is counted.</summary>
    public SpaceCount? Below { get; init; }

    /// <summary>The states around the position; null for none.</summary>
    public StateMap? Map { get; init; }

    /// <summary>Steps from the position that the map shows; 0 when none is asked for.</summary>
    public int MapDepth { get; init; }

    /// <summary>What can be let happen from outside here; null until it is asked for.</summary>
    public IReadOnlyList<ExplorerFault>? Faults { get; init; }

    /// <summary>The same steps under another variant, or another way; null for none.</summary>
    public RaceComparison? Comparison { get; init; }

    /// <summary>Work that is going on, or its result, as a sentence; empty for none.</summary>
    public string Status { get; init; } = "";

    /// <summary>Work is going on.</summary>
    public bool IsBusy { get; init; }

    /// <summary>The position as a link holds it, behind <c>#</c>.</summary>
    public required string Link { get; init; }
}
