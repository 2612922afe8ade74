namespace EpcActors.Engine;

/// <summary>
/// Host of the two halves of a step when an exploring engine conducts live actors: the request is handled in the
/// resource's actor, and the answered task goes on in its own. One half at a time, in the order that the conductor
/// decides, so that a recorded schedule can be replayed on actors that are otherwise as in any live run.
/// </summary>
public interface IStepHost : IDisposable
{
    /// <summary>Has the resource's actor do <paramref name="half"/> in its own turn; returns when it is done.</summary>
    /// <exception cref="Exception">what it threw.</exception>
    void Run(Resource resource, Action half);

    /// <summary>Has the task's actor do <paramref name="half"/> in its own turn; returns when it is done.</summary>
    /// <exception cref="Exception">what it threw.</exception>
    void Run(TaskActor task, Action half);
}
