namespace EpcActors.Results;

/// <summary>What lies below a position.</summary>
/// <param name="States">Different states met.</param>
/// <param name="Ends">Ways that came to an end.</param>
/// <param name="Violations">Ways that break a rule.</param>
/// <param name="Deadlocks">Ways whose tasks wait for one another for ever.</param>
/// <param name="HasHang">Tasks can go round for ever.</param>
/// <param name="IsExhausted">Every schedule was looked at.</param>
/// <param name="IsOver">The count is over.</param>
public sealed record SpaceCount(
    int States, long Ends, long Violations, long Deadlocks, bool HasHang, bool IsExhausted, bool IsOver)
{
    /// <summary>No schedule below breaks a rule.</summary>
    public bool IsSafe => IsExhausted && Violations == 0 && !HasHang;
}
