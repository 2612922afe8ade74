namespace EpcActors.TestKit;

/// <summary>A race test that failed; <see cref="Exception.Message"/> says all there is to say.</summary>
public abstract class RaceTestException : Exception
{
    private protected RaceTestException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>
/// The test itself is wrong: a text that says nothing, a task or file that is not there, a setup that does not work.
/// Nothing was found out about the race.
/// </summary>
public sealed class RaceDefinitionException : RaceTestException
{
    internal RaceDefinitionException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A schedule breaks a rule, and none should.</summary>
public sealed class RaceFoundException : RaceTestException
{
    internal RaceFoundException(FoundRace race, string? file)
        : base(FailureText.Of(race, file))
    {
        Race = race;
        File = file;
    }

    /// <summary>The schedule, and what it breaks.</summary>
    public FoundRace Race { get; }

    /// <summary>
    /// Path of the file that the schedule was written to; null when it was not to be written, or could not be.
    /// </summary>
    public string? File { get; }
}

/// <summary>
/// No schedule breaks the rule, and one should: the known-bad twin is not bad, or the budget is too small.
/// </summary>
public sealed class RaceNotFoundException : RaceTestException
{
    internal RaceNotFoundException(string message)
        : base(message)
    {
    }
}

/// <summary>The budget ended before anything could be said.</summary>
public sealed class RaceInconclusiveException : RaceTestException
{
    internal RaceInconclusiveException(string message)
        : base(message)
    {
    }
}

/// <summary>
/// No schedule breaks a rule, but something that was to be seen <c>sometimes</c> was never seen: the test may look past
/// the race.
/// </summary>
public sealed class NeverSeenException : RaceTestException
{
    internal NeverSeenException(string message, IReadOnlyList<string> marks)
        : base(message) => Marks = marks;

    /// <summary>The properties that were never true.</summary>
    public IReadOnlyList<string> Marks { get; }
}

/// <summary>
/// A schedule does not do what it was pinned for: it does not fit any more, breaks nothing, or breaks something.
/// </summary>
public sealed class ScheduleException : RaceTestException
{
    internal ScheduleException(string message)
        : base(message)
    {
    }
}
