namespace EpcActors.Results;

/// <summary>A state of a <see cref="StateMap"/>.</summary>
/// <param name="Depth">Steps from the position, by a shortest way.</param>
/// <param name="Kind">What can happen there.</param>
/// <param name="Rule">The rule that is broken there; empty for none.</param>
/// <param name="Path">A shortest way to it from the start of the race, as a link spells it.</param>
/// <param name="HasMore">Steps lead on from it that are not in the map.</param>
/// <param name="Below">What lies below it; null until it is counted, and where nothing does.</param>
public sealed record StateMapNode(
    int Depth, StateKind Kind, string Rule, string Path, bool HasMore, SpaceCount? Below);
