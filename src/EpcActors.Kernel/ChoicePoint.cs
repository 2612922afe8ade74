namespace EpcActors.Kernel;

/// <summary>
/// Events from outside that a run may decide on (<see cref="Engine.TaskActor.Choose"/>). Schedules and configurations
/// use these names. A run allows each as often as its budget says; without a budget it never happens.
/// </summary>
public enum ChoicePoint
{
    /// <summary>EWB fails with another error than NOT_TRACKED (D3).</summary>
    EwbFails,

    /// <summary>ETRACK fails in an ioctl, and again after the IPI (D10).</summary>
    EtrackFails,

    /// <summary>A page of backing store that is not there cannot be made: no memory (D4).</summary>
    BackingFails,

    /// <summary>EREMOVE refuses a page: it is leaked; a guest's becomes a zombie.</summary>
    EremoveFails,

    /// <summary>ECREATE fails.</summary>
    EcreateFails,

    /// <summary>EEXTEND of a page that EADD has added fails (D14).</summary>
    EextendFails,
}
