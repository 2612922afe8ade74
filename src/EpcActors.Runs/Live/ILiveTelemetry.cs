using EpcActors.Results;

namespace EpcActors.Runs.Live;

/// <summary>Receiver that shows or sends the metrics of live runs.</summary>
public interface ILiveTelemetry
{
    /// <summary>A run is about to begin. Its metrics may be read from now on, on any thread.</summary>
    void Begin(LiveMetrics metrics);

    /// <summary>
    /// It is over, and its span has ended: the metrics stand at their last values until this returns, and are gone
    /// then.
    /// </summary>
    void End(RunReport report);
}
