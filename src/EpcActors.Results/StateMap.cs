namespace EpcActors.Results;

/// <summary>The states around a position and the steps between them; equal states are one.</summary>
/// <param name="States">The states in the order in which they were met; the position is the first.</param>
/// <param name="Steps">The steps between them.</param>
/// <param name="Depth">Steps from the position to which it is drawn.</param>
/// <param name="IsWhole">Every state to that depth is in it; false while it fills in, and where there are too
/// many.</param>
public sealed record StateMap(
    IReadOnlyList<StateMapNode> States, IReadOnlyList<StateMapStep> Steps, int Depth, bool IsWhole);
