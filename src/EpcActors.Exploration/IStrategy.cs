namespace EpcActors.Exploration;

/// <summary>
/// Decides which task makes the next step, and what the world outside does. One instance serves many schedules, one
/// after the other. Its text (<see cref="object.ToString"/>) is the name that commands and reports give.
/// </summary>
public interface IStrategy
{
    /// <summary>A new schedule begins.</summary>
    /// <param name="execution">The run, at its start, its tasks started.</param>
    /// <param name="seed">Everything random of the schedule comes from it.</param>
    void Begin(Execution execution, ulong seed);

    /// <summary>
    /// The task that makes the next step, one of <see cref="Execution.Enabled"/>; -1 to end the run here.
    /// </summary>
    int Next(Execution execution);

    /// <summary>A choice with budget left (see <see cref="Execution.SetBudget"/>), which a task meets in its
    /// step.</summary>
    bool Choose(Execution execution, int task, int point);

    /// <summary>
    /// It decides by what <see cref="Execution"/> says alone, and does not look at where tasks stand. A task that it
    /// picks again need not be suspended in between.
    /// </summary>
    bool AsksExecutionOnly => false;
}

/// <summary>A strategy that follows a record: after the last recorded step a run goes on fairly, unless it has left
/// the record.</summary>
public interface IReplay : IStrategy
{
    /// <summary>Steps on record.</summary>
    int RecordedSteps { get; }

    /// <summary>It has come to the end of the record without leaving it.</summary>
    bool IsAtEndOfRecord { get; }

    /// <summary>The record is of a hang: its last part, the lap, repeats for ever.</summary>
    bool HasLap { get; }

    /// <summary>What <see cref="IStrategy.Next"/> gave last is on record, in the lap.</summary>
    bool IsInLap { get; }
}
