using EpcActors.Results;

namespace EpcActors.Scenarios;

/// <summary>Rules that only the laboratory judges.</summary>
public static class LabRules
{
    /// <summary>
    /// An assertion of the model failed: the kernel would have dereferenced NULL, unlocked what it does not hold, or
    /// the like.
    /// </summary>
    public const string Crash = "crash";

    /// <summary>No rule of the oracle is excluded.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Rules.BySeverity, Crash];
}
