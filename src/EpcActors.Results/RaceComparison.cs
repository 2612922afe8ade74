namespace EpcActors.Results;

/// <summary>Two ways through a race side by side: the same choices under two variants, or two schedules.</summary>
/// <param name="Left">The way of the variant that is shown.</param>
/// <param name="Right">What the other variant makes of the same choices, or the other schedule.</param>
/// <param name="Rows">Indices of the steps that stand side by side; -1 where there is none.</param>
/// <param name="FirstDifference">Index of the first row that differs; -1 for none.</param>
/// <param name="RightEnd">The reason why nothing can come behind the right way; empty while something can.</param>
public sealed record RaceComparison(
    RaceTrace Left,
    RaceTrace Right,
    IReadOnlyList<(int Left, int Right)> Rows,
    int FirstDifference,
    string RightEnd)
{
    /// <summary>The right way is another schedule; false: the same choices under another variant.</summary>
    public bool IsOtherWay { get; init; }
}
