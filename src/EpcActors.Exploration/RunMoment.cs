namespace EpcActors.Exploration;

/// <summary>What an <see cref="Execution"/> knows of its run at one moment. One object serves many moments.</summary>
public sealed class RunMoment
{
    /// <summary>Decisions made so far.</summary>
    public int LogLength { get; internal set; }

    /// <summary>Steps made so far.</summary>
    public int Steps { get; internal set; }

    internal int[] Places { get; set; } = [];

    internal int[] Enabled { get; set; } = [];

    internal int EnabledCount { get; set; }

    internal int[] BudgetLeft { get; set; } = [];

    internal int LastTask { get; set; }
}
