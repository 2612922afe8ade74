namespace EpcActors.Exploration;

/// <summary>
/// Something that can be run again and again from the same starting state, and whose states can be told apart.
/// </summary>
public abstract class Explorable
{
    /// <summary>The present run.</summary>
    public abstract Execution Execution { get; }

    /// <summary>Goes up whenever something useful happened: what never goes up in a cycle is a hang.</summary>
    public abstract long Progress { get; }

    /// <summary>True when a rule was seen broken in this run.</summary>
    public abstract bool IsBroken { get; }

    /// <summary>Back to the starting state, tasks started.</summary>
    public abstract void Reset();

    /// <summary>
    /// Keeps the present moment, between two steps, on top of those kept before; a reset forgets them all. False: the
    /// world cannot, and a search makes every step again that leads to a state.
    /// </summary>
    public virtual bool TryKeep() => false;

    /// <summary>Moments kept since the last reset.</summary>
    public virtual int Moments => 0;

    /// <summary>How often the world was reset, so that its user sees whether another one did.</summary>
    public virtual long Resets => 0;

    /// <summary>Goes back to a moment that was kept, numbered from 0, and forgets those above it.</summary>
    public virtual void ReturnTo(int moment) => throw new NotSupportedException("this world keeps no moments");

    /// <summary>
    /// Hash of everything that the future of this run depends on: shared state, positions and locals of tasks, choices
    /// left. Called after every step or not at all.
    /// </summary>
    public abstract ulong Fingerprint();

    /// <summary>The run is over: looks at what can only be judged at the end.</summary>
    public abstract void Judge(ExploredEnd end);

    /// <summary>
    /// The step that the task would make next leads to the same state whether it is made before or after the last step.
    /// </summary>
    public abstract bool CommutesWithLast(int task);
}
