namespace EpcActors.Actors;

/// <summary>
/// What the world outside may decide (<see cref="Engine.TaskActor.Choose"/>), by the names that schedules and configurations use. A run allows each as often
/// as its budget says; without a budget it never happens.
/// </summary>
public enum ChoicePoint
{
    /// <summary>EWB fails with another error than NOT_TRACKED (D3).</summary>
    EwbFails,

    /// <summary>ETRACK fails in an ioctl (D10).</summary>
    EtrackFails,

    /// <summary>The backing of a page cannot be had: shmem out of memory (D4).</summary>
    BackingFails,

    /// <summary>EREMOVE refuses a page: it is leaked.</summary>
    EremoveFails,

    /// <summary>ECREATE fails (R33).</summary>
    EcreateFails,

    /// <summary>A memory failure hits a page inside EWB, after the reclaimer had looked (R19).</summary>
    PoisonInEwb,
}
