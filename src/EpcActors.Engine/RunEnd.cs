namespace EpcActors.Engine;

/// <summary>Reason of a run's end.</summary>
public enum RunEnd
{
    /// <summary>Every task that is not a daemon came to its end, and the daemons went to sleep.</summary>
    Finished,

    /// <summary>The time limit was reached.</summary>
    TimeLimit,

    /// <summary>An observer asked for the end.</summary>
    Stopped,

    /// <summary>The user cancelled.</summary>
    Cancelled,

    /// <summary>Tasks wait for each other and nothing can happen any more.</summary>
    Deadlock,
}
