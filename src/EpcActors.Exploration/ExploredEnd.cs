namespace EpcActors.Exploration;

/// <summary>Why an explored run ended.</summary>
public enum ExploredEnd
{
    /// <summary>Every task that must come to its end did, and the daemons sleep.</summary>
    Finished,

    /// <summary>Every task that must come to its end did; daemons may still be at work.</summary>
    TasksEnded,

    /// <summary>Tasks wait for one another and nothing can happen any more.</summary>
    Deadlock,

    /// <summary>An observer asked for the end: something was found.</summary>
    Stopped,

    /// <summary>
    /// The strategy has nothing more to say: a state that it knows, or the end of a recorded schedule.
    /// </summary>
    Abandoned,

    /// <summary>The limit of steps was reached.</summary>
    StepLimit,

    /// <summary>A task failed: an invariant of the program is broken.</summary>
    Failed,
}
