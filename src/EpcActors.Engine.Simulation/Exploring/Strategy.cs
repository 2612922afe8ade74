namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Who decides which task makes the next step, and what the world outside does. One instance serves many schedules, one
/// after the other.
/// </summary>
public abstract class Strategy
{
    /// <summary>Name as commands and reports give it.</summary>
    public abstract string Name { get; }

    /// <summary>A new schedule begins.</summary>
    /// <param name="engine">The engine, reset, its tasks started.</param>
    /// <param name="seed">Everything random of the schedule comes from it.</param>
    public abstract void Begin(ExploredEngine engine, ulong seed);

    /// <summary>
    /// The task that makes the next step, one of <see cref="ExploredEngine.Enabled"/>; -1 to end the run here.
    /// </summary>
    public abstract int Next(ExploredEngine engine);

    /// <summary>
    /// Steps that it has on record, none for a strategy that makes them up: after the last of them a run goes on
    /// fairly, unless it has left the record.
    /// </summary>
    public virtual int RecordedSteps => 0;

    /// <summary>It follows a record and has come to its end without leaving it.</summary>
    public virtual bool IsAtEndOfRecord => false;

    /// <summary>
    /// It follows the record of a hang: index of the decision at which the part that repeats begins; -1 else.
    /// </summary>
    public virtual int RecordedCycleStart => -1;

    /// <summary>A choice with budget left (see <see cref="TaskActor.Choose"/>).</summary>
    public abstract bool Choose(ExploredEngine engine, int task, int point);
}
