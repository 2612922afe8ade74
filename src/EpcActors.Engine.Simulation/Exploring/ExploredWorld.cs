namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>
/// Something that can be run again and again from the same starting state: an engine with its actors, and how to bring
/// all of them back.
/// </summary>
public abstract class ExploredWorld
{
    /// <summary>The engine; its tasks are added in the order of their ordinals.</summary>
    public abstract ExploredEngine Engine { get; }

    /// <summary>Goes up whenever something useful happened: what never goes up in a cycle is a hang.</summary>
    public abstract long Progress { get; }

    /// <summary>True when a rule was seen broken in this run.</summary>
    public abstract bool IsBroken { get; }

    /// <summary>Back to the starting state, tasks started.</summary>
    public abstract void Reset();

    /// <summary>
    /// Hash of everything that the future of this run depends on: resources, positions and locals of tasks, choices
    /// left. Called after every step or not at all.
    /// </summary>
    public abstract ulong Fingerprint();

    /// <summary>The run is over: looks at what can only be judged at the end.</summary>
    public abstract void Judge(ExploredEnd end);

    /// <summary>
    /// True for messages whose handling reads or changes data beside their resource's own (a page's descriptor that
    /// another task holds): such a request commutes with no other.
    /// </summary>
    public abstract bool TouchesOthers(ushort code);
}
