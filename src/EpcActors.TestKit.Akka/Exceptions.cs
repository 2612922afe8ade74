namespace EpcActors.TestKit.Akka;

/// <summary>A race test does not come out as it must.</summary>
public class ActorRaceException : Exception
{
    /// <param name="message">What was found.</param>
    /// <param name="inner">The failed assertion; null for none.</param>
    public ActorRaceException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A schedule breaks a rule that must hold; the message shows it.</summary>
public sealed class ActorRaceFoundException(FoundActorRace race, string message, Exception? inner)
    : ActorRaceException(message, inner)
{
    /// <summary>The schedule, short.</summary>
    public FoundActorRace Race => race;
}

/// <summary>An assertion of a probe does not hold.</summary>
public sealed class RaceAssertionException(string message) : Exception(message);

/// <summary>A schedule does not fit the actors any more.</summary>
public sealed class ActorScheduleException(string message) : ActorRaceException(message);

/// <summary>
/// The same decisions led to different steps: something that the actors do is not decided by the schedule.
/// </summary>
public sealed class ActorNondeterminismException(string message) : ActorRaceException(message);

/// <summary>Work that an actor began outside of the actor system does not come back.</summary>
public sealed class OutsideWorkException(string message) : ActorRaceException(message);
