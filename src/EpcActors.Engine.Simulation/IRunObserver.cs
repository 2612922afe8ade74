namespace EpcActors.Engine.Simulation;

/// <summary>Sees every step of a run; the oracle and the metrics are observers. An observer changes nothing.</summary>
public interface IRunObserver
{
    /// <summary>A request was handled and answered.</summary>
    void OnStep(Envelope envelope, Resource resource, long nowNs);

    /// <summary>A task reports what it did (see <see cref="IEngineDriver.Report"/>).</summary>
    void OnReport(TaskActor task, int what, long startNs, long endNs, long detail);

    /// <summary>A step of an explored run is over: its request was handled or parked, and its task is at its next request. Between two steps, so everything may be looked at.</summary>
    void AfterStep()
    {
    }
}
