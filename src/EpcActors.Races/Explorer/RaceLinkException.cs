namespace EpcActors.Races.Explorer;

/// <summary>A link or a path that cannot be read.</summary>
public sealed class RaceLinkException(string message) : Exception(message);
