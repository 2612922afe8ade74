using EpcActors.Results.Text;

namespace EpcActors.Races.Recordings;

/// <summary>One line of the two columns around a difference.</summary>
/// <param name="Number">Number of the event, from 1.</param>
/// <param name="Driver">Leaf of the driver; empty after its end.</param>
/// <param name="Emulator">Leaf of the emulator.</param>
/// <param name="Differs">The first line that differs.</param>
public sealed record ComparedLine(int Number, string Driver, string Emulator, bool Differs);

/// <summary>Comparison of the emulator with a recorded run of the driver.</summary>
/// <param name="Name">The recording.</param>
/// <param name="Driver">Version of the recorded code.</param>
/// <param name="Kernel">The kernel of the emulator that stands for it.</param>
public sealed record DriverComparison(string Name, string Driver, string Kernel)
{
    /// <summary>ENCLS leaves compared one by one; 0 for a timed recording.</summary>
    public int Leaves { get; init; }

    /// <summary>Operations at whose end the two were compared.</summary>
    public int Operations { get; init; }

    /// <summary>Figures compared at the end.</summary>
    public int Figures { get; init; }

    /// <summary>Differences: the first leaf or operation, then figures of the end. Empty when all is equal.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];

    /// <summary>Leaves of both around the first one that differs.</summary>
    public IReadOnlyList<ComparedLine> Context { get; init; } = [];

    /// <summary>Nothing differs.</summary>
    public bool IsEqual => Differences.Count == 0;

    /// <summary>Amount of what was compared: <c>334 leaves, 24 operations, 31 figures</c>.</summary>
    public string Extent => Leaves > 0 || Operations == 0
        ? $"{Counted.Of(Leaves, "leaf")}, {Counted.Of(Operations, "operation")}, {Counted.Of(Figures, "figure")}"
        : $"{Counted.Of(Operations, "operation")}, {Counted.Of(Figures, "figure")}";
}
