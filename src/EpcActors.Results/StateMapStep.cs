namespace EpcActors.Results;

/// <summary>A step between two states of a <see cref="StateMap"/>.</summary>
/// <param name="From">Index of the state before it.</param>
/// <param name="To">Index of the state behind it.</param>
/// <param name="Task">The task that makes it.</param>
/// <param name="Message">The request that is handled, with its resource.</param>
/// <param name="IsFault">The world outside makes something fail in it.</param>
public sealed record StateMapStep(int From, int To, string Task, string Message, bool IsFault);
