namespace EpcActors.Results;

/// <summary>State of one actor in the kernel's words.</summary>
/// <param name="Name">Name of the actor, as the lanes of a trace have it.</param>
/// <param name="Kind">Sort of the actor: <c>task</c>, or the structure that a resource is in the kernel.</param>
/// <param name="Facts">Names and values, in a fixed order; a list may have any number of them.</param>
public sealed record ActorState(string Name, string Kind, IReadOnlyList<KeyValuePair<string, string>> Facts);
