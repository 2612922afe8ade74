using EpcActors.Exploration;

namespace EpcActors.Engine.Simulation.Exploring;

/// <summary>An explored engine with its actors, and how to bring all of them back to the starting state.</summary>
public abstract class ExploredWorld : Explorable
{
    /// <summary>The engine; its tasks are added in the order of their ordinals.</summary>
    public abstract ExploredEngine Engine { get; }

    public sealed override Execution Execution => Engine;

    /// <summary>
    /// True for messages whose handling reads or changes data beside their resource's own (a page's descriptor that
    /// another task holds): such a request commutes with no other.
    /// </summary>
    public abstract bool TouchesOthers(ushort code);

    /// <summary>
    /// Two pending requests commute when they go to different resources: a handler touches its own resource and its
    /// message only, the code between two requests touches the task's own locals and pages that the task holds, and a
    /// request can make another task ready only in its own resource. Requests for which that is not so say so
    /// (<see cref="TouchesOthers"/>). A test executes random pairs of such requests in both orders and compares the
    /// states.
    /// </summary>
    public sealed override bool CommutesWithLast(int task)
    {
        ExploredEngine engine = Engine;
        ActorId last = engine.LastResource?.Id ?? ActorId.None;
        ActorId target = engine.PendingTarget(task);
        return !TouchesOthers(engine.LastCode)
            && !TouchesOthers(engine.PendingCode(task))
            && (target != last || target.IsNone);
    }
}
