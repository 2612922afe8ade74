namespace EpcActors.Results;

/// <summary>Something from outside that a reader can let happen at a position.</summary>
/// <param name="Kind">Heading that it stands under.</param>
/// <param name="Argument">Name by which the session knows it.</param>
/// <param name="Text">What happens, in words.</param>
public sealed record ExplorerFault(string Kind, string Argument, string Text);
