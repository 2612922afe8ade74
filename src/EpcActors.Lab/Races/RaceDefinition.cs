using EpcActors.Lab.Configuration;
using EpcActors.Lab.Scenarios;

namespace EpcActors.Lab.Races;

/// <summary>What became of a race in the kernel.</summary>
public enum RaceStatus
{
    Open,
    Fixed,

    /// <summary>Known, and left as it is.</summary>
    ByDesign,
}

/// <summary>What the laboratory found out about a race that nobody has reported.</summary>
public enum RaceVerdict
{
    /// <summary>It was reported, or nobody has looked yet.</summary>
    None,
    Confirmed,
    Refuted,
}

/// <summary>What the verdict on a variant without the race rests on.</summary>
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

    /// <summary>What is raced, and how; the scenario's description.</summary>
    public string Description { get; init; } = "";

    /// <summary>Where it is known from.</summary>
    public string Source { get; init; } = "";

    /// <summary>What users saw.</summary>
    public string Symptom { get; init; } = "";

    /// <summary>What closes it.</summary>
    public string Fix { get; init; } = "";

    /// <summary>The rule that the race breaks, as violations name it: one of the oracle's, or a property's; empty when it says none.</summary>
    public string Rule { get; init; } = "";

    public RaceStatus Status { get; init; }

    public RaceVerdict Verdict { get; init; }

    /// <summary>Quantities to show beside the steps.</summary>
    public IReadOnlyList<string> Show { get; init; } = [];

    public required RaceBound Bound { get; init; }

    /// <summary>What is found may be searched for in a smaller topology. Off where a property, or what a hang is, means something in this one only.</summary>
    public bool ShrinksTopology { get; init; } = true;

    /// <summary>The variant that was read; empty for the file as it is.</summary>
    public string Variant { get; init; } = "";

    /// <summary>What is odd about the file and the command line but allowed.</summary>
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
            string[] changed = [.. Scenario.SwitchList.Where(one => one.IsOverridden).Select(one => $"{one.Name} = {one.Value}")];
            return changed.Length == 0 ? Scenario.Kernel : $"{Scenario.Kernel} ({string.Join(", ", changed)})";
        }
    }
}
