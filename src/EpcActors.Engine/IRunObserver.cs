namespace EpcActors.Engine;

/// <summary>Observes one request that was handled and is about to be answered.</summary>
public delegate void StepWatcher(Envelope envelope, Resource resource, long nowNs);

/// <summary>Sees every step of a run; the oracle and the metrics are observers. An observer changes nothing.</summary>
/// <remarks>
/// A simulation calls it on one thread. A live engine calls <see cref="OnStep"/> on the thread that has just handled
/// the request, while no other request can enter that resource and while the task that asked is still suspended: the
/// observer may touch the state of that resource and of that task; all other state is shared with other threads.
/// <see cref="OnReport"/> comes on the thread that runs the task.
/// </remarks>
public interface IRunObserver
{
    /// <summary>A request was handled and is about to be answered.</summary>
    void OnStep(Envelope envelope, Resource resource, long nowNs);

    /// <summary>
    /// Method that an engine may call instead of <see cref="OnStep"/> for the requests of one
    /// <see cref="IMessage.Code"/>; the answer is always the same. Null: no observer needs them, and the engine may
    /// leave the call out.
    /// </summary>
    StepWatcher? WatcherOf(ushort code) => OnStep;

    /// <summary>A task reports what it did (see <see cref="IEngineDriver.Report"/>).</summary>
    void OnReport(TaskActor task, int what, long startNs, long endNs, long detail);

    /// <summary>
    /// A step of an explored run is over: its request was handled or parked, and its task is at its next request. This
    /// is between two steps, so what resources and tasks hold may be read. Where routines stand may not: the one that
    /// has just asked need not be suspended yet.
    /// </summary>
    void AfterStep()
    {
    }
}
