namespace EpcActors.Results;

/// <summary>Everything that the explorer shows of a race at one moment.</summary>
public sealed record ExplorerView
{
    /// <summary>The race: its heading, its variants, its story.</summary>
    public required ExplorerRace Race { get; init; }

    /// <summary>The position that the reader stands at.</summary>
    public required RacePosition Position { get; init; }

    /// <summary>The whole way, with the steps behind the position that were taken before the reader went back.</summary>
    public required RaceTrace Way { get; init; }

    /// <summary>The reason why nothing can come behind the whole way; empty while something can.</summary>
    public string WayEnd { get; init; } = "";

    /// <summary>Steps of the way that the reader has taken.</summary>
    public int At { get; init; }

    /// <summary>What lies below each choice, in their order; empty until it is counted.</summary>
    public IReadOnlyList<SpaceCount> Counts { get; init; } = [];

    /// <summary>What lies below the position as a whole; null until it is counted.</summary>
    public SpaceCount? Below { get; init; }

    /// <summary>The same steps under another variant; null for none.</summary>
    public RaceComparison? Comparison { get; init; }

    /// <summary>Work that is going on, or its result, as a sentence; empty for none.</summary>
    public string Status { get; init; } = "";

    /// <summary>Work is going on.</summary>
    public bool IsBusy { get; init; }

    /// <summary>The position as a link holds it, behind <c>#</c>.</summary>
    public required string Link { get; init; }
}

/// <summary>A race as the explorer introduces it.</summary>
public sealed record ExplorerRace
{
    public required string Id { get; init; }

    public required string Title { get; init; }

    public string Description { get; init; } = "";

    public string Symptom { get; init; } = "";

    public string Source { get; init; } = "";

    public string Fix { get; init; } = "";

    /// <summary>The rule that the race breaks; empty when it says none.</summary>
    public string Rule { get; init; } = "";

    public required string Kernel { get; init; }

    /// <summary>Variant that is shown; empty for the file as it is.</summary>
    public string Variant { get; init; } = "";

    public IReadOnlyList<string> Variants { get; init; } = [];

    /// <summary><c>key=value</c> settings on top of the file.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Faults that the world outside may cause, with how often each may happen.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> Faults { get; init; } = [];

    /// <summary>A schedule of the catalogue is known for it.</summary>
    public bool HasSchedule { get; init; }
}

/// <summary>What lies below a position.</summary>
/// <param name="States">Different states met.</param>
/// <param name="Ends">Ways that came to an end.</param>
/// <param name="Violations">Ways that break a rule.</param>
/// <param name="Deadlocks">Ways whose tasks wait for one another for ever.</param>
/// <param name="HasHang">Tasks can go round for ever.</param>
/// <param name="IsExhausted">Every schedule was looked at.</param>
/// <param name="IsOver">The count is over.</param>
public sealed record SpaceCount(
    int States, long Ends, long Violations, long Deadlocks, bool HasHang, bool IsExhausted, bool IsOver)
{
    /// <summary>No schedule below breaks a rule.</summary>
    public bool IsSafe => IsExhausted && Violations == 0 && !HasHang;
}

/// <summary>The same choices under two variants, side by side.</summary>
/// <param name="Left">The way of the variant that is shown.</param>
/// <param name="Right">What the other variant makes of the same choices.</param>
/// <param name="Rows">Indices of the steps that stand side by side; -1 where there is none.</param>
/// <param name="FirstDifference">Index of the first row that differs; -1 for none.</param>
/// <param name="RightEnd">The reason why nothing can come behind the right way; empty while something can.</param>
public sealed record RaceComparison(
    RaceTrace Left,
    RaceTrace Right,
    IReadOnlyList<(int Left, int Right)> Rows,
    int FirstDifference,
    string RightEnd);

/// <summary>A race in the list of the catalogue.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Title">Its title.</param>
/// <param name="Status">What became of it, in a word or two.</param>
/// <param name="Rule">The rule that it breaks.</param>
/// <param name="Description">Its story.</param>
/// <param name="Steps">Steps of the shortest schedule known; 0 when none is.</param>
public sealed record CatalogueEntry(
    string Id, string Title, string Status, string Rule, string Description, int Steps);
