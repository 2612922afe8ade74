namespace EpcActors.Engine.Simulation;

/// <summary>Sees every step of a run; the oracle and the metrics are observers. An observer changes nothing.</summary>
public interface IRunObserver
{
    /// <summary>A request was handled and answered.</summary>
    void OnStep(Envelope envelope, Resource resource, long nowNs);

    /// <summary>A task reports what it did (see <see cref="IEngineDriver.Report"/>).</summary>
    void OnReport(TaskActor task, int what, long startNs, long endNs, long detail);
}
