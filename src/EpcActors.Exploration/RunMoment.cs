namespace EpcActors.Exploration;

/// <summary>What an <see cref="Execution"/> knows of its run at one moment.</summary>
public sealed class RunMoment
{
    internal RunMoment(int[] places, int[] enabled, int[] budgetLeft, int logLength, int steps, int lastTask)
    {
        Places = places;
        Enabled = enabled;
        BudgetLeft = budgetLeft;
        LogLength = logLength;
        Steps = steps;
        LastTask = lastTask;
    }

    /// <summary>Decisions made so far.</summary>
    public int LogLength { get; }

    /// <summary>Steps made so far.</summary>
    public int Steps { get; }

    internal int[] Places { get; }

    internal int[] Enabled { get; }

    internal int[] BudgetLeft { get; }

    internal int LastTask { get; }
}
