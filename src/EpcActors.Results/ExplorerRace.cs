namespace EpcActors.Results;

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
