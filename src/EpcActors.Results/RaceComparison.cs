namespace EpcActors.Results;

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
