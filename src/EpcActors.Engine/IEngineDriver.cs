namespace EpcActors.Engine;

/// <summary>
/// Services of an engine to the tasks that run on it. Delivery is first in, first out per sender and receiver, at most
/// once; nothing more.
/// </summary>
public interface IEngineDriver
{
    /// <summary>
    /// Sends a request. It may be answered before the call returns; otherwise the engine resumes the routine that
    /// awaits it.
    /// </summary>
    void Post(Envelope envelope);

    /// <summary>The task's CPU works for <paramref name="ns"/> nanoseconds. True: already over, go on.</summary>
    bool Spend(TaskActor task, int activity, long ns);

    /// <summary>Work whose cost is in the cost table. True: already over, go on.</summary>
    bool SpendCost(TaskActor task, int activity, int count, bool remote);

    /// <summary>The task sleeps, its CPU is free. True: already over.</summary>
    bool Sleep(TaskActor task, long ns);

    /// <summary>The task's own clock, nanoseconds.</summary>
    long NowNs(TaskActor task);

    /// <summary>Starts a task; it runs its routine from the beginning.</summary>
    void Start(TaskActor task, long afterNs);

    /// <summary>
    /// A decision of the world outside (see <see cref="TaskActor.Choose"/>); false on every engine that does not
    /// explore.
    /// </summary>
    bool Choose(TaskActor task, int point);

    /// <summary>Reports an event of a task to metrics and traces; changes nothing.</summary>
    void Report(TaskActor task, int what, long startNs, long detail);

    /// <summary>The routine of a task has come to its end, or failed.</summary>
    void Stopped(TaskActor task, Exception? error);
}
