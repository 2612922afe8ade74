namespace EpcActors.Scenarios.Configuration;

/// <summary>Status of a race in the kernel.</summary>
public enum RaceStatus
{
    Open,
    Fixed,

    /// <summary>Known, and left as it is.</summary>
    ByDesign,
}

/// <summary>The laboratory's verdict on a race that is not reported.</summary>
public enum RaceVerdict
{
    /// <summary>It was reported, or the laboratory has not examined it.</summary>
    None,
    Confirmed,
    Refuted,
}

/// <summary>Bounds of the search behind the verdict on a variant without the race.</summary>
/// <param name="IsExhaustive">All schedules were tried, but for those that differ in nothing.</param>
/// <param name="Preemptions">Most preemptions of a schedule when not.</param>
/// <param name="States">Most states.</param>
/// <param name="Schedules">Most schedules.</param>
public sealed record RaceBound(bool IsExhaustive, int Preemptions, int States, int Schedules);

/// <summary>A race file, read: what is known of the race, and the scenario that runs it.</summary>
public sealed record RaceDefinition
{
    /// <summary>Id in the catalogue, e.g. <c>R1</c>; the file's name when it says none.</summary>
    public required string Id { get; init; }

    public required string Title { get; init; }

    /// <summary>Steps that race, and how; the scenario's description.</summary>
    public string Description { get; init; } = "";

    /// <summary>Source of the knowledge of the race.</summary>
    public string Source { get; init; } = "";

    /// <summary>Symptom that users saw.</summary>
    public string Symptom { get; init; } = "";

    /// <summary>Change that closes it.</summary>
    public string Fix { get; init; } = "";

    /// <summary>The change that the variant <c>fixed</c> stands for, in words, for a mail.</summary>
    public string Change { get; init; } = "";

    /// <summary>The same as pseudo-code, line by line.</summary>
    public string Patch { get; init; } = "";

    /// <summary>
    /// The rule that the race breaks, as violations name it: one of the oracle's, or a property's; empty when it says
    /// none.
    /// </summary>
    public string Rule { get; init; } = "";

    public RaceStatus Status { get; init; }

    public RaceVerdict Verdict { get; init; }

    /// <summary>Quantities to show beside the steps.</summary>
    public IReadOnlyList<string> Show { get; init; } = [];

    public required RaceBound Bound { get; init; }

    /// <summary>
    /// Allows a search for the finding in a smaller topology. Off where a property, or the meaning of a hang, depends
    /// on this topology.
    /// </summary>
    public bool ShrinksTopology { get; init; } = true;

    /// <summary>The variant that was read; empty for the file as it is.</summary>
    public string Variant { get; init; } = "";

    /// <summary>Notes on settings of the file and the command line that are odd but allowed.</summary>
    public IReadOnlyList<ConfigurationNote> Notes { get; init; } = [];

    /// <summary>Names of all variants, in the order of the file.</summary>
    public IReadOnlyList<string> Variants { get; init; } = [];

    /// <summary>The scenario of this variant, with <see cref="Scenario.Race"/>.</summary>
    public required Scenario Scenario { get; init; }

    /// <summary>The kernel with what differs from its file: <c>linux-5.15 (free-page-counter = atomic)</c>.</summary>
    public string Kernel
    {
        get
        {
            string[] changed =
            [
                .. Scenario.SwitchList.Where(one => one.IsOverridden).Select(one => $"{one.Name} = {one.Value}"),
            ];
            return changed.Length == 0 ? Scenario.Kernel : $"{Scenario.Kernel} ({string.Join(", ", changed)})";
        }
    }
}
